"""The words come out right from whatever encoding, short lines above all."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.courses.captions.encodings import ENCODINGS, decode
from catalog.courses.captions.errors import BadCaption, EncodingUnknown, TextDamaged
from catalog.courses.captions.reading import read_captions

SRT = "1\r\n00:00:01,000 --> 00:00:02,500\r\n{}\r\n"
CHINESE = [
    "压强",
    "课",
    "你好",
    "图钉",
    "联通",
    "同学们好，今天我们学习压强。",
    "第3题：求x²＋y²的值",
    "“对！”",
    "鑫淼",
    "函数 f(x)",
]
TRADITIONAL = ["壓強", "課堂", "同學們好，今天我們學習壓強。", "你好"]


@pytest.mark.parametrize("words", CHINESE)
@pytest.mark.parametrize(
    ("codec", "name"),
    [("gbk", "GB18030"), ("gb18030", "GB18030"), ("utf-8", "UTF-8"), ("utf-8-sig", "UTF-8"), ("utf-16", "UTF-16"),
     ("utf-16-le", "UTF-16"), ("utf-16-be", "UTF-16"), ("utf-32", "UTF-32")],
)  # fmt: skip
def test_chinese_in_every_encoding(words: str, codec: str, name: str) -> None:
    if codec == "gbk" and "²" in words:
        codec = "gb18030"
    read = read_captions(SRT.format(words).encode(codec))
    assert (read.cues[0].payload, read.encoding) == (words, name)
    assert name in ENCODINGS


@pytest.mark.parametrize("words", TRADITIONAL)
def test_traditional_chinese_in_big5(words: str) -> None:
    read = read_captions(SRT.format(words).encode("big5"), "zh-CN")
    assert (read.cues[0].payload, read.encoding) == (words, "Big5")


@pytest.mark.parametrize(
    ("words", "codec", "name"),
    [
        ("압력은 무엇입니까?", "cp949", "EUC-KR"),
        ("圧力とは何でしょうか。", "cp932", "Shift_JIS"),
        ("Où est l’élève ?", "cp1252", "Windows-1252"),
        ("It’s “fine”…", "cp1252", "Windows-1252"),
        ("It’s fine", "gbk", "GB18030"),
        ("café", "cp1252", "Windows-1252"),
        ("café à Où", "utf-8", "UTF-8"),
        ("Привет, мир", "utf-8", "UTF-8"),
        ("بېسىم دېگەن نېمە؟", "utf-8", "UTF-8"),
        ("α ⊥ β", "utf-8", "UTF-8"),
        ("angle α", "utf-8", "UTF-8"),
        ("25 °C, £3", "utf-8", "UTF-8"),
        ("nǐ hǎo", "utf-8", "UTF-8"),
        ("plain", "ascii", "UTF-8"),
    ],
)
def test_other_languages(words: str, codec: str, name: str) -> None:
    read = read_captions(SRT.format(words).encode(codec))
    assert (read.cues[0].payload, read.encoding) == (words, name)


def test_the_captions_language_tips_the_scales() -> None:
    data = "가".encode("cp949")  # 啊 in GB18030
    assert decode(data, "ko").text == "가"
    assert decode(data, "zh-CN").text == data.decode("gb18030")


def test_an_xml_declaration_is_a_hint_and_no_more() -> None:
    document = (
        '<?xml version="1.0" encoding="{}"?><tt xmlns="http://www.w3.org/ns/ttml"><body><div>'
        '<p begin="1s" end="2s">压强</p></div></body></tt>'
    )
    for declared, codec in (("gb2312", "gbk"), ("utf-16", "utf-8"), ("gbk", "utf-16"), ("nonsense", "gbk")):
        read = read_captions(document.format(declared).encode(codec))
        assert read.cues[0].payload == "压强", declared


def test_damage_is_told_from_another_encoding() -> None:
    whole = SRT.format("同学们好，今天我们学习压强。图钉一按就扎进木板。").encode()
    with pytest.raises(TextDamaged) as caught:
        decode(whole[:-4] + b"\r\n")
    assert caught.value.data["line"] == 3
    with pytest.raises(EncodingUnknown):
        decode(b"\xff\xfe" + b"\x00\xd8\x00\xd8")
    with pytest.raises(TextDamaged):
        decode(b"\xef\xbb\xbf\xff")


@given(
    st.text(
        "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里",
        min_size=1,
        max_size=40,
    )
)
def test_common_chinese_is_never_mistaken(words: str) -> None:
    assert decode(SRT.format(words).encode("gbk")).text == SRT.format(words).replace("\r\n", "\n")


@given(st.binary(max_size=200))
def test_bytes_become_text_or_a_fault(data: bytes) -> None:
    with suppress(BadCaption):
        text = decode(data).text
        assert "\0" not in text
        assert "\r" not in text
        text.encode()
