"""WebVTT tracks made from a release: chapters, and pictures for seeking. Players and programs read both."""

from collections.abc import Callable, Sequence

from catalog.formats.release import Chapter, Still


def chapters_vtt(chapters: Sequence[Chapter], duration_ms: int) -> str:
    """Return the chapters as a WebVTT file: a cue for each, from its start to that of the next."""
    return _file([(chapter.start_ms, _escaped(chapter.title)) for chapter in chapters], duration_ms)


def thumbnails_vtt(stills: Sequence[Still], duration_ms: int, address: Callable[[Still], str | None]) -> str:
    """Return the stills as the usual thumbnails track: a cue's text is the address of the picture of its time.

    A still to which `address` gives None is left out: no picture is better than that of another time.
    """
    return _file([(still.start_ms, address(still)) for still in stills], duration_ms)


def _file(parts: Sequence[tuple[int, str | None]], duration_ms: int) -> str:
    """Return a file of cues; each of `parts` starts at its milliseconds and ends where the next starts."""
    ends = [start for start, _ in parts[1:]] + [duration_ms]
    cues = [
        f"\n{_time(start)} --> {_time(end)}\n{text}\n"
        for (start, text), end in zip(parts, ends, strict=True)
        if text is not None
    ] if parts else []  # fmt: skip
    return "WEBVTT\n" + "".join(cues)


def _time(milliseconds: int) -> str:
    seconds, rest = divmod(milliseconds, 1000)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{rest:03d}"


def _escaped(text: str) -> str:
    """Return `text` as one line of a cue: what WebVTT would read as a tag or as times is written as words."""
    return " ".join(text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").split())
