"""A look at small videos, through ffmpeg: times from the zero, turned and barred pictures, odd sources, sound."""

from pathlib import Path

import pytest

from tests.drawn import film, noisy, panned, scenery, slide
from tests.media import Media, run_ffmpeg
from workers.pipeline.errors import Cancelled, NotDecodable
from workers.pipeline.look.looking import look
from workers.pipeline.look.model import Crop, Kind, Look, PictureLook, SoundLook
from workers.pipeline.probe import SourceLimits, probe
from workers.pipeline.process import UNWATCHED, Limits, Watch
from workers.pipeline.tools import find_tools

LIMITS = Limits(seconds=60, cpu_seconds=60)


def look_at(source: Path, folder: Path, watch: Watch = UNWATCHED) -> Look:
    own = folder / "source"
    own.unlink(missing_ok=True)
    own.symlink_to(source)
    found = look(find_tools(), own, probe(find_tools(), own, SourceLimits()), folder, LIMITS, watch)
    left = [path.name for path in folder.iterdir() if path.suffix in {".yuv", ".pgm", ".s16", ".txt"}]
    assert left == []
    return found


def pictures_of(source: Path, folder: Path) -> PictureLook:
    found = look_at(source, folder).pictures
    assert found is not None
    return found


def sound_of(source: Path, folder: Path) -> SoundLook:
    found = look_at(source, folder).sound
    assert found is not None
    return found


def test_slides_change_when_they_do(tmp_path: Path) -> None:
    pictures = [slide(1 + n // 40, 4, 320, 184) for n in range(120)]
    seen = pictures_of(film(tmp_path / "slides.mkv", pictures, 10), tmp_path)
    assert [scene.kind for scene in seen.scenes] == [Kind.SLIDES]
    assert [(round(c.at, 2), c.new_slide) for c in seen.changes] == [(4.0, True), (8.0, True)]
    assert seen.grain == 0.0
    assert seen.letterbox is None
    size = (tmp_path / "slides.mkv").stat().st_size
    assert 0.7 * size * 8 / 12 < seen.source_bits_per_s <= size * 8 / 12


@pytest.mark.parametrize("rate", ["24000/1001", "30", "50"])
def test_changes_keep_their_times_at_other_rates(tmp_path: Path, rate: str) -> None:
    pictures = [slide(1 + n // 40, 4, 320, 184) for n in range(80)]
    made = film(tmp_path / "slides.mp4", pictures, 10, "-vf", f"fps={rate},scale=in_range=tv:out_range=tv")
    (change,) = pictures_of(made, tmp_path).changes
    assert change.at == pytest.approx(4.0, abs=0.11)


def test_one_frame_a_second_and_uneven_rates(tmp_path: Path) -> None:
    pictures = [slide(1 + n // 6, 4, 320, 184) for n in range(12)]
    (change,) = pictures_of(film(tmp_path / "slow.mp4", pictures, 1), tmp_path).changes
    assert change.at == 6.0
    uneven = [slide(1 + n // 60, 4, 320, 184) for n in range(120)]
    drop = "select='not(between(n,10,50)*mod(n,7))',scale=in_range=tv:out_range=tv"
    made = film(tmp_path / "uneven.mkv", uneven, 12, "-vf", drop, "-fps_mode", "vfr")
    (change,) = pictures_of(made, tmp_path).changes
    assert change.at == pytest.approx(5.0, abs=0.1)


def test_grain_is_measured_on_whole_pictures(tmp_path: Path) -> None:
    pictures = [noisy(scenery(1, 320, 184), n, 3.0) for n in range(60)]
    made = film(tmp_path / "grain.mkv", pictures, 10, "-qp", "0")
    assert pictures_of(made, tmp_path).grain == pytest.approx(3.0 * 219 / 255, abs=0.3)  # grey is full range to ffmpeg


def test_bars_are_found_upright_in_turned_pictures(tmp_path: Path) -> None:
    pad = "scale=320:184:in_range=tv:out_range=tv,pad=320:224:0:20:black"
    made = film(tmp_path / "bars.mp4", panned(1, 60), 10, "-vf", pad)
    assert pictures_of(made, tmp_path).letterbox == Crop(left=0, top=20, width=320, height=184)
    turned = tmp_path / "turned.mp4"
    run_ffmpeg("-display_rotation", "90", "-i", made, "-c", "copy", turned)
    assert pictures_of(turned, tmp_path).letterbox == Crop(left=20, top=0, width=184, height=320)


def test_half_pictures_do_not_trouble_it(tmp_path: Path) -> None:
    weave = "scale=320:184:in_range=tv:out_range=tv,tinterlace=mode=interleave_top,fieldorder=tff"
    made = film(tmp_path / "half.mkv", panned(1, 120), 20, "-vf", weave, "-x264opts", "tff=1")
    assert [scene.kind for scene in pictures_of(made, tmp_path).scenes] == [Kind.CAMERA]


def test_odd_sources_are_looked_at_too(media: Media, tmp_path: Path) -> None:
    one = pictures_of(media.one_frame, tmp_path)
    assert (len(one.scenes), one.changes, one.still_share) == (1, (), 1.0)
    only = look_at(media.sound_only, tmp_path)
    assert (only.pictures, only.dominant_kind) == (None, None)
    silent = look_at(media.silent, tmp_path)
    assert silent.sound is None
    assert silent.dominant_kind is not None
    for source in (media.portrait_by_rotation, media.odd_size, media.variable_rate):
        seen = pictures_of(source, tmp_path)
        assert seen.scenes[0].start == 0
        assert seen.scenes[-1].end == pytest.approx(4.0, abs=0.2)
        assert len(seen.activity) in (4, 5)


def test_the_sample_tone_is_one_channel_in_two(media: Media, tmp_path: Path) -> None:
    stereo, mono = sound_of(media.plain, tmp_path), sound_of(media.mono, tmp_path)
    assert stereo.is_mono
    assert mono.is_mono
    assert stereo.lufs == pytest.approx(mono.lufs - 3, abs=0.3)  # ffmpeg makes two channels of one at -3 dB each
    assert stereo.true_peak_db == pytest.approx(-18.1, abs=3.5)
    assert 20_000 < stereo.source_bits_per_s < 140_000
    assert len(stereo.quiet_points) in (4, 5)
    assert sound_of(media.surround, tmp_path).lufs > -70


def test_silence_between_words_and_after_the_sound(tmp_path: Path) -> None:
    made = tmp_path / "words.wav"
    words = "sine=frequency=500:sample_rate=16000:duration=6,volume=0:enable='between(t,2,3.5)'"
    run_ffmpeg("-f", "lavfi", "-i", words, made)
    heard = sound_of(made, tmp_path)
    (silence,) = heard.silences
    assert silence == pytest.approx((2.0, 3.5), abs=0.1)
    assert heard.band_hz <= 1500
    assert 2.0 <= heard.quiet_points[2] <= 3.0


def test_what_cannot_be_decoded_is_said_with_its_place(media: Media, tmp_path: Path) -> None:
    source = tmp_path / "hollow.mp4"
    data = bytearray(media.silent.read_bytes())
    facts = probe(find_tools(), _copy(bytes(data), source), SourceLimits())
    start = data.index(b"mdat") + 4
    data[start : data.index(b"moov") - 4] = bytes(data.index(b"moov") - 4 - start)
    source.write_bytes(bytes(data))
    with pytest.raises(NotDecodable) as raised:
        look(find_tools(), source, facts, tmp_path, LIMITS)
    assert raised.value.data["end"] == pytest.approx(4.0, abs=0.1)
    assert not (tmp_path / "small.yuv").exists()


def test_a_look_can_be_cancelled(media: Media, tmp_path: Path) -> None:
    facts = probe(find_tools(), _copy(media.plain.read_bytes(), tmp_path / "own.mp4"), SourceLimits())
    with pytest.raises(Cancelled):
        look(find_tools(), tmp_path / "own.mp4", facts, tmp_path, LIMITS, Watch(is_cancelled=lambda: True))
    assert [path.name for path in tmp_path.iterdir()] == ["own.mp4"]


def _copy(data: bytes, path: Path) -> Path:
    path.write_bytes(data)
    return path
