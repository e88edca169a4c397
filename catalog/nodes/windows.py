"""Fill windows as people write them: `22:00-06:00`, `1-5 12:00-14:00`, `周六、周日 00:00-24:00`."""

import re
import unicodedata
from collections.abc import Iterable

from catalog.formats.protocol import Window
from catalog.nodes.errors import WindowWrong

DAYS = 7
NAMES = (
    ("1", "mon", "monday", "周一", "星期一"),
    ("2", "tue", "tuesday", "周二", "星期二"),
    ("3", "wed", "wednesday", "周三", "星期三"),
    ("4", "thu", "thursday", "周四", "星期四"),
    ("5", "fri", "friday", "周五", "星期五"),
    ("6", "sat", "saturday", "周六", "星期六"),
    ("7", "sun", "sunday", "周日", "周天", "星期日", "星期天"),
)
TO = "[-–—~至到]"
FORM = re.compile(rf"(?:(?P<days>\S+) +)?(?P<start>\d\d?:\d\d) *{TO} *(?P<end>\d\d?:\d\d)")


def read_windows(text: str) -> tuple[Window, ...]:
    """Return the windows that somebody wrote, one a line; of empty lines none. Raises WindowWrong."""
    return tuple(read_window(line) for line in text.splitlines() if line.strip())


def read_window(text: str) -> Window:
    """Return one window: weekdays, if not all, and two times of the day. Raises WindowWrong."""
    found = FORM.fullmatch(unicodedata.normalize("NFKC", text).strip().lower())
    if found is None:
        raise WindowWrong(window=text.strip()[:60])
    start, end = (_minute(found[name], text) for name in ("start", "end"))
    days = _days(found["days"], text) if found["days"] else ()
    return Window(start=start, end=end, days=days if len(days) < DAYS else ())


def _minute(clock: str, text: str) -> int:
    hour, minute = map(int, clock.split(":"))
    if hour * 60 + minute > 24 * 60 or minute > 59:
        raise WindowWrong(window=text.strip()[:60])
    return (hour * 60 + minute) % (24 * 60)


def _days(words: str, text: str) -> tuple[int, ...]:
    """Return weekdays, 0 Monday, from `1-5`, `sat,sun`, `周五至周日`."""
    days: set[int] = set()
    for part in re.split("[,、]", words):
        ends = [next((n for n, names in enumerate(NAMES) if end in names), None) for end in re.split(TO, part)]
        first, last = ends[0], ends[-1]
        if first is None or last is None or len(ends) > 2:
            raise WindowWrong(window=text.strip()[:60])
        days |= {(first + n) % DAYS for n in range((last - first) % DAYS + 1)}
    return tuple(sorted(days))


def window_words(window: Window) -> str:
    """Return a window as `read_window` takes it."""
    start, end = (f"{minute // 60:02}:{minute % 60:02}" for minute in (window.start, window.end))
    days = ",".join(f"{run[0]}-{run[-1]}" if len(run) > 2 else ",".join(map(str, run)) for run in _runs(window.days))
    return f"{days} {start}-{end}" if days else f"{start}-{end}"


def _runs(days: Iterable[int]) -> list[list[int]]:
    """Return weekdays, 1 Monday, in runs of days that follow each other."""
    runs: list[list[int]] = []
    for day in sorted(set(days)):
        if runs and runs[-1][-1] == day:
            runs[-1].append(day + 1)
        else:
            runs.append([day + 1])
    return runs
