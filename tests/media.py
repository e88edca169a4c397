"""Small test videos, made once a session by ffmpeg's own sources, and the folder of real clips."""

import os
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import imageio_ffmpeg
import pytest

ROOT = Path(__file__).parent.parent
CLIPS_SETTING = "SONGTAN_CLIPS"


def ffmpeg_exe() -> str:
    """The ffmpeg that the workers use."""
    return str(imageio_ffmpeg.get_ffmpeg_exe())


def run_ffmpeg(*words: str | Path) -> None:
    """Run ffmpeg quietly; its own words are in the failure."""
    command = [ffmpeg_exe(), "-hide_banner", "-loglevel", "error", "-nostdin", "-y", *map(str, words)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    if done.returncode != 0:
        raise AssertionError(f"ffmpeg failed: {' '.join(command)}\n{done.stderr}")


@dataclass(frozen=True)
class Media:
    """A folder of videos that the session shares: read them, never write."""

    folder: Path

    def video(
        self,
        name: str,
        *,
        seconds: float = 4,
        size: str = "320x180",
        rate: str = "25",
        sound: str | None = "stereo",
        pictures: bool = True,
        gop: int = 25,
        extra: Sequence[str] = (),
        drawn: str = "testsrc2=alpha=255",
    ) -> Path:
        """The video `name` (its ending chooses the container); made on first use.

        `size` is WxH in pixels, `rate` frames per second, `sound` a channel layout or None, `gop` frames between
        key frames, `extra` more output arguments, `drawn` what ffmpeg draws, with its options.
        """
        path = self.folder / name
        if path.exists():
            return path
        words: list[str | Path] = []
        if pictures:
            words += ["-f", "lavfi", "-i", f"{drawn}:size={size}:rate={rate}:duration={seconds}"]
        if sound:
            tone = f"sine=frequency=440:sample_rate=48000:duration={seconds},aformat=channel_layouts={sound}"
            words += ["-f", "lavfi", "-i", tone]
        if pictures:
            words += ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", str(gop)]
        if sound:
            words += ["-c:a", "aac", "-b:a", "96k"]
        partial = path.with_name(f"partial-{name}")
        run_ffmpeg(*words, *extra, partial)
        partial.rename(path)
        return path

    @property
    def plain(self) -> Path:
        """4 s, 320x180, 25 frames/s, stereo."""
        return self.video("plain.mp4")

    @property
    def silent(self) -> Path:
        """Pictures without sound."""
        return self.video("silent.mp4", sound=None)

    @property
    def sound_only(self) -> Path:
        """Sound without pictures."""
        return self.video("sound-only.m4a", pictures=False)

    @property
    def surround(self) -> Path:
        """5.1 sound."""
        return self.video("surround.mp4", sound="5.1")

    @property
    def mono(self) -> Path:
        """One channel of sound."""
        return self.video("mono.mp4", sound="mono")

    @property
    def variable_rate(self) -> Path:
        """Frames at uneven times: every second one of the middle third is dropped."""
        drop = "select='not(between(n,30,60)*mod(n,2))'"
        return self.video("variable-rate.mp4", extra=["-vf", drop, "-fps_mode", "vfr"])

    @property
    def odd_size(self) -> Path:
        """321x181: sizes that 4:2:0 cannot hold."""
        extra = ["-vf", "scale=321:181,format=yuv444p", "-pix_fmt", "yuv444p"]
        return self.video("odd-size.mp4", extra=extra)

    @property
    def portrait_by_rotation(self) -> Path:
        """Lying pictures whose metadata say to turn them by 90 degrees, as telephones write them."""
        path = self.folder / "rotated.mp4"
        if not path.exists():
            partial = self.folder / "partial-rotated.mp4"
            run_ffmpeg("-display_rotation", "90", "-i", self.plain, "-c", "copy", partial)
            partial.rename(path)
        return path

    @property
    def one_frame(self) -> Path:
        """One frame and nothing else."""
        return self.video("one-frame.mp4", sound=None, seconds=0.04)

    @property
    def truncated(self) -> Path:
        """A file whose upload broke off: its header (moov in front) promises more than there is."""
        path = self.folder / "truncated.mp4"
        if not path.exists():
            whole = self.video("faststart.mp4", extra=["-movflags", "+faststart"]).read_bytes()
            path.write_bytes(whole[: len(whole) * 6 // 10])
        return path

    @property
    def headless(self) -> Path:
        """A file whose end is missing, and with it the header (moov behind)."""
        path = self.folder / "headless.mp4"
        if not path.exists():
            whole = self.plain.read_bytes()
            path.write_bytes(whole[: len(whole) // 2])
        return path

    @property
    def no_video(self) -> Path:
        """A text that calls itself a video."""
        path = self.folder / "text.mp4"
        path.write_text("这不是视频。\n" * 50, encoding="utf-8")
        return path

    @property
    def empty(self) -> Path:
        """No byte at all."""
        path = self.folder / "empty.mp4"
        path.touch()
        return path


@pytest.fixture(scope="session")
def media(tmp_path_factory: pytest.TempPathFactory) -> Media:
    return Media(tmp_path_factory.mktemp("media"))


def clips_folder() -> Path | None:
    """The folder of real clips: SONGTAN_CLIPS, else ../shared/clips beside the clone; None if there is none."""
    folder = Path(os.environ.get(CLIPS_SETTING) or ROOT.parent / "shared" / "clips")
    return folder if folder.is_dir() else None


@pytest.fixture(scope="session")
def clips() -> Path:
    """The folder of real clips; without it the test is reported as not run."""
    folder = clips_folder()
    if folder is None:  # they are not ours to commit; that they were absent is also said at the end of the run
        pytest.skip(f"not run: set {CLIPS_SETTING} to a folder of real clips")
    return folder


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say at the end of a run that the real clips were not there."""
    if clips_folder() is None:
        terminalreporter.section("real clips")
        terminalreporter.line(
            f"not run: the tests on real clips; set {CLIPS_SETTING} to a folder of videos to run them."
        )
