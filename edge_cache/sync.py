"""Releases in: the direction from the centre, the signed repository from any source, and only what they vouch for.

Each part can fail alone: no centre, no store, or a statement that is refused. A failure becomes a problem that
people see; what was verified before stays and serves. Sources nearby (peers, drives) may be behind, foreign or gone:
they bring what is new and verified, and are no problem otherwise.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import TypeVar

import structlog

from catalog.formats.change import apply_change, change_name
from catalog.formats.errors import AppError, BadFormat, NotTrusted
from catalog.formats.hashing import sha256_hex
from catalog.formats.protocol import Assignment, Direction
from catalog.formats.release import MAX_RELEASE_BYTES, Release
from catalog.formats.trust import MAX_METADATA_BYTES, TIMESTAMP, ReleaseTarget, Trust, partner_role
from edge_cache.centre import Centre, Told
from edge_cache.errors import DiskTrouble, ReleaseMissing, SourceFailed, StatementExpired
from edge_cache.identity import Identity
from edge_cache.notes import Notes
from edge_cache.releases.refresh import Metadata
from edge_cache.releases.repository import ReleaseRepository
from edge_cache.releases.statements import StatementRepository, metadata_name
from edge_cache.sources import Source, Sources

log = structlog.get_logger(__name__)

_Done = TypeVar("_Done")

NEARBY_SECONDS = 60.0
"""Metadata are some 100 kB: who has not sent what is new of them by then, on a LAN, does not keep the store waiting."""
ASK_THE_STORE_AFTER = timedelta(hours=24)
"""For no longer than this the centre's word that nothing is new saves asking the store (ADR 16)."""


@dataclass
class SyncResult:
    """What a sync brought: new releases, whether another direction came, and every problem that it met."""

    releases: int = 0
    directed: bool = False
    problems: int = 0


class Sync:
    """Brings in directions and releases: `store_at` gives the store at an address, `nearby` what else has them."""

    def __init__(
        self,
        identity: Identity,
        centre: Centre,
        store_at: Callable[[str], Source],
        nearby: Sources,
        metadata: Metadata,
        statements: StatementRepository,
        releases: ReleaseRepository,
        notes: Notes,
        clock: Callable[[], datetime],
    ) -> None:
        self._identity, self._centre, self._store_at, self._nearby = identity, centre, store_at, nearby
        self._metadata, self._statements = metadata, statements
        self._releases, self._notes, self._clock = releases, notes, clock

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

    async def run(self, *, line: bool = True) -> SyncResult:
        """Look once at the centre and at every source; with `line` False at those nearby alone.

        Raises NodeStateUnreadable if the node's own trust is lost.
        """
        result = SyncResult()
        self._metadata.kept()
        told = await self._part("centre", result, self._ask_centre()) if line else None
        sources = [source for source in self._nearby() if await self._refresh_nearby(source)]
        store = await self._store(told, result) if line else []
        trust, asked = self._metadata.kept(), self.store_url
        if told is not None and told.envelope is not None and "targets" in trust.signed_roles():
            taken = await self._part("direction", result, self._take_direction(trust, told.envelope, told.etag))
            result.directed = taken is True
        if self.store_url != asked:  # the store has moved: the new one is asked now, not at the next look
            if not store:
                result.problems -= 1  # the old one's trouble is nobody's any more
            store, trust = await self._store(None, result), self._metadata.kept()
        sources += store
        direction = self.direction
        if direction is not None:
            self._forget_problems_of_others(direction)
            if sources and "targets" in trust.signed_roles():
                await self._take_releases(trust, sources, direction, result)
        self._keep_signed_until(trust)
        self._warn_of_age(trust, direction)
        await asyncio.to_thread(self._releases.switch)
        return result

    async def _part(
        self, area: str, result: SyncResult, work: Awaitable[_Done], *, only_nearby: bool = False
    ) -> _Done | None:
        """Do one part; note its problem, or that it is well. That nobody nearby has something is no problem."""
        try:
            done = await work
        except AppError as error:
            if only_nearby and isinstance(error, SourceFailed):
                return None
            if self._notes.trouble(area, error):
                log.warning("sync.part-failed", area=area, problem=error.code, **error.data)
            result.problems += 1
            return None
        self._notes.mended(area)
        return done

    async def _ask_centre(self) -> Told:
        told = await self._centre.direction(self._notes.fact("direction_etag"))
        await asyncio.to_thread(self._notes.keep, contact=self._clock().isoformat())
        return told

    async def _store(self, told: Told | None, result: SyncResult) -> list[Source]:
        """Take what the store has that is newer, if anything can be; return the store, if it can be asked for more."""
        store = await self._part("metadata", result, self._asked_store(told))
        return [] if store is None else [store]

    async def _asked_store(self, told: Told | None) -> Source:
        """Return the store, when what it has that is newer has been taken. Raises AppError, also for no address."""
        store = self._store_at(self.store_url)
        if not self._is_as_the_store(told):
            await self._refresh_from_store(store)
        return store

    def _is_as_the_store(self, told: Told | None) -> bool:
        """Whether the store need not be asked: the centre says that it has the timestamp which was verified here.

        That can only save a question. The store is asked all the same once a day, while anything that is in force has
        passed its date, and while something is missing or was refused.
        """
        held = self._statements.get(TIMESTAMP)
        if told is None or told.timestamp is None or held is None or sha256_hex(held) != told.timestamp:
            return False
        trust, now, asked = self._metadata.kept(), self._clock(), self._notes.moment("store_asked")
        expiries = trust.signed_roles()
        return (
            "targets" in expiries
            and min(expiries.values()) > now
            and asked is not None
            and timedelta(0) <= now - asked < ASK_THE_STORE_AFTER
            and not any(p.source.startswith(("metadata", "partner:", "release:")) for p in self._notes.problems())
        )

    async def _refresh_from_store(self, store: Source) -> None:
        await self._metadata.refresh(store)
        await self._metadata.complete_roots(store)
        await asyncio.to_thread(self._notes.keep, store_asked=self._clock().isoformat())

    async def _refresh_nearby(self, source: Source) -> bool:
        """Take what a source nearby has that is newer; return whether it can be asked for more.

        One that is behind, or of another repository, may still have what a digest names.
        """
        try:
            async with asyncio.timeout(None if source.uses_line else NEARBY_SECONDS):
                await self._metadata.refresh(source)
                await self._metadata.complete_roots(source)
        except (NotTrusted, SourceFailed) as error:
            log.info("nearby.not-newer", source=source.name, problem=error.code, **error.data)
            return not (isinstance(error, SourceFailed) and error.wears_off)
        except TimeoutError:
            log.info("nearby.too-slow", source=source.name)
            return False
        except DiskTrouble as error:  # no fault of who is asked
            self._notes.trouble("metadata", error)
            return False
        return True

    async def _take_direction(self, trust: Trust, envelope: bytes, etag: str | None) -> bool:
        direction, before = trust.open_direction(envelope, self._identity.node), self.direction
        self._metadata.trusted.keep_floor(trust)
        await asyncio.to_thread(self._releases.assign, direction.assignments, direction.policy.tiers)
        facts = {"direction": direction.model_dump_json(), "direction_etag": etag, "issued": str(direction.issued)}
        if before is None or direction.version > before.version:
            facts["witness"] = None  # said before this was signed: if it is later, it was wrong
        self._notes.keep(**facts)
        log.info("direction.taken", version=direction.version, courses=len(direction.assignments))
        return True

    async def _take_releases(
        self, trust: Trust, sources: list[Source], direction: Direction, result: SyncResult
    ) -> None:
        roles, only_nearby = trust.partner_roles(), not sources[-1].uses_line
        for partner in {assignment.partner: None for assignment in direction.assignments}:
            role = partner_role(partner)
            if role in roles and role not in trust.signed_roles():
                partners = self._take_partner(trust, sources, role, roles[role])
                await self._part(f"partner:{partner}", result, partners, only_nearby=only_nearby)
            elif role in roles:
                self._notes.mended(f"partner:{partner}")
        listed = trust.releases()
        for assignment in direction.assignments:
            target = listed.get((assignment.partner, assignment.course))
            work = self._take_release(trust, sources, assignment, target)
            area = f"release:{assignment.course}"
            result.releases += bool(await self._part(area, result, work, only_nearby=only_nearby))
        self._statements.drop(self._outdated(listed))

    async def _take_partner(self, trust: Trust, sources: list[Source], role: str, version: int) -> None:
        """Take a partner's role from the nearest source that has it."""
        name, take = metadata_name(version, role), partial(trust.take_partner, role)
        data, _ = await _from_any(sources, name, MAX_METADATA_BYTES, take)
        self._metadata.keep_partner(trust, role, version, data)

    async def _take_release(
        self, trust: Trust, sources: list[Source], assignment: Assignment, target: ReleaseTarget | None
    ) -> bool:
        """Take the newest release of a course if it is not here yet; return whether it was not."""
        known, taken = self._releases.newest(assignment.course), False
        if target is not None and known is not None and target.number <= known[0]:
            if (target.number, target.sha256) != known:
                raise NotTrusted(what="release", why=f"number {target.number} was listed with other bytes before")
        elif target is not None:
            taken = True
        if target is not None and (taken or self._statements.get(target.stored_as) is None):
            limit, take = min(MAX_RELEASE_BYTES, target.length), partial(trust.open_release, target)
            shorter = partial(self._by_change, trust, target, known) if known and taken else None
            data, release = await _from_any(sources, target.stored_as, limit, take, shorter)
            if taken:
                await asyncio.to_thread(self._releases.add, release, target.sha256)
                log.info("release.taken", course=target.course, number=target.number)
            self._statements.keep({target.stored_as: data})
        if target is None or target.number < assignment.release:
            raise ReleaseMissing(
                course=assignment.course, release=assignment.release, listed=target.number if target else 0
            )
        return taken

    async def _by_change(
        self, trust: Trust, target: ReleaseTarget, known: tuple[int, str], source: Source
    ) -> tuple[bytes, Release] | None:
        """Make a release of the one `known` (number and digest) and what the source says is new in it.

        None where that comes to nothing: the source has no such change, or not the release that was signed comes of it.
        """
        number, digest = known
        older = self._statements.get(f"{target.path.rpartition('/')[0]}/{digest}.{number}.json")
        if older is None or not source.uses_line:
            return None
        try:
            data = apply_change(older, await source.get(change_name(target.sha256, digest), target.length))
            return data, trust.open_release(target, data)
        except (SourceFailed, NotTrusted, BadFormat) as error:
            if isinstance(error, SourceFailed) and error.wears_off:
                raise
            log.info("change.not-used", source=source.name, problem=error.code, **error.data)
            return None

    def _outdated(self, listed: dict[tuple[str, str], ReleaseTarget]) -> list[str]:
        """Return the names of kept releases that are no longer a course's newest, as far as partners were heard."""
        newest = {target.stored_as for target in listed.values()}
        heard = {f"releases/{partner}/{course}/" for partner, course in listed}
        kept = self._statements.names("releases/")
        return [name for name in kept if name.rpartition("/")[0] + "/" in heard and name not in newest]

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
        late = {f"expired:{role}": (role, expires) for role, expires in expiries.items() if expires < now}
        for area, (role, expires) in late.items():
            self._notes.trouble(area, StatementExpired(role=role, expires=f"{expires:%Y-%m-%d}"))
        stand = {p.source for p in self._notes.problems() if p.source.startswith("expired:")}
        self._notes.mended(*(stand - late.keys()))

    def _keep_signed_until(self, trust: Trust) -> None:
        """Keep until when people at the centre have signed: nobody is believed that it is long after that."""
        signed_until = trust.signed_roles().get("targets")
        if signed_until is not None:
            with suppress(DiskTrouble):  # it is kept at a later look, and the clock is all that waits
                self._notes.keep(signed_until=signed_until.isoformat())


async def _from_any(
    sources: list[Source],
    name: str,
    limit: int,
    take: Callable[[bytes], _Done],
    shorter: Callable[[Source], Awaitable[tuple[bytes, _Done] | None]] | None = None,
) -> tuple[bytes, _Done]:
    """Return the bytes of a statement and what `take` makes of them, from the first source whose bytes it takes.

    `shorter` may get the same from the last source for fewer bytes. Raises what went wrong with the last source.
    """
    for source in sources[:-1]:
        try:
            data = await source.get(name, limit)
            return data, take(data)
        except (SourceFailed, NotTrusted, BadFormat) as error:
            log.info("nearby.not-newer", source=source.name, problem=error.code, **error.data)
    found = await shorter(sources[-1]) if shorter is not None else None
    if found is not None:
        return found
    data = await sources[-1].get(name, limit)
    return data, take(data)
