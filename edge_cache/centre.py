"""The centre as a node sees it: enrolment, directions, reports."""

from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx2
from pydantic import BaseModel, ValidationError

from catalog.formats.errors import AppError
from catalog.formats.protocol import (
    DIRECTION_PATH,
    ENROL_PATH,
    REPORT_PATH,
    TIMESTAMP_HEADER,
    EnrolAnswer,
    EnrolRequest,
    ReportAnswer,
)
from catalog.formats.timetable import TIMETABLE_PATH, TimetableAnswer, TimetableSent
from edge_cache.errors import (
    BadAddress,
    CentreForgot,
    CentreRefused,
    ExpiredCode,
    NotTheCentre,
    SourceTimedOut,
    SourceTooLong,
    SourceUnreachable,
    TooManyCodes,
    UnknownCode,
    UsedCode,
)

MAX_ANSWER_BYTES = 8 << 20
KEPT_HEADERS = ("content-type", "etag", "retry-after", TIMESTAMP_HEADER.lower())
CODE_ERRORS: dict[int, type[AppError]] = {404: UnknownCode, 409: UsedCode, 410: ExpiredCode, 429: TooManyCodes}


class _Fault(BaseModel):
    """As much of a problem+json as a node looks at."""

    code: str = ""
    detail: str = ""


def centre_address(text: str) -> str:
    """Return the address of a centre as typed, without a slash at the end. Raises BadAddress."""
    address = text.strip().rstrip("/")
    if "://" not in address:
        address = f"http://{address}"
    try:
        parts = urlsplit(address)
        sound = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        sound = False
    if not sound or parts.query or parts.fragment or any(c.isspace() for c in address):
        raise BadAddress(address=text.strip()[:200] or "-")
    return address


@dataclass(frozen=True, slots=True)
class Told:
    """What the centre says to who asks for a direction: a newer one as an envelope, or None, with its ETag.

    `timestamp` is the sha256 of the timestamp that the store has, where the centre says so and nothing is newer.
    """

    envelope: bytes | None = None
    etag: str | None = None
    timestamp: str | None = None


class Centre:
    """Requests to the centre at `address`; `token` is the node's, once it has one. All raise AppError."""

    def __init__(self, client: httpx2.AsyncClient, address: str, token: str | None = None) -> None:
        self._client, self.address, self._token = client, address, token

    async def enrol(self, request: EnrolRequest) -> EnrolAnswer:
        """Trade a code for who this node is; what is in the answer is not believed yet."""
        answer = await self._ask("POST", ENROL_PATH, body=request.model_dump_json().encode())
        fault = _fault(answer) if answer.status_code in CODE_ERRORS else None
        if fault is not None and fault.code.startswith("enrolment."):
            raise CODE_ERRORS[answer.status_code]()
        if answer.status_code == httpx2.codes.TOO_MANY_REQUESTS:
            raise TooManyCodes
        self._check(answer)
        try:
            return EnrolAnswer.model_validate_json(answer.content)
        except ValidationError as error:
            raise NotTheCentre(address=self.address) from error

    async def direction(self, etag: str | None) -> Told:
        """Ask for the node's direction; `etag` is that of the one it has."""
        answer = await self._ask("GET", DIRECTION_PATH, headers={"If-None-Match": etag} if etag else {})
        if answer.status_code == httpx2.codes.NOT_MODIFIED:
            return Told(timestamp=answer.headers.get(TIMESTAMP_HEADER))
        if answer.status_code == httpx2.codes.NOT_FOUND and _fault(answer) is not None:
            return Told()
        self._check(answer)
        return Told(answer.content, answer.headers.get("etag"))

    async def report(self, body: bytes) -> ReportAnswer:
        """Send a report; return the centre's receipt."""
        answer = await self._ask("POST", REPORT_PATH, body=body)
        self._check(answer)
        try:
            receipt = ReportAnswer.model_validate_json(answer.content)
        except ValidationError as error:
            raise NotTheCentre(address=self.address) from error
        if receipt.now.tzinfo is None:
            raise NotTheCentre(address=self.address)
        return receipt

    async def timetable(self, sent: TimetableSent) -> TimetableAnswer:
        """Say what is new on the timetable here; return what is new there."""
        answer = await self._ask("POST", TIMETABLE_PATH, body=sent.model_dump_json().encode())
        self._check(answer)
        try:
            return TimetableAnswer.model_validate_json(answer.content)
        except ValidationError as error:
            raise NotTheCentre(address=self.address) from error

    async def _ask(
        self, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
    ) -> httpx2.Response:
        address, sent = self.address + path, {"Accept": "application/json", **(headers or {})}
        if self._token is not None:
            sent["Authorization"] = f"Bearer {self._token}"
        if body is not None:
            sent["Content-Type"] = "application/json"
        try:
            async with self._client.stream(method, address, content=body, headers=sent) as answer:
                content = bytearray()
                async for chunk in answer.aiter_bytes():
                    content += chunk
                    if len(content) > MAX_ANSWER_BYTES:
                        raise SourceTooLong(address=self.address, wanted=MAX_ANSWER_BYTES)
                return httpx2.Response(
                    answer.status_code,
                    headers=[(k, v) for k, v in answer.headers.items() if k in KEPT_HEADERS],
                    content=bytes(content),
                )
        except httpx2.TimeoutException as error:
            raise SourceTimedOut(address=self.address) from error
        except (httpx2.RequestError, httpx2.InvalidURL) as error:
            raise SourceUnreachable(address=self.address, why=str(error) or "no connection") from error

    def _check(self, answer: httpx2.Response) -> None:
        """Raise what an answer that is not 2xx means."""
        status = answer.status_code
        if answer.is_success and "text/html" not in answer.headers.get("content-type", ""):
            return
        fault = _fault(answer)
        if answer.is_success or answer.is_redirect or (fault is None and status < 500):
            raise NotTheCentre(address=self.address)
        if status == httpx2.codes.UNAUTHORIZED:
            raise CentreForgot
        words = f"{status} {fault.code if fault else ''} {fault.detail if fault else ''}"
        raise CentreRefused(address=self.address, answer=" ".join(words.split())[:300])


def _fault(answer: httpx2.Response) -> _Fault | None:
    """Return the problem+json in an answer, or None if something else than a centre speaks."""
    try:
        fault = _Fault.model_validate_json(answer.content)
    except ValidationError:
        return None
    return fault if fault.code else None
