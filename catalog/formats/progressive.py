"""The init part and the `sidx` of a view that is one progressive MP4 with pictures and sound.

Tracks are 1 for the pictures and 2 for the sound. The `sidx` (ISO/IEC 14496-12, 8.16.3) stands in front, so
that a player knows the length and every seek point at once.
"""

import struct
from collections.abc import Sequence

from catalog.formats.boxes import boxes, find, make_box
from catalog.formats.errors import BadFormat

MOVIE_TIMESCALE = 1000
VIDEO_TRACK, SOUND_TRACK = 1, 2


def _trak(init: bytes, track: int, duration_ms: int) -> bytes:
    """Return the `trak` of a one-track init part, renumbered and with its length in the movie filled in."""
    trak = find(init, (b"moov", b"trak"))
    data = bytearray(init[trak.start : trak.end])
    tkhd = find(bytes(data), (b"trak", b"tkhd"))
    if data[tkhd.body] != 0:
        raise BadFormat(what="init part", why="its tkhd is not of version 0")
    struct.pack_into(">I", data, tkhd.body + 12, track)
    struct.pack_into(">I", data, tkhd.body + 20, duration_ms)
    return bytes(data)


def _trex(init: bytes, track: int) -> bytes:
    """Return the `trex` of a one-track init part, renumbered."""
    trex = find(init, (b"moov", b"mvex", b"trex"))
    data = bytearray(init[trex.start : trex.end])
    struct.pack_into(">I", data, 12, track)
    return bytes(data)


def join_inits(video: bytes | None, sound: bytes | None, duration_ms: int) -> bytes:
    """Return one init part for the given tracks, `duration_ms` milliseconds long.

    Raises BadFormat if an init part is not of one track, and ValueError if there is no track at all.
    """
    inits = [(n, i) for n, i in ((VIDEO_TRACK, video), (SOUND_TRACK, sound)) if i is not None]
    if not inits:
        raise ValueError("a view needs a track")
    for _, init in inits:
        moov = find(init, (b"moov",))
        if sum(1 for box in boxes(init, moov.body, moov.end) if box.kind == b"trak") != 1:
            raise BadFormat(what="init part", why="it is not of one track")
    first = inits[0][1]
    ftyp = find(first, (b"ftyp",))
    mvhd_box = find(first, (b"moov", b"mvhd"))
    mvhd = bytearray(first[mvhd_box.start : mvhd_box.end])
    if mvhd[8] != 0:
        raise BadFormat(what="init part", why="its mvhd is not of version 0")
    struct.pack_into(">II", mvhd, 20, MOVIE_TIMESCALE, duration_ms)
    struct.pack_into(">I", mvhd, len(mvhd) - 4, max(n for n, _ in inits) + 1)
    mehd = make_box(b"mehd", struct.pack(">II", 0, duration_ms))
    mvex = make_box(b"mvex", mehd, *(_trex(init, n) for n, init in inits))
    traks = [_trak(init, n, duration_ms) for n, init in inits]
    return first[ftyp.start : ftyp.end] + make_box(b"moov", bytes(mvhd), *traks, mvex)


def make_sidx(timescale: int, references: Sequence[tuple[int, int]], track: int = VIDEO_TRACK) -> bytes:
    """Return a `sidx` for subsegments that follow it at once.

    `references` are (bytes, duration in `timescale` units), each starting with a key frame. Raises BadFormat
    if there are more than 65,535 or one is of 2 GiB or more.
    """
    if len(references) > 0xFFFF or any(size >= 1 << 31 for size, _ in references):
        raise BadFormat(what="view", why="it has more or larger segments than a sidx can name")
    head = struct.pack(">IIIQQHH", 1 << 24, track, timescale, 0, 0, 0, len(references))
    key_frame_first = 0x90000000
    rows = [struct.pack(">III", size, duration, key_frame_first) for size, duration in references]
    return make_box(b"sidx", head, *rows)
