"""Publishing: a course's releases, signed at the signer by people, never here."""

from fastapi import APIRouter
from pydantic import BaseModel

from api.errors import problems
from api.security import CentreDep, PersonDep
from catalog.formats.ids import Id
from catalog.nodes.directions import owe_for_course
from catalog.publishing import service
from catalog.publishing.schemas import PublicationOut

router = APIRouter(prefix="/api", tags=["publishing"], responses=problems(401, 404, 422, 503))


class Publications(BaseModel):
    """A course's publications, newest first."""

    publications: list[PublicationOut]


@router.get("/courses/{course_id}/publications")
def list_publications(course_id: Id, person: PersonDep, centre: CentreDep) -> Publications:
    """List a course's publications, newest first."""
    with centre.session() as session:
        rows = service.publications_of_course(session, person, course_id)
        return Publications(publications=[service.publication_out(row) for row in rows])


@router.post("/courses/{course_id}/publications", status_code=201, responses=problems(403, 409))
def publish(course_id: Id, person: PersonDep, centre: CentreDep) -> PublicationOut:
    """Draft a release of the lessons that are ready and hand it to the signer.

    Open `sign_url` to sign it with the publisher's passphrase. A draft that waits is given back where nothing
    changed since, and superseded where something did. `left_out` has the lessons that are not ready.
    """
    with centre.session() as session:
        publication, left_out = service.publish(session, centre.signer, person, course_id)
        return service.publication_out(publication, left_out)


@router.get("/publications/{publication_id}")
def get_publication(publication_id: Id, person: PersonDep, centre: CentreDep) -> PublicationOut:
    """Return a publication as it was last known; the watcher asks the signer every few seconds."""
    with centre.session() as session:
        return service.publication_out(service.find_publication(session, person, publication_id))


@router.post("/publications/{publication_id}/refresh", responses=problems(403, 409))
def refresh(publication_id: Id, person: PersonDep, centre: CentreDep) -> PublicationOut:
    """Ask the signer now what became of the draft."""
    with centre.session() as session:
        publication = service.find_publication(session, person, publication_id, change=True)
        if service.refresh(session, centre.signer, publication):
            owe_for_course(session, publication.course_id)
        shown = service.publication_out(publication)
    centre.wake_watcher()
    return shown


@router.post("/publications/{publication_id}/withdraw", responses=problems(403, 409))
def withdraw(publication_id: Id, person: PersonDep, centre: CentreDep) -> PublicationOut:
    """Give a draft up before it is signed. What is published is withdrawn by publishing a newer release."""
    with centre.session() as session:
        return service.publication_out(service.withdraw(session, centre.signer, person, publication_id))
