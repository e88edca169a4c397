"""Captions from a file to the centre, and how they were understood, for the terminal."""

from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from catalog.look.filters import clock_time
from songtan.clients.centre import Centre
from songtan.clients.errors import FileUnusable
from songtan.clients.terminal import out

MAX_BYTES = 1 << 20


def read_captions_file(path: Path) -> bytes:
    """Return a captions file's bytes. Raises FileUnusable."""
    try:
        data = path.read_bytes() if path.stat().st_size <= MAX_BYTES else b""
    except OSError as error:
        raise FileUnusable(path=str(path), why=error.strerror or str(error)) from error
    if not data:
        raise FileUnusable(path=str(path), why="captions have between 1 byte and 1 MB")
    return data


def send_captions(
    centre: Centre, lesson: str, language: str, data: bytes, offset_s: float = 0.0, rate: float = 1.0
) -> dict[str, Any]:
    """Store captions and return the centre's answer. Raises CentreAway, CentreRefused, NotOurs."""
    query = urlencode({"offset_s": offset_s, "rate": rate})
    path = f"/api/lessons/{quote(lesson, safe='')}/captions/{quote(language, safe='')}?{query}"
    stored: dict[str, Any] = centre.put_bytes(path, data, "application/octet-stream")
    return stored


def say_captions(stored: dict[str, Any], to_people: bool) -> None:
    """Print how captions were understood and how they begin; nothing where a program reads."""
    if not to_people:
        return
    out.print(f"{stored['name']}: {stored['format']} in {stored['encoding']}, captions: {stored['cues']}")
    for cue in stored["first"]:
        out.print(f"  {clock_time(cue['start_ms'] / 1000)}  {' / '.join(cue['text'].splitlines())}")
    for remark in stored["remarks"]:
        out.print(f"! {remark['detail']}")
