"""Packs: a track's segments in order, its index, and what a release will say of them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from catalog.formats.boxes import split_fragmented
from catalog.formats.codecs import sound_codec, video_codec
from catalog.formats.errors import BadFormat
from catalog.formats.index import Index, TrackKind, make_index, write_pack
from catalog.formats.release import Quality, Rendition, SoundTrack, VideoTrack
from catalog.jobs.media import Packed
from catalog.storage.base import BINARY, Bucket, ObjectStore
from workers.pipeline.encode import fetch_kept, kept_at
from workers.pipeline.errors import Cancelled, InitDiffers, PartLost
from workers.pipeline.gates.verdict import Measures
from workers.pipeline.process import UNWATCHED, Watch
from workers.pipeline.recipe import SAMPLE_RATE, SoundRecipe, VideoRecipe
from workers.pipeline.work import Encoded, Row, VideoWork


@dataclass(frozen=True, slots=True)
class Bench:
    """What packing works with: the store, an empty folder, and who watches (a share from 0 to 1)."""

    store: ObjectStore
    folder: Path
    watch: Watch = UNWATCHED


def pack_track(bench: Bench, rows: Sequence[Row], measures: Measures) -> Packed:
    """Store the pack and the index of one track; return what a release will say of it.

    Both have a digest as their name and are stored before anything names them, so doing this twice is harmless.
    Raises InitDiffers, PartLost, BadFormat, and what the store raises.
    """
    ordered = sorted(rows, key=lambda row: row[0].number)
    index = _store_track(bench, ordered)
    first = ordered[0][0]
    if isinstance(first, VideoWork):
        recipe, quality = first.recipe, Quality(**measures.model_dump(exclude={"speech"}))
        rendition = Rendition(rung=recipe.rung, tier=recipe.tier, video=video_track(index, recipe), quality=quality)
        return Packed(rendition=rendition)
    return Packed(sound=sound_track(index, first.recipe, measures.speech))


def _store_track(bench: Bench, rows: Sequence[Row]) -> Index:
    init, _ = _take(bench.store, rows[0][1].encoded)
    first = rows[0][0]
    kind, timescale = (
        (TrackKind.VIDEO, first.recipe.timescale) if isinstance(first, VideoWork) else (TrackKind.SOUND, SAMPLE_RATE)
    )
    encoded = [done.encoded for _, done in rows]
    index = make_index(kind, timescale, init, [(e.length, e.duration, e.digest) for e in encoded])
    pack = bench.folder / f"{index.digest}.mp4"
    with pack.open("wb") as file:
        for chunk in write_pack(index, _segments(bench, rows, init)):
            file.write(chunk)
    bench.store.put(Bucket.PUBLIC, f"packs/{index.digest}", pack, f"{kind.value.replace('sound', 'audio')}/mp4")
    pack.unlink()
    bench.store.put(Bucket.PUBLIC, f"indexes/{index.digest}", index.encoded, BINARY)
    return index


def _segments(bench: Bench, rows: Sequence[Row], init: bytes) -> Iterator[bytes]:
    for count, (work, done) in enumerate(rows, start=1):
        if bench.watch.is_cancelled():
            raise Cancelled
        its_init, segment = _take(bench.store, done.encoded)
        if its_init != init:
            raise InitDiffers(number=work.number, track=work.track)
        yield segment
        bench.watch.progress(count / len(rows))


def _take(store: ObjectStore, encoded: Encoded) -> tuple[bytes, bytes]:
    whole = fetch_kept(store, encoded.key)
    if whole is None:
        raise PartLost(key=kept_at(encoded.key))
    init, fragments = split_fragmented(whole)
    if len(fragments) != 1:
        raise BadFormat(what="segment", why=f"{len(fragments)} fragments are kept as one")
    return init, fragments[0]


def peak_bits_per_s(index: Index) -> int:
    """Return the largest segment's bits over its seconds."""
    return max(-(-row.length * 8 * index.timescale // row.duration) for row in index.segments)


def video_track(index: Index, recipe: VideoRecipe) -> VideoTrack:
    """Return what a release says of this track of pictures."""
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


def sound_track(index: Index, recipe: SoundRecipe, speech: float | None) -> SoundTrack:
    """Return what a release says of this track of sound."""
    return SoundTrack(
        tier=recipe.tier,
        index=index.digest,
        index_length=len(index.encoded),
        length=index.pack_length,
        codec=sound_codec(index.init),
        sample_rate=SAMPLE_RATE,
        channels=recipe.channels,
        peak_bits_per_s=peak_bits_per_s(index),
        speech=speech,
    )
