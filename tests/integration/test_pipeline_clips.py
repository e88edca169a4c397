"""Real clips through the pipeline: captured lectures, speech, cameras. They are short and lossy already."""

from pathlib import Path

from catalog.formats.rungs import Rung, Tier
from tests.media import run_ffmpeg
from tests.pipeline import brightness, run_pipeline, samples

ENDINGS = {".mov", ".mp4", ".mkv", ".webm", ".ts", ".m4a", ".mp3", ".avi"}
BEGINNING_S = 2
"""So much of each clip is made into a lesson: what is odd about a clip is in its beginning, too."""


def test_every_real_clip_becomes_a_lesson(clips: Path, tmp_path: Path) -> None:
    found = sorted(path for path in clips.iterdir() if path.suffix in ENDINGS)
    assert found, f"no clip in {clips}"
    for clip in found:
        source = tmp_path / f"{clip.stem}.mkv"
        run_ffmpeg("-i", clip, "-t", str(BEGINNING_S), "-map", "0:v?", "-map", "0:a?", "-c", "copy", source)
        made = run_pipeline(source, tmp_path, quick=True)
        seconds = made.media.duration_ms / 1000
        facts, seen = made.ingested.facts, made.ingested.look
        assert abs(seconds - (facts.end - facts.start)) < 0.25, clip.name
        if facts.video is None:
            assert [(r.tier, r.rung) for r in made.media.renditions] == [(t, Rung.LISTEN) for t in Tier], clip.name
        else:
            assert {(tier, Rung.FLOOR) for tier in Tier} <= {(r.tier, r.rung) for r in made.media.renditions}, clip.name
            assert made.media.poster is not None, clip.name
        for rendition in made.media.renditions:
            if rendition.video is not None:
                frames = brightness(made.pack(rendition.video))
                assert abs(len(frames) / rendition.video.frame_rate - seconds) < 0.55, clip.name
                assert max(frames) > 20, clip.name
        assert [sound.tier for sound in made.media.sounds] == (list(Tier) if facts.sound else []), clip.name
        for sound in made.media.sounds:
            heard = samples(made.pack(sound))
            assert abs(len(heard) / 48_000 - seconds) < 0.25, clip.name
            assert seen.sound is not None, clip.name
            assert max(heard) > 100 or seen.sound.lufs < -60, clip.name
