"""An attachment from a file to the centre."""

from pathlib import Path
from typing import Any
from urllib.parse import quote

from catalog.formats.attachments import MAX_ATTACHMENT_BYTES
from catalog.look.filters import human_bytes
from songtan.clients.centre import Centre
from songtan.clients.errors import FileUnusable
from songtan.clients.upload import check_file


def send_attachment(centre: Centre, lesson: str, file: Path) -> dict[str, Any]:
    """Attach a file under its own name and return the centre's answer.

    Raises FileUnusable, CentreAway, CentreRefused, NotOurs.
    """
    if check_file(file) > MAX_ATTACHMENT_BYTES:
        raise FileUnusable(path=str(file), why=f"no attachment has more than {human_bytes(MAX_ATTACHMENT_BYTES)}")
    try:
        data = file.read_bytes()
    except OSError as error:
        raise FileUnusable(path=str(file), why=error.strerror or str(error)) from error
    path = f"/api/lessons/{quote(lesson, safe='')}/attachments/{quote(file.name, safe='', errors='replace')}"
    stored: dict[str, Any] = centre.put_bytes(path, data, "application/octet-stream")
    return stored
