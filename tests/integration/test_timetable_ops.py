"""What ops see of a school's timetable: how the next lessons stand, as the node said, and why one is at risk."""

import re
from datetime import datetime, timedelta

from catalog.accounts.models import Role, SessionKind
from catalog.db import utc_now
from catalog.formats.ids import new_id
from catalog.formats.timetable import Pen, merge
from tests.centre import JSON, World

HEALTH = {
    "software": "test", "started": "2026-11-24T00:00:00Z", "disk_free": 1, "disk_total": 2, "clock_offset_s": None,
    "direction_version": 0,
}  # fmt: skip


def report(made: datetime, *lessons: JSON) -> JSON:
    told = {"lessons": list(lessons)}
    return {"id": new_id(), "made": made.isoformat(), "health": HEALTH, "courses": [], "timetable": told}


def lesson(course: str, lesson_id: str | None, starts: datetime, state: str, **more: object) -> JSON:
    return {
        "entry": new_id(), "class_name": "八（1）班", "course": course, "lesson": lesson_id,
        "starts": starts.isoformat(), "ends": (starts + timedelta(minutes=45)).isoformat(), "state": state, **more,
    }  # fmt: skip


def test_the_nodes_page_says_how_the_next_lessons_stand(world: World) -> None:
    ops, partner = world.as_(Role.OPS), world.as_(Role.PARTNER)
    course = world.course(partner)
    known = world.lesson(partner, course["id"], title="大气压强")
    node, box = world.enrolled_node(ops)
    now = utc_now()
    newest = report(
        now,
        lesson(course["id"], known["id"], now + timedelta(hours=1), "ready", rung="best", share=1),
        lesson(course["id"], known["id"], now + timedelta(hours=2), "at-risk", why="line-slow"),
        lesson(new_id(), None, now + timedelta(hours=3), "of-a-later-version", why="of-a-later-version"),
        lesson(course["id"], known["id"], now - timedelta(hours=3), "ready"),
    )
    older = report(now - timedelta(hours=1), lesson(course["id"], known["id"], now + timedelta(hours=1), "at-risk"))
    for said in (newest, older):
        world.send("POST", "/api/node/reports", box, json=said)
    told = world.send("GET", f"/api/nodes/{node['id']}/timetable", ops)
    assert [one["lesson_title"] for one in told["lessons"]] == ["大气压强", "大气压强", ""]
    world.send("GET", f"/api/nodes/{new_id()}/timetable", ops, 404)
    cookie = world.as_(Role.OPS, kind=SessionKind.COOKIE)
    pages = {
        language: world.client.get(f"/ops/nodes/{node['id']}", headers={**cookie, "Accept-Language": language}).text
        for language in ("zh-CN", "en")
    }
    assert pages["en"].count("大气压强") == 2, "one has ended, and one is not known here"
    for words in ("The line is too slow to bring it before the bell.", "Ready", "a course that is not here"):
        assert words in pages["en"]
    assert pages["en"].count("At risk") == 2
    for words in ("就绪", "可能来不及", "网速太慢，上课前送不到。", "中心没有的课程"):
        assert words in pages["zh-CN"]


def test_the_overview_counts_lessons_at_risk_and_leads_to_their_nodes(world: World) -> None:
    ops = world.as_(Role.OPS)
    at_risk, box = world.enrolled_node(ops)
    well, other = world.enrolled_node(ops)
    now, course = utc_now(), new_id()
    soon, past = now + timedelta(hours=1), now - timedelta(hours=2)
    states = ("ready", "will-play", "arriving", "at-risk", "of-a-later-version")
    lessons = [lesson(course, new_id(), soon, state) for state in states]
    report_of = report(now, *lessons, lesson(course, None, past, "at-risk"))
    world.send("POST", "/api/node/reports", box, json=report_of)
    world.send("POST", "/api/node/reports", other, json=report(now, lesson(course, new_id(), soon, "ready")))
    cookie = {**world.as_(Role.OPS, kind=SessionKind.COOKIE), "Accept-Language": "en"}
    overview = world.client.get("/ops/", headers=cookie).text
    assert re.search(r'href="/ops/nodes\?touch=at-risk"[^>]*>\s*<[^>]*>\s*2\s*<', overview), overview
    nodes = world.client.get("/ops/nodes?touch=at-risk", headers=cookie).text
    assert "2 lessons at risk" in nodes
    assert f"/ops/nodes/{at_risk['id']}" in nodes
    assert f"/ops/nodes/{well['id']}" not in nodes


def test_the_nodes_page_says_where_the_school_has_to_choose(world: World) -> None:
    node, box = world.enrolled_node(world.as_(Role.OPS))
    cookie = world.as_(Role.OPS, kind=SessionKind.COOKIE)
    page = f"/ops/nodes/{node['id']}?lang=en"
    assert "put nothing on its timetable" in world.client.get(page, headers=cookie).text
    fields = {"kind": "once", "class_name": "八（1）班", "course": new_id(), "lesson": new_id(), "first": "2026-12-01"}
    first = Pen(new_id(), 1).new(new_id(), {**fields, "start": 480, "minutes": 45})
    both = merge(
        Pen(new_id(), 2).write(first, {"class_name": "八（2）班"}), Pen(new_id(), 2).write(first, {"start": 535})
    )
    sent = {"v": 1, "since": 0, "entries": [both.model_dump(mode="json")]}
    world.send("POST", "/api/node/timetable", box, json=sent)
    assert "changed at two places" not in world.client.get(page, headers=cookie).text
    third = Pen(new_id(), 2).write(first, {"class_name": "八（3）班"})
    sent["entries"] = [third.model_dump(mode="json")]
    answer = world.send("POST", "/api/node/timetable", box, json=sent)
    assert len(answer["entries"]) == 1, "what was sent is not what is there now"
    shown = world.client.get(page, headers=cookie).text
    assert "1 entry of the timetable was changed at two places at once" in shown
    assert "No class takes a lesson today or tomorrow" in shown
