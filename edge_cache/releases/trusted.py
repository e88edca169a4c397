"""The node's trust on the disk: the root with the version floor, and a cache of signed metadata.

`trusted.json` is the truth, written durably, root and floor together, before anything that depends on them. The
other files only save bytes on the line and are verified again each time they are read.
"""

import json
from pathlib import Path

from catalog.durable import replace_durably
from catalog.formats.errors import NotTrusted
from catalog.formats.trust import Floor, Trust
from edge_cache.errors import NodeStateUnreadable


class TrustFolder:
    """The folder `trust/` of a node."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._root = ""

    def begin(self, root: bytes) -> None:
        """Start with the root that an enrolment code vouches for. Raises NotTrusted if it is no root."""
        trust = Trust(root, Floor())
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.keep_root(trust, root)

    def open(self) -> Trust:
        """Return the trust as it was kept. Raises NodeStateUnreadable if the disk has lost it."""
        try:
            kept = json.loads((self._folder / "trusted.json").read_bytes())
            floor = Floor({str(role): int(version) for role, version in kept["floor"].items()})
            self._root = kept["root"]
            return Trust(self._root.encode(), floor)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, NotTrusted) as error:
            raise NodeStateUnreadable(folder=str(self._folder), why=str(error)) from error

    def keep_root(self, trust: Trust, data: bytes) -> None:
        """Keep the root that `trust` has just taken, and the floor that it changed, in one."""
        self._root = data.decode()
        self.keep_floor(trust)

    def keep_floor(self, trust: Trust) -> None:
        """Keep the floor of `trust`, if it has changed."""
        data = json.dumps({"root": self._root, "floor": trust.floor.versions}, sort_keys=True).encode()
        if self._read("trusted.json") != data:
            replace_durably(self._folder / "trusted.json", data)

    def keep(self, trust: Trust, role: str, data: bytes) -> None:
        """Keep metadata that `trust` has just taken; first the floor that it raised, then the metadata."""
        self.keep_floor(trust)
        if self.cached(role) != data:
            replace_durably(self._folder / f"cached-{role}.json", data)

    def cached(self, role: str) -> bytes | None:
        """Return the metadata of `role` as last kept: a hint, to be verified like any other bytes."""
        return self._read(f"cached-{role}.json")

    def _read(self, name: str) -> bytes | None:
        try:
            return (self._folder / name).read_bytes()
        except OSError:
            return None
