"""What a lesson's page shows of the renditions that are here: a pure function of the release and of what is held."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from catalog.formats.release import Lesson
from catalog.formats.rungs import Rung, Tier
from edge_cache.releases.repository import RungState
from edge_cache.serve.media import file_address, still_address

PART = "part"
"""What is asked for instead of a rung: the pictures as far as they are here."""
LEAST_PART_S, LEAST_PART = 60.0, 0.1
"""A lesson of which less than so many seconds, and less than that share, is here is not begun with."""


@dataclass(frozen=True, slots=True)
class Save:
    """A rendition as a file to keep. `modern` says that an old screen may not play it."""

    rung: str
    modern: bool
    address: str


@dataclass(frozen=True, slots=True)
class Mark:
    """A chapter: where it starts in seconds, its title, and the lesson's file from there on, for want of a script."""

    start_s: float
    title: str
    address: str


@dataclass(frozen=True, slots=True)
class Showing:
    """A lesson as its page shows it.

    `part_s` is how many seconds from the start are here, where that is not all of it. `hls`, `mp4` and `thumbnails`
    are addresses of views, `still` that of the first picture that is here. `chosen` is the rung that was asked for,
    empty for the best that the line and the screen can do; `rungs` are all that can be
    asked for. `listens` says that what plays is the sound, with stills where there are any.
    """

    hls: str
    mp4: str
    chosen: str
    rungs: tuple[str, ...]
    listens: bool
    saves: tuple[Save, ...]
    chapters: tuple[Mark, ...]
    thumbnails: str | None
    still: str | None
    part_s: float | None = None


def beginning(
    lesson: Lesson, state: RungState, base: str, count: int, seconds: float, held: Callable[[str], bool]
) -> Showing | None:
    """Return how the page shows the first `count` segments, `seconds` long, of a rendition that is on its way.

    None if that is too little to begin with. Other arguments as in `showing`.
    """
    if seconds < min(LEAST_PART_S, LEAST_PART * lesson.media.duration_ms / 1000):
        return None
    mp4 = file_address(base, state.rung, state.tier, count)
    stills = [still for still in lesson.media.stills if held(still.sha256)]
    return Showing(
        hls=f"{base}/{state.rung}.m3u8",
        mp4=mp4,
        chosen=PART,
        rungs=(),
        listens=state.video is None,
        saves=(),
        chapters=_marks(lesson, mp4, seconds),
        thumbnails=f"{base}/thumbnails.vtt" if stills else None,
        still=still_address(stills[0]) if stills else None,
        part_s=seconds,
    )


def _marks(lesson: Lesson, mp4: str, until_s: float) -> tuple[Mark, ...]:
    """Return the chapters that start before `until_s`."""
    starts = ((c.start_ms / 1000, c.title) for c in lesson.media.chapters)
    return tuple(Mark(start_s, title, f"{mp4}#t={start_s:g}") for start_s, title in starts if start_s < until_s)


def showing(
    lesson: Lesson, states: Sequence[RungState], base: str, asked: str, held: Callable[[str], bool]
) -> Showing | None:
    """Return how the page shows `lesson`; None if not even its sound is whole here.

    `states` are its renditions from the lowest up, `base` is the address of its views, `asked` a rung or anything
    else, `held` says of a small file's digest whether it is here. A lesson whose watchable renditions have all been
    damaged is shown as it was: they are being mended.
    """
    whole = [state for state in states if state.complete]
    shown = whole or [state for state in states if state.watchable and state.wanted]
    if not shown:
        return None
    rungs = tuple(rung.value for rung in Rung if any(state.rung == rung for state in shown))
    chosen = asked if asked in rungs else ""
    play = [s for s in shown if s.rung == chosen] or [s for s in shown if s.watchable] or shown
    # An old browser takes the one file that it is given: of the tier that every screen plays, if there is one.
    first = [state for state in play if state.tier == Tier.COMPATIBLE] or play
    mp4 = file_address(base, first[-1].rung, first[-1].tier)
    everywhere = {state.rung for state in whole if state.tier == Tier.COMPATIBLE}
    stills = [still for still in lesson.media.stills if held(still.sha256)]
    return Showing(
        hls=f"{base}/{chosen or 'lesson'}.m3u8",
        mp4=mp4,
        chosen=chosen,
        rungs=rungs,
        listens=all(state.video is None for state in play),
        saves=tuple(
            Save(s.rung, s.tier != Tier.COMPATIBLE, file_address(base, s.rung, s.tier))
            for s in whole
            if s.tier == Tier.COMPATIBLE or s.rung not in everywhere
        ),
        chapters=_marks(lesson, mp4, lesson.media.duration_ms / 1000),
        thumbnails=f"{base}/thumbnails.vtt" if stills else None,
        still=still_address(stills[0]) if stills else None,
    )
