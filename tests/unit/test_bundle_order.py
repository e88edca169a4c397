"""What a drive is filled with first: what a lesson is taught with, then what makes it better."""

from catalog.formats.attachments import PART_BYTES
from catalog.formats.hashing import sha256_hex
from catalog.formats.index import TrackKind
from catalog.formats.release import Blob
from catalog.formats.rungs import Rung
from edge_cache.bundle.order import order_of_export
from tests.factories import make_attachment, make_lesson, make_media, make_release, make_still, make_track

FLOOR, BEST, SOUND = make_track(seed="floor"), make_track(seed="best"), make_track(TrackKind.SOUND)
POSTER = Blob(sha256=sha256_hex(b"poster"), length=6)


def test_floors_then_stills_then_attachments_then_better_rungs_of_all_lessons() -> None:
    media = make_media({Rung.FLOOR: FLOOR, Rung.BEST: BEST}, SOUND, POSTER, stills=(make_still(b"still", 0),))
    file, own = make_attachment(bytes(PART_BYTES + 1)), make_attachment(b"own")
    lessons = tuple(
        make_lesson(media, n).model_copy(update={"attachments": (one,)}) for n, one in enumerate((file, own), 1)
    )
    assert [item.digest for item in order_of_export([make_release(lessons)])] == [
        POSTER.sha256,
        SOUND.index.digest,
        FLOOR.index.digest,
        sha256_hex(b"still"),
        *file.parts,
        *own.parts,
        BEST.index.digest,
    ]
