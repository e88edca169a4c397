"""The books that bench-update keeps: what crossed, of which kind, and which segments had to change."""

from benchmarks.update.counted import crossed, look_bytes, looks
from benchmarks.update.made import touching
from catalog.formats.index import Index, TrackKind, make_index
from catalog.formats.protocol import DIRECTION_PATH, REPORT_PATH
from tests.factories import make_init
from tests.fakes.relay import Exchange

STORE = "/songtan-public"


def index_of(*seconds: int) -> tuple[list[str], Index]:
    """An index whose segments last so long; each has ten bytes a second."""
    rows = [(10 * length, 1000 * length, f"{n:064x}") for n, length in enumerate(seconds)]
    index = make_index(TrackKind.VIDEO, 1000, make_init(), rows)
    return [digest for _, _, digest in rows], index


def test_what_crossed_is_told_by_kind_and_heads_apart() -> None:
    found = crossed(
        [
            Exchange(DIRECTION_PATH, up=300, down=1200, heads=500),
            Exchange(f"{STORE}/packs/ab", up=200, down=10_300, heads=500),
            Exchange(f"{STORE}/blobs/cd", up=200, down=5_100, heads=300),
            Exchange(f"{STORE}/changes/ab/cd", up=200, down=1_100, heads=300),
            Exchange(REPORT_PATH, up=900, down=400, heads=600),
        ]
    )
    assert found.media == 15_000
    assert found.bodies == {"centre": 1_700, "packs": 10_000, "blobs": 5_000, "changes": 1_000}
    assert found.rest == 1_700 + 1_000 + 2_200


def test_a_look_begins_with_the_question_for_the_direction() -> None:
    first, second = Exchange(DIRECTION_PATH, 300, 200), Exchange(DIRECTION_PATH, 300, 200)
    report = Exchange(REPORT_PATH, 900, 400)
    assert looks([report, first, report, second]) == [[first, report], [second]]
    assert look_bytes([second]) == 500 + 11 * 60


def test_segments_of_a_minute_are_those_that_show_something_of_it() -> None:
    digests, index = index_of(20, 50, 20, 10)
    assert touching([index], 30, 70) == {digests[1]: 500}
    assert list(touching([index], 60, 75)) == digests[1:3]
    assert list(touching([index], 70, 70)) == digests[1:3]
    assert list(touching([index], 40, 40)) == digests[1:2]
