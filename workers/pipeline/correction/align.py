"""Finds which stretches of a new source are the old source's, unchanged but for where they stand. Pure.

Follows the new source from its start. As long as it agrees with the old one under the present move (old time − new
time), that move is kept: so a still slide, which would fit in many places, stays where its neighbours are. Where it
stops agreeing, the place where both agree again is looked for: under the same move first (replaced in place), then
under the move that lets both end together, then wherever the signature of pictures and sound is found; from there the
new stretch is extended back to the first frame that agrees. Old time never goes back.
"""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from workers.pipeline.correction.bounds import BOUNDS, Bounds
from workers.pipeline.correction.judge import Judge, Mask, Move
from workers.pipeline.correction.samples import Samples
from workers.pipeline.correction.sampling import LEVELS_A_SECOND
from workers.pipeline.correction.search import Finder
from workers.pipeline.errors import Cancelled
from workers.pipeline.probe import Frozen
from workers.pipeline.process import UNWATCHED, Watch

VERIFIED_S = 3.0
"""Both sources must agree for so long before they are said to have met again."""
LEAST_KEPT_S = 2.0
"""A shorter stretch holds no segment."""
MOST_STEP_S = 16.0
"""While nothing fits, the looks grow this far apart: a whole new lesson is soon recognised as one."""
MOST_LAG_S = 0.08
"""An encoder may delay the sound so much against the pictures (priming of AAC: 21 to 48 ms). More is heard."""
TELLING_S = 12.0
"""Something moves within so many seconds, as a rule, and tells a move from the next by one frame."""
NEAR_FRAMES = 3
"""A place found by signatures is right to so many frames."""
GUARD_S = 0.1
"""Kept stretches end so much before the first frame that is seen to differ: changes begin softly."""


class Kept(Frozen):
    """A stretch of the new source that is the old one's from `old_start`. Exact seconds from each source's zero.

    `lag` is how much later the new sound lies against its pictures than in the old source, to a hundredth of a second.
    """

    new_start: Fraction
    old_start: Fraction
    seconds: Fraction
    lag: Fraction = Fraction(0)


class TimeMap(Frozen):
    """What of the new source is kept, in order of both times: pictures and sound together, and each of them alone.

    Alone, a track also keeps what lies between two stretches of one move where only the other track was changed.
    """

    rate: Fraction
    both: tuple[Kept, ...]
    pictures: tuple[Kept, ...]
    sound: tuple[Kept, ...]


@dataclass(frozen=True, slots=True)
class _Run:
    """New frames from `start` to before `stop`, under a move."""

    start: int
    stop: int
    move: Move


def align(old: Samples, new: Samples, bounds: Bounds = BOUNDS, watch: Watch = UNWATCHED) -> TimeMap:
    """Return what `new` keeps of `old`; both sampled at one rate (see `sampling.choose_samplings`).

    Raises Cancelled when the watch says so.
    """
    aligner = _Aligner(old, new, bounds, watch)
    runs = aligner.follow()
    judge = aligner.judge
    return TimeMap(
        rate=judge.rate,
        both=aligner.stretches(runs),
        pictures=() if new.coarse is None else aligner.stretches(aligner.bridged(runs, judge.pictures_changed)),
        sound=() if new.levels is None else aligner.stretches(aligner.bridged(runs, judge.sound_changed)),
    )


def _same_tracks(old: Samples, new: Samples) -> bool:
    return (old.coarse is None, old.levels is None) == (new.coarse is None, new.levels is None)


class _Aligner:
    def __init__(self, old: Samples, new: Samples, bounds: Bounds, watch: Watch) -> None:
        self.old, self.new = old, new
        self.watch = watch
        self.judge = Judge(old, new, bounds)
        self.rate = self.judge.rate
        self.frames, self.old_frames = new.sampling.frames, old.sampling.frames
        self._finder: Finder | None = None

    def follow(self) -> list[_Run]:
        """Return the runs in which both tracks agree, from first to last."""
        runs: list[_Run] = []
        at, least, move = 0, 0, Move(0, 0)
        while at < self.frames and least < self.old_frames:
            met = self._meet(at, least, move)
            if met is None:
                break
            seen, move = met
            start = self._back(seen, max(at, least - move.frames), move)
            stop = self._forth(seen, move)
            if stop - start >= LEAST_KEPT_S * self.rate or stop - start == self.frames:
                runs.append(_Run(start, stop, move))
            at = max(stop, seen + 1)
            least = max(least, min(self.old_frames, stop + move.frames))
        return runs

    def _meet(self, at: int, least: int, move: Move) -> tuple[int, Move] | None:
        """Return the first look from new frame `at` where both agree again, and under which move."""
        verified, step = self._frames(VERIFIED_S), self._frames(1.0)
        while at < self.frames and _same_tracks(self.old, self.new):
            self._heed()
            stop = min(self.frames, at + verified)
            for frames in (move.frames, self.old_frames - self.frames):
                found = self._holds(frames, move, at, stop, least)
                if found is not None:
                    return at, found
            place = self.finder.place(at, least)
            if place is not None:
                found = self._holds(place - at, move, at, stop, least)
                if found is not None:
                    return at, found
            at += step
            step = min(self._frames(MOST_STEP_S), step + max(1, step // 4))
        return None

    @property
    def finder(self) -> Finder:
        """The search by signatures, made when it is first needed."""
        if self._finder is None:
            self._finder = Finder(self.old, self.new)
        return self._finder

    def _holds(self, frames: int, before: Move, start: int, stop: int, least: int) -> Move | None:
        """Return the move near `frames` under which these new frames agree, or None."""
        if start + frames + NEAR_FRAMES < least or start + frames - NEAR_FRAMES >= self.old_frames:
            return None
        if frames == before.frames and not self.judge.changed(before, start, stop).any():
            return before
        move = self._refined(frames, before, start, stop)
        if move is None or start + move.frames < least or self.judge.changed(move, start, stop).any():
            return None
        return move

    def _refined(self, frames: int, before: Move, start: int, stop: int) -> Move | None:
        """Return the best move near `frames`: by the pictures where they move, else so that the sound's lag stays."""
        near = [frames + late for late in sorted(range(-NEAR_FRAMES, NEAR_FRAMES + 1), key=abs)]
        ahead = min(self.frames, start + self._frames(TELLING_S))
        costs = [self.judge.picture_cost(Move(moved, 0), start, ahead) for moved in near]
        fits = [moved for moved, cost in zip(near, costs, strict=True) if cost <= min(costs) * 1.005 + 0.002]
        most = round(MOST_LAG_S * LEVELS_A_SECOND)
        lags = sorted(range(-most, most + 1), key=lambda lag: abs(lag - before.lag))
        if self.new.levels is None or self.old.levels is None:
            return Move(min(fits, key=lambda moved: abs(moved - before.frames)), before.lag)
        moves = [Move(moved, lag) for lag in lags for moved in fits]
        loudness = {}
        for move in moves:
            later = self.judge.levels_moved(move)
            if later not in loudness:
                loudness[later] = self.judge.sound_cost(move, start, stop)
        best = min(loudness.values())
        return next((m for m in moves if loudness[self.judge.levels_moved(m)] <= best * 1.02 + 0.02), None)

    def _back(self, seen: int, least: int, move: Move) -> int:
        """Return the first new frame, from `least`, from which on all agree until `seen`."""
        block = self._frames(8.0)
        while seen > least:
            self._heed()
            start = max(least, seen - block)
            changed = np.flatnonzero(self.judge.changed(move, start, seen))
            if len(changed):
                return start + int(changed[-1]) + 1
            seen = start
        return max(seen, least)

    def _forth(self, seen: int, move: Move) -> int:
        """Return the new frame after the last that agrees without a break from `seen`."""
        block = self._frames(16.0)
        while seen < self.frames:
            self._heed()
            stop = min(self.frames, seen + block)
            changed = np.flatnonzero(self.judge.changed(move, seen, stop))
            if len(changed):
                return seen + int(changed[0])
            seen = stop
        return seen

    def bridged(self, runs: list[_Run], is_changed: Callable[[Move, int, int], Mask]) -> list[_Run]:
        """Return the runs of one track: gaps between runs of one move are kept where this track agrees."""
        found: list[_Run] = []
        for run in runs:
            last = found[-1] if found else None
            if last is None or last.move.frames != run.move.frames or last.stop >= run.start:
                found.append(run)
                continue
            agrees = ~is_changed(run.move, last.stop, run.start)
            edges = np.flatnonzero(np.diff(np.concatenate(([True], agrees, [True])).astype(np.int8))) + last.stop
            bounds = [last.start, *map(int, edges), run.stop]
            found.pop()
            found += [_Run(a, b, run.move) for a, b in zip(bounds[::2], bounds[1::2], strict=True)]
        return [run for run in found if run.stop - run.start >= LEAST_KEPT_S * self.rate or run in runs]

    def stretches(self, runs: list[_Run]) -> tuple[Kept, ...]:
        """Return runs in seconds, a little inside of what was seen to agree, but whole at the lesson's two ends."""
        guard = self._frames(GUARD_S)
        kept = []
        for run in runs:
            start = run.start if run.start in (0, -run.move.frames) else run.start + guard
            whole = run.stop == self.frames or run.stop + run.move.frames == self.old_frames
            stop = run.stop if whole else run.stop - guard
            if stop > start:
                lag = Fraction(run.move.lag, LEVELS_A_SECOND)
                kept.append(
                    Kept(
                        new_start=start / self.rate,
                        old_start=(start + run.move.frames) / self.rate,
                        seconds=(stop - start) / self.rate,
                        lag=lag,
                    )
                )
        return tuple(kept)

    def _heed(self) -> None:
        if self.watch.is_cancelled():
            raise Cancelled

    def _frames(self, seconds: float) -> int:
        return max(1, round(seconds * float(self.rate)))
