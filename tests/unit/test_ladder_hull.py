"""The hull of a lesson's tries, the rungs on it, and what a budget takes away: pure, so properties say what holds."""

from fractions import Fraction
from itertools import pairwise
from math import log

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.formats.rungs import Rung, Tier
from catalog.jobs.schemas import Budget
from workers.pipeline.ladder.choose import AIMS, WORTH_BITS, WORTH_VMAF, Step, choose_steps, fit_budget, lost_to_source
from workers.pipeline.ladder.hull import BEYOND, Point, Try, cheapest_reaching, curve, hull
from workers.pipeline.ladder.shapes import Shape
from workers.pipeline.ladder.sounds import WINDOW_S as VOICE_S
from workers.pipeline.ladder.sounds import WINDOWS, fewest, voice_windows
from workers.pipeline.ladder.windows import LEAST, MOST, WINDOW_S, choose_windows
from workers.pipeline.recipe import Denoise

SHAPE = Shape(width=640, height=360, rate=Fraction(5), denoise=Denoise.NONE, screen=True)


def point(bits_per_s: float, vmaf: float, crf: int = 40) -> Point:
    return Point(SHAPE, crf, bits_per_s, vmaf)


POINTS = st.lists(
    st.builds(point, st.floats(500, 5_000_000), st.floats(0, 100), st.integers(0, 63)), min_size=1, max_size=40
)


@given(POINTS)
@settings(deadline=None)
def test_a_hull_rises_is_convex_and_nothing_shows_more_for_the_same_bits(points: list[Point]) -> None:
    kept = hull(points)
    assert kept
    assert set(kept) <= set(points)
    for a, b in pairwise(kept):
        assert a.bits_per_s <= b.bits_per_s
        assert a.vmaf < b.vmaf
    for a, b, c in zip(kept, kept[1:], kept[2:], strict=False):
        steps = (log(b.bits_per_s) - log(a.bits_per_s), log(c.bits_per_s) - log(b.bits_per_s))
        if min(steps) > 1e-6:  # nearer to each other their logarithms are rounding
            assert (c.vmaf - b.vmaf) / steps[1] <= (b.vmaf - a.vmaf) / steps[0] * 1.001
    for one in points:
        assert not any(one.bits_per_s < k.bits_per_s and one.vmaf > k.vmaf for k in kept[:1])
        assert one.vmaf <= max(k.vmaf for k in kept)


@given(POINTS, st.floats(0, 100))
@settings(deadline=None)
def test_the_cheapest_that_reaches_an_aim(points: list[Point], aim: float) -> None:
    kept = hull(points)
    found = cheapest_reaching(kept, aim)
    assert found.vmaf >= aim or found == kept[-1]
    assert all(other.vmaf < aim for other in kept[: kept.index(found)])


@given(POINTS, st.floats(100, 6_000_000))
@settings(deadline=None)
def test_rungs_rise_are_worth_their_bits_and_never_larger_than_the_source(points: list[Point], source: float) -> None:
    kept = hull(points)
    steps = choose_steps(kept, source)
    assert steps[0].rung is Rung.FLOOR
    assert [s.rung for s in steps] == sorted((s.rung for s in steps), key=lambda r: r.height_on_ladder)
    for below, above in pairwise(steps):
        assert above.point.bits_per_s >= WORTH_BITS * below.point.bits_per_s
        assert above.point.vmaf >= below.point.vmaf + WORTH_VMAF
    for step in steps:
        assert step.point.bits_per_s < source or step.point == kept[0]


@given(POINTS, st.floats(1, 6_000_000))
@settings(deadline=None)
def test_a_budget_is_kept_unless_the_floor_alone_is_more(points: list[Point], budget: float) -> None:
    kept = hull(points)
    steps = choose_steps(kept, 1e9)
    fitted, given_up = fit_budget(Tier.MODERN, kept, steps, budget)
    cost = sum(step.point.bits_per_s for step in fitted)
    assert cost <= budget * (1 + 1e-9) or fitted == steps[:1]
    assert fitted[0] == steps[0], "with less, a floor would not pass its gate"
    assert {lost.rung for lost in given_up} == {s.rung for s in steps} - {s.rung for s in fitted}
    for before, after in zip(steps, fitted, strict=False):
        assert before.rung is after.rung
        assert after.point.vmaf >= before.point.vmaf, "what is left over is spent, and nothing is made worse"
    for lost in given_up:
        assert (lost.why, lost.tier, lost.instead) == ("budget", Tier.MODERN, None)


def test_a_budget_that_holds_all_takes_nothing() -> None:
    kept = [point(10_000, 86), point(40_000, 93), point(120_000, 97)]
    steps = choose_steps(kept, 1e9)
    assert [step.rung for step in steps] == list(AIMS)
    assert fit_budget(Tier.COMPATIBLE, kept, steps, 170_000) == (steps, [])
    fitted, given_up = fit_budget(Tier.COMPATIBLE, kept, steps, 60_000)
    assert fitted == steps[:2]
    assert [lost.rung for lost in given_up] == [Rung.BEST]
    fitted, given_up = fit_budget(Tier.COMPATIBLE, kept, steps, 5_000)
    assert fitted == steps[:1]
    assert [lost.rung for lost in given_up] == [Rung.BEST, Rung.CLEAR]


def test_what_a_lost_rung_leaves_makes_the_one_below_better() -> None:
    kept = [point(10_000, 86), point(40_000, 93), point(80_000, 95), point(120_000, 97)]
    steps = choose_steps(kept, 1e9)
    fitted, _ = fit_budget(Tier.COMPATIBLE, kept, steps, 100_000)
    assert fitted == [steps[0], Step(Rung.CLEAR, kept[2])]
    fitted, _ = fit_budget(Tier.COMPATIBLE, kept, steps, 169_000)
    assert fitted == [steps[0], Step(Rung.CLEAR, kept[3])], "no better than the one that was lost"


def test_what_a_small_source_takes_away_is_said() -> None:
    kept = [point(10_000, 86), point(40_000, 93), point(120_000, 97)]
    steps = choose_steps(kept, 60_000)
    assert [step.rung for step in steps] == [Rung.FLOOR, Rung.CLEAR]
    (lost,) = lost_to_source(Tier.MODERN, kept, steps)
    assert (lost.rung, lost.why, lost.vmaf, lost.instead) == (Rung.BEST, "source", 97, None)
    assert lost_to_source(Tier.MODERN, kept, choose_steps(kept, 1e9)) == []


def test_a_curve_goes_through_its_tries() -> None:
    tries = [Try(SHAPE, 45, 30_000, 92.0), Try(SHAPE, 60, 10_000, 80.0)]
    found = {p.crf: p for p in curve(tries, 63)}
    assert (min(found), max(found)) == (45 - BEYOND, min(63, 60 + BEYOND))
    for each in tries:
        assert found[each.crf].bits_per_s == pytest.approx(each.bits_per_s)
        assert found[each.crf].vmaf == pytest.approx(each.vmaf)
    assert found[52].bits_per_s < found[51].bits_per_s
    assert curve(tries[:1], 63) == [Point(SHAPE, 45, 30_000, 92.0)]
    with pytest.raises(ValueError, match="one shape"):
        curve([tries[0], Try(SHAPE.model_copy(update={"width": 320}), 60, 1.0, 1.0)], 63)


@given(st.floats(0.04, 25_000), st.lists(st.floats(0, 100), max_size=300))
@settings(deadline=None)
def test_windows_lie_within_the_lesson_apart_from_each_other(duration: float, activity: list[float]) -> None:
    starts = choose_windows(duration, activity)
    assert starts[0] >= 0
    if len(starts) == 1:
        assert starts == (0.0,)
        return
    assert LEAST <= len(starts) <= MOST
    assert all(b - a >= WINDOW_S - 0.002 for a, b in pairwise(starts))
    assert starts[-1] + WINDOW_S <= duration + 0.002


def test_a_window_lies_where_the_most_happens() -> None:
    activity = [0.0] * 300
    activity[41:45] = [9.0] * 4
    assert choose_windows(300.0, activity)[0] == 41.0


@given(st.floats(0.04, 20_000), st.lists(st.tuples(st.floats(0, 20_000), st.floats(0, 100)), max_size=20))
@settings(deadline=None)
def test_voices_are_heard_within_the_lesson(duration: float, silent: list[tuple[float, float]]) -> None:
    starts = voice_windows(duration, [(start, start + long) for start, long in silent])
    assert len(starts) in (1, WINDOWS)
    assert starts[0] >= 0
    assert all(b - a >= VOICE_S - 1e-6 for a, b in pairwise(starts))
    assert len(starts) == 1 or starts[-1] + VOICE_S <= duration + 1e-6


@given(st.lists(st.integers(1, 100), unique=True).map(sorted), st.integers(0, 101))
def test_the_fewest_bits_that_are_clear_are_found_by_halves(candidates: list[int], least: int) -> None:
    asked = []

    def is_clear(bits: int) -> bool:
        asked.append(bits)
        return bits >= least

    assert fewest(candidates, is_clear) == next((bits for bits in candidates if bits >= least), None)
    assert len(asked) <= len(candidates).bit_length()


def test_a_voice_is_heard_where_it_speaks() -> None:
    (first, *_) = voice_windows(300.0, [(0.0, 50.0)])
    assert first >= 44


@given(st.floats(1, 1e5), st.integers(0, 50), st.floats(1, 1e4), st.integers(0, 50))
def test_the_shares_of_a_course_add_up_to_its_budget(seconds: float, known: int, mean: float, unknown: int) -> None:
    budget = Budget(course_bytes=10**9, known=known, known_s=known * mean, unknown=unknown)
    share = budget.share(seconds)
    assert 0 < share <= 10**9 * (1 + 1e-9)
    if unknown == 0:
        others = share / seconds * budget.known_s
        assert share + others == pytest.approx(10**9)


@given(st.floats(1, 1e5), st.integers(0, 10**10))
def test_what_stands_beside_the_tracks_is_paid_first(seconds: float, beside: int) -> None:
    budget = Budget(course_bytes=10**9)
    tracks = budget.bits_per_s(seconds, beside) / 8 * seconds
    assert tracks == pytest.approx(max(0, 10**9 - beside), rel=1e-9, abs=1e-3)
