"""VMAF of a segment against its source, at the display size, on chosen spots or on every picture.

VMAF v0.6.1 is the model for a television at three heights' distance, trained on 1080p; at 720p its scores are used as
everybody does, to compare and to keep to a bound, not as opinions of people.
"""

import json
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from workers.pipeline.commands import gates
from workers.pipeline.errors import SegmentWrong
from workers.pipeline.gates.spots import Asked, Slots, Spot, View, ask, whole
from workers.pipeline.probe import Frozen
from workers.pipeline.process import UNWATCHED, Limits, Watch, run
from workers.pipeline.tools import Tools
from workers.pipeline.work import VideoWork

START_S = 60.0
SLOWEST_PICTURE_S = 1.0
"""A picture takes 0.02 s of one core (measured); one that takes so much more is stuck."""

Scores = tuple[tuple[float, ...], ...]
"""VMAF of each picture of each spot, 0–100, to one decimal."""


def measure_segment(
    tools: Tools, work: VideoWork, view: View, spots: Sequence[Spot], files: tuple[Path, Path], limits: Limits,
    watch: Watch = UNWATCHED,
) -> Scores:  # fmt: skip
    """Return VMAF of the spots of a segment; `files` are its part and what was encoded of it (with its init part).

    Beside the encoded file a log is written and removed. `limits` gives memory and file size. Raises SegmentWrong if
    the two do not yield the pictures that were asked for, and what `process.run` raises.
    """
    asked = ask(spots, work.stretch.seconds, view.rate)
    return _measure(tools, work, view, asked, files, limits, watch)


def measure_whole_segment(
    tools: Tools, work: VideoWork, view: View, files: tuple[Path, Path], limits: Limits, watch: Watch = UNWATCHED
) -> Scores:
    """Return VMAF of every picture of a segment, as one spot. For benchmarks: it costs more than encoding."""
    return _measure(tools, work, view, whole(work.stretch.seconds, view.rate), files, limits, watch)


def measure_files(
    tools: Tools, view: View, seconds: Fraction, source: gates.Seen, other: gates.Seen, log: Path, limits: Limits
) -> Scores:
    """Return VMAF of every picture of `seconds` of any file against its source, as one spot. For benchmarks.

    `log` is written and removed. Raises ValueError if the files do not yield the pictures, and what `run` raises.
    """
    asked = whole(seconds, view.rate)
    command = gates.compare_files(tools, view, asked.slots, source, other, log)
    try:
        run(command, timed(limits, asked.slots, float(seconds)))
        return scores_of(log.read_bytes(), asked)
    finally:
        log.unlink(missing_ok=True)


def _measure(
    tools: Tools, work: VideoWork, view: View, asked: Asked, files: tuple[Path, Path], limits: Limits, watch: Watch
) -> Scores:
    part, encoded = files
    log = encoded.with_suffix(".vmaf")
    command = gates.compare_segment(tools, work, view, asked.slots, part, encoded, log)
    run(command, timed(limits, asked.slots, work.start_s - work.part_start + work.seconds), watch)
    try:
        return scores_of(log.read_bytes(), asked)
    except ValueError as error:
        raise SegmentWrong(number=work.number, track=work.track, why=str(error)) from error
    finally:
        log.unlink(missing_ok=True)


def timed(limits: Limits, slots: Slots, decoded_s: float) -> Limits:
    """Return `limits` with the time that it takes to decode so many seconds and look at these slots, at the worst."""
    seconds = START_S + 4 * decoded_s + SLOWEST_PICTURE_S * sum(count for _, count in slots)
    return replace(limits, seconds=seconds, cpu_seconds=round(2 * seconds))


def scores_of(log: bytes, asked: Asked) -> Scores:
    """Return the scores of each spot in a log of libvmaf. Pure.

    Raises ValueError if it has not exactly the pictures that were asked for.
    """
    frames = json.loads(log).get("frames", [])
    wanted = sum(count for _, count in asked.slots)
    if len(frames) != wanted:
        raise ValueError(f"{len(frames)} of {wanted} pictures could be compared")
    scores = [round(float(frame["metrics"]["vmaf"]), 1) for frame in frames]
    return tuple(tuple(scores[first : first + count]) for first, count in asked.spots)


class Summary(Frozen):
    """What the scores of a stretch add up to: VMAF, to one decimal."""

    mean: float
    p5: float
    min: float


def summarise(scores: Sequence[Sequence[float]], weights: Sequence[float]) -> Summary:
    """Return mean, 5th percentile and minimum of spots, each of which stands for `weights` of the time.

    A spot's weight is shared by its pictures. The percentile is the lowest score that at least 5 % of the weight is at
    or below: without weights, the nearest rank. Raises ValueError where there is nothing, or no weight.
    """
    pairs = sorted((score, weight / len(spot)) for spot, weight in zip(scores, weights, strict=True) for score in spot)
    total = sum(weight for _, weight in pairs)
    if total <= 0:
        raise ValueError("no scores to summarise")
    mean = sum(score * weight for score, weight in pairs) / total
    passed, p5 = 0.0, pairs[-1][0]
    for score, weight in pairs:
        passed += weight
        if passed >= 0.05 * total * (1 - 1e-9):
            p5 = score
            break
    return Summary(mean=round(mean, 1), p5=p5, min=pairs[0][0])
