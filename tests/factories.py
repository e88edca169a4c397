"""Small valid things for tests: segments, indexes, packs, releases. No ffmpeg, no input or output."""

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from catalog.formats.attachments import cut
from catalog.formats.boxes import make_box
from catalog.formats.hashing import sha256_hex
from catalog.formats.ids import new_id
from catalog.formats.index import Index, TrackKind, make_index, write_pack
from catalog.formats.release import (
    Attachment,
    Blob,
    Caption,
    Chapter,
    Lesson,
    Media,
    Place,
    Quality,
    Release,
    Rendition,
    SoundTrack,
    Still,
    VideoTrack,
)
from catalog.formats.rungs import Rung, Tier

TIMESCALE = 12_800


def make_segment(payload: bytes, samples: int = 4, sample_duration: int = 512, *, key: bool = True) -> bytes:
    """Return a segment whose `mdat` holds `payload`: real boxes around bytes that no decoder would take."""
    mfhd = make_box(b"mfhd", struct.pack(">II", 0, 0))
    first_flags = 0x02000000 if key else 0x01010000
    tfhd = make_box(b"tfhd", struct.pack(">IIII", 0x020028, 1, sample_duration, 0x01010000))
    tfdt = make_box(b"tfdt", struct.pack(">IQ", 1 << 24, 0))
    sizes = [len(payload) // samples] * (samples - 1)
    sizes.append(len(payload) - sum(sizes))
    moof_length = 8 + 16 + 8 + 24 + 20 + 20 + 4 * samples
    rows = struct.pack(f">{samples}I", *sizes)
    trun = make_box(b"trun", struct.pack(">IIII", 0x205, samples, moof_length + 8, first_flags), rows)
    return make_box(b"moof", mfhd, make_box(b"traf", tfhd, tfdt, trun)) + make_box(b"mdat", payload)


def make_init(timescale: int = TIMESCALE) -> bytes:
    """Return an init part of one track, as far as views look into it."""
    mvhd = make_box(b"mvhd", bytes(96) + struct.pack(">I", 2))
    tkhd = make_box(b"tkhd", struct.pack(">IIIIII", 3, 0, 0, 1, 0, 0), bytes(60))
    mdhd = make_box(b"mdhd", struct.pack(">IIIIII", 0, 0, 0, timescale, 0, 0))
    trak = make_box(b"trak", tkhd, make_box(b"mdia", mdhd))
    trex = make_box(b"trex", struct.pack(">IIIIII", 0, 1, 1, 0, 0, 0))
    return make_box(b"ftyp", b"iso6\0\0\2\0cmfc") + make_box(b"moov", mvhd, trak, make_box(b"mvex", trex))


@dataclass(frozen=True)
class Track:
    """An index, its segments, and the pack that they make."""

    index: Index
    segments: tuple[bytes, ...]
    pack: bytes


def make_track(kind: TrackKind = TrackKind.VIDEO, count: int = 3, seed: str = "a", size: int = 400) -> Track:
    """Return a track of `count` segments of about `size` bytes that differ by `seed`."""
    segments = tuple(make_segment((f"{seed}{kind}{n}".encode() * size)[:size]) for n in range(count))
    index = make_index(kind, TIMESCALE, make_init(), [(len(s), 2048, sha256_hex(s)) for s in segments])
    return Track(index, segments, b"".join(write_pack(index, iter(segments))))


@dataclass(frozen=True)
class Modern:
    """The tracks of a lesson's modern tier: by rung (None: the voice alone), and the sound."""

    tracks: dict[Rung, Track | None]
    sound: Track | None


def make_media(
    tracks: Mapping[Rung, Track | None],
    sound: Track | None,
    poster: Blob | None = None,
    modern: Modern | None = None,
    stills: tuple[Still, ...] = (),
    chapters: tuple[Chapter, ...] = (),
) -> Media:
    """Return the media of a lesson with one video track for each rung and one sound, and of a second tier if asked."""
    tiers = [(Tier.COMPATIBLE, tracks, sound)] if tracks else []
    if modern:
        tiers.append((Tier.MODERN, modern.tracks, modern.sound))
    renditions, sounds, durations = [], [], []
    for tier, videos, heard in tiers:
        durations += [t.index.duration_ms for t in (*videos.values(), heard) if t is not None]
        sounds += [sound_track(heard, tier)] if heard else []
        renditions += [
            Rendition(rung=rung, tier=tier, video=video_track(track, tier) if track else None)
            for rung, track in videos.items()
        ]
    return Media(
        duration_ms=max(durations),
        renditions=tuple(renditions),
        sounds=tuple(sounds),
        poster=poster,
        stills=stills,
        chapters=chapters,
    )


@dataclass(frozen=True)
class Step:
    """A rendition as it might come out: kbit/s of its pictures, and what was measured."""

    rung: Rung
    width: int
    height: int
    rate: float
    kbits: float
    quality: Quality


def _step(rung: Rung, size: tuple[int, int], rate: float, kbits: float, *measured: float) -> Step:
    mean, p5, least, legibility = measured
    quality = Quality(vmaf_mean=mean, vmaf_p5=p5, vmaf_min=least, legibility=legibility)
    return Step(rung, *size, rate, kbits, quality)


STEPS = {
    Tier.COMPATIBLE: (
        _step(Rung.FLOOR, (960, 540), 5.0, 31.4, 85.3, 72.8, 61.2, 0.962),
        _step(Rung.CLEAR, (1280, 720), 8.33, 68.2, 92.1, 83.7, 74.9, 0.984),
        _step(Rung.BEST, (1280, 720), 25.0, 182.0, 96.2, 90.4, 81.3, 0.997),
    ),
    Tier.MODERN: (
        _step(Rung.FLOOR, (1280, 720), 5.0, 14.7, 86.0, 74.1, 63.8, 0.978),
        _step(Rung.CLEAR, (1280, 720), 12.5, 33.9, 92.4, 84.0, 75.5, 0.991),
    ),
}
"""A ladder of slides with a teacher in a corner, as its figures might be."""


def make_ladder(rungs: Sequence[Rung] = tuple(Rung), minutes: float = 45, stills: int = 14, seed: str = "l") -> Media:
    """Return the media of a lesson of so many minutes in both tiers, with the figures of `STEPS`; no pack has them."""
    duration_ms = round(minutes * 60_000)
    renditions, sounds = [], []
    for tier, steps in STEPS.items():
        heard = make_track(TrackKind.SOUND, 1, f"{seed}{tier}")
        length = round(duration_ms * (24 if tier is Tier.COMPATIBLE else 16) / 8)
        sounds.append(sound_track(heard, tier).model_copy(update={"length": length}))
        renditions += [Rendition(rung=Rung.LISTEN, tier=tier, video=None)] if Rung.LISTEN in rungs else []
        for step in steps:
            if step.rung in rungs:
                video = video_track(make_track(count=1, seed=f"{seed}{tier}{step.rung}"), tier).model_copy(
                    update={
                        "length": round(duration_ms * step.kbits / 8),
                        "width": step.width,
                        "height": step.height,
                        "frame_rate": step.rate,
                    }
                )
                renditions.append(Rendition(rung=step.rung, tier=tier, video=video, quality=step.quality))
    each = duration_ms // max(1, stills)
    return Media(
        duration_ms=duration_ms,
        renditions=tuple(renditions),
        sounds=tuple(sounds),
        stills=tuple(make_still(f"{seed}{n}".encode() * 9000, n * each) for n in range(stills)),
        chapters=(Chapter(start_ms=0, title="引入"), Chapter(start_ms=duration_ms // 2, title="例题")),
    )


def video_track(track: Track, tier: Tier = Tier.COMPATIBLE) -> VideoTrack:
    """Return what a release says of `track`, as pictures."""
    return VideoTrack(
        index=track.index.digest,
        index_length=len(track.index.encoded),
        length=track.index.pack_length,
        codec="avc1.64001f" if tier is Tier.COMPATIBLE else "av01.0.05M.08",
        width=640,
        height=360,
        frame_rate=25.0,
        peak_bits_per_s=60_000,
    )


def sound_track(track: Track, tier: Tier = Tier.COMPATIBLE) -> SoundTrack:
    """Return what a release says of `track`, as sound."""
    return SoundTrack(
        tier=tier,
        index=track.index.digest,
        index_length=len(track.index.encoded),
        length=track.index.pack_length,
        codec="mp4a.40.2" if tier is Tier.COMPATIBLE else "opus",
        sample_rate=48_000,
        channels=1,
        peak_bits_per_s=32_000,
    )


def make_still(data: bytes, start_ms: int, title: str = "") -> Still:
    """Return what a release says of `data` as a still."""
    return Still(
        sha256=sha256_hex(data),
        length=len(data),
        start_ms=start_ms,
        width=1280,
        height=720,
        type="image/jpeg",
        title=title,
    )


def make_attachment(data: bytes, name: str = "课堂练习.pdf", kind: str = "application/pdf") -> Attachment:
    """Return what a release says of `data` as an attachment."""
    parts = tuple(sha256_hex(part) for part in cut(data))
    return Attachment(name=name, type=kind, sha256=sha256_hex(data), length=len(data), parts=parts)


def make_lesson(media: Media, number: int = 1, captions: tuple[Caption, ...] = ()) -> Lesson:
    """Return a lesson of a release."""
    return Lesson(id=new_id(), number=number, title=f"压强 第{number}课", place=Place(), media=media, captions=captions)


def make_release(
    lessons: tuple[Lesson, ...], number: int = 1, course: str | None = None, partner: str | None = None
) -> Release:
    """Return a release of a course of physics."""
    return Release(
        course=course or new_id(),
        number=number,
        partner=partner or new_id(),
        partner_name="成都七中",
        title="初中物理 八年级下册",
        place=Place(stage="初中", grade="八年级", subject="物理", edition="人教版", volume="下册"),
        published=datetime(2026, 11, 24, tzinfo=UTC),
        lessons=lessons,
    )


def make_course(title: str, lessons: Sequence[str], partner: str) -> tuple[Release, list[Track]]:
    """Return the first release of a course of physics with lessons of these titles, and its tracks: floors alone."""
    place = Place(stage="初中", grade="八年级", subject="物理", edition="人教版", volume="下册")
    made, tracks = [], []
    for n, name in enumerate(lessons, 1):
        video, sound = make_track(seed=name), make_track(TrackKind.SOUND, seed=name)
        tracks += [video, sound]
        lesson = make_lesson(make_media({Rung.FLOOR: video}, sound), n)
        made.append(lesson.model_copy(update={"title": name, "place": place}))
    return make_release(tuple(made), partner=partner).model_copy(update={"title": title}), tracks
