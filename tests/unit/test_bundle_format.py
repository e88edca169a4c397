"""The bundle's rules: names that every FAT takes, headers that every tar reads, runs that never lie about segments."""

import io
import re
import tarfile
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.formats.bundle import (
    BLOCK,
    MAX_RUN_BYTES,
    MAX_VOLUME_BYTES,
    Run,
    entry_header,
    padded,
    read_header,
    read_run_name,
    run_name,
    runs_of,
    segments_in,
    volume_name,
    volume_number,
)
from catalog.formats.ids import new_id
from catalog.formats.index import Index, TrackKind, make_index

FAT32_LARGEST = (1 << 32) - 1
FAT_TAKES = re.compile(r"[A-Z0-9_~-]{1,8}\.[A-Z0-9]{1,3}")


def index_of(*lengths: int) -> Index:
    return make_index(TrackKind.VIDEO, 1000, b"init", [(n, 1, "0" * 64) for n in lengths])


@given(st.integers(1, 99_999))
def test_volumes_are_named_as_every_fat_takes_them(number: int) -> None:
    name = volume_name(number)
    assert FAT_TAKES.fullmatch(name.upper())
    assert volume_number(name) == volume_number(name.upper()) == number


@pytest.mark.parametrize("name", ["00001.tar~", "._00001.tar", "1.tar", "000001.tar", "00001.tar.part", "x"])
def test_other_files_are_no_volumes(name: str) -> None:
    assert volume_number(name) is None


def test_no_volume_comes_near_what_fat_cannot_hold() -> None:
    assert MAX_VOLUME_BYTES < FAT32_LARGEST // 2
    assert MAX_RUN_BYTES < MAX_VOLUME_BYTES


@given(st.sampled_from(["metadata/timestamp.json", f"releases/{new_id()}/{new_id()}/{'a' * 64}.999999999.json",
                        run_name("b" * 64, 10**12)]), st.integers(0, MAX_VOLUME_BYTES))  # fmt: skip
def test_headers_come_back_as_they_went(name: str, length: int) -> None:
    block = entry_header(name, length)
    assert len(block) == BLOCK
    assert read_header(block) == (name, length)


@given(st.binary(min_size=BLOCK, max_size=BLOCK))
def test_anything_else_is_no_header(block: bytes) -> None:
    assert read_header(block) is None


@given(st.integers(0, BLOCK - 1), st.integers(1, 255))
def test_a_spoiled_header_is_none_or_one_of_bounds(at: int, flip: int) -> None:
    block = bytearray(entry_header("blobs/" + "a" * 64, 1000))
    block[at] ^= flip
    found = read_header(bytes(block))
    assert found is None or 0 <= found[1] <= MAX_VOLUME_BYTES


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE])
def test_links_and_devices_are_not_read(kind: bytes) -> None:
    entry = tarfile.TarInfo("blobs/" + "a" * 64)
    entry.type, entry.linkname = kind, "/etc/passwd"
    assert read_header(entry.tobuf(tarfile.USTAR_FORMAT)) is None


def test_any_tar_program_reads_a_volume() -> None:
    data = b"x" * 700
    raw = entry_header("packs/y/0", len(data)) + data + bytes(padded(len(data)) - len(data)) + bytes(2 * BLOCK)
    with tarfile.open(fileobj=io.BytesIO(raw), mode="r:") as archive:
        member = archive.getmembers()[0]
        file = archive.extractfile(member)
        assert file is not None
        assert (member.name, file.read()) == ("packs/y/0", data)


@given(st.lists(st.integers(1, 3000), min_size=1, max_size=40), st.sets(st.integers(0, 39)))
def test_runs_hold_what_was_chosen_once_and_in_order(lengths: list[int], chosen: set[int]) -> None:
    index = index_of(*lengths)
    rows = [row for row in index.segments if row.number in chosen]
    runs = runs_of(rows, largest=4000)
    assert [row for run in runs for row in run] == rows
    for run in runs:
        assert [row.number for row in run] == list(range(run[0].number, run[0].number + len(run)))
        assert len(run) == 1 or sum(row.length for row in run) <= 4000


@given(
    st.lists(st.integers(1, 50), min_size=1, max_size=20), st.lists(st.tuples(st.integers(0, 600), st.integers(0, 200)))
)
def test_a_segment_is_there_if_all_of_its_bytes_are(lengths: list[int], spans: list[tuple[int, int]]) -> None:
    index, runs = index_of(*lengths), [Run(offset, length) for offset, length in spans]
    there = {at for run in runs for at in range(run.offset, run.end)}
    wanted = [r.number for r in index.segments if there.issuperset(range(r.offset, r.offset + r.length))]
    found = segments_in(index, runs)
    assert [n for first, count in found for n in range(first, first + count)] == wanted
    assert all(a[0] + a[1] < b[0] for a, b in pairwise(found)), "two stretches that touch"


@pytest.mark.parametrize("name", ["packs/" + "a" * 63 + "/0", "packs/" + "a" * 64 + "/01", "packs/" + "A" * 64 + "/1"])
def test_other_names_are_no_runs(name: str) -> None:
    assert read_run_name(name) is None
