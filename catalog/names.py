"""What people may call things: text that fits one line, a database and a page, whatever was pasted."""

import unicodedata
from typing import Annotated

from pydantic import AfterValidator, StringConstraints

_INVISIBLE = {"Cc", "Cs", "Co", "Zl", "Zp"}


def _one_line(text: str) -> str:
    bad = next((c for c in text if unicodedata.category(c) in _INVISIBLE), None)
    if bad is not None:
        raise ValueError(f"must be one line without control characters (found U+{ord(bad):04X})")
    return unicodedata.normalize("NFC", text)


def _lines(text: str) -> str:
    text = text.replace("\r\n", "\n")
    bad = next((c for c in text if c not in "\n\t" and unicodedata.category(c) in {"Cc", "Cs"}), None)
    if bad is not None:
        raise ValueError(f"must not have control characters (found U+{ord(bad):04X})")
    return unicodedata.normalize("NFC", text)


Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), AfterValidator(_one_line)]
"""A name or title: 1 to 200 characters on one line."""

Label = Annotated[str, StringConstraints(strip_whitespace=True, max_length=100), AfterValidator(_one_line)]
"""A word of the curriculum: up to 100 characters on one line, may be empty."""

LongText = Annotated[str, StringConstraints(strip_whitespace=True, max_length=4000), AfterValidator(_lines)]
"""A description: up to 4000 characters on several lines."""

LoginName = Annotated[
    str,
    StringConstraints(strip_whitespace=True, to_lower=True, min_length=2, max_length=100),
    AfterValidator(_one_line),
]
"""What somebody signs in as; capitals do not count."""
