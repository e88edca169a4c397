"""The plan: every lesson's floor before any better rung, each thing once, runs that can be fetched in one range."""

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from edge_cache.steps import (
    AHEAD_BYTES,
    FetchBlob,
    FetchIndex,
    FetchRun,
    LessonNeed,
    RungNeed,
    TrackNeed,
    lacks,
    steps_for,
)

WHOLE = 1 << 40
sizes = st.integers(1, 5000)


@st.composite
def tracks(draw: st.DrawFn) -> TrackNeed:
    name = f"t{draw(st.integers(0, 400))}"
    lengths = draw(st.lists(sizes, min_size=1, max_size=6))
    held = draw(st.sets(st.integers(0, len(lengths) - 1)))
    missing = tuple((n, length) for n, length in enumerate(lengths) if n not in held)
    return TrackNeed(name, 50, sum(lengths), draw(st.sampled_from([missing, None])))


rungs = st.builds(
    RungNeed, st.integers(0, 3), st.booleans(), st.lists(tracks(), max_size=2).map(lambda found: tuple(found))
)
blobs = st.lists(st.integers(0, 400).map(lambda n: (str(n), 1 + n * 7)), max_size=2).map(lambda found: tuple(found))
lessons = st.builds(
    LessonNeed,
    st.just("lesson"),
    st.lists(rungs, min_size=1, max_size=3).map(lambda found: tuple(found)),
    blobs,
    blobs,
    blobs,
)


@given(st.lists(lessons, max_size=4), st.integers(1, 9000))
@settings(deadline=None)
def test_all_that_is_missing_is_fetched_once(needs: list[LessonNeed], run_bytes: int) -> None:
    assume(_are_one_thing_each(needs))
    steps = steps_for(needs, run_bytes, WHOLE)
    planned = [(s.index, n) for s in steps if isinstance(s, FetchRun) for n in range(s.first, s.first + s.count)]
    assert len(planned) == len(set(planned))
    asks = any(isinstance(step, FetchIndex) for step in steps)
    first = {t.index: t for need in reversed(needs) for t in _ordered(need)}
    named = {t.index for need in needs for rung in need.rungs for t in rung.tracks}
    assert {index for index, _ in planned} | {s.digest for s in steps if isinstance(s, FetchIndex)} <= named
    for index in named:
        known = {t.missing for need in needs for rung in need.rungs for t in rung.tracks if t.index == index}
        if len(known) == 1:
            missing = first[index].missing
            runs = sorted(n for i, n in planned if i == index)
            assert runs == [n for n, _ in missing or ()] or (not runs and asks)
            if not asks:
                assert missing is not None


def _are_one_thing_each(needs: list[LessonNeed]) -> bool:
    """Whether no digest stands for two different tracks, which cannot be."""
    tracks = {track for need in needs for track in _ordered(need)}
    return len({track.index for track in tracks}) == len(tracks)


def _ordered(need: LessonNeed) -> list[TrackNeed]:
    return [t for rung in need.rungs for t in rung.tracks]


@given(st.lists(lessons, max_size=4), st.integers(1, 9000))
def test_a_run_is_short_and_without_gaps(needs: list[LessonNeed], run_bytes: int) -> None:
    lengths = {
        (t.index, t.missing): dict(t.missing or ()) for need in needs for rung in need.rungs for t in rung.tracks
    }
    for step in steps_for(needs, run_bytes, WHOLE):
        if isinstance(step, FetchRun):
            assert step.count == 1 or step.length <= run_bytes
            assert any(
                index == step.index
                and sum(rows.get(n, -1) for n in range(step.first, step.first + step.count)) == step.length
                for (index, _), rows in lengths.items()
            )


def track(name: str, length: int = 100, *, known: bool = True) -> TrackNeed:
    return TrackNeed(name, 10, length, ((0, length),) if known else None)


def rung(height: int, *found: TrackNeed, floor: bool = False) -> RungNeed:
    return RungNeed(height, floor, found)


def test_every_floor_comes_before_any_better_rung() -> None:
    needs = [
        LessonNeed(n, (rung(1, track(f"{n}-sound"), track(f"{n}-floor"), floor=True), rung(3, track(f"{n}-best"))))
        for n in "ab"
    ]
    order = [step.index for step in steps_for(needs, 1000, WHOLE) if isinstance(step, FetchRun)]
    assert order == ["a-sound", "a-floor", "b-sound", "b-floor", "a-best", "b-best"]


def test_words_then_the_first_tiers_floor_then_the_others_then_stills_then_files_then_better_rungs() -> None:
    needs = [
        LessonNeed(
            n,
            (
                rung(0, track(f"{n}-sound")),
                rung(1, track(f"{n}-floor"), floor=True),
                rung(1, track(f"{n}-modern"), floor=True),
                rung(2, track(f"{n}-clear")),
                rung(3, track(f"{n}-best")),
            ),
            ((f"{n}-words", 5),),
            ((f"{n}-still", 5),),
            ((f"{n}-file", 5),),
        )
        for n in "ab"
    ]
    names = [step.index if isinstance(step, FetchRun) else step.digest for step in steps_for(needs, 1000, WHOLE)]
    assert names == [
        *("a-words", "a-floor", "b-words", "b-floor"),
        *("a-modern", "b-modern"),
        *("a-still", "b-still"),
        *("a-file", "b-file"),
        *("a-sound", "b-sound", "a-clear", "b-clear", "a-best", "b-best"),
    ]


def test_a_track_that_lessons_share_is_fetched_once() -> None:
    needs = [LessonNeed(n, (rung(1, track("shared"), floor=True),)) for n in "ab"]
    assert steps_for(needs, 1000, WHOLE) == [FetchRun("shared", 0, 1, 100)]


def test_the_plan_ends_at_its_horizon_and_counts_unknown_tracks_whole() -> None:
    needs = [LessonNeed(n, (rung(1, track(n, 600, known=False), floor=True),)) for n in "abcd"]
    assert steps_for(needs, 1000, 1000) == [FetchIndex("a", 10), FetchIndex("b", 10)]


def test_what_an_index_will_name_comes_before_what_is_less_urgent() -> None:
    need = LessonNeed(
        "a",
        (rung(1, track("floor", known=False), floor=True), rung(3, track("best"))),
        (("words", 5),),
        (("still", 5),),
    )
    assert steps_for([need], 1000, WHOLE) == [FetchIndex("floor", 10), FetchBlob("words", 5)]


def test_an_index_is_fetched_before_what_stands_before_it_runs_out() -> None:
    long, known = track("long", 3 * AHEAD_BYTES), track("known", AHEAD_BYTES)
    needs = [LessonNeed(t.index, (rung(1, t, floor=True),)) for t in (long, known, track("unknown", known=False))]
    steps = steps_for(needs, AHEAD_BYTES, 8 * AHEAD_BYTES)
    assert [step for step in steps if isinstance(step, FetchIndex)] == [FetchIndex("unknown", 10)]
    place = next(n for n, step in enumerate(steps) if isinstance(step, FetchIndex))
    assert sum(step.length for step in steps[place + 1 :]) == AHEAD_BYTES


def test_nothing_waits_for_an_index_that_could_not_be_fetched() -> None:
    lost = TrackNeed("lost", 10, 100, None, doubtful=True)
    need = LessonNeed("a", (rung(1, lost, floor=True), rung(3, track("best"))), (), (("still", 5),))
    assert steps_for([need], 1000, WHOLE) == [
        FetchIndex("lost", 10),
        FetchBlob("still", 5),
        FetchRun("best", 0, 1, 100),
    ]


def test_nothing_missing_is_nothing_to_do() -> None:
    assert steps_for([LessonNeed("a", (rung(1, floor=True),))], 1000, WHOLE) == []
    assert steps_for([], 1000, WHOLE) == []


@given(st.lists(lessons, max_size=4), st.integers(1, 9000), st.integers(0, 40_000))
@settings(deadline=None)
def test_nothing_is_begun_that_does_not_wholly_fit_and_nothing_takes_its_room(
    needs: list[LessonNeed], run_bytes: int, room: int
) -> None:
    assume(_are_one_thing_each(needs))
    whole, fitting = steps_for(needs, run_bytes, WHOLE), steps_for(needs, run_bytes, WHOLE, room)
    assert fitting == [step for step in whole if step in fitting]
    assert sum(step.length for step in fitting if not isinstance(step, FetchIndex)) <= room
    assert steps_for(needs, run_bytes, WHOLE, sum(sum(lacks(need).values()) for need in needs)) == whole
    begun = {step.index for step in fitting if isinstance(step, FetchRun)}
    left_out = {step.index for step in whole if isinstance(step, FetchRun) and step not in fitting}
    assert not begun & left_out


@given(lessons, st.integers(1, 9000))
def test_whatever_is_fetched_for_a_lesson_is_among_what_it_lacks(need: LessonNeed, run_bytes: int) -> None:
    assume(_are_one_thing_each([need]))
    steps = steps_for([need], run_bytes, WHOLE)
    asked = {step.index if isinstance(step, FetchRun) else step.digest for step in steps}
    assert asked <= lacks(need).keys()
    if not any(isinstance(step, FetchIndex) for step in steps):
        assert asked == {name for name, length in lacks(need).items() if length}
