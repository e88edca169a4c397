"""Enrolment against a real HTTP server, what each wrong code says, and reports."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from catalog.formats.errors import AppError
from edge_cache.node import Node
from tests.fakes.school import School
from tests.fakes.signed_world import SignedWorld
from tests.fakes.wire import Wire


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (404, "enrolment.unknown-code"),
        (409, "enrolment.used"),
        (410, "enrolment.expired"),
        (429, "enrolment.too-many"),
        (200, "centre.not-ours"),
    ],
)
def test_a_code_that_is_refused_says_why(tmp_path: Path, wire: Wire, status: int, code: str) -> None:
    school = School(tmp_path / "node", wire)
    wire.enrolment = status
    with pytest.raises(AppError) as refused:
        school.enrol()
    assert refused.value.code == code
    assert not (school.folder / "node.json").exists()


@pytest.mark.parametrize("code", ["", "ABCD", "ÄBCD-EFGH-JKLM-ABCD-EFGH-JKLM", "abcd-efgh-jklm-abcd-efgh-jklm-more"])
def test_what_is_no_code_is_said_before_anything_is_asked(tmp_path: Path, wire: Wire, code: str) -> None:
    school = School(tmp_path / "node", wire)
    with pytest.raises(AppError) as refused:
        school.run(lambda node: node.enrol(wire.address, code))
    assert refused.value.code == "enrolment.malformed"
    assert wire.asked == []


def test_a_code_is_taken_however_it_is_typed(tmp_path: Path, wire: Wire) -> None:
    school = School(tmp_path / "node", wire)
    school.run(lambda node: node.enrol(wire.address + "/", f"  {wire.code.lower().replace('-', ' ')} "))
    assert (school.folder / "node.json").stat().st_mode & 0o777 == 0o600


def test_another_root_than_the_codes_is_refused(tmp_path: Path, wire: Wire) -> None:
    """Someone on the line answers with a root of their own: the code does not vouch for it."""
    school = School(tmp_path / "node", wire)
    wire.world.root = SignedWorld("another centre").root
    with pytest.raises(AppError) as refused:
        school.enrol()
    assert refused.value.code == "enrolment.wrong-fingerprint"
    assert not (school.folder / "trust").exists()


def test_a_node_enrols_once(school: School) -> None:
    with pytest.raises(AppError) as refused:
        school.enrol()
    assert refused.value.code == "node.already-enrolled"


def test_a_centre_that_is_not_there_is_named(tmp_path: Path, wire: Wire) -> None:
    school = School(tmp_path / "node", wire)
    with pytest.raises(AppError) as refused:
        school.run(lambda node: node.enrol("http://127.0.0.1:9", wire.code))
    assert refused.value.code == "source.unreachable"


def test_two_processes_never_share_a_folder(school: School) -> None:
    async def work(_node: Node) -> str:
        with pytest.raises(AppError) as refused:
            Node(school.settings())
        return refused.value.code

    assert school.run(work) == "node.running"


def test_reports_count_once_however_often_they_are_sent(school: School) -> None:
    """The answer is lost after the centre took the report: it is sent again under its id, with the next one."""

    async def work(node: Node) -> None:
        await node.sync_once()
        await node.fill_once()
        school.wire.report_status = 500
        with pytest.raises(AppError):
            await node.report_once()
        school.wire.report_status = 200
        await node.report_once()

    school.run(work)
    assert school.wire.report_posts == 3
    assert len(school.wire.reports) == 2
    last = list(school.wire.reports.values())[-1]
    (course,) = last["courses"]
    assert course["lessons_ready"] == course["lessons"] == 2
    assert course["bytes_held"] == course["bytes_wanted"]


def test_a_wrong_clock_is_measured_and_told(school: School) -> None:
    school.wire.clock_ahead = timedelta(days=400)

    async def work(node: Node) -> tuple[list[str], Any, int]:
        await node.sync_once()
        await node.report_once()
        await node.report_once()
        return [p.code for p in node.notes.problems()], node.now(), node.now().year

    codes, _, year = school.run(work)
    assert codes == ["clock.wrong"]
    assert year > 2026
    offsets = [r["health"]["clock_offset_s"] for r in school.wire.reports.values()]
    assert offsets[0] is None
    assert round(offsets[1] / 86400) == -400


A_MOMENT = timedelta(minutes=1)
YEAR_2062 = timedelta(days=36 * 365)
THE_END = datetime.max.replace(tzinfo=UTC) - datetime.now(UTC) - timedelta(hours=7)
"""To within the last hours of the last year: further east there is no such day any more."""


async def look_at_the_clock(node: Node) -> timedelta:
    """Look at the centre and report; return how far the box's best guess of the time is ahead then."""
    await node.sync_once()
    with suppress(AppError):
        await node.report_once()
    assert node.local_time().year < 2100
    return node.now() - datetime.now(UTC)


def test_a_centre_that_is_decades_ahead_moves_no_clock(school: School) -> None:
    school.wire.clock_ahead = YEAR_2062
    school.wire.direct((school.release.course, 1))
    assert school.run(look_at_the_clock) < A_MOMENT
    school.wire.clock_ahead = THE_END
    assert school.run(look_at_the_clock) < A_MOMENT


def test_a_wrong_word_of_the_centre_is_taken_back_by_its_next_one(school: School) -> None:
    school.wire.clock_ahead = timedelta(days=300)
    assert school.run(look_at_the_clock) > timedelta(days=299)
    school.wire.clock_ahead = timedelta(0)
    assert school.run(look_at_the_clock) < A_MOMENT


def test_a_wrong_time_is_taken_back_by_the_next_direction(school: School) -> None:
    school.wire.clock_ahead = timedelta(days=300)
    school.wire.direct((school.release.course, 1))
    assert school.run(look_at_the_clock) > timedelta(days=299)
    school.wire.clock_ahead, school.wire.report_status = timedelta(0), 503
    school.wire.direct((school.release.course, 1))
    assert school.run(look_at_the_clock) < A_MOMENT


@pytest.mark.parametrize("kept", ["2062-01-01T00:00:00+00:00", "9999-12-31T23:59:59+00:00"])
def test_a_time_that_a_node_of_before_believed_is_believed_no_more(school: School, kept: str) -> None:
    async def poison(node: Node) -> None:
        node.notes.keep(witness=kept)

    async def start(node: Node) -> timedelta:
        assert node.local_time().year < 2062
        return node.now() - datetime.now(UTC)

    school.sync()
    school.run(poison)
    assert school.run(start) < A_MOMENT


@pytest.mark.parametrize("year", [1970, 2100])
def test_a_box_whose_clock_is_decades_off_fills_all_the_same(school: School, year: int) -> None:
    async def work() -> tuple[bool, set[str], int]:
        with Node(school.settings(), clock=lambda: datetime(year, 1, 1, tzinfo=UTC)) as node:
            await node.sync_once()
            await node.fill_once()
            await node.report_once()
            await node.close_client()
            whole = all(h.bytes_held == h.bytes_wanted > 0 for h in node.releases.held())
            return whole, {p.code for p in node.notes.problems()}, node.now().year

    whole, problems, now = asyncio.run(work())
    assert whole
    assert "clock.wrong" in problems
    assert problems <= {"clock.wrong", "trust.expired"}
    assert now >= 2026
