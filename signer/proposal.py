"""What a person reads before they sign: the release, lesson by lesson, and what changed since the last one."""

from dataclasses import dataclass
from enum import StrEnum

from catalog.formats.release import Lesson, Release


class Change(StrEnum):
    """What became of a lesson since the release before."""

    NEW = "new"
    CHANGED = "changed"
    SAME = "same"
    REMOVED = "removed"


@dataclass(frozen=True)
class LessonLine:
    """A lesson of the release, or one that it drops; `size` in bytes of everything that it plays."""

    number: int
    title: str
    seconds: float
    size: int
    rungs: tuple[str, ...]
    captions: tuple[str, ...]
    attachments: tuple[str, ...]
    change: Change


@dataclass(frozen=True)
class Proposal:
    """A release to sign, as its page shows it. `previous` is the number of the release that is listed now."""

    release: Release
    previous: int | None
    lessons: tuple[LessonLine, ...]
    renamed: bool
    threshold: int
    signers: tuple[str, ...]
    signed_by: tuple[str, ...]

    @property
    def seconds(self) -> float:
        """Length of all lessons of the release."""
        return sum(line.seconds for line in self.lessons if line.change is not Change.REMOVED)

    @property
    def size(self) -> int:
        """Bytes of the release, what lessons share counted once."""
        return sum(track.length for track in self.release.tracks()) + sum(b.length for b in self.release.blobs())


def compare(release: Release, previous: Release | None) -> tuple[LessonLine, ...]:
    """Return the lessons of `release`, then those of `previous` that it no longer has."""
    before = {lesson.id: lesson for lesson in previous.lessons} if previous else {}
    lines = [_line(lesson, _change(lesson, before.get(lesson.id))) for lesson in release.lessons]
    here = {lesson.id for lesson in release.lessons}
    return (*lines, *(_line(lesson, Change.REMOVED) for key, lesson in before.items() if key not in here))


def is_renamed(release: Release, previous: Release | None) -> bool:
    """Say whether the course's own words changed."""
    words = ("title", "description", "place", "partner_name")
    return previous is not None and any(getattr(release, name) != getattr(previous, name) for name in words)


def _change(lesson: Lesson, before: Lesson | None) -> Change:
    if before is None:
        return Change.NEW
    return Change.SAME if lesson == before else Change.CHANGED


def _line(lesson: Lesson, change: Change) -> LessonLine:
    return LessonLine(
        number=lesson.number,
        title=lesson.title,
        seconds=lesson.media.duration_ms / 1000,
        size=sum(t.length for t in lesson.media.all_tracks()) + sum(b.length for b in lesson.blobs()),
        rungs=tuple(dict.fromkeys(r.rung.value for r in lesson.media.renditions)),
        captions=tuple(c.name or c.language for c in lesson.captions),
        attachments=tuple(one.name for one in lesson.attachments),
        change=change,
    )
