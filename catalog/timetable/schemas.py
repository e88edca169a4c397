"""What ops see of a school's timetable; never table rows."""

from datetime import datetime

from pydantic import BaseModel

from catalog.formats.forecast import TimetabledLesson


class StandingOut(TimetabledLesson):
    """How a timetabled lesson stands, with the titles that people know it by; empty where the centre does not know."""

    course_title: str
    lesson_title: str
    lesson_number: int | None


class TimetableOut(BaseModel):
    """What a node says of the next days' lessons, and when; how many entries its school has, and in dispute."""

    made: datetime | None
    lessons: list[StandingOut]
    entries: int
    disputed: int
