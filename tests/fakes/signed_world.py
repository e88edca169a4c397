"""One partner's courses in a signed repository, with their packs, indexes and blobs: all that a public bucket holds."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from securesystemslib.dsse import Envelope

from catalog.formats.hashing import canonical_json, sha256_hex
from catalog.formats.protocol import DIRECTION_TYPE, Assignment, Direction, Policy
from catalog.formats.release import Release
from tests.factories import Track
from tests.fakes.repository import FakeRepository


class SignedWorld:
    """`objects` is what the store gives out, by name; tests change it as an attacker or a broken disk would."""

    def __init__(self, seed: str = "test", now: datetime | None = None) -> None:
        self.repository = FakeRepository(seed, now or datetime.now(UTC))
        self.partner = self.repository.add_partner()
        self.root = self.repository.first_root
        self.direction_version = 0

    @property
    def objects(self) -> dict[str, bytes]:
        """The public bucket."""
        return self.repository.objects

    def publish(self, release: Release, tracks: Iterable[Track], blobs: Iterable[bytes] = ()) -> None:
        """Store all that a release names, list it as its course's newest, and sign."""
        for track in tracks:
            self.objects[f"indexes/{track.index.digest}"] = track.index.encoded
            self.objects[f"packs/{track.index.digest}"] = track.pack
        for blob in blobs:
            self.objects[f"blobs/{sha256_hex(blob)}"] = blob
        self.repository.publish(release)

    def direct(
        self,
        node: str,
        store_url: str,
        courses: Sequence[tuple[str, int]],
        policy: Mapping[str, Any] | None = None,
        ahead: timedelta = timedelta(0),
    ) -> bytes:
        """Return a direction, signed by a clock that is `ahead`, that assigns courses given as (course, release)."""
        self.direction_version += 1
        issued = datetime.now(UTC) + ahead
        direction = Direction(
            node=node,
            version=self.direction_version,
            issued=issued,
            expires=issued + timedelta(days=30),
            store_url=store_url,
            assignments=tuple(Assignment(course=c, partner=self.partner, release=n) for c, n in courses),
            policy=Policy.model_validate({"disk_reserve_bytes": 0, **(policy or {})}),
        )
        envelope = Envelope(canonical_json(direction.model_dump(mode="json")), DIRECTION_TYPE, {})
        envelope.sign(self.repository.keys["directions"])
        return canonical_json(envelope.to_dict())
