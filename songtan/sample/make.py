# /// script
# requires-python = ">=3.11"
# dependencies = ["espeakng-loader==0.2.4", "imageio-ffmpeg==0.8.1", "playwright>=1.60"]
# ///
"""Makes the sample lesson 《压强》: slides, a spoken voice, captions. The result is committed; few need to run this.

    uv run songtan/sample/make.py            writes lesson.mp4, lesson.zh.vtt, lesson.en.vtt beside this file
    uv run songtan/sample/make.py 12.5 x.png draws only the slide of that second

Needs the Debian packages `chromium` and `fonts-noto-cjk` (Noto CJK draws the slides, Chromium renders them). What is
said is in narration.json; the slides are slides/slides.js. Sentences are spoken one by one, so that slides and
captions follow the voice exactly.
"""

import json
import subprocess
import sys
import wave
from dataclasses import dataclass
from pathlib import Path

import imageio_ffmpeg
import typer
from playwright.sync_api import Page, sync_playwright

sys.path.insert(0, str(Path(__file__).parents[2]))
from songtan.sample.voice import Voice

HERE = Path(__file__).parent
FRAMES_PER_SECOND = 25
LEAD_SECONDS, BETWEEN_SENTENCES, BETWEEN_SCENES, TAIL_SECONDS = 1.0, 0.4, 1.0, 2.0
HOMOPHONES = {"面积": "面 基", "好，": "好。"}
"""What the engine reads with a wrong tone, spelt so that it reads it right."""

SOUND = (
    # a gentler, fuller voice: no rumble, less of the synthetic edge, a little of a room, level as speech should be
    "highpass=f=90,equalizer=f=220:t=q:w=1:g=2,equalizer=f=3400:t=q:w=1:g=-3,lowpass=f=8200,"
    "aecho=0.9:0.5:23|37:0.10|0.06,acompressor=threshold=-20dB:ratio=2.5:attack=8:release=120,"
    "loudnorm=I=-19:TP=-4:LRA=7,aresample=48000,alimiter=limit=0.6:level=disabled"
)


@dataclass(frozen=True)
class Line:
    """One sentence: its scene, its words, and when it is spoken (seconds)."""

    scene: int
    zh: str
    en: str
    start: float
    end: float


def speak(target: Path) -> list[Line]:
    """Speak the narration into a WAV file; returns the sentences with their times."""
    voice = Voice()
    second = voice.sample_rate
    sound = bytearray(int(LEAD_SECONDS * second) * 2)
    lines: list[Line] = []
    for item in json.loads((HERE / "narration.json").read_text(encoding="utf-8")):
        if lines:
            pause = BETWEEN_SENTENCES if item["scene"] == lines[-1].scene else BETWEEN_SCENES
            sound.extend(bytes(int(pause * second) * 2))
        start = len(sound) / 2 / second
        spelt = item["zh"]
        for written, read in HOMOPHONES.items():
            spelt = spelt.replace(written, read)
        sound.extend(voice.say(spelt))
        lines.append(Line(item["scene"], item["zh"], item["en"], start, len(sound) / 2 / second))
    sound.extend(bytes(int(TAIL_SECONDS * second) * 2))
    with wave.open(str(target), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(second)
        file.writeframes(bytes(sound))
    return lines


def clock(seconds: float) -> str:
    """A WebVTT time stamp."""
    whole = round(seconds * 1000)
    return f"{whole // 3600000:02d}:{whole // 60000 % 60:02d}:{whole // 1000 % 60:02d}.{whole % 1000:03d}"


def captions(lines: list[Line], language: str) -> str:
    """The WebVTT of a language; a caption stays a little after its sentence, never into the next."""
    blocks = ["WEBVTT", "NOTE The sample lesson of Songtan 送炭. CC0 1.0."]
    for place, line in enumerate(lines):
        following = lines[place + 1].start if place + 1 < len(lines) else line.end + 1
        end = min(line.end + 0.4, following)
        words = getattr(line, language)
        blocks.append(f"{place + 1}\n{clock(line.start)} --> {clock(end)} line:90%\n{words}")
    return "\n\n".join(blocks) + "\n"


def open_slides(page: Page, lines: list[Line]) -> None:
    """Load the slides and tell them when each sentence is spoken."""
    page.goto((HERE / "slides" / "lesson.html").as_uri())
    page.evaluate("times => { lines = times; }", [{"start": one.start, "end": one.end} for one in lines])
    page.evaluate("document.fonts.ready.then(() => true)")


def film(page: Page, sound: Path, target: Path, seconds: float) -> None:
    """Draw every frame (a new picture only where one changes) and encode it with the voice."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", "-f", "image2pipe", "-c:v", "png"]
    command += ["-framerate", str(FRAMES_PER_SECOND), "-i", "-", "-i", str(sound)]
    command += ["-c:v", "libx264", "-preset", "veryslow", "-crf", "23", "-g", "250", "-tune", "animation"]
    command += ["-pix_fmt", "yuv420p", "-vf", "scale=out_color_matrix=bt709:out_range=tv"]
    command += ["-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709"]
    command += ["-af", SOUND, "-c:a", "aac", "-b:a", "56k", "-ac", "1", "-t", f"{seconds:.3f}"]
    command += ["-movflags", "+faststart", "-map_metadata", "-1", "-fflags", "+bitexact"]
    command += ["-metadata", "title=压强：八年级物理下册 第九章 第1节", "-metadata:s:a:0", "language=zho", str(target)]
    last_state, picture = "", b""
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        if process.stdin is None:
            raise SystemExit("ffmpeg takes no pictures")
        for frame in range(round(seconds * FRAMES_PER_SECOND)):
            state = page.evaluate("t => draw(t)", frame / FRAMES_PER_SECOND)
            if state != last_state:
                picture, last_state = page.screenshot(type="png"), state
            process.stdin.write(picture)
        process.stdin.close()
    if process.returncode:
        raise SystemExit(f"ffmpeg ended with {process.returncode}")


def main(arguments: list[str]) -> None:
    """Make the lesson, or one slide of it."""
    sound = HERE / "voice.wav"
    lines = speak(sound)
    seconds = lines[-1].end + TAIL_SECONDS
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": 1280, "height": 720})
        open_slides(page, lines)
        if arguments:
            page.evaluate("t => draw(t)", float(arguments[0]))
            page.screenshot(path=arguments[1])
        else:
            film(page, sound, HERE / "lesson.mp4", seconds)
            for language in ("zh", "en"):
                (HERE / f"lesson.{language}.vtt").write_text(captions(lines, language), encoding="utf-8")
            poster = round(lines[5].end + 1)
            typer.echo(f"{seconds:.1f} s; a good poster is at {poster} s")
        browser.close()
    sound.unlink()


if __name__ == "__main__":
    main(sys.argv[1:])
