"""A release told by what it changes of an older one: one lesson of forty is not worth the whole document (ADR 17).

A change is the newer release in canonical JSON, with a lesson's id in the place of each lesson that the older one has
just so. Nobody signs it and nobody believes it: what is made of it is a release if it has the digest that was signed.
"""

import json
from typing import Any

from catalog.formats.errors import BadFormat
from catalog.formats.hashing import canonical_json


def change_name(newer: str, older: str) -> str:
    """Return the name in the store of the change from one release to another, given by their sha256 in hex."""
    return f"changes/{newer}/{older}"


def make_change(older: bytes, newer: bytes) -> bytes:
    """Return the change that makes `newer` of `older`, both encoded releases."""
    before, value = _lessons(json.loads(older)), json.loads(newer)
    value["lessons"] = [one["id"] if before.get(one["id"]) == one else one for one in value["lessons"]]
    return canonical_json(value)


def apply_change(older: bytes, change: bytes) -> bytes:
    """Return what `change` makes of the encoded release `older`: to be compared with a signed digest.

    It is no longer than both together. Raises BadFormat where the two do not fit.
    """
    try:
        before, value = _lessons(json.loads(older)), json.loads(change)
        value["lessons"] = [before.pop(one) if isinstance(one, str) else one for one in value["lessons"]]
        return canonical_json(value)
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise BadFormat(what="change", why=f"it does not fit the older release ({error})"[:200]) from error


def _lessons(release: dict[str, Any]) -> dict[str, Any]:
    return {lesson["id"]: lesson for lesson in release["lessons"]}
