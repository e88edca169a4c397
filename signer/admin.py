"""What ops does to the signed repository by hand: partners, their signers, renewal, new online keys, a restore."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import structlog
from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import Metadata, Root, Targets

from catalog.formats.errors import BadFormat, NotTrusted
from catalog.formats.ids import is_id
from catalog.formats.trust import DIRECTIONS_ROLE, partner_role
from signer.directions import Directions
from signer.errors import AlreadyThere, UnknownPartner, UnknownSigner
from signer.keys import Duty
from signer.repository import LocalRepository, Statements, delegate, metadata_key, role_for
from signer.upload import Uploader

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class NewSigner:
    """A person who is to get a key."""

    name: str
    duty: Duty
    passphrase: str


class Admin:
    """The operations of the command line; each is whole or does nothing."""

    def __init__(self, repository: LocalRepository, directions: Directions) -> None:
        self._repository = repository
        self._directions = directions

    def add_partner(self, partner: str, people: Sequence[NewSigner], threshold: int, ops_passphrase: str) -> Statements:
        """Let `people` sign the releases of `partner`, `threshold` of them for each. Raises AlreadyThere."""
        if not is_id(partner):
            raise BadFormat(what="partner id", why=f"{partner[:40]!r} is not 26 characters of a ULID")
        keys = self._repository.keys
        with self._repository.writing():
            statements = self._repository.load()
            name = partner_role(partner)
            if statements.role(name) is not None:
                raise AlreadyThere(what=partner)
            ops = keys.open_ops("targets", ops_passphrase)
            keys.forget_partner(partner)  # a crash may have left keys that no role names
            signers = [keys.make_partner(partner, p.name, p.duty, p.passphrase) for p in people]
            targets = self._next_targets(statements)
            delegate(targets.signed, role_for(partner, threshold), [s.public_key for s in signers])
            targets.sign(ops)
            role = Metadata(Targets(version=1, expires=self._repository.expiry("targets")))
            for signer in signers:
                role.sign(signer, append=True)
            statements = self._repository.commit({"targets": targets, name: role})
        log.info("partner.added", partner=partner, signers=len(signers), threshold=threshold)
        return statements

    def add_signer(self, partner: str, person: NewSigner, ops_passphrase: str) -> Statements:
        """Give one more person of `partner` a key. Raises UnknownPartner, AlreadyThere."""
        keys = self._repository.keys
        with self._repository.writing():
            statements = self._repository.load()
            name = partner_role(partner)
            if statements.role(name) is None:
                raise UnknownPartner(partner=partner)
            ops = keys.open_ops("targets", ops_passphrase)
            signer = keys.make_partner(partner, person.name, person.duty, person.passphrase)
            targets = self._next_targets(statements)
            targets.signed.add_key(signer.public_key, name)
            targets.sign(ops)
            statements = self._repository.commit({"targets": targets})
        log.info("signer.added", partner=partner, duty=person.duty.value)
        return statements

    def renew_partner(self, partner: str, passphrases: Mapping[str, str], at_least: int = 1) -> Statements:
        """Sign a partner's role anew as it is, by the people named (name → passphrase): it expires, or was restored."""
        keys = self._repository.keys
        with self._repository.writing():
            statements = self._repository.load()
            name = partner_role(partner)
            role = statements.role(name)
            if role is None:
                raise UnknownPartner(partner=partner)
            old = statements.partners[name].signed
            version = max(old.version + 1, at_least)
            new = Metadata(
                Targets(version=version, expires=self._repository.expiry("targets"), targets=dict(old.targets))
            )
            for person, passphrase in passphrases.items():
                new.sign(keys.open_partner(partner, person, passphrase), append=True)
            if len(new.signatures.keys() & set(role.keyids)) < role.threshold:
                raise UnknownSigner(name=", ".join(passphrases))
            statements = self._repository.commit({name: new})
        log.info("partner.renewed", partner=partner, version=version)
        return statements

    def renew_targets(self, ops_passphrase: str, at_least: int = 1) -> Statements:
        """Sign the top-level targets anew, before they expire."""
        with self._repository.writing():
            statements = self._repository.load()
            targets = self._next_targets(statements, at_least)
            targets.sign(self._repository.keys.open_ops("targets", ops_passphrase))
            return self._repository.commit({"targets": targets}, at_least=at_least)

    def raise_versions(self, at_least: int, ops_passphrase: str) -> list[str]:
        """Raise every version that ops can raise to `at_least`: after the folder was restored from a backup.

        Returns the partners whose roles are below it; their own people raise them by `renew_partner`.
        """
        with self._repository.writing():
            self._directions.raise_to(at_least)
            statements = self.renew_targets(ops_passphrase, at_least)
        log.info("versions.raised", at_least=at_least)
        return [
            name.removeprefix("partner-").upper()
            for name, role in statements.partners.items()
            if role.signed.version < at_least
        ]

    def rotate_online(self, ops_passphrase: str, root_key: CryptoSigner) -> Statements:
        """Replace the online keys (snapshot, timestamp, directions), for example because a machine was broken into."""
        keys = self._repository.keys
        with self._repository.writing():
            statements = self._repository.load()
            ops = keys.open_ops("targets", ops_passphrase)
            online = keys.make_online()
            root = Metadata(Root.from_dict(statements.root.signed.to_dict()))
            root.signed.version += 1
            root.signed.expires = self._repository.expiry("root")
            for role, key in (("snapshot", online.snapshot), ("timestamp", online.timestamp)):
                for keyid in list(root.signed.roles[role].keyids):
                    root.signed.revoke_key(keyid, role)
                root.signed.add_key(key.public_key, role)
            root.sign(root_key)
            targets = self._next_targets(statements)
            directions = statements.role(DIRECTIONS_ROLE)
            for keyid in directions.keyids if directions else []:
                targets.signed.revoke_key(keyid, DIRECTIONS_ROLE)
            targets.signed.add_key(online.directions.public_key, DIRECTIONS_ROLE)
            targets.sign(ops)
            statements = self._repository.commit({"targets": targets}, root=root, online=online)
        log.info("online-keys.rotated", root=root.signed.version)
        return statements

    def adopt(self, uploader: Uploader) -> Statements:
        """Take over what the store holds, which is newer than this folder: after a restore from a backup.

        Raises NotTrusted where the store's statements do not follow from this folder's first root.
        """
        with self._repository.writing():
            own = self._repository.load()
            found = uploader.adopt()
            first = metadata_key("root", 1)
            if found.objects[first] != own.objects[first]:
                raise NotTrusted(what=first, why="the store holds the repository of another root")
            files = {target.stored_as: uploader.release(target) for target in found.releases.values()}
            statements = self._repository.take_over(found, files)
        log.info("repository.adopted", timestamp=statements.timestamp.signed.version)
        return statements

    def _next_targets(self, statements: Statements, at_least: int = 1) -> Metadata[Targets]:
        targets = Metadata(Targets.from_dict(statements.targets.signed.to_dict()))
        targets.signed.version = max(targets.signed.version + 1, at_least)
        targets.signed.expires = self._repository.expiry("targets")
        return targets
