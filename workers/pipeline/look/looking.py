"""Looks at a source: runs ffmpeg, reads what it wrote in chunks, and asks the pure parts. The only I/O of the room."""

from collections.abc import Iterator
from dataclasses import replace
from math import ceil
from pathlib import Path

import numpy as np

from workers.pipeline.commands import look as commands
from workers.pipeline.errors import NotDecodable
from workers.pipeline.look import sound as heard
from workers.pipeline.look import thresholds as t
from workers.pipeline.look.changes import Film, find_changes
from workers.pipeline.look.features import FrameFeatures, WindowFeatures, middle_of, window_features
from workers.pipeline.look.frames import Luma, SmallFrames, read_pairs
from workers.pipeline.look.kinds import Window, kinds_of, make_scenes
from workers.pipeline.look.model import Look, PictureLook, SoundLook
from workers.pipeline.look.sampling import Sampling, make_sampling
from workers.pipeline.look.whole import PairFeatures, find_bars, grain_of, pair_features
from workers.pipeline.probe import Facts, SoundFacts, VideoFacts
from workers.pipeline.process import UNWATCHED, Limits, Watch, decoding, run
from workers.pipeline.recipe import SAMPLE_RATE, handling_of
from workers.pipeline.tools import Tools
from workers.pipeline.workspace import require_room

START_S = 120.0
SLOWEST_FACTOR = 6
"""Decoding that needs more than so many seconds a second of content is stuck."""


def look(tools: Tools, source: Path, facts: Facts, folder: Path, limits: Limits, watch: Watch = UNWATCHED) -> Look:
    """Return what is in the pictures and the sound of `source`; files in `folder` are removed again.

    `limits` gives the memory and file size that ffmpeg may take; its time follows from the source's. The watch hears
    seconds of content: of the pictures, or of the sound where there are none. Raises NotDecodable if nothing can be
    decoded, WorkspaceFull, and what `process.run` raises.
    """
    duration = facts.end - facts.start
    seconds = START_S + SLOWEST_FACTOR * duration
    limits = replace(limits, seconds=seconds, cpu_seconds=round(seconds * 2))
    sizes = _stream_bytes(tools, source, folder, limits, watch)
    pictures = sound = None
    if facts.video is not None:
        bits = round(sizes.get(facts.video.stream, 0) * 8 / max(facts.video.end - facts.video.start, 0.001))
        pictures = _look(tools, source, facts, facts.video, bits, folder, limits, watch)
        watch = replace(watch, progress=lambda _: None)
    if facts.sound is not None:
        bits = round(sizes.get(facts.sound.stream, 0) * 8 / max(facts.sound.end - facts.sound.start, 0.001))
        sound = _listen(tools, source, facts, facts.sound, bits, folder, limits, watch)
    return Look(pictures=pictures, sound=sound)


def _stream_bytes(tools: Tools, source: Path, folder: Path, limits: Limits, watch: Watch) -> dict[int, int]:
    """Return how many bytes the packets of each stream have."""
    listed = folder / "packets"
    try:
        run(commands.packet_sizes(tools, source), limits, watch, stdout=listed)
        found: dict[int, int] = {}
        with listed.open(encoding="ascii", errors="replace") as lines:
            for line in lines:
                stream, _, size = line.strip().rstrip(",").partition(",")
                if stream.isdecimal() and size.isdecimal():
                    found[int(stream)] = found.get(int(stream), 0) + int(size)
    finally:
        listed.unlink(missing_ok=True)
    return found


def _decode(command: list[str], facts: Facts, limits: Limits, watch: Watch) -> None:
    with decoding(0, facts.end - facts.start):
        run(command, limits, watch)


def _not_decodable(facts: Facts, why: str) -> NotDecodable:
    return NotDecodable(start=0, end=round(facts.end - facts.start, 2), why=why)


def _look(
    tools: Tools, source: Path, facts: Facts, video: VideoFacts, bits_per_s: int, folder: Path, limits: Limits,
    watch: Watch
) -> PictureLook:  # fmt: skip
    duration = facts.end - facts.start
    sampling, handling = make_sampling(video, duration), handling_of(video)
    small, whole = folder / "small.yuv", folder / "pairs.pgm"
    require_room(folder, ceil(duration * sampling.rate) * sampling.frame_bytes + t.PAIR_BYTES)
    command = commands.sample_pictures(tools, source, video.stream, facts.start, handling, sampling, small, whole)
    try:
        _decode(command, facts, limits, watch)
        frames = SmallFrames(small, sampling)
        if frames.count == 0:
            raise _not_decodable(facts, "no picture came out")
        pairs = [pair_features(one, other) for one, other in read_pairs(whole, handling.rotation)]
        return describe_pictures(frames, pairs, duration, bits_per_s)
    finally:
        small.unlink(missing_ok=True)
        whole.unlink(missing_ok=True)


def describe_pictures(small: SmallFrames, pairs: list[PairFeatures], duration: float, bits_per_s: int) -> PictureLook:
    """Return the look of pictures from their samples; reads `small` a window at a time."""
    rate = float(small.sampling.rate)
    frames, features, middles, brightest = _features(small)
    windows = _windows(frames, features, middles, pairs, small.sampling)
    kinds = kinds_of(windows)
    film = Film(frames, features, rate, lambda number: small.read(number, 1)[0][0])
    changes = find_changes(film, kinds)
    return PictureLook(
        scenes=make_scenes(windows, kinds, rate, duration, changes),
        changes=changes,
        grain=grain_of(pairs),
        letterbox=find_bars(pairs, brightest),
        activity=per_second(frames, rate, duration),
        still_share=round(float(np.mean(frames.changed < t.STILL_SHARE)), 4),
        source_bits_per_s=bits_per_s,
    )


def per_second(frames: FrameFeatures, rate: float, duration: float) -> tuple[float, ...]:
    """Return the mean motion of each second of the duration; 0 where there are no pictures any more."""
    count = max(1, ceil(round(duration, 3)))
    second = np.minimum((np.arange(len(frames.motion)) / rate).astype(int), count - 1)
    summed = np.bincount(second, weights=frames.motion, minlength=count)
    counted = np.maximum(1, np.bincount(second, minlength=count))
    return tuple(round(float(value), 3) for value in summed / counted)


def _features(
    small: SmallFrames,
) -> tuple[FrameFeatures, list[WindowFeatures], list[Luma], Luma]:
    """Return the features of all frames and windows, the middle frame of each, and how bright each cell was at most."""
    parts: list[FrameFeatures] = []
    windows: list[WindowFeatures] = []
    middles: list[Luma] = []
    brightest = np.zeros((small.sampling.height, small.sampling.width), np.uint8)
    for first, luma in _chunks(small):
        frames, window = window_features(first, luma)
        parts.append(frames)
        windows.append(window)
        middles.append(middle_of(luma).copy())
        brightest = np.maximum(brightest, luma.max(axis=0))
    joined = FrameFeatures(
        motion=np.concatenate([part.motion for part in parts]),
        changed=np.concatenate([part.changed for part in parts]),
        jump=np.concatenate([part.jump for part in parts]),
        black=np.concatenate([part.black for part in parts]),
    )
    return joined, windows, middles, brightest


def _chunks(small: SmallFrames) -> Iterator[tuple[int, Luma]]:
    """Yield number of the first frame and the frames of each window, with the one before them in front.

    What is left at the end and shorter than half a window belongs to the last one.
    """
    length = max(1, round(t.WINDOW_S * small.sampling.rate))
    firsts = list(range(0, small.count, length))
    if len(firsts) > 1 and small.count - firsts[-1] < length / 2:
        firsts.pop()
    for first, end in zip(firsts, [*firsts[1:], small.count], strict=True):
        luma, _ = small.read(max(0, first - 1), end - max(0, first - 1))
        yield first, luma if first else np.concatenate([luma[:1], luma])


def _windows(
    frames: FrameFeatures, features: list[WindowFeatures], middles: list[Luma], pairs: list[PairFeatures],
    sampling: Sampling
) -> list[Window]:  # fmt: skip
    windows = []
    news = frames.jump >= t.LEAST_CHANGE
    for number, (window, middle) in enumerate(zip(features, middles, strict=True)):
        near = round((window.first + window.count / 2) / sampling.pair_period)
        sharp = pairs[min(near, len(pairs) - 1)].sharp if pairs else 0.0
        around = features[max(0, number - 1)].first, features[min(len(features) - 1, number + 1)]
        own = np.mean(news[window.first : window.first + window.count])
        busy = min(own, np.mean(news[around[0] : around[1].first + around[1].count])) * float(sampling.rate)
        windows.append(Window(features=window, sharp=sharp, busy=float(busy), middle=middle))
    return windows


def _listen(
    tools: Tools, source: Path, facts: Facts, sound: SoundFacts, bits_per_s: int, folder: Path, limits: Limits,
    watch: Watch
) -> SoundLook:  # fmt: skip
    duration = facts.end - facts.start
    channels = 1 if sound.channels == 1 else 2
    samples, loudness = folder / "samples.s16", folder / "loudness.txt"
    require_room(folder, ceil(duration) * SAMPLE_RATE * 2 * channels)
    command = commands.sample_sound(tools, source, sound.stream, facts.start, channels, samples, loudness)
    try:
        _decode(command, facts, limits, watch)
        if not samples.exists() or samples.stat().st_size == 0:
            raise _not_decodable(facts, "no sound came out")
        with loudness.open(encoding="ascii", errors="replace") as lines:
            measured = heard.read_loudness(lines)
        pieces = [heard.piece_features(piece) for piece in _pieces(samples, channels)]
    finally:
        samples.unlink(missing_ok=True)
        loudness.unlink(missing_ok=True)
    levels = heard.all_levels(pieces, duration)
    return SoundLook(
        lufs=measured.lufs,
        true_peak_db=measured.true_peak_db,
        range_lu=measured.range_lu,
        silences=heard.find_silences(levels, measured.lufs),
        is_mono=channels == 1 or heard.is_mono(pieces),
        band_hz=heard.band_of(pieces),
        quiet_points=heard.find_quiet_points(levels),
        source_bits_per_s=bits_per_s,
    )


def _pieces(samples: Path, channels: int) -> Iterator[heard.Samples]:
    with samples.open("rb") as file:
        while data := file.read(heard.PIECE * 2 * channels):
            yield np.frombuffer(data[: len(data) // (2 * channels) * 2 * channels], np.int16).reshape(-1, channels)
