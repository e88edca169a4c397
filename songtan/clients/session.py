"""Where a sign-in is kept: `$XDG_CONFIG_HOME/songtan/<face>.json`, readable by its owner only."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from songtan.clients.errors import NoCentre, NoSession

Face = Literal["partner", "ops"]
API_SETTING = "SONGTAN_API"
SESSION_SETTING = "SONGTAN_TOKEN"


@dataclass(frozen=True)
class Session:
    """A sign-in at a centre: its address without a slash at the end, and the bearer token."""

    api: str
    token: str


def session_file(face: Face) -> Path:
    """Return where the sign-in of a face is kept."""
    folder = os.environ.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(folder) / "songtan" / f"{face}.json"


def keep(face: Face, session: Session) -> Path:
    """Write the sign-in, complete or not at all, with mode 0600. Return the file."""
    path = session_file(face)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(asdict(session), file)
    partial.replace(path)
    return path


def forget(face: Face) -> None:
    """Remove the sign-in that is kept, if there is one."""
    session_file(face).unlink(missing_ok=True)


def kept(face: Face) -> Session | None:
    """Return the sign-in that is kept; one that cannot be read counts as none."""
    try:
        found = json.loads(session_file(face).read_text("utf-8"))
        return Session(api=str(found["api"]), token=str(found["token"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def current(face: Face) -> Session:
    """Return the sign-in to use: SONGTAN_API and SONGTAN_TOKEN before what is kept. Raises NoCentre, NoSession."""
    before = kept(face)
    api = os.environ.get(API_SETTING) or (before.api if before else "")
    if not api:
        raise NoCentre(face=face)
    api = api.rstrip("/")
    token = os.environ.get(SESSION_SETTING) or (before.token if before and before.api == api else "")
    if not token:
        raise NoSession(face=face, api=api)
    return Session(api=api, token=token)
