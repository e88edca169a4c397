"""A segment whose last sample is made shorter."""

from pathlib import Path

import pytest

from catalog.formats.boxes import float_segment, lasting, read_fields, split_fragmented
from catalog.formats.errors import BadFormat
from tests.media import run_ffmpeg
from tests.pipeline import decode

UNITS = 400
"""Timescale units of a frame: 25 a second of 10,000."""


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    out = tmp_path_factory.mktemp("lasting") / "segment.mp4"
    picture = ["-f", "lavfi", "-i", "testsrc2=size=64x48:rate=25:duration=1", "-c:v", "libx264", "-bf", "3"]
    fragment = ["-movflags", "+cmaf+empty_moov+frag_custom+skip_trailer", "-use_editlist", "0"]
    run_ffmpeg(*picture, "-video_track_timescale", "10000", *fragment, out)
    return out.read_bytes()


@pytest.mark.parametrize("missing", [1, 100, 399, -250])
def test_the_whole_lasts_what_is_asked_and_every_picture_stays(whole: bytes, missing: int, tmp_path: Path) -> None:
    init, (fragment,) = split_fragmented(whole)
    segment = float_segment(fragment)
    wanted = 25 * UNITS - missing
    changed = lasting(segment, wanted)
    assert read_fields(changed).duration == wanted
    assert read_fields(changed).starts_with_key
    files = tmp_path / "before.mp4", tmp_path / "after.mp4"
    for file, data in zip(files, (segment, changed), strict=True):
        file.write_bytes(init + data)
    before, after = (decode("-i", file, "-f", "framemd5", "-fps_mode", "passthrough") for file in files)
    pictures = [[line.split(b",")[5] for line in said.splitlines() if line[:1] != b"#"] for said in (before, after)]
    assert len(pictures[0]) == 25
    assert pictures[0] == pictures[1]


def test_what_lasts_so_long_already_is_not_touched(whole: bytes) -> None:
    segment = float_segment(split_fragmented(whole)[1][0])
    assert lasting(segment, 25 * UNITS) is segment


def test_a_last_sample_without_time_is_refused(whole: bytes) -> None:
    segment = float_segment(split_fragmented(whole)[1][0])
    with pytest.raises(BadFormat, match="cannot last"):
        lasting(segment, 24 * UNITS)
