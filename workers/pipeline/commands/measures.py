"""Decoding what was encoded, to see that it is whole."""

from pathlib import Path

from workers.pipeline.commands.base import compiled, guarded_input
from workers.pipeline.tools import Tools


def count_frames(tools: Tools, encoded: Path, kind: str, out: Path) -> list[str]:
    """Decode a segment of `kind` v or a; a line of `out` that does not begin with # stands for each of its frames.

    Pictures are counted where they lie, and blocks are not smoothed: whether all can be decoded is asked, not how they
    look. To copy each one and sum its bytes took longer than to decode it.
    """
    entered, told = ({"skip_loop_filter": "all"}, {"c:v": "wrapped_avframe"}) if kind == "v" else ({}, {})
    decoded = guarded_input(encoded, threads=1, **entered)[f"{kind}:0"]
    return compiled(tools, decoded.output(f"file:{out}", f="framecrc", fps_mode="passthrough", **told))
