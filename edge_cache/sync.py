"""Releases in: the direction from the centre, the signed repository from the store, and only what they vouch for.

Each part can fail alone: no centre, no store, or a statement that is refused. A failure becomes a problem that
people see; what was verified before stays and serves.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TypeVar

import structlog

from catalog.formats.errors import AppError, NotTrusted
from catalog.formats.protocol import Assignment, Direction
from catalog.formats.release import MAX_RELEASE_BYTES
from catalog.formats.trust import MAX_METADATA_BYTES, ReleaseTarget, Trust, partner_role
from edge_cache.centre import Centre
from edge_cache.errors import ReleaseMissing, SourceForbids, SourceLacks, StatementExpired
from edge_cache.identity import Identity
from edge_cache.notes import Notes
from edge_cache.releases.repository import ReleaseRepository
from edge_cache.releases.trusted import TrustFolder
from edge_cache.sources import Source

log = structlog.get_logger(__name__)

MAX_ROOTS_AT_ONCE = 1024
MAX_TIMESTAMP_BYTES = 64 << 10

_Done = TypeVar("_Done")


@dataclass
class SyncResult:
    """What a sync brought: new releases, whether another direction came, and every problem that it met."""

    releases: int = 0
    directed: bool = False
    problems: int = 0


class Sync:
    """Brings in directions and releases. `source_at` gives the source at a store's address."""

    def __init__(
        self,
        identity: Identity,
        centre: Centre,
        source_at: Callable[[str], Source],
        trusted: TrustFolder,
        releases: ReleaseRepository,
        notes: Notes,
        clock: Callable[[], datetime],
    ) -> None:
        self._identity, self._centre, self._source_at = identity, centre, source_at
        self._trusted, self._releases, self._notes, self._clock = trusted, releases, notes, clock

    @property
    def direction(self) -> Direction | None:
        """The direction in force, as it was verified when it came."""
        text = self._notes.fact("direction")
        return None if text is None else Direction.model_validate_json(text)

    @property
    def store_url(self) -> str:
        """Where the public objects are: as the direction says, until then as enrolment said."""
        direction = self.direction
        return direction.store_url.rstrip("/") if direction else self._identity.store_url

    async def run(self) -> SyncResult:
        """Look once at the centre and at the store. Raises NodeStateUnreadable if the node's own trust is lost."""
        result = SyncResult()
        trust = self._trusted.open()
        envelope = await self._part("centre", result, self._ask_centre())
        source = self._source_at(self.store_url)
        fresh = await self._part("metadata", result, self._refresh(trust, source))
        if envelope is not None and "targets" in trust.signed_roles():
            taken = await self._part("direction", result, self._take_direction(trust, *envelope))
            result.directed = taken is True
        direction = self.direction
        if direction is not None:
            self._forget_problems_of_others(direction)
            if fresh:
                await self._take_releases(trust, self._source_at(self.store_url), direction, result)
        self._warn_of_age(trust, direction)
        self._releases.switch()
        return result

    async def _part(self, area: str, result: SyncResult, work: Awaitable[_Done]) -> _Done | None:
        """Do one part; note its problem, or that it is well."""
        try:
            done = await work
        except AppError as error:
            if self._notes.trouble(area, error):
                log.warning("sync.part-failed", area=area, problem=error.code, **error.data)
            result.problems += 1
            return None
        self._notes.mended(area)
        return done

    async def _ask_centre(self) -> tuple[bytes, str | None] | None:
        answer = await self._centre.direction(self._notes.fact("direction_etag"))
        self._notes.keep(contact=self._clock().isoformat())
        return answer

    async def _refresh(self, trust: Trust, source: Source) -> bool:
        """Bring `trust` up to the store's newest metadata; without the store, up to what was kept of it."""
        try:
            await self._take_roots(trust, source)
            data = await source.get("metadata/timestamp.json", MAX_TIMESTAMP_BYTES)
            trust.take_timestamp(data)
        except AppError:
            self._from_cache(trust)
            raise
        self._trusted.keep(trust, "timestamp", data)
        await self._take_role(trust, source, "snapshot", trust.snapshot_version, trust.take_snapshot)
        await self._take_role(trust, source, "targets", trust.version_of("targets"), trust.take_targets)
        return True

    async def _take_roots(self, trust: Trust, source: Source) -> None:
        for _ in range(MAX_ROOTS_AT_ONCE):
            try:
                data = await source.get(f"metadata/{trust.root_version + 1}.root.json", MAX_METADATA_BYTES)
            except (SourceLacks, SourceForbids):  # some stores say 403 for what is not there
                return
            trust.take_root(data)
            self._trusted.keep_root(trust, data)

    def _from_cache(self, trust: Trust) -> None:
        """Take what was kept of the metadata, as far as it still holds: enough to judge a direction by."""
        takes: tuple[tuple[str, Callable[[bytes], object]], ...] = (
            ("timestamp", trust.take_timestamp),
            ("snapshot", trust.take_snapshot),
            ("targets", trust.take_targets),
        )
        for role, take in takes:
            if not self._take_cached(role, take):
                return

    def _take_cached(self, role: str, take: Callable[[bytes], object]) -> bool:
        data = self._trusted.cached(role)
        try:
            if data is not None:
                take(data)
        except NotTrusted:
            return False
        return data is not None

    async def _take_role(
        self, trust: Trust, source: Source, role: str, version: int, take: Callable[[bytes], object]
    ) -> None:
        """Take a role's metadata from the cache if it is still the one, else from `source`."""
        if not self._take_cached(role, take):
            data = await source.get(f"metadata/{version}.{role}.json", MAX_METADATA_BYTES)
            take(data)
            self._trusted.keep(trust, role, data)

    async def _take_direction(self, trust: Trust, envelope: bytes, etag: str | None) -> bool:
        direction = trust.open_direction(envelope, self._identity.node)
        self._trusted.keep_floor(trust)
        self._releases.assign(direction.assignments, direction.policy.tiers)
        self._notes.keep(direction=direction.model_dump_json(), direction_etag=etag)
        self._notes.witness(direction.issued)
        log.info("direction.taken", version=direction.version, courses=len(direction.assignments))
        return True

    async def _take_releases(self, trust: Trust, source: Source, direction: Direction, result: SyncResult) -> None:
        roles = trust.partner_roles()
        for partner in {assignment.partner: None for assignment in direction.assignments}:
            role = partner_role(partner)
            if role in roles:
                take = partial(trust.take_partner, role)
                await self._part(f"partner:{partner}", result, self._take_role(trust, source, role, roles[role], take))
        self._trusted.keep_floor(trust)
        listed = trust.releases()
        for assignment in direction.assignments:
            target = listed.get((assignment.partner, assignment.course))
            work = self._take_release(trust, source, assignment, target)
            result.releases += bool(await self._part(f"release:{assignment.course}", result, work))

    async def _take_release(
        self, trust: Trust, source: Source, assignment: Assignment, target: ReleaseTarget | None
    ) -> bool:
        """Take the newest release of a course if it is not here yet; return whether it was not."""
        known = self._releases.newest(assignment.course)
        if target is not None and (known is None or target.number > known[0]):
            data = await source.get(target.stored_as, min(MAX_RELEASE_BYTES, target.length))
            self._releases.add(trust.open_release(target, data), target.sha256)
            log.info("release.taken", course=target.course, number=target.number)
            taken = True
        else:
            taken = False
            if target is not None and known is not None and (target.number, target.sha256) != known:
                raise NotTrusted(what="release", why=f"number {target.number} was listed with other bytes before")
        if target is None or target.number < assignment.release:
            raise ReleaseMissing(
                course=assignment.course, release=assignment.release, listed=target.number if target else 0
            )
        return taken

    def _forget_problems_of_others(self, direction: Direction) -> None:
        """Drop the problems of courses and partners that the node has nothing more to do with."""
        mine = {name for a in direction.assignments for name in (f"release:{a.course}", f"partner:{a.partner}")}
        areas = {p.source for p in self._notes.problems() if p.source.startswith(("release:", "partner:"))}
        self._notes.mended(*(areas - mine))

    def _warn_of_age(self, trust: Trust, direction: Direction | None) -> None:
        expiries = trust.signed_roles()
        if direction is not None:
            expiries["direction"] = direction.expires
        now = self._clock()
        for role, expires in expiries.items():
            if expires < now:
                self._notes.trouble(f"expired:{role}", StatementExpired(role=role, expires=f"{expires:%Y-%m-%d}"))
            else:
                self._notes.mended(f"expired:{role}")
