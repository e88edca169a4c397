"""How things stand, in the words and figures that templates show."""

from collections.abc import Iterable
from dataclasses import dataclass

from catalog.courses.schemas import PlaceIn
from catalog.formats.errors import N_
from catalog.formats.release import Media
from catalog.jobs.models import TaskKind
from catalog.jobs.schemas import JobProgress
from catalog.look.filters import human_duration
from catalog.look.language import Language, translate
from catalog.overview.schemas import LessonStage, LessonState

PLACE_ORDER = ("stage", "grade", "subject", "edition", "volume", "trade")

STAGE_WORDS = {
    TaskKind.INGEST: N_("Looking at the video and cutting it into parts."),
    TaskKind.ENCODE: N_("%(done)s of %(all)s segments are made."),
    TaskKind.PACK: N_("All segments are made; packing them."),
}


@dataclass(frozen=True)
class StateView:
    """A lesson's state for `lesson_state` of parts.html. `percent` 0..100, `rate` in content seconds per second.

    `floors_ready` says that this job's floors are whole; the others are those of `LessonState`. `floors_words` is what
    can be published now, or when, and what follows.
    """

    kind: str
    percent: float = 0.0
    rate: float | None = None
    eta_s: float | None = None
    stage_words: str = ""
    why: str = ""
    release: int | None = None
    publishable: bool = False
    floors_ready: bool = False
    grown: bool = False
    floors_words: str = ""


def state_view(state: LessonState, language: Language) -> StateView:
    """Return a lesson's state in the reader's language."""
    job = state.job
    if job is None:
        return StateView(kind=state.stage, publishable=state.publishable)
    why = translate(job.fault.message, language, **job.fault.data) if job.fault else ""
    stage_words = ""
    if job.stage is not None:
        stage_words = translate(STAGE_WORDS[job.stage], language, done=job.segments_done, all=job.segments)
    return StateView(
        kind=state.stage,
        percent=job.percent,
        rate=job.rate,
        eta_s=roughly(job.eta_s) if job.eta_s is not None else None,
        stage_words=stage_words,
        why=why,
        release=state.release,
        publishable=state.publishable,
        floors_ready=job.floors_ready,
        grown=state.grown,
        floors_words=_floors_words(state, job, language),
    )


def roughly(seconds: float) -> float:
    """Return a time that was estimated, in steps that do not promise more than is known: 1, 5 and 10 minutes."""
    step = next((step for limit, step in ((60, 1), (600, 60), (3600, 300)) if seconds < limit), 600)
    return float(step * max(1, round(seconds / step)))


READY = N_("The pictures for thin lines are ready, so this lesson can be published now.")
READY_OUT = N_("The pictures for thin lines are published in release %(release)s.")
BETTER_FOLLOW = N_("Better pictures follow and are sent with the next release.")
BETTER_IN = N_("They take about %(time)s more at the speed of the last minutes, longer while other lessons wait too.")
BETTER_LATER = N_(
    "They wait for their turn, after the pictures for thin lines of all lessons; how long that takes is not known yet."
)
ONLY_BETTER_FAILED = N_("The pictures for thin lines are ready and can be published; only better ones failed.")
FLOORS_IN = N_("In about %(time)s it can be published, with the pictures for thin lines; better ones follow.")
FLOORS_LATER = N_(
    "How long it takes can be said when its first parts are made. The pictures for thin lines come first."
)
OLD_STAYS = N_("Until then the video before this one stays in releases.")


def _floors_words(state: LessonState, job: JobProgress, language: Language) -> str:
    """Return what can be published of a job that is not done, or when, and what follows."""
    said: list[str] = []
    if job.floors_ready and state.stage is LessonStage.FAILED:
        said.append(translate(ONLY_BETTER_FAILED, language))
    elif job.floors_ready and state.is_moving:
        out = state.release is not None
        said.append(translate(READY_OUT, language, release=state.release) if out else translate(READY, language))
        said.append(translate(BETTER_FOLLOW, language))
        time = human_duration(roughly(job.eta_s), language) if job.eta_s is not None else None
        said.append(translate(BETTER_IN, language, time=time) if time else translate(BETTER_LATER, language))
    elif state.stage is LessonStage.ENCODING:
        time = human_duration(roughly(job.floors_eta_s), language) if job.floors_eta_s is not None else None
        said.append(translate(FLOORS_IN, language, time=time) if time else translate(FLOORS_LATER, language))
    if state.publishable and state.is_moving and not job.floors_ready:
        said.append(translate(OLD_STAYS, language))
    return ("" if language == "zh-CN" else " ").join(said)


def place_words(place: PlaceIn, *more: str) -> str:
    """Return a place in the curriculum as people say it, from the stage down."""
    return " · ".join(word for word in (*(getattr(place, name) for name in PLACE_ORDER), *more) if word)


def best_bytes(media: Media) -> int:
    """Return the bytes of a lesson's best rendition in the tier that most screens play, sound included."""
    best = next(r for r in reversed(media.renditions) if r.tier is media.tiers[0])
    return sum(track.length for track in media.tracks(best.rung, best.tier))


def one_line(text: str) -> str:
    """Return a file's name as one line: file systems allow line breaks and control characters, rows do not."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[-200:]


def any_moving(states: Iterable[LessonState]) -> bool:
    """Say whether one of the lessons changes by itself."""
    return any(state.is_moving for state in states)
