"""A timetable typed into a spreadsheet: whatever the program, the code page and the habits, all of it or nothing."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.formats.errors import AppError
from catalog.formats.ids import new_id
from catalog.formats.occurrences import OneLesson, Period, Plan, WeeklyPlan
from catalog.look.language import LANGUAGES, Language
from edge_cache.timetable.entered import read_clock, read_day, read_minutes, read_weekday
from edge_cache.timetable.errors import FieldRefused
from edge_cache.timetable.repository import CourseHere, LessonHere
from edge_cache.timetable.sheet import Faulty, read_sheet, write_sheet

TODAY = date(2026, 11, 26)
PHYSICS = CourseHere(
    new_id(),
    "八年级物理",
    {},
    tuple(LessonHere(new_id(), n, title) for n, title in enumerate(("压强", "浮力", "功"), 1)),
)
CHINESE = CourseHere(new_id(), "=四年级语文", {}, (LessonHere(new_id(), 1, "观潮"),))
COURSES = [PHYSICS, CHINESE]
HEAD = "班级,课程,课时,星期,上课时间,分钟,开始日期,结束日期"


def sheet(*rows: str, head: str = HEAD) -> bytes:
    return "\r\n".join([head, *rows]).encode()


def read(data: bytes, *there: Plan) -> list[Plan]:
    return read_sheet(data, COURSES, TODAY, there).added


def faults(data: bytes, *there: Plan) -> list[tuple[int, str, str]]:
    with pytest.raises(Faulty) as refused:
        read_sheet(data, COURSES, TODAY, there)
    return [(fault.row, fault.column, fault.error.code) for fault in refused.value.faults]


def test_rows_that_differ_in_their_period_only_are_one_entry() -> None:
    rows = ("八（1）班,八年级物理,2,周一,8:00,40,2026/9/1,", "八（1）班,八年级物理,2,三,0855,,2026年9月1日,")
    (plan,) = read(sheet(*rows))
    assert isinstance(plan, WeeklyPlan)
    assert plan.periods == (Period(1, 480, 40), Period(3, 535, 45))
    assert (plan.class_name, plan.lesson, plan.first, plan.last) == (
        "八（1）班", PHYSICS.lessons[1].id, date(2026, 9, 1), None,
    )  # fmt: skip


def test_a_row_without_a_weekday_is_one_lesson() -> None:
    (plan,) = read(sheet("八（1）班,八年级物理,浮力,,14点05分,,2026.11.30,"))
    assert plan == OneLesson("", "八（1）班", PHYSICS.id, PHYSICS.lessons[1].id, date(2026, 11, 30), 845, 45)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_every_usual_encoding_and_delimiter_is_recognised(encoding: str, delimiter: str) -> None:
    text = sheet("八（1）班,八年级物理,1,周五,08:00,45,2026-09-01,").decode().replace(",", delimiter)
    (plan,) = read(text.encode(encoding))
    assert isinstance(plan, WeeklyPlan)
    assert plan.class_name == "八（1）班"


def test_english_headings_in_any_order_and_columns_of_somebodys_own() -> None:
    head = "Start,Teacher,Weekday,Course,Class,First day"
    (plan,) = read(sheet("8:00 ,王老师,Fri,八年级物理,八（1）班,2026-09-01", head=head))
    assert isinstance(plan, WeeklyPlan)
    assert plan.periods == (Period(5, 480, 45),)


def test_what_is_wrong_is_said_by_row_and_column_and_nothing_is_taken() -> None:
    rows = (
        "八（1）班,八年级物理,1,周一,08:00,45,2026-09-01,",
        ",八年级物理,1,周一,08:00,45,2026-09-01,",
        "八（1）班,九年级物理,1,周一,08:00,45,2026-09-01,",
        "八（1）班,八年级物理,9,周一,08:00,45,2026-09-01,",
        "",
        "八（1）班,八年级物理,1,周八,08:00,45,2026-09-01,",
        "八（1）班,八年级物理,1,周一,25:00,45,2026-09-01,",
        "八（1）班,八年级物理,1,周一,08:00,久,2026-09-01,",
        "八（1）班,八年级物理,1,周一,08:00,45,2026-02-30,",
        "八（1）班,八年级物理,1,周一,08:00,45,2026-09-02,2026-09-01",
        "八（1）班,八年级物理,1,,08:00,45,,",
    )
    assert faults(sheet(*rows)) == [
        (3, "class_name", "timetable.class-name"),
        (4, "course", "timetable.course"),
        (5, "lesson", "timetable.lesson"),
        (7, "weekday", "timetable.weekday"),
        (8, "start", "timetable.time"),
        (9, "minutes", "timetable.minutes"),
        (10, "first", "timetable.day"),
        (11, "last", "timetable.days-backwards"),
        (12, "first", "timetable.day"),
    ]


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "timetable.column-missing"),
        (b"\x00\x01\x02PK", "timetable.file-not-text"),
        (b"PK\x03\x04" + bytes(range(256)), "timetable.file-not-text"),
        (b"\xff\xfe\x00", "timetable.file-not-text"),
        ("班级,课程\r\n".encode(), "timetable.column-missing"),
        (b"x" * ((1 << 20) + 1), "timetable.file-too-long"),
        ("班级,课程,上课时间\n".encode() + b"a,b,c\n" * 6_000, "timetable.file-too-long"),
    ],
)
def test_what_is_no_timetable_is_refused_as_a_whole(data: bytes, code: str) -> None:
    with pytest.raises(AppError) as refused:
        read(data)
    assert refused.value.code == code


def plans() -> list[Plan]:
    first = date(2026, 9, 1)
    periods = (Period(1, 480, 45), Period(5, 960, 40))
    weekly = WeeklyPlan(new_id(), "=1+1", PHYSICS.id, PHYSICS.lessons[1].id, first, date(2027, 1, 15), periods, {})
    unknown = WeeklyPlan(new_id(), "四（1）班", new_id(), new_id(), first, None, periods, {})
    return [weekly, unknown, OneLesson(new_id(), "八班", CHINESE.id, CHINESE.lessons[0].id, first, 485, 45)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_goes_out_comes_in_again_and_changes_nothing(language: Language) -> None:
    there = plans()
    data = write_sheet(there, COURSES, language)
    assert data.startswith(b"\xef\xbb\xbf")
    back = read_sheet(data, COURSES, TODAY, there)
    assert back.changed == {plan.id: plan for plan in there}
    assert back.added == []
    assert b",=" not in data, "nothing in it is a formula"


def test_an_export_that_was_changed_changes_its_entry() -> None:
    there = plans()
    data = write_sheet(there, COURSES, "en").replace(b"08:05", b"09:05")
    back = read_sheet(data, COURSES, TODAY, there)
    changed = back.changed[there[2].id]
    assert isinstance(changed, OneLesson)
    assert changed.start == 545


def test_rows_of_one_entry_have_to_agree() -> None:
    there = plans()
    data = (
        write_sheet(there, COURSES, "en")
        .decode()
        .replace("Mon,08:00,45,2026-09-01,2027-01-15", "Mon,08:00,45,2026-09-02,2027-01-15")
    )
    assert faults(data.encode(), *there) == [(3, "id", "timetable.rows-differ")]


def test_the_same_file_again_is_known_even_without_first_days() -> None:
    rows = ("八（1）班,八年级物理,1,周一,08:00,45,,", "八（1）班,八年级物理,1,周三,08:00,45,,")
    (plan,) = read(sheet(*rows))
    assert isinstance(plan, WeeklyPlan)
    before = WeeklyPlan(new_id(), plan.class_name, plan.course, plan.lesson, date(2026, 9, 1), None, plan.periods, {})
    assert read(sheet(*rows), before) == []


@given(st.binary(max_size=300))
def test_no_bytes_break_it(data: bytes) -> None:
    for prefix in (b"", f"{HEAD}\n".encode()):
        try:
            read(prefix + data)
        except AppError:
            continue


@pytest.mark.parametrize(
    "text",
    ["2026-9-1", "2026/09/01", "2026.9.1", "2026年9月1日", "20260901", "２０２６－９－１", " 2026-09-01 0:00:00"],
)
def test_days_are_read_in_every_usual_form(text: str) -> None:
    assert read_day(text) == date(2026, 9, 1)


@pytest.mark.parametrize("text", ["8:05", "08:05", "08:05:00", "0805", "8点05分", "8时5分", "８：０５", "8：05"])
def test_times_are_read_in_every_usual_form(text: str) -> None:
    assert read_clock(text) == 485


@pytest.mark.parametrize("text", ["3", "三", "周三", "星期三", "礼拜三", "Wed", "wednesday", "３"])
def test_weekdays_are_read_in_every_usual_form(text: str) -> None:
    assert read_weekday(text) == 3


def test_sunday_has_two_names() -> None:
    assert read_weekday("周日") == read_weekday("星期天") == 7


@pytest.mark.parametrize("text", ["45", "45.0", "45分钟", "45 min", ""])
def test_lengths_are_read_in_every_usual_form(text: str) -> None:
    assert read_minutes(text) == 45


@pytest.mark.parametrize(
    ("read_it", "text"),
    [(read_day, "26-9-1"), (read_day, "2026-13-01"), (read_day, ""), (read_clock, "24:00"), (read_clock, "8:60"),
     (read_clock, ""), (read_clock, "-1:00"), (read_weekday, "0"), (read_weekday, "8"), (read_weekday, "t"),
     (read_weekday, ""), (read_minutes, "4"), (read_minutes, "301"), (read_minutes, "1e2")],
)  # fmt: skip
def test_what_cannot_be_is_not_guessed(read_it: object, text: str) -> None:
    assert callable(read_it)
    with pytest.raises(FieldRefused):
        read_it(text)
