"""A change makes exactly the newer release of the older one, or nothing that anybody takes for one."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.formats.change import apply_change, make_change
from catalog.formats.errors import BadFormat
from catalog.formats.hashing import canonical_json
from catalog.formats.release import Release
from catalog.formats.rungs import Rung
from tests.factories import make_lesson, make_media, make_release, make_track

LESSONS = tuple(make_lesson(make_media({Rung.FLOOR: make_track(seed=f"{n}")}, None), n) for n in range(1, 41))
OLDER = make_release(LESSONS)


def with_lessons(*lessons: Any) -> Release:
    """The next release of the course, with these lessons."""
    return OLDER.model_copy(update={"number": 2, "lessons": lessons})


def test_one_lesson_of_forty_is_a_small_part_of_the_document() -> None:
    other = LESSONS[6].model_copy(update={"media": make_media({Rung.FLOOR: make_track(seed="new")}, None)})
    newer = with_lessons(*LESSONS[:6], other, *LESSONS[7:]).encoded()
    change = make_change(OLDER.encoded(), newer)
    assert apply_change(OLDER.encoded(), change) == newer
    assert len(change) < len(newer) / 8


@given(st.lists(st.sampled_from(LESSONS), unique_by=lambda one: one.id), st.sets(st.integers(0, 39)), st.floats(0, 100))
def test_whatever_changes_the_newer_release_comes_out(kept: list[Any], renamed: set[int], vmaf: float) -> None:
    """Lessons taken out, put in another order, renamed; numbers as JSON writes them."""
    lessons = [one.model_copy(update={"title": f"{vmaf}"}) if n in renamed else one for n, one in enumerate(kept)]
    newer = with_lessons(*lessons).encoded()
    assert apply_change(OLDER.encoded(), make_change(OLDER.encoded(), newer)) == newer


def repeated() -> bytes:
    """Forty ids that are all the same: a way to make much of little."""
    return canonical_json({**json.loads(OLDER.encoded()), "lessons": [LESSONS[0].id] * 40})


@pytest.mark.parametrize(
    "change",
    [
        b"",
        b"[]",
        b"{}",
        b"\xff\xfe",
        b'{"lessons": 5}',
        b'{"lessons": ["01JDE0000000000000000NSUCH"]}',
        b'{"lessons": [["a"]], "x": NaN}',
        b"[" * 100_000,
        repeated(),
    ],
)
def test_what_does_not_fit_is_said_and_nothing_is_blown_up(change: bytes) -> None:
    with pytest.raises(BadFormat):
        apply_change(OLDER.encoded(), change)
