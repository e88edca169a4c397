"""Digests and the one way in which we write JSON that is hashed or signed."""

import hashlib
import json
from typing import Any


def sha256_hex(data: bytes | memoryview) -> str:
    """Return the sha256 of `data` in 64 lower-case hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def canonical_json(value: Any) -> bytes:
    """Return `value` as UTF-8 JSON with sorted keys and no blanks: equal values give equal bytes.

    Only objects, arrays, strings, integers, booleans and null are used in our documents, for which this is
    the canonical form of RFC 8785 as long as keys are ASCII. Raises ValueError for NaN and infinities.
    """
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":"))
    return text.encode()
