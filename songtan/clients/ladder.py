"""What was made of a lesson, as a command prints it: the ladder with what was measured, and what was given up."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from catalog.look.filters import human_bytes

Row = Mapping[str, Any]

COLUMNS: Mapping[str, Callable[[Row], str]] = {
    "Tier": lambda row: row["tier"],
    "Rung": lambda row: row["rung"],
    "Pictures": lambda row: row["pictures"],
    "kbit/s": lambda row: row["kbits"],
    "Sound kbit/s": lambda row: row["sound_kbits"],
    "Size": lambda row: row["size"],
    "VMAF mean/p5/min": lambda row: row["vmaf"],
    "Text read": lambda row: row["text"],
}

WHY = {
    "budget": "it did not fit into the course's budget",
    "source": "the video itself is as small",
    "gate": "it was not good enough however it was encoded",
}


def ladder_rows(made: Row) -> list[Row]:
    """Return the ladder of `GET /api/lessons/{id}/media` as rows of words for `COLUMNS`; "–" where there is nothing."""
    media = made["media"]
    sounds = {sound["tier"]: sound for sound in media["sounds"]}
    rows: list[Row] = []
    for rendition in media["renditions"]:
        video, sound = rendition["video"], sounds.get(rendition["tier"])
        quality = rendition["quality"] or {}
        rows.append(
            {
                "tier": rendition["tier"],
                "rung": rendition["rung"],
                "pictures": _pictures(video, len(media["stills"])),
                "kbits": _kbits(video, media["duration_ms"]),
                "sound_kbits": _kbits(sound, media["duration_ms"]),
                "size": human_bytes(sum(track["length"] for track in (video, sound) if track)),
                "vmaf": _figures(quality),
                "text": f"{100 * quality['legibility']:.1f} %" if quality.get("legibility") is not None else "–",
            }
        )
    return rows


def given_up_lines(made: Row) -> Iterator[str]:
    """Yield a line for each rung that is missing or less than it might be."""
    for given in made["given_up"]:
        why = WHY.get(given["why"], given["why"])
        name = f"{given['tier']} {given['rung']}"
        if given["instead"] is not None:
            yield f"Given up: {name} is made smaller, because {why}."
        else:
            yield f"Given up: {name} is not made, because {why}."


def _pictures(video: Row | None, stills: int) -> str:
    if video is not None:
        return f"{video['width']}x{video['height']} {round(video['frame_rate'], 2):g}/s"
    return f"{stills} stills" if stills else "–"


def _kbits(track: Row | None, duration_ms: int) -> str:
    return f"{8 * track['length'] / duration_ms:.1f}" if track else "–"


def _figures(quality: Row) -> str:
    values = [quality.get(name) for name in ("vmaf_mean", "vmaf_p5", "vmaf_min")]
    return "/".join(f"{value:.1f}" for value in values if value is not None) or "–"
