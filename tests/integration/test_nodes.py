"""Enrolment codes work once and for a while; reports count once and never turn time back."""

import threading
from datetime import timedelta

import pytest
from sqlmodel import select

from catalog.accounts.models import Role
from catalog.db import utc_now
from catalog.formats.ids import new_id
from catalog.nodes.models import EnrolmentCode, ReportRow
from catalog.nodes.service import CODE_GUARD, fingerprint
from tests.centre import JSON, World
from tests.fakes.signer import ROOT

ENROL = "/api/node/enrol"


def request_for(code: str) -> JSON:
    return {"code": code, "software": "test"}


def report(number: int = 1, **changes: object) -> JSON:
    health = {
        "software": f"v{number}", "started": "2026-11-24T00:00:00Z", "disk_free": number, "disk_total": 99,
        "clock_offset_s": None, "direction_version": 0,
    }  # fmt: skip
    made = f"2026-11-24T0{number}:00:00Z"
    return {"id": new_id(), "made": made, "health": health, "courses": [], **changes}


def test_a_code_carries_the_roots_fingerprint_and_is_not_kept(world: World) -> None:
    ops = world.as_(Role.OPS)
    node, code = world.node(ops)
    plain = code.replace("-", "")
    assert len(plain) == 24
    assert plain[12:] == fingerprint(ROOT)
    with world.centre.session() as session:
        row = session.exec(select(EnrolmentCode)).one()
        assert row.node_id == node["id"]
        assert plain[:12] not in row.secret_hash


def test_a_code_works_once(world: World) -> None:
    ops = world.as_(Role.OPS)
    node, code = world.node(ops)
    answer = world.send("POST", ENROL, {}, 201, json=request_for(code))
    assert (answer["node"], answer["site_name"], answer["root"]) == (node["id"], "村小学", ROOT.decode())
    assert answer["store_url"] == "http://store.test/songtan-public"
    assert world.send("POST", ENROL, {}, 409, json=request_for(code))["code"] == "enrolment.used"


def test_of_two_nodes_with_one_code_one_enrols(world: World) -> None:
    _, code = world.node(world.as_(Role.OPS))
    gate = threading.Barrier(6)
    statuses: list[int] = []

    def enrol() -> None:
        gate.wait()
        statuses.append(world.client.post(ENROL, json=request_for(code)).status_code)

    threads = [threading.Thread(target=enrol) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [201, 409, 409, 409, 409, 409]


def test_a_code_expires(world: World) -> None:
    _, code = world.node(world.as_(Role.OPS))
    with world.centre.session() as session:
        row = session.exec(select(EnrolmentCode)).one()
        row.expires_at = utc_now() - timedelta(seconds=1)
        session.add(row)
    expired = world.send("POST", ENROL, {}, 410, json=request_for(code))
    assert expired["code"] == "enrolment.expired"
    assert "new one" in expired["detail"]


def test_a_new_code_replaces_the_old_and_then_the_old_box(world: World) -> None:
    ops = world.as_(Role.OPS)
    node, box = world.enrolled_node(ops)
    path = f"/api/nodes/{node['id']}/enrolment-codes"
    first = world.send("POST", path, ops, 201, json={"hours": 1})["code"]
    second = world.send("POST", path, ops, 201)["code"]
    assert world.send("POST", ENROL, {}, 404, json=request_for(first))["code"] == "enrolment.unknown-code"
    world.send("POST", "/api/node/reports", box, json=report())
    world.send("POST", ENROL, {}, 201, json=request_for(second))
    assert world.send("POST", "/api/node/reports", box, 401, json=report())["code"] == "node.not-known"


def test_guessing_codes_is_slowed_down(world: World) -> None:
    _, code = world.node(world.as_(Role.OPS))
    for _ in range(CODE_GUARD.failures):
        world.send("POST", ENROL, {}, 404, json=request_for("AAAA-" * 5 + "AAAA"))
    answer = world.client.post(ENROL, json=request_for(code))
    assert answer.status_code == 429
    assert answer.json()["code"] == "enrolment.too-many-attempts"
    assert int(answer.headers["retry-after"]) > 0


@pytest.mark.parametrize(
    "code", ["", "x", "aaaa-" * 5 + "aaaa", "AAAA" * 6, "AAAA-" * 6, "AAAA-AAAA-AAAA-AAAA-AAAA-AAA\0"]
)
def test_what_is_no_code_is_not_looked_up(world: World, code: str) -> None:
    assert world.send("POST", ENROL, {}, 422, json=request_for(code))["data"]["field"] == "code"


def test_a_code_for_another_centre_is_unknown(world: World) -> None:
    _, code = world.node(world.as_(Role.OPS))
    foreign = code[:15] + "AAAA-AAAA-AAAA"
    assert world.send("POST", ENROL, {}, 404, json=request_for(foreign))["code"] == "enrolment.unknown-code"
    world.send("POST", ENROL, {}, 201, json=request_for(code))


def test_a_report_counts_once_and_an_old_one_turns_nothing_back(world: World) -> None:
    ops = world.as_(Role.OPS)
    node, box = world.enrolled_node(ops)
    course = world.course(world.as_(Role.PARTNER))["id"]
    held = {"course": course, "release": 3, "lessons_ready": 2, "lessons": 4, "bytes_held": 5, "bytes_wanted": 9}
    newest = report(3, courses=[held, held])
    for body in (newest, newest, report(2, courses=[])):
        world.send("POST", "/api/node/reports", box, json=body)
    shown = world.send("GET", f"/api/nodes/{node['id']}", ops)
    assert (shown["health"]["software"], shown["lessons_ready"], shown["bytes_wanted"]) == ("v3", 2, 9)
    with world.centre.session() as session:
        assert len(session.exec(select(ReportRow)).all()) == 2
    world.send("POST", "/api/node/reports", box, json=report(4, courses=[]))
    assert world.send("GET", f"/api/nodes/{node['id']}", ops)["holdings"] == []


def test_a_report_of_another_node_is_not_taken(world: World) -> None:
    ops = world.as_(Role.OPS)
    _, one = world.enrolled_node(ops)
    _, two = world.enrolled_node(ops)
    body = report()
    world.send("POST", "/api/node/reports", one, json=body)
    assert world.send("POST", "/api/node/reports", two, 409, json=body)["code"] == "report.not-yours"


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "x"}, {"made": "yesterday"}, {"made": "2026-11-24T00:00:00"}, {"health": None}, {"courses": [{}]},
        {"courses": [{"course": new_id(), "release": -1, "lessons_ready": 0, "lessons": 0, "bytes_held": 0,
                      "bytes_wanted": 0}]},
        {"courses": [{"course": new_id(), "release": 1 << 70, "lessons_ready": 0, "lessons": 0, "bytes_held": 1 << 80,
                      "bytes_wanted": 0}]},
        {"made": "9999-12-31T23:59:59Z"}, {"made": "0001-01-01T00:00:00Z"},
    ],
)  # fmt: skip
def test_no_report_breaks_the_centre(world: World, changes: JSON) -> None:
    ops = world.as_(Role.OPS)
    _, box = world.enrolled_node(ops)
    answer = world.client.post("/api/node/reports", json=report(**changes), headers=box)
    assert answer.status_code in (200, 422), answer.text
    nul = report()
    nul["health"]["problems"] = ["a\0b"]
    answer = world.client.post("/api/node/reports", json=nul, headers=box)
    assert answer.status_code == 422
    assert world.send("POST", "/api/node/reports", box, json=report(5))["now"]


def test_nodes_come_in_pages(world: World) -> None:
    ops = world.as_(Role.OPS)
    county = world.send("POST", "/api/counties", ops, 201, json={"name": "县"})["id"]
    site = world.send("POST", "/api/sites", ops, 201, json={"county_id": county, "name": "校"})["id"]
    made = [world.send("POST", "/api/nodes", ops, 201, json={"site_id": site, "name": f"{n}"})["id"] for n in range(53)]
    first = world.send("GET", f"/api/nodes?county_id={county}", ops)
    rest = world.send("GET", f"/api/nodes?county_id={county}&cursor={first['next']}", ops)
    assert [node["id"] for node in first["nodes"] + rest["nodes"]] == made[::-1]
    assert rest["next"] is None
    assert world.send("POST", "/api/nodes", ops, 409, json={"site_id": site, "name": "3"})["code"] == "nodes.name-taken"
    assert world.send("GET", f"/api/nodes?site_id={new_id()}", ops)["nodes"] == []


def test_an_assignment_has_one_target(world: World) -> None:
    ops = world.as_(Role.OPS)
    course = world.course(world.as_(Role.PARTNER))["id"]
    node, _ = world.node(ops)
    path = "/api/assignments"
    assert world.send("POST", path, ops, 422, json={"course_id": course})["code"] == "assignment.one-target"
    both = {"course_id": course, "node_id": node["id"], "site_id": node["site_id"]}
    assert world.send("POST", path, ops, 422, json=both)["code"] == "assignment.one-target"
    missing = {"course_id": new_id(), "node_id": node["id"]}
    assert world.send("POST", path, ops, 404, json=missing)["code"] == "course.unknown"
    assert world.send("DELETE", f"{path}/{new_id()}", ops, 404)["code"] == "assignment.unknown"
