"""The node's trust on the disk: the root with the version floor.

`trusted.json` is the truth, written durably, root and floor together, before anything that depends on them. Other
signed statements are kept too, but only to save bytes on the line: they are verified again each time they are read.
"""

import json
from pathlib import Path

from catalog.durable import replace_durably
from catalog.formats.errors import NotTrusted
from catalog.formats.trust import Floor, Trust
from edge_cache.errors import NodeStateUnreadable
from edge_cache.store.files import in_words


class TrustFolder:
    """The folder `trust/` of a node."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._root = ""

    @property
    def root(self) -> bytes:
        """The root in force, as it was signed; known once the trust was opened."""
        return self._root.encode()

    def begin(self, root: bytes) -> None:
        """Start with the root that an enrolment code vouches for. Raises NotTrusted, or DiskTrouble."""
        trust = Trust(root, Floor())
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.keep_root(trust, root)

    def open(self) -> Trust:
        """Return the trust as it was kept. Raises NodeStateUnreadable if the disk has lost it."""
        try:
            kept = json.loads((self._folder / "trusted.json").read_bytes())
            floor = Floor({str(role): int(version) for role, version in kept["floor"].items()})
            self._root = kept["root"]
            return Trust(self.root, floor)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, NotTrusted) as error:
            raise NodeStateUnreadable(folder=str(self._folder), why=str(error)) from error

    def keep_root(self, trust: Trust, data: bytes) -> None:
        """Keep the root that `trust` has just taken, and the floor that it changed, in one. Raises DiskTrouble."""
        self._root = data.decode()
        self.keep_floor(trust)

    def keep_floor(self, trust: Trust) -> None:
        """Keep the floor of `trust`, if it has changed. Raises DiskFull or DiskUnwritable."""
        data = json.dumps({"root": self._root, "floor": trust.floor.versions}, sort_keys=True).encode()
        path = self._folder / "trusted.json"
        try:
            same = path.read_bytes() == data
        except OSError:
            same = False
        if same:
            return
        try:
            replace_durably(path, data)
        except OSError as error:
            raise in_words(error, self._folder) from error
