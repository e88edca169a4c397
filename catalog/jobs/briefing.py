"""What an ingest is told beside its task: where its files are, what the course may cost, and what it corrects."""

from sqlmodel import Session

from catalog.courses import repository as courses
from catalog.courses.errors import SourceUnknown
from catalog.courses.models import SourceKind
from catalog.jobs import repository
from catalog.jobs.media import MediaBase
from catalog.jobs.models import TaskKind
from catalog.jobs.schemas import Budget, Corrected, EncodeRow, Lease
from catalog.jobs.service import find_job


def budget_of(session: Session, lease: Lease) -> Budget | None:
    """Return what the lesson's course may cost and who shares that, or None where nobody set a budget.

    The attachments of all its lessons are paid first.
    """
    job = find_job(session, lease.job_id)
    course = courses.course(session, job.course_id)
    if course is None or course.budget_bytes is None:
        return None
    count, known, seconds = repository.other_lessons(session, course.id, lease.lesson_id)
    left = max(0, course.budget_bytes - courses.attached_bytes(session, course.id))
    return Budget(course_bytes=left, known=known, known_s=seconds, unknown=count - known)


def corrected_by(session: Session, lease: Lease) -> Corrected | None:
    """Return the finished job of the lesson that this one, of a newer source, corrects; None if there is none."""
    job = repository.newest_done(session, lease.lesson_id, lease.source_id)
    source = courses.source(session, job.source_id) if job is not None else None
    if job is None or source is None or job.plan is None or job.recipe is None or job.base is None:
        return None
    packs = repository.tasks_of(session, job.id, TaskKind.PACK)
    made = {task.track for task in packs if task.result and (task.result.get("rendition") or task.result.get("sound"))}
    rows = {
        track: tuple(
            EncodeRow(number=task.number, payload=task.payload, result=task.result or {})
            for task in repository.encodes_of(session, job.id, track)
        )
        for track in sorted(made)
    }
    base = MediaBase.model_validate(job.base)
    return Corrected(source_key=source.object_key, recipe=job.recipe, plan=job.plan, base=base, rows=rows)


def source_key(session: Session, lease: Lease) -> str:
    """Return the name of the job's source in the private bucket. Raises SourceUnknown if its row is gone."""
    source = courses.source(session, lease.source_id)
    if source is None:
        raise SourceUnknown(source=lease.source_id)
    return source.object_key


def deck_key(session: Session, lease: Lease) -> str | None:
    """Return the name of the lesson's deck in the private bucket, or None if it has none."""
    deck = courses.newest_whole(session, lease.lesson_id, SourceKind.DECK)
    return deck.object_key if deck else None
