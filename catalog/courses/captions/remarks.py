"""What a person should know of captions that were taken: in words, and with what to do."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from catalog.courses.captions.cues import Cue
from catalog.courses.captions.reading import Reading
from catalog.formats.errors import N_
from catalog.look.filters import clock_time

HOUR_MS = 3_600_000
FIRST_CUES = 5
"""How many cues a person is shown, to see whether the words are right."""


@dataclass(frozen=True)
class Remark:
    """A sentence for the partner: a stable code, a msgid, and what fills it in."""

    code: str
    message: str
    data: dict[str, str | int] = field(default_factory=dict)


def remarks_on_reading(reading: Reading) -> list[Remark]:
    """Return what was guessed or changed while the file was read."""
    counts = (
        (
            reading.moved,
            "caption.moved",
            N_("Captions that stood out of order and were sorted by their time: %(count)s."),
        ),
        (reading.doubles, "caption.doubles", N_("Captions that were in the file twice and are kept once: %(count)s.")),
        (
            reading.clipped,
            "caption.clipped",
            N_("Captions that began before the lesson and now begin with it: %(count)s."),
        ),
        (reading.dropped, "caption.dropped", N_("Captions that lay before the lesson and were left out: %(count)s.")),
    )
    found = [Remark(code, message, {"count": count}) for count, code, message in counts if count]
    if not reading.encoding.startswith("UTF-"):
        words = N_("The file does not say its encoding; it was read as %(encoding)s. Check that the words are right.")
        found.insert(0, Remark("caption.encoding-recognised", words, {"encoding": reading.encoding}))
    return found


def remarks_on_times(cues: Sequence[Cue], duration_ms: int | None) -> list[Remark]:
    """Return what is odd about the times of captions. `duration_ms` is the lesson's; None, it has no video yet.

    Captions that are late as a whole are told by their beginning after the lesson's end, or, without a video, after an
    hour: they were made for a tape that starts at 10:00:00, or for another part of a longer film.
    """
    first = cues[0].start_ms
    if first >= (duration_ms or HOUR_MS):
        hours = first // HOUR_MS * HOUR_MS
        is_tape = hours > 0 and first - hours < (duration_ms or HOUR_MS)
        back = (hours if is_tape else first) // 1000
        words = N_(
            "All captions are late: the first comes at %(first)s. "
            "Send the file again with a shift of -%(seconds)s seconds, and it will come at %(then)s."
        )
        data: dict[str, str | int] = {
            "first": clock_time(first / 1000),
            "seconds": back,
            "then": clock_time(first / 1000 - back),
        }
        return [Remark("caption.all-late", words, data)]
    if duration_ms is None:
        return []
    late = [cue for cue in cues if cue.start_ms >= duration_ms]
    if not late:
        return []
    words = N_(
        "Captions after the lesson's end at %(end)s, which are never shown: %(count)s, the last at %(last)s. "
        "Are these the captions of this lesson?"
    )
    data = {"count": len(late), "end": clock_time(duration_ms / 1000), "last": clock_time(late[-1].start_ms / 1000)}
    return [Remark("caption.after-end", words, data)]
