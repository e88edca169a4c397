"""A correction from source to packs: what is as before keeps its segments, and the whole plays to its end."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from catalog.formats.index import parse_index
from catalog.formats.rungs import Rung, Tier
from catalog.storage.base import Bucket
from tests.fakes.object_store import FakeObjectStore
from tests.media import run_ffmpeg
from tests.pipeline import LIMITS, Made, brightness, corrected, run_pipeline, samples
from workers.pipeline.correction.correcting import find_correction
from workers.pipeline.desk import Desk
from workers.pipeline.tools import find_tools

SECONDS, RATE, SLIDE_S = 45, 5, 3
SIZE = (320, 180)

Pictures = NDArray[np.uint8]
Sound = NDArray[np.int16]


def slide(number: int) -> Pictures:
    """Blocks of grey, other ones for every number."""
    blocks = np.random.default_rng(number).integers(40, 220, (9, 16))
    drawn: Pictures = np.kron(blocks, np.ones((20, 20))).astype(np.uint8)
    return drawn


def lecture() -> tuple[Pictures, Sound]:
    """A slide each three seconds, and a tone that changes with it and is silent for a moment before it does."""
    pictures = np.stack([slide(1 + n // (SLIDE_S * RATE)) for n in range(SECONDS * RATE)])
    random = np.random.default_rng(11)
    hertz = np.repeat(random.uniform(200, 2500, SECONDS * 5), 9600)
    loud = np.repeat(random.uniform(0.1, 0.4, SECONDS * 5), 9600)
    loud[np.arange(len(loud)) % (SLIDE_S * 48_000) > (SLIDE_S - 0.3) * 48_000] = 0
    words = np.sin(2 * np.pi * np.cumsum(hertz) / 48_000) * loud
    return pictures, (words * 32_767).astype(np.int16)


def export(path: Path, pictures: Pictures, sound: Sound, crf: int) -> Path:
    """Write a lecture as an editor does."""
    raw, heard = path.with_suffix(".raw"), path.with_suffix(".s16")
    raw.write_bytes(pictures.tobytes())
    heard.write_bytes(sound.tobytes())
    size = f"{SIZE[0]}x{SIZE[1]}"
    run_ffmpeg(
        "-f", "rawvideo", "-pix_fmt", "gray", "-s", size, "-r", str(RATE), "-i", raw, "-f", "s16le", "-ar", "48000",
        "-ac", "1", "-i", heard, "-c:v", "libx264", "-preset", "veryfast", "-crf", str(crf), "-pix_fmt", "yuv420p",
        "-vf", "scale=in_range=tv:out_range=tv", "-color_range", "tv", "-c:a", "aac", "-b:a", "128k", path,
    )  # fmt: skip
    return path


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Made:
    folder = tmp_path_factory.mktemp("old")
    made = run_pipeline(export(folder / "old.mp4", *lecture(), 12), folder)
    assert len(made.ingested.plan.grid) >= 3
    return made


def kept(new: Made, old: Made, track: str) -> list[int]:
    """The numbers of the old segments that a track of the new lesson has, in its order."""
    before = [done.encoded.digest for _, done in old.of_track(track)]
    digests = [done.encoded.digest for _, done in new.of_track(track)]
    return [before.index(digest) for digest in digests if digest in before]


def plays(made: Made, seconds: float) -> None:
    """Every pack has as many pictures and samples as the lesson lasts, and its index says so."""
    assert made.media.duration_ms == pytest.approx(1000 * seconds, abs=100)
    assert {(tier, rung) for tier in Tier for rung in (Rung.LISTEN, Rung.FLOOR)} <= {
        (r.tier, r.rung) for r in made.media.renditions
    }
    for track in made.media.all_tracks():
        index = parse_index(made.store.get(Bucket.PUBLIC, f"indexes/{track.index}", 1 << 20))
        assert sum(row.duration for row in index.segments) / index.timescale == pytest.approx(seconds, abs=0.1)
    for rendition in made.media.renditions:
        if rendition.video is not None:
            frames = brightness(made.pack(rendition.video))
            # the last picture of a segment may be shorter than the others
            assert len(frames) / rendition.video.frame_rate == pytest.approx(seconds, abs=2.5)
    for sound in made.media.sounds:
        assert len(samples(made.pack(sound))) / 48_000 == pytest.approx(seconds, abs=0.1)


def tracks(made: Made) -> list[str]:
    recipe = made.ingested.recipe
    return [one.track for one in recipe.video] + [one.track for one in recipe.sounds]


def test_twelve_seconds_that_are_replaced_are_all_that_is_encoded_anew(old: Made, tmp_path: Path) -> None:
    pictures, sound = lecture()
    first, after = 3, 15
    for number in range(first * RATE, after * RATE):
        pictures[number] = slide(100 + number // (SLIDE_S * RATE))
    replaced = slice(first * 48_000, after * 48_000)
    sound[replaced] = sound[replaced][::-1]
    new = run_pipeline(export(tmp_path / "new.mp4", pictures, sound, 18), tmp_path, corrects=old)
    assert {work.track: work.recipe for work, _ in new.rows} == {work.track: work.recipe for work, _ in old.rows}
    plays(new, SECONDS)
    for track in tracks(old):
        ends = [float(work.stretch.end) for work, _ in old.of_track(track)]
        same = kept(new, old, track)
        assert len(same) >= 1, track
        assert set(same) <= {number for number, end in enumerate(ends) if number > 0 and end > after}
        assert len(ends) - 1 in same, track
        anew = sum(float(work.stretch.seconds) for work in new.ingested.works if work.track == track)
        assert anew < SECONDS - 10, track
    unlike = [abs(a - b) for a, b in zip(*(brightness(m.pack(m.video(Rung.FLOOR))) for m in (old, new)), strict=False)]
    assert max(unlike) > 0


@pytest.mark.parametrize("change", [{"version": 1}, {"tools": "ffmpeg of before"}])
def test_nothing_is_inherited_from_a_program_with_other_ways(
    old: Made, tmp_path: Path, change: dict[str, object]
) -> None:
    source = tmp_path / "new.mp4"
    source.touch()
    told = corrected(old)
    told = told.model_copy(update={"recipe": told.recipe | change})
    desk = Desk(find_tools(), old.store, tmp_path, "jobs/n", LIMITS)
    assert find_correction(desk, source, old.ingested.facts, told) is None


def test_nothing_is_inherited_from_a_deck_and_a_voice(old: Made, tmp_path: Path) -> None:
    whole, voice = tmp_path / "whole.mp4", tmp_path / "voice.m4a"
    whole.write_bytes(old.store.get(Bucket.SOURCES, "sources/s", 1 << 30))
    run_ffmpeg("-i", whole, "-vn", "-c", "copy", voice)
    store = FakeObjectStore()
    store.put(Bucket.SOURCES, "sources/s", voice)
    desk = Desk(find_tools(), store, tmp_path, "jobs/n", LIMITS)
    assert find_correction(desk, whole, old.ingested.facts, corrected(old)) is None
    assert {path.name for path in tmp_path.iterdir()} == {"whole.mp4", "voice.m4a"}


def test_twelve_seconds_that_are_cut_out_leave_the_rest_as_it_was(old: Made, tmp_path: Path) -> None:
    pictures, sound = lecture()
    stays = np.r_[0 : 3 * RATE, 15 * RATE : SECONDS * RATE]
    heard = np.r_[0 : 3 * 48_000, 15 * 48_000 : SECONDS * 48_000]
    new = run_pipeline(export(tmp_path / "new.mp4", pictures[stays], sound[heard], 18), tmp_path, corrects=old)
    plays(new, SECONDS - 12)
    for track in tracks(old):
        same = kept(new, old, track)
        assert len(old.of_track(track)) - 1 in same, track
        assert same == sorted(same)
        before = {done.encoded.digest: float(work.stretch.start) for work, done in old.of_track(track)}
        now = {done.encoded.digest: float(work.stretch.start) for work, done in new.of_track(track)}
        late = {digest: start for digest, start in now.items() if digest in before and start > 3}
        assert late, track
        assert all(abs(start + 12 - before[digest]) < 0.1 for digest, start in late.items()), track
