"""The committed sample lesson is what its README says."""

import json
import re

from songtan.sample import CAPTIONS, LESSON

CUE = re.compile(r"(\d+):(\d+):(\d+\.\d+) --> (\d+):(\d+):(\d+\.\d+)[^\n]*\n(.+)")


def cues(language: str) -> list[tuple[float, float, str]]:
    found = CUE.findall(CAPTIONS[language].read_text(encoding="utf-8"))
    return [
        (int(h) * 3600 + int(m) * 60 + float(s), int(eh) * 3600 + int(em) * 60 + float(es), words)
        for h, m, s, eh, em, es, words in found
    ]


def test_all_of_it_is_under_two_megabytes() -> None:
    assert sum(path.stat().st_size for path in LESSON.parent.rglob("*") if path.suffix != ".pyc") < 2_000_000


def test_it_starts_at_once_over_a_line() -> None:
    data = LESSON.read_bytes()
    assert 0 < data.index(b"moov") < data.index(b"mdat")
    mvhd = data.index(b"mvhd") + 4
    scale, length = (int.from_bytes(data[mvhd + at : mvhd + at + 4]) for at in (12, 16))
    assert 70 < length / scale < 80


def test_captions_say_what_is_spoken_in_both_languages_at_the_same_time() -> None:
    narration = json.loads((LESSON.parent / "narration.json").read_text(encoding="utf-8"))
    chinese, english = cues("zh-CN"), cues("en")
    assert [words for *_, words in chinese] == [line["zh"] for line in narration]
    assert [words for *_, words in english] == [line["en"] for line in narration]
    assert [cue[:2] for cue in chinese] == [cue[:2] for cue in english]
    ends = [0.0, *(end for _, end, _ in chinese)]
    assert all(before <= start < end for before, (start, end, _) in zip(ends, chinese, strict=False))
