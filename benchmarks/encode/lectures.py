"""The lectures that everybody is given: lossless pictures of `make_lectures.py` with the voice, and the real clips.

They are made once and kept below a cache folder outside the repository, named by everything that decides about their
bytes. A file appears there whole or not at all.
"""

import hashlib
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import PIL

from benchmarks.encode import voice
from benchmarks.encode.running import LONGEST_S, ffmpeg, ffprobe
from benchmarks.programs import Broken
from workers.pipeline.tools import find_tools

MAKER = "make_lectures.py"
KINDS = ("slides", "inset", "board")
CLIPS_SETTING = "SONGTAN_CLIPS"
CLIP_ENDINGS = (".mov", ".mp4")


@dataclass(frozen=True, slots=True)
class Lecture:
    """A source that everybody is given: its name, the file, how long it lasts in seconds, and whether it has sound."""

    name: str
    file: Path
    seconds: float
    has_sound: bool


def find_clips(asked: str | None) -> Path:
    """Return the folder of clips, `asked` for or named by SONGTAN_CLIPS. Raises Broken that says what to do."""
    name = asked or os.environ.get(CLIPS_SETTING)
    if not name:
        raise Broken(
            f"Where are the clips? Give --clips FOLDER, or set {CLIPS_SETTING}: a folder with {MAKER}, which makes the "
            "lectures, and the real clips beside it. Nothing was measured."
        )
    folder = Path(name)
    if not (folder / MAKER).is_file():
        raise Broken(f"{folder} has no {MAKER}: give the folder of clips by --clips or {CLIPS_SETTING}.")
    return folder


def cache_folder(asked: str | None) -> Path:
    """Return the folder that made lectures are kept in: `asked` for, else below XDG_CACHE_HOME or ~/.cache."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = Path(asked) if asked else base / "songtan-bench"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def missing_fonts(maker: Path) -> list[str]:
    """Return the font files that the maker opens and that are not there."""
    return [path for path in re.findall(r"'(/[^']+\.(?:ttc|otf|ttf))'", maker.read_text()) if not Path(path).is_file()]


def digest_of(*parts: object) -> str:
    """Return a short name for what was made of `parts`."""
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def make_lecture(kind: str, seconds: int, clips: Path, cache: Path) -> Lecture:
    """Return a lecture with the voice, made if it is not in the cache yet. Raises Broken."""
    maker = clips / MAKER
    script = hashlib.sha256(maker.read_bytes()).hexdigest()
    made_by = (script, kind, seconds, find_tools().version, np.__version__, PIL.__version__)
    pictures = cache / f"{kind}-{seconds}s-{digest_of(*made_by)}.mkv"
    whole = cache / f"{kind}-{seconds}s-{digest_of(*made_by, voice.DIGEST)}-voice.mkv"
    if not whole.exists():
        if not pictures.exists():
            _make_pictures(maker, kind, seconds, pictures)
        add_sound(pictures, voice.repeated(voice.joined(), seconds), whole)
    return Lecture(kind, whole, duration_of(whole), has_sound=True)


def _make_pictures(maker: Path, kind: str, seconds: int, out: Path) -> None:
    missing = missing_fonts(maker)
    if missing:
        raise Broken(f"{MAKER} needs fonts that are not here ({missing[0]}): install Debian's package fonts-noto-cjk.")
    partial = out.with_name(f"partial-{out.name}")
    command = [sys.executable, str(maker), kind, str(partial), str(seconds)]
    env = {**os.environ, "FFMPEG": find_tools().ffmpeg}
    done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=LONGEST_S, check=False)
    if done.returncode != 0 or not partial.exists():
        partial.unlink(missing_ok=True)
        raise Broken(f"{MAKER} {kind} ended with {done.returncode}: {done.stderr[-1000:]}")
    partial.rename(out)


def add_sound(pictures: Path, samples: voice.Samples, out: Path) -> None:
    """Write the pictures of a file, untouched, and the samples, without loss, to `out` (Matroska)."""
    sound, partial = out.with_suffix(".wav"), out.with_name(f"partial-{out.name}")
    voice.write_wav(samples, sound)
    try:
        ffmpeg("-i", pictures, "-i", sound, "-map", "0:v", "-map", "1:a", "-c:v", "copy", "-c:a", "flac", partial)
        partial.rename(out)
    finally:
        sound.unlink(missing_ok=True)
        partial.unlink(missing_ok=True)


def excerpt(lecture: Lecture, start: float, seconds: float, cache: Path) -> Lecture:
    """Return a stretch of a lecture from the key frame at or before `start`, with its sound, in the cache."""
    out = cache / f"{lecture.file.stem}-{start:g}-{seconds:g}.mkv"
    if not out.exists():
        partial = out.with_name(f"partial-{out.name}")
        ffmpeg("-ss", f"{start:g}", "-i", lecture.file, "-t", f"{seconds:g}", "-c", "copy", partial)
        partial.rename(out)
    return Lecture(lecture.name, out, duration_of(out), lecture.has_sound)


def real_clips(clips: Path) -> list[Lecture]:
    """Return the real clips that have moving pictures, by name."""
    found = []
    for path in sorted(p for p in clips.iterdir() if p.suffix in CLIP_ENDINGS):
        kinds = ffprobe("-show_entries", "stream=codec_type", "-of", "csv=p=0", path).replace(",", " ").split()
        if "video" in kinds:
            found.append(Lecture(path.stem, path, duration_of(path), "audio" in kinds))
    return found


def duration_of(path: Path) -> float:
    """Return how long a file lasts, in seconds, as its container says."""
    return float(ffprobe("-show_entries", "format=duration", "-of", "csv=p=0", path).strip())
