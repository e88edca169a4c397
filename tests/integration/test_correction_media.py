"""Real files, small: a lecture, and what an editor and another encoder make of it."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.media import run_ffmpeg
from workers.pipeline.correction.align import TimeMap, align
from workers.pipeline.correction.features import read_samples
from workers.pipeline.correction.sampling import choose_samplings
from workers.pipeline.plan import make_recipe
from workers.pipeline.probe import SourceLimits, probe
from workers.pipeline.process import Limits
from workers.pipeline.tools import find_tools

SECONDS, RATE, SIZE = 24, 25, (320, 180)
X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-crf", "20", "-c:a", "aac", "-b:a", "128k")
MPEG4 = ("-c:v", "mpeg4", "-q:v", "3", "-c:a", "aac", "-b:a", "96k", "-ar", "44100")

Pictures = NDArray[np.uint8]
Sound = NDArray[np.int16]


def lecture() -> tuple[Pictures, Sound]:
    """Slides of blocks with a moving pointer, and words of changing pitch: frames of brightness, 48 kHz samples."""
    random = np.random.default_rng(5)
    slides = np.kron(random.integers(40, 220, (SECONDS // 4, 18, 32)), np.ones((10, 10))).astype(np.uint8)
    pictures = slides[np.arange(SECONDS * RATE) // (4 * RATE)].copy()
    for number, frame in enumerate(pictures):
        across = 20 + number * 3 % 260
        frame[90:100, across : across + 8] = 235
    hertz = np.repeat(random.uniform(150, 3000, SECONDS * 5), 48_000 // 5)
    words = np.sin(2 * np.pi * np.cumsum(hertz) / 48_000) * np.repeat(random.uniform(0.05, 0.4, SECONDS * 5), 9600)
    return pictures, (words * 32_767).astype(np.int16)


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    folder = tmp_path_factory.mktemp("lectures")

    def export(name: str, pictures: Pictures, sound: Sound, codecs: tuple[str, ...]) -> Path:
        (folder / "pictures").write_bytes(pictures.tobytes())
        (folder / "sound").write_bytes(sound.tobytes())
        shown = ("-f", "rawvideo", "-pix_fmt", "gray", "-s", "320x180", "-r", "25", "-i", folder / "pictures")
        heard = ("-f", "s16le", "-ar", "48000", "-ac", "1", "-i", folder / "sound")
        run_ffmpeg(*shown, *heard, "-pix_fmt", "yuv420p", *codecs, folder / name)
        return folder / name

    return export


@pytest.fixture(scope="module")
def old(exported: Callable[..., Path]) -> Path:
    return exported("old.mkv", *lecture(), X264)


def compared(old: Path, new: Path, folder: Path) -> TimeMap:
    tools = find_tools()
    facts = [probe(tools, source, SourceLimits()) for source in (old, new)]
    samples = []
    for name, source, known, sampling in zip(("a", "b"), (old, new), facts, choose_samplings(*facts), strict=True):
        (folder / name).mkdir()
        handling = make_recipe(known, "").handling
        samples.append(read_samples(tools, source, known, sampling, handling, folder / name, Limits(1, 1)))
        taken = sum(path.stat().st_size for path in (folder / name).iterdir())
        assert taken == sampling.disk_bytes - 2 * sampling.samples, "the sound is noted and gone"
    return align(samples[0], samples[1])


@pytest.mark.parametrize(("name", "codecs"), [("again.mp4", X264), ("other.avi", MPEG4)])
def test_a_lecture_exported_again_is_kept(
    exported: Callable[..., Path], old: Path, tmp_path: Path, name: str, codecs: tuple[str, ...]
) -> None:
    found = compared(old, exported(name, *lecture(), codecs), tmp_path)
    assert sum(k.seconds for k in found.both) > SECONDS - 1
    assert all(k.old_start == k.new_start for k in found.both)


def test_a_cut_at_an_odd_frame_and_another_encoder(exported: Callable[..., Path], old: Path, tmp_path: Path) -> None:
    pictures, sound = lecture()
    kept = np.r_[0:213, 291 : SECONDS * RATE]
    samples = np.r_[0 : 213 * 1920, 291 * 1920 : len(sound)]
    found = compared(old, exported("cut.mp4", pictures[kept], sound[samples], MPEG4), tmp_path)
    assert [(k.old_start - k.new_start) * RATE for k in found.both] == [0, 78]
    assert sum(k.seconds for k in found.both) > SECONDS - 78 / RATE - 2


def test_one_small_thing_in_the_pictures_and_one_word(exported: Callable[..., Path], old: Path, tmp_path: Path) -> None:
    pictures, sound = lecture()
    pictures[200:230, 40:44, 100:103] ^= 96
    sound[14 * 48_000 : 14 * 48_000 + 19_200] = sound[3 * 48_000 : 3 * 48_000 + 19_200]
    found = compared(old, exported("corrected.mp4", pictures, sound, X264), tmp_path)
    assert not any(k.new_start < 9.2 and k.new_start + k.seconds > 8 for k in found.pictures)
    assert not any(k.new_start < 14.4 and k.new_start + k.seconds > 14 for k in found.sound)
    assert sum(k.seconds for k in found.pictures) > SECONDS - 3
    assert sum(k.seconds for k in found.sound) > SECONDS - 2
