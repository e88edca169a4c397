"""SubRip, ASS and TTML give the cues that they mean; pysubs2 and ttconv, which others trust, read the same."""

from contextlib import suppress
from xml.etree import ElementTree

import pysubs2
import pytest
import ttconv.imsc.reader
import ttconv.srt.writer
from hypothesis import given
from hypothesis import strategies as st

from catalog.courses.captions import subrip
from catalog.courses.captions.cues import Cue
from catalog.courses.captions.errors import (
    BadCaption,
    BadCueTime,
    CueWithoutEnd,
    NoCues,
    NotTimedText,
    XmlBroken,
)
from catalog.courses.captions.markup import plain
from catalog.courses.captions.reading import FORMATS, read_captions
from catalog.courses.captions.ttml_time import Clock, clock_of, seconds_of

SRT = """1
00:00:01,000 --> 00:00:02,500
同学们好，若 a<b
<font color="red">则</font> <i>-a > -b</i>

2
00:00:03,000-->00:00:04,000 X1:10 X2:20
{\\an8}答案是

42

3
00:00:05.5 --> 00:00:06
{\\i1}完{\\i0}
"""

ASS = """[Script Info]
ScriptType: v4.00+

[V4+ Styles]
Format: Name, Fontname, Alignment, Bold
Style: Default,Arial,2,-1
Style: Note,Arial,8,0

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
Comment: 0,0:00:00.00,0:00:09.00,Default,,0,0,0,,not shown
Dialogue: 0,0:00:05.00,0:00:06.00,Note,,0,0,0,,上, {\\i1}斜{\\i0}{a remark}体
Dialogue: 0,0:00:01.25,0:00:02.50,Default,老师,0,0,0,,{\\fad(1,2)\\pos(3,4)}下\\N二\\h行 {\\k20}好
Dialogue: 1,0:00:01.25,0:00:02.50,Default,,0,0,0,,{\\p1}m 0 0 l 9 9{\\p0}
Dialogue: 1,0:00:07.00,0:00:08.00,Note,,0,0,0,,{\\an2}{\\b1}粗{\\r}常{\\b700}粗{\\blur2\\b0}常
"""

TTML = """<?xml version="1.0" encoding="UTF-8"?>
<tt xmlns="http://www.w3.org/ns/ttml" xmlns:tts="http://www.w3.org/ns/ttml#styling"
    xmlns:ttp="http://www.w3.org/ns/ttml#parameter" xmlns:ttm="http://www.w3.org/ns/ttml#metadata"
    ttp:frameRate="25" xml:lang="zh">
<head><metadata><ttm:title>not shown</ttm:title></metadata>
<styling><style xml:id="base" tts:fontStyle="italic"/><style xml:id="s" style="base" tts:color="red"/></styling>
<layout><region xml:id="top" tts:origin="10% 5%" tts:displayAlign="before"/>
<region xml:id="low"><style tts:displayAlign="after"/></region></layout></head>
<body begin="10s"><div>
  <p begin="00:00:01:05" end="00:00:02:00" region="top">压强<br/>  等于 <span style="s">F/S</span></p>
  <p begin="2s" dur="1.5s" region="low"><ttm:desc>no</ttm:desc>一 &lt; <span tts:fontWeight="bold">二</span></p>
  <p begin="4s" end="8s"><span begin="0s" end="1s">三</span> <span begin="1s">四</span></p>
  <p begin="8s" end="9s" tts:display="none">hidden</p>
</div><div timeContainer="seq"><p begin="20s" dur="1s">五</p><p begin="1s" dur="500ms">六</p></div></body></tt>"""


def times(cues: tuple[Cue, ...] | list[Cue]) -> list[tuple[int, int, str]]:
    return [(cue.start_ms, cue.end_ms, cue.payload) for cue in cues]


def test_subrip() -> None:
    read = read_captions(SRT.encode())
    assert (read.format, read.encoding) == ("SubRip", "UTF-8")
    assert times(read.cues) == [
        (1000, 2500, "同学们好，若 a&lt;b\n则 <i>-a &gt; -b</i>"),
        (3000, 4000, "答案是\n42"),
        (5500, 6000, "<i>完</i>"),
    ]
    assert [cue.place for cue in read.cues] == ["", "line:0", ""]


def test_a_number_is_text_where_it_is_no_counter() -> None:
    counted = "7\n0:0:1,0 --> 0:0:2,0\nx\n8\n0:0:3,0 --> 0:0:4,0\n2024\n\n\n9\n0:0:5,0 --> 0:0:6,0\n10\n"
    assert [cue.payload for cue in read_captions(counted.encode()).cues] == ["x", "2024", "10"]
    bare = "0:0:1,0 --> 0:0:2,0\n1\n\n0:0:3,0 --> 0:0:4,0\n2\n"
    assert [cue.payload for cue in read_captions(bare.encode()).cues] == ["1", "2"]


def test_ass() -> None:
    read = read_captions(ASS.encode("gbk"))
    assert (read.format, read.encoding) == ("ASS", "GB18030")
    assert times(read.cues) == [
        (1250, 2500, "<v 老师>下\n二 行 好</v>"),
        (5000, 6000, "上, <i>斜</i>体"),
        (7000, 8000, "<b>粗</b>常<b>粗</b>常"),
    ]
    assert [cue.place for cue in read.cues] == ["", "line:0", ""]
    ssa = ASS.replace("V4+", "V4").replace("Note,Arial,8", "Note,Arial,6").replace("Layer", "Marked")
    assert times(read_captions(ssa.encode()).cues) == times(read.cues)


def test_ass_fields_may_come_in_another_order() -> None:
    text = "[Events]\nFormat: End, Start, Text\nDialogue: 0:00:02.00,0:00:01.00,one, two\n"
    assert times(read_captions(text.encode()).cues) == [(1000, 2000, "one, two")]
    with pytest.raises(BadCueTime):
        read_captions(text.replace("0:00:01.00", "soon").encode())


def test_ttml() -> None:
    read = read_captions(TTML.encode())
    assert (read.format, read.encoding) == ("TTML", "UTF-8")
    assert times(read.cues) == [
        (11_200, 12_000, "压强\n等于 <i>F/S</i>"),
        (12_000, 13_500, "一 &lt; <b>二</b>"),
        (14_000, 15_000, "三"),
        (15_000, 18_000, "四"),
        (30_000, 31_000, "五"),
        (32_000, 32_500, "六"),
    ]
    assert [cue.place for cue in read.cues] == ["line:0", "", "", "", "", ""]


@pytest.mark.parametrize(
    ("document", "fault", "line"),
    [
        ("<html><body><p>x</p></body></html>", NotTimedText, 1),
        ("<!DOCTYPE html>\n<html/>", NotTimedText, 1),
        ('<tt xmlns="http://elsewhere/"/>', NotTimedText, 1),
        ("\n\n<tt>\n<body>\n</tt>", XmlBroken, 5),
        ("<tt><body><div/></body></tt>", NoCues, 1),
        ('<tt><body>\n<p begin="1s">x</p></body></tt>', CueWithoutEnd, 2),
        ("<tt><body>\n<p>x</p></body></tt>", CueWithoutEnd, 2),
        ('<tt><body>\n<p begin="soon" end="2s">x</p></body></tt>', BadCueTime, 2),
    ],
)
def test_bad_ttml(document: str, fault: type[BadCaption], line: int) -> None:
    with pytest.raises(BadCaption) as caught:
        read_captions(document.encode())
    assert (type(caught.value), caught.value.data["line"]) == (fault, line)


@pytest.mark.parametrize(
    ("attributes", "text", "milliseconds"),
    [
        ({}, "01:02:03.5", 3_723_500),
        ({}, "00:00:01:15", 1500),
        ({"frameRate": "25"}, "00:00:01:05", 1200),
        ({"frameRate": "24", "frameRateMultiplier": "1000 1001"}, "24f", 1001),
        ({"frameRate": "25", "subFrameRate": "2"}, "00:00:00:05.1", 220),
        ({"tickRate": "10000000"}, "15000000t", 1500),
        ({"frameRate": "50"}, "25t", 500),
        ({}, "1.5h", 5_400_000),
        ({}, "90m", 5_400_000),
        ({}, " 250ms ", 250),
        # an hour of 29.97 fps: 107,892 frames drawn, numbered as if 108,000 with two left out most minutes
        (
            {"timeBase": "smpte", "frameRate": "30", "frameRateMultiplier": "1000 1001", "dropMode": "dropNTSC"},
            "01:00:00:00",
            3_599_996,
        ),
        ({"timeBase": "smpte", "frameRate": "30", "frameRateMultiplier": "1000 1001"}, "01:00:00:00", 3_603_600),
    ],
)
def test_times_of_ttml(attributes: dict[str, str], text: str, milliseconds: int) -> None:
    seconds = seconds_of(text, clock_of(attributes), 1)
    assert seconds is not None
    assert round(seconds * 1000) == milliseconds


def test_a_clock_that_cannot_be_read_is_the_usual_one() -> None:
    assert clock_of({"frameRate": "0", "tickRate": "-1", "frameRateMultiplier": "1 0 0"}).rate == Clock().rate


WORDS = st.text("压强等于 abc,.-?!", min_size=1, max_size=20).map(str.strip).filter(bool)
STRETCHES = st.lists(st.tuples(st.integers(0, 300_000), st.integers(1, 900), WORDS), min_size=1, max_size=8)


@given(STRETCHES)
def test_pysubs2_reads_the_same(stretches: list[tuple[int, int, str]]) -> None:
    written = pysubs2.SSAFile()
    start = 0
    for gap, length, words in stretches:
        start += gap // 10 * 10
        written.append(pysubs2.SSAEvent(start, start + length * 10, words))
        start += length * 10
    expected = [(event.start, event.end, " ".join(event.text.split(" ")).strip()) for event in written]
    for kind, name in (("srt", "SubRip"), ("ass", "ASS"), ("ssa", "ASS"), ("vtt", "WebVTT")):
        read = read_captions(written.to_string(kind).encode("utf-16"))
        assert read.format == name
        assert [(cue.start_ms, cue.end_ms, plain(cue.payload)) for cue in read.cues] == expected


def test_ttconv_reads_the_same() -> None:
    """Its own SubRip of a document, read by us, is what we read in it.

    Not of all documents: ttconv knows no sequences, and writes nothing for a body that begins late.
    """
    document = TTML[: TTML.index("<div timeContainer")].replace('<body begin="10s">', "<body>") + "</body></tt>"
    for begin in ("4s", "8s"):
        document = document.replace(f'<p begin="{begin}"', f'<p region="low" begin="{begin}"')
    tree = ElementTree.ElementTree(ElementTree.fromstring(document.encode()))
    theirs = subrip.parse(ttconv.srt.writer.from_model(ttconv.imsc.reader.to_model(tree)))
    ours = read_captions(document.encode()).cues
    assert len(ours) == 4
    assert [(c.start_ms, c.end_ms, plain(c.payload)) for c in theirs] == [
        (c.start_ms, c.end_ms, plain(c.payload)) for c in ours
    ]


@given(st.binary(max_size=300), st.sampled_from([b"", b"WEBVTT\n\n", b"[Events]\n", b"<tt><body>", b"0:0:1,0 --> "]))
def test_no_bytes_break_the_reading(data: bytes, head: bytes) -> None:
    with suppress(BadCaption):
        read = read_captions(head + data)
        assert read.format in FORMATS
        assert read.data.startswith(b"WEBVTT\n\n")


LINES = st.sampled_from(
    ["00:00:01,000 --> 00:00:02,000", "00:01.000 --> 00:00.500", "1", "", "{\\an8}x", "<i>x", "[Events]", "a-->b",
     "Dialogue: 0,0:00:01.00,0:00:02.00,D,,0,0,0,,{\\i1}x", "Format: Text, Start, End", "<tt><body><p end='1s'>x",
     "</p></body></tt>", "WEBVTT", "NOTE", "&#999999;", "\0", "<v x>", "Style: a,b,8", "<tt>",
     "<p begin='1:1' dur='9f'>"]
)  # fmt: skip


@given(st.lists(LINES, max_size=12))
def test_no_lines_break_the_reading(lines: list[str]) -> None:
    with suppress(BadCaption):
        assert read_captions("\n".join(lines).encode()).cues
