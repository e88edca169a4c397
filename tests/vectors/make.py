"""Writes the test vectors of docs/format.md: `python -m tests.vectors.make`. Fixed keys, so the same bytes every time.

    store/          what an object store would hold, by name: packs, indexes, blobs, releases, metadata
    segments/       the segments of the pack, each as a node keeps it: without its place
    directions/     one for the node named in vectors.json, and the same from a centre that knows fewer fields
    bundle/         a drive: its first volume whole, its second one torn in the last entry
    refused/        statements that a node that has taken the rest must refuse
    timetable/      copies of entries and what they are together; entries and what takes place on the days of weeks
    vectors.json    what a reader should find

The private keys are Ed25519 with the sha256 of the text `<seed> <role>` as their 32 bytes (roles: root, timestamp,
snapshot, targets, directions; `partner-<id> <n>`; after a rotation `<role> <root's version>`). They are worth nothing.
"""

import json
import shutil
from pathlib import Path

from catalog.formats.attachments import PART_BYTES, cut
from catalog.formats.bundle import BLOCK, END, FIRST_DATA, FIRST_NAME, entry_header, padded, run_name
from catalog.formats.hashing import sha256_hex
from catalog.formats.index import TrackKind
from catalog.formats.protocol import Assignment, Policy, Window
from catalog.formats.release import Blob, Caption, Chapter, Lesson, Quality, Release
from catalog.formats.rungs import Rung, Tier
from catalog.formats.trust import partner_role
from tests.factories import Modern, Track, make_attachment, make_media, make_release, make_still, make_track
from tests.fakes.repository import COURSE, NODE, OTHER, PARTNER, TIMESTAMP, FakeRepository, key_from
from tests.vectors.timetables import timetable_vectors

FOLDER = Path(__file__).parent
SEED = "songtan vectors"
LESSON = "01JDE0000000000000000ESSN1"
CAPTIONS = "WEBVTT\n\n00:00.000 --> 00:00.320\n雪中送炭\n".encode()
POSTER = b"\xff\xd8\xff\xe0 not a real picture"
STILL = b"\xff\xd8\xff\xe0 not a real slide"
WORKSHEET = "%PDF-1.7 雪中送炭\0".encode() * (PART_BYTES // 22 + 1)
WORKSHEET_NAME = "课堂练习（1）.pdf"
OF_LATER_CENTRES = ("monthly_bytes", "thrift", "disk_quota_bytes")
QUALITY = Quality(vmaf_mean=93.4, vmaf_p5=88.0, vmaf_min=79.9, legibility=0.995)


def vectors() -> dict[str, bytes]:
    """Return every file of the vectors, by its path."""
    tracks = [make_track(kind, count=count, seed=seed) for seed in ("vector", "modern")
              for kind, count in ((TrackKind.VIDEO, 3), (TrackKind.SOUND, 2))]  # fmt: skip
    files: dict[str, bytes] = {}
    for track in tracks:
        files[f"store/indexes/{track.index.digest}"] = track.index.encoded
        files[f"store/packs/{track.index.digest}"] = track.pack
        for row, segment in zip(track.index.segments, track.segments, strict=True):
            files[f"segments/{row.digest}"] = segment
    for blob in (CAPTIONS, POSTER, STILL, *cut(WORKSHEET)):
        files[f"store/blobs/{sha256_hex(blob)}"] = blob

    repository = FakeRepository(SEED)
    repository.add_partner(PARTNER)
    repository.add_partner(OTHER, threshold=2)
    first = repository.publish(_release(tracks, 1))
    repository.rotate("timestamp")
    repository.rotate("root", "snapshot")
    before = repository.copy()
    second = repository.publish(_release(tracks, 2))
    files |= {f"store/{key}": data for key, data in repository.objects.items()}
    files |= _directions(repository)
    refused = _refused(repository, before)
    files |= {f"refused/{name}": data for name, (_, data) in refused.items()}
    volumes, held = _bundle(repository, before, tracks, [first.stored_as, second.stored_as])
    files |= volumes
    files |= timetable_vectors()
    found = {
        "seed": SEED,
        "node": NODE,
        "partner": PARTNER,
        "course": COURSE,
        "root": {"first": "store/metadata/1.root.json", "newest": repository.root.version},
        "timestamp": repository.timestamp.version,
        "snapshot": repository.snapshot.version,
        "roles": {name: role.version for name, role in repository.partners.items()},
        "release": {"path": second.path, "stored_as": f"store/{second.stored_as}", "number": 2},
        "older_release": f"store/{first.stored_as}",
        "attachment": {"name": WORKSHEET_NAME, "length": len(WORKSHEET), "sha256": sha256_hex(WORKSHEET)},
        "tracks": [_described(track) for track in tracks],
        "direction": {"file": "directions/direction.json", "version": 3},
        "older_direction": "directions/direction-of-an-older-centre.json",
        "bundle": {"place": "bundle", "held": held},
        "refused": {name: step for name, (step, _) in refused.items()},
    }
    files["vectors.json"] = json.dumps(found, ensure_ascii=False, indent=1).encode() + b"\n"
    return files


def _release(tracks: list[Track], number: int) -> Release:
    poster = Blob(sha256=sha256_hex(POSTER), length=len(POSTER))
    captions = Caption(sha256=sha256_hex(CAPTIONS), length=len(CAPTIONS), language="zh-CN", name="简体中文")
    release = make_release((), number, COURSE, PARTNER)
    video, sound, modern, modern_sound = tracks
    media = make_media(
        {Rung.LISTEN: None, Rung.FLOOR: video},
        sound,
        poster,
        Modern({Rung.LISTEN: None, Rung.FLOOR: modern}, modern_sound),
        (make_still(STILL, 0, "帕斯卡"),),
        (Chapter(start_ms=0, title="复习"), Chapter(start_ms=240, title="压强")),
    )
    measured = tuple(r.model_copy(update={"quality": QUALITY if r.video else Quality()}) for r in media.renditions)
    lesson = Lesson(
        id=LESSON,
        number=1,
        title="压强",
        place=release.place,
        media=media.model_copy(update={"renditions": measured}),
        captions=(captions,),
        attachments=(make_attachment(WORKSHEET, WORKSHEET_NAME),) if number > 1 else (),
    )
    return release.model_copy(update={"lessons": (lesson,)})


def _bundle(
    repository: FakeRepository, before: FakeRepository, tracks: list[Track], releases: list[str]
) -> tuple[dict[str, bytes], dict[str, list[tuple[int, int]]]]:
    """Return two volumes, and what is held on them of each track: one that was exported, and a top-up that tore.

    The first has the statements of before, two tracks and the small files; the second has those of now, a track's
    last segments, and of another one an entry that breaks off.
    """
    video, sound, modern, _ = tracks
    volumes: list[list[tuple[str, bytes]]] = []
    for objects, release in zip((before.objects, repository.objects), releases, strict=True):
        names = [name for name in objects if name.startswith("metadata/") and name != TIMESTAMP]
        volumes.append([(name, objects[name]) for name in [*names, release, TIMESTAMP]])
    volumes[0] += [(f"blobs/{sha256_hex(blob)}", blob) for blob in (CAPTIONS, POSTER, STILL)]
    for volume, track, first in ((0, video, 0), (0, sound, 0), (1, modern, 1), (1, modern, 0)):
        index = track.index
        volumes[volume].append((f"indexes/{index.digest}", index.encoded))
        offset, end = index.segments[first].offset, len(track.pack) if first or track is not modern else None
        run = track.pack[offset : end or index.segments[1].offset]
        volumes[volume].append((run_name(index.digest, offset), run))
    written = [b"".join(_entry(*one) for one in ((FIRST_NAME, FIRST_DATA), *entries)) for entries in volumes]
    files = {"bundle/songtan/00001.tar": written[0] + END, "bundle/songtan/00002.tar": written[1][:-BLOCK]}
    whole = {track.index.digest: [(0, len(track.index.segments))] for track in (video, sound)}
    return files, {**whole, modern.index.digest: [(1, 2)]}


def _entry(name: str, data: bytes) -> bytes:
    return entry_header(name, len(data)) + data + bytes(padded(len(data)) - len(data))


def _described(track: Track) -> dict[str, object]:
    return {
        "kind": track.index.kind.value,
        "digest": track.index.digest,
        "pack_length": track.index.pack_length,
        "segments": [
            {"digest": s.digest, "offset": s.offset, "length": s.length, "start": s.start, "duration": s.duration}
            for s in track.index.segments
        ],
    }


def _directions(repository: FakeRepository) -> dict[str, bytes]:
    """Return a direction, and the same as a centre of before would say it."""
    policy = Policy(
        rate_limit_bits_per_s=2_000_000,
        windows=(Window(start=1320, end=360),),
        monthly_bytes=5_000_000_000,
        thrift=0.001,
        disk_quota_bytes=64_000_000_000,
        tiers=(Tier.COMPATIBLE, Tier.MODERN),
    )
    return {
        f"directions/{name}.json": repository.direction(
            NODE,
            [Assignment(course=COURSE, partner=PARTNER, release=1)],
            version=3,
            policy=policy,
            store_url="https://store.example.org/songtan-public",
            unsaid=unsaid,
        )
        for name, unsaid in (("direction", ()), ("direction-of-an-older-centre", OF_LATER_CENTRES))
    }


def _refused(repository: FakeRepository, before: FakeRepository) -> dict[str, tuple[str, bytes]]:
    """Return statements to refuse, with the step at which: a thief's, an old one, a partner's own, another node's."""
    name = partner_role(PARTNER)
    thief = repository.copy()
    thief.keys = {role: key_from(f"thief {role}") for role in thief.keys}
    thief.root.version += 1
    stolen = repository.copy()
    stolen.keys["timestamp"] = key_from(f"{SEED} timestamp")  # revoked by root 2
    return {
        "root-signed-by-a-thief.json": ("root", thief.write_root([thief.keys["root"]])),
        "timestamp-signed-by-a-revoked-key.json": ("timestamp", stolen.write_timestamp()),
        "timestamp-of-before.json": ("timestamp", before.objects[TIMESTAMP]),
        "snapshot-of-before.json": ("snapshot", before.objects[f"metadata/{before.snapshot.version}.snapshot.json"]),
        "targets-signed-by-a-partner.json": (
            "targets",
            repository.copy().write_targets(repository.partner_keys[name][0]),
        ),
        "partner-of-before.json": ("partner", before.objects[f"metadata/{before.partners[name].version}.{name}.json"]),
        "direction-for-another-node.json": ("direction", repository.direction(OTHER, version=9)),
        "direction-signed-by-a-partner.json": (
            "direction",
            repository.direction(NODE, version=9, signer=repository.partner_keys[name][0]),
        ),
        "direction-of-before.json": ("direction", repository.direction(NODE, version=2)),
    }


def main() -> None:
    """Write the vectors anew."""
    for folder in ("store", "segments", "directions", "refused", "bundle", "timetable"):
        shutil.rmtree(FOLDER / folder, ignore_errors=True)
    for path, data in vectors().items():
        (FOLDER / path).parent.mkdir(parents=True, exist_ok=True)
        (FOLDER / path).write_bytes(data)


if __name__ == "__main__":
    main()
