"""The text in a captions file's bytes, whatever encoding it was saved in.

A byte order mark or the zeros of UTF-16 decide; then valid UTF-8, which another encoding is by chance only where all of
it is a few pairs of bytes (压强 in GBK is one such). What is left is decoded strictly as each candidate, and the one
whose characters are the likeliest wins: a wrong guess gives rare characters. That decides over a short line too, where
statistics over bytes are lost.
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from catalog.courses.captions.errors import EncodingUnknown, NulCharacter, TextDamaged

_MARKS = (
    (b"\xef\xbb\xbf", "utf-8", "UTF-8"),
    (b"\xff\xfe\x00\x00", "utf-32-le", "UTF-32"),
    (b"\x00\x00\xfe\xff", "utf-32-be", "UTF-32"),
    (b"\xff\xfe", "utf-16-le", "UTF-16"),
    (b"\xfe\xff", "utf-16-be", "UTF-16"),
    (b"\x84\x31\x95\x33", "gb18030", "GB18030"),
)
_CANDIDATES = (
    ("gb18030", "GB18030", ("zh", "yue")),
    ("big5hkscs", "Big5", ("zh", "yue")),
    ("cp949", "EUC-KR", ("ko",)),
    ("cp932", "Shift_JIS", ("ja",)),
    ("cp1252", "Windows-1252", ("en", "za", "fr", "de", "es")),
)
"""Python's name, ours, and the languages in which it is the likelier one; in the order in which they win a draw."""

ENCODINGS = tuple(dict.fromkeys([name for *_, name in _MARKS] + [name for _, name, _ in _CANDIDATES]))
"""What `Decoded.encoding` may be."""

_XML_ENCODING = re.compile(rb"\s*<\?xml[^>]{0,100}?encoding\s*=\s*[\"']([A-Za-z0-9_.:-]{1,40})[\"']")
_DECLARED = {
    "gb2312": 0, "gbk": 0, "gb18030": 0, "cp936": 0, "big5": 1, "big5-hkscs": 1, "euc-kr": 2, "ks_c_5601-1987": 2,
    "shift_jis": 3, "windows-31j": 3, "iso-8859-1": 4, "windows-1252": 4,
}  # fmt: skip
_FREQUENT = (
    "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家种事成方"
    "多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实日军者意无力它与长把机十民第公此已工使情"
    "明性知全三又关点正业外将两高间由问很最重并物手应战向头文体政美相见被利什二等产或新己制身果加西斯月话合回特代内信表化老给"
    "世位次度门任常先海通教儿原东声提立及比员解水名真论处走义各入几口认条平系气题活尔更别打女变四神总何电数安少报才结反受目太"
    "量再感建务做接必场件计管期市直德资命山金指克许统区保至队形社便空决治展马科司五基眼书非则听白却界达光放强即像难且权思王象"
    "完设式色路记南品住告类求据程北边死张该交规万取拉格望觉术领共确传师观清今切院让识候带导争运吗呢吧啊谢请您课节讲习答图线"
    "這個們來為國時說會對發後裡裏經過還樣從實軍無與長機關點業將兩間問並應戰頭體見產話給門東聲員論處義幾認條係氣題爾別變總電數"
    "報結務場計資統區隊決馬書則聽達強難權設記類據邊張該規萬覺術領確傳師觀讓識帶導爭運嗎謝請課節講習圖線學動麼沒種當進現開"
    "咗嘅喺唔佢哋啲嘢冇"
)
_FREQUENT_HANGUL = (
    "이다는을에의가고하지도로를은한나서아그리자어기사있들것시니인일해대게정라습보면수여만스거과제주전오우생장안음부상무말교모"
    "성공요동까합네저와던때문소당원유러구진히세조마년분된입신래실럼없알같미위된계적학중비"
)
_SCRIPTS = (
    frozenset(chr(code) for code in (*range(0x391, 0x3AA), *range(0x3B1, 0x3CA), 0xD7, 0xF7)),
    frozenset(map(chr, range(0x400, 0x460))),
    frozenset(map(chr, range(0x5D0, 0x5EB))),
    frozenset(map(chr, range(0x60C, 0x700))),
)
"""Letters that take two bytes in UTF-8, by script: of mathematics, Russian, Hebrew, Arabic to Uyghur."""

_KAZAKH = frozenset("ӘҒҚҢӨҰҮҺәғқңөұүһ")
"""Letters that Kazakh and Mongolian have beside the Russian ones, and never alone."""

_MARKS_OF_TEXT = frozenset("，。？！：；、（）《》“”‘’…—·「」『』【】〈〉～－％×÷＝＋")
_LATIN_MARKS = frozenset("‘’“”…–—«»¿¡°²³½×÷£€·")


@dataclass(frozen=True)
class Decoded:
    """A file's text with `\\n` between its lines, and what its encoding is called."""

    text: str
    encoding: str


def decode(data: bytes, language: str = "") -> Decoded:
    """Return the text of a file. `language` (BCP 47) tips the scales where two encodings are as likely.

    Raises EncodingUnknown, TextDamaged, NulCharacter.
    """
    text, encoding = _decoded(data, language)
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    if "\0" in text:
        raise NulCharacter(line=text[: text.index("\0")].count("\n") + 1)
    return Decoded(text, encoding)


def _decoded(data: bytes, language: str) -> tuple[str, str]:
    for mark, codec, name in _MARKS:
        if data.startswith(mark):
            return _strictly(data[len(mark) :], codec), name
    wide = _wide(data)
    if wide:
        return _strictly(data, wide), "UTF-16"
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        if b"\0" in data:
            raise NulCharacter(line=data[: data.index(b"\0")].count(b"\n") + 1) from None
        line = data[: error.start].count(b"\n") + 1
        if _nearly_utf_8(data):
            raise TextDamaged(line=line) from None
        return _likeliest(data, language, line)
    by_meaning = _in_pairs(data, text)
    return (by_meaning, "GB18030") if by_meaning else (text, "UTF-8")


def _in_pairs(data: bytes, text: str) -> str:
    """Return the text of bytes that are UTF-8 by chance and GB18030 by meaning; "" of others.

    Hanzi take three bytes in UTF-8 and two in GB18030, so only a text of two-byte characters can be both.
    """
    if text.isascii() or max(text) > "\u07ff" or _is_one_script(text):
        return ""
    try:
        read = data.decode("gb18030")
    except UnicodeDecodeError:
        return ""
    return read if _likelihood(read, "gb18030") > 0.7 else ""


def _is_one_script(text: str) -> bool:
    """Say whether the characters beyond ASCII are those of one script, as chance would not choose them."""
    letters = {char for char in text if char > "\xbf"}
    most = letters - _KAZAKH
    if not letters or (most and any(most <= script for script in _SCRIPTS)):
        return True
    return _latin_likelihood(text) > 0.6


def _strictly(data: bytes, codec: str) -> str:
    try:
        return data.decode(codec)
    except UnicodeDecodeError as error:
        line = data[: error.start].decode(codec, "ignore").count("\n") + 1
        raise (TextDamaged if codec == "utf-8" else EncodingUnknown)(line=line) from None


def _wide(data: bytes) -> str:
    """Return the codec of UTF-16 without a mark: times, tags and line ends are ASCII, so each has its zero byte."""
    half = len(data) // 2
    odd, even = data[1::2].count(0), data[0::2].count(0)
    if odd > half // 10 and odd > 20 * even:
        return "utf-16-le"
    return "utf-16-be" if even > half // 10 and even > 20 * odd else ""


def _nearly_utf_8(data: bytes) -> bool:
    """Say whether bytes that are not UTF-8 were: nearly all of what is not ASCII still is."""
    broken = data.decode("utf-8", "replace")
    others = [char for char in broken if char > "\x7f"]
    return broken.count("\ufffd") * 5 < len(others) and broken.count("\ufffd") < 50


def _likeliest(data: bytes, language: str, line: int) -> tuple[str, str]:
    declared = _XML_ENCODING.match(data)
    told = _DECLARED.get(declared[1].decode("ascii").lower()) if declared else None
    best, found = 0.3, None
    for number, (codec, name, languages) in enumerate(_CANDIDATES):
        try:
            text = data.decode(codec)
        except UnicodeDecodeError:
            continue
        score = _likelihood(text, codec)
        score += 0.08 * (language.partition("-")[0].lower() in languages) + 0.3 * (number == told)
        if score > best:
            best, found = score, (text, name)
    if found is None:
        raise EncodingUnknown(line=line)
    return found


def _likelihood(text: str, codec: str) -> float:
    """Return how likely the characters beyond ASCII are in a text that was saved so, 0 to 1."""
    if codec == "cp1252":
        return _latin_likelihood(text)
    counted: dict[str, int] = {}
    for char in text:
        if char > "\x7f":
            counted[char] = counted.get(char, 0) + 1
    total = sum(counted.values())
    likely = sum(_weight(char, codec) * count for char, count in counted.items()) / total if total else 0.0
    without_kana = codec == "cp932" and not any(map(_is_kana, counted))
    return likely * (0.5 if without_kana else 1.0)


@lru_cache(maxsize=1 << 16)
def _weight(char: str, codec: str) -> float:
    if char in _MARKS_OF_TEXT:
        return 0.9
    if "\uff01" <= char <= "\uff5e" or char == "\u3000":
        return 0.7
    if codec == "cp949":
        return 1.0 if char in _FREQUENT_HANGUL else 0.5 if "가" <= char <= "힣" else 0.1
    if codec == "cp932":
        return 1.0 if _is_kana(char) else _commonness(char, codec)
    return 1.0 if char in _FREQUENT else _commonness(char, codec)


def _is_kana(char: str) -> bool:
    return "\u3041" <= char <= "\u30fe"


def _commonness(char: str, codec: str) -> float:
    """Return how common a hanzi is by its place in its own standard, whose first level is the common ones."""
    if not "\u4e00" <= char <= "\u9fff":
        return 0.0
    narrow, first, last = {
        "gb18030": ("gb2312", 0xB0, 0xD7),
        "big5hkscs": ("big5", 0xA4, 0xC6),
        "cp932": ("cp932", 0x88, 0x97),
    }[codec]
    try:
        lead = char.encode(narrow)[0]
    except UnicodeEncodeError:
        return 0.15
    return 0.75 if first <= lead <= last else 0.35


def _latin_likelihood(text: str) -> float:
    """Western text has single letters with marks inside of words of ASCII letters, and signs between."""
    total, likely = 0, 0.0
    for place, char in enumerate(text):
        if char <= "\x7f":
            continue
        total += 1
        around = text[max(place - 1, 0) : place] + text[place + 1 : place + 2]
        if char in _LATIN_MARKS:
            likely += 0.8 if all(other <= "\x7f" or other in _LATIN_MARKS for other in around) else 0.2
        elif char.isalpha() and any(other.isascii() and other.isalpha() for other in around):
            likely += 0.9
    return likely / total if total else 0.0
