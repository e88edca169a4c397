"""What a track is coded with is read from its init part: of files that ffmpeg made, and of broken ones."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.formats.boxes import find, split_fragmented
from catalog.formats.codecs import av1_codec, avc_codec, opus_codec, opus_pre_skip, sound_codec, video_codec
from catalog.formats.errors import BadFormat
from tests.factories import make_init
from tests.media import run_ffmpeg

FRAGMENT = ("-map_metadata", "-1", "-fflags", "+bitexact", "-movflags", "+cmaf+empty_moov+frag_custom+skip_trailer")
PICTURES = ("-f", "lavfi", "-i", "testsrc2=s=320x180:r=5:d=1", "-pix_fmt")
VOICE = ("-f", "lavfi", "-i", "sine=d=1:r=48000", "-ac", "1")
MADE = {
    "avc": (*PICTURES, "yuv420p", "-c:v", "libx264", "-profile:v", "high", "-level:v", "3.1"),
    "av1": (*PICTURES, "yuv420p", "-c:v", "libsvtav1", "-preset", "12"),
    "av1 of 10 bits": (*PICTURES, "yuv420p10le", "-c:v", "libsvtav1", "-preset", "12"),
    "aac": (*VOICE, "-c:a", "aac"),
    "opus": (*VOICE, "-c:a", "libopus", "-b:a", "24k"),
}


@cache
def init(name: str) -> bytes:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "made.mp4"
        run_ffmpeg(*MADE[name], *FRAGMENT, "-f", "mp4", path)
        return split_fragmented(path.read_bytes())[0]


@pytest.mark.parametrize(
    ("name", "codec"), [("avc", "avc1.64001f"), ("av1", "av01.0.00M.08"), ("av1 of 10 bits", "av01.0.00M.10")]
)
def test_pictures_say_their_codec(name: str, codec: str) -> None:
    assert video_codec(init(name)) == codec


@pytest.mark.parametrize(("name", "codec"), [("aac", "mp4a.40.2"), ("opus", "opus")])
def test_sound_says_its_codec(name: str, codec: str) -> None:
    assert sound_codec(init(name)) == codec


def test_opus_says_what_to_throw_away_at_its_start() -> None:
    assert opus_pre_skip(init("opus")) == 312


def test_one_kind_is_not_taken_for_another() -> None:
    for read, other in ((avc_codec, "av1"), (av1_codec, "avc"), (opus_codec, "aac"), (sound_codec, "avc")):
        with pytest.raises(BadFormat, match="its samples are"):
            read(init(other))
    with pytest.raises(BadFormat, match="no box"):
        video_codec(make_init())


def _with(name: str, box: bytes, at: int, value: int) -> bytes:
    data = bytearray(init(name))
    data[data.index(box) + 4 + at] = value
    return bytes(data)


def test_av1_is_written_out_with_profile_level_tier_and_depth() -> None:
    assert av1_codec(_with("av1", b"av1C", 1, 0x2D)) == "av01.1.13M.08"
    assert av1_codec(_with("av1", b"av1C", 2, 0xCC)) == "av01.0.00H.10"
    assert av1_codec(_with("av1", b"av1C", 2, 0x6C)) == "av01.0.00M.12"
    with pytest.raises(BadFormat, match="version 1"):
        av1_codec(_with("av1", b"av1C", 0, 0x80))
    for grey_or_full in (0x1C, 0x00):
        with pytest.raises(BadFormat, match="4:2:0"):
            av1_codec(_with("av1", b"av1C", 2, grey_or_full))


def test_sound_of_another_kind_is_refused() -> None:
    data = init("aac")
    specific = data.index(b"\x05", data.index(b"esds") + 8)
    while data[specific + 1] & 0x80:
        specific += 1
    with pytest.raises(BadFormat, match="not AAC-LC"):
        sound_codec(data[: specific + 2] + bytes([5 << 3 | data[specific + 2] & 7]) + data[specific + 3 :])
    with pytest.raises(BadFormat, match="version 0"):
        opus_codec(_with("opus", b"dOps", 0, 1))


@given(st.sampled_from(sorted(MADE)), st.data())
def test_no_damage_breaks_the_reader(name: str, data: st.DataObject) -> None:
    whole = init(name)
    stsd = find(whole, (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd"))
    at = data.draw(st.integers(stsd.start, stsd.end - 1))
    damaged = whole[:at] + bytes([data.draw(st.integers(0, 255))]) + whole[at + 1 :]
    for read in (video_codec, sound_codec):
        try:
            assert read(damaged).isascii()
        except BadFormat:
            continue
