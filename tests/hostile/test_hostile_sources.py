"""Files that partners may upload: each ends in packs or in a clear message, a job to retry, and nothing half stored."""

import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from catalog.formats.errors import AppError
from catalog.formats.rungs import Rung, Tier
from catalog.storage.base import Bucket
from tests.fakes.object_store import FakeObjectStore
from tests.media import Media, run_ffmpeg
from tests.pipeline import brightness, run_pipeline, samples

REFUSED: dict[str, tuple[Callable[[Media], Path], str, str]] = {
    "a text": (lambda media: media.no_video, "source.not-a-video", "Export it as MP4"),
    "nothing": (lambda media: media.empty, "source.no-bytes", "is empty"),
    "a file without its end": (lambda media: media.headless, "source.not-a-video", "moov atom not found"),
    "a file cut off": (lambda media: media.truncated, "source.cut-off", "lasts 4.0 seconds, but only"),
    "a frame of three hours": (lambda media: lying_frame(media), "source.cut-off", "lasts 10800.0 seconds"),
    "a playlist": (lambda media: playlist(media), "source.not-a-video", "Export it as MP4"),
    "a list of files": (lambda media: concat_list(media), "source.not-a-video", "Export it as MP4"),
    "a picture": (lambda media: picture(media), "source.not-a-video", "Export it as MP4"),
    "noise": (lambda media: noise(media), "source.not-a-video", "Export it as MP4"),
}


def lying_header(media: Media) -> Path:
    """One frame, and headers (mvhd, mdhd) that say three hours."""
    path = media.folder / "lying.mp4"
    data = bytearray(media.one_frame.read_bytes())
    for kind in (b"mvhd", b"mdhd"):
        at = data.index(kind)
        timescale = struct.unpack_from(">I", data, at + 16)[0]
        struct.pack_into(">I", data, at + 20, 10_800 * timescale)
    at = data.index(b"elst")
    struct.pack_into(">I", data, at + 12, 10_800_000)
    at = data.index(b"tkhd")
    struct.pack_into(">I", data, at + 24, 10_800_000)
    path.write_bytes(data)
    return path


def lying_frame(media: Media) -> Path:
    """The same, and the table of samples says that the one frame stands for three hours."""
    path = media.folder / "lying-frame.mp4"
    data = bytearray(lying_header(media).read_bytes())
    timescale = struct.unpack_from(">I", data, data.index(b"mdhd") + 16)[0]
    struct.pack_into(">I", data, data.index(b"stts") + 16, 10_800 * timescale)
    path.write_bytes(data)
    return path


def playlist(media: Media) -> Path:
    path = media.folder / "playlist.mp4"
    path.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\n{media.plain}\n#EXT-X-ENDLIST\n")
    return path


def concat_list(media: Media) -> Path:
    path = media.folder / "list.mp4"
    path.write_text(f"ffconcat version 1.0\nfile '{media.plain}'\n")
    return path


def picture(media: Media) -> Path:
    path = media.folder / "picture.png"
    run_ffmpeg("-f", "lavfi", "-i", "testsrc2=s=64x64:d=1", "-frames:v", "1", path)
    return path


def noise(media: Media) -> Path:
    path = media.folder / "noise.bin"
    path.write_bytes(bytes((n * 2654435761 >> 13) & 255 for n in range(200_000)))
    return path


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_a_lesson_is_said_clearly(media: Media, tmp_path: Path, what: str) -> None:
    make, code, words = REFUSED[what]
    store = FakeObjectStore()
    with pytest.raises(AppError) as caught:
        run_pipeline(make(media), tmp_path, store=store)
    assert caught.value.code == code
    assert words in str(caught.value)
    assert str(tmp_path) not in str(caught.value)
    assert [found.key for found in store.list_objects(Bucket.PUBLIC, "")] == []
    assert [found.key for found in store.list_objects(Bucket.SOURCES, "")] == ["sources/s"]


def test_pictures_without_sound(media: Media, tmp_path: Path) -> None:
    made = run_pipeline(media.silent, tmp_path, quick=True)
    assert made.media.sounds == ()
    for tier in Tier:
        floor = made.video(Rung.FLOOR, tier)
        assert len(brightness(made.pack(floor))) == pytest.approx(4 * floor.frame_rate, abs=1)


def test_sound_without_pictures(media: Media, tmp_path: Path) -> None:
    made = run_pipeline(media.sound_only, tmp_path, quick=True)
    assert [(r.tier, r.rung, r.video) for r in made.media.renditions] == [(tier, Rung.LISTEN, None) for tier in Tier]
    assert made.media.poster is None
    assert len(samples(made.pack(made.media.sounds[0]))) == 188 * 1024


def test_surround_that_says_one_thing_becomes_mono(media: Media, tmp_path: Path) -> None:
    surround = run_pipeline(media.surround, tmp_path, quick=True)
    assert [s.channels for s in surround.media.sounds] == [1, 1], "all its channels are the same"
    assert max(samples(surround.pack(surround.media.sounds[0]))) > 1000


def test_stereo_that_is_stereo_stays_so(tmp_path: Path) -> None:
    stereo = tmp_path / "stereo.m4a"
    run_ffmpeg(
        "-f", "lavfi", "-i", "sine=300:d=3", "-f", "lavfi", "-i", "sine=700:d=3", "-filter_complex",
        "[0:a][1:a]join=inputs=2:channel_layout=stereo", stereo,
    )  # fmt: skip
    assert [s.channels for s in run_pipeline(stereo, tmp_path, quick=True).media.sounds] == [2, 2]


def test_uneven_frames_become_even(media: Media, tmp_path: Path) -> None:
    made = run_pipeline(media.variable_rate, tmp_path, quick=True)
    assert made.ingested.facts.video is not None
    assert made.ingested.facts.video.rate == 25
    for tier in Tier:
        floor = made.video(Rung.FLOOR, tier)
        assert len(brightness(made.pack(floor))) == pytest.approx(4 * floor.frame_rate, abs=1)


def test_turned_pictures_are_upright(media: Media, tmp_path: Path) -> None:
    made = run_pipeline(media.portrait_by_rotation, tmp_path, quick=True)
    floor = made.video(Rung.FLOOR)
    assert (floor.width, floor.height) == (180, 320)


def test_odd_sizes_become_even(media: Media, tmp_path: Path) -> None:
    made = run_pipeline(media.odd_size, tmp_path, quick=True)
    floor = made.video(Rung.FLOOR)
    assert (floor.width % 2, floor.height % 2) == (0, 0)
    assert abs(floor.width - 321) <= 1
    assert abs(floor.height - 181) <= 1


def test_a_single_frame(media: Media, tmp_path: Path) -> None:
    made = run_pipeline(media.one_frame, tmp_path, quick=True)
    assert run_pipeline(lying_header(media), tmp_path, quick=True).media == made.media  # whatever its headers say
    assert made.media.duration_ms == 40
    assert made.media.poster is not None


def test_damage_in_the_middle_is_shown_as_far_as_it_can_be(media: Media, tmp_path: Path) -> None:
    path = tmp_path / "damaged.ts"
    run_ffmpeg("-i", media.video("damaged.mp4", seconds=6, size="160x90", rate="10"), "-c", "copy", path)
    data = bytearray(path.read_bytes())
    middle = len(data) // 2 // 188 * 188
    for at in range(middle, middle + 188 * 10):
        data[at] = at * 7 & 255 if at % 188 > 4 else data[at]
    path.write_bytes(data)
    made = run_pipeline(path, tmp_path, quick=True)
    assert abs(made.media.duration_ms - 6000) < 200


def test_a_lesson_that_is_only_a_cover_and_a_voice(media: Media, tmp_path: Path) -> None:
    path = tmp_path / "cover.m4a"
    run_ffmpeg(
        "-i", media.sound_only, "-i", picture(media), "-map", "0:a", "-map", "1:v", "-c:a", "copy", "-c:v", "png",
        "-disposition:v:0", "attached_pic", path,
    )  # fmt: skip
    made = run_pipeline(path, tmp_path, quick=True)
    assert [(r.tier, r.rung) for r in made.media.renditions] == [(tier, Rung.LISTEN) for tier in Tier]
