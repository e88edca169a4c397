"""What a timetable says of days: the course in order, what is skipped, changed, moved, and days without classes."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta, timezone

from hypothesis import given
from hypothesis import strategies as st

from catalog.formats.ids import new_id
from catalog.formats.occurrences import USUAL_BELLS, Occurrence, bells_of, occurrences, read_plan
from catalog.formats.timetable import Entry, Pen
from catalog.formats.timetable_fields import BELLS_ID, at_field, bell_field, on_field

ZONE = timezone(timedelta(hours=8))
COURSE = new_id()
LESSONS = tuple(new_id() for _ in range(10))
MONDAY = date(2026, 11, 23)
PEN = Pen("01JDE00000000000000000WRT0", 1)
CHANGED = Pen("01JDE00000000000000000WRT0", 2)


def weekly(*periods: tuple[int, int], **fields: object) -> Entry:
    """A class takes the course from its first lesson on, from that Monday."""
    given = {
        "kind": "weekly", "class_name": "八（1）班", "course": COURSE, "lesson": LESSONS[0],
        "first": MONDAY.isoformat(), **{at_field(day, start): 45 for day, start in periods}, **fields,
    }  # fmt: skip
    return PEN.new(new_id(), given)


def days_off(first: date, last: date, **fields: object) -> Entry:
    return PEN.new(new_id(), {"kind": "days", "first": first.isoformat(), "last": last.isoformat(), **fields})


def taken(entries: Iterable[Entry], days: int = 21, first: date = MONDAY) -> list[Occurrence]:
    plans = [plan for entry in entries if (plan := read_plan(entry)) is not None]
    return occurrences(plans, {COURSE: LESSONS}, ZONE, first, first + timedelta(days=days - 1))


def numbers(found: list[Occurrence]) -> list[int | None]:
    return [None if one.lesson is None else LESSONS.index(one.lesson) + 1 for one in found if not one.skipped]


def test_a_course_is_taken_in_order_at_its_weekly_periods() -> None:
    found = taken([weekly((3, 535), (1, 480))], days=10)
    assert [f"{one.starts:%a %H:%M}" for one in found] == ["Mon 08:00", "Wed 08:55", "Mon 08:00", "Wed 08:55"]
    assert numbers(found) == [1, 2, 3, 4]
    assert found[0].starts == datetime(2026, 11, 23, 0, 0, tzinfo=UTC), "08:00 where the school is"
    assert found[0].ends - found[0].starts == timedelta(minutes=45)


def test_a_later_week_knows_how_far_the_class_is() -> None:
    assert numbers(taken([weekly((1, 480), (3, 480))], days=7, first=MONDAY + timedelta(days=14))) == [5, 6]


def test_it_ends_with_the_course_and_on_its_last_day() -> None:
    assert numbers(taken([weekly((1, 480), lesson=LESSONS[8])], days=60)) == [9, 10]
    assert numbers(taken([weekly((1, 480), (2, 480), last="2026-12-01")], days=60)) == [1, 2, 3, 4]


def test_what_is_skipped_is_taken_the_next_time() -> None:
    entry = weekly((1, 480), (3, 480))
    entry = CHANGED.write(entry, {on_field(date(2026, 11, 25), 480): {"skip": True}})
    found = taken([entry], days=14)
    assert [one.skipped for one in found] == [False, True, False, False]
    assert numbers(found) == [1, 2, 3]


def test_another_lesson_this_once_or_from_here_on() -> None:
    entry = weekly((1, 480), (3, 480))
    once = CHANGED.write(entry, {on_field(date(2026, 11, 25), 480): {"lesson": LESSONS[6]}})
    assert numbers(taken([once], days=14)) == [1, 7, 2, 3]
    onward = CHANGED.write(entry, {on_field(date(2026, 11, 25), 480): {"lesson": LESSONS[6], "onward": True}})
    assert numbers(taken([onward], days=14)) == [1, 7, 8, 9]


def test_an_occurrence_can_be_moved_into_view_and_out_of_it() -> None:
    entry = weekly((1, 480))
    moved = CHANGED.write(entry, {on_field(date(2026, 11, 30), 480): {"day": "2026-11-27", "start": 600}})
    (first, second) = taken([moved], days=7)
    assert (f"{second.starts:%m-%d %H:%M}", second.day, second.start) == ("11-27 10:00", date(2026, 11, 30), 480)
    assert second.changed
    assert not first.changed
    assert taken([moved], days=7, first=MONDAY + timedelta(days=7)) == []


def test_days_without_classes_and_days_that_follow_another_weekday() -> None:
    entry = weekly((1, 480), (2, 480))
    monday, tuesday, saturday = date(2026, 11, 23), date(2026, 11, 24), date(2026, 11, 28)
    found = taken([entry, days_off(monday, monday), days_off(saturday, saturday, follows=1)], days=7)
    assert [one.starts.date() for one in found] == [tuesday, saturday]
    assert numbers(found) == [1, 2]
    other = days_off(monday, tuesday, class_name="九（1）班")
    assert numbers(taken([entry, other], days=7)) == [1, 2], "that is another class's trip"


def test_one_lesson_takes_place_once_even_on_a_day_off() -> None:
    fields = {
        "kind": "once", "class_name": "八（1）班", "course": COURSE, "lesson": LESSONS[3], "first": "2026-11-28",
        "start": 845, "minutes": 40,
    }  # fmt: skip
    found = taken([PEN.new(new_id(), fields), days_off(date(2026, 11, 28), date(2026, 11, 28))])
    assert numbers(found) == [4]
    assert f"{found[0].starts:%a %H:%M}" == "Sat 14:05"


def test_what_the_node_does_not_know_is_still_on_the_timetable() -> None:
    unknown_course = weekly((1, 480), course=new_id())
    unknown_lesson = weekly((1, 480), lesson=new_id())
    for entry in (unknown_course, unknown_lesson):
        assert numbers(taken([entry], days=14)) == [None, None]


def test_what_is_removed_or_not_whole_is_not_taken() -> None:
    entry = weekly((1, 480))
    assert read_plan(CHANGED.remove(entry)) is None
    assert read_plan(PEN.new(new_id(), {"kind": "weekly", "class_name": "八（1）班"})) is None
    assert read_plan(PEN.new(new_id(), {"first": "2026-11-28"})) is None


def test_bells_are_the_usual_ones_until_the_school_says_its_own() -> None:
    assert bells_of([weekly((1, 480))]) == USUAL_BELLS
    own = PEN.new(BELLS_ID, {"kind": "bells", bell_field(850): 40, bell_field(490): 40})
    assert bells_of([own]) == ((490, 40), (850, 40))
    assert bells_of([CHANGED.write(own, {bell_field(850): None, bell_field(490): None})]) == USUAL_BELLS


changes = st.dictionaries(
    st.integers(0, 20),
    st.one_of(
        st.just({"skip": True}),
        st.builds(lambda n: {"lesson": LESSONS[n]}, st.integers(0, 9)),
        st.builds(lambda n, on: {"lesson": LESSONS[n], "onward": on}, st.integers(0, 9), st.booleans()),
        st.builds(lambda d: {"day": (MONDAY + timedelta(days=d)).isoformat()}, st.integers(0, 40)),
    ),
    max_size=6,
)


@given(changes, st.integers(0, 40), st.integers(1, 20))
def test_a_window_shows_what_the_whole_shows_there(changed: dict[int, dict[str, object]], skip: int, days: int) -> None:
    entry = weekly(*((day, 480) for day in range(1, 8)))
    written = {on_field(MONDAY + timedelta(days=day), 480): change for day, change in changed.items()}
    entry = CHANGED.write(entry, written)
    first = MONDAY + timedelta(days=skip)
    whole = [one for one in taken([entry], days=80) if first <= one.starts.date() < first + timedelta(days=days)]
    assert taken([entry], days=days, first=first) == whole
