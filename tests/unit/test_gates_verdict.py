"""Verdicts on renditions, and which CRF is tried next."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.formats.rungs import WATCHABLE, Rung
from workers.pipeline.gates.verdict import (
    GATES,
    OF_PICTURES,
    SVT_AV1_SLOPE,
    X264_SLOPE,
    Measure,
    Measures,
    Try,
    Verdict,
    judge,
    next_step,
    spare_step,
)

FLOOR = GATES[Rung.FLOOR]


def measured(mean: float | None, p5: float | None, legibility: float | None = None) -> Measures:
    return Measures(vmaf_mean=mean, vmaf_p5=p5, vmaf_min=p5, legibility=legibility)


def tried(crf: int, mean: float, p5: float = 90.0, legibility: float | None = None) -> Try:
    return Try(crf=crf, verdict=judge(measured(mean, p5, legibility), FLOOR))


def test_every_rung_with_pictures_has_a_gate_and_asks_more_than_the_one_below() -> None:
    assert set(GATES) == set(WATCHABLE)
    for lower, higher in pairwise(WATCHABLE):
        assert all(GATES[lower].threshold(measure) < GATES[higher].threshold(measure) for measure in OF_PICTURES)


def test_what_reaches_its_thresholds_passes_with_the_room_that_is_left() -> None:
    verdict = judge(measured(85.5, 70.2, 0.96), FLOOR)
    assert verdict == Verdict(passed=True, why=(), headroom=0.2, limited=())


def test_what_falls_short_is_named_with_what_was_asked_worst_first() -> None:
    verdict = judge(measured(83.0, 60.0, 0.70), FLOOR)
    assert not verdict.passed
    assert [(short.measure, short.reached, short.asked) for short in verdict.why] == [
        (Measure.LEGIBILITY, 0.70, 0.95),
        (Measure.VMAF_P5, 60.0, 70.0),
        (Measure.VMAF_MEAN, 83.0, 84.0),
    ]
    assert verdict.headroom == -10.0


def test_what_the_source_has_not_cannot_fail() -> None:
    assert judge(measured(None, None), FLOOR) == Verdict(passed=True, why=(), headroom=None, limited=())
    assert judge(measured(95, 95, None), GATES[Rung.BEST]).passed


def test_a_source_that_cannot_reach_a_threshold_is_judged_by_what_it_can() -> None:
    """Grain that is taken out before encoding: nothing reaches 95."""
    ceiling = measured(92.0, 85.0, 0.975)
    best = judge(measured(90.5, 81.5, 0.97), GATES[Rung.BEST], ceiling)
    assert best.passed
    assert best.limited == (Measure.VMAF_MEAN, Measure.VMAF_P5, Measure.LEGIBILITY)
    short = judge(measured(89.0, 81.5, 0.97), GATES[Rung.BEST], ceiling)
    assert [(why.measure, why.asked, why.limited) for why in short.why] == [(Measure.VMAF_MEAN, 90.0, True)]
    assert not judge(measured(83.0, 75.0, 0.97), FLOOR, ceiling).passed  # the floor is within its reach


MEASURED = st.builds(measured, st.floats(0, 100), st.floats(0, 100), st.none() | st.floats(0, 1))


@given(MEASURED, MEASURED, st.sampled_from(WATCHABLE))
def test_a_ceiling_only_ever_helps_and_the_ceiling_itself_passes(
    found: Measures, ceiling: Measures, rung: Rung
) -> None:
    alone, helped = judge(found, GATES[rung]), judge(found, GATES[rung], ceiling)
    assert helped.passed or not alone.passed
    assert alone.passed == (not alone.why)
    assert alone.limited == ()
    assert judge(ceiling, GATES[rung], ceiling).passed


def test_the_first_step_is_by_the_usual_slope_and_the_next_by_the_contents_own() -> None:
    assert next_step([tried(34, 81.3)], X264_SLOPE) == 3
    assert next_step([tried(50, 81.3)], SVT_AV1_SLOPE) == 6
    assert next_step([tried(34, 81.3), tried(31, 82.8)], X264_SLOPE) == 3  # half a point a step
    assert next_step([tried(34, 60.0)], X264_SLOPE) == X264_SLOPE.most
    assert next_step([tried(18, 60.0)], X264_SLOPE) == 2
    assert next_step([tried(30, 85.0)], X264_SLOPE) == 0


def test_where_lower_would_not_help_none_is_tried() -> None:
    assert next_step([tried(16, 60.0)], X264_SLOPE) is None
    assert next_step([tried(34, 81.0), tried(30, 81.1)], X264_SLOPE) is None
    unread = [tried(34, 90.0, legibility=0.8), tried(31, 91.0, legibility=0.85)]
    assert next_step(unread[:1], X264_SLOPE) == 3
    assert next_step(unread, X264_SLOPE) is None  # the size is too small
    with pytest.raises(ValueError, match="nothing was tried"):
        next_step([], X264_SLOPE)


@given(st.lists(st.tuples(st.integers(0, 63), st.floats(0, 100), st.floats(0, 100)), min_size=1, max_size=4))
def test_a_step_is_down_and_stays_in_bounds(found: list[tuple[int, float, float]]) -> None:
    step = next_step([tried(*one) for one in found], SVT_AV1_SLOPE)
    if step is not None:
        assert 0 <= step <= SVT_AV1_SLOPE.most
        assert step == 0 or found[-1][0] - step >= SVT_AV1_SLOPE.lowest


def test_what_is_to_spare_is_given_back_to_a_point() -> None:
    assert spare_step(tried(34, 84.5), None, X264_SLOPE) == 0
    assert spare_step(tried(34, 91.0), None, X264_SLOPE) == 6
    assert spare_step(tried(47, 99.0), None, X264_SLOPE) == 2
    assert spare_step(tried(63, 99.0), None, SVT_AV1_SLOPE) == 0
    assert spare_step(tried(30, 90.0), tried(38, 80.0), X264_SLOPE) == 4
    assert spare_step(tried(30, 90.0), tried(34, 80.0), X264_SLOPE) == 0, "they are near enough"
    unread = tried(38, 88.0, legibility=0.5)
    assert spare_step(tried(30, 90.0), unread, X264_SLOPE) == 4
    assert spare_step(Try(crf=30, verdict=judge(measured(None, None), FLOOR)), None, X264_SLOPE) == 0
