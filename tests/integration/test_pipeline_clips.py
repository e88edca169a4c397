"""Real clips through the pipeline: captured lectures, speech, cameras. They are short and lossy already."""

from pathlib import Path

from catalog.formats.rungs import Rung, Tier
from tests.pipeline import brightness, run_pipeline, samples

ENDINGS = {".mov", ".mp4", ".mkv", ".webm", ".ts", ".m4a", ".mp3", ".avi"}


def test_every_real_clip_becomes_a_lesson(clips: Path, tmp_path: Path) -> None:
    found = sorted(path for path in clips.iterdir() if path.suffix in ENDINGS)
    assert found, f"no clip in {clips}"
    for clip in found:
        made = run_pipeline(clip, tmp_path)
        seconds = made.media.duration_ms / 1000
        facts = made.ingested.facts
        assert abs(seconds - (facts.end - facts.start)) < 0.25, clip.name
        if facts.video is None:
            assert [r.rung for r in made.media.renditions] == [Rung.LISTEN], clip.name
        else:
            for rung in (Rung.FLOOR, Rung.CLEAR):
                track = made.video(rung)
                frames = brightness(made.pack(track))
                assert abs(len(frames) / track.frame_rate - seconds) < 0.25, clip.name
                assert max(frames) > 20, clip.name
            assert made.media.poster is not None, clip.name
        if facts.sound is not None:
            heard = samples(made.pack(made.media.sound(Tier.COMPATIBLE)))
            assert abs(len(heard) / 48_000 - seconds) < 0.25, clip.name
            assert max(heard) > 100, clip.name
