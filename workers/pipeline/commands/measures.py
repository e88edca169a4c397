"""Decoding what was encoded, to measure it."""

from pathlib import Path

from workers.pipeline.tools import Tools


def count_frames(tools: Tools, encoded: Path) -> list[str]:
    """Decode a segment and count its frames (ffprobe): one number."""
    show = ("-count_frames", "-show_entries", "stream=nb_read_frames", "-of", "csv=p=0")
    return [tools.ffprobe, "-v", "error", "-protocol_whitelist", "fd", *show, "-i", f"fd:{encoded}"]
