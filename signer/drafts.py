"""Drafts: releases that wait for a person's signature, one durable file each."""

import json
from collections.abc import Callable
from datetime import datetime
from enum import StrEnum
from pathlib import Path

from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from catalog.formats.errors import AppError
from catalog.formats.hashing import sha256_hex
from catalog.formats.ids import Id, is_id, new_id
from catalog.formats.release import Release, first_fault, parse_release
from signer.durable import write_durably
from signer.errors import BrokenFile, UnknownDraft


class DraftState(StrEnum):
    """Where a draft stands. `signed` is in force here and not yet known to be in the store."""

    WAITING = "waiting"
    SIGNED = "signed"
    PUBLISHED = "published"
    REFUSED = "refused"


class Draft(BaseModel):
    """A release to sign. `pending` is the partner's role with the signatures so far, where one is not enough.

    `replaced` is, once it is signed, the store key of the release before it. `reason` says why it was refused:
    the code of an AppError, its message and its data.
    """

    model_config = ConfigDict(frozen=True)

    id: Id
    received: AwareDatetime
    release: str
    state: DraftState = DraftState.WAITING
    reason: str | None = None
    reason_message: str | None = None
    reason_data: dict[str, str | int | float | None] = {}
    pending: str | None = None
    replaced: str | None = None
    signed_by: tuple[str, ...] = ()

    def parsed(self) -> Release:
        """Return the release."""
        return parse_release(self.release.encode())

    def refused(self, error: AppError) -> "Draft":
        """Return this draft, refused for `error`."""
        return self.model_copy(
            update={
                "state": DraftState.REFUSED,
                "reason": error.code,
                "reason_message": error.message,
                "reason_data": error.data,
                "pending": None,
            }
        )


class Drafts:
    """The drafts in `folder`."""

    def __init__(
        self, folder: Path, now: Callable[[], datetime], write: Callable[[Path, bytes], None] = write_durably
    ) -> None:
        self._folder = folder
        self._write = write
        self._now = now

    def add(self, data: bytes) -> Draft:
        """Keep a release that waits for a signature; the same bytes again are the same draft while it waits."""
        known = self._folder / "by-digest" / sha256_hex(data)
        if known.exists():
            draft = self.get(known.read_text())
            if draft.state is not DraftState.REFUSED:
                return draft
        draft = Draft(id=new_id(), received=self._now(), release=data.decode())
        self.keep(draft)
        self._write(known, draft.id.encode())
        return draft

    def get(self, draft_id: str) -> Draft:
        """Return a draft. Raises UnknownDraft."""
        path = self._path(draft_id)
        if not is_id(draft_id) or not path.is_file():
            raise UnknownDraft
        try:
            return Draft.model_validate_json(path.read_bytes())
        except ValidationError as error:
            raise BrokenFile(path=str(path), why=first_fault(error)) from error

    def keep(self, draft: Draft) -> None:
        """Keep a draft as it now is."""
        data = json.dumps(draft.model_dump(mode="json"), ensure_ascii=False)
        self._write(self._path(draft.id), data.encode())

    def is_marked(self, draft: Draft) -> bool:
        """Say whether a draft was about to be in force when it was last looked at."""
        return (self._folder / "signed" / draft.id).exists()

    def marked(self) -> list[Draft]:
        """Return the drafts that were signed, or about to be, and are not yet known to be in the store."""
        return [self.get(path.name) for path in sorted((self._folder / "signed").glob("*")) if is_id(path.name)]

    def mark_signed(self, draft: Draft) -> None:
        """Note that a draft is about to be in force, so that it is looked at when the store has been brought up."""
        self._write(self._folder / "signed" / draft.id, b"")

    def unmark(self, draft: Draft) -> None:
        """Forget that a draft was about to be in force."""
        (self._folder / "signed" / draft.id).unlink(missing_ok=True)

    def mark_published(self, draft: Draft) -> None:
        """Note that everything of a draft is in the store."""
        self.keep(draft.model_copy(update={"state": DraftState.PUBLISHED, "pending": None}))
        self.unmark(draft)

    def _path(self, draft_id: str) -> Path:
        return self._folder / f"{draft_id}.json"
