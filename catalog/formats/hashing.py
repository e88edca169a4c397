"""Digests and the one way in which we write JSON that is hashed or signed."""

import hashlib
import json
from typing import Any


def sha256_hex(data: bytes | memoryview) -> str:
    """Return the sha256 of `data` in 64 lower-case hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()


def canonical_json(value: Any) -> bytes:
    """Return `value` as UTF-8 JSON with sorted keys and no blanks: equal values give equal bytes.

    This is the canonical form of RFC 8785 for what our documents hold: objects with keys in ASCII, arrays, strings,
    integers, booleans, null, and numbers that are 0 or lie between 0.0001 and 10^16. Raises ValueError for NaN and
    infinities.
    """
    text = json.dumps(
        _without_point_zero(value), ensure_ascii=False, allow_nan=False, sort_keys=True, separators=(",", ":")
    )
    return text.encode()


def _without_point_zero(value: Any) -> Any:
    """Return `value` with whole numbers as integers: RFC 8785 writes 25 where Python writes 25.0."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, dict):
        return {key: _without_point_zero(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_without_point_zero(one) for one in value]
    return value
