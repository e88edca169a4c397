"""What can still be read: text that an OCR reads in the source is looked for, at its place, in the rendition.

The dear part, finding where text stands, is done on the source alone; renditions are only read at those places. It is
judged at the display size and against the source's reading, never against a truth that nobody has: what the OCR cannot
read in the source, or reads in two ways, is not counted. Why this OCR: docs/adr/0009-legibility.md.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from workers.pipeline.probe import Frozen

GOOD_SCORE = 0.85
"""What the OCR reads with less confidence in the source is not counted: on camera pictures it sees letters in folds."""
LEAST_IN_REGION = 2
"""Letters and digits in a region, at least: charts and bullets are read as single signs."""
LEAST_CHARACTERS = 12
"""Characters in all, at least: with fewer a source has no text to speak of, and a single misreading would decide."""
ENOUGH_SMALL = 40
"""Characters of the smallest text that are judged by themselves: with fewer, one misreading would fail a rung."""

_ALIKE = str.maketrans({
    **dict.fromkeys("‐‑‒–—―−﹣－ー─", "-"),
    **dict.fromkeys("'’‘`´′", "'"),
    **dict.fromkeys("“”„″«»《》", '"'),
    **dict.fromkeys("·•・∙⋅●", "·"),
    **dict.fromkeys("×✕✖", "x"),
    **dict.fromkeys("∶︰", ":"),
    "。": ".", "、": ",", "，": ",", "〇": "0", "∆": "δ", "△": "δ",
})  # fmt: skip
"""Signs that look alike and say the same: a rendition is not at fault where the OCR takes one for the other."""

Corners = tuple[tuple[float, float], tuple[float, float], tuple[float, float], tuple[float, float]]


@dataclass(frozen=True, slots=True)
class TextRegion:
    """A line of text in a still: its corners clockwise from the upper left, in pixels of the still.

    `text` is what was read there with the confidence `score` (0–1); `height_px` is the height of the box, which is
    about 1.25 times the font size.
    """

    box: Corners
    text: str
    score: float
    height_px: float


class Legibility(Frozen):
    """How much of the source's text is still read: in all, and of the smallest text alone.

    `smallest_px` is the height of the smallest line that was read in the source, in pixels of the display.
    """

    characters: int
    errors: int
    small_characters: int
    small_errors: int
    smallest_px: float

    @property
    def share(self) -> float:
        """The share of characters still read, 0–1: of the smallest text if that is less than of all text."""
        return max(0.0, 1 - max(self.errors / self.characters, self.small_errors / self.small_characters))


def normalised(text: str) -> str:
    """Return `text` as it is compared: NFKC, one sign for those that look alike, small letters, no spaces."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return "".join(unicodedata.normalize("NFKC", folded.translate(_ALIKE)).split())


def distance(one: str, other: str) -> int:
    """Return how many signs must be put in, taken out or changed to make one text the other (Levenshtein, 1966)."""
    before = list(range(len(other) + 1))
    for row, sign in enumerate(one, 1):
        line = [row]
        for column, another in enumerate(other, 1):
            line.append(min(before[column] + 1, line[-1] + 1, before[column - 1] + (sign != another)))
        before = line
    return before[-1]


def counts(region: TextRegion) -> bool:
    """Return whether a region of the source is worth looking for in a rendition."""
    letters = sum(sign.isalnum() for sign in normalised(region.text))
    return region.score >= GOOD_SCORE and letters >= LEAST_IN_REGION


def compare(source_regions: Sequence[TextRegion], texts: Sequence[str]) -> Legibility | None:
    """Return how much of the source's text is in `texts`, read at the same places of a rendition.

    The regions of several stills are given one after another. None where the source has too little text to tell.
    Raises ValueError if there is not one text for each region.
    """
    read = []
    for region, text in zip(source_regions, texts, strict=True):
        if counts(region):
            wanted = normalised(region.text)
            read.append((region.height_px, len(wanted), min(len(wanted), distance(wanted, normalised(text)))))
    read.sort()
    characters, errors = sum(length for _, length, _ in read), sum(wrong for _, _, wrong in read)
    if characters < LEAST_CHARACTERS:
        return None
    small_characters = small_errors = 0
    for _, length, wrong in read:
        small_characters, small_errors = small_characters + length, small_errors + wrong
        if small_characters >= ENOUGH_SMALL:
            break
    return Legibility(
        characters=characters, errors=errors, small_characters=small_characters, small_errors=small_errors,
        smallest_px=round(read[0][0], 1),
    )  # fmt: skip


def combine(stills: Sequence[Legibility | None]) -> Legibility | None:
    """Return the legibility of several stills, or segments, that were compared apart; None if none had text."""
    found = [still for still in stills if still is not None]
    if not found:
        return None
    return Legibility(
        characters=sum(still.characters for still in found),
        errors=sum(still.errors for still in found),
        small_characters=sum(still.small_characters for still in found),
        small_errors=sum(still.small_errors for still in found),
        smallest_px=min(still.smallest_px for still in found),
    )
