"""WebVTT is read with patience, written canonically, and faults name the line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.courses.captions import webvtt
from catalog.courses.captions.cues import MAX_CUES, MAX_PAYLOAD, Cue, Retiming, retimed
from catalog.courses.captions.errors import (
    BadCaption,
    BadCueTime,
    CaptionTooLarge,
    CueEndsFirst,
    CuesOutOfOrder,
    CueTooLate,
    CueTooLong,
    EncodingUnknown,
    NoCues,
    NotCaptions,
    NoText,
    NothingLeft,
    NulCharacter,
    TooManyCues,
)
from catalog.courses.captions.markup import Look, Run, canonical, plain, tagged
from catalog.courses.captions.reading import MAX_BYTES, read_captions
from catalog.look.language import translate_error

GOOD = "WEBVTT\n\n00:00.000 --> 00:02.000\n压强\n\n2\n00:00:02.000 --> 00:00:04.500 line:80% region:a\n等于\n"
CANONICAL = "WEBVTT\n\n00:00:00.000 --> 00:00:02.000\n压强\n\n00:00:02.000 --> 00:00:04.500 line:80%\n等于\n"


def payloads(text: str) -> list[str]:
    return [cue.payload for cue in read_captions(text.encode()).cues]


def one(words: str) -> str:
    """The canonical payload of a WebVTT cue."""
    (payload,) = payloads(f"WEBVTT\n\n00:01.000 --> 00:02.000\n{words}\n")
    return payload


def test_good_captions_become_canonical() -> None:
    for text in (GOOD, GOOD.replace("\n", "\r\n"), GOOD.replace("\n", "\r"), "\ufeff" + GOOD):
        assert read_captions(text.encode()).data.decode() == CANONICAL
    headed = GOOD.replace("WEBVTT\n", "WEBVTT - 第一课\nKind: captions\n")
    assert read_captions(headed.encode()).data.decode() == CANONICAL
    assert read_captions(CANONICAL.encode()).data.decode() == CANONICAL


def test_comments_and_styles_are_no_cues() -> None:
    text = "WEBVTT\n\nNOTE made by --> hand\n\nSTYLE\n::cue { color: red }\n\n00:01.000 --> 00:02.000\nNOTE x\n"
    assert payloads(text) == ["NOTE x"]


@pytest.mark.parametrize(
    ("words", "payload"),
    [
        ("<i>压</i>强", "<i>压</i>强"),
        ("<b><i>both</b> one", "<b><i>both</i></b><i> one</i>"),
        ("<c.yellow.bg_blue>colour</c> <lang en>word</lang> <00:00:01.500>late", "colour word late"),
        ("<v.loud 老师>同学们\n<v 学生>老师好", "<v 老师>同学们</v>\n<v 学生>老师好</v>"),
        ("若 a<b 且 c>d", "若 a&lt;b 且 c&gt;d"),
        ("x<b and c>d", "x&lt;b and c&gt;d"),
        ("1 &lt; 2 &amp; R&D &nbsp;", "1 &lt; 2 &amp; R&amp;D"),
        ("<ruby>压<rt>yā</rt></ruby>强", "压(yā)强"),
        ("<u>never closed", "<u>never closed</u>"),
        ("  blanks \t \n around ", "blanks\naround"),
        ("a<br>b<br/>c<br />d", "a\nb\nc\nd"),
        ("&#0;&#x1F600;&#99999999;", "\ufffd😀&amp;#99999999;"),
        ("<v>nobody", "&lt;v&gt;nobody"),
        ("<foo>unknown</foo>", "&lt;foo&gt;unknown&lt;/foo&gt;"),
    ],
)
def test_what_is_inside_a_cue(words: str, payload: str) -> None:
    assert one(words) == payload
    assert one(payload) == payload


@pytest.mark.parametrize(
    ("data", "line", "fault"),
    [
        (b"", 1, NoCues),
        (b" \n\n", 1, NoCues),
        (b"WEBVTTX\n", 1, NotCaptions),
        (b"Dear Sir or Madam", 1, NotCaptions),
        (b"WEBVTT\n\n", 1, NoCues),
        (b"WEBVTT\n\n00:00.000 --> 00:02.000\n<i> </i>\n", 3, NoText),
        (b"WEBVTT\n\n00:00.0.0 --> 00:02.000\nx\n", 3, BadCueTime),
        (b"WEBVTT\n\n00:61.000 --> 01:02.000\nx\n", 3, BadCueTime),
        (b"WEBVTT\n\n00:02.000 --> 00:01.000\nx\n", 3, CueEndsFirst),
        (b"WEBVTT\n\n00:02.000 --> 00:02.000\nx\n", 3, CueEndsFirst),
        (b"WEBVTT\n\n100:00:00.000 --> 100:00:01.000\nx\n", 3, CueTooLate),
        (b"WEBVTT\n\n00:02.000 --> 00:05.000\nx\n\n00:01.000 --> 00:04.000\ny\n", 6, CuesOutOfOrder),
        (b"WEBVTT\n\n00:02.000 --> 00:03.000\nx\0y\n", 4, NulCharacter),
        (b"WEBVTT\n\n00:02.000 --> 00:03.000\n\xff\xff\xff\n", 4, EncodingUnknown),
        (b"WEBVTT\n\n00:02.000 --> 00:03.000\n" + b"x" * (MAX_PAYLOAD + 1), 3, CueTooLong),
        (b"WEBVTT\n\n" + b"0:1.0 --> 0:2.0\nx\n\n" * (MAX_CUES + 1), 3 * MAX_CUES + 3, TooManyCues),
    ],
)
def test_bad_captions_name_the_line(data: bytes, line: int, fault: type[BadCaption]) -> None:
    with pytest.raises(BadCaption) as caught:
        read_captions(data)
    assert (type(caught.value), caught.value.data["line"]) == (fault, line)
    english, chinese = translate_error(caught.value, "en"), translate_error(caught.value, "zh-CN")
    assert "%" not in english
    assert chinese != english
    assert chinese.isascii() is False


def test_a_film_is_no_captions() -> None:
    with pytest.raises(CaptionTooLarge):
        read_captions(b"x" * (MAX_BYTES + 1))


def test_what_becomes_too_large_is_refused() -> None:
    """A `<` takes four bytes once it is escaped."""
    cues = "".join(f"00:{n // 60:02d}:{n % 60:02d}.000 --> 00:59:59.000\n{'<' * 300}\n\n" for n in range(1200))
    with pytest.raises(CaptionTooLarge):
        read_captions(f"WEBVTT\n\n{cues}".encode())


def cue(start: int, end: int, text: str) -> str:
    return f"00:00:{start:02d}.000 --> 00:00:{end:02d}.000\n{text}\n\n"


def test_a_cue_in_the_wrong_place_is_put_right_and_two_films_in_one_are_not() -> None:
    displaced = read_captions(("WEBVTT\n\n" + cue(1, 2, "a") + cue(5, 6, "c") + cue(3, 4, "b")).encode())
    assert [c.payload for c in displaced.cues] == ["a", "b", "c"]
    assert displaced.moved == 1
    twice = "WEBVTT\n\n" + cue(1, 3, "a") + cue(4, 6, "b") + cue(2, 4, "c") + cue(5, 7, "d")
    with pytest.raises(CuesOutOfOrder):
        read_captions(twice.encode())


def test_overlaps_stay_and_doubles_go() -> None:
    read = read_captions(("WEBVTT\n\n" + cue(1, 5, "a") + cue(2, 3, "b") + cue(2, 3, "b") + cue(2, 3, "c")).encode())
    assert [c.payload for c in read.cues] == ["a", "b", "c"]
    assert (read.doubles, read.moved) == (1, 0)


def test_captions_are_moved_in_time() -> None:
    text = ("WEBVTT\n\n" + cue(1, 2, "gone") + cue(2, 4, "clipped") + cue(10, 20, "kept")).encode()
    read = read_captions(text, retiming=Retiming(offset_s=-3, rate=1.001))
    assert [(c.start_ms, c.end_ms) for c in read.cues] == [(0, 1004), (7010, 17_020)]
    assert (read.clipped, read.dropped) == (1, 1)
    with pytest.raises(NothingLeft):
        read_captions(text, retiming=Retiming(offset_s=-20))
    with pytest.raises(CueTooLate):
        read_captions(text, retiming=Retiming(offset_s=360_000))
    assert read_captions(text).cues == read_captions(text, retiming=Retiming()).cues


@given(st.integers(0, 10**7), st.integers(1, 10**5), st.floats(-1e4, 1e4), st.floats(0.5, 2))
def test_a_moved_cue_still_ends_after_it_starts(start: int, length: int, offset: float, rate: float) -> None:
    try:
        moved = retimed([Cue(start, start + length, "x")], Retiming(offset, rate))
    except NothingLeft:
        assert (start + length) * rate + offset * 1000 < 1
    else:
        assert 0 <= moved.cues[0].start_ms < moved.cues[0].end_ms


TEXT = st.text(st.characters(codec="utf-8"), max_size=30) | st.sampled_from(["<i>", "&lt;", "-->", "\n\n", "NOTE", " "])
LOOKS = st.builds(Look, st.sampled_from(["", "老师", "A & B <c>"]), st.booleans(), st.booleans(), st.booleans())
RUNS = st.lists(st.builds(Run, TEXT, LOOKS), max_size=8)


@given(st.lists(st.tuples(st.integers(0, 3_000_000), st.integers(1, 9000), RUNS), min_size=1, max_size=6))
def test_what_is_written_is_read_again_as_it_was(parts: list[tuple[int, int, list[Run]]]) -> None:
    made = [Cue(start, start + length, canonical(runs), "line:0 align:start") for start, length, runs in parts]
    cues = sorted((c for c in made if c.payload), key=lambda c: c.start_ms)
    data = webvtt.write(cues)
    assert webvtt.parse(data.decode()) == cues
    said = [Cue(0, 1, "课"), *cues]
    assert read_captions(webvtt.write(said)).data == webvtt.write(list(dict.fromkeys(said)))


@given(RUNS)
def test_a_payload_is_its_own_canonical_form(runs: list[Run]) -> None:
    payload = canonical(runs)
    assert canonical(tagged(payload, references=True)) == payload
    assert "".join(plain(payload).split()) == "".join("".join(r.text for r in tagged(payload, references=True)).split())
    assert "\n\n" not in payload
    assert "-->" not in payload
