"""`songtan demo --once`: the whole way of a lesson, with real servers, real processes and a real ffmpeg."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import httpx2
import pytest

from songtan.stack.postgres import discard
from tests.e2e.running_up import GONE_SECONDS, Up, still_there
from tests.media import Media

WALK_SECONDS = 900
"""The longest that a lesson of a minute may take through both tiers and all that is measured, on a busy machine."""


def demo(tmp_path: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the demo with an empty home folder and caches, and ports of its own."""
    home = tmp_path / "home"
    home.mkdir()
    env = {name: value for name, value in os.environ.items() if not name.startswith(("SONGTAN_", "XDG_"))}
    env |= dict.fromkeys(("SONGTAN_API_PORT", "SONGTAN_SIGNER_PORT", "SONGTAN_EDGE_PORT"), "0")
    env |= {"HOME": str(home), "SONGTAN_STATE": str(tmp_path / "state"), "LC_ALL": "C.UTF-8"}
    command = [sys.executable, "-m", "songtan.cli", "demo", *words]
    return subprocess.run(
        command, capture_output=True, text=True, env=env, cwd=tmp_path, timeout=WALK_SECONDS, check=False
    )


@pytest.mark.timeout(WALK_SECONDS + 120)
def test_the_sample_lesson_walks_the_whole_way(tmp_path: Path) -> None:
    done = demo(tmp_path, "--once")
    assert done.returncode == 0, done.stderr
    made = [f"rung {rung}, {tier}" for tier in ("compatible", "modern") for rung in ("listen", "floor")]
    for words in ("压强, 74 s", *made, "fetches compatible:", "all verified", "centre off", "All is well."):
        assert words in done.stdout, done.stdout
    assert list((tmp_path / "state").iterdir()) == []


@pytest.mark.timeout(WALK_SECONDS + 120)
def test_a_file_that_is_no_video_is_said_and_everything_ends(tmp_path: Path, media: Media) -> None:
    done = demo(tmp_path, "--once", "--lesson", str(media.no_video))
    assert done.returncode == 1
    assert "Encoding did not work" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_file_that_is_not_there_is_said_before_anything_starts(tmp_path: Path) -> None:
    done = demo(tmp_path, "--lesson", str(tmp_path / "no-such-file.mp4"))
    assert done.returncode == 1
    assert "no-such-file.mp4" in done.stderr
    assert not (tmp_path / "state").exists()


@pytest.mark.timeout(WALK_SECONDS + 120)
def test_it_stays_up_with_any_video_file_and_leaves_nothing_after_kill_9(tmp_path: Path, media: Media) -> None:
    folder = tmp_path / "state"
    folder.mkdir()
    video = tmp_path / "第一课 \"光\" 'a'.mp4"
    video.write_bytes(media.plain.read_bytes())
    shown = Up(folder, "demo", "--lesson", str(video))
    shown.wait(WALK_SECONDS)
    pages = httpx2.Client(follow_redirects=True, headers={"Accept": "text/html", "Accept-Language": "zh-CN"})
    assert "第一课" in pages.get(shown.addresses["edge"]).text
    for face in ("partner", "ops"):
        answer = pages.get(f"{shown.addresses['api']}/{face}")
        assert answer.status_code == 200, answer.text
        assert "password" in answer.text
    everyone = shown.everyone()
    shown.front.kill()
    shown.front.wait()
    assert still_there(everyone) == []

    again = Up(folder, "demo", "--lesson", str(video))  # what walked before need not walk again
    again.wait()
    assert "uploading" not in again.log.read_text().rpartition("database")[2]
    assert "第一课" in pages.get(again.addresses["edge"]).text
    pages.close()
    again.front.send_signal(signal.SIGTERM)
    assert again.front.wait(GONE_SECONDS) == 0
    discard(folder / "postgres")
