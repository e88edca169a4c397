"""Which lesson walks: the project's own sample, or a video file that somebody brings."""

from dataclasses import dataclass, field
from pathlib import Path

from songtan import sample
from songtan.clients.upload import check_file, one_line_name

PLACE = {
    "stage": "初中",
    "grade": "八年级",
    "subject": "物理",
    "edition": "人教版",
    "volume": "下册",
    "unit": "第九章 压强",
}


@dataclass(frozen=True)
class DemoLesson:
    """A video file with what a partner would say of it. `captions` are WebVTT files by language."""

    path: Path
    course: str
    title: str
    place: dict[str, str]
    captions: dict[str, Path] = field(default_factory=dict)


def demo_lesson(path: Path | None) -> DemoLesson:
    """The sample lesson, or the one at `path`. Raises FileUnusable if that cannot be read."""
    if path is None:
        return DemoLesson(sample.LESSON, "八年级物理（下）", "压强", PLACE, dict(sample.CAPTIONS))
    check_file(path)
    title = one_line_name(path.with_name(path.stem))[:100]
    return DemoLesson(path, "我的课程", title, {"trade": "试用"})
