"""Which releases and directions a node believes: TUF's rules without input or output (design §5, ADR on time).

The caller fetches bytes from anywhere and hands them over in the order root(s), timestamp, snapshot, targets,
partner roles. Differences from python-tuf's client, both deliberate: expiry is reported and never refused,
because boxes live offline with wrong clocks; and versions may not fall below a `Floor` that the caller keeps
durably, so that a lost or zeroed cache cannot open the way for a rollback.
"""

import json
import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from pydantic import ValidationError
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import Error as SigningError
from tuf.api.exceptions import LengthOrHashMismatchError, RepositoryError
from tuf.api.metadata import Key, Metadata, MetaFile, Root, Snapshot, TargetFile, Targets, Timestamp

from catalog.formats.errors import NotTrusted
from catalog.formats.ids import ID_PATTERN
from catalog.formats.protocol import DIRECTION_TYPE, Direction
from catalog.formats.release import Release, first_fault, parse_release

DIRECTIONS_ROLE = "directions"
TIMESTAMP = "metadata/timestamp.json"
"""The timestamp's name in the store: the only one whose bytes change."""
MAX_METADATA_BYTES = 16 << 20
MAX_DIRECTION_BYTES = 8 << 20

_ID = ID_PATTERN.strip("^$")
_TARGET = re.compile(rf"releases/({_ID})/({_ID})/([1-9][0-9]{{0,8}})\.json")


def partner_role(partner: str) -> str:
    """Return the name of the role that signs the releases of `partner` (an Id)."""
    return f"partner-{partner.lower()}"


@dataclass(frozen=True)
class Floor:
    """The highest versions seen, by role name; `direction` for the node's direction. Kept durably by the node."""

    versions: dict[str, int] = field(default_factory=dict)

    def __getitem__(self, role: str) -> int:
        return self.versions.get(role, 0)

    def raised(self, role: str, version: int) -> "Floor":
        """Return a floor that is at least `version` for `role`."""
        return Floor({**self.versions, role: max(version, self[role])})

    def without_online_roles(self) -> "Floor":
        """Return a floor that remembers the root and the direction only."""
        return Floor({role: version for role, version in self.versions.items() if role in ("root", "direction")})


@dataclass(frozen=True)
class ReleaseTarget:
    """A release as the signed repository lists it: where it is, how long (bytes) and its sha256."""

    path: str
    partner: str
    course: str
    number: int
    length: int
    sha256: str

    @property
    def stored_as(self) -> str:
        """Its name in the store: the path with the digest before the file's name (TUF's consistent snapshots)."""
        folder, _, name = self.path.rpartition("/")
        return f"{folder}/{self.sha256}.{name}"


class Trust:
    """The verified state of the signed repository. Every `take_*` raises NotTrusted and then changes nothing."""

    def __init__(self, root: bytes, floor: Floor) -> None:
        """Start from `root`, the root.json that the node already trusts."""
        self.floor = floor
        first = _parse(root, Root, "root")
        _check_signatures("root", first.signed, "root", first)
        self._root: Root = first.signed
        self._timestamp: Timestamp | None = None
        self._snapshot: Snapshot | None = None
        self._targets: Targets | None = None
        self._partners: dict[str, Targets] = {}
        self._check_floor("root", self._root.version)
        self._raise_floor("root", self._root.version)

    @property
    def root_version(self) -> int:
        """The version of the root in force; the next one to ask for is one more."""
        return self._root.version

    def take_root(self, data: bytes) -> None:
        """Go on to the next root, which the present and the new keys must both have signed.

        What was taken under the old root has to be taken again. Where the root changes the keys of timestamp or
        snapshot, the floors under them are forgotten: whoever stole the old keys may have signed versions that
        the centre will never reach (TUF 5.3.11, recovery from a fast-forward attack).
        """
        new = _parse(data, Root, "root")
        _check_signatures("root", self._root, "root", new)
        _check_signatures("root", new.signed, "root", new)
        if new.signed.version != self._root.version + 1:
            raise NotTrusted(what="root", why=f"it is version {new.signed.version}, not {self._root.version + 1}")
        if any(_keys_of(new.signed, role) != _keys_of(self._root, role) for role in ("timestamp", "snapshot")):
            self.floor = self.floor.without_online_roles()
        self._root = new.signed
        self._timestamp = self._snapshot = self._targets = None
        self._partners = {}
        self._raise_floor("root", new.signed.version)

    def take_timestamp(self, data: bytes) -> bool:
        """Take the timestamp; return whether it names a snapshot that was not yet taken."""
        new = _parse(data, Timestamp, "timestamp")
        _check_signatures("timestamp", self._root, "timestamp", new)
        self._check_floor("timestamp", new.signed.version)
        self._check_floor("snapshot", new.signed.snapshot_meta.version)
        self._timestamp = new.signed
        self._raise_floor("timestamp", new.signed.version)
        return self._snapshot is None or self._snapshot.version != new.signed.snapshot_meta.version

    @property
    def snapshot_version(self) -> int:
        """The version of the snapshot that the timestamp names."""
        return _taken(self._timestamp, "timestamp").snapshot_meta.version

    def take_snapshot(self, data: bytes) -> None:
        """Take the snapshot that the timestamp names; none of the roles it lists may have gone back.

        Targets and partner roles are then to be taken anew, so that statements of two snapshots never mix.
        """
        _check_bytes("snapshot", _taken(self._timestamp, "timestamp").snapshot_meta, data)
        new = _parse(data, Snapshot, "snapshot")
        _check_signatures("snapshot", self._root, "snapshot", new)
        if new.signed.version != self.snapshot_version:
            raise NotTrusted(what="snapshot", why=f"it is version {new.signed.version}, not {self.snapshot_version}")
        listed = {name.removesuffix(".json"): meta.version for name, meta in new.signed.meta.items()}
        for role in self.floor.versions.keys() - {"root", "timestamp", "snapshot", "direction"} | listed.keys():
            self._check_floor(role, listed.get(role, 0))
        self._snapshot, self._targets, self._partners = new.signed, None, {}
        self._raise_floor("snapshot", new.signed.version)

    def version_of(self, role: str) -> int:
        """Return the version of `role` (for example "targets") that the snapshot names; 0 if it names none."""
        meta = _taken(self._snapshot, "snapshot").meta.get(f"{role}.json")
        return 0 if meta is None else meta.version

    def take_targets(self, data: bytes) -> None:
        """Take the top-level targets, which say who signs directions and the releases of each partner."""
        self._targets, self._partners = self._take_role("targets", self._root, data), {}

    def take_partner(self, role: str, data: bytes) -> None:
        """Take a partner's role, signed as the top-level targets demand."""
        self._partners[role] = self._take_role(role, _taken(self._targets, "targets"), data)

    def partner_roles(self) -> dict[str, int]:
        """Return the roles that sign releases, with the versions that the snapshot names."""
        delegations = _taken(self._targets, "targets").delegations
        names = [] if delegations is None or delegations.roles is None else list(delegations.roles)
        versions = {name: self.version_of(name) for name in names if name != DIRECTIONS_ROLE}
        return {name: version for name, version in versions.items() if version}

    def releases(self) -> dict[tuple[str, str], ReleaseTarget]:
        """Return the newest release of each course, by (partner, course), in the partner roles taken so far.

        A partner can list only what the top-level targets delegate to it; anything else is passed over. Course
        ids alone are no key: a partner may list a release under the id of another partner's course.
        """
        found: dict[tuple[str, str], ReleaseTarget] = {}
        _taken(self._targets, "targets")
        for name, signed in self._partners.items():
            for path in signed.targets:
                target = self._listed(name, path)
                if target is None:
                    continue
                key = (target.partner, target.course)
                if key not in found or found[key].number < target.number:
                    found[key] = target
        return found

    def _listed(self, name: str, path: str) -> ReleaseTarget | None:
        """Return what the role `name` lists at `path`, if that is a release and the role's own to list."""
        delegations = _taken(self._targets, "targets").delegations
        role = (delegations.roles or {}).get(name) if delegations else None
        signed, match = self._partners.get(name), _TARGET.fullmatch(path)
        file = signed.targets.get(path) if signed else None
        if role is None or file is None or match is None or not role.is_delegated_path(path):
            return None
        partner, course, number = match.groups()
        if partner_role(partner) != name or "sha256" not in file.hashes:
            return None
        return ReleaseTarget(path, partner, course, int(number), file.length, file.hashes["sha256"])

    def open_release(self, target: ReleaseTarget, data: bytes) -> Release:
        """Return the release in `data`, which must be what the signed repository lists as `target`."""
        if self._listed(partner_role(target.partner), target.path) != target:
            raise NotTrusted(what=target.path, why="the signed repository does not list it now")
        _check_bytes(target.path, self._partners[partner_role(target.partner)].targets[target.path], data)
        release = parse_release(data)
        if release.target_path != target.path:
            raise NotTrusted(what="release", why=f"it is {release.target_path}, listed as {target.path}")
        return release

    def open_direction(self, data: bytes, node: str) -> Direction:
        """Return the direction in `data`, a DSSE envelope signed by the online key, meant for `node`."""
        if len(data) > MAX_DIRECTION_BYTES:
            raise NotTrusted(what="direction", why=f"it has {len(data)} bytes, more than {MAX_DIRECTION_BYTES}")
        try:
            envelope = Envelope.from_dict(json.loads(data))
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError, SigningError) as error:
            raise NotTrusted(what="direction", why="it is not a DSSE envelope") from error
        if envelope.payload_type != DIRECTION_TYPE:
            raise NotTrusted(what="direction", why=f"its payload is {envelope.payload_type!r}")
        keys, threshold = self._direction_keys()
        try:
            envelope.verify(keys, threshold)
        except (ValueError, SigningError) as error:
            raise NotTrusted(what="direction", why="it is not signed by the centre's key for directions") from error
        try:
            direction = Direction.model_validate_json(envelope.payload)
        except ValidationError as error:
            raise NotTrusted(what="direction", why=first_fault(error)) from error
        if direction.node != node:
            raise NotTrusted(what="direction", why="it is meant for another node")
        self._check_floor("direction", direction.version)
        self._raise_floor("direction", direction.version)
        return direction

    def signed_roles(self) -> dict[str, datetime]:
        """Return when each statement in force expires, for a warning to ops; nothing is refused for its age."""
        statements: dict[str, Root | Timestamp | Snapshot | Targets | None] = {
            "root": self._root,
            "timestamp": self._timestamp,
            "snapshot": self._snapshot,
            "targets": self._targets,
            **self._partners,
        }
        return {name: signed.expires for name, signed in statements.items() if signed is not None}

    def _direction_keys(self) -> tuple[list[Key], int]:
        delegations = _taken(self._targets, "targets").delegations
        role = (delegations.roles or {}).get(DIRECTIONS_ROLE) if delegations else None
        if delegations is None or role is None:
            raise NotTrusted(what="direction", why="the signed repository names no key for directions")
        return [delegations.keys[keyid] for keyid in role.keyids if keyid in delegations.keys], role.threshold

    def _take_role(self, name: str, delegator: Root | Targets, data: bytes) -> Targets:
        meta = _taken(self._snapshot, "snapshot").meta.get(f"{name}.json")
        if meta is None:
            raise NotTrusted(what=name, why="the snapshot does not list it")
        _check_bytes(name, meta, data)
        new = _parse(data, Targets, name)
        _check_signatures(name, delegator, name, new)
        if new.signed.version != meta.version:
            raise NotTrusted(what=name, why=f"it is version {new.signed.version}, the snapshot names {meta.version}")
        self._raise_floor(name, new.signed.version)
        return new.signed

    def _check_floor(self, role: str, version: int) -> None:
        if version < self.floor[role]:
            raise NotTrusted(what=role, why=f"it is version {version}, version {self.floor[role]} was already seen")

    def _raise_floor(self, role: str, version: int) -> None:
        self.floor = self.floor.raised(role, version)


_Kind = TypeVar("_Kind", Root, Timestamp, Snapshot, Targets)


def _parse(data: bytes, kind: type[_Kind], name: str) -> Metadata[_Kind]:
    """Return `data` as TUF metadata of `kind`; its signatures are not yet checked."""
    if len(data) > MAX_METADATA_BYTES:
        raise NotTrusted(what=name, why=f"it has {len(data)} bytes, more than {MAX_METADATA_BYTES}")
    try:
        metadata: Metadata[_Kind] = Metadata.from_bytes(data)
    except RepositoryError as error:
        raise NotTrusted(what=name, why="it is not TUF metadata") from error
    if not isinstance(metadata.signed, kind):
        raise NotTrusted(what=name, why=f"it is metadata of type {metadata.signed.type!r}")
    return metadata


def _check_signatures(name: str, delegator: Root | Targets, role: str, metadata: Metadata[_Kind]) -> None:
    try:
        delegator.verify_delegate(role, metadata.signed_bytes, metadata.signatures)
    except (RepositoryError, ValueError) as error:
        raise NotTrusted(what=name, why="it is not signed by enough of the keys that may sign it") from error


def _check_bytes(name: str, meta: MetaFile | TargetFile, data: bytes) -> None:
    try:
        meta.verify_length_and_hashes(data)
    except LengthOrHashMismatchError as error:
        raise NotTrusted(what=name, why="it does not have the length and digest that were signed") from error


def _taken(statement: _Kind | None, name: str) -> _Kind:
    if statement is None:
        raise NotTrusted(what=name, why="it has not been received yet")
    return statement


def _keys_of(root: Root, role: str) -> dict[str, Key]:
    return {keyid: root.keys[keyid] for keyid in root.roles[role].keyids if keyid in root.keys}
