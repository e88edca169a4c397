"""The test vectors of docs/format.md: read from the disk, as a second implementation would read them."""

import json
from collections.abc import Callable
from datetime import date, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from catalog.formats.attachments import part_lengths
from catalog.formats.boxes import place_segment
from catalog.formats.errors import NotTrusted
from catalog.formats.hashing import sha256_hex
from catalog.formats.index import parse_index, take_segment
from catalog.formats.occurrences import occurrences, read_plan
from catalog.formats.timetable import Entry, disputed, is_removed, merge, timetable_digest
from catalog.formats.trust import Floor, Trust, partner_role
from edge_cache.bundle.source import DriveSource
from edge_cache.bundle.volumes import look_through
from tests.vectors.make import vectors

FOLDER = Path(__file__).parents[1] / "vectors"
FOUND: dict[str, Any] = json.loads((FOLDER / "vectors.json").read_bytes())


def read(path: str) -> bytes:
    return (FOLDER / path).read_bytes()


def trusting() -> Trust:
    """Return a node that has enrolled with the first root and taken all that the store holds."""
    trust = Trust(read(FOUND["root"]["first"]), Floor())
    while (FOLDER / f"store/metadata/{trust.root_version + 1}.root.json").exists():
        trust.take_root(read(f"store/metadata/{trust.root_version + 1}.root.json"))
    trust.take_timestamp(read("store/metadata/timestamp.json"))
    trust.take_snapshot(read(f"store/metadata/{trust.snapshot_version}.snapshot.json"))
    trust.take_targets(read(f"store/metadata/{trust.version_of('targets')}.targets.json"))
    for role, version in trust.partner_roles().items():
        trust.take_partner(role, read(f"store/metadata/{version}.{role}.json"))
    return trust


def test_the_vectors_are_those_that_the_script_makes() -> None:
    made = vectors()
    there = {
        str(path.relative_to(FOLDER))
        for folder in ("store", "segments", "directions", "refused", "bundle", "timetable")
        for path in (FOLDER / folder).rglob("*")
        if path.is_file()
    }
    assert there | {"vectors.json"} == made.keys()
    assert [path for path in made if read(path) != made[path]] == []


def test_an_attachment_is_put_together_from_its_parts() -> None:
    older = json.loads(read(FOUND["older_release"]))["lessons"][0]
    assert "attachments" not in older, "a lesson without any is written as before there were any"
    (attachment,) = json.loads(read(FOUND["release"]["stored_as"]))["lessons"][0]["attachments"]
    assert {name: attachment[name] for name in FOUND["attachment"]} == FOUND["attachment"]
    parts = [read(f"store/blobs/{digest}") for digest in attachment["parts"]]
    assert [sha256_hex(part) for part in parts] == attachment["parts"]
    assert [len(part) for part in parts] == part_lengths(attachment["length"]) == [262_144, len(parts[1])]
    assert sha256_hex(b"".join(parts)) == attachment["sha256"]


def test_the_root_chain_and_the_metadata_are_taken() -> None:
    trust = trusting()
    assert trust.root_version == FOUND["root"]["newest"] == 3
    assert trust.floor["timestamp"] == FOUND["timestamp"]
    assert trust.snapshot_version == FOUND["snapshot"]
    assert trust.partner_roles() == FOUND["roles"]


def test_the_newest_release_is_opened() -> None:
    trust = trusting()
    target = trust.releases()[FOUND["partner"], FOUND["course"]]
    assert f"store/{target.stored_as}" == FOUND["release"]["stored_as"]
    data = read(FOUND["release"]["stored_as"])
    release = trust.open_release(target, data)
    assert release.target_path == FOUND["release"]["path"]
    assert release.encoded() == data
    assert sorted(track.index for track in release.tracks()) == sorted(track["digest"] for track in FOUND["tracks"])
    for blob in release.blobs():
        assert sha256_hex(read(f"store/blobs/{blob.sha256}")) == blob.sha256
    with pytest.raises(NotTrusted):
        trust.open_release(target, read(FOUND["older_release"]))


@pytest.mark.parametrize("track", FOUND["tracks"], ids=lambda track: track["kind"])
def test_index_pack_and_segments_agree(track: dict[str, Any]) -> None:
    index = parse_index(read(f"store/indexes/{track['digest']}"))
    pack = read(f"store/packs/{track['digest']}")
    assert (index.digest, index.kind.value) == (track["digest"], track["kind"])
    assert index.pack_length == len(pack) == track["pack_length"]
    assert pack.startswith(index.init)
    for row, expected in zip(index.segments, track["segments"], strict=True):
        assert {name: getattr(row, name) for name in expected} == expected
        segment = take_segment(row, pack[row.offset : row.offset + row.length])
        assert segment == read(f"segments/{row.digest}")
        assert place_segment(segment, row.number + 1, row.start) == pack[row.offset : row.offset + row.length]


def test_the_direction_is_opened() -> None:
    direction = trusting().open_direction(read(FOUND["direction"]["file"]), FOUND["node"])
    assert direction.version == FOUND["direction"]["version"]
    assert direction.assignments[0].course == FOUND["course"]
    assert direction.policy.windows[0].end == 360
    policy = direction.policy
    assert (policy.monthly_bytes, policy.thrift, policy.disk_quota_bytes) == (5 * 10**9, 0.001, 64 * 10**9)


def test_a_direction_of_a_centre_that_knows_fewer_fields_says_nothing_of_them() -> None:
    policy = trusting().open_direction(read(FOUND["older_direction"]), FOUND["node"]).policy
    assert (policy.monthly_bytes, policy.thrift, policy.disk_quota_bytes) == (None, 0, None)
    assert policy.rate_limit_bits_per_s == 2_000_000


def test_the_bundle_holds_the_stores_objects_up_to_where_it_is_torn() -> None:
    drive = DriveSource(FOLDER / "bundle", look_through(FOLDER / FOUND["bundle"]["place"]))
    whole = drive.contents.whole
    assert {name: entry.read() for name, entry in whole.items()} == {name: read(f"store/{name}") for name in whole}
    for track in FOUND["tracks"]:
        assert [list(run) for run in drive.runs(track["digest"])] == FOUND["bundle"]["held"].get(track["digest"], [])
        pack = read(f"store/packs/{track['digest']}")
        for run, entry in drive.contents.runs.get(track["digest"], {}).values():
            assert entry.read() == pack[run.offset : run.end]
    trust = Trust(whole["metadata/1.root.json"].read(), Floor())
    while (root := whole.get(f"metadata/{trust.root_version + 1}.root.json")) is not None:
        trust.take_root(root.read())
    trust.take_timestamp(whole["metadata/timestamp.json"].read())
    assert trust.floor["timestamp"] == FOUND["timestamp"]


@pytest.mark.parametrize("name", FOUND["refused"])
def test_what_is_to_be_refused_is_refused(name: str) -> None:
    trust = trusting()
    trust.open_direction(read(FOUND["direction"]["file"]), FOUND["node"])
    data = read(f"refused/{name}")
    steps: dict[str, Callable[[], object]] = {
        "root": lambda: trust.take_root(data),
        "timestamp": lambda: trust.take_timestamp(data),
        "snapshot": lambda: trust.take_snapshot(data),
        "targets": lambda: trust.take_targets(data),
        "partner": lambda: trust.take_partner(partner_role(FOUND["partner"]), data),
        "direction": lambda: trust.open_direction(data, FOUND["node"]),
    }
    with pytest.raises(NotTrusted):
        steps[FOUND["refused"][name]]()


@pytest.mark.parametrize("case", json.loads(read("timetable/merges.json")), ids=lambda case: case["name"])
def test_copies_of_an_entry_are_together_what_they_should_be(case: dict[str, Any]) -> None:
    one, other = (Entry.model_validate(copy) for copy in case["copies"])
    together = Entry.model_validate(case["together"])
    assert merge(one, other) == merge(other, one) == together
    assert (together.digest, is_removed(together), sorted(disputed(together))) == (
        case["digest"], case["removed"], case["disputed"],
    )  # fmt: skip
    assert timetable_digest({together.id: together.digest}) == case["timetable_digest"]


@pytest.mark.parametrize("case", json.loads(read("timetable/occurrences.json")), ids=lambda case: case["name"])
def test_what_takes_place_is_what_should(case: dict[str, Any]) -> None:
    entries = [Entry.model_validate(entry) for entry in case["entries"]]
    plans = [plan for entry in entries if (plan := read_plan(entry)) is not None]
    days = (date.fromisoformat(case[name]) for name in ("first", "last"))
    found = occurrences(plans, case["lessons"], timezone(timedelta(hours=8)), *days)
    shown = [
        {
            "day": one.day.isoformat(),
            "start": one.start,
            "lesson": one.lesson,
            "starts": one.starts.isoformat(),
            "ends": one.ends.isoformat(),
            "skipped": one.skipped,
        }
        for one in found
    ]
    assert shown == case["occurrences"]
