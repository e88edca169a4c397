"""A signer that keeps drafts in memory and signs nothing really. `away` and `refusal` make it fail."""

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from catalog.formats.hashing import canonical_json
from catalog.formats.ids import new_id
from catalog.formats.protocol import DIRECTION_TYPE, Direction
from catalog.formats.release import Release, parse_release
from catalog.publishing.errors import SignerAway, SignerRefused
from catalog.publishing.signer_client import DraftState

ROOT = b'{"signed": {"_type": "root", "version": 1}, "signatures": []}'


class FakeSigner:
    """Implements `Signer`; a test plays the publisher by `sign` and `refuse`."""

    def __init__(self, url: str = "http://signer.test") -> None:
        self.url = url
        self.drafts: dict[str, DraftState] = {}
        self.releases: dict[str, Release] = {}
        self.directions: list[Direction] = []
        self.away = False
        self.refusal = ""

    def _reach(self) -> None:
        if self.away:
            raise SignerAway(why="the fake signer is away")
        if self.refusal:
            raise SignerRefused(why=self.refusal)

    def post_draft(self, release: bytes) -> DraftState:
        self._reach()
        draft_id = new_id()
        self.releases[draft_id] = parse_release(release)
        url = f"{self.url}/sign/{draft_id}"
        self.drafts[draft_id] = DraftState(draft_id=draft_id, sign_url=url, state="waiting")
        return self.drafts[draft_id]

    def draft_state(self, draft_id: str) -> DraftState:
        self._reach()
        if draft_id not in self.drafts:
            raise SignerRefused(why="no such draft")
        return self.drafts[draft_id]

    def sign(self, draft_id: str) -> None:
        """Sign and publish a draft, as the publisher would."""
        path = self.releases[draft_id].target_path
        self.drafts[draft_id] = self.drafts[draft_id].model_copy(update={"state": "published", "target_path": path})

    def refuse(self, draft_id: str, reason: str) -> None:
        """Refuse a draft, as the publisher would."""
        self.drafts[draft_id] = self.drafts[draft_id].model_copy(update={"state": "refused", "reason": reason})

    def sign_direction(self, direction: dict[str, Any], minimum_version: int) -> tuple[bytes, int]:
        self._reach()
        now = datetime.now(UTC)
        last = max([d.version for d in self.directions if d.node == direction["node"]], default=0)
        made = Direction.model_validate(
            {
                **direction,
                "version": max(last + 1, minimum_version),
                "issued": now,
                "expires": now + timedelta(days=90),
            }
        )
        self.directions.append(made)
        payload = base64.b64encode(canonical_json(made.model_dump(mode="json"))).decode()
        envelope = {"payloadType": DIRECTION_TYPE, "payload": payload, "signatures": []}
        return json.dumps(envelope).encode(), made.version

    def root(self) -> bytes:
        self._reach()
        return ROOT

    def ping(self) -> None:
        self._reach()
