"""The rule of the comparison, and what many comparisons add up to. Pure: no file, no process.

Ours is compared with a peer's only where it is no worse in anything that a class sees or hears; the smallest of our
rungs for which that holds is taken. Where none holds, there is no figure, and it is said what was short.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp, log

CLEAR_SPEECH = 4.1
"""PESQ-WB that our sound must reach (1 to 4.64)."""


@dataclass(frozen=True, slots=True)
class Quality:
    """What was measured at the display: VMAF 0–100, the share of characters still read 0–1, PESQ-WB 1–4.64.

    `legibility` is None where the source has no text, `pesq` where it has no sound.
    """

    vmaf_mean: float
    vmaf_p5: float
    vmaf_min: float
    legibility: float | None
    pesq: float | None


@dataclass(frozen=True, slots=True)
class Row:
    """One whole stream: whose, what of, kbit/s of pictures and of sound as packets, and of the files, and quality.

    VMAF was taken of each `every`th picture.
    """

    who: str
    lecture: str
    video_kbps: float
    sound_kbps: float
    file_kbps: float
    quality: Quality
    every: int = 1

    @property
    def kbps(self) -> float:
        """Pictures and sound together, kbit/s of packets."""
        return self.video_kbps + self.sound_kbps


def shortfalls(ours: Quality, theirs: Quality, *, named_voice: bool) -> tuple[str, ...]:
    """Return in what ours may not be compared with theirs; nothing, if it counts.

    The sound must reach PESQ-WB 4.1. That was set for the named voice; a clip that comes with other, already lossy
    sound may instead be no worse than the peer's (`named_voice` False).
    """
    short = []
    for name, mine, other in (
        ("VMAF mean", ours.vmaf_mean, theirs.vmaf_mean),
        ("VMAF 5th percentile", ours.vmaf_p5, theirs.vmaf_p5),
        ("legibility", ours.legibility, theirs.legibility),
    ):
        if mine is not None and other is not None and mine < other:
            short.append(f"{name} {mine:.4g} < {other:.4g}")
    if ours.pesq is not None and ours.pesq < CLEAR_SPEECH:
        no_worse = not named_voice and theirs.pesq is not None and ours.pesq >= theirs.pesq
        if not no_worse:
            short.append(f"PESQ-WB {ours.pesq:.2f} < {CLEAR_SPEECH}")
    return tuple(short)


@dataclass(frozen=True, slots=True)
class Verdict:
    """A peer's stream of a lecture against our smallest that counts; `short` says for each rung why it does not."""

    lecture: str
    peer: str
    ours: str | None
    bits: float | None
    video_bits: float | None
    file_bits: float | None
    short: Mapping[str, tuple[str, ...]]


def judge(ours: Sequence[Row], theirs: Row, *, named_voice: bool = True) -> Verdict:
    """Return the verdict on one lecture: bits as a share of the peer's, whole, pictures alone, and with containers."""
    short = {row.who: shortfalls(row.quality, theirs.quality, named_voice=named_voice) for row in ours}
    fit = sorted((row for row in ours if not short[row.who]), key=lambda row: row.kbps)
    if not fit:
        return Verdict(theirs.lecture, theirs.who, None, None, None, None, short)
    best = fit[0]
    return Verdict(
        lecture=theirs.lecture,
        peer=theirs.who,
        ours=best.who,
        bits=best.kbps / theirs.kbps,
        video_bits=best.video_kbps / theirs.video_kbps,
        file_bits=best.file_kbps / theirs.file_kbps,
        short={who: why for who, why in short.items() if why},
    )


def geometric_mean(shares: Sequence[float | None]) -> float | None:
    """Return the geometric mean; None if one of them is missing, or there is none: no figure without all lectures."""
    if not shares or any(share is None for share in shares):
        return None
    return exp(sum(log(share) for share in shares if share is not None) / len(shares))


def worst(shares: Sequence[float | None]) -> float | None:
    """Return the largest of those that count; None if none does."""
    return max((share for share in shares if share is not None), default=None)


def nearest_rank(values: Sequence[float], share: float) -> float:
    """Return the smallest value that at least `share` of all do not exceed. Raises ValueError without a value."""
    if not values:
        raise ValueError("no values")
    ordered = sorted(values)
    rank = -(-round(share * len(ordered) * 1e9) // 10**9)
    return ordered[max(0, rank - 1)]
