"""How counties, nodes and assignments stand."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row
from sqlmodel import Session

from catalog.formats.protocol import Health
from catalog.formats.release import Media, SoundTrack, VideoTrack, parse_release
from catalog.overview import repository
from catalog.overview.repository import FRESH_WITHIN, SILENT_AFTER
from catalog.overview.schemas import Counts, CountyRow, Effect, Held, NodeRow, RuleRow, Touch
from catalog.paging import PAGE_SIZE, Cursor, Page
from catalog.publishing.repository import newest_published


def counties(session: Session, now: datetime) -> tuple[Counts, list[CountyRow]]:
    """Return the sums over all counties, and each county by name."""
    rows = [CountyRow.model_validate(dict(row._mapping)) for row in repository.counts_by_county(session, now)]
    total = Counts(**{name: sum(getattr(row, name) for row in rows) for name in Counts.model_fields})
    return total, rows


def list_nodes(
    session: Session,
    now: datetime,
    after: Cursor | None = None,
    *,
    county_id: str | None = None,
    site_id: str | None = None,
    touch: Touch | None = None,
    problems: bool = False,
    risks: bool = False,
) -> tuple[Page[NodeRow], int]:
    """Return a page of nodes, the newest first, and how many there are in all."""
    wanted = repository.node_conditions(now, county_id, site_id, touch, problems=problems, risks=risks)
    rows = repository.nodes_page(session, wanted, after, now)
    shown = _node_rows(session, rows[:PAGE_SIZE], now)
    last = rows[PAGE_SIZE - 1] if len(rows) > PAGE_SIZE else None
    page = Page(shown, Cursor(last.created_at, last.id).encoded() if last else None)
    return page, repository.count_nodes(session, wanted)


def node_row(session: Session, node_id: str, now: datetime) -> NodeRow | None:
    """Return how one node stands, or None if there is none of this id."""
    row = repository.node(session, node_id, now)
    return _node_rows(session, [row], now)[0] if row is not None else None


def _node_rows(session: Session, rows: Sequence[Row[Any]], now: datetime) -> list[NodeRow]:
    held = repository.holdings(session, [row.id for row in rows])
    return [_node_row(row, held.get(row.id, (0, 0)), now) for row in rows]


def _node_row(row: Row[Any], held: tuple[int, int], now: datetime) -> NodeRow:
    health = Health.model_validate(row.health) if row.health else None
    heard = row.last_seen_at if health else None
    return NodeRow(
        id=row.id,
        name=row.name,
        site_id=row.site_id,
        site=row.site,
        county_id=row.county_id,
        county=row.county,
        created_at=row.created_at,
        enrolled_at=row.enrolled_at,
        reported_at=heard,
        touch=touch_of(row.enrolled_at, heard, now),
        quiet_s=max(0.0, (now - heard).total_seconds()) if heard else 0.0,
        problems=list(health.problems) if health else [],
        at_risk=row.at_risk,
        lessons_ready=held[0],
        lessons=held[1],
        direction_held=health.direction_version if health else 0,
        direction_issued=row.direction_version,
        disk_free=health.disk_free if health else None,
        disk_total=health.disk_total if health else None,
        clock_offset_s=health.clock_offset_s if health else None,
        software=health.software if health else row.software,
    )


def touch_of(enrolled: datetime | None, heard: datetime | None, now: datetime) -> Touch:
    """Say how a node stands by when it enrolled and when it last reported; as `repository.touch_is` asks it."""
    if enrolled is None:
        return Touch.NEW
    if heard is None:
        return Touch.ENROLLED
    if heard > now - FRESH_WITHIN:
        return Touch.FRESH
    return Touch.QUIET if heard > now - SILENT_AFTER else Touch.SILENT


def held_by(session: Session, node_id: str) -> list[Held]:
    """Return what a node holds, course by course, as it last reported."""
    return [
        Held(title=title or held.course_id, **held.model_dump(exclude={"node_id"}))
        for held, title in repository.held_by(session, node_id)
    ]


def rules_of_node(session: Session, node_id: str) -> list[tuple[str, str, str]]:
    """Return (course's title, kind of rule, target's name) of every rule that reaches a node; "" is the node itself."""
    found = []
    for rule, title, site, county in repository.rules_of_node(session, node_id):
        kind, _ = _target(rule)
        found.append((title, kind, {"node": "", "site": site, "county": county}[kind]))
    return found


def _target(rule: Any) -> tuple[str, str]:
    for kind in ("node", "site", "county"):
        target = getattr(rule, f"{kind}_id")
        if target is not None:
            return kind, target
    raise AssertionError(f"assignment {rule.id} has no target")  # a constraint of the table says that it has


def list_rules(session: Session, after: Cursor | None) -> Page[RuleRow]:
    """Return a page of assignments, the newest first."""
    rows = repository.rules_page(session, after)
    shown = rows[:PAGE_SIZE]
    releases = newest_published(session, [rule.course_id for rule, *_ in shown])
    found = []
    for rule, title, node, site, county in shown:
        kind, target = _target(rule)
        name = {"node": f"{site} · {node}", "site": f"{county} · {site}", "county": county}[kind]
        found.append(
            RuleRow(
                id=rule.id,
                course_id=rule.course_id,
                course=title,
                kind=kind,
                target_id=target,
                target=name,
                nodes=repository.nodes_reached(session, kind, target),
                release=releases.get(rule.course_id),
                created_at=rule.created_at,
            )
        )
    last = shown[-1][0] if len(rows) > PAGE_SIZE else None
    return Page(found, Cursor(last.created_at, last.id).encoded() if last else None)


def effect_of(session: Session, course_id: str, kind: str, target_id: str) -> Effect:
    """Return what assigning a course would do; `bytes`: what each new node fetches at the smallest watchable rungs."""
    reached = repository.nodes_reached(session, kind, target_id)
    new = repository.nodes_new_to(session, course_id, kind, target_id)
    publication = repository.newest_release(session, course_id)
    if publication is None:
        return Effect(nodes=reached, nodes_new=new)
    release = parse_release(publication.draft)
    tracks = {track.index: track.length for lesson in release.lessons for track in _floor_tracks(lesson.media)}
    return Effect(
        nodes=reached,
        nodes_new=new,
        release=release.number,
        lessons=len(release.lessons),
        bytes=sum(tracks.values()) + sum(blob.length for blob in release.blobs()),
    )


def _floor_tracks(media: Media) -> tuple[VideoTrack | SoundTrack, ...]:
    """Return the tracks of the smallest watchable rendition, in the tier that every screen plays if it is there."""
    floor = media.smallest_watchable(media.tiers[0])
    return media.tracks(floor.rung, floor.tier) if floor else ()
