"""A drive's volumes: what was written is found again, whatever was cut off, flipped or left half written."""

import os
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tarfile import SYMTYPE, USTAR_FORMAT, TarInfo

import pytest

from catalog.formats.bundle import BLOCK, END, FIRST_DATA, FIRST_NAME, entry_header, run_name
from catalog.formats.hashing import sha256_hex
from catalog.formats.index import MAX_SEGMENT_BYTES
from edge_cache.bundle.check import Check
from edge_cache.bundle.errors import DriveFull, DriveUnusable, NoBundle
from edge_cache.bundle.volumes import entries, has_bundle, look_through, volumes
from edge_cache.bundle.writer import BundleWriter
from tests.factories import Track, make_track

TRACK = make_track(count=6, size=3000)
OTHER = make_track(count=4, size=900, seed="other")
SMALL = [f"small {n}".encode() * 50 for n in range(5)]


def write(place: Path, volume_bytes: int = 1 << 20) -> None:
    """Write two tracks and a few small files."""
    with BundleWriter(place, volume_bytes) as writer:
        add_all(writer)
        writer.finish()


def add_all(writer: BundleWriter) -> None:
    """Write what is not there, as an export does."""
    for data in SMALL:
        if f"blobs/{sha256_hex(data)}" not in writer.contents.whole:
            writer.add(f"blobs/{sha256_hex(data)}", data)
    for track in (TRACK, OTHER):
        digest = track.index.digest
        if f"indexes/{digest}" not in writer.contents.whole:
            writer.add(f"indexes/{digest}", track.index.encoded)
        for row in track.index.segments:
            if not writer.contents.holds(digest, row.offset, row.offset + row.length):
                writer.add(run_name(digest, row.offset), track.pack[row.offset : row.offset + row.length])


def everything() -> Iterator[tuple[str, bytes]]:
    for data in SMALL:
        yield f"blobs/{sha256_hex(data)}", data
    for track in (TRACK, OTHER):
        yield f"indexes/{track.index.digest}", track.index.encoded


def pack_on(place: Path, track: Track) -> bytes:
    """The pack's bytes after its init part, as they are found on the drive."""
    contents, at, found = look_through(place), len(track.index.init), b""
    while (run := contents.at(track.index.digest, at)) is not None:
        data = run[1].read()
        found += data[at - run[0].offset :]
        at = run[0].end
    return found


def assert_whole(place: Path) -> None:
    contents = look_through(place)
    assert {name: entry.read() for name, entry in contents.whole.items()} == dict(everything())
    for track in (TRACK, OTHER):
        assert pack_on(place, track) == track.pack[len(track.index.init) :]


def files(place: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in volumes(place / "songtan")}


@pytest.mark.parametrize("volume_bytes", [1 << 20, 12 << 10])
def test_what_was_written_is_found(tmp_path: Path, volume_bytes: int) -> None:
    write(tmp_path, volume_bytes)
    assert_whole(tmp_path)
    assert all(len(data) <= volume_bytes and data.endswith(END) for data in files(tmp_path).values())
    assert len(files(tmp_path)) == 1 if volume_bytes == 1 << 20 else len(files(tmp_path)) > 2


def test_nothing_new_writes_nothing(tmp_path: Path) -> None:
    write(tmp_path)
    before = {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in (tmp_path / "songtan").iterdir()}
    write(tmp_path)
    assert {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in (tmp_path / "songtan").iterdir()} == before


def test_a_copy_that_broke_off_anywhere_is_a_smaller_bundle_and_can_be_finished(tmp_path: Path) -> None:
    """The newest volume ends at every possible block, and in the middle of some."""
    write(tmp_path / make(tmp_path, "whole"))
    ((name, data),) = files(tmp_path / "whole").items()
    for cut in [*range(0, len(data), BLOCK), *range(100, len(data), 3 * BLOCK)]:
        place = tmp_path / make(tmp_path, f"cut{cut}")
        (place / "songtan").mkdir()
        (place / "songtan" / name).write_bytes(data[:cut])
        known = dict(everything())
        assert all(known[n] == entry.read() for n, entry in look_through(place).whole.items())
        write(place)
        assert_whole(place)


def make(folder: Path, name: str) -> str:
    (folder / name).mkdir()
    return name


def test_a_tail_of_zeros_after_a_power_cut_is_cut_off(tmp_path: Path) -> None:
    """FAT may have the length of a file without its last bytes."""
    write(tmp_path)
    ((name, data),) = files(tmp_path).items()
    for lost in range(1, 12):
        keep = len(data) - lost * 700
        (tmp_path / "songtan" / name).write_bytes(data[:keep] + bytes(len(data) - keep))
        write(tmp_path)
        assert_whole(tmp_path)


def test_what_has_rotten_is_written_anew_after_a_check(tmp_path: Path) -> None:
    write(tmp_path, 12 << 10)
    victims = sorted((tmp_path / "songtan").iterdir())[:2]
    for victim in victims:
        spoiled = bytearray(victim.read_bytes())
        spoiled[3 * BLOCK + 17] ^= 1
        victim.write_bytes(bytes(spoiled))
    with BundleWriter(tmp_path, 12 << 10) as writer:
        writer.check()
        assert writer.damaged == 2
        add_all(writer)
        writer.finish()
    assert_whole(tmp_path)
    with BundleWriter(tmp_path) as writer:
        writer.check()
        assert writer.damaged == 0
    assert len(files(tmp_path)) >= 3


def test_rot_in_the_newest_volume_costs_what_has_rotten(tmp_path: Path) -> None:
    write(tmp_path)
    ((name, data),) = files(tmp_path).items()
    spoiled = bytearray(data)
    spoiled[3 * BLOCK + 17] ^= 1
    (tmp_path / "songtan" / name).write_bytes(bytes(spoiled))
    write(tmp_path)
    assert_whole(tmp_path)
    assert len(files(tmp_path)[name]) < len(data) + 3 * BLOCK


def test_volumes_of_a_later_format_and_other_files_are_left_alone(tmp_path: Path) -> None:
    folder = tmp_path / "songtan"
    folder.mkdir()
    foreign = {"00007.tar": entry_header("bundle.json", 7) + b'{"v":9}'.ljust(BLOCK, b"\0"), "holiday.jpg": b"photo"}
    for name, data in foreign.items():
        (folder / name).write_bytes(data)
    write(tmp_path)
    assert_whole(tmp_path)
    assert {name: (folder / name).read_bytes() for name in foreign} == foreign
    assert (folder / "00008.tar").exists()


def test_what_a_later_format_wrote_into_a_volume_is_left_alone(tmp_path: Path) -> None:
    write(tmp_path)
    volume = tmp_path / "songtan" / "00001.tar"
    written = volume.read_bytes().removesuffix(END)
    link = TarInfo("shortcut")
    link.type, link.linkname = SYMTYPE, "blobs/elsewhere"
    for rotten in (False, True):
        data = bytearray(written)
        data[-BLOCK] ^= rotten
        volume.write_bytes(data + link.tobuf(USTAR_FORMAT) + END)
        before = volume.read_bytes()
        with BundleWriter(tmp_path) as writer:
            add_all(writer)
            writer.add(f"blobs/{sha256_hex(b'more')}", b"more")
            writer.finish()
        assert volume.read_bytes() == before
        (tmp_path / "songtan" / "00002.tar").unlink()


def test_a_bundle_with_as_many_entries_as_a_reader_looks_at_is_full_and_stays_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path, 12 << 10)
    before = files(tmp_path)
    count = look_through(tmp_path).count
    assert len(before) > 2
    for most in range(3, count + 2):
        monkeypatch.setattr("edge_cache.bundle.volumes.MAX_ENTRIES", most)
        with BundleWriter(tmp_path, 12 << 10) as writer:
            assert writer.contents.count == min(count, most + 1)
            with pytest.raises(DriveFull):
                writer.add("metadata/9.root.json", b"{}")
            writer.finish()
        assert files(tmp_path) == before
    monkeypatch.setattr("edge_cache.bundle.volumes.MAX_ENTRIES", count + 3)
    with BundleWriter(tmp_path, 12 << 10) as writer:
        while not writer.contents.is_full:
            writer.add("metadata/9.root.json", b"{}")
        with pytest.raises(DriveFull):
            writer.add("metadata/9.root.json", b"{}")
        writer.finish()
    assert count < look_through(tmp_path).count <= count + 3, "all that was written is read"


def test_after_the_last_number_a_drive_is_full(tmp_path: Path) -> None:
    folder = tmp_path / "songtan"
    folder.mkdir()
    (folder / "99999.tar").write_bytes(b"")
    with pytest.raises(DriveFull):
        write(tmp_path)
    assert [path.name for path in folder.iterdir()] == ["99999.tar"]


def test_links_on_a_drive_lead_nowhere(tmp_path: Path) -> None:
    """A drive with links must not have us write, or read, somewhere else."""
    outside = tmp_path / "outside"
    outside.mkdir()
    write(outside)
    drive = tmp_path / make(tmp_path, "drive")
    (drive / "songtan").symlink_to(outside / "songtan")
    with pytest.raises(DriveUnusable):
        BundleWriter(drive)
    (drive / "songtan").unlink()
    (drive / "songtan").mkdir()
    (drive / "songtan" / "00001.tar").symlink_to(outside / "songtan" / "00001.tar")
    os.mkfifo(drive / "songtan" / "00002.tar")
    assert not has_bundle(drive)
    before = files(outside)
    with pytest.raises(DriveUnusable):
        write(drive)
    assert files(outside) == before


def test_no_drive_and_no_bundle_are_told_apart(tmp_path: Path) -> None:
    with pytest.raises(NoBundle):
        look_through(tmp_path)
    with pytest.raises(DriveUnusable, match="no such folder"):
        BundleWriter(tmp_path / "nowhere")
    assert not has_bundle(tmp_path / "nowhere")


def test_the_bundles_own_folder_may_be_named(tmp_path: Path) -> None:
    write(tmp_path)
    assert look_through(tmp_path / "songtan").whole.keys() == look_through(tmp_path).whole.keys()


def test_a_later_entry_counts(tmp_path: Path) -> None:
    with BundleWriter(tmp_path) as writer:
        writer.add("metadata/timestamp.json", b'{"version": 1}')
        writer.add("metadata/timestamp.json", b'{"version": 2}')
        writer.finish()
    assert look_through(tmp_path).whole["metadata/timestamp.json"].read() == b'{"version": 2}'


GIB = 1 << 30
"""As long as an entry may be: a file of that length with nothing in it takes no room on the disk."""


def hostile(place: Path, *before: bytes, name: str) -> Path:
    """Write a volume of a GiB whose last entry claims to be `name`, and all the rest."""
    volume = place / "songtan" / "00001.tar"
    volume.parent.mkdir()
    begun = b"".join(before)
    volume.write_bytes(begun + entry_header(name, GIB - len(begun) - BLOCK))
    os.truncate(volume, GIB)
    return volume


def test_a_first_entry_of_a_gibibyte_is_not_read(tmp_path: Path) -> None:
    hostile(tmp_path, name=FIRST_NAME)
    with little_memory():
        assert look_through(tmp_path).whole == {}


@pytest.mark.parametrize("name", ["metadata/9.root.json", f"blobs/{'0' * 64}", run_name("0" * 64, 0)])
def test_an_entry_longer_than_any_of_ours_is_damaged_and_is_not_read(tmp_path: Path, name: str) -> None:
    first = entry_header(FIRST_NAME, len(FIRST_DATA)) + FIRST_DATA.ljust(BLOCK, b"\0")
    volume = hostile(tmp_path, first, name=name)
    with little_memory():
        (entry,) = [entry for entry in entries(volume) if entry.name == name]
        assert not Check(look_through(tmp_path)).is_sound(entry)
        assert len(entry.read()) < GIB


def test_metadata_nested_without_end_is_damaged(tmp_path: Path) -> None:
    with BundleWriter(tmp_path) as writer:
        writer.add("metadata/9.root.json", b"[" * 200_000)
        writer.finish()
        writer.check()
        assert writer.damaged == 1


@contextmanager
def little_memory() -> Iterator[None]:
    """Watch that at no moment more than a segment and a little were in memory."""
    tracemalloc.start()
    try:
        yield
        assert tracemalloc.get_traced_memory()[1] < MAX_SEGMENT_BYTES + (1 << 20)
    finally:
        tracemalloc.stop()
