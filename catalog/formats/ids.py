"""Identifiers: ULIDs as 26 characters of Crockford's base 32, upper case (github.com/ulid/spec)."""

import re
from typing import Annotated

from pydantic import StringConstraints
from ulid import ULID

ID_PATTERN = r"^[0-7][0-9A-HJKMNP-TV-Z]{25}$"
DIGEST_PATTERN = r"^[0-9a-f]{64}$"

Id = Annotated[str, StringConstraints(pattern=ID_PATTERN)]
"""The identifier of anything that has a row or a name of its own."""

Digest = Annotated[str, StringConstraints(pattern=DIGEST_PATTERN)]
"""A sha256 in 64 lower-case hexadecimal digits."""


def new_id() -> str:
    """Return a new identifier; identifiers made later sort later, to the millisecond."""
    return str(ULID())


def is_id(text: str) -> bool:
    """Say whether `text` has the form of an identifier."""
    return re.fullmatch(ID_PATTERN, text) is not None
