"""Courses as long and as heavy as real ones, in a store of one's own: boxes that are right around random bytes."""

import random
from dataclasses import dataclass
from pathlib import Path

from catalog.formats.boxes import place_segment
from catalog.formats.hashing import sha256_hex
from catalog.formats.index import Index, TrackKind, make_index
from catalog.formats.release import Lesson
from catalog.formats.rungs import Rung
from tests.factories import TIMESCALE, Track, make_init, make_lesson, make_media, make_release, make_segment
from tests.fakes.signed_world import SignedWorld

SEGMENT_S = 12
VIDEO_BITS_S, SOUND_BITS_S = 460_000, 40_000
"""500 kbit/s together: a screen's share."""


@dataclass(frozen=True, slots=True)
class Made:
    """A lesson: its id, and its tracks' indexes."""

    lesson: str
    video: Index
    sound: Index


def make_course(world: SignedWorld, store: Path, lessons: int, minutes: int, seed: str) -> tuple[str, list[Made]]:
    """Publish a course of `lessons` with one rung each in the folder `store`; return its id and its lessons."""
    made: list[Made] = []
    documents: list[Lesson] = []
    for number in range(1, lessons + 1):
        tracks = {
            kind: _track(store, kind, minutes * 60 // SEGMENT_S, bits, f"{seed}{number}{kind}")
            for kind, bits in ((TrackKind.VIDEO, VIDEO_BITS_S), (TrackKind.SOUND, SOUND_BITS_S))
        }
        video, sound = tracks[TrackKind.VIDEO], tracks[TrackKind.SOUND]
        documents.append(make_lesson(make_media({Rung.BEST: Track(video, (), b"")}, Track(sound, (), b"")), number))
        made.append(Made(documents[-1].id, video, sound))
    release = make_release(tuple(documents), partner=world.partner)
    world.publish(release, ())
    for name, data in world.objects.items():
        path = store / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return release.course, made


def _track(store: Path, kind: TrackKind, count: int, bits_s: int, seed: str) -> Index:
    """Write a track's pack and index; segments differ in length by a third of the mean either way."""
    chance = random.Random(seed)
    rows, fresh = [], store / f"pack-{seed}"
    store.mkdir(parents=True, exist_ok=True)
    with fresh.open("wb") as pack:
        pack.write(make_init())
        for n in range(count):
            size = round(bits_s * SEGMENT_S / 8 * chance.uniform(2 / 3, 4 / 3))
            segment = make_segment(chance.randbytes(size), samples=60, sample_duration=TIMESCALE * SEGMENT_S // 60)
            rows.append((len(segment), TIMESCALE * SEGMENT_S, sha256_hex(segment)))
            pack.write(place_segment(segment, n + 1, n * TIMESCALE * SEGMENT_S))
    index = make_index(kind, TIMESCALE, make_init(), rows)
    for name in ("packs", "indexes"):
        (store / name).mkdir(exist_ok=True)
    fresh.rename(store / "packs" / index.digest)
    (store / "indexes" / index.digest).write_bytes(index.encoded)
    return index
