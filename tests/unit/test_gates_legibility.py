"""What is still read, by what an OCR read in the source."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.pipeline.gates.legibility import (
    LEAST_CHARACTERS,
    Legibility,
    TextRegion,
    combine,
    compare,
    distance,
    normalised,
)


def region(text: str, height: float = 36.0, score: float = 0.99) -> TextRegion:
    box = ((0.0, 0.0), (500.0, 0.0), (500.0, height), (0.0, height))
    return TextRegion(box=box, text=text, score=score, height_px=height)


TITLE, SMALL = region("第三单元 一元二次方程与应用", 52), region("第 1 页 / 共 5 页  乡村远程课堂 初中二年级", 26)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ａｘ² ＋ ｂｘ", "ax2+bx"),
        ("第 1 页", "第1页"),
        ("二氧化碳、水", "二氧化碳，水"),
        ("乡村•课堂", "乡村·课堂"),
        ("b² − 4ac", "b²—4ac"),
        ("∴ X", "∴x"),
    ],
)
def test_what_says_the_same_is_the_same(one: str, other: str) -> None:
    assert normalised(one) == normalised(other)


def test_what_says_something_else_is_not() -> None:
    assert normalised("x = 2") != normalised("x = 3")
    assert normalised("5x + 6") != normalised("5x − 6")


@pytest.mark.parametrize(
    ("one", "other", "far"), [("", "", 0), ("", "abc", 3), ("光反应", "光反映", 1), ("kitten", "sitting", 3)]
)
def test_a_distance(one: str, other: str, far: int) -> None:
    assert distance(one, other) == distance(other, one) == far


@given(st.text(max_size=12), st.text(max_size=12), st.text(max_size=12))
def test_a_distance_is_one(a: str, b: str, c: str) -> None:
    assert (distance(a, b) == 0) == (a == b)
    assert distance(a, c) <= distance(a, b) + distance(b, c)
    assert abs(len(a) - len(b)) <= distance(a, b) <= max(len(a), len(b))


def test_all_read_alike_is_one() -> None:
    found = compare([TITLE, SMALL], [TITLE.text, SMALL.text])
    assert found == Legibility(characters=31, errors=0, small_characters=31, small_errors=0, smallest_px=26.0)
    assert found.share == 1.0


def test_the_smallest_text_decides() -> None:
    large = [region("光反应：水的光解，产生氧气和还原氢" * 3, 40 + n) for n in range(4)]
    small = region("影响因素：光照强度、温度、二氧化碳浓度；实验：用碘液检验淀粉的产生，并且写下来给老师看", 14)
    found = compare([*large, small], [*(one.text for one in large), "影响"])
    assert found is not None
    assert found.small_characters == len(normalised(small.text))
    assert found.errors / found.characters < 0.2
    assert found.share == pytest.approx(2 / found.small_characters)
    assert found.smallest_px == 14


def test_what_was_not_read_well_in_the_source_does_not_count() -> None:
    unsure, bullet = region("叶子的影子在墙上", score=0.6), region("_")
    found = compare([TITLE, unsure, bullet], [TITLE.text, "", "x"])
    assert found is not None
    assert (found.errors, found.characters) == (0, len(normalised(TITLE.text)))


def test_pictures_without_text_have_no_legibility() -> None:
    assert compare([], []) is None
    assert compare([region("出口")], ["出口"]) is None
    assert compare([region("叶子的影子在墙上和地上晃动着的样子", score=0.5)], [""]) is None
    with pytest.raises(ValueError, match="argument"):
        compare([TITLE], [])


def test_a_reading_longer_than_the_text_costs_no_more_than_the_text() -> None:
    found = compare([TITLE], ["无" * 500])
    assert found is not None
    assert found.share == 0.0


def test_stills_are_summed_up() -> None:
    one = compare([TITLE], [TITLE.text])
    two = compare([SMALL], [SMALL.text[:-2]])
    both = combine([one, None, two])
    assert both is not None
    assert (both.characters, both.errors, both.smallest_px) == (31, 2, 26.0)
    assert combine([None]) is None


TEXTS = st.text("光合作用的过程abcxyz0123", min_size=2, max_size=20)


@given(st.lists(st.tuples(TEXTS, TEXTS, st.floats(8, 80)), max_size=8))
def test_a_share_is_a_share(lines: Sequence[tuple[str, str, float]]) -> None:
    found = compare([region(text, height) for text, _, height in lines], [read for _, read, _ in lines])
    if found is None:
        assert sum(len(text) for text, _, _ in lines) < LEAST_CHARACTERS
    else:
        assert 0 <= found.share <= 1
        assert found.small_errors <= found.errors <= found.characters
        assert found.small_characters <= found.characters
