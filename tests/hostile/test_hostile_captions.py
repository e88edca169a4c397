"""Captions made to hurt: each ends in a clear error or in captions, in time that grows with the file and no faster."""

import multiprocessing
import resource
from contextlib import suppress

import pytest

from catalog.courses.captions.errors import BadCaption, CaptionTooLarge, XmlDoctype, XmlTooDeep
from catalog.courses.captions.reading import MAX_BYTES, read_captions

MIB = MAX_BYTES
LONG = MIB // 4
"""Of most files: where work grows with the square of the length, this takes minutes."""

SRT = b"1\n00:00:01,000 --> 00:00:02,000\n"
VTT = b"WEBVTT\n\n00:00:01.000 --> 00:00:02.000\n"
ASS = b"[Events]\nDialogue: 0,0:00:01.00,0:00:02.00,D,,0,0,0,,"
CPU_SECONDS, MEMORY = 60, 2 << 30

LAUGHS = b"""<?xml version="1.0"?>
<!DOCTYPE tt [<!ENTITY a "ha">%s]>
<tt><body><p begin="0s" end="1s">&z;</p></body></tt>""" % b"".join(
    b'<!ENTITY %c "%s">' % (letter, b"&%c;" % (letter - 1) * 10) for letter in range(ord("b"), ord("z") + 1)
)
OUTSIDE = b"""<!DOCTYPE tt [<!ENTITY x SYSTEM "file:///etc/passwd">]>
<tt><body><p begin="0s" end="1s">&x;</p></body></tt>"""


def fill(head: bytes, piece: bytes, tail: bytes = b"") -> bytes:
    """A file of just under LONG bytes."""
    return head + piece * ((LONG - len(head) - len(tail)) // len(piece)) + tail


FILES = {
    "braces": b"{" * MIB,
    "braces in SubRip": fill(SRT, b"{"),
    "overrides in SubRip": fill(SRT, b"{\\i1}x"),
    "half tags in SubRip": fill(SRT, b"<a"),
    "half italics in SubRip": fill(SRT, b"<i "),
    "blanks after a bracket": fill(SRT, b"<" + b" " * 5000),
    "blanks": fill(SRT + b"<i", b" ", b"x"),
    "nested tags": fill(VTT, b"<i><b><v x>"),
    "changing tags": fill(VTT, b"<i>x</i><b>y</b>"),
    "one voice": fill(VTT + b"<v ", b"x"),
    "ampersands": fill(VTT, b"&#x"),
    "digits in a reference": fill(VTT + b"&#", b"9", b";"),
    "numbers for tags": fill(VTT + b"<", b"1:"),
    "dots for tags": fill(VTT + b"<1:", b"."),
    "arrows": fill(b"WEBVTT\n\n", b"-->"),
    "arrow lines": fill(SRT, b"-->\n"),
    "digits for a time": fill(b"WEBVTT\n\n", b"9", b" --> 0:0"),
    "a long time": b"WEBVTT\n\n" + b"1" * 5000 + b":00:00.000 --> 00:00:01.000\nx",
    "colons": fill(b"WEBVTT\n\n00:00:01.000 --> ", b"0:"),
    "settings": fill(b"WEBVTT\n\n00:01.000 --> 00:02.000 ", b"line:1 "),
    "counters": fill(SRT, b"1\n"),
    "long counter": SRT + b"9" * 500_000 + b"\n0:0:3,0 --> 0:0:4,0\nx",
    "override switches": fill(ASS, b"{\\i1}"),
    "one override block": fill(ASS + b"{", b"\\i1", b"}x"),
    "reset styles": fill(ASS + b"{", b"\\r", b"}x"),
    "commas": fill(ASS, b","),
    "brackets": fill(b"[Events]\n", b"["),
    "formats": fill(b"[Events]\n", b"Format: text," + b"a," * 100 + b"\n"),
    "styles": fill(b"[V4+ Styles]\n", b"Style: a,8\n"),
    "dialogues": fill(b"[Events]\n", b"Dialogue: 0,0:00:01.00,0:00:02.00,D,,0,0,0,,x\n"),
    "NULs": b"\0" * MIB,
    "NULs in SubRip": fill(SRT, b"\0"),
    "half of UTF-16": fill(b"\xff\xfe", b"\x00\xd8"),
    "high bytes": b"\xff" * MIB,
    "GBK leads": b"\xb0" * MIB,
    "mixed high bytes": fill(SRT, bytes(range(128, 256))),
    "carriage returns": b"\r" * MIB,
    "line ends": b"WEBVTT" + b"\n" * (MIB - 6),
    "short cues": fill(b"WEBVTT\n\n", b"0:1 --> 0:2\nx\n\n"),
    "cues backwards": b"WEBVTT\n\n"
    + b"".join(b"%02d:%02d.000 --> 99:00\nx\n\n" % divmod(n, 60) for n in range(3599, 0, -1)),
    "elements": fill(b"<tt><body>", b"<p>"),
    "closed elements": fill(b"<tt><body>", b'<p end="1s">x</p>', b"</body></tt>"),
    "attributes": fill(b"<tt ", b"".join(b'a%d="" ' % n for n in range(1000)), b"/>"),
    "one attribute": fill(b'<tt a="', b"x", b'"/>'),
    "style chains": fill(
        b'<tt><head><style id="a" color="x"/>', b'<style id="a" style="a a a a a a"/>', b"</head></tt>"
    ),
    "timed spans": fill(
        b'<tt><body><p end="1h">', b"".join(b'<span end="%ds">x</span>' % n for n in range(1000)), b"</p></body></tt>"
    ),
    "odd fractions": fill(
        b"<tt><body>", b'<p begin="0.00000000000000000001s" dur="99999999999999.3h">x</p>', b"</body></tt>"
    ),
    "rates": b'<tt frameRate="999999999" frameRateMultiplier="999999999 999999998"><body><p end="7f">x</p></body></tt>',
    "comments": fill(b"<tt>", b"<!-- -->", b"</tt>"),
    "a long comment": fill(b"<tt><!--", b"-x", b"--></tt>"),
    "character references": fill(b'<tt><body><p end="1s">', b"&#65;", b"</p></body></tt>"),
    "instructions": fill(b"<tt>", b"<?x?>", b"</tt>"),
    "laughs": LAUGHS,
    "outside": OUTSIDE,
}


def _read_all() -> None:
    """Read every file within bounds that only linear work keeps; the exit code says whether it did."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    for data in FILES.values():
        with suppress(BadCaption, CaptionTooLarge):
            assert read_captions(data).data


def test_every_file_is_read_or_refused_within_bounds() -> None:
    child = multiprocessing.get_context("fork").Process(target=_read_all)
    child.start()
    child.join()
    assert child.exitcode == 0


@pytest.mark.parametrize("document", [LAUGHS, OUTSIDE], ids=["laughs", "outside"])
def test_a_document_type_is_refused(document: bytes) -> None:
    for data in (document, document.decode().encode("utf-16")):
        with pytest.raises(XmlDoctype):
            read_captions(data)


def test_deep_elements_are_refused() -> None:
    deep = b'<tt><body><p begin="0s" end="1s">' + b"<span>" * 100_000
    with pytest.raises(XmlTooDeep):
        read_captions(deep)
