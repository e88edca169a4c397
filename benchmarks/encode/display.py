"""Whole files as a screen of 1280×720 shows them: VMAF of every picture, and single pictures.

A screen shows at each of its ticks the picture that stands then. The source and the other are brought to that screen by
the same steps: pictures by their times, a slower one's repeated, scaled by bicubic, in one colour matrix.
"""

import json
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import numpy.typing as npt

from benchmarks.encode.peers import shape_of
from benchmarks.encode.running import cores, ffmpeg, ffprobe
from benchmarks.programs import Broken
from workers.pipeline.rates import choose_rate

WIDTH, HEIGHT = 1280, 720
OURS = "bt709"
"""The colour matrix of all our renditions."""

Stills = npt.NDArray[np.uint8]
"""Pictures × rows × columns × 3: blue, green, red, 8 bits."""


@dataclass(frozen=True, slots=True)
class Screen:
    """How a source fills the screen: pixels, ticks per second, seconds; `matrix` is the source's colour matrix."""

    width: int
    height: int
    rate: Fraction
    seconds: float
    matrix: str

    @property
    def ticks(self) -> int:
        """Pictures that the screen shows from the first to the last."""
        return max(1, round(self.seconds * self.rate))


def screen_of(source: Path, seconds: float) -> Screen:
    """Return how a source of so many seconds fills the screen, its shape kept, small ones made larger."""
    shape = shape_of(source)
    scale = min(Fraction(WIDTH, shape.width), Fraction(HEIGHT, shape.height))
    width, height = (max(16, round(side * scale / 2) * 2) for side in (shape.width, shape.height))
    tag = ffprobe("-select_streams", "v:0", "-show_entries", "stream=color_space", "-of", "csv=p=0", source)
    known = {"bt709": "bt709", "smpte170m": "bt601", "bt470bg": "bt601"}
    guess = "bt709" if min(shape.width, shape.height) >= HEIGHT else "bt601"
    return Screen(width, height, choose_rate(shape.rate), seconds, known.get(tag.strip().strip(","), guess))


def _shown(screen: Screen, matrix: str, ticks: str | None = None) -> str:
    """Return the filters that show a file; `ticks` chooses some of its pictures before they are scaled."""
    early = 1 / screen.rate / 8  # times may be rounded to a millisecond; a picture must not miss its tick by that
    chosen = f",select='{ticks}'" if ticks else ""
    return (
        f"setpts=PTS-STARTPTS-{float(early):.6f}/TB,fps={screen.rate}:round=up:start_time=0,"
        f"tpad=stop=-1:stop_mode=clone,trim=end_frame={screen.ticks}{chosen},setpts=N/TB,"
        f"scale={screen.width}:{screen.height}:flags=bicubic+accurate_rnd:in_color_matrix={matrix}:"
        "out_color_matrix=bt709:out_range=tv,setsar=1,format=yuv420p"
    )


def vmaf(screen: Screen, source: Path, other: Path, matrix: str, every: int = 1) -> list[float]:
    """Return VMAF (v0.6.1) of every picture of the screen, or of each `every`th, from the first to the last."""
    ticks = None if every == 1 else f"not(mod(n,{every}))"
    with TemporaryDirectory(prefix="songtan-vmaf-") as name:
        graph = (
            f"[0:v]{_shown(screen, matrix, ticks)}[d];[1:v]{_shown(screen, screen.matrix, ticks)}[r];"
            f"[d][r]libvmaf=model=version=vmaf_v0.6.1:n_threads={cores()}:log_fmt=json:log_path=log.json"
        )
        words = ("-i", other.absolute(), "-i", source.absolute(), "-lavfi", graph, "-f", "null", "-")
        ffmpeg(*words, folder=Path(name))
        frames = json.loads(Path(name, "log.json").read_bytes())["frames"]
    wanted = len(range(0, screen.ticks, every))
    if len(frames) != wanted:
        raise Broken(f"{len(frames)} of {wanted} pictures of {other.name} could be compared with {source.name}")
    return [float(frame["metrics"]["vmaf"]) for frame in frames]


def stills(screen: Screen, file: Path, matrix: str, times: list[float]) -> Stills:
    """Return the pictures that the screen shows at these times, in seconds from the start, in their order."""
    chosen = "+".join(f"eq(n,{min(screen.ticks - 1, round(at * screen.rate))})" for at in times)
    drawn = ",scale=in_color_matrix=bt709:flags=bicubic+accurate_rnd+full_chroma_int,format=bgr24"
    data = ffmpeg(
        *("-i", file, "-vf", _shown(screen, matrix, chosen) + drawn, "-fps_mode", "passthrough"),
        *("-f", "rawvideo", "-"),
    )
    found = np.frombuffer(data, np.uint8).reshape(-1, screen.height, screen.width, 3)
    if len(found) != len(times):
        raise Broken(f"{len(found)} of {len(times)} stills of {file.name} came out")
    return found
