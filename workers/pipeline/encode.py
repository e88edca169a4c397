"""Encodes one segment: fetch its part, encode, measure, keep. Equal work is encoded once and found again."""

from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import ValidationError

from catalog.formats.boxes import float_segment, lasting, read_fields, split_fragmented
from catalog.formats.errors import BadFormat
from catalog.formats.hashing import sha256_hex
from catalog.formats.index import MAX_INIT_BYTES, MAX_SEGMENT_BYTES
from catalog.storage.base import Bucket, NoSuchObject, ObjectStore
from workers.pipeline.commands import segments
from workers.pipeline.errors import NotDecodable, PartLost, SegmentWrong
from workers.pipeline.measure import check_segment, file_digest, measure
from workers.pipeline.process import UNWATCHED, Limits, Watch, decoding, run
from workers.pipeline.tools import Tools
from workers.pipeline.work import Done, Encoded, Measured, SegmentWork, VideoWork, measure_key, segment_key
from workers.pipeline.workspace import require_room

SLOWEST_FACTOR = 30
"""An encoder that needs more than so many seconds a second of content is stuck."""
START_S = 60.0
MAX_MEASURED_BYTES = 1 << 20


def measured_at(work: SegmentWork) -> str:
    """Return the name, in the private bucket, of what was measured on this work's segment."""
    return f"measures/{measure_key(work)}"


def kept_at(key: str) -> str:
    """Return the name, in the private bucket, of the encoded segment with this key: its init part and itself."""
    return f"segments/{key}"


@dataclass(frozen=True, slots=True)
class Bench:
    """What a task works with: tools, store, an empty folder, what ffmpeg may take (memory, file size), who watches."""

    tools: Tools
    store: ObjectStore
    folder: Path
    limits: Limits
    watch: Watch = UNWATCHED


def encode_segment(bench: Bench, work: SegmentWork) -> Done:
    """Encode `work` into the store and measure it there, unless that has been done before.

    Raises NotDecodable, PartLost, SegmentWrong and what `process.run` and the store raise.
    """
    key = segment_key(work)
    kept, measured = fetch_kept(bench.store, key), fetch_measured(bench.store, work)
    if kept is not None and measured is not None:
        return Done(encoded=describe(key, kept), measured=measured, reused=True)
    part, out = bench.folder / "part", bench.folder / "segment.mp4"
    _fetch_part(bench.store, work, part)
    if kept is None:
        encode_file(bench.tools, work, part, out, bench.limits, bench.watch)
        init, fragments = split_fragmented(out.read_bytes())
        if len(fragments) != 1:
            raise BadFormat(what="segment", why=f"the encoder wrote {len(fragments)} fragments instead of one")
        whole = init + lasting(float_segment(fragments[0]), work.units)
        out.write_bytes(whole)
        check_segment(work, out, describe(key, whole))
        bench.store.put(Bucket.SOURCES, kept_at(key), whole, "video/mp4")
    else:
        whole = kept
        out.write_bytes(kept)
    try:
        measured = measure(bench.tools, bench.store, work, (part, out), bench.limits, bench.watch)
    except SegmentWrong:
        bench.store.delete(Bucket.SOURCES, kept_at(key))  # so that the next try encodes it anew
        raise
    bench.store.put(Bucket.SOURCES, measured_at(work), measured.model_dump_json().encode(), "application/json")
    return Done(encoded=describe(key, whole), measured=measured, reused=kept is not None)


def encode_file(
    tools: Tools, work: SegmentWork, part: Path, out: Path, limits: Limits, watch: Watch = UNWATCHED
) -> None:
    """Encode `work` from the file `part` to `out`; the watch hears seconds of content. Raises NotDecodable."""
    span = work.seconds
    if isinstance(work, VideoWork):
        span += work.start_s - work.part_start  # the worst: one key frame, everything before has to be decoded
        command = segments.encode_video(tools, work, part, out)
    else:
        command = segments.encode_sound(tools, work, part, out)
    seconds = START_S + SLOWEST_FACTOR * span
    start, end = work.start_s, work.start_s + work.seconds
    with decoding(start, end):
        run(command, replace(limits, seconds=seconds, cpu_seconds=round(seconds * 2)), watch)
    try:
        split_fragmented(out.read_bytes())
    except BadFormat as error:
        raise NotDecodable(start=round(start, 2), end=round(end, 2), why="nothing came out") from error


def _fetch_part(store: ObjectStore, work: SegmentWork, part: Path) -> None:
    found = store.stat(Bucket.SOURCES, work.part_key)
    if found is None:
        raise PartLost(key=work.part_key)
    require_room(part.parent, found.length)
    try:
        store.download_to(Bucket.SOURCES, work.part_key, part)
    except NoSuchObject as error:
        raise PartLost(key=work.part_key) from error
    if file_digest(part) != work.part_digest:
        raise PartLost(key=work.part_key)


def fetch_kept(store: ObjectStore, key: str) -> bytes | None:
    """Return the encoded segment kept under `key` with its init part in front, or None."""
    try:
        return store.get(Bucket.SOURCES, kept_at(key), MAX_SEGMENT_BYTES + MAX_INIT_BYTES)
    except NoSuchObject:
        return None


def fetch_measured(store: ObjectStore, work: SegmentWork) -> Measured | None:
    """Return what was measured on the segment of this work at these spots, or None."""
    try:
        return Measured.model_validate_json(store.get(Bucket.SOURCES, measured_at(work), MAX_MEASURED_BYTES))
    except (NoSuchObject, ValidationError):
        return None


def describe(key: str, whole: bytes) -> Encoded:
    """Return what an index will say of a segment that comes with its init part. Raises BadFormat."""
    _, fragments = split_fragmented(whole)
    if len(fragments) != 1:
        raise BadFormat(what="segment", why=f"the encoder wrote {len(fragments)} fragments instead of one")
    segment = float_segment(fragments[0])
    return Encoded(key=key, length=len(segment), duration=read_fields(segment).duration, digest=sha256_hex(segment))
