"""The planner's rules, whatever it is given: disk, deadlines before quality, what is never evicted, more line."""

import random
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge_cache.planner.given import DAY, HOUR, Disk, Due, Foreseen, Given, Lesson, Line, Policy, Track, Window, Wish
from edge_cache.planner.given import rendition as made
from edge_cache.planner.plan import next_steps, plan
from edge_cache.planner.result import Gone, Plan, Reason, State, Why

NOW = 1_789_000_000.0
WORTH = {"floor": 0.7, "clear": 0.9, "best": 1.0}
MILLION = 1_000_000
SIZES = {"floor": 20, "clear": 40, "best": 108}
WHOLE_DAY = Line(rate=100_000.0, busy_s=DAY, watched_s=30 * DAY, up=(1.0,) * 24)
relaxed = settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.too_slow])


def lesson(name: str, *, held: float | str = 0.0, factor: float = 1.0, played_at: float | None = None) -> Lesson:
    """A lesson of 20, 40 and 108 MB; `held` names the best rung that is here, or is the part of the floor that is."""
    lengths = {"floor": int(20 * MILLION * factor), "clear": int(40 * MILLION * factor)}
    lengths["best"] = int(108 * MILLION * factor)
    rungs = []
    for rung, length in lengths.items():
        share = held if isinstance(held, float) and rung == "floor" else float(rung == held)
        rungs.append(made(rung, WORTH[rung], (Track(f"{name}-{rung}", length, length - int(length * share)),)))
    return Lesson(name, "course", 0, tuple(rungs), played_at=played_at)


@st.composite
def nodes(draw: st.DrawFn) -> Given:
    """A node with some lessons, in some state, some of them due or foreseen."""
    names = [f"l{n}" for n in range(draw(st.integers(1, 12)))]
    held: st.SearchStrategy[float | str] = st.sampled_from([0.0, 0.0, 0.5, "floor", "clear", "best"])
    lessons = {
        name: lesson(
            name,
            held=draw(held),
            factor=draw(st.floats(0.5, 1.5)),
            played_at=draw(st.sampled_from([None, NOW - DAY, NOW - 20 * DAY])),
        )
        for name in names
    }
    bells = st.floats(60, 8 * DAY).map(lambda s: NOW + s)
    due = [Due(draw(st.sampled_from(names)), "3.1", draw(bells)) for _ in range(draw(st.integers(0, 8)))]
    foreseen = [
        Foreseen(draw(st.sampled_from(names)), draw(bells), draw(st.floats(0.1, 1)))
        for _ in range(draw(st.integers(0, 4)))
    ]
    wishes = draw(st.dictionaries(st.sampled_from(names), st.sampled_from(list(Wish)), max_size=2))
    line = Line(rate=draw(st.floats(1000, 1e6)), up=(draw(st.floats(0, 1)),) * 24)
    return Given(
        NOW, lessons, due, foreseen, [(name, 0.3) for name in names], line, Disk(draw(st.integers(0, 10**9))),
        Policy((Window(frozenset(range(5)), 8 * HOUR, 17 * HOUR, draw(st.floats(0, 1))),)), wishes,
    )  # fmt: skip


def used(node: Given) -> set[str]:
    return {due.lesson for due in node.due if due.bell > NOW} | {one.lesson for one in node.foreseen}


@given(nodes())
@relaxed
def test_the_same_input_gives_the_same_plan(node: Given) -> None:
    assert plan(node) == plan(node)
    assert replace(plan(node), forecast=()) == next_steps(node)


@given(nodes())
@relaxed
def test_a_plan_fits_on_the_disk(node: Given) -> None:
    made_plan = plan(node, horizon_bytes=float("inf"))
    assert sum(s.length for s in made_plan.steps) <= node.disk.free + sum(e.length for e in made_plan.evictions)


@given(nodes())
@relaxed
def test_each_step_fetches_what_its_rung_lacks_and_no_lesson_twice(node: Given) -> None:
    steps = plan(node, horizon_bytes=float("inf")).steps
    assert len({s.lesson for s in steps}) == len(steps)
    for step in steps:
        rung = next(r for r in node.lessons[step.lesson].renditions if r.rung == step.rung)
        assert step.length == rung.missing > 0
        assert node.wishes.get(step.lesson) is not Wish.NOT or step.lesson in {due.lesson for due in node.due}


@given(nodes())
@relaxed
def test_nothing_due_foreseen_pinned_or_about_to_be_fetched_is_evicted(node: Given) -> None:
    made_plan = plan(node, horizon_bytes=float("inf"))
    gone = {one.lesson for one in made_plan.evictions}
    refused = {name for name, wish in node.wishes.items() if wish is Wish.NOT}
    due = {due.lesson for due in node.due if due.bell > NOW}
    assert not gone & (due | (used(node) - refused))
    assert not gone & (set(node.wishes) - refused)
    assert not gone & {step.lesson for step in made_plan.steps}


@given(nodes())
@relaxed
def test_every_floor_comes_before_anything_gets_better(node: Given) -> None:
    steps = plan(node, horizon_bytes=float("inf")).steps
    better = [n for n, step in enumerate(steps) if step.why is Why.BETTER]
    others = [n for n, step in enumerate(steps) if step.why not in {Why.BETTER, Why.LIKELY}]
    assert not better or not others or max(others) < min(better)


@given(nodes())
@relaxed
def test_a_better_rung_is_fetched_at_once_only_if_every_floor_can_surely_be_had(node: Given) -> None:
    node = replace(node, disk=Disk(1 << 50), foreseen=(), likely=(), wishes={})
    made_plan = plan(node, horizon_bytes=float("inf"))
    at_once = {s.lesson for s in made_plan.steps if s.why is Why.DUE and s.rung != "floor"}
    if any(lesson_.renditions[0].missing < lesson_.renditions[0].length for lesson_ in node.lessons.values()):
        return  # of one that is half here the smallest rung to get is not always the floor
    first = min((f.bell for f in made_plan.forecast if f.lesson in at_once), default=None)
    for said in made_plan.forecast:
        if first is not None and said.bell >= first:
            assert said.state in {State.READY, State.ARRIVING}


@given(nodes(), st.floats(1, 50))
@relaxed
def test_more_line_never_leaves_more_classes_waiting(node: Given, times: float) -> None:
    node = replace(node, disk=Disk(1 << 50), foreseen=(), likely=(), wishes={})
    partly = {name for name, one in node.lessons.items() if 0 < one.renditions[0].missing < one.renditions[0].length}
    lessons = {name: one if name not in partly else lesson(name) for name, one in node.lessons.items()}
    node = replace(node, lessons=lessons, due=list({due.lesson: due for due in node.due}.values()))
    faster = replace(node, line=replace(node.line, rate=node.line.rate * times))
    assert waiting(plan(faster)) <= waiting(plan(node))


def waiting(made_plan: Plan) -> int:
    return sum(said.state is State.AT_RISK for said in made_plan.forecast)


@given(nodes())
@relaxed
def test_every_entry_to_come_has_a_forecast_that_says_why(node: Given) -> None:
    said = plan(node).forecast
    assert [(f.bell, f.klass, f.lesson) for f in said] == sorted((d.bell, d.klass, d.lesson) for d in node.due)
    for one in said:
        assert (one.state is State.AT_RISK) == (one.reason is not None)
        assert 0 <= one.chance <= 1
        if one.state is not State.AT_RISK:
            assert one.rung is not None
            assert one.ready_at is not None


@given(nodes(), st.integers(0, 10**8))
@relaxed
def test_no_more_is_planned_than_a_budget_allows(node: Given, budget: int) -> None:
    node = replace(node, policy=replace(node.policy, budget=budget))
    assert sum(step.length for step in plan(node, horizon_bytes=float("inf")).steps) <= budget


def node_of(lessons: list[Lesson], due: list[Due]) -> Given:
    return Given(NOW, {one.lesson: one for one in lessons}, due, line=WHOLE_DAY)


def test_a_calm_line_brings_the_best_rung_directly() -> None:
    made_plan = plan(node_of([lesson("a")], [Due("a", "1", NOW + 3 * DAY)]))
    assert [(s.lesson, s.rung) for s in made_plan.steps] == [("a", "best")]
    assert made_plan.forecast[0].state is State.ARRIVING
    assert made_plan.forecast[0].rung == "best"


def test_a_pressed_line_brings_every_floor_first() -> None:
    lessons = [lesson(f"l{n}") for n in range(20)]
    due = [Due(one.lesson, "1", NOW + 4 * HOUR + n * 60) for n, one in enumerate(lessons)]
    steps = plan(node_of(lessons, due), horizon_bytes=float("inf")).steps
    assert [s.rung for s in steps] == ["floor"] * 20
    assert [s.lesson for s in steps][:3] == ["l0", "l1", "l2"]


def test_of_lessons_that_cannot_all_come_the_small_ones_do() -> None:
    lessons = [lesson("large", factor=8.0), *(lesson(f"l{n}", factor=0.4) for n in range(4))]
    due = [Due(one.lesson, "1", NOW + 600) for one in lessons]
    made_plan = plan(node_of(lessons, due))
    assert [s.lesson for s in made_plan.steps][-1] == "large"
    late = [f.lesson for f in made_plan.forecast if f.state is State.AT_RISK]
    assert late == ["large"]
    assert next(f.reason for f in made_plan.forecast if f.lesson == "large") is Reason.LINE_SLOW


def test_a_teacher_who_says_now_comes_first_and_one_who_says_not_is_heard() -> None:
    node = node_of([lesson("a"), lesson("b"), lesson("c")], [Due("a", "1", NOW + HOUR)])
    node = replace(node, foreseen=[Foreseen("c", NOW + HOUR, 0.9)], likely=[("c", 1.0)])
    made_plan = plan(replace(node, wishes={"b": Wish.NOW, "c": Wish.NOT}), horizon_bytes=float("inf"))
    assert [(s.lesson, s.why) for s in made_plan.steps][:2] == [("b", Why.WISH), ("a", Why.DUE)]
    assert "c" in {step.lesson for step in plan(node).steps}
    assert "c" not in {step.lesson for step in made_plan.steps}


def test_what_the_timetable_needs_is_fetched_and_stays_though_somebody_does_not_want_it() -> None:
    here, due = lesson("here", held="floor"), [Due("due", "1", NOW + 3 * DAY), Due("here", "1", NOW + 4 * DAY)]
    node = replace(node_of([here, lesson("due")], due), disk=Disk(0))
    assert plan(replace(node, wishes={"here": Wish.NOT})).evictions == ()
    made_plan = plan(replace(node, disk=Disk(1 << 40), wishes={"due": Wish.NOT}))
    assert made_plan.steps[0].lesson == "due"
    assert made_plan.forecast[0].state is State.ARRIVING


def test_what_a_teacher_refused_goes_first_though_it_is_foreseen_and_what_is_kept_never() -> None:
    lessons = [lesson("due"), lesson("no", held="floor", played_at=NOW - DAY), lesson("old", held="floor")]
    node = replace(node_of(lessons, [Due("due", "1", NOW + 3 * DAY)]), foreseen=[Foreseen("no", NOW + DAY, 0.9)])
    node = replace(node, disk=Disk(0))
    assert [one.lesson for one in plan(node).evictions] == ["old"]
    assert [one.lesson for one in plan(replace(node, wishes={"no": Wish.NOT})).evictions][:1] == ["no"]
    assert plan(replace(node, wishes={"old": Wish.KEEP})).evictions == ()


def test_a_full_disk_gives_up_what_is_useless_first_then_what_was_used_long_ago() -> None:
    lessons = [
        lesson("due"), lesson("old", held="best", played_at=NOW - 20 * DAY), lesson("never", held="floor"),
        lesson("lately", held="floor", played_at=NOW - DAY),
    ]  # fmt: skip
    node = replace(node_of(lessons, [Due("due", "1", NOW + 3 * DAY)]), disk=Disk(0))
    made_plan = plan(node)
    assert [one.lesson for one in made_plan.evictions] == ["old"]
    assert [s.lesson for s in made_plan.steps] == ["due"]


def test_what_a_larger_one_makes_needless_is_not_given_up() -> None:
    rungs = [made(rung, WORTH[rung], (Track(f"two-{rung}", length * MILLION, 0),)) for rung, length in SIZES.items()]
    node = node_of([Lesson("two", "course", 0, tuple(rungs)), lesson("due")], [Due("due", "1", NOW + 3 * DAY)])
    gone = plan(replace(node, disk=Disk(0))).evictions
    assert [(one.rung, one.length, one.why) for one in gone] == [("best", 108 * MILLION, Gone.UNUSED)]
    gone = plan(replace(node, disk=Disk(90 * MILLION))).evictions
    assert [(one.rung, one.why) for one in gone] == [("floor", Gone.BETTER_HERE)]


@given(nodes())
@relaxed
def test_no_more_is_given_up_than_is_short_and_all_of_it_is_needed(node: Given) -> None:
    made_plan = plan(node)
    freed = [one.length for one in made_plan.evictions]
    assert not freed or made_plan.short
    assert all(sum(freed) - length < made_plan.short for length in freed)


def test_what_no_class_can_ask_for_goes_before_any_lesson_and_a_store_beyond_its_quota_shrinks() -> None:
    node = node_of([lesson("old", held="floor"), lesson("due")], [Due("due", "1", NOW + 3 * DAY)])
    spared = plan(replace(node, disk=Disk(0, spare=200 * MILLION)))
    assert (spared.short, spared.evictions) == (108 * MILLION, ())
    assert [s.lesson for s in spared.steps] == ["due"]
    over = plan(replace(node, due=(), disk=Disk(-10 * MILLION)))
    assert [one.lesson for one in over.evictions] == ["old"]


def test_a_disk_full_of_what_is_due_says_so() -> None:
    lessons = [lesson("here", held="floor"), lesson("due")]
    node = node_of(lessons, [Due("here", "1", NOW + HOUR), Due("due", "1", NOW + 3 * DAY)])
    made_plan = plan(replace(node, disk=Disk(1000)))
    assert (made_plan.steps, made_plan.evictions) == ((), ())
    assert [f.reason for f in made_plan.forecast] == [None, Reason.DISK_FULL]


def test_sound_that_two_rungs_share_is_fetched_once_and_stays_with_the_rung_that_stays() -> None:
    sound = Track("sound", 8 * MILLION, 0)
    floor = made("floor", 0.7, (sound, Track("v1", 12 * MILLION, 0)))
    best = made("best", 1.0, (sound, Track("v3", 100 * MILLION, 0)))
    old = Lesson("old", "course", 0, (floor, best), played_at=NOW - 20 * DAY)
    node = node_of([old, lesson("due")], [Due("due", "1", NOW + 3 * DAY)])
    node = replace(node, disk=Disk(103 * MILLION))
    assert [(e.rung, e.length) for e in plan(node).evictions] == [("floor", 12 * MILLION)]


def test_a_lesson_of_which_the_end_is_missing_plays_if_that_comes_in_time() -> None:
    node = node_of([lesson("a", held=0.9)], [Due("a", "1", NOW + 25)])
    assert plan(node).forecast[0].state is State.PLAYS
    slow = replace(node, line=replace(WHOLE_DAY, rate=500.0))
    assert plan(slow).forecast[0].state is State.AT_RISK
    assert plan(slow).forecast[0].reason is Reason.LINE_SLOW


def test_a_line_that_is_away_puts_a_near_lesson_at_risk_and_says_so() -> None:
    node = node_of([lesson("a")], [Due("a", "1", NOW + HOUR)])
    node = replace(node, line=replace(WHOLE_DAY, down_since=NOW - HOUR))
    assert plan(node).forecast[0].reason is Reason.LINE_DOWN


def test_idle_hours_fetch_what_is_worth_its_bytes_and_no_more() -> None:
    node = replace(
        node_of([lesson("a"), lesson("b")], []), likely=[("b", 0.3), ("a", 0.001)], policy=Policy(thrift=0.0006)
    )
    assert [(s.lesson, s.why) for s in plan(node).steps] == [("b", Why.LIKELY)]
    free = replace(node, policy=replace(node.policy, thrift=0.0))
    assert [s.lesson for s in plan(free).steps] == ["b", "a"]


@pytest.mark.parametrize("seed", range(5))
def test_a_wobbling_line_leaves_nothing_half_done(seed: int) -> None:
    """Six hours of plans every five minutes, on a line that halves and doubles: hardly a rung is begun and left."""
    dice, held = random.Random(seed), dict.fromkeys([f"l{n}-{rung}" for n in range(30) for rung in WORTH], 0)
    line, now = WHOLE_DAY, NOW
    bells = [Due(f"l{n}", "1", NOW + 12 * HOUR + n * 2 * HOUR) for n in range(30)]
    lengths = {"floor": 20 * MILLION, "clear": 40 * MILLION, "best": 108 * MILLION}
    for _ in range(72):
        line = replace(line, rate=60_000 * dice.choice([0.5, 1.0, 2.0]))
        lessons = {
            f"l{n}": Lesson(
                f"l{n}", "c", n,
                tuple(
                    made(rung, WORTH[rung], (Track(rung, length, length - held[f"l{n}-{rung}"]),))
                    for rung, length in lengths.items()
                ),
            )
            for n in range(30)
        }  # fmt: skip
        left = int(line.rate * 300)
        for step in next_steps(Given(now, lessons, bells, line=line)).steps:
            part = min(left, step.length)
            held[f"{step.lesson}-{step.rung}"] += part
            left -= part
        now += 300
    partial = [name for name, has in held.items() if 0 < has < lengths[name.split("-")[1]]]
    assert len(partial) <= 3, partial
