"""Real clips are told to be what they are. Without a folder of clips nothing here is collected, and the run says so."""

from pathlib import Path

import pytest

from tests.integration.test_look import look_at
from tests.media import clips_folder
from workers.pipeline.look.model import Kind

CLIPS = clips_folder()
KINDS = {
    "av.mov": {Kind.SLIDES, Kind.SCREEN},
    "audiovideo.mov": {Kind.SLIDES, Kind.SCREEN},
    "scene-change.mov": {Kind.SLIDES},
    "test-optimization.mp4": {Kind.SLIDES},
    "bikes.mp4": {Kind.CAMERA},
    "carphone_pristine.mp4": {Kind.CAMERA},
    "bigbuckbunny.mp4": {Kind.CAMERA},
    "av1.mp4": {Kind.CAMERA},
}
FIRST_CHANGES = {
    "audiovideo.mov": 1.4,
    "scene-change.mov": 11.0,
    "test-optimization.mp4": 1.0,
    "bikes.mp4": 1.2,
    "av1.mp4": 0.7,
}
PRESENT = [name for name in KINDS if CLIPS is not None and (CLIPS / name).is_file()]

if CLIPS is not None and PRESENT:
    FOLDER = CLIPS

    @pytest.mark.parametrize("name", PRESENT)
    def test_a_clip_is_told_to_be_what_it_is(name: str, tmp_path: Path) -> None:
        seen = look_at(FOLDER / name, tmp_path).pictures
        assert seen is not None
        assert seen.dominant_kind in KINDS[name]
        assert seen.letterbox is None
        if name in FIRST_CHANGES:
            assert seen.change_times[0] == pytest.approx(FIRST_CHANGES[name], abs=0.11)
