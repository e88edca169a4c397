"""Files that no exporter writes: containers put together box by box, with lies in them."""

import struct
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from tests.media import Media, run_ffmpeg

SOUND = 2


def _number(value: int) -> bytes:
    """A length as EBML (RFC 8794) writes it."""
    size = next(n for n in range(1, 9) if value < (1 << 7 * n) - 1)
    return (1 << 7 * size | value).to_bytes(size, "big")


def element(name: str, body: bytes) -> bytes:
    """An element of EBML; `name` is its id in hexadecimal."""
    return bytes.fromhex(name) + _number(len(body)) + body


def sound_track(number: int) -> bytes:
    """A Matroska track of 16-bit samples, 8 kHz, mono."""
    format_of_samples = element("B5", struct.pack(">f", 8000)) + element("9F", b"\1") + element("6264", b"\x10")
    return _track(number, SOUND, b"A_PCM/INT/LIT", element("E1", format_of_samples))


def _track(number: int, kind: int, codec: bytes, more: bytes) -> bytes:
    name = number.to_bytes(3, "big")
    return element(
        "AE", element("D7", name) + element("73C5", name) + element("83", bytes([kind])) + element("86", codec) + more
    )


def cluster(at_ms: int) -> bytes:
    """20 ms of silence on the first track, at a time."""
    return element("1F43B675", element("E7", at_ms.to_bytes(6, "big")) + element("A3", b"\x81\0\0\x80" + bytes(320)))


def matroska(
    tracks: Iterable[bytes], times_ms: Iterable[int], duration_ms: float | None = None, more: bytes = b""
) -> bytes:
    """A Matroska file; `duration_ms` is what its header says."""
    version = element("4286", b"\1") + element("42F7", b"\1") + element("42F2", b"\4") + element("42F3", b"\x08")
    head = element("1A45DFA3", version + element("4282", b"matroska") + element("4287", b"\4") + element("4285", b"\2"))
    said = b"" if duration_ms is None else element("4489", struct.pack(">d", duration_ms))
    info = element("1549A966", element("2AD7B1", (1_000_000).to_bytes(3, "big")) + said)
    body = info + element("1654AE6B", b"".join(tracks)) + more + b"".join(map(cluster, times_ms))
    return head + element("18538067", body)


def attachments(count: int) -> bytes:
    """So many fonts of four bytes."""
    font = element("466E", b"f") + element("4660", b"font/ttf") + element("465C", b"data")
    return element(
        "1941A469", b"".join(element("61A7", font + element("46AE", n.to_bytes(3, "big"))) for n in range(1, count + 1))
    )


def box(kind: bytes, body: bytes) -> bytes:
    """A box of ISO/IEC 14496-12."""
    return struct.pack(">I", len(body) + 8) + kind + body


def boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Kind and body of each box in `data`."""
    at = 0
    while at + 8 <= len(data):
        length = struct.unpack_from(">I", data, at)[0]
        yield data[at + 4 : at + 8], data[at + 8 : at + length]
        at += length


def changed(data: bytes, way: list[bytes], change: Callable[[bytes], bytes]) -> bytes:
    """`data` with the body of the box at the end of `way` changed."""
    return b"".join(
        box(kind, body if kind != way[0] else change(body) if len(way) == 1 else changed(body, way[1:], change))
        for kind, body in boxes(data)
    )


def small(media: Media) -> bytes:
    """A whole MP4: one second of 64x64."""
    return media.video("small.mp4", seconds=1, size="64x64", sound=None).read_bytes()


def many_tracks(media: Media) -> bytes:
    """10,000 times the same track."""

    def repeat(moov: bytes) -> bytes:
        parts = list(boxes(moov))
        head, track = (next(body for kind, body in parts if kind == name) for name in (b"mvhd", b"trak"))
        return box(b"mvhd", head) + box(b"trak", track) * 10_000

    return changed(small(media), [b"moov"], repeat)


def nested(media: Media) -> bytes:
    """20,000 boxes, one in the other, where the header should be."""
    inside = b""
    for _ in range(20_000):
        inside = box(b"moov", inside)
    return changed(small(media), [b"moov"], lambda _: inside)


def endless_box(media: Media) -> bytes:
    """A box of length 0, which means: to the end of the file. The header is behind it."""
    parts = [box(kind, body) for kind, body in boxes(small(media))]
    return b"".join(parts[:-1]) + struct.pack(">I", 0) + b"free" + parts[-1]


def elsewhere(media: Media, address: bytes) -> bytes:
    """Its samples are said to be in another file."""
    reference = struct.pack(">II", 0, 1) + box(b"url ", bytes(4) + address + b"\0")
    return changed(small(media), [b"moov", b"trak", b"mdia", b"minf", b"dinf", b"dref"], lambda _: reference)


def endless_samples(media: Media) -> bytes:
    """A table of samples that has 268 million of one byte."""
    lie = struct.pack(">III", 0, 1, 0x0FFFFFFF)
    return changed(small(media), [b"moov", b"trak", b"mdia", b"minf", b"stbl", b"stsz"], lambda _: lie)


def wide(media: Media, name: str) -> Path:
    """Pictures of 30,000x2,000."""
    path = media.folder / name
    source = ["-f", "lavfi", "-i", "color=black:s=30000x2000:r=25:d=0.08"]
    run_ffmpeg(*source, "-c:v", "mjpeg", "-pix_fmt", "yuvj420p", path)
    return path


def wide_behind_a_small_header(media: Media) -> bytes:
    """The same, in a container that says 64x64."""
    data = wide(media, "wide.mkv").read_bytes()
    for name, pixels in ((b"\xb0\x82", 30_000), (b"\xba\x82", 2000)):
        data = data.replace(name + pixels.to_bytes(2, "big"), name + (64).to_bytes(2, "big"), 1)
    return data


def rush(media: Media) -> Path:
    """20,000 pictures of 16x16 in a fifth of a second: a small file."""
    path = media.folder / "rush.mp4"
    words = ["-f", "lavfi", "-i", "color=black:s=16x16:r=100000:d=0.2"]
    run_ffmpeg(*words, "-c:v", "libx264", "-preset", "ultrafast", "-g", "100000", path)
    return path
