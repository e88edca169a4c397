"""Lessons that a browser plays: segments, indexes and packs made by ffmpeg from the sample, without the workers."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from catalog.formats.boxes import find, float_segment, read_fields, split_fragmented
from catalog.formats.hashing import sha256_hex
from catalog.formats.index import TrackKind, make_index, write_pack
from catalog.formats.release import Blob, Caption, Media, Rendition, SoundTrack, VideoTrack
from catalog.formats.rungs import Rung, Tier
from songtan.sample import CAPTIONS, LESSON
from tests.factories import Track
from tests.media import run_ffmpeg

FRAGMENTED = "+frag_keyframe+empty_moov+default_base_moof+skip_trailer"


@dataclass(frozen=True)
class RealLesson:
    """The sample at two rungs: what a release says of it, and what the store would hold."""

    media: Media
    captions: tuple[Caption, ...]
    tracks: tuple[Track, ...]
    blobs: tuple[bytes, ...]


def _track(kind: TrackKind, path: Path) -> Track:
    init, fragments = split_fragmented(path.read_bytes())
    mdhd = find(init, (b"moov", b"trak", b"mdia", b"mdhd"))
    timescale = int.from_bytes(init[mdhd.body + 12 : mdhd.body + 16])
    segments = tuple(float_segment(fragment) for fragment in fragments)
    rows = [(len(s), read_fields(s).duration, sha256_hex(s)) for s in segments]
    index = make_index(kind, timescale, init, rows)
    return Track(index, segments, b"".join(write_pack(index, iter(segments))))


def _peak(track: Track) -> int:
    index = track.index
    return max(round(s.length * 8 * index.timescale / s.duration) for s in index.segments)


@cache
def real_lesson() -> RealLesson:
    """Return the sample lesson, made once."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        one_track = ("-movflags", FRAGMENTED, "-map_metadata", "-1")
        for rung, height in (("floor", 360), ("best", 720)):
            size = ("-vf", f"scale=-2:{height}", "-g", "100", "-keyint_min", "100", "-sc_threshold", "0", "-r", "10")
            coded = ("-c:v", "libx264", "-preset", "ultrafast", "-crf", "32", "-pix_fmt", "yuv420p", "-bf", "0")
            run_ffmpeg("-i", LESSON, "-map", "0:v:0", *size, *coded, *one_track, folder / f"{rung}.mp4")
        sound = ("-c:a", "aac", "-b:a", "48k", "-ac", "1", "-frag_duration", "10000000")
        run_ffmpeg("-i", LESSON, "-map", "0:a:0", *sound, *one_track, folder / "sound.mp4")
        run_ffmpeg("-ss", "3", "-i", LESSON, "-frames:v", "1", "-vf", "scale=640:-2", folder / "poster.jpg")
        poster = (folder / "poster.jpg").read_bytes()
        floor, best = (_track(TrackKind.VIDEO, folder / f"{rung}.mp4") for rung in ("floor", "best"))
        heard = _track(TrackKind.SOUND, folder / "sound.mp4")
    words = {tag: path.read_bytes() for tag, path in CAPTIONS.items()}
    media = Media(
        duration_ms=max(t.index.duration_ms for t in (floor, best, heard)),
        renditions=(
            Rendition(rung=Rung.FLOOR, tier=Tier.COMPATIBLE, video=_video(floor, 640, 360)),
            Rendition(rung=Rung.BEST, tier=Tier.COMPATIBLE, video=_video(best, 1280, 720)),
        ),
        sounds=(
            SoundTrack(
                tier=Tier.COMPATIBLE,
                index=heard.index.digest,
                index_length=len(heard.index.encoded),
                length=heard.index.pack_length,
                codec="mp4a.40.2",
                sample_rate=48_000,
                channels=1,
                peak_bits_per_s=_peak(heard),
            ),
        ),
        poster=Blob(sha256=sha256_hex(poster), length=len(poster)),
    )
    names = {"zh-CN": "中文", "en": "English"}
    captions = tuple(
        Caption(sha256=sha256_hex(data), length=len(data), language=tag, name=names.get(tag, tag))
        for tag, data in words.items()
    )
    return RealLesson(media, captions, (floor, best, heard), (poster, *words.values()))


def _video(track: Track, width: int, height: int) -> VideoTrack:
    return VideoTrack(
        index=track.index.digest,
        index_length=len(track.index.encoded),
        length=track.index.pack_length,
        codec="avc1.64001f",
        width=width,
        height=height,
        frame_rate=10.0,
        peak_bits_per_s=_peak(track),
    )
