"""What is in a source: its streams, and the times of its packets, which headers often tell wrongly.

Sources are hostile: ffprobe runs confined, is handed the one file that it may read, and uses only demuxers that we
name.
"""

import json
from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from math import isfinite
from pathlib import Path
from statistics import median
from typing import Any

from pydantic import BaseModel, ConfigDict

from workers.pipeline.errors import (
    NotAVideo,
    NothingInside,
    PicturesTooLarge,
    SourceCutOff,
    SourceEmpty,
    SourceTooLong,
    ToolFailed,
)
from workers.pipeline.plausible import LONGEST_GAP_S, refuse_complaint, refuse_crowd, refuse_gap, refuse_rush
from workers.pipeline.process import UNWATCHED, Limits, Watch, run
from workers.pipeline.tools import Tools

DEMUXERS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,flv,live_flv,mpeg,mpegts,asf,mxf,rm,ogg,wav,w64,"
    "mp3,aac,flac,amr,aiff,h264,hevc"
)
"""No playlists (hls, concat, dash): they open other files. No images, no subtitles."""

MOST_PIXELS = 8192 * 4608
"""Pixels of one picture that a decoder will make room for, whatever the settings say."""
MOST_STREAMS = 100
"""Streams that a demuxer will make: pictures, sounds, subtitles, attachments."""

GUARD = (
    *("-protocol_whitelist", "fd", "-format_whitelist", DEMUXERS),
    *("-max_pixels", str(MOST_PIXELS), "-max_streams", str(MOST_STREAMS)),
)
LONGEST_PACKET_S = 10.0
"""A last frame that claims to stand longer than this is believed so far only."""

ROUNDED_UP_S = 0.1
"""Sound comes in whole frames, so it may end so much after the pictures without saying anything more."""

HEADER_BYTES = 4 << 20
PACKETS_BYTES = 512 << 20
"""What ffprobe may write of a header and of packets (about 40 bytes each): more is a lie or a bomb."""

_HEADER = (
    "format=format_name,duration,start_time:"
    "stream=index,codec_type,codec_name,width,height,sample_aspect_ratio,avg_frame_rate,field_order,color_space,"
    "channels,sample_rate,nb_frames,duration:"
    "stream_disposition=default,attached_pic,timed_thumbnails,still_image:stream_side_data=rotation"
)
"""What is read of a header; its tags, extra data and chapters may be of any size."""

_EXACT = ("mov", "matroska", "avi")
"""Containers whose header tells the duration exactly; others estimate it."""


class Frozen(BaseModel):
    """A value that is kept in a job's plan as JSON."""

    model_config = ConfigDict(frozen=True)


class VideoFacts(Frozen):
    """The pictures: sizes in pixels as they are shown (turned, square pixels); times in seconds of the source."""

    stream: int
    codec: str
    width: int
    height: int
    rotation: int
    interlaced: bool
    matrix: str
    frames: int
    rate: Fraction | None
    start: float
    end: float
    keys: tuple[float, ...]


class SoundFacts(Frozen):
    """The sound; times in seconds of the source."""

    stream: int
    codec: str
    channels: int
    sample_rate: int
    start: float
    end: float


class Facts(Frozen):
    """What is in a source. At least one of `video` and `sound` is there."""

    container: str
    video: VideoFacts | None
    sound: SoundFacts | None

    @property
    def start(self) -> float:
        """When the lesson begins, in seconds of the source: with the first picture, unless sound is heard before.

        A few hundredths before are what an encoder of sound needs to begin with (priming), and no sound.
        """
        if self.video is None or self.sound is None:
            return min(s.start for s in (self.video, self.sound) if s is not None)
        return self.sound.start if self.sound.start < self.video.start - ROUNDED_UP_S else self.video.start

    @property
    def end(self) -> float:
        """When the lesson ends, in seconds of the source: with the pictures, unless the sound goes on for longer."""
        if self.video is None or self.sound is None:
            return max(s.end for s in (self.video, self.sound) if s is not None)
        return self.sound.end if self.sound.end > self.video.end + ROUNDED_UP_S else self.video.end


class SourceLimits(Frozen):
    """How long a source may last and how many pixels its pictures may have."""

    max_seconds: float = 6 * 3600
    max_pixels: int = MOST_PIXELS


def probe(tools: Tools, source: Path, limits: SourceLimits, watch: Watch = UNWATCHED) -> Facts:
    """Return what is in `source`. Raises a `source.*` error that says what is wrong with it."""
    size = source.stat().st_size
    if size == 0:
        raise SourceEmpty
    # reading every packet of a file from disk: 40 MB/s is slow
    time = Limits(seconds=60 + size / 40e6, cpu_seconds=60 + size // 40_000_000, memory_bytes=2 << 30)
    out, packets = source.with_name("probe.json"), source.with_name("packets.csv")
    fields = "packet=stream_index,pts_time,dts_time,duration_time,flags"
    try:
        _show(tools, source, ("json", _HEADER), replace(time, file_bytes=HEADER_BYTES), watch, out)
        header = json.loads(out.read_bytes() or b"{}")
        _show(tools, source, ("csv=p=0", fields), replace(time, file_bytes=PACKETS_BYTES), watch, packets)
    except ValueError as error:
        raise NotAVideo(why="its header is not readable") from error
    with packets.open(encoding="ascii", errors="replace") as lines:
        facts = read_facts(header, lines, limits)
    out.unlink()
    packets.unlink()
    return facts


def _show(tools: Tools, source: Path, shown: tuple[str, str], limits: Limits, watch: Watch, out: Path) -> None:
    """Write what ffprobe shows of `source` to `out`. Raises what its complaints mean."""
    form, entries = shown
    try:
        said = run(
            [tools.ffprobe, "-v", "error", *GUARD, "-of", form, "-show_entries", entries, "-i", f"fd:{source}"],
            limits, watch, stdout=out,
        )  # fmt: skip
    except ToolFailed as error:
        refuse_complaint(str(error.data["why"]), MOST_PIXELS, MOST_STREAMS)
        raise NotAVideo(why=str(error.data["why"])) from error
    refuse_complaint(said, MOST_PIXELS, MOST_STREAMS)


class _Times:
    """The packets of one stream, gathered."""

    def __init__(self) -> None:
        self.count = 0
        self.times: list[float] = []
        self.keys: list[float] = []
        self.end = 0.0

    def add(self, time: float, duration: float, flags: str) -> None:
        self.count += 1
        refuse_crowd(self.count)
        if "D" in flags:  # cut away by an edit list: decoded, never shown
            return
        self.times.append(time)
        self.end = max(self.end, time + min(duration, LONGEST_PACKET_S))
        if "K" in flags:
            self.keys.append(time)


def read_facts(header: dict[str, Any], packets: Iterable[str], limits: SourceLimits) -> Facts:
    """Return the facts in ffprobe's JSON and in its lines `stream,pts,dts,duration,flags`. Pure."""
    streams = header.get("streams") or []
    video, sound = _first(streams, "video"), _first(streams, "audio")
    gathered = {int(s["index"]): _Times() for s in (video, sound) if s is not None}
    for line in packets:
        _read_packet(line, gathered)
    container = str(header.get("format", {}).get("format_name", ""))
    video_facts = _video_facts(video, gathered[int(video["index"])], limits) if video else None
    sound_facts = _sound_facts(sound, gathered[int(sound["index"])]) if sound else None
    if video_facts is None and sound_facts is None:
        raise NothingInside
    facts = Facts(container=container, video=video_facts, sound=sound_facts)
    refuse_gap([found.times for found in gathered.values()])
    if video_facts is not None and video is not None:
        refuse_rush(gathered[video_facts.stream].times, int(video["width"]) * int(video["height"]))
    _refuse_cut_off(header, facts, [(s, gathered[int(s["index"])]) for s in (video, sound) if s is not None])
    if facts.end - facts.start > limits.max_seconds:
        raise SourceTooLong(seconds=round(facts.end - facts.start), limit=round(limits.max_seconds))
    return facts


def _first(streams: list[dict[str, Any]], kind: str) -> dict[str, Any] | None:
    """Return the default stream of `kind`, else the first; covers and thumbnails are no pictures."""
    found = [
        s
        for s in streams
        if s.get("codec_type") == kind
        and s.get("codec_name") not in (None, "unknown")
        and not any(s.get("disposition", {}).get(flag) for flag in ("attached_pic", "timed_thumbnails", "still_image"))
        and (kind != "video" or s.get("width", 0) > 0)
        and (kind != "audio" or s.get("channels", 0) > 0)
    ]
    return next((s for s in found if s.get("disposition", {}).get("default")), found[0] if found else None)


def _read_packet(line: str, gathered: dict[int, _Times]) -> None:
    fields = line.rstrip("\n").split(",")
    if len(fields) < 5 or not fields[0].isdecimal() or int(fields[0]) not in gathered:
        return
    time = _seconds(fields[1])
    if time is None:
        time = _seconds(fields[2])
    if time is not None:
        gathered[int(fields[0])].add(time, _seconds(fields[3]) or 0.0, fields[4])


def _seconds(text: Any) -> float | None:
    try:
        value = float(text)
    except (TypeError, ValueError):
        return None
    return value if isfinite(value) else None


def _video_facts(stream: dict[str, Any], found: _Times, limits: SourceLimits) -> VideoFacts | None:
    if not found.times:
        return None
    width, height = int(stream["width"]), int(stream["height"])
    if width * height > limits.max_pixels:
        raise PicturesTooLarge(width=width, height=height, limit=limits.max_pixels)
    aspect = _fraction(stream.get("sample_aspect_ratio"), ":")
    if aspect is not None and Fraction(1, 8) <= aspect <= 8:
        width, height = (round(width * aspect), height) if aspect >= 1 else (width, round(height / aspect))
    rotation = _rotation(stream)
    if rotation in (90, 270):
        width, height = height, width
    times = sorted(found.times)
    rate = frame_rate(times, _fraction(stream.get("avg_frame_rate"), "/"))
    keys = tuple(sorted(set(found.keys))) or (times[0],)
    last = max(found.end, times[-1] + float(1 / rate) if rate else times[-1] + 0.04)
    return VideoFacts(
        stream=int(stream["index"]),
        codec=str(stream.get("codec_name")),
        width=width,
        height=height,
        rotation=rotation,
        interlaced=stream.get("field_order") in ("tt", "bb", "tb", "bt"),
        matrix=str(stream.get("color_space", "unknown")),
        frames=len(times),
        rate=rate,
        start=times[0],
        end=last,
        keys=keys,
    )


def _sound_facts(stream: dict[str, Any], found: _Times) -> SoundFacts | None:
    if not found.times:
        return None
    return SoundFacts(
        stream=int(stream["index"]),
        codec=str(stream.get("codec_name")),
        channels=int(stream["channels"]),
        sample_rate=int(stream.get("sample_rate") or 0),
        start=min(found.times),
        end=max(found.end, max(found.times) + 0.02),
    )


def frame_rate(times: list[float], stated: Fraction | None) -> Fraction | None:
    """Return the frames per second of sorted frame times, or None for fewer than two frames, or too seldom ones.

    Where the rate is constant, what the header states is exact and taken; where it varies, the median distance tells
    how fast the pictures move when they do.
    """
    distances = [b - a for a, b in pairwise(times) if b > a]
    if not distances or median(distances) > LONGEST_GAP_S:
        return None
    usual = 1 / median(distances)
    mean = len(distances) / (times[-1] - times[0])
    if stated is not None and stated > 0 and abs(mean / usual - 1) < 0.03 and abs(mean / float(stated) - 1) < 0.03:
        return stated
    return Fraction(mean if abs(mean / usual - 1) < 0.03 else usual).limit_denominator(1001)


def _fraction(text: Any, between: str) -> Fraction | None:
    above, found, below = str(text or "").partition(between)
    if not found or not above.isdecimal() or not below.isdecimal() or int(below) == 0 or int(above) == 0:
        return None
    return Fraction(int(above), int(below))


def _rotation(stream: dict[str, Any]) -> int:
    """Return by how many degrees, clockwise, the pictures are to be turned: 0, 90, 180 or 270."""
    for data in stream.get("side_data_list") or []:
        turned = _seconds(data.get("rotation"))
        if turned is not None:
            return round(-turned / 90) % 4 * 90
    return 0


def _refuse_cut_off(header: dict[str, Any], facts: Facts, streams: list[tuple[dict[str, Any], _Times]]) -> None:
    if not any(name in facts.container.split(",") for name in _EXACT):
        return
    for stream, found in streams:
        count = str(stream.get("nb_frames"))
        promised = _seconds(stream.get("duration"))
        if count.isdecimal() and found.count < int(count) * 0.98 - 2:
            present = found.end - min(found.times, default=0.0)
            raise SourceCutOff(promised=round(promised or 0, 1), present=round(present, 1))
    promised = _seconds(header.get("format", {}).get("duration")) or 0.0
    start = _seconds(header.get("format", {}).get("start_time")) or 0.0
    present = facts.end if "matroska" in facts.container else facts.end - start  # Matroska counts from time 0
    if present < promised - max(1.5, promised * 0.02):
        raise SourceCutOff(promised=round(promised, 1), present=round(max(present, 0.0), 1))


def first_key(tools: Tools, part: Path) -> float | None:
    """Return the time of the first key frame in a part that we cut, or None if there is none."""
    out = part.with_suffix(".first")
    show = ("-select_streams", "v:0", "-show_entries", "packet=pts_time,flags", "-of", "csv=p=0", "-i")
    limits = Limits(seconds=120, cpu_seconds=120, memory_bytes=2 << 30, file_bytes=1 << 20)
    run([tools.ffprobe, "-v", "error", *GUARD, "-read_intervals", "%+#50", *show, f"fd:{part}"], limits, stdout=out)
    lines = [line.split(",") for line in out.read_text(encoding="ascii", errors="replace").splitlines()]
    out.unlink()
    times = [_seconds(fields[0]) for fields in lines if len(fields) > 1 and "K" in fields[1]]
    return next((time for time in times if time is not None), None)


def packet_sizes(tools: Tools, encoded: Path) -> list[int]:
    """Return the bytes of each packet of the first stream of pictures in a file that we encoded, in its order."""
    out = encoded.with_suffix(".sizes")
    show = ("-select_streams", "v:0", "-show_entries", "packet=size", "-of", "csv=p=0", "-i")
    limits = Limits(seconds=120, cpu_seconds=120, memory_bytes=2 << 30, file_bytes=1 << 20)
    run([tools.ffprobe, "-v", "error", *GUARD, *show, f"fd:{encoded}"], limits, stdout=out)
    sizes = [int(line.strip(",")) for line in out.read_text(encoding="ascii").split()]
    out.unlink()
    return sizes
