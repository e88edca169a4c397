"""Attachments in a release: names that every screen can keep, parts that make up the file, and none where none are."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from catalog.formats.attachments import (
    MAX_ATTACHMENT_BYTES,
    MAX_ATTACHMENTS,
    PART_BYTES,
    check_file_name,
    cut,
    part_lengths,
)
from catalog.formats.errors import BadFormat
from catalog.formats.hashing import canonical_json, sha256_hex
from catalog.formats.release import Attachment, Lesson, Release, parse_release
from catalog.formats.rungs import Rung
from tests.factories import make_attachment, make_lesson, make_media, make_release, make_track

PLAIN = make_lesson(make_media({Rung.FLOOR: make_track()}, None))


def with_attachments(*attachments: Attachment) -> Release:
    return make_release((PLAIN.model_copy(update={"attachments": attachments}),))


@pytest.mark.parametrize(
    "name",
    [
        "课堂练习.pdf",
        "第3课　浮力（答案）.docx",
        "a",
        "Übung #1 100%.zip",
        "x" * 251 + ".txt",
        "课" * 85,
        "a..b",
        "😀.png",
    ],
)
def test_names_are_kept_as_they_are(name: str) -> None:
    assert check_file_name(name) == name
    release = with_attachments(make_attachment(b"x", name))
    assert parse_release(release.encoded()).lessons[0].attachments[0].name == name


@pytest.mark.parametrize(
    "name",
    ["", " ", ".", "..", ".htaccess", "a ", " a", "a.", "a/b.pdf", "a\\b.pdf", "a\0.pdf", "a\n.pdf", "a\x85.pdf",
     "gpj.\u202efdp", "a\u200b.pdf", "\ufeffa.pdf", "a\u2028b", "a\ud800", "x" * 256, "课" * 85 + "a"],
)  # fmt: skip
def test_names_that_would_mislead_or_break_are_refused(name: str) -> None:
    with pytest.raises(ValueError, match="file name"):
        check_file_name(name)


@given(st.text(st.characters(), max_size=300))
def test_a_name_is_taken_or_refused_and_never_changed(name: str) -> None:
    try:
        assert check_file_name(name) == name
    except ValueError:
        return
    assert not {"/", "\\", "\0"} & set(name)
    assert 1 <= len(name.encode()) <= 255


@given(st.integers(1, 4 * PART_BYTES))
def test_the_parts_make_up_the_file(length: int) -> None:
    data = bytes(length)
    assert b"".join(cut(data)) == data
    assert [len(part) for part in cut(data)] == part_lengths(length)
    assert sum(part_lengths(length)) == length
    assert all(n == PART_BYTES for n in part_lengths(length)[:-1])


DATA = bytes(range(256)) * 2048 + b"end"
WHOLE = make_attachment(DATA).model_dump(mode="json")


def test_a_file_is_named_by_its_parts() -> None:
    blobs = make_attachment(DATA).blobs()
    assert [blob.length for blob in blobs] == [PART_BYTES, PART_BYTES, 3]
    assert [blob.sha256 for blob in blobs] == [sha256_hex(part) for part in cut(DATA)]
    release = with_attachments(make_attachment(DATA), make_attachment(DATA, "the same again.pdf"))
    assert {blob.sha256 for blob in release.blobs()} == {blob.sha256 for blob in blobs}
    assert parse_release(release.encoded()) == release


@pytest.mark.parametrize(
    "changed",
    [
        {"parts": WHOLE["parts"][:-1]},
        {"parts": [*WHOLE["parts"], "0" * 64]},
        {"parts": []},
        {"length": 0},
        {"length": MAX_ATTACHMENT_BYTES + 1},
        {"length": 3, "parts": ["0" * 64]},
        {"type": "text/html; charset=utf-8"},
        {"type": ""},
        {"name": "../x.pdf"},
        {"sha256": "x"},
    ],
)
def test_what_does_not_fit_together_is_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Attachment.model_validate(WHOLE | changed)


def test_a_lesson_has_each_name_once_and_not_too_many() -> None:
    document = json.loads(with_attachments(make_attachment(b"x")).encoded())
    one = document["lessons"][0]["attachments"][0]
    for attachments in ([one, one], [one | {"name": f"{n}.pdf"} for n in range(MAX_ATTACHMENTS + 1)]):
        document["lessons"][0]["attachments"] = attachments
        with pytest.raises(BadFormat, match=r"lessons\.0"):
            parse_release(canonical_json(document))


def test_a_lesson_without_attachments_is_written_as_before_there_were_any() -> None:
    release = make_release((PLAIN,))
    assert b"attachments" not in release.encoded()
    assert parse_release(release.encoded()).encoded() == release.encoded()
    assert Lesson.model_validate_json(PLAIN.model_dump_json()).attachments == ()
