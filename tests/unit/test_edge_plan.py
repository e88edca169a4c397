"""The plan: every lesson's floor before any better rung, each thing once, runs that can be fetched in one range."""

from hypothesis import given
from hypothesis import strategies as st

from edge_cache.plan import FetchBlob, FetchIndex, FetchRun, LessonNeed, TrackNeed, plan

WHOLE = 1 << 40
sizes = st.integers(1, 5000)


@st.composite
def tracks(draw: st.DrawFn) -> TrackNeed:
    name = draw(st.text("abcdef", min_size=6, max_size=6))
    lengths = draw(st.lists(sizes, min_size=1, max_size=12))
    held = draw(st.sets(st.integers(0, len(lengths) - 1)))
    missing = tuple((n, length) for n, length in enumerate(lengths) if n not in held)
    return TrackNeed(name, 50, sum(lengths), draw(st.sampled_from([missing, None])))


lessons = st.builds(
    lambda name, rungs, floor, blobs: LessonNeed(
        name, tuple(map(tuple, rungs)), min(floor, len(rungs) - 1), tuple(blobs)
    ),
    st.text("xyz", min_size=5, max_size=5),
    st.lists(st.lists(tracks(), max_size=2), min_size=1, max_size=3),
    st.integers(0, 2),
    st.lists(st.tuples(st.text("0123", min_size=6, max_size=6), sizes), max_size=2),
)


@given(st.lists(lessons, max_size=5), st.integers(1, 9000))
def test_all_that_is_missing_is_fetched_once(needs: list[LessonNeed], run_bytes: int) -> None:
    steps = plan(needs, run_bytes, WHOLE)
    planned = [(s.index, n) for s in steps if isinstance(s, FetchRun) for n in range(s.first, s.first + s.count)]
    assert len(planned) == len(set(planned))
    first = {t.index: t for need in reversed(needs) for t in _ordered(need)}
    named = {t.index for need in needs for rung in need.rungs for t in rung}
    assert {index for index, _ in planned} | {s.digest for s in steps if isinstance(s, FetchIndex)} <= named
    for index in named:
        known = {t.missing for need in needs for rung in need.rungs for t in rung if t.index == index}
        if len(known) == 1:
            missing = first[index].missing
            assert sorted(n for i, n in planned if i == index) == [n for n, _ in missing or ()]
            assert (missing is None) == any(isinstance(s, FetchIndex) and s.digest == index for s in steps)


def _ordered(need: LessonNeed) -> list[TrackNeed]:
    return [t for rung in need.rungs for t in rung]


@given(st.lists(lessons, max_size=5), st.integers(1, 9000))
def test_a_run_is_short_and_without_gaps(needs: list[LessonNeed], run_bytes: int) -> None:
    lengths = {(t.index, t.missing): dict(t.missing or ()) for need in needs for rung in need.rungs for t in rung}
    for step in plan(needs, run_bytes, WHOLE):
        if isinstance(step, FetchRun):
            assert step.count == 1 or step.length <= run_bytes
            assert any(
                index == step.index
                and sum(rows.get(n, -1) for n in range(step.first, step.first + step.count)) == step.length
                for (index, _), rows in lengths.items()
            )


def track(name: str, length: int = 100, *, known: bool = True) -> TrackNeed:
    return TrackNeed(name, 10, length, ((0, length),) if known else None)


def test_every_floor_comes_before_any_better_rung() -> None:
    needs = [LessonNeed(n, ((track(f"{n}-floor"), track(f"{n}-sound")), (track(f"{n}-best"),)), 0) for n in "ab"]
    order = [step.index for step in plan(needs, 1000, WHOLE) if isinstance(step, FetchRun)]
    assert order == ["a-floor", "a-sound", "b-floor", "b-sound", "a-best", "b-best"]


def test_words_and_posters_come_with_their_lesson() -> None:
    needs = [LessonNeed("a", ((track("floor"),),), 0, (("words", 5),))]
    assert plan(needs, 1000, WHOLE) == [FetchBlob("words", 5), FetchRun("floor", 0, 1, 100)]


def test_a_track_that_lessons_share_is_fetched_once() -> None:
    needs = [LessonNeed(n, ((track("shared"),),), 0) for n in "ab"]
    assert plan(needs, 1000, WHOLE) == [FetchRun("shared", 0, 1, 100)]


def test_the_plan_ends_at_its_horizon_and_counts_unknown_tracks_whole() -> None:
    needs = [LessonNeed(n, ((track(n, 600, known=False),),), 0) for n in "abcd"]
    assert plan(needs, 1000, 1000) == [FetchIndex("a", 10), FetchIndex("b", 10)]


def test_nothing_missing_is_nothing_to_do() -> None:
    assert plan([LessonNeed("a", ((),), 0)], 1000, WHOLE) == []
    assert plan([], 1000, WHOLE) == []
