"""What is foreseen: the order of a course, at the hours of a class, for those who type no timetable."""

from edge_cache.planner.foresee import Profile, School, foresee, likely
from edge_cache.planner.given import DAY, HOUR, MONDAY, Due

OFFSET_S = 8 * HOUR
MONDAY_MORNING = MONDAY + 2904 * 7 * DAY - OFFSET_S + 7 * HOUR
EIGHT = MONDAY_MORNING + HOUR
COURSES = {name: [f"{name}{n}" for n in range(40)] for name in ("maths", "songs")}
PLACES = {lesson: (course, n) for course, lessons in COURSES.items() for n, lesson in enumerate(lessons)}


def uses(*rows: tuple[str, float]) -> list[Due]:
    return [Due(lesson, "3.1", EIGHT + days * DAY) for lesson, days in rows]


def found(used: list[Due], *profiles: Profile, closed: tuple[tuple[float, float], ...] = ()) -> dict[str, float]:
    """Days from Monday, 08:00, at which each lesson is foreseen."""
    school = School(COURSES, PLACES, used, profiles, closed, OFFSET_S)
    return {one.lesson: (one.bell - EIGHT) / DAY for one in foresee(MONDAY_MORNING, school)}


def test_a_class_goes_on_in_order_at_its_hours() -> None:
    assert found(uses(("maths4", -7), ("maths5", -5))) == {"maths6": 0, "maths7": 2}


def test_another_lesson_in_between_changes_nothing_and_two_of_them_do() -> None:
    aside = uses(("maths4", -7), ("maths5", -5), ("maths20", -4))
    assert list(found(aside)) == ["maths6", "maths7", "maths8"]
    assert list(found([*aside, *uses(("maths21", -3))])) == ["maths22", "maths23", "maths24", "maths25"]


def test_what_is_timetabled_is_not_foreseen_again_but_what_lies_between_is() -> None:
    assert found(uses(("maths4", -7), ("maths5", -5), ("maths6", 0), ("maths8", 4))) == {"maths7": 2}


def test_a_lesson_left_out_between_two_timetabled_ones_is_foreseen_whatever_the_hour() -> None:
    assert found(uses(("maths6", 1), ("maths8", 3))) == {"maths7": 2}


def test_a_class_that_stopped_is_not_followed() -> None:
    assert found(uses(("maths4", -14), ("maths5", -12))) == {}


def test_a_course_that_is_over_foresees_nothing_more() -> None:
    assert found(uses(("maths38", -7), ("maths39", -5))) == {}


def test_holidays_have_no_hours() -> None:
    holiday = ((EIGHT - HOUR, EIGHT + DAY),)
    assert found(uses(("maths4", -7), ("maths5", -5)), closed=holiday) == {"maths6": 2}


def test_hours_that_nobody_has_seen_may_be_any_morning() -> None:
    profile = Profile("3.1", ("maths",), 3)
    assert list(found(uses(("maths4", -7)), profile)) == ["maths5", "maths6", "maths7"]


def test_before_a_class_has_used_anything_all_of_a_course_that_fits_it_is_likely() -> None:
    profile = Profile("3.1", ("songs",), 4)
    rows = likely(MONDAY_MORNING, School(COURSES, PLACES, [], [profile], (), OFFSET_S))
    assert [lesson for lesson, _ in rows[:40]] == COURSES["songs"]
    assert len(rows) == 80
    assert rows[39][1] > 10 * rows[40][1]


def test_what_lies_ahead_is_likelier_than_what_lies_behind_and_that_than_all_else() -> None:
    school = School(COURSES, PLACES, uses(("songs20", -7)), (), (), OFFSET_S)
    order = [lesson for lesson, _ in likely(MONDAY_MORNING, school)]
    assert order[0] == "songs21"
    assert order.index("songs39") < order.index("songs0") < order.index("maths0")


def test_one_use_of_another_course_in_a_known_hour_is_not_a_course_that_is_followed() -> None:
    assert list(found([*uses(("maths4", -14), ("maths5", -7)), *uses(("songs9", 0 - 7))])) == ["maths6"]


def test_each_lesson_is_foreseen_once_by_its_first_hour() -> None:
    used = [*uses(("maths4", -7)), Due("maths4", "3.2", EIGHT - 6 * DAY)]
    school = School(COURSES, PLACES, used, (), (), OFFSET_S)
    ahead = foresee(MONDAY_MORNING, school)
    assert [(one.lesson, one.bell) for one in ahead] == [("maths5", EIGHT)]
    assert ahead[0].chance > 0.99
