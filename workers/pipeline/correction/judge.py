"""Whether the new source, at each of its frames, shows and says what the old one does at another time. Pure.

For every cell of a picture (and every band of the sound) the old source gives a range: what it holds there around that
time. Only what the new one lies outside of that range counts as difference, so that a frame that comes one early or
late, and what moves at that moment, are no change, while in still pictures the range is a point and the bound is sharp.
"""

from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor

import numpy as np
from numpy.typing import NDArray

from workers.pipeline.correction.bounds import BOUNDS, Bounds
from workers.pipeline.correction.levels import QUIETEST_DB, STEPS_A_DB
from workers.pipeline.correction.samples import Bytes, Rows, Samples
from workers.pipeline.correction.sampling import LEVELS_A_SECOND

Mask = NDArray[np.bool_]
Numbers = NDArray[np.float32]

_BLOCK = 250
_FINE_BLOCK = 100
_AROUND = np.arange(-2, 3)


@dataclass(frozen=True, slots=True)
class Move:
    """Old time − new time, in frames of the rate; and how much later the new sound lies by its pictures, in levels."""

    frames: int
    lag: int


class Judge:
    """Compares two sources under moves. Reads rows in blocks, so memory does not grow with the lessons."""

    def __init__(self, old: Samples, new: Samples, bounds: Bounds = BOUNDS) -> None:
        self.old, self.new, self.bounds = old, new, bounds
        self.rate = new.sampling.rate
        self.floor = _floor(old.levels, new.levels, bounds)

    def changed(self, move: Move, start: int, stop: int) -> Mask:
        """Return for the new frames from `start` to before `stop` whether pictures or sound differ beyond the bound."""
        return self.pictures_changed(move, start, stop) | self.sound_changed(move, start, stop)

    def pictures_changed(self, move: Move, start: int, stop: int) -> Mask:
        """Return for the new frames whether their pictures differ; where the old source has no frame, they do."""
        before = np.arange(start, stop) + move.frames
        slack = self.bounds.slack_frames
        changed: Mask = (before < -slack) | (before >= self.old.sampling.frames + slack)
        changed |= np.arange(start, stop) >= self.new.sampling.frames
        if (self.old.coarse is None) != (self.new.coarse is None):
            changed[:] = True
        if changed.all() or self.old.coarse is None:
            return changed
        changed |= self.coarse_excess(move, start, stop) > self.bounds.coarse
        if changed.all():
            return changed
        begin, briefly, long = self.fine_excess(move, start, stop)
        for found, count in ((briefly, self.bounds.fine_briefly), (long, self.bounds.fine_long)):
            for sample in np.flatnonzero(found > 1):
                around = (begin + int(sample) - 1, begin + int(sample) + count)
                first, last = (ceil(at / self.new.sampling.fine_rate * self.rate) for at in around)
                changed[max(0, first - start) : max(0, last - start)] = True
        return changed

    def coarse_excess(self, move: Move, start: int, stop: int) -> Numbers:
        """Return for each new frame the largest difference of a coarse cell, in levels of brightness."""
        found = np.zeros(stop - start, np.float32)
        if self.old.coarse is None or self.new.coarse is None:
            return found
        slack = self.bounds.slack_frames
        for first in range(start, stop, _BLOCK):
            last = min(stop, first + _BLOCK)
            rows = _clamped(self.new.coarse, first, last)
            before = _clamped(self.old.coarse, first + move.frames - slack, last + move.frames + slack)
            low = high = before[: last - first]
            for late in range(1, 2 * slack + 1):
                around = before[late : late + last - first]
                low, high = np.minimum(low, around), np.maximum(high, around)
            found[first - start : last - start] = _beyond(rows, low, high).max(axis=1)
        return found

    def fine_excess(self, move: Move, start: int, stop: int) -> tuple[int, Numbers, Numbers]:
        """Return the first fine sample that tells of these frames, and from it on the largest difference of a cell.

        As a multiple of what the bound allows that cell: what stands for `fine_briefly` samples from this one on, and
        what stands for `fine_long`.
        """
        if self.old.fine is None or self.new.fine is None:
            return 0, np.zeros(0, np.float32), np.zeros(0, np.float32)
        rate, bounds = self.new.sampling.fine_rate, self.bounds
        begin = max(0, floor(start / self.rate * rate) - bounds.fine_long)
        last = max(begin, min(len(self.new.fine), ceil(stop / self.rate * rate) + 1))
        moved = Fraction(move.frames) / self.rate * rate
        whole = floor(moved)
        between = 1 if moved != whole else 0
        briefly: list[float] = []
        long: list[float] = []
        for block in range(begin, last, _FINE_BLOCK):
            count = min(last, block + _FINE_BLOCK) - block
            end = min(len(self.new.fine), block + count + bounds.fine_long - 1)
            rows = _clamped(self.new.fine, block, end)
            before = _clamped(self.old.fine, block + whole, end + whole + between)
            one, other = before[: len(rows)], before[between : between + len(rows)]
            low, high = np.minimum(one, other), np.maximum(one, other)
            differs = _beyond(rows, low, high)
            differs -= np.minimum(differs, self._moving(block + whole, len(rows), between))
            for found, standing, edge in (
                (briefly, _standing(differs, bounds.fine_briefly), bounds.edge_briefly),
                (long, _standing(differs, bounds.fine_long), bounds.edge_long),
            ):
                found += [
                    self._against_edges(edge, *sample) for sample in zip(standing[:count], low, high, strict=False)
                ]
        return begin, np.array(briefly, np.float32), np.array(long, np.float32)

    def _moving(self, first: int, count: int, between: int) -> Bytes:
        """Return for old fine samples from `first` on what each cell is allowed because the old pictures move there.

        What moves between two samples is seen by neither: the coarse pictures, which show every frame, tell of it.
        """
        allowed = np.zeros((count, self.new.sampling.fine_bytes), np.uint8)
        coarse = self.old.coarse
        if coarse is None:
            return allowed
        rate, slack = self.new.sampling.fine_rate, self.bounds.slack_frames
        frames = [floor((first + late) / rate * self.rate) for late in range(count + between)]
        rows = _clamped(coarse, frames[0] - slack, frames[-1] + slack + 1)
        width, height = self.new.sampling.planes[1]
        for late in range(count):
            around = rows[frames[late] - frames[0] : frames[late + between] - frames[0] + 2 * slack + 1]
            steps = (around.max(axis=0) - around.min(axis=0)).astype(np.int16) - self.bounds.moving_from
            cells = np.clip(steps * self.bounds.moving, 0, 255).astype(np.uint8)
            luma = cells.reshape(height, width).repeat(4, axis=0).repeat(4, axis=1).ravel()
            allowed[late] = np.concatenate((luma, cells, cells))
        return allowed

    def _against_edges(self, edge: float, standing: Bytes, low: Bytes, high: Bytes) -> float:
        """Return the largest difference of a fine sample's cells, as a multiple of what the bound allows each."""
        sampling, bounds = self.new.sampling, self.bounds
        most = bounds.fine_still + edge * 255
        worst = float(standing.max()) / most
        if worst > 1:  # beyond the bound whatever stands around it
            return worst
        first = 0
        for width, height in sampling.planes:
            plane = slice(first, first + width * height)
            first = plane.stop
            (cells,) = np.nonzero(standing[plane] > bounds.fine_still)
            if not len(cells):
                continue
            row, column = (np.clip(at[:, None] + _AROUND, 0, size - 1) for at, size in zip(
                np.divmod(cells, width), (height, width), strict=True
            ))  # fmt: skip
            around = row[:, :, None] * width + column[:, None, :]
            contrast = high[plane][around].max(axis=(1, 2)).astype(np.float32) - low[plane][around].min(axis=(1, 2))
            allowed = bounds.fine_still + edge * contrast
            worst = max(worst, float((standing[plane][cells] / allowed).max()))
        return worst

    def sound_changed(self, move: Move, start: int, stop: int) -> Mask:
        """Return for the new frames whether their sound differs."""
        changed = np.zeros(stop - start, np.bool_)
        if (self.old.levels is None) != (self.new.levels is None):
            return ~changed
        if self.old.levels is None:
            return changed
        instants, distance = self.sound_distance(move, start, stop)
        half = self.bounds.sound_window // 2 + 1
        for instant in instants[distance > self.bounds.sound]:
            first, last = (int((instant + k) * self.rate / LEVELS_A_SECOND) for k in (-half, half))
            changed[max(0, first - start) : max(0, last + 1 - start)] = True
        return changed

    def sound_distance(self, move: Move, start: int, stop: int) -> tuple[NDArray[np.intp], Numbers]:
        """Return the instants of these frames and how far the sound around each is from the old one's, in dB.

        The mean over bands and over the window, of what is above what can be heard beside the lesson's loud parts.
        """
        if self.old.levels is None or self.new.levels is None:
            return np.zeros(0, np.intp), np.zeros(0, np.float32)
        half = self.bounds.sound_window // 2
        first, last = (int(frame * LEVELS_A_SECOND / self.rate) for frame in (start, stop))
        later = self.levels_moved(move)
        rows = np.maximum(_clamped_array(self.new.levels, first - half, last + half), self.floor)
        slack = self.bounds.slack_levels
        before = np.maximum(
            _clamped_array(self.old.levels, first - half + later - slack, last + half + later + slack), self.floor
        )
        low = high = before[: len(rows)]
        for late in range(1, 2 * slack + 1):
            around = before[late : late + len(rows)]
            low, high = np.minimum(low, around), np.maximum(high, around)
        differs = _beyond(rows, low, high).mean(axis=1) / STEPS_A_DB
        sums = np.concatenate(([0.0], np.cumsum(differs, dtype=np.float64)))
        means = (sums[2 * half :] - sums[: len(sums) - 2 * half])[: last - first] / (2 * half)
        return np.arange(first, last), means.astype(np.float32)

    def picture_cost(self, move: Move, start: int, stop: int) -> float:
        """Return the mean difference of coarse cells, frame against frame: what tells a move from its neighbours."""
        if self.old.coarse is None or self.new.coarse is None:
            return 0.0
        rows = _clamped(self.new.coarse, start, stop).astype(np.int16)
        return float(np.abs(rows - _clamped(self.old.coarse, start + move.frames, stop + move.frames)).mean())

    def sound_cost(self, move: Move, start: int, stop: int) -> float:
        """Return the mean difference of levels, instant against instant, in dB."""
        if self.old.levels is None or self.new.levels is None:
            return 0.0
        first, last = (int(frame * LEVELS_A_SECOND / self.rate) for frame in (start, stop))
        later = self.levels_moved(move)
        rows = np.maximum(_clamped_array(self.new.levels, first, last), self.floor).astype(np.int16)
        before = np.maximum(_clamped_array(self.old.levels, first + later, last + later), self.floor)
        return float(np.abs(rows - before).mean()) / STEPS_A_DB

    def levels_moved(self, move: Move) -> int:
        """Return old instant − new instant of the sound under a move."""
        return round(move.frames * LEVELS_A_SECOND / self.rate) - move.lag


def _standing(differs: Bytes, count: int) -> Bytes:
    """Return for each sample what differs in it and in all of the next, `count` together; none at the end."""
    standing = differs[: max(0, len(differs) - count + 1)]
    for late in range(1, count):
        standing = np.minimum(standing, differs[late : late + len(standing)])
    return standing


def _beyond(rows: Bytes, low: Bytes, high: Bytes) -> Bytes:
    """Return how far each value lies outside of its range."""
    above = rows - np.minimum(rows, high)
    below = low - np.minimum(rows, low)
    return np.maximum(above, below)


def _clamped(rows: Rows, start: int, stop: int) -> Bytes:
    """Return rows; before the first and after the last stand these again."""
    inside = rows.read(max(0, min(start, len(rows) - 1)), min(len(rows), max(stop, 1)))
    return _padded(inside, start, stop, len(rows))


def _clamped_array(levels: Bytes, start: int, stop: int) -> Bytes:
    inside = levels[max(0, min(start, len(levels) - 1)) : min(len(levels), max(stop, 1))]
    return _padded(inside, start, stop, len(levels))


def _padded(inside: Bytes, start: int, stop: int, count: int) -> Bytes:
    before = min(stop - start, max(0, -start))
    after = min(stop - start, max(0, stop - count))
    if not before and not after:
        return inside
    padded = np.pad(inside, ((before, after), (0, 0)), mode="edge")
    return padded[: stop - start] if start < 0 else padded[-(stop - start) :]


def _floor(old: Bytes | None, new: Bytes | None, bounds: Bounds) -> np.uint8:
    """Return the level under which nothing is heard beside the loud parts of the two sounds."""
    loud = [np.percentile(levels.max(axis=1), 95) for levels in (old, new) if levels is not None]
    quiet = max(loud, default=0.0) - bounds.hearing_db * STEPS_A_DB
    return np.uint8(max(quiet, -bounds.least_db_under_zero * STEPS_A_DB - QUIETEST_DB * STEPS_A_DB, 0))
