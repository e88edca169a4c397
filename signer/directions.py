"""Directions: what one node should do, signed for it by the online key."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from pydantic import Field, ValidationError
from securesystemslib.dsse import Envelope

from catalog.formats.errors import BadFormat
from catalog.formats.hashing import canonical_json
from catalog.formats.ids import Id
from catalog.formats.protocol import DIRECTION_TYPE, Assignment, Direction, Policy
from catalog.formats.release import Document, first_fault
from signer.durable import write_durably
from signer.errors import BrokenFile, UnknownRelease
from signer.repository import LocalRepository, Statements

LIFETIME = timedelta(days=30)


class DirectionRequest(Document):
    """A direction without what the signer adds; `minimum_version` is the highest that the API remembers, plus one."""

    node: Id
    store_url: str = Field(max_length=2000)
    assignments: tuple[Assignment, ...] = Field(max_length=10_000)
    policy: Policy = Policy()
    minimum_version: int = Field(default=1, ge=1, lt=1 << 53)


def parse_request(data: bytes) -> DirectionRequest:
    """Return the request in `data`. Raises BadFormat."""
    try:
        return DirectionRequest.model_validate_json(data)
    except ValidationError as error:
        raise BadFormat(what="direction", why=first_fault(error)) from error


class Directions:
    """Signs directions, and remembers each node's last version in `folder`."""

    def __init__(self, folder: Path, repository: LocalRepository, now: Callable[[], datetime]) -> None:
        self._folder = folder
        self._repository = repository
        self._now = now

    def sign(self, request: DirectionRequest) -> dict[str, object]:
        """Return a DSSE envelope. Raises UnknownRelease where a release is not listed as its partner's.

        The version is kept, durably, before the envelope leaves: no two directions of a node share one.
        """
        with self._repository.writing():
            statements = self._repository.load()
            for assignment in request.assignments:
                _check_listed(statements, assignment)
            version = max(self.last_version(request.node) + 1, request.minimum_version, self._floor())
            write_durably(self._path(request.node), json.dumps({"version": version}).encode())
        issued = self._now().replace(microsecond=0)
        direction = Direction(
            version=version,
            issued=issued,
            expires=issued + LIFETIME,
            **{name: getattr(request, name) for name in ("node", "store_url", "assignments", "policy")},
        )
        envelope = Envelope(canonical_json(direction.model_dump(mode="json")), DIRECTION_TYPE, {})
        envelope.sign(self._repository.online(statements).directions)
        return envelope.to_dict()

    def last_version(self, node: str) -> int:
        """Return the version of the last direction signed for `node`; 0 if there was none."""
        return self._number(self._path(node))

    def raise_to(self, version: int) -> None:
        """Let no direction from now on have a version below `version`: after a restore from a backup."""
        with self._repository.writing():
            if version > self._floor():
                write_durably(self._folder / "floor.json", json.dumps({"version": version}).encode())

    def _floor(self) -> int:
        return self._number(self._folder / "floor.json")

    def _path(self, node: str) -> Path:
        return self._folder / node[-2:] / f"{node}.json"

    @staticmethod
    def _number(path: Path) -> int:
        try:
            return int(json.loads(path.read_bytes())["version"])
        except FileNotFoundError:
            return 0
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise BrokenFile(path=str(path), why=type(error).__name__) from error


def _check_listed(statements: Statements, assignment: Assignment) -> None:
    listed = statements.listed(assignment.partner, assignment.course)
    if listed is None or listed.number < assignment.release:
        raise UnknownRelease(course=assignment.course, release=assignment.release, partner=assignment.partner)
