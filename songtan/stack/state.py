"""The state folder of one embedded stack: what is kept between starts, and the secrets made for it once."""

import fcntl
import json
import os
import secrets
from dataclasses import dataclass
from pathlib import Path

from catalog.durable import replace_durably
from songtan.stack.errors import StateInUse, StateUnusable

SECRET_NAMES = (
    "postgres_password",
    "valkey_password",
    "s3_access_key",
    "s3_secret_key",
    "signer_token",
    "ops_password",
    "ops_passphrase",
    "partner_password",
    "publisher_passphrase",
)

SECRET_BYTES = {"ops_password": 8, "partner_password": 8, "publisher_passphrase": 8, "s3_access_key": 10}
"""Bytes of chance in those that are typed or named by people; the others have 24."""


def write_private(path: Path, text: str) -> None:
    """Write a small file that only its owner may read: complete, on disk, then renamed into place."""
    replace_durably(path, text.encode(), 0o600)


@dataclass(frozen=True)
class State:
    """A state folder that exists and can be written, with its logs and secrets."""

    folder: Path

    @classmethod
    def open(cls, folder: Path) -> "State":
        """Make the folder if needed; raises `StateUnusable` if it cannot be made or written."""
        folder = folder.absolute()
        try:
            (folder / "logs").mkdir(parents=True, exist_ok=True)
            write_private(folder / ".writable", "")
        except OSError as error:
            raise StateUnusable(folder=str(folder), why=error.strerror or str(error)) from error
        return cls(folder)

    def lock(self) -> int:
        """Hold this folder for one front door until the process ends; raises `StateInUse`. Returns the open file."""
        path = self.folder / "lock"
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            holder = path.read_text("utf-8").strip() or "?"
            os.close(handle)
            raise StateInUse(folder=str(self.folder), pid=holder) from error
        os.ftruncate(handle, 0)
        os.pwrite(handle, str(os.getpid()).encode(), 0)
        return handle

    def log(self, name: str) -> Path:
        """Where the program `name` writes."""
        return self.folder / "logs" / f"{name}.log"

    def secrets(self) -> dict[str, str]:
        """The secrets of this stack (secrets.json, mode 0600), made at random once; raises `StateUnusable`."""
        path = self.folder / "secrets.json"
        kept: dict[str, str] = {}
        if path.exists():
            try:
                kept = {str(key): str(value) for key, value in json.loads(path.read_text("utf-8")).items()}
            except (OSError, ValueError, AttributeError) as error:
                raise StateUnusable(folder=str(self.folder), why=f"secrets.json: {error}") from error
        missing = [name for name in SECRET_NAMES if name not in kept]
        if missing:
            kept |= {name: secrets.token_hex(SECRET_BYTES.get(name, 24)) for name in missing}
            write_private(path, json.dumps(kept, indent=1))
        return kept
