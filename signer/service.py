"""What the signer does: takes drafts, lets people sign them, signs directions, and keeps the store's copy up."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import structlog
from tuf.api.metadata import Metadata, Targets

from catalog.formats.change import change_name, make_change
from catalog.formats.errors import AppError, BadFormat
from catalog.formats.hashing import sha256_hex
from catalog.formats.release import Release, parse_release
from catalog.formats.trust import partner_role
from catalog.storage.base import ObjectStore, StoreAway, StoreRefused
from signer.completeness import check_complete
from signer.directions import DirectionRequest, Directions
from signer.drafts import Draft, Drafts, DraftState
from signer.durable import write_durably
from signer.errors import AlreadySigned, DraftClosed, NoName, NotNewer, NotUploaded, UnknownPartner, UnknownSigner
from signer.keys import KeyFolder
from signer.proposal import Proposal, compare, is_renamed
from signer.repository import PATIENCE_S, LocalRepository, Statements, with_release
from signer.upload import Uploader

log = structlog.get_logger(__name__)

REFRESH_BEFORE = timedelta(days=15)


@dataclass(frozen=True)
class Outcome:
    """What became of a signature: `missing` more are wanted; the state says whether readers can see the release."""

    draft: Draft
    missing: int


class SignerService:
    """The signer over the folder `folder` and an object store. Threads may share it."""

    def __init__(
        self,
        folder: Path,
        store: ObjectStore,
        now: Callable[[], datetime],
        *,
        keys: KeyFolder | None = None,
        patience_s: float = PATIENCE_S,
        write: Callable[[Path, bytes], None] = write_durably,
    ) -> None:
        self.keys = keys or KeyFolder(folder)
        self.repository = LocalRepository(folder / "repository", self.keys, now, patience_s=patience_s, write=write)
        self.directions = Directions(folder / "directions", self.repository, now)
        self.drafts = Drafts(folder / "drafts", now, write)
        self.uploader = Uploader(self.repository, store)
        self._store = store
        self.now = now
        self._trouble: AppError | None = NotUploaded()

    def propose(self, data: bytes) -> Draft:
        """Take a release (its encoded bytes) that waits for signatures.

        Raises BadFormat, UnknownPartner, NotNewer, or Incomplete where the store lacks something of it.
        """
        release = parse_release(data)
        if release.encoded() != data:
            raise BadFormat(what="release", why="it is not in canonical form")
        statements = self.repository.load()
        self._check_signable(statements, release)
        check_complete(self._store, release)
        with self.repository.writing():
            draft = self.drafts.add(data)
        log.info("draft.received", draft=draft.id, course=release.course, number=release.number)
        return draft

    def draft(self, draft_id: str) -> Draft:
        """Return a draft as it stands; one that another release has overtaken is refused now."""
        draft = self.drafts.get(draft_id)
        if draft.state is DraftState.WAITING and not self.drafts.is_marked(draft):
            try:
                self._check_signable(self.repository.load(), draft.parsed())
            except NotNewer as error:
                draft = draft.refused(error)
                with self.repository.writing():
                    self.drafts.keep(draft)
        return draft

    def proposal(self, draft: Draft) -> Proposal:
        """Return what the page of a draft shows."""
        release = draft.parsed()
        statements = self.repository.load()
        role = statements.role(partner_role(release.partner))
        listed = statements.listed(release.partner, release.course)
        before = draft.replaced
        if draft.state is DraftState.WAITING and listed is not None:
            before = listed.stored_as
        data = self.repository.stored(before) if before else None
        previous = parse_release(data) if data else None
        return Proposal(
            release=release,
            previous=previous.number if previous else None,
            lessons=compare(release, previous),
            renamed=is_renamed(release, previous),
            threshold=role.threshold if role else 1,
            signers=tuple(card.name for card in self.keys.signers(release.partner)),
            signed_by=draft.signed_by,
        )

    def sign(self, draft_id: str, name: str, passphrase: str) -> Outcome:
        """Sign a draft as `name`; when enough have, put it in force and in the store.

        Raises what `propose` raises, and DraftClosed, NoName, UnknownSigner, BadPassphrase, TooManyTries,
        AlreadySigned, SignerBusy, Diverged. A store that is away is no error: the release is signed, and follows later.
        """
        name = name.strip()
        if not name or not passphrase:
            raise NoName
        draft = self.draft(draft_id)
        if draft.state is not DraftState.WAITING:
            raise DraftClosed(state=draft.state.value)
        release = draft.parsed()
        key = self.keys.open_partner(release.partner, name, passphrase)
        check_complete(self._store, release)
        with self.repository.writing():
            draft = self.drafts.get(draft_id)
            if draft.state is not DraftState.WAITING:
                raise DraftClosed(state=draft.state.value)
            statements = self.repository.load()
            self._check_signable(statements, release)
            self._bring_up_if_there(statements)  # raises Diverged before anything is built on a restored backup
            role_name = partner_role(release.partner)
            role = statements.role(role_name)
            if role is None or key.public_key.keyid not in role.keyids:
                raise UnknownSigner(name=name)
            metadata, signed_by = self._pending(draft, statements, release)
            if key.public_key.keyid in metadata.signatures:
                raise AlreadySigned(name=name)
            metadata.sign(key, append=True)
            draft = draft.model_copy(update={"pending": metadata.to_bytes().decode(), "signed_by": (*signed_by, name)})
            missing = role.threshold - len(metadata.signatures)
            if missing > 0:
                self.drafts.keep(draft)
                log.info("draft.signed", draft=draft.id, missing=missing)
                return Outcome(draft, missing)
            return Outcome(self._publish(draft, release, metadata), 0)

    def _pending(
        self, draft: Draft, statements: Statements, release: Release
    ) -> tuple[Metadata[Targets], tuple[str, ...]]:
        """Return the role to sign: that which others signed before, unless the partner's role has moved on since."""
        current = statements.partners[partner_role(release.partner)]
        version = current.signed.version + 1
        if draft.pending is not None:
            pending = Metadata[Targets].from_bytes(draft.pending.encode())
            if pending.signed.version == version:
                return pending, draft.signed_by
        data = draft.release.encode()
        return with_release(current, release, data, version, self.repository.expiry("targets")), ()

    def _publish(self, draft: Draft, release: Release, metadata: Metadata[Targets]) -> Draft:
        data = draft.release.encode()
        target = metadata.signed.targets[release.target_path]
        stored_as = target.get_prefixed_paths()[0]
        listed = self.repository.load().listed(release.partner, release.course)
        replaced = listed.stored_as if listed else None
        files = {stored_as: data}
        older = self.repository.stored(replaced) if replaced else None
        if listed is not None and older is not None:
            files[change_name(sha256_hex(data), listed.sha256)] = make_change(older, data)
        draft = draft.model_copy(update={"state": DraftState.SIGNED, "pending": None, "replaced": replaced})
        # A draft is marked before the commit: should the power fail in between, `_recover` sees which it was.
        self.drafts.mark_signed(draft)
        statements = self.repository.commit({partner_role(release.partner): metadata}, files)
        self.drafts.keep(draft)
        log.info("release.signed", course=release.course, number=release.number, signers=len(draft.signed_by))
        self._bring_up_if_there(statements)
        return self.drafts.get(draft.id)

    def _bring_up_if_there(self, statements: Statements) -> None:
        try:
            self._bring_up(statements)
        except (StoreAway, StoreRefused) as error:
            log.warning("metadata.upload-failed", error=error.code, why=str(error))

    def tick(self) -> None:
        """Renew what expires soon, and bring the store up with what is committed. Raises AppError where it cannot."""
        try:
            self._tick()
        except AppError as error:
            self._trouble = error
            raise
        self._trouble = None

    def _tick(self) -> None:
        with self.repository.writing():
            statements = self.repository.load()
            self._recover(statements)
            soon = self.now() + REFRESH_BEFORE
            if min(statements.timestamp.signed.expires, statements.snapshot.signed.expires) < soon:
                statements = self.repository.commit({})
                log.info("metadata.renewed", timestamp=statements.timestamp.signed.version)
            if not self.uploader.is_current(statements) or self.drafts.marked():
                self._bring_up(statements)

    def refresh(self) -> Statements:
        """Sign snapshot and timestamp anew, and upload them."""
        with self.repository.writing():
            statements = self.repository.commit({})
            self._bring_up(statements)
            return statements

    def _bring_up(self, statements: Statements) -> None:
        self.uploader.upload(statements)
        for draft in self.drafts.marked():
            if draft.state is DraftState.SIGNED:
                self.drafts.mark_published(draft)

    def _recover(self, statements: Statements) -> None:
        """Decide what a crash left open: a draft that was about to be in force either is, or still waits."""
        for draft in self.drafts.marked():
            if draft.state is DraftState.WAITING:
                release = draft.parsed()
                listed = statements.listed(release.partner, release.course)
                if listed is not None and listed.sha256 == sha256_hex(draft.release.encode()):
                    self.drafts.keep(draft.model_copy(update={"state": DraftState.SIGNED, "pending": None}))
                else:
                    self.drafts.unmark(draft)

    def direction(self, request: DirectionRequest) -> dict[str, object]:
        """Return the signed direction for a node (see `Directions.sign`)."""
        return self.directions.sign(request)

    def problems(self) -> list[AppError]:
        """Return why the signer is not ready to work; nothing where it is."""
        found: list[AppError] = []
        try:
            statements = self.repository.load()
            self.repository.online(statements)
        except AppError as error:
            found.append(error)
        try:
            self._store.ping()
        except AppError as error:
            found.append(error)
        if not found and self._trouble is not None:
            found.append(self._trouble)
        return found

    @staticmethod
    def _check_signable(statements: Statements, release: Release) -> None:
        if partner_role(release.partner) not in statements.partners:
            raise UnknownPartner(partner=release.partner)
        listed = statements.listed(release.partner, release.course)
        if listed is not None and listed.number >= release.number:
            raise NotNewer(number=release.number, listed=listed.number)
