"""What comes out of the pipeline, looked at by decoding it: every picture, every joint, the lips."""

import random
from array import array
from fractions import Fraction
from math import log10
from pathlib import Path

import pytest

from catalog.formats.index import parse_index, take_segment
from catalog.formats.rungs import Rung, Tier
from catalog.storage.base import Bucket
from tests.media import Media, run_ffmpeg
from tests.pipeline import Made, brightness, decode, psnr, run_pipeline, samples
from workers.pipeline.encode import kept_at


def all_objects(made: Made) -> dict[str, bytes]:
    keys = [found.key for found in made.store.list_objects(Bucket.PUBLIC, "")]
    return {key: made.store.get(Bucket.PUBLIC, key, 1 << 30) for key in keys}


def test_the_same_source_gives_the_same_bytes_in_any_order(media: Media, tmp_path: Path) -> None:
    source = media.video("twenty.mp4", seconds=20)
    mixed = random.Random(7)
    first = run_pipeline(source, tmp_path)
    second = run_pipeline(source, tmp_path, order=lambda works: mixed.sample(works, len(works)))
    assert first.media == second.media
    assert all_objects(first) == all_objects(second)
    assert [e for _, e in second.rows] != [e for _, e in first.rows]  # the order was another


def test_every_pack_is_what_its_index_says(media: Media, tmp_path: Path) -> None:
    made = run_pipeline(media.video("twenty.mp4", seconds=20), tmp_path)
    tracks = [made.video(Rung.FLOOR), made.video(Rung.CLEAR), made.media.sound(Tier.COMPATIBLE)]
    for track in tracks:
        assert track is not None
        encoded = made.store.get(Bucket.PUBLIC, f"indexes/{track.index}", 1 << 20)
        index = parse_index(encoded)
        pack = made.store.get(Bucket.PUBLIC, f"packs/{track.index}", 1 << 30)
        assert (index.digest, len(encoded), len(pack)) == (track.index, track.index_length, track.length)
        assert pack.startswith(index.init)
        for row in index.segments:
            take_segment(row, pack[row.offset : row.offset + row.length])
        assert [row.duration / index.timescale for row in index.segments] == pytest.approx([8, 8, 4], abs=0.05)
    assert made.media.duration_ms == pytest.approx(20_000, abs=22)
    for _, done in made.rows:
        assert b"x264 - core" not in made.store.get(Bucket.SOURCES, kept_at(done.encoded.key), 1 << 30)


@pytest.mark.parametrize("rate", ["25", "30000/1001", "24"])
def test_every_picture_is_the_sources_own(media: Media, tmp_path: Path, rate: str) -> None:
    name = f"pictures-{rate.replace('/', '-')}.mp4"
    source = media.video(name, seconds=20, rate=rate, sound=None, gop=70)
    made = run_pipeline(source, tmp_path)
    clear = psnr(made.pack(made.video(Rung.CLEAR)), source)
    floor = psnr(made.pack(made.video(Rung.FLOOR)), source, every=2)
    assert len(clear) == int(20 * Fraction(rate)) + (rate == "30000/1001")
    assert len(floor) == (len(clear) + 1) // 2
    assert min(clear) > 33
    assert min(floor) > 30
    neighbours = psnr(made.pack(made.video(Rung.CLEAR)), shifted(source, tmp_path))
    assert max(neighbours) < min(clear)  # or the numbers above would say nothing


def shifted(source: Path, folder: Path) -> Path:
    late = folder / "late.mp4"
    run_ffmpeg("-i", source, "-vf", "select=gte(n\\,1),setpts=N/(25*TB)", "-c:v", "libx264", "-qp", "10", "-an", late)
    return late


def flashing(path: Path, *, container_words: tuple[str, ...] = (), sound_late: float = 0.0, rate: str = "25") -> Path:
    """Black, with a white picture and a beep of 80 ms at 3, 6, 9, … seconds; 21 seconds long."""
    picture = (
        f"color=black:s=320x180:r={rate}:d=21,drawbox=t=fill:color=white:enable='lt(mod(t+0.0001,3),0.08)*gt(t,1)'"
    )
    beep = f"sine=f=1000:r=44100:d={21 - sound_late},volume='if(lt(mod(t+{sound_late},3),0.08)*gt(t,1),1,0)':eval=frame"
    offset = ("-itsoffset", str(sound_late)) if sound_late else ()
    run_ffmpeg(
        "-f", "lavfi", "-i", picture, *offset, "-f", "lavfi", "-i", f"{beep},asetnsamples=441", "-map", "0:v", "-map",
        "1:a", "-c:v", "libx264", "-preset", "ultrafast", "-bf", "2", "-g", "60", "-c:a", "aac", "-b:a", "128k",
        *container_words, path,
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
    made = run_pipeline(flashing(tmp_path / name, sound_late=sound_late, container_words=words), tmp_path)
    beeps = onsets([abs(s) for s in samples(made.pack(made.media.sound(Tier.COMPATIBLE)))], 3000, 48_000)
    assert beeps == pytest.approx([3, 6, 9, 12, 15, 18], abs=0.03)
    for rung in (Rung.FLOOR, Rung.CLEAR):
        track = made.video(rung)
        flashes = onsets(brightness(made.pack(track)), 128, track.frame_rate)
        assert flashes == pytest.approx(beeps, abs=1 / track.frame_rate + 0.025)


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
    power = noise = 0
    for at in around:
        for n in range(at - width, at + width):
            power += reference[n] ** 2
            noise += (signal[n] - reference[n]) ** 2
    return 10 * log10(power / max(1, noise))


def test_sound_joints_are_as_in_one_piece(tmp_path: Path) -> None:
    voice = (
        "aevalsrc='0.3*sin(2*PI*(180+40*sin(2*PI*0.7*t))*t)+0.2*sin(2*PI*(950+300*sin(2*PI*0.31*t))*t)+0.05*random(0)"
        ":s=48000:d=41'"
    ).replace(":s=48000:d=41'", "':s=48000:d=41")
    source, one = tmp_path / "voice.wav", tmp_path / "one.mp4"
    run_ffmpeg("-f", "lavfi", "-i", voice, "-ac", "1", source)
    made = run_pipeline(source, tmp_path)
    assert [r.rung for r in made.media.renditions] == [Rung.LISTEN] * 2
    run_ffmpeg("-i", source, "-c:a", "aac", "-b:a", "40000", one)
    reference = array("h")
    reference.frombytes(decode("-i", source, "-f", "s16le"))
    pieces, whole = samples(made.pack(made.media.sound(Tier.COMPATIBLE))), samples(one)
    sounds = made.of_track("compatible/sound")
    joints = [round(work.stretch.start * 48_000) for work, _ in sounds if work.number > 0]
    assert len(joints) == 2
    assert noise_db(pieces, reference, joints) > noise_db(whole, reference, joints) - 0.5
    assert noise_db(pieces, reference, joints) > 10


def test_a_gap_in_the_sound_is_silence_and_a_standing_picture_stands(media: Media, tmp_path: Path) -> None:
    tail = tmp_path / "tail.mkv"
    run_ffmpeg(
        "-f", "lavfi", "-i", "testsrc2=s=320x180:r=25:d=3", "-f", "lavfi", "-i", "sine=f=440:r=48000:d=9",
        "-c:v", "libx264", "-c:a", "aac", tail,
    )  # fmt: skip
    made = run_pipeline(tail, tmp_path)
    assert made.media.duration_ms == pytest.approx(9000, abs=50)
    frames = brightness(made.pack(made.video(Rung.CLEAR)))
    assert len(frames) == pytest.approx(226, abs=1)
    assert len(set(frames[80:])) == 1


def test_parts_are_cut_where_runs_begin_and_joints_between_them_do_not_show(media: Media, tmp_path: Path) -> None:
    source = media.video("long.mp4", seconds=150, size="160x90", rate="10", sound=None, gop=47, extra=["-bf", "2"])
    made = run_pipeline(source, tmp_path)
    assert len(made.ingested.plan.parts) == 3
    likeness = psnr(made.pack(made.video(Rung.CLEAR)), source)
    assert len(likeness) == 1500
    assert min(likeness) > 30


def test_pictures_that_change_their_size_midway(tmp_path: Path) -> None:
    small, large, both = tmp_path / "a.ts", tmp_path / "b.ts", tmp_path / "both.ts"
    for path, size, start in ((small, "320x180", 0), (large, "640x360", 6)):
        run_ffmpeg(
            "-f", "lavfi", "-i", f"testsrc2=s={size}:r=25:d=6", "-c:v", "libx264", "-g", "25", "-output_ts_offset",
            str(start), "-muxdelay", "0", path,
        )  # fmt: skip
    both.write_bytes(small.read_bytes() + large.read_bytes())
    made = run_pipeline(both, tmp_path)
    assert made.media.duration_ms == pytest.approx(12_000, abs=100)
    assert {r.video.width for r in made.media.renditions if r.video} == {320}
