"""What a track is coded with, as RFC 6381 writes it, read from its init part."""

from catalog.formats.boxes import Box, boxes, find
from catalog.formats.errors import BadFormat

AAC_LC = "mp4a.40.2"
OPUS = "opus"
SAMPLE_ENTRY = {b"avc1": 78, b"av01": 78, b"mp4a": 28, b"Opus": 28}
"""Bytes of a sample entry before its own boxes: VisualSampleEntry and AudioSampleEntry of ISO/IEC 14496-12, 12."""


def video_codec(init: bytes) -> str:
    """Return the codec of an init part of H.264 or AV1. Raises BadFormat if it is of neither."""
    return av1_codec(init) if _entry(init).kind == b"av01" else avc_codec(init)


def sound_codec(init: bytes) -> str:
    """Return the codec of an init part of AAC-LC or Opus. Raises BadFormat if it is of neither."""
    return opus_codec(init) if _entry(init).kind == b"Opus" else aac_codec(init)


def avc_codec(init: bytes) -> str:
    """Return `avc1.PPCCLL`: profile, constraints and level of the `avcC` (ISO/IEC 14496-15). Raises BadFormat."""
    avcc = _configuration(init, b"avc1", b"avcC", 4)
    return f"avc1.{avcc[1:4].hex()}"


def av1_codec(init: bytes) -> str:
    """Return `av01.P.LLT.DD`: profile, level, tier and bit depth of the `av1C`. Raises BadFormat.

    The bits are those of the AV1 codec ISO media file format binding 1.2.0, 2.3.3, the form that of its section 5.
    Colours are left out, which means BT.709 in limited range and 4:2:0: anything else is refused.
    """
    av1c = _configuration(init, b"av01", b"av1C", 4)
    if av1c[0] != 0x81:
        raise BadFormat(what="init part", why="its av1C is not of version 1")
    profile, level = av1c[1] >> 5, av1c[1] & 0x1F
    high_tier, high_depth, twelve, monochrome = (av1c[2] >> 7, av1c[2] >> 6 & 1, av1c[2] >> 5 & 1, av1c[2] >> 4 & 1)
    subsampled = av1c[2] >> 2 & 3
    if monochrome or subsampled != 3:
        raise BadFormat(what="init part", why="its AV1 is not in colour of 4:2:0")
    depth = (12 if twelve else 10) if high_depth else 8
    return f"av01.{profile}.{level:02d}{'H' if high_tier else 'M'}.{depth:02d}"


def aac_codec(init: bytes) -> str:
    """Return `mp4a.40.2` for AAC-LC. Raises BadFormat if there is no `esds` or it says another kind of sound.

    Descriptors are those of ISO/IEC 14496-1, 7.2.6: the object type 0x40 (MPEG-4 audio) in tag 4, and the audio
    object type, here 2, in the first five bits of tag 5.
    """
    esds = _configuration(init, b"mp4a", b"esds", 5)
    found = dict(_descriptors(esds, 4))
    if found.get(4, b"\0")[:1] != b"\x40" or found.get(5, b"\0")[0] >> 3 != 2:
        raise BadFormat(what="init part", why="its sound is not AAC-LC")
    return AAC_LC


def opus_codec(init: bytes) -> str:
    """Return `opus`. Raises BadFormat if there is no `dOps` of version 0 (Encapsulation of Opus in ISOBMFF, 4.3.2)."""
    dops = _configuration(init, b"Opus", b"dOps", 11)
    if dops[0] != 0:
        raise BadFormat(what="init part", why="its dOps is not of version 0")
    return OPUS


def opus_pre_skip(init: bytes) -> int:
    """Return the samples at 48 kHz that a decoder throws away at the start of an Opus track. Raises BadFormat."""
    opus_codec(init)
    return int.from_bytes(_configuration(init, b"Opus", b"dOps", 11)[2:4])


def _entry(init: bytes) -> Box:
    """Return the only sample entry of a one-track init part."""
    stsd = find(init, (b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsd"))
    if stsd.end - stsd.body < 8:
        raise BadFormat(what="init part", why="its stsd is cut off")
    entries = list(boxes(init, stsd.body + 8, stsd.end))
    if len(entries) != 1:
        raise BadFormat(what="init part", why=f"it describes {len(entries)} kinds of samples, not 1")
    return entries[0]


def _configuration(init: bytes, kind: bytes, name: bytes, least: int) -> bytes:
    """Return what is in the box `name` of a sample entry of `kind`, at least `least` bytes."""
    entry = _entry(init)
    if entry.kind != kind:
        raise BadFormat(what="init part", why=f"its samples are {entry.kind!r}, not {kind!r}")
    if entry.end - entry.body < SAMPLE_ENTRY[kind]:
        raise BadFormat(what="init part", why="its sample entry is cut off")
    box = find(init, (name,), entry.body + SAMPLE_ENTRY[kind], entry.end)
    if box.end - box.body < least:
        raise BadFormat(what="init part", why=f"its {name.decode()} is cut off")
    return init[box.body : box.end]


def _descriptors(data: bytes, at: int) -> list[tuple[int, bytes]]:
    """Return (tag, content) of the MPEG-4 descriptors in `data` from `at` on, with those inside tags 3 and 4."""
    found: list[tuple[int, bytes]] = []
    while at + 2 <= len(data):
        tag, length, at = data[at], 0, at + 1
        while at < len(data):
            length = length << 7 | data[at] & 0x7F
            at += 1
            if not data[at - 1] & 0x80:
                break
        body = data[at : at + length]
        if not body:
            break
        found.append((tag, body))
        at += {3: 3, 4: 13}.get(tag, length)
    return found
