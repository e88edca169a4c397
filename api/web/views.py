"""How things stand, in the words and figures that templates show."""

from collections.abc import Iterable
from dataclasses import dataclass

from catalog.courses.schemas import PlaceIn
from catalog.formats.errors import N_
from catalog.formats.release import Media
from catalog.jobs.models import TaskKind
from catalog.look.filters import clock_time, human_bytes
from catalog.look.language import Language, translate
from catalog.look.words import RUNG_WORDS, TIER_WORDS
from catalog.overview.schemas import LessonState

PLACE_ORDER = ("stage", "grade", "subject", "edition", "volume", "trade")

STAGE_WORDS = {
    TaskKind.INGEST: N_("Looking at the video and cutting it into parts."),
    TaskKind.ENCODE: N_("%(done)s of %(all)s segments are made."),
    TaskKind.PACK: N_("All segments are made; packing them."),
}


@dataclass(frozen=True)
class StateView:
    """A lesson's state for `lesson_state` of parts.html. `percent` 0..100, `rate` in content seconds per second."""

    kind: str
    percent: float = 0.0
    rate: float | None = None
    eta_s: float | None = None
    stage_words: str = ""
    why: str = ""
    release: int | None = None


def state_view(state: LessonState, language: Language) -> StateView:
    """Return a lesson's state in the reader's language."""
    job = state.job
    if job is None:
        return StateView(kind=state.stage)
    why = translate(job.fault.message, language, **job.fault.data) if job.fault else ""
    stage_words = ""
    if job.stage is not None:
        stage_words = translate(STAGE_WORDS[job.stage], language, done=job.segments_done, all=job.segments)
    return StateView(
        kind=state.stage,
        percent=job.percent,
        rate=job.rate,
        eta_s=job.eta_s,
        stage_words=stage_words,
        why=why,
        release=state.release,
    )


def place_words(place: PlaceIn, *more: str) -> str:
    """Return a place in the curriculum as people say it, from the stage down."""
    return " · ".join(word for word in (*(getattr(place, name) for name in PLACE_ORDER), *more) if word)


def media_facts(media: Media, language: Language) -> list[tuple[str, str]]:
    """Return what was made of a source, as pairs of words: its length, and each rendition's tier, height and size."""
    facts = [(translate(N_("Length"), language), clock_time(media.duration_ms / 1000))]
    for rendition in media.renditions:
        size = sum(track.length for track in media.tracks(rendition.rung, rendition.tier))
        words = [translate(RUNG_WORDS[rendition.rung], language)]
        if len(media.tiers) > 1:
            words.append(translate(TIER_WORDS[rendition.tier], language))
        height = f"{rendition.video.height}p · " if rendition.video else ""
        facts.append((" · ".join(words), f"{height}{human_bytes(size)}"))
    return facts


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
