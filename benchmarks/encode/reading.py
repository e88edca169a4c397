"""How much of the text can still be read: the workers' own gate, on stills of whole files, peers' too."""

from dataclasses import dataclass

from benchmarks.encode.display import Screen, Stills
from workers.pipeline.gates.legibility import TextRegion, compare
from workers.pipeline.gates.reader import the_reader

STILLS = 12
"""Pictures that are read of a lecture: the middle of each twelfth of its time."""


@dataclass(frozen=True, slots=True)
class Text:
    """The lines of text that an OCR reads in the source: for each still, those that count."""

    times: tuple[float, ...]
    regions: tuple[tuple[TextRegion, ...], ...]


def times_of(screen: Screen, count: int = STILLS) -> list[float]:
    """Return when to look, in seconds from the start; fewer times where the screen has fewer pictures."""
    count = min(count, screen.ticks)
    return [(n + 0.5) * screen.seconds / count for n in range(count)]


def find_text(times: list[float], stills: Stills) -> Text:
    """Return the text in the source's stills."""
    reader = the_reader()
    return Text(tuple(times), tuple(reader.regions(still) for still in stills))


def share_read(text: Text, stills: Stills) -> float | None:
    """Return the share of the source's characters that is read at the same places; None if it has too few to tell."""
    reader = the_reader()
    read = [line for still, found in zip(stills, text.regions, strict=True) for line in reader.read(still, found)]
    legibility = compare([region for found in text.regions for region in found], read)
    return None if legibility is None else legibility.share
