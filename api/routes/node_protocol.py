"""What nodes ask of the centre (docs/format.md, "The node's protocol")."""

import hashlib

from fastapi import APIRouter, Response
from starlette.requests import Request

from api.errors import problems
from api.security import CentreDep, NodeDep
from catalog.formats.protocol import (
    DIRECTION_PATH,
    ENROL_PATH,
    REPORT_PATH,
    TIMESTAMP_HEADER,
    EnrolAnswer,
    EnrolRequest,
    Report,
    ReportAnswer,
)
from catalog.formats.timetable import TIMETABLE_PATH, TimetableAnswer, TimetableSent
from catalog.nodes import service
from catalog.nodes.directions import newest_direction
from catalog.timetable import service as timetable

router = APIRouter(tags=["node protocol"], responses=problems(422, 503))


@router.post(ENROL_PATH, status_code=201, responses=problems(404, 409, 410, 429))
def enrol(given: EnrolRequest, request: Request, centre: CentreDep) -> EnrolAnswer:
    """Enrol a node by a one-time code; the answer's token is the node's own from now on."""
    root = centre.signer.root()
    address = request.client.host if request.client else "unknown"
    answer = service.enrol(centre.engine, address, given, root, centre.settings.store_url)
    centre.wake_watcher()
    return answer


@router.get(
    DIRECTION_PATH, response_class=Response, responses={304: {"description": "Not changed"}, **problems(401, 404)}
)
def direction(request: Request, node: NodeDep, centre: CentreDep) -> Response:
    """Return the node's newest direction, a DSSE envelope; to a node that has it, say which timestamp the store has."""
    with centre.session() as session:
        row = newest_direction(session, node)
    etag = f'"{hashlib.sha256(row.envelope).hexdigest()[:32]}"'
    headers = {"ETag": etag, "Cache-Control": "no-cache"}
    if etag in [given.strip() for given in request.headers.get("if-none-match", "").split(",")]:
        timestamp = centre.timestamp.digest
        return Response(status_code=304, headers=headers | ({TIMESTAMP_HEADER: timestamp} if timestamp else {}))
    return Response(row.envelope, media_type="application/json", headers=headers)


@router.post(REPORT_PATH, responses=problems(401, 409, 413))
def report(given: Report, node: NodeDep, centre: CentreDep) -> ReportAnswer:
    """Take a node's report; the same report again counts once."""
    with centre.session() as session:
        answer = service.take_report(session, node, given)
        timetable.take_forecast(session, node.id, given)
        return answer.model_copy(update={"timetable": timetable.digest(session, node.site_id)})


@router.post(TIMETABLE_PATH, responses=problems(401, 409, 413))
def exchange_timetable(sent: TimetableSent, node: NodeDep, centre: CentreDep) -> TimetableAnswer:
    """Join what a node says of its school's timetable with what is here; answer with what is new to it."""
    with centre.session() as session:
        return timetable.exchange(session, node.site_id, sent)
