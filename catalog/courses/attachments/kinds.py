"""What kind of file an attachment is, by its bytes; its name must agree. Pure, safe on any bytes."""

import re
import zipfile
from collections.abc import Sequence
from io import BytesIO

from catalog.courses.attachments.errors import ArchiveBroken, HoldsMacros, HoldsProgram, KindUnknown, NotAsNamed
from catalog.formats.attachments import KINDS

MAGICS = (
    (re.compile(rb"%PDF-[12]\."), "application/pdf"),
    (re.compile(rb"\xff\xd8\xff"), "image/jpeg"),
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "image/png"),
    (re.compile(rb"GIF8[79]a"), "image/gif"),
    (re.compile(rb"RIFF.{4}WEBP", re.DOTALL), "image/webp"),
)
OFFICE = "application/vnd.openxmlformats-officedocument."
OFFICE_PARTS = {
    "word/": f"{OFFICE}wordprocessingml.document",
    "xl/": f"{OFFICE}spreadsheetml.sheet",
    "ppt/": f"{OFFICE}presentationml.presentation",
}
PROGRAMS = re.compile(
    r"\.(apk|app|bat|class|cmd|com|cpl|dex|dll|exe|hta|jar|jse?|lnk|msix?|pif|ps1|reg|scr|sh|sys|vb[es]|ws[fh])[ .]*$",
    re.IGNORECASE,
)
"""How names of files end that some school's computer runs when somebody opens them."""
MOST_MEMBERS = 10_000

_ENTRY = b"PK\x01\x02"
_BINARY = re.compile(rb"[\0-\x08\x0b\x0e-\x1a\x1c-\x1f]")
_MARKUP = re.compile(r"[\ufeff\s]*<\s*[!?/A-Za-z]")
_SCRIPT = re.compile(r"\ufeff?#!")


def kind_of(name: str, data: bytes) -> str:
    """Return the media type of a file, one of `KINDS`.

    Raises a BadAttachment if it is of no kind that is taken, or its name ends as those of another kind do.
    """
    kind = next((kind for magic, kind in MAGICS if magic.match(data)), None)
    if kind is None and data.startswith(b"PK\x03\x04"):
        kind = _kind_of_archive(name, data)
    if kind is None and _is_plain_text(data):
        kind = "text/plain"
    if kind is None:
        raise KindUnknown(name=name)
    if _ending(name) not in KINDS[kind]:
        raise NotAsNamed(name=name, endings=" / ".join(f".{ending}" for ending in KINDS[kind]))
    return kind


def _ending(name: str) -> str:
    return name.rpartition(".")[2].lower() if "." in name else ""


def _is_plain_text(data: bytes) -> bool:
    """Say whether this is text for people: no byte that text has not, and neither markup nor a script."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            text = data.decode("utf-16")
        except UnicodeDecodeError:
            return False
        if "\0" in text:
            return False
    elif _BINARY.search(data):
        return False
    else:
        text = data[:4096].decode(errors="replace")
    return not _MARKUP.match(text) and not _SCRIPT.match(text)


def _kind_of_archive(name: str, data: bytes) -> str:
    members = _members(name, data)
    names = [member.filename.replace("\\", "/") for member in members]
    lower = [one.lower() for one in names]
    kind = _kind_of_document(data, members, names)
    if kind is not None:
        if any(one.endswith("vbaproject.bin") or one.startswith(("basic/", "scripts/")) for one in lower):
            raise HoldsMacros(name=name)
        return kind
    program = next((one for one in names if PROGRAMS.search(one)), None)
    if program is not None:
        raise HoldsProgram(name=name, member=program[:200])
    return "application/zip"


def _kind_of_document(data: bytes, members: Sequence[zipfile.ZipInfo], names: Sequence[str]) -> str | None:
    """Return what document an archive is: OpenDocument says so in its first bytes, Office by what lies in it."""
    if data[30:38] == b"mimetype":
        said = next(
            (data[38 : 38 + m.file_size] for m in members if m.filename == "mimetype" and m.file_size < 100), b""
        )
        kind = said.decode("ascii", errors="replace")
        return kind if kind in KINDS else None
    if "[Content_Types].xml" not in names:
        return None
    return next((kind for part, kind in OFFICE_PARTS.items() if any(one.startswith(part) for one in names)), None)


def _members(name: str, data: bytes) -> list[zipfile.ZipInfo]:
    """Return what an archive lists; nothing is unpacked.

    ZipFile says of a damaged directory BadZipFile, or ValueError for names that are not the UTF-8 they say they are,
    and of a version that it does not know NotImplementedError. Raises ArchiveBroken for each.
    """
    if data.count(_ENTRY) > MOST_MEMBERS:
        raise ArchiveBroken(name=name)
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            return archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        raise ArchiveBroken(name=name) from error
