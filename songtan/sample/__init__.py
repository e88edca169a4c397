"""The sample lesson 《压强》 (CC0): what the demo uploads. `make.py` says how it was made."""

from pathlib import Path

LESSON = Path(__file__).parent / "lesson.mp4"
"""74 seconds, 1280x720, H.264 and AAC."""

CAPTIONS = {"zh-CN": LESSON.with_name("lesson.zh.vtt"), "en": LESSON.with_name("lesson.en.vtt")}
"""WebVTT by language."""
