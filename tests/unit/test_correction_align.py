"""What was kept of a source, found in made-up samples: an edited copy of random pictures and sound, with noise."""

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from workers.pipeline.correction.align import TimeMap, align
from workers.pipeline.correction.levels import BANDS
from workers.pipeline.correction.samples import ArrayRows, Bytes, Samples
from workers.pipeline.correction.sampling import Sampling
from workers.pipeline.errors import Cancelled
from workers.pipeline.process import Watch

RATE = 8
"""Frames a second: few, so that the tests are fast. Twice the fine rate, so that frames fall between fine samples."""
WIDTH, HEIGHT = 32, 16


@dataclass
class Lesson:
    """Pictures (frames, fine bytes) at the rate, and levels a hundred times a second."""

    pictures: Bytes
    levels: Bytes

    @property
    def seconds(self) -> Fraction:
        return Fraction(len(self.pictures), RATE)

    def part(self, start: int, stop: int) -> "Lesson":
        """From one frame to another."""
        first, last = start * 100 // RATE, stop * 100 // RATE
        return Lesson(self.pictures[start:stop], self.levels[first:last])

    def samples(self, *, pictures: bool = True, sound: bool = True) -> Samples:
        frames = len(self.pictures)
        sampling = Sampling(
            width=WIDTH, height=HEIGHT, rate=Fraction(RATE), frames=frames, fine_rate=Fraction(4),
            fine_frames=-(-frames * 4 // RATE), samples=frames * 16_000 // RATE,
        )  # fmt: skip
        luma = self.pictures[:, : WIDTH * HEIGHT].reshape(frames, HEIGHT // 4, 4, WIDTH // 4, 4)
        coarse = luma.mean(axis=(2, 4)).round().astype(np.uint8).reshape(frames, -1)
        return Samples(
            sampling=sampling,
            coarse=ArrayRows(coarse) if pictures else None,
            fine=ArrayRows(self.pictures[:: RATE // 4]) if pictures else None,
            levels=self.levels if sound else None,
        )


def lesson(seconds: int, seed: int, still_s: int = 6) -> Lesson:
    """Slides that change every few seconds, a pointer that moves now and then, and speech."""
    random = np.random.default_rng(seed)
    frames = seconds * RATE
    size = WIDTH * HEIGHT * 9 // 8
    slides = random.integers(16, 235, (seconds // still_s + 1, size), dtype=np.uint8)
    pictures = slides[np.arange(frames) // (still_s * RATE)].copy()
    at = random.integers(0, WIDTH * HEIGHT, frames)
    moving = np.arange(frames) // RATE % 3 == 0
    pictures[np.arange(frames), np.where(moving, at, at[0])] = 255
    words = random.integers(60, 160, (seconds * 5 + 1, BANDS)).astype(np.uint8)
    return Lesson(pictures, np.repeat(words, 20, axis=0)[: seconds * 100])


def joined(*lessons: Lesson) -> Lesson:
    return Lesson(
        np.concatenate([part.pictures for part in lessons]), np.concatenate([part.levels for part in lessons])
    )


def exported(one: Lesson, seed: int = 1, noise: int = 2) -> Lesson:
    """As another encoder writes it: every value a little off."""
    random = np.random.default_rng(seed)

    def off(values: Bytes) -> Bytes:
        moved: NDArray[np.int16] = values + random.integers(-noise, noise + 1, values.shape, dtype=np.int16)
        return np.clip(moved, 0, 255).astype(np.uint8)

    return Lesson(off(one.pictures), off(one.levels))


def kept_seconds(found: TimeMap) -> float:
    return float(sum(stretch.seconds for stretch in found.both))


def test_a_new_export_is_kept_whole() -> None:
    old = lesson(60, 1)
    found = align(old.samples(), exported(old).samples())
    assert [tuple(map(float, (k.new_start, k.old_start, k.seconds, k.lag))) for k in found.both] == [(0, 0, 60, 0)]
    assert found.pictures == found.sound == found.both


def test_a_comparison_can_be_cancelled() -> None:
    heard: list[bool] = []

    def is_cancelled() -> bool:
        heard.append(True)
        return len(heard) == 3

    old = lesson(60, 1)
    with pytest.raises(Cancelled):
        align(old.samples(), exported(old).samples(), watch=Watch(is_cancelled=is_cancelled))
    assert len(heard) == 3


EDITS = st.lists(st.tuples(st.sampled_from(["cut", "insert", "replace"]), st.integers(16, 160)), min_size=1, max_size=3)


@settings(max_examples=10, deadline=None)
@given(EDITS, st.integers(0, 1000), st.data())
def test_edits_are_found_and_nothing_else(edits: list[tuple[str, int]], seed: int, data: st.DataObject) -> None:
    """Nothing kept is changed, and of what is the old lesson's, little is not kept."""
    old = lesson(120, seed)
    parts: list[Lesson] = []
    origin: list[NDArray[np.int64]] = []
    at, frames = 0, len(old.pictures)
    for number, (kind, length) in enumerate(edits):
        start = data.draw(st.integers(at + 15 * RATE, at + 20 * RATE))
        parts.append(old.part(start=at, stop=start))
        origin.append(np.arange(at, start))
        at = start
        if kind != "cut":
            parts.append(lesson(length // RATE + 1, seed + 7 + number).part(0, length))
            origin.append(np.full(length, -1))
        if kind != "insert":
            at += length
    parts.append(old.part(at, frames))
    origin.append(np.arange(at, frames))
    came_from = np.concatenate(origin)
    found = align(old.samples(), exported(joined(*parts)).samples())
    for stretch in found.both:
        first, last = int(stretch.new_start * RATE), int((stretch.new_start + stretch.seconds) * RATE)
        moved = int((stretch.old_start - stretch.new_start) * RATE)
        assert (np.abs(came_from[first:last] - np.arange(first, last) - moved) <= 1).all()
    ideal = float((came_from >= 0).sum() / RATE)
    assert kept_seconds(found) >= ideal - 3 * len(edits)
    for before, after in zip(found.both, found.both[1:], strict=False):
        assert after.new_start >= before.new_start + before.seconds
        assert after.old_start >= before.old_start + before.seconds


def test_one_cell_that_stands_for_a_second_is_a_change() -> None:
    old = lesson(60, 3, still_s=60)
    new = exported(old)
    new.pictures[30 * RATE : 31 * RATE, 77] ^= 64
    found = align(old.samples(), new.samples())
    assert not any(k.new_start < 31 and k.new_start + k.seconds > 30 for k in found.pictures)
    assert sum(k.seconds for k in found.pictures) > 56
    assert found.sound[0].seconds == 60, "the sound goes on"


def test_one_word_is_a_change_of_the_sound_alone() -> None:
    old = lesson(60, 4)
    new = exported(old)
    new.levels[3000:3030] = 110
    found = align(old.samples(), new.samples())
    assert not any(k.new_start < Fraction(303, 10) and k.new_start + k.seconds > 30 for k in found.sound)
    assert sum(k.seconds for k in found.sound) > 58
    assert [k.seconds for k in found.pictures] == [60]


@pytest.mark.parametrize("late", [-4, 3, 6])
def test_a_delay_of_the_sound_is_no_change(late: int) -> None:
    old = lesson(60, 5)
    new = exported(old)
    found = align(old.samples(), Lesson(new.pictures, np.roll(new.levels, late, axis=0)).samples())
    assert kept_seconds(found) > 59
    assert abs(found.both[0].lag * 100 - late) <= 1


def test_frames_that_come_one_early_or_late_are_no_change() -> None:
    old = lesson(60, 6, still_s=4)
    frames = np.arange(60 * RATE)
    jitter = np.clip(
        frames + np.random.default_rng(2).integers(-1, 2, len(frames)) * (frames % 5 == 0), 0, len(frames) - 1
    )
    found = align(old.samples(), exported(Lesson(old.pictures[jitter], old.levels)).samples())
    assert kept_seconds(found) == 60


def test_in_a_still_the_sound_says_where_it_was_cut() -> None:
    old = lesson(90, 8, still_s=90)
    new = joined(old.part(0, 30 * RATE), old.part(45 * RATE, 90 * RATE))
    new.pictures[:] = old.pictures[1 * RATE + 1]
    old.pictures[:] = old.pictures[1 * RATE + 1]
    found = align(old.samples(), exported(new).samples())
    assert [k.old_start - k.new_start for k in found.both] == [0, 15]
    assert kept_seconds(found) > 73


def test_a_still_without_sound_stays_where_it_is() -> None:
    old = lesson(60, 9, still_s=60)
    old.pictures[:] = old.pictures[0]
    found = align(old.samples(sound=False), exported(old).samples(sound=False))
    assert [tuple(map(float, (k.new_start, k.old_start, k.seconds))) for k in found.both] == [(0, 0, 60)]
    assert found.sound == ()


def test_pictures_alone_and_sound_alone() -> None:
    old = lesson(90, 10)
    new = exported(joined(old.part(0, 40 * RATE), old.part(50 * RATE + 3, 90 * RATE)))
    pictures = align(old.samples(sound=False), new.samples(sound=False))
    sound = align(old.samples(pictures=False), new.samples(pictures=False))
    assert [k.old_start - k.new_start for k in pictures.both] == [0, Fraction(83, RATE)]
    assert [k.old_start - k.new_start for k in sound.both] == [0, Fraction(83, RATE)]
    assert kept_seconds(pictures) > 75
    assert kept_seconds(sound) > 75
    assert pictures.sound == sound.pictures == ()


def test_another_lesson_has_nothing_in_common() -> None:
    assert align(lesson(60, 11).samples(), lesson(60, 12).samples()).both == ()


def test_a_track_that_came_or_went_is_a_change_of_both() -> None:
    old = lesson(30, 13)
    assert align(old.samples(), old.samples(sound=False)).both == ()
    assert align(old.samples(pictures=False), old.samples()).both == ()


def test_shorter_than_a_look() -> None:
    old = lesson(1, 14)
    assert kept_seconds(align(old.samples(), exported(old).samples())) == 1
