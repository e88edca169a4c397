"""Lessons that a browser plays: segments, indexes and packs made by ffmpeg from the sample, without the workers."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from catalog.formats.boxes import find, float_segment, read_fields, split_fragmented
from catalog.formats.codecs import sound_codec, video_codec
from catalog.formats.hashing import sha256_hex
from catalog.formats.index import TrackKind, make_index, write_pack
from catalog.formats.release import Blob, Caption, Chapter, Media, Rendition, SoundTrack, Still, VideoTrack
from catalog.formats.rungs import Rung, Tier
from songtan.sample import CAPTIONS, LESSON
from tests.factories import Track
from tests.media import run_ffmpeg

CHAPTERS = (
    Chapter(start_ms=0, title="引入：同样的力，不同的效果"),
    Chapter(start_ms=25_000, title="实验 <海绵> & 小桌"),
    Chapter(start_ms=50_000, title="压强的定义"),
)
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


CODED = {
    Tier.COMPATIBLE: ("-c:v", "libx264", "-preset", "ultrafast", "-crf", "32", "-bf", "0"),
    Tier.MODERN: ("-c:v", "libsvtav1", "-preset", "10", "-crf", "45"),
}
VOICED = {
    Tier.COMPATIBLE: ("-c:a", "aac", "-b:a", "48k", "-ac", "1"),
    Tier.MODERN: ("-c:a", "libopus", "-b:a", "24k", "-ac", "1", "-application", "voip"),
}


@cache
def real_lesson(tiers: tuple[Tier, ...] = (Tier.COMPATIBLE,)) -> RealLesson:
    """Return the sample lesson in `tiers`, made once: `floor` and, in the compatible tier, `best`.

    In two tiers it has all there is: `listen` in both, stills and chapters."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        one_track = ("-movflags", FRAGMENTED, "-map_metadata", "-1", "-use_editlist", "0")
        renditions, sounds, tracks = [], [], []
        for tier in tiers:
            renditions += [Rendition(rung=Rung.LISTEN, tier=tier, video=None)] if len(tiers) > 1 else []
            sizes = ((Rung.FLOOR, 640, 360), (Rung.BEST, 1280, 720))
            for rung, width, height in sizes if tier is Tier.COMPATIBLE else sizes[:1]:
                size = (
                    "-vf",
                    f"scale=-2:{height}",
                    "-g",
                    "100",
                    "-keyint_min",
                    "100",
                    "-sc_threshold",
                    "0",
                    "-r",
                    "10",
                )
                coded = (*CODED[tier], "-pix_fmt", "yuv420p", *one_track)
                run_ffmpeg("-i", LESSON, "-map", "0:v:0", *size, *coded, folder / f"{tier}-{rung}.mp4")
                track = _track(TrackKind.VIDEO, folder / f"{tier}-{rung}.mp4")
                renditions.append(Rendition(rung=rung, tier=tier, video=_video(track, width, height)))
                tracks.append(track)
            voiced = (*VOICED[tier], "-frag_duration", "10000000", *one_track)
            run_ffmpeg("-i", LESSON, "-map", "0:a:0", *voiced, folder / f"{tier}-sound.mp4")
            heard = _track(TrackKind.SOUND, folder / f"{tier}-sound.mp4")
            sounds.append(_sound(heard, tier))
            tracks.append(heard)
        pictures = []
        for second in (3, 30, 60):
            shot = folder / f"{second}.jpg"
            run_ffmpeg("-ss", str(second), "-i", LESSON, "-frames:v", "1", "-vf", "scale=640:-2", shot)
            pictures.append(shot.read_bytes())
    words = {tag: path.read_bytes() for tag, path in CAPTIONS.items()}
    stills = tuple(
        Still(sha256=sha256_hex(data), length=len(data), start_ms=start, width=640, height=360, type="image/jpeg")
        for start, data in zip((0, 25_000, 50_000), pictures, strict=True)
    )
    media = Media(
        duration_ms=max(t.index.duration_ms for t in tracks),
        renditions=tuple(renditions),
        sounds=tuple(sounds),
        stills=stills if len(tiers) > 1 else (),
        chapters=CHAPTERS if len(tiers) > 1 else (),
        poster=Blob(sha256=sha256_hex(pictures[0]), length=len(pictures[0])),
    )
    names = {"zh-CN": "中文", "en": "English"}
    captions = tuple(
        Caption(sha256=sha256_hex(data), length=len(data), language=tag, name=names.get(tag, tag))
        for tag, data in words.items()
    )
    return RealLesson(media, captions, tuple(tracks), (*pictures, *words.values()))


def _sound(track: Track, tier: Tier) -> SoundTrack:
    return SoundTrack(
        tier=tier,
        index=track.index.digest,
        index_length=len(track.index.encoded),
        length=track.index.pack_length,
        codec=sound_codec(track.index.init),
        sample_rate=48_000,
        channels=1,
        peak_bits_per_s=_peak(track),
    )


def _video(track: Track, width: int, height: int) -> VideoTrack:
    return VideoTrack(
        index=track.index.digest,
        index_length=len(track.index.encoded),
        length=track.index.pack_length,
        codec=video_codec(track.index.init),
        width=width,
        height=height,
        frame_rate=10.0,
        peak_bits_per_s=_peak(track),
    )
