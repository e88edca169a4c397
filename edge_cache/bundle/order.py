"""In which order a drive is filled: should it be too small, what is on it is of the most use. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from catalog.formats.release import Lesson, Release


@dataclass(frozen=True, slots=True)
class Small:
    """A small file, whole."""

    digest: str
    length: int


@dataclass(frozen=True, slots=True)
class Media:
    """A track: its index, and what is held of its segments."""

    digest: str
    length: int


def order_of_export(releases: Sequence[Release]) -> list[Small | Media]:
    """Return what the releases need, each once.

    For each lesson of each course first what it can be taught with: captions, poster and floors, the sound before
    the pictures. Then all stills, then all attachments, then the better rungs.
    """
    lessons = [lesson for release in releases for lesson in release.lessons]
    stages = (_taught_with, _stills, _attachments, _everything)
    return list(dict.fromkeys(item for stage in stages for lesson in lessons for item in stage(lesson)))


def _taught_with(lesson: Lesson) -> Iterator[Small | Media]:
    media = lesson.media
    for blob in (*lesson.captions, *([media.poster] if media.poster else [])):
        yield Small(blob.sha256, blob.length)
    for tier in media.tiers:
        floor = media.smallest_watchable(tier)
        if floor is not None:
            for track in reversed(media.tracks(floor.rung, tier)):
                yield Media(track.index, track.length)


def _stills(lesson: Lesson) -> Iterator[Small]:
    for blob in lesson.media.stills:
        yield Small(blob.sha256, blob.length)


def _attachments(lesson: Lesson) -> Iterator[Small]:
    for attachment in lesson.attachments:
        for part in attachment.blobs():
            yield Small(part.sha256, part.length)


def _everything(lesson: Lesson) -> Iterator[Media]:
    for track in lesson.media.all_tracks():
        yield Media(track.index, track.length)
