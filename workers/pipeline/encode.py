"""Encodes one segment: fetch its part, encode, measure, keep. Equal work is encoded once and found again."""

from dataclasses import replace
from pathlib import Path

from catalog.formats.boxes import float_segment, read_fields, split_fragmented
from catalog.formats.errors import AppError, BadFormat
from catalog.formats.hashing import sha256_hex
from catalog.formats.index import MAX_INIT_BYTES, MAX_SEGMENT_BYTES
from catalog.storage.base import Bucket, NoSuchObject, ObjectStore
from workers.pipeline.commands import segments
from workers.pipeline.errors import NotDecodable, PartLost, ToolFailed
from workers.pipeline.measure import check_segment, file_digest
from workers.pipeline.process import UNWATCHED, Limits, Watch, run
from workers.pipeline.tools import Tools
from workers.pipeline.work import Encoded, SegmentWork, VideoWork, segment_key
from workers.pipeline.workspace import require_room

SLOWEST_FACTOR = 30
"""An encoder that needs more than so many seconds a second of content is stuck."""
START_S = 60.0


def kept_at(key: str) -> str:
    """Return the name, in the private bucket, of the encoded segment with this key: its init part and itself."""
    return f"segments/{key}"


def encode_segment(
    tools: Tools, store: ObjectStore, work: SegmentWork, folder: Path, limits: Limits, watch: Watch = UNWATCHED
) -> tuple[Encoded, bool]:
    """Encode `work` into the store, using `folder` for files; say whether it was there already.

    `limits` gives the memory and file size that ffmpeg may take. Raises NotDecodable, PartLost, SegmentWrong and
    what `process.run` and the store raise.
    """
    key = segment_key(work)
    kept = fetch_kept(store, key)
    if kept is not None:
        return describe(key, kept), True
    part = folder / "part"
    _fetch_part(store, work, part)
    out = folder / "segment.mp4"
    encode_file(tools, work, part, out, limits, watch)
    whole = out.read_bytes()
    encoded = describe(key, whole)
    check_segment(tools, work, out, encoded)
    init, fragments = split_fragmented(whole)
    store.put(Bucket.SOURCES, kept_at(key), init + float_segment(fragments[0]), "video/mp4")
    return encoded, False


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
    try:
        run(command, replace(limits, seconds=seconds, cpu_seconds=round(seconds * 2)), watch)
        split_fragmented(out.read_bytes())
    except ToolFailed as error:
        if "signal" in str(error.data["status"]):
            raise
        raise _not_decodable(work, str(error.data["why"])) from error
    except BadFormat as error:
        raise _not_decodable(work, "nothing came out") from error


def _not_decodable(work: SegmentWork, why: str) -> AppError:
    start = work.start_s
    return NotDecodable(start=round(start, 2), end=round(start + work.seconds, 2), why=why)


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


def describe(key: str, whole: bytes) -> Encoded:
    """Return what an index will say of a segment that comes with its init part. Raises BadFormat."""
    _, fragments = split_fragmented(whole)
    if len(fragments) != 1:
        raise BadFormat(what="segment", why=f"the encoder wrote {len(fragments)} fragments instead of one")
    segment = float_segment(fragments[0])
    return Encoded(key=key, length=len(segment), duration=read_fields(segment).duration, digest=sha256_hex(segment))
