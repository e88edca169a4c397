"""Names, cursors and the parts of an upload: pure rules of the catalogue."""

from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from catalog.courses.models import Source
from catalog.courses.uploads import MAX_SOURCE_BYTES, part_count, part_length, part_size_for
from catalog.formats.ids import new_id
from catalog.names import LongText, Name
from catalog.paging import Cursor, CursorUnreadable, parse_cursor

NAMES = TypeAdapter(Name)
TEXTS = TypeAdapter(LongText)


@given(st.text(max_size=250))
def test_a_name_that_is_taken_fits_a_line_and_a_database(text: str) -> None:
    try:
        name = NAMES.validate_python(text)
    except ValidationError:
        return
    assert 1 <= len(name) <= 220  # normal form C makes a few characters longer
    assert name == name.strip()
    assert len(name.splitlines()) == 1
    assert "\0" not in name
    name.encode()


@given(st.text(max_size=100))
def test_a_text_that_is_taken_fits_a_database(text: str) -> None:
    try:
        TEXTS.validate_python(text).encode()
    except ValidationError:
        return


def test_equal_names_are_equal_however_typed() -> None:
    assert NAMES.validate_python("e\u0301cole") == NAMES.validate_python("\u00e9cole")


def test_a_cursor_comes_back() -> None:
    cursor = Cursor(datetime(2026, 11, 24, 1, 2, 3, 456789, tzinfo=UTC), new_id())
    assert parse_cursor(cursor.encoded()) == cursor
    assert parse_cursor(None) is None
    assert parse_cursor("") is None


@given(st.text(max_size=60) | st.binary(max_size=40).map(lambda b: b.hex()))
def test_no_text_breaks_a_cursor(text: str) -> None:
    with suppress(CursorUnreadable):
        found = parse_cursor(text)
        assert found is None or found.created_at.tzinfo is not None


@given(st.integers(min_value=1, max_value=MAX_SOURCE_BYTES))
def test_parts_cover_the_file_within_what_s3_takes(size: int) -> None:
    part = part_size_for(size)
    source = Source(lesson_id="", name="", content_type="", size=size, object_key="", upload_id="", part_size=part)
    count = part_count(source)
    assert 1 <= count <= 10_000
    assert 5 << 20 <= part <= 5 << 30
    assert part_length(source, 1) + (count - 1) * part >= size
    assert 1 <= part_length(source, count) <= part
    assert (count - 1) * part + part_length(source, count) == size


@pytest.mark.parametrize(("size", "part"), [(1, 8 << 20), (100 << 30, 12 << 20), (256 << 30, 30 << 20)])
def test_part_sizes(size: int, part: int) -> None:
    assert part_size_for(size) == part
