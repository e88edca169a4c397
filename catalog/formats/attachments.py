"""What an attachment of a lesson may be called, and how it is cut into parts. Pure."""

import re
from typing import Annotated, Final

from pydantic import AfterValidator

PART_BYTES: Final = 256 << 10
"""A part but for the last: on a thin line some seconds, and no more than that is lost when the power goes."""
MAX_ATTACHMENT_BYTES = 64 << 20
MAX_ATTACHMENTS = 100
MAX_FILE_NAME_BYTES = 255

KINDS: Final[dict[str, tuple[str, ...]]] = {
    "application/pdf": ("pdf",),
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": ("docx",),
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": ("xlsx",),
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": ("pptx",),
    "application/vnd.oasis.opendocument.text": ("odt",),
    "application/vnd.oasis.opendocument.spreadsheet": ("ods",),
    "application/vnd.oasis.opendocument.presentation": ("odp",),
    "image/jpeg": ("jpg", "jpeg"),
    "image/png": ("png",),
    "image/gif": ("gif",),
    "image/webp": ("webp",),
    "text/plain": ("txt",),
    "application/zip": ("zip",),
}
"""The media types that a centre takes, and how names of such files end. None of them runs in a browser."""

_NOT_IN_A_NAME = re.compile("[/\\\\\0-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")
"""Separators of paths, control characters, and what is not seen or turns a name round ("fdp.exe" for "exe.pdf")."""


def check_file_name(name: str) -> str:
    """Return `name` if a file may be called so on any screen. Raises ValueError that says why not."""
    found = _NOT_IN_A_NAME.search(name)
    if found is not None:
        raise ValueError(f"a file name cannot have U+{ord(found[0]):04X}")
    if not name or name[0] in " ." or name[-1] in " .":
        raise ValueError("a file name neither begins nor ends with a blank or a dot, and is not empty")
    if len(name.encode()) > MAX_FILE_NAME_BYTES:
        raise ValueError(f"a file name has {MAX_FILE_NAME_BYTES} bytes of UTF-8 at most")
    return name


FileName = Annotated[str, AfterValidator(check_file_name)]


def cut(data: bytes) -> list[bytes]:
    """Return the parts of a file, in order: each of `PART_BYTES`, the last one of what remains."""
    return [data[at : at + PART_BYTES] for at in range(0, len(data), PART_BYTES)]


def part_lengths(length: int) -> list[int]:
    """Return the lengths of the parts of a file of `length` bytes."""
    return [min(PART_BYTES, length - at) for at in range(0, length, PART_BYTES)]
