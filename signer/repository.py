"""The signed repository on the signer's own disk: the truth, of which the object store holds a copy.

`objects/` holds every file under the name that it has in the store. `committed.json` says which root and which
timestamp are in force, and is replaced last: a crash before that leaves files that nothing refers to, and the
next commit writes over them. Nothing is uploaded that is not committed.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from threading import RLock

from tuf.api.metadata import (
    DelegatedRole,
    Delegations,
    Key,
    Metadata,
    MetaFile,
    Root,
    Snapshot,
    TargetFile,
    Targets,
    Timestamp,
)

from catalog.formats.change import change_name
from catalog.formats.errors import NotTrusted
from catalog.formats.ids import DIGEST_PATTERN
from catalog.formats.release import Release
from catalog.formats.trust import DIRECTIONS_ROLE, TIMESTAMP, Floor, ReleaseTarget, Trust, partner_role
from signer.durable import locked, write_durably
from signer.errors import AlreadyThere, BrokenFile, NotThere
from signer.keys import KeyFolder, OnlineKeys

LIFETIMES = {
    "root": timedelta(days=3652),
    "targets": timedelta(days=365),
    "snapshot": timedelta(days=30),
    "timestamp": timedelta(days=30),
}
"""How long a statement is good for; partners' roles as targets. Expiry only warns (ADR 3)."""

PATIENCE_S = 10.0


def metadata_key(role: str, version: int) -> str:
    """Return the name in the store of version `version` of a role's metadata (timestamp has none)."""
    return f"metadata/{version}.{role}.json"


@dataclass(frozen=True)
class Statements:
    """All that is in force: verified as a node verifies it (`trust`), and the objects that say it, by store key."""

    trust: Trust
    objects: dict[str, bytes]
    root: Metadata[Root]
    timestamp: Metadata[Timestamp]
    snapshot: Metadata[Snapshot]
    targets: Metadata[Targets]
    partners: dict[str, Metadata[Targets]]

    def role(self, name: str) -> DelegatedRole | None:
        """Return the delegation to the role `name`."""
        delegations = self.targets.signed.delegations
        return (delegations.roles or {}).get(name) if delegations else None

    @cached_property
    def releases(self) -> dict[tuple[str, str], ReleaseTarget]:
        """The listed releases, by (partner, course)."""
        return self.trust.releases()

    def listed(self, partner: str, course: str) -> ReleaseTarget | None:
        """Return the release of `course` that `partner` has published."""
        return self.releases.get((partner, course))


def read_statements(read: Callable[[str], bytes | None]) -> Statements:
    """Take everything that `read` (store key → bytes or None) holds, in a node's order. Raises NotTrusted."""
    objects: dict[str, bytes] = {}

    def need(key: str) -> bytes:
        data = read(key)
        if data is None:
            raise NotTrusted(what=key, why="it is missing")
        objects[key] = data
        return data

    trust = Trust(need(metadata_key("root", 1)), Floor())
    root_bytes = objects[metadata_key("root", 1)]
    while (data := read(metadata_key("root", trust.root_version + 1))) is not None:
        trust.take_root(data)
        root_bytes = objects[metadata_key("root", trust.root_version)] = data
    timestamp = need(TIMESTAMP)
    trust.take_timestamp(timestamp)
    snapshot = need(metadata_key("snapshot", trust.snapshot_version))
    trust.take_snapshot(snapshot)
    targets = need(metadata_key("targets", trust.version_of("targets")))
    trust.take_targets(targets)
    partners = {}
    for role, version in trust.partner_roles().items():
        data = need(metadata_key(role, version))
        trust.take_partner(role, data)
        partners[role] = Metadata[Targets].from_bytes(data)
    return Statements(
        trust,
        objects,
        Metadata[Root].from_bytes(root_bytes),
        Metadata[Timestamp].from_bytes(timestamp),
        Metadata[Snapshot].from_bytes(snapshot),
        Metadata[Targets].from_bytes(targets),
        partners,
    )


class LocalRepository:
    """The signed repository in `folder`; `now` is the clock, `patience_s` how long to wait for another process.

    `write` puts a file in place, whole or not at all: tests give one that fails.
    """

    def __init__(
        self,
        folder: Path,
        keys: KeyFolder,
        now: Callable[[], datetime],
        *,
        patience_s: float = PATIENCE_S,
        write: Callable[[Path, bytes], None] = write_durably,
    ) -> None:
        self.folder = folder
        self.keys = keys
        self._now = now
        self._patience_s = patience_s
        self._write = write
        self._mine = RLock()
        self._held = False
        self._loaded: tuple[bytes, Statements] | None = None

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Be the only one who writes: threads of this process wait, another process's turn ends in SignerBusy."""
        with self._mine:
            if self._held:
                yield
                return
            with locked(self.folder / "lock", self._patience_s):
                self._held = True
                try:
                    yield
                finally:
                    self._held = False

    def load(self) -> Statements:
        """Return what is in force. Raises NotThere before `create`, BrokenFile where the disk has damaged it."""
        pointer = self._pointer()
        if self._loaded is not None and self._loaded[0] == pointer:
            return self._loaded[1]
        try:
            statements = read_statements(self._reader(pointer))
        except NotTrusted as error:
            raise BrokenFile(path=str(self.folder), why=str(error)) from error
        self._loaded = (pointer, statements)
        return statements

    def _pointer(self) -> bytes:
        try:
            return (self.folder / "committed.json").read_bytes()
        except OSError as error:
            raise NotThere(folder=str(self.keys.folder)) from error

    def _reader(self, pointer: bytes) -> Callable[[str], bytes | None]:
        try:
            committed = json.loads(pointer)
            root, timestamp = int(committed["root"]), int(committed["timestamp"])
        except (ValueError, KeyError, TypeError) as error:
            raise BrokenFile(path=str(self.folder / "committed.json"), why=type(error).__name__) from error

        def read(key: str) -> bytes | None:
            if key == metadata_key("root", root + 1):
                return None
            return self.stored(metadata_key("timestamp", timestamp) if key == TIMESTAMP else key)

        return read

    def stored(self, key: str) -> bytes | None:
        """Return the object that the store holds, or should hold, under `key`."""
        try:
            return (self.folder / "objects" / key).read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise BrokenFile(path=str(self.folder / "objects" / key), why=error.strerror or "unreadable") from error

    def changes_to(self, release: str) -> Iterator[tuple[str, bytes]]:
        """Yield name and bytes of the changes that make the release with this sha256 of older ones."""
        folder = self.folder / "objects" / change_name(release, "")
        older = sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []
        for digest in older:
            key = change_name(release, digest)
            data = self.stored(key) if re.fullmatch(DIGEST_PATTERN, digest) else None
            if data is not None:
                yield key, data

    def online(self, statements: Statements) -> OnlineKeys:
        """Return the online keys that `statements` name."""
        directions = statements.role(DIRECTIONS_ROLE)
        if directions is None:
            raise BrokenFile(path=str(self.folder), why="no key is named for directions")
        roles = statements.root.signed.roles
        return self.keys.online(roles["snapshot"].keyids[0], roles["timestamp"].keyids[0], directions.keyids[0])

    def expiry(self, kind: str) -> datetime:
        """Return when a statement of `kind` that is signed now expires."""
        return (self._now() + LIFETIMES[kind]).astimezone(UTC).replace(microsecond=0)

    def create(self, passphrase: str, root_folder: Path | None = None) -> Statements:
        """Make all keys but the partners', and a repository that lists nothing. Raises AlreadyThere."""
        with self.writing():
            if (self.folder / "committed.json").exists():
                raise AlreadyThere(what=str(self.folder))
            self.keys.forget_unused()  # a crash may have left keys that no root names
            root_key = self.keys.make_ops("root", passphrase, root_folder)
            targets_key = self.keys.make_ops("targets", passphrase)
            online = self.keys.make_online()
            root = Root(version=1, expires=self.expiry("root"), consistent_snapshot=True)
            for role, key in (
                ("root", root_key),
                ("targets", targets_key),
                ("snapshot", online.snapshot),
                ("timestamp", online.timestamp),
            ):
                root.add_key(key.public_key, role)
            targets = Targets(version=1, expires=self.expiry("targets"), delegations=Delegations({}, {}))
            delegate(
                targets,
                DelegatedRole(DIRECTIONS_ROLE, [], 1, terminating=True, paths=[]),
                [online.directions.public_key],
            )
            signed_root, signed_targets = Metadata(root), Metadata(targets)
            signed_root.sign(root_key)
            signed_targets.sign(targets_key)
            snapshot = Snapshot(version=1, expires=self.expiry("snapshot"), meta={})
            return self._commit(signed_root, snapshot, 1, {"targets": signed_targets}, {}, online)

    def commit(
        self,
        changed: Mapping[str, Metadata[Targets]],
        files: Mapping[str, bytes] | None = None,
        *,
        root: Metadata[Root] | None = None,
        online: OnlineKeys | None = None,
        at_least: int = 1,
    ) -> Statements:
        """Put signed roles (by name) and release `files` (by store key) in force, with a new snapshot and timestamp.

        `root` is the next root, with its `online` keys, where it changes. `at_least` is the lowest version that
        snapshot and timestamp may get. Call it while `writing`. Raises NotTrusted, and commits nothing, where a
        node would refuse the outcome.
        """
        old = self.load()
        snapshot = Snapshot(
            version=max(old.snapshot.signed.version + 1, at_least),
            expires=self.expiry("snapshot"),
            meta=dict(old.snapshot.signed.meta),
        )
        timestamp = max(old.timestamp.signed.version + 1, at_least)
        return self._commit(root or old.root, snapshot, timestamp, changed, files or {}, online or self.online(old))

    def _commit(
        self,
        root: Metadata[Root],
        snapshot: Snapshot,
        timestamp_version: int,
        changed: Mapping[str, Metadata[Targets]],
        files: Mapping[str, bytes],
        online: OnlineKeys,
    ) -> Statements:
        new = dict(files)
        new[metadata_key("root", root.signed.version)] = root.to_bytes()
        for role, metadata in changed.items():
            data = metadata.to_bytes()
            new[metadata_key(role, metadata.signed.version)] = data
            snapshot.meta[f"{role}.json"] = MetaFile.from_data(metadata.signed.version, data, ["sha256"])
        signed = Metadata(snapshot)
        signed.sign(online.snapshot)
        new[metadata_key("snapshot", snapshot.version)] = data = signed.to_bytes()
        named = MetaFile.from_data(snapshot.version, data, ["sha256"])
        stamp = Metadata(Timestamp(timestamp_version, expires=self.expiry("timestamp"), snapshot_meta=named))
        stamp.sign(online.timestamp)
        new[metadata_key("timestamp", timestamp_version)] = stamp.to_bytes()
        pointer = _pointer_to(root.signed.version, timestamp_version)
        committed = self._reader(pointer)
        stamp_key = metadata_key("timestamp", timestamp_version)
        statements = read_statements(lambda key: new[stamp_key] if key == TIMESTAMP else new.get(key) or committed(key))
        self._put_in_force(new, pointer)
        self._loaded = (pointer, statements)
        return statements

    def take_over(self, found: Statements, files: Mapping[str, bytes]) -> Statements:
        """Put statements verified elsewhere in force, with the releases that they list. Call it while `writing`."""
        version = found.timestamp.signed.version
        new = {**files, **found.objects, metadata_key("timestamp", version): found.objects[TIMESTAMP]}
        del new[TIMESTAMP]
        self._put_in_force(new, _pointer_to(found.root.signed.version, version))
        return self.load()

    def _put_in_force(self, new: Mapping[str, bytes], pointer: bytes) -> None:
        for key, data in new.items():
            if self.stored(key) != data:
                self._write(self.folder / "objects" / key, data)
        self._write(self.folder / "committed.json", pointer)


def _pointer_to(root: int, timestamp: int) -> bytes:
    return json.dumps({"root": root, "timestamp": timestamp}).encode()


def delegate(targets: Targets, role: DelegatedRole, keys: list[Key]) -> None:
    """Let `targets` delegate to `role`, signed by `keys` beside those that it has."""
    before = targets.delegations or Delegations({}, {})
    targets.delegations = Delegations(before.keys, {**(before.roles or {}), role.name: role})
    for key in keys:
        targets.add_key(key, role.name)


def with_release(
    role: Metadata[Targets], release: Release, data: bytes, version: int, expires: datetime
) -> Metadata[Targets]:
    """Return an unsigned successor of a partner's role that lists `release` (encoded: `data`), no older one."""
    folder = release.target_path.rpartition("/")[0] + "/"
    kept = {path: file for path, file in role.signed.targets.items() if not path.startswith(folder)}
    kept[release.target_path] = TargetFile.from_data(release.target_path, data, ["sha256"])
    return Metadata(Targets(version=version, expires=expires, targets=kept))


def role_for(partner: str, threshold: int) -> DelegatedRole:
    """Return the delegation to a partner, without keys: its own releases and nothing else."""
    return DelegatedRole(partner_role(partner), [], threshold, terminating=True, paths=[f"releases/{partner}/*/*"])
