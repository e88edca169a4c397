"""A lesson of many minutes, and what its teacher makes of it: a minute replaced, the same exported anew, a minute cut.

Every minute is other slides with other words and another order of the voice, so that no segment is found twice by
chance. Minutes are encoded apart and laid one behind the other without touching them, as editors with smart rendering
do; the export is all of it decoded and encoded anew by another encoder (HEVC, AAC) with other key frames.
"""

import random
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from benchmarks.encode import voice
from benchmarks.encode.lectures import Lecture, digest_of, duration_of
from benchmarks.encode.running import ffmpeg
from benchmarks.programs import Broken
from workers.pipeline.tools import find_tools

MINUTES = 40
MINUTE_S = 60
SLIDES = 6
RATE = 10
WIDTH, HEIGHT = 1280, 720
FONTS = (
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
    "/usr/share/fonts/noto-cjk/NotoSansCJK-Regular.ttc",
)
TEXT = (
    "方程函数图像证明平行角度面积体积概率统计平均变化速度压强浮力电流电压电阻呼吸细胞元素反应溶液质量能量历史朝代地图河流气候"
    "人口语法时态单词句子阅读写作古诗作者段落中心例题已知求解因此所以注意思考练习小结作业实验观察记录结论"
)
WORDS = [TEXT[n : n + 2] for n in range(0, len(TEXT), 2)]
EDITED = 1
"""The minute that is replaced or cut out: the one from the 60th second to the 120th."""
VERSION = 1


@dataclass(frozen=True, slots=True)
class Edits:
    """The lesson before, and three new versions of it."""

    before: Lecture
    corrected: Lecture
    exported: Lecture
    cut: Lecture


def find_font() -> Path:
    """Return a font with Chinese characters. Raises Broken that names the package."""
    for name in FONTS:
        if Path(name).is_file():
            return Path(name)
    raise Broken(f"There is no Chinese font ({FONTS[0]}): install Debian's package fonts-noto-cjk.")


def slide_lines(minute: int, number: int) -> list[str]:
    """Return the words of a slide: a title and five lines, other ones for each minute and slide. Pure."""
    chance = random.Random(f"{minute}/{number}")
    lines = [f"第 {minute + 1} 节  {chance.choice(WORDS)}与{chance.choice(WORDS)}（{number + 1}）"]
    for item in range(5):
        words = "，".join(chance.choices(WORDS, k=4))
        lines.append(
            f"{item + 1}. {words}：{chance.randint(2, 99)} × {chance.randint(2, 99)} = {chance.randint(4, 9999)}"
        )
    return lines


def draw_slide(lines: list[str], font: Path, hue: int) -> Image.Image:
    """Return a slide of 1280×720 with a title and lines."""
    image = Image.new("RGB", (WIDTH, HEIGHT), (250, 250, 252))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 0, WIDTH, 86), fill=(28 + hue % 60, 78, 140))
    for n, line in enumerate(lines):
        size = 40 if n == 0 else 30
        at = (40, 16) if n == 0 else (60, 60 + n * 96)
        draw.text(at, line, font=ImageFont.truetype(str(font), size, index=2), fill="white" if n == 0 else (20, 20, 30))
    return image


def voice_of(minute: int, seconds: int) -> voice.Samples:
    """Return `seconds` of the voice, its recordings in an order and with pauses that only this minute has."""
    chance, spoken = random.Random(f"voice {minute}"), voice.words()
    said: list[voice.Samples] = []
    while sum(len(word) for word in said) < seconds * voice.RATE:
        said.append(chance.choice(spoken))
        said.append(np.zeros(chance.randrange(voice.RATE // 20, voice.RATE // 2), np.int16))
    return np.concatenate(said)[: seconds * voice.RATE]


def make_minute(minute: int, folder: Path, seconds: int = MINUTE_S) -> Path:
    """Return a minute of the lesson (Matroska: H.264 and FLAC), made if it is not in `folder` yet."""
    out = folder / f"minute-{minute:03}.mkv"
    if out.exists():
        return out
    font, names = find_font(), []
    for number in range(SLIDES):
        names.append(folder / f"slide-{minute:03}-{number}.png")
        draw_slide(slide_lines(minute, number), font, minute * 7).save(names[-1])
    pointer = folder / f"pointer-{minute:03}.png"
    Image.new("RGB", (12, 18), (180, 30, 30)).save(pointer)
    sound = folder / f"minute-{minute:03}.wav"
    voice.write_wav(voice_of(minute, seconds), sound)
    each = seconds / SLIDES
    moves = f"x='400+300*sin(t*{0.2 + minute * 0.01:.3f})':y='360+200*cos(t*{0.31 + minute * 0.007:.3f})'"
    still = f"[0:v]fps={RATE},format=yuv420p[s];[1:v]fps={RATE},format=yuv420p[p];[s][p]overlay={moves}:shortest=1[v]"
    partial = out.with_name(f"partial-{out.name}")
    ffmpeg(
        *("-framerate", f"{1 / each:.8f}", "-i", folder / f"slide-{minute:03}-%d.png"),
        *("-loop", "1", "-framerate", str(RATE), "-i", pointer, "-i", sound),
        *("-filter_complex", still, "-map", "[v]", "-map", "2:a", "-t", str(seconds)),
        *("-c:v", "libx264", "-preset", "veryfast", "-crf", "16", "-g", "100", "-colorspace", "bt709"),
        *("-color_primaries", "bt709", "-color_trc", "bt709", "-c:a", "flac", partial),
    )
    partial.rename(out)
    for path in (*names, pointer, sound):
        path.unlink()
    return out


def join(minutes: list[Path], out: Path) -> Path:
    """Lay minutes one behind the other without encoding them anew."""
    listed = out.with_suffix(".txt")
    listed.write_text("".join(f"file '{path}'\n" for path in minutes))
    partial = out.with_name(f"partial-{out.name}")
    ffmpeg("-f", "concat", "-safe", "0", "-i", listed, "-c", "copy", partial)
    partial.rename(out)
    listed.unlink()
    return out


def export_anew(source: Path, out: Path) -> Path:
    """Decode all of a file and encode it by other encoders: HEVC with a key frame each 7 s, AAC."""
    partial = out.with_name(f"partial-{out.name}")
    ffmpeg(
        *("-i", source, "-c:v", "libx265", "-preset", "ultrafast", "-crf", "20", "-g", str(7 * RATE)),
        *("-x265-params", "log-level=error", "-tag:v", "hvc1", "-c:a", "aac", "-b:a", "128k", partial),
    )
    partial.rename(out)
    return out


def make_edits(cache: Path, minutes: int = MINUTES, seconds: int = MINUTE_S) -> Edits:
    """Return the lesson and its new versions, made where the cache does not have them. Raises Broken."""
    named = digest_of(VERSION, minutes, seconds, voice.DIGEST, find_tools().version, find_font().name)
    folder = cache / f"lesson-{named}"
    folder.mkdir(exist_ok=True)
    made = [make_minute(minute, folder, seconds) for minute in range(minutes + 1)]
    before, other = made[:minutes], made[minutes]
    versions = {
        "before": before,
        "corrected": [*before[:EDITED], other, *before[EDITED + 1 :]],
        "cut": [*before[:EDITED], *before[EDITED + 1 :]],
    }
    files = {}
    for name, parts in versions.items():
        files[name] = folder / f"{name}.mkv"
        if not files[name].exists():
            join(parts, files[name])
    files["exported"] = folder / "exported.mp4"
    if not files["exported"].exists():
        export_anew(files["corrected"], files["exported"])
    lectures = {name: Lecture(name, file, duration_of(file), has_sound=True) for name, file in files.items()}
    return Edits(lectures["before"], lectures["corrected"], lectures["exported"], lectures["cut"])
