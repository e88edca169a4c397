"""How lessons, courses and jobs stand."""

from collections.abc import Sequence
from functools import lru_cache

from sqlmodel import Session

from catalog.courses.models import Lesson
from catalog.formats.release import Media, parse_release
from catalog.jobs.media import GivenUp
from catalog.jobs.models import LIVE, Job, JobState
from catalog.jobs.progress import fault_kept, is_publishable, job_progress
from catalog.jobs.schemas import JobProgress
from catalog.overview import repository
from catalog.overview.schemas import CourseState, JobRow, LessonMade, LessonStage, LessonState, Reach
from catalog.paging import PAGE_SIZE, Cursor, Page
from catalog.publishing.models import Publication, PublicationState
from catalog.publishing.repository import newest_media

STAGES: dict[JobState, LessonStage] = {
    JobState.WAITING: LessonStage.WAITING,
    JobState.RUNNING: LessonStage.ENCODING,
    JobState.FAILED: LessonStage.FAILED,
    JobState.CANCELLED: LessonStage.CANCELLED,
}


def lesson_states(session: Session, course_id: str, lessons: Sequence[Lesson]) -> dict[str, LessonState]:
    """Return how each of a course's lessons stands, by lesson.

    The newest job speaks: a correction that is at work or failed is what somebody wants to hear of, although the
    version before it stays published. A lesson counts as published while its newest media is in the newest release.
    A lesson whose job is still at work on better pictures is `encoding`, and can be published if its floors are whole.
    """
    ids = [lesson.id for lesson in lessons]
    jobs = repository.newest_jobs(session, ids)
    uploading = repository.lessons_uploading(session, ids)
    media = {lesson_id: Media.model_validate(kept) for lesson_id, kept in newest_media(session, ids).items()}
    release = repository.newest_release(session, course_id)
    published = _media_in(release) if release else {}
    states = {}
    for lesson_id in ids:
        job, now, out = jobs.get(lesson_id), media.get(lesson_id), published.get(lesson_id)
        same = now is not None and now == out
        if job is None:
            stage = LessonStage.UPLOADING if lesson_id in uploading else LessonStage.EMPTY
        elif job.state == JobState.DONE:
            stage = LessonStage.PUBLISHED if same else LessonStage.READY
        else:
            stage = STAGES[JobState(job.state)]
        states[lesson_id] = LessonState(
            stage=stage,
            job=progress_of(session, job) if job else None,
            release=release.number if release and same else None,
            publishable=now is not None,
            grown=now is not None and out is not None and has_grown(out, now),
        )
    return states


def has_grown(out: Media, now: Media) -> bool:
    """Say whether `now` has all renditions of `out` and more: the floors are out, and better pictures are there."""
    return set(out.renditions) < set(now.renditions)


def lessons_made(session: Session, lesson_ids: Sequence[str]) -> dict[str, LessonMade]:
    """Return what a release can hold of each lesson, and what was given up for it; others are missing."""
    return {
        lesson_id: LessonMade(
            job_id=job.id,
            whole=job.state == JobState.DONE,
            media=Media.model_validate(job.media),
            given_up=tuple(GivenUp.model_validate(given) for given in job.given_up),
        )
        for lesson_id, job in repository.newest_made(session, lesson_ids).items()
    }


def _media_in(release: Publication) -> dict[str, Media]:
    return _parsed_media(release.id, release.draft)


@lru_cache(maxsize=32)
def _parsed_media(publication_id: str, draft: bytes) -> dict[str, Media]:
    """Read a release once: it never changes, and pages ask for it every second."""
    return {lesson.id: lesson.media for lesson in parse_release(draft).lessons}


def progress_of(session: Session, job: Job) -> JobProgress:
    """Return how far a job is; one that has ended needs no look at its tasks."""
    if job.state in LIVE or job.created_at is None:
        return job_progress(session, job.id)
    return JobProgress(
        job_id=job.id,
        lesson_id=job.lesson_id,
        source_id=job.source_id,
        state=JobState(job.state),
        stage=None,
        percent=100.0 if job.state == JobState.DONE else 0.0,
        rate=None,
        eta_s=None,
        content_seconds=job.content_seconds,
        segments_done=0,
        segments=0,
        floors_ready=is_publishable(job),
        given_up=tuple(GivenUp.model_validate(given) for given in job.given_up),
        fault=fault_kept(job),
        created_at=job.created_at,
        started_at=job.started_at,
        finished_at=job.finished_at,
    )


def course_states(session: Session, course_ids: Sequence[str]) -> dict[str, CourseState]:
    """Return how each course stands, by course."""
    counts = repository.lesson_counts(session, course_ids)
    numbers = repository.newest_numbers(session, course_ids)
    return {
        course_id: CourseState(
            lessons=counts.get(course_id, 0),
            release=numbers.get((course_id, PublicationState.PUBLISHED)),
            awaiting=numbers.get((course_id, PublicationState.AWAITING_SIGNATURE)),
        )
        for course_id in course_ids
    }


def reach_of(session: Session, course_id: str, release: int) -> Reach:
    """Return where a course's release is: nodes that should hold it, and that hold it whole."""
    nodes, ready = repository.reach(session, course_id, release)
    return Reach(nodes=nodes, nodes_ready=ready)


def list_jobs(session: Session, states: Sequence[JobState], after: Cursor | None) -> Page[JobRow]:
    """Return a page of jobs, the newest first; `states` empty means all."""
    rows = repository.jobs_page(session, states, after)
    shown = [
        JobRow(progress=progress_of(session, job), lesson=lesson, course_id=course_id, course=course, partner=partner)
        for job, lesson, course_id, course, partner in rows[:PAGE_SIZE]
    ]
    last = rows[PAGE_SIZE - 1][0] if len(rows) > PAGE_SIZE else None
    return Page(shown, Cursor(last.created_at, last.id).encoded() if last else None)
