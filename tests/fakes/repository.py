"""A signed repository in memory, written with python-tuf alone and not with the signer's code: each checks the other.

repository = FakeRepository()
partner = repository.add_partner()
repository.publish(make_release((...,), partner=partner))
trust = repository.read()            # a node that took everything
repository.objects                   # what the store would hold, by store key
repository.direction(node, [...])    # a DSSE envelope

Every key is made from `seed`, so the same steps give the same bytes. Attacks are made with its methods too: what a
thief of this or that key, or of the line, could make.
"""

import copy
import hashlib
import json
from collections.abc import Collection, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from securesystemslib.dsse import Envelope
from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import (
    DelegatedRole,
    Delegations,
    Metadata,
    MetaFile,
    Root,
    Snapshot,
    TargetFile,
    Targets,
    Timestamp,
)

from catalog.formats.hashing import canonical_json
from catalog.formats.ids import new_id
from catalog.formats.protocol import DIRECTION_TYPE, Assignment, Direction, Policy
from catalog.formats.release import Release
from catalog.formats.rungs import Rung
from catalog.formats.trust import DIRECTIONS_ROLE, Floor, ReleaseTarget, Trust, partner_role
from tests.factories import make_lesson, make_media, make_release, make_track

TIMESTAMP = "metadata/timestamp.json"
_Signed = TypeVar("_Signed", Root, Timestamp, Snapshot, Targets)
NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)


def key_from(seed: str) -> CryptoSigner:
    """Return the Ed25519 key that `seed` gives: always the same one."""
    return CryptoSigner(Ed25519PrivateKey.from_private_bytes(hashlib.sha256(seed.encode()).digest()))


PARTNER = "01JDE0000000000000000PARTN"
OTHER = "01JDE000000000000000THERPR"
COURSE = "01JDE00000000000000000CRSE"
NODE = "01JDE00000000000000000NQDE"
_LESSONS = (make_lesson(make_media({Rung.FLOOR: make_track()}, None)),)


def small_release(number: int = 1, partner: str = PARTNER, course: str = COURSE) -> Release:
    """Return a release of one lesson; those of one course differ by their number alone."""
    return make_release(_LESSONS, number, course, partner)


class FakeRepository:
    """Root, timestamp, snapshot, targets, partners; `objects` is what a reader finds, by store key."""

    def __init__(self, seed: str = "test", now: datetime = NOW) -> None:
        self.seed = seed
        self.expires = now + timedelta(days=365)
        self.objects: dict[str, bytes] = {}
        self.keys = {
            role: key_from(f"{seed} {role}") for role in ("root", "timestamp", "snapshot", "targets", "directions")
        }
        self.partner_keys: dict[str, list[CryptoSigner]] = {}
        self.partners: dict[str, Targets] = {}
        self.root = Root(version=1, expires=self.expires, consistent_snapshot=True)
        for role in ("root", "timestamp", "snapshot", "targets"):
            self.root.add_key(self.keys[role].public_key, role)
        self.targets = Targets(version=1, expires=self.expires, delegations=Delegations({}, {}))
        self._delegate(DelegatedRole(DIRECTIONS_ROLE, [], 1, terminating=True, paths=[]), [self.keys["directions"]])
        self.snapshot = Snapshot(version=1, expires=self.expires, meta={})
        self.timestamp = Timestamp(version=1, expires=self.expires)
        self.write_root([self.keys["root"]])
        self.write_targets()
        self.write_snapshot()

    @property
    def first_root(self) -> bytes:
        """root.json version 1, which a node gets when it enrols."""
        return self.objects["metadata/1.root.json"]

    def copy(self) -> "FakeRepository":
        """Return this repository as it now is; the two then go their own ways."""
        other = copy.copy(self)
        for name in ("objects", "keys", "partner_keys"):
            setattr(other, name, dict(getattr(self, name)))
        for name in ("root", "targets", "snapshot", "timestamp", "partners"):
            setattr(other, name, copy.deepcopy(getattr(self, name)))
        return other

    def add_partner(self, partner: str | None = None, threshold: int = 1, paths: Sequence[str] | None = None) -> str:
        """Delegate to a partner (with `threshold` keys) and return its id; `paths` are those that it should have."""
        partner = partner or new_id()
        name = partner_role(partner)
        self.partner_keys[name] = [key_from(f"{self.seed} {name} {n}") for n in range(threshold)]
        role = DelegatedRole(name, [], threshold, terminating=True, paths=list(paths or [f"releases/{partner}/*/*"]))
        self._delegate(role, self.partner_keys[name])
        self.targets.version += 1
        self.write_targets()
        self.partners[name] = Targets(version=1, expires=self.expires)
        self.write_partner(name)
        self.next_snapshot()
        return partner

    def _delegate(self, role: DelegatedRole, keys: Sequence[CryptoSigner]) -> None:
        delegations = self.targets.delegations
        assert delegations is not None
        assert delegations.roles is not None
        delegations.roles[role.name] = role
        for key in keys:
            self.targets.add_key(key.public_key, role.name)

    def publish(
        self, release: Release, *, role: str | None = None, signers: Sequence[CryptoSigner] | None = None
    ) -> ReleaseTarget:
        """List `release` in its partner's role (or in `role`) instead of its course's older one, and sign all."""
        name = role or partner_role(release.partner)
        data, path = release.encoded(), release.target_path
        signed = self.partners[name]
        folder = path.rpartition("/")[0] + "/"
        signed.targets = {p: file for p, file in signed.targets.items() if not p.startswith(folder)}
        signed.targets[path] = TargetFile.from_data(path, data, ["sha256"])
        signed.version += 1
        target = ReleaseTarget(
            path, release.partner, release.course, release.number, len(data), signed.targets[path].hashes["sha256"]
        )
        self.objects[target.stored_as] = data
        self.write_partner(name, signers)
        self.next_snapshot()
        return target

    def write_root(self, signers: Sequence[CryptoSigner]) -> bytes:
        """Sign the root as it is and store it under its version."""
        return self._write(f"metadata/{self.root.version}.root.json", self.root, signers)

    def write_targets(self, signer: CryptoSigner | None = None) -> bytes:
        """Sign the top-level targets as they are, and let the snapshot name them."""
        return self._write_role("targets", self.targets, [signer or self.keys["targets"]])

    def write_partner(self, name: str, signers: Sequence[CryptoSigner] | None = None) -> bytes:
        """Sign a partner's role as it is, and let the snapshot name it."""
        return self._write_role(name, self.partners[name], self.partner_keys[name] if signers is None else signers)

    def next_snapshot(self) -> None:
        """Sign a snapshot and a timestamp with the next versions."""
        self.snapshot.version += 1
        self.timestamp.version += 1
        self.write_snapshot()

    def write_snapshot(self) -> None:
        """Sign snapshot and timestamp with the versions that they have."""
        data = self._write(f"metadata/{self.snapshot.version}.snapshot.json", self.snapshot, [self.keys["snapshot"]])
        self.timestamp.snapshot_meta = MetaFile.from_data(self.snapshot.version, data, ["sha256"])
        self.write_timestamp()

    def write_timestamp(self) -> bytes:
        """Sign the timestamp as it is."""
        return self._write(TIMESTAMP, self.timestamp, [self.keys["timestamp"]])

    def rotate(self, *roles: str) -> bytes:
        """Make the next root, with new keys for `roles`; the old and the new root keys sign it. Return it."""
        signers = [self.keys["root"]]
        self.root.version += 1
        for role in roles:
            self.root.revoke_key(self.keys[role].public_key.keyid, role)
            self.keys[role] = key_from(f"{self.seed} {role} {self.root.version}")
            self.root.add_key(self.keys[role].public_key, role)
        if "root" in roles:
            signers.append(self.keys["root"])
        data = self.write_root(signers)
        if "targets" in roles:
            self.targets.version += 1
            self.write_targets()
        self.next_snapshot()
        return data

    def direction(
        self,
        node: str,
        assignments: Sequence[Assignment] = (),
        version: int = 1,
        *,
        signer: CryptoSigner | None = None,
        payload_type: str = DIRECTION_TYPE,
        policy: Policy | None = None,
        store_url: str = "http://store.test/songtan-public",
        unsaid: Collection[str] = (),
    ) -> bytes:
        """Return a signed direction for `node`, as the API hands it out; of its policy these fields are `unsaid`."""
        direction = Direction(
            node=node,
            version=version,
            issued=NOW,
            expires=NOW + timedelta(days=30),
            store_url=store_url,
            assignments=tuple(assignments),
            policy=policy or Policy(),
        )
        said = direction.model_dump(mode="json", exclude={"policy": set(unsaid)})
        envelope = Envelope(canonical_json(said), payload_type, {})
        envelope.sign(signer or self.keys["directions"])
        return json.dumps(envelope.to_dict(), sort_keys=True).encode()

    def read(self, trust: Trust | None = None, floor: Floor | None = None) -> Trust:
        """Take everything in a node's order, into `trust` or a new one. Raises NotTrusted, or KeyError for a gap."""
        trust = trust or Trust(self.first_root, floor or Floor())
        while (data := self.objects.get(f"metadata/{trust.root_version + 1}.root.json")) is not None:
            trust.take_root(data)
        trust.take_timestamp(self.objects[TIMESTAMP])
        trust.take_snapshot(self.objects[f"metadata/{trust.snapshot_version}.snapshot.json"])
        trust.take_targets(self.objects[f"metadata/{trust.version_of('targets')}.targets.json"])
        for role, version in trust.partner_roles().items():
            trust.take_partner(role, self.objects[f"metadata/{version}.{role}.json"])
        return trust

    def _write_role(self, name: str, signed: Targets, signers: Sequence[CryptoSigner]) -> bytes:
        data = self._write(f"metadata/{signed.version}.{name}.json", signed, signers)

        self.snapshot.meta[f"{name}.json"] = MetaFile.from_data(signed.version, data, ["sha256"])
        return data

    def _write(self, key: str, signed: _Signed, signers: Sequence[CryptoSigner]) -> bytes:
        metadata = Metadata(signed)
        for signer in signers:
            metadata.sign(signer, append=True)
        self.objects[key] = data = metadata.to_bytes()
        return data
