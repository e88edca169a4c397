"""Courses for a node: signed releases in a store of one's own, small but with everything that real ones have."""

from catalog.formats.hashing import sha256_hex
from catalog.formats.index import TrackKind
from catalog.formats.release import Blob, Lesson
from catalog.formats.rungs import Rung
from tests.factories import Track, make_lesson, make_media, make_release, make_track
from tests.fakes.signed_world import SignedWorld

LESSONS, SEGMENTS = 40, 2


def publish(world: SignedWorld, courses: int) -> list[str]:
    """Publish `courses` courses, each lesson with tracks and a poster of its own; return the courses' ids."""
    ids: list[str] = []
    for _ in range(courses):
        lessons, tracks, posters = [], [], []
        for number in range(1, LESSONS + 1):
            seed = f"{len(ids)}-{number}"
            rungs = {rung: make_track(count=SEGMENTS, seed=f"{seed}{rung}") for rung in (Rung.FLOOR, Rung.CLEAR)}
            sound = make_track(TrackKind.SOUND, count=SEGMENTS, seed=seed)
            poster = b"\xff\xd8\xff" + seed.encode()
            blob = Blob(sha256=sha256_hex(poster), length=len(poster))
            lessons.append(make_lesson(make_media(rungs, sound, blob), number))
            tracks += [*rungs.values(), sound]
            posters.append(poster)
        ids.append(_publish(world, tuple(lessons), tracks, posters))
    return ids


def _publish(world: SignedWorld, lessons: tuple[Lesson, ...], tracks: list[Track], posters: list[bytes]) -> str:
    release = make_release(lessons, partner=world.partner)
    world.publish(release, tracks, posters)
    return release.course
