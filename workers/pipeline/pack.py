"""Packs: a track's segments in order, its index, and what a release will say of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from catalog.formats.boxes import split_fragmented
from catalog.formats.codecs import sound_codec, video_codec
from catalog.formats.errors import BadFormat
from catalog.formats.hashing import sha256_hex
from catalog.formats.index import Index, TrackKind, make_index, write_pack
from catalog.formats.release import Blob, Media, Rendition, SoundTrack, VideoTrack
from catalog.formats.rungs import Rung, Tier
from catalog.storage.base import BINARY, Bucket, NoSuchObject, ObjectStore
from workers.pipeline.encode import fetch_kept, kept_at
from workers.pipeline.errors import Cancelled, InitDiffers, PartLost
from workers.pipeline.plan import SAMPLE_RATE
from workers.pipeline.process import UNWATCHED, Watch
from workers.pipeline.work import Encoded, SegmentWork, VideoWork

MAX_POSTER_BYTES = 4 << 20

Row = tuple[SegmentWork, Encoded]


@dataclass(frozen=True, slots=True)
class Bench:
    """What packing works with: the store, an empty folder, and who watches (a share from 0 to 1)."""

    store: ObjectStore
    folder: Path
    watch: Watch = UNWATCHED


def make_media(bench: Bench, rows: Sequence[Row], poster_key: str | None) -> Media:
    """Store the packs and indexes of all tracks and the poster; return what a release will say of them.

    Everything has its digest as its name and is stored before it is named, so doing this twice is harmless. Raises
    InitDiffers, PartLost, BadFormat, and what the store raises.
    """
    tracks: dict[str, list[Row]] = {}
    for row in rows:
        tracks.setdefault(row[0].track, []).append(row)
    done = 0
    renditions: list[Rendition] = []
    sounds: list[SoundTrack] = []
    durations: list[int] = []
    for track_rows in tracks.values():
        track_rows.sort(key=lambda row: row[0].number)
        index = _store_track(bench, track_rows, done, len(rows))
        done += len(track_rows)
        durations.append(index.duration_ms)
        first = track_rows[0][0]
        if isinstance(first, VideoWork):
            renditions.append(Rendition(rung=first.recipe.rung, tier=Tier.COMPATIBLE, video=video_track(index, first)))
        else:
            sounds.append(sound_track(index, first.recipe.channels))
    if not renditions:
        renditions.append(Rendition(rung=Rung.LISTEN, tier=Tier.COMPATIBLE, video=None))
    renditions.sort(key=lambda rendition: rendition.rung.height_on_ladder)
    poster = _store_poster(bench.store, poster_key) if poster_key else None
    return Media(duration_ms=max(durations), renditions=tuple(renditions), sounds=tuple(sounds), poster=poster)


def _store_track(bench: Bench, rows: Sequence[Row], done: int, total: int) -> Index:
    init, _ = _take(bench.store, rows[0][1])
    first = rows[0][0]
    kind, timescale = (
        (TrackKind.VIDEO, first.recipe.timescale) if isinstance(first, VideoWork) else (TrackKind.SOUND, SAMPLE_RATE)
    )
    index = make_index(kind, timescale, init, [(e.length, e.duration, e.digest) for _, e in rows])
    pack = bench.folder / f"{index.digest}.mp4"
    with pack.open("wb") as file:
        for chunk in write_pack(index, _segments(bench, rows, init, done, total)):
            file.write(chunk)
    bench.store.put(Bucket.PUBLIC, f"packs/{index.digest}", pack, f"{kind.value.replace('sound', 'audio')}/mp4")
    pack.unlink()
    bench.store.put(Bucket.PUBLIC, f"indexes/{index.digest}", index.encoded, BINARY)
    return index


def _segments(bench: Bench, rows: Sequence[Row], init: bytes, done: int, total: int) -> Iterator[bytes]:
    for work, encoded in rows:
        if bench.watch.is_cancelled():
            raise Cancelled
        its_init, segment = _take(bench.store, encoded)
        if its_init != init:
            raise InitDiffers(number=work.number, track=work.track)
        yield segment
        done += 1
        bench.watch.progress(done / total)


def _take(store: ObjectStore, encoded: Encoded) -> tuple[bytes, bytes]:
    whole = fetch_kept(store, encoded.key)
    if whole is None:
        raise PartLost(key=kept_at(encoded.key))
    init, fragments = split_fragmented(whole)
    if len(fragments) != 1:
        raise BadFormat(what="segment", why=f"{len(fragments)} fragments are kept as one")
    return init, fragments[0]


def _store_poster(store: ObjectStore, key: str) -> Blob | None:
    try:
        data = store.get(Bucket.SOURCES, key, MAX_POSTER_BYTES)
    except NoSuchObject:
        return None  # a lesson without a poster is still a lesson
    digest = sha256_hex(data)
    store.put(Bucket.PUBLIC, f"blobs/{digest}", data, "image/jpeg")
    return Blob(sha256=digest, length=len(data))


def peak_bits_per_s(index: Index) -> int:
    """Return the largest segment's bits over its seconds."""
    return max(-(-row.length * 8 * index.timescale // row.duration) for row in index.segments)


def video_track(index: Index, work: VideoWork) -> VideoTrack:
    """Return what a release says of this track of pictures."""
    recipe = work.recipe
    return VideoTrack(
        index=index.digest,
        index_length=len(index.encoded),
        length=index.pack_length,
        codec=video_codec(index.init),
        width=recipe.width,
        height=recipe.height,
        frame_rate=round(float(recipe.rate), 3),
        peak_bits_per_s=peak_bits_per_s(index),
    )


def sound_track(index: Index, channels: int) -> SoundTrack:
    """Return what a release says of this track of sound."""
    return SoundTrack(
        tier=Tier.COMPATIBLE,
        index=index.digest,
        index_length=len(index.encoded),
        length=index.pack_length,
        codec=sound_codec(index.init),
        sample_rate=SAMPLE_RATE,
        channels=channels,
        peak_bits_per_s=peak_bits_per_s(index),
    )
