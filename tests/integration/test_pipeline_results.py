"""What comes out of the pipeline, looked at by decoding it: every picture, every joint, the lips."""

import random
from array import array
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from threading import Event
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from catalog.formats.boxes import split_fragmented
from catalog.formats.index import parse_index, take_segment
from catalog.formats.rungs import Rung, Tier
from catalog.storage.base import Bucket
from tests.fakes.object_store import FakeObjectStore
from tests.media import Media, run_ffmpeg
from tests.pipeline import LIMITS, Made, brightness, psnr, run_pipeline, samples
from workers.pipeline.commands import gates, parts, probes
from workers.pipeline.commands import look as look_commands
from workers.pipeline.desk import Desk
from workers.pipeline.encode import Bench, encode_segment, kept_at, measured_at
from workers.pipeline.errors import Cancelled, SegmentWrong
from workers.pipeline.ingest import Asked, ingest
from workers.pipeline.ladder import probing
from workers.pipeline.look import looking
from workers.pipeline.measure import check_segment
from workers.pipeline.plan import LEAST_S, MOST_S
from workers.pipeline.probe import SourceLimits
from workers.pipeline.process import Watch, run
from workers.pipeline.tools import find_tools
from workers.pipeline.work import SegmentWork, VideoWork

SECONDS, RATE = 24, 10
"""Of a lesson that has two segments in each track."""


def short(media: Media) -> Path:
    """The lesson: tiny pictures and a tone."""
    return media.video("short.mp4", seconds=SECONDS, size="160x90", rate=str(RATE), gop=70, sound="mono")


@pytest.fixture(scope="module")
def lesson(media: Media, tmp_path_factory: pytest.TempPathFactory) -> Made:
    return run_pipeline(short(media), tmp_path_factory.mktemp("lesson"))


def all_objects(made: Made) -> dict[str, bytes]:
    keys = [found.key for found in made.store.list_objects(Bucket.PUBLIC, "")]
    return {key: made.store.get(Bucket.PUBLIC, key, 1 << 30) for key in keys}


def test_the_same_source_gives_the_same_bytes_in_any_order(lesson: Made, media: Media, tmp_path: Path) -> None:
    mixed = random.Random(7)
    orders = []

    def order(works: list[SegmentWork]) -> list[SegmentWork]:
        orders.append(mixed.sample(works, len(works)))
        return orders[-1]

    second = run_pipeline(short(media), tmp_path, order=order)
    assert lesson.media == second.media
    assert all_objects(lesson) == all_objects(second)
    assert orders != [second.ingested.works]  # the order was another


@pytest.mark.parametrize(
    ("builder", "after"),
    [
        pytest.param((look_commands, "sample_pictures"), (looking, "SmallFrames"), id="look"),
        pytest.param((gates, "compare_files"), (probing, "scores_of"), id="probes"),
    ],
)
def test_an_ingest_hears_a_cancel_while_a_tool_runs(
    builder: tuple[ModuleType, str],
    after: tuple[ModuleType, str],
    media: Media,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store, cancelled = FakeObjectStore(), Event()
    store.put(Bucket.SOURCES, "sources/s", short(media))
    build: Callable[..., list[str]] = getattr(*builder)

    def cancel_first(*asked: Any) -> list[str]:
        cancelled.set()
        return build(*asked)

    monkeypatch.setattr(*builder, cancel_first)
    monkeypatch.setattr(*after, lambda *_: pytest.fail("the tool ran to its end"))
    watch = Watch(is_cancelled=cancelled.is_set)
    with pytest.raises(Cancelled):
        ingest(Desk(find_tools(), store, tmp_path, "jobs/j", LIMITS, watch), Asked("sources/s", SourceLimits()))


def test_both_tiers_have_a_floor_and_sound_and_nothing_was_given_up(lesson: Made) -> None:
    made = [(rendition.tier, rendition.rung) for rendition in lesson.media.renditions]
    assert {(tier, Rung.FLOOR) for tier in Tier} <= set(made)
    assert [sound.tier for sound in lesson.media.sounds] == list(Tier)
    assert lesson.given_up == []
    for rendition in lesson.media.renditions:
        assert (rendition.video is None) == (rendition.rung is Rung.LISTEN)
        assert (rendition.quality is None) == (rendition.rung is Rung.LISTEN)


@pytest.mark.parametrize("tier", Tier)
def test_a_track_has_the_same_init_part_at_any_crf(lesson: Made, tier: Tier, tmp_path: Path) -> None:
    """A correction lays segments that needed more bits beside old ones."""
    work = lesson.of_track(f"{tier}/{Rung.FLOOR}")[0][0]
    inits = set()
    for crf in (22, 34, 43):
        other = work.model_copy(update={"recipe": work.recipe.model_copy(update={"crf": crf}), "spots": ()})
        folder = tmp_path / str(crf)
        folder.mkdir()
        done = encode_segment(Bench(find_tools(), lesson.store, folder, LIMITS), other)
        inits.add(split_fragmented(lesson.store.get(Bucket.SOURCES, kept_at(done.encoded.key), 1 << 30))[0])
    assert len(inits) == 1


@pytest.mark.parametrize("name", [Rung.FLOOR, "sound"])
def test_a_segment_that_does_not_decode_is_found_where_it_is_looked_at_and_made_anew(
    lesson: Made, name: str, tmp_path: Path
) -> None:
    work, done = next(row for row in lesson.of_track(f"{Tier.COMPATIBLE}/{name}") if row[0].is_looked_at)
    key = kept_at(done.encoded.key)
    whole = lesson.store.get(Bucket.SOURCES, key, 1 << 30)
    start = len(whole) // 2
    lesson.store.put(Bucket.SOURCES, key, whole[:start] + bytes(len(whole) - start), "video/mp4")
    lesson.store.delete(Bucket.SOURCES, measured_at(work))
    bench = Bench(find_tools(), lesson.store, tmp_path, LIMITS)
    with pytest.raises(SegmentWrong, match="frames decode"):
        encode_segment(bench, work)
    again = encode_segment(bench, work)
    assert (again.encoded, again.measured) == (done.encoded, done.measured)
    assert lesson.store.get(Bucket.SOURCES, key, 1 << 30) == whole


def test_a_segment_with_a_picture_too_many_is_refused(lesson: Made, tmp_path: Path) -> None:
    work, done = lesson.of_track(f"{Tier.COMPATIBLE}/{Rung.FLOOR}")[0]
    assert isinstance(work, VideoWork)
    file = tmp_path / "segment.mp4"
    file.write_bytes(lesson.store.get(Bucket.SOURCES, kept_at(done.encoded.key), 1 << 30))
    check_segment(work, file, done.encoded)
    slower = work.model_copy(update={"recipe": work.recipe.model_copy(update={"rate": work.recipe.rate / 2})})
    with pytest.raises(SegmentWrong, match=rf"it holds {work.count} frames, {slower.count} were planned"):
        check_segment(slower, file, done.encoded.model_copy(update={"duration": slower.units}))


def test_every_pack_is_what_its_index_says(lesson: Made) -> None:
    tracks = lesson.media.all_tracks()
    assert len(tracks) >= 4
    for track in tracks:
        encoded = lesson.store.get(Bucket.PUBLIC, f"indexes/{track.index}", 1 << 20)
        index = parse_index(encoded)
        pack = lesson.store.get(Bucket.PUBLIC, f"packs/{track.index}", 1 << 30)
        assert (index.digest, len(encoded), len(pack)) == (track.index, track.index_length, track.length)
        assert pack.startswith(index.init)
        for row in index.segments:
            take_segment(row, pack[row.offset : row.offset + row.length])
        lengths = [row.duration / index.timescale for row in index.segments]
        assert len(lengths) == 2
        assert all(LEAST_S <= seconds <= MOST_S for seconds in lengths)
        assert sum(lengths) == pytest.approx(SECONDS, abs=0.1)
    assert lesson.media.duration_ms == pytest.approx(1000 * SECONDS, abs=50)
    for work, done in lesson.rows:
        assert done.encoded.duration == work.units
        assert b"x264 - core" not in lesson.store.get(Bucket.SOURCES, kept_at(done.encoded.key), 1 << 30)


@pytest.mark.parametrize("rate", ["10", "30000/1001", "24"])
def test_every_picture_is_the_sources_own(lesson: Made, media: Media, tmp_path: Path, rate: str) -> None:
    source, made = short(media), lesson
    if rate != "10":
        name = f"pictures-{rate.replace('/', '-')}.mp4"
        source = media.video(name, seconds=3, rate=rate, size="160x90", sound=None, gop=70)
        made = run_pipeline(source, tmp_path, quick=True)
    late = shifted(source, tmp_path)
    duration = Fraction(made.ingested.plan.duration).limit_denominator(1000)
    for recipe in made.ingested.recipe.video:
        pack = made.pack(made.video(recipe.rung, recipe.tier))
        every = round(Fraction(rate) / recipe.rate)
        ours, neighbours = psnr(pack, source, every), psnr(pack, late, every)
        assert len(ours) == pytest.approx(float(duration * recipe.rate), abs=1)
        assert min(ours) > 24
        assert np.mean(ours) > np.mean(neighbours) + 3
        worse = [n for n, (own, other) in enumerate(zip(ours, neighbours, strict=False)) if own <= other]
        assert worse == [], recipe.track


def shifted(source: Path, folder: Path) -> Path:
    """The source without its first picture, coded nearly without loss."""
    late = folder / "late.mkv"
    run_ffmpeg("-i", source, "-vf", "select=gte(n\\,1),setpts=N/(25*TB)", "-c:v", "libx264", "-qp", "4", "-an", late)
    return late


FLASHES = [2.4, 4.8, 7.2]
FLASH_S = 0.6
"""A flash stands at least as long as a picture of the slowest rendition."""


def flashing(path: Path, *, container_words: tuple[str, ...] = (), sound_late: float = 0.0) -> Path:
    """Black, with white pictures and a beep of 0.6 s at 2.4, 4.8 and 7.2 seconds; 9.6 seconds long."""
    lit = f"lt(mod({{t}},2.4),{FLASH_S})*gt({{t}},1)"
    white = f"drawbox=t=fill:color=white:enable='{lit.format(t='(t+0.0001)')}'"
    tone = f"sine=f=1000:r=44100:d={9.6 - sound_late}"
    beep = f"{tone},volume='if({lit.format(t=f'(t+{sound_late})')},1,0)':eval=frame,asetnsamples=441"
    offset = ("-itsoffset", str(sound_late)) if sound_late else ()
    run_ffmpeg(
        "-f", "lavfi", "-i", f"color=black:s=160x90:r=10:d=9.6,{white}", *offset, "-f", "lavfi", "-i", beep,
        "-map", "0:v", "-map", "1:a", "-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-g", "60",
        "-c:a", "aac", "-b:a", "128k", *container_words, path,
    )  # fmt: skip
    return path


@pytest.mark.parametrize(
    ("name", "sound_late", "words"),
    [
        ("plain.mp4", 0.0, ()),
        ("late sound.mp4", 0.7, ()),
        ("stream.ts", 0.0, ()),
        ("late start.mkv", 0.0, ("-output_ts_offset", "5")),
    ],
)
def test_flash_and_beep_come_together(tmp_path: Path, name: str, sound_late: float, words: tuple[str, ...]) -> None:
    made = run_pipeline(flashing(tmp_path / name, sound_late=sound_late, container_words=words), tmp_path, quick=True)
    for sound in made.media.sounds:
        beeps = onsets([abs(s) for s in samples(made.pack(sound))], 3000, 48_000)
        assert beeps == pytest.approx(FLASHES, abs=0.03)
    assert {r.tier for r in made.media.renditions if r.video} == set(Tier)
    for rendition in made.media.renditions:
        if rendition.video is not None:
            rate = rendition.video.frame_rate
            flashes = onsets(brightness(made.pack(rendition.video)), 128, rate)
            assert flashes == pytest.approx(FLASHES, abs=1 / rate + 0.025)


def onsets(values: list[int], above: int, rate: float) -> list[float]:
    """When `values` rise above the threshold after a second below it, in seconds."""
    found: list[float] = []
    last = -rate
    for at, value in enumerate(values):
        if value > above:
            if at - last > rate:
                found.append(at / rate)
            last = at
    return found


def noise_db(signal: "array[int]", reference: "array[int]", around: list[int], width: int = 2048) -> float:
    """Signal to noise in dB over windows around the given samples."""
    ours, theirs = np.asarray(signal, np.float64), np.asarray(reference, np.float64)
    windows = [slice(at - width, at + width) for at in around]
    power = sum(float(np.sum(theirs[window] ** 2)) for window in windows)
    noise = sum(float(np.sum((ours[window] - theirs[window]) ** 2)) for window in windows)
    return float(10 * np.log10(power / max(1.0, noise)))


def test_sound_joints_are_as_in_one_piece(tmp_path: Path) -> None:
    voice = (
        "aevalsrc='0.3*sin(2*PI*(180+40*sin(2*PI*0.7*t))*t)+0.2*sin(2*PI*(950+300*sin(2*PI*0.31*t))*t)+0.05*random(0)'"
        ":s=48000:d=41"
    )
    source, heard, one = tmp_path / "voice.wav", tmp_path / "heard.s16", tmp_path / "one.mp4"
    run_ffmpeg("-f", "lavfi", "-i", voice, "-ac", "1", source)
    made = run_pipeline(source, tmp_path, quick=True)
    assert [(r.rung, r.tier) for r in made.media.renditions] == [(Rung.LISTEN, tier) for tier in Tier]
    way, facts = made.ingested.recipe.hearing, made.ingested.facts
    assert way is not None
    assert facts.sound is not None
    run(parts.decode_sound(find_tools(), source, facts.sound.stream, facts.start, 41 * 48_000, way, heard), LIMITS)
    reference = array("h")
    reference.frombytes(heard.read_bytes())
    for recipe in made.ingested.recipe.sounds:
        run(probes.encode_voice(find_tools(), heard, recipe, one), LIMITS)
        pieces, whole = samples(made.pack(made.media.sound(recipe.tier))), samples(one)
        sounds = made.of_track(recipe.track)
        joints = [round(work.stretch.start * 48_000) for work, _ in sounds if work.number > 0]
        assert len(joints) == 2
        elsewhere = [at + 240_000 for at in joints]
        for places in (joints, elsewhere):
            assert noise_db(pieces, reference, places) > noise_db(whole, reference, places) - 1, recipe.tier
        assert noise_db(pieces, reference, joints) > noise_db(pieces, reference, elsewhere) - 3, recipe.tier
        assert noise_db(pieces, reference, joints) > 3, recipe.tier  # a hundred samples late, it would be below 0


def test_a_gap_in_the_sound_is_silence_and_a_standing_picture_stands(tmp_path: Path) -> None:
    tail = tmp_path / "tail.mkv"
    run_ffmpeg(
        "-f", "lavfi", "-i", "testsrc2=s=160x90:r=10:d=3", "-f", "lavfi", "-i", "sine=f=440:r=48000:d=9",
        "-c:v", "libx264", "-c:a", "aac", tail,
    )  # fmt: skip
    made = run_pipeline(tail, tmp_path, quick=True)
    assert made.media.duration_ms == pytest.approx(9000, abs=50)
    for tier in Tier:
        track = made.video(Rung.FLOOR, tier)
        frames = brightness(made.pack(track))
        assert len(frames) == pytest.approx(9 * track.frame_rate, abs=1)
        standing = frames[int(4 * track.frame_rate) :]
        assert max(standing) - min(standing) <= 1
        assert len(set(frames)) > 1


def test_pictures_that_end_long_before_the_sound_stand_to_its_end(tmp_path: Path) -> None:
    tail = tmp_path / "tail.mkv"
    run_ffmpeg(
        "-f", "lavfi", "-i", "testsrc2=s=96x64:r=5:d=2", "-f", "lavfi", "-i", "anoisesrc=r=48000:d=24:a=0.1",
        "-c:v", "libx264", "-c:a", "aac", tail,
    )  # fmt: skip
    made = run_pipeline(tail, tmp_path, quick=True)
    assert len(made.ingested.plan.grid) == 2
    for tier in Tier:
        track = made.video(Rung.FLOOR, tier)
        frames = brightness(made.pack(track))
        assert len(frames) == pytest.approx(24 * track.frame_rate, abs=1)
        standing = frames[int(3 * track.frame_rate) :]
        assert max(standing) - min(standing) <= 2


def test_parts_are_cut_where_runs_begin_and_joints_between_them_do_not_show(media: Media, tmp_path: Path) -> None:
    source = media.video("long.mp4", seconds=80, size="96x64", rate="5", sound=None, gop=47, extra=["-bf", "2"])
    made = run_pipeline(source, tmp_path, quick=True)
    assert len(made.ingested.plan.parts) == 2
    assert len(set(made.ingested.plan.part_of)) == 2
    floor = made.video(Rung.FLOOR)
    likeness = psnr(made.pack(floor), source, round(5 / floor.frame_rate))
    assert len(likeness) == pytest.approx(80 * floor.frame_rate, abs=1)
    assert min(likeness) > 24


def test_pictures_that_change_their_size_midway(tmp_path: Path) -> None:
    small, large, both = tmp_path / "a.ts", tmp_path / "b.ts", tmp_path / "both.ts"
    for path, size, start in ((large, "320x180", 0), (small, "160x90", 3)):
        run_ffmpeg(
            "-f", "lavfi", "-i", f"testsrc2=s={size}:r=10:d=3", "-c:v", "libx264", "-g", "10", "-output_ts_offset",
            str(start), "-muxdelay", "0", path,
        )  # fmt: skip
    both.write_bytes(large.read_bytes() + small.read_bytes())
    made = run_pipeline(both, tmp_path, quick=True)
    assert (
        made.media.duration_ms == 5800
    )  # the first file's pictures stand from 0.2 to 3.2, the second's from 3.0 to 6.0
    assert {r.video.width for r in made.media.renditions if r.video} == {320}
