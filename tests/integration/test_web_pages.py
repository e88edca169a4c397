"""The partner and ops pages over a real database: every page in every state and both languages, forms and mistakes."""

import re
from typing import Any

import httpx2

from catalog.accounts.models import Account, Role
from catalog.accounts.passwords import hash_password
from catalog.db import utc_now
from catalog.formats.ids import new_id
from catalog.jobs.errors import JobBroke
from catalog.jobs.models import Job, JobState
from tests.centre import World
from tests.visitor import Visitor, bearer, ops, partner

__all__ = ["ops", "partner"]


def test_strangers_are_sent_to_the_door_and_back(world: World) -> None:
    answer = world.client.get("/partner/courses/new", headers={"Accept": "text/html"}, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=/partner/courses/new")
    door = world.client.get("/sign-in?next=//evil.test/")
    assert 'action="/sign-in"' in door.text


def test_sign_in_with_a_password(world: World) -> None:
    partner_id = world.partner()
    with world.centre.session() as session:
        session.add(
            Account(
                login="wang",
                name="王老师",
                password_hash=hash_password("correct-horse"),
                role=Role.PARTNER,
                partner_id=partner_id,
            )
        )
    door = world.client.get("/sign-in")
    token = re.search(r'name="csrf_token" value="([^"]+)"', door.text)
    assert token
    fields = {"csrf_token": token[1], "name": "Wang", "password": "wrong"}
    wrong = world.client.post("/sign-in", data=fields)
    assert wrong.status_code == 401
    assert "is wrong" in wrong.text
    assert 'value="Wang"' in wrong.text
    fields["password"] = "correct-horse"
    answer = world.client.post("/sign-in", data=fields, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/partner/")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "samesite=lax" in cookie.lower()
    assert world.client.get("/", follow_redirects=False).headers["location"] == "/partner/"
    page = world.client.get("/partner/").text
    assert "王老师" in page
    out = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert out
    world.client.post("/sign-out", data={"csrf_token": out[1]}, follow_redirects=False)
    assert world.client.get("/", follow_redirects=False).headers["location"] == "/sign-in"


def test_a_form_without_our_token_does_nothing(world: World, partner: Visitor) -> None:
    answer = world.client.post("/partner/courses/new", headers=partner.headers, data={"title": "x", "subject": "y"})
    assert answer.status_code == 403
    assert "/partner/courses/new" in partner.get("/partner/")


def test_roles_keep_to_their_own_pages(world: World, partner: Visitor, ops: Visitor) -> None:
    assert "partner" in partner.get("/ops/", 403)
    ops.get("/partner/", 403)
    other = Visitor(world, Role.PARTNER, world.partner())
    course = world.course(bearer(other))
    partner.get(f"/partner/courses/{course['id']}", 404)
    partner.get("/partner/courses/none", 404)


def test_a_partner_makes_a_course_and_a_lesson(world: World, partner: Visitor) -> None:
    assert "/partner/courses/new" in partner.both("/partner/")
    form = partner.both("/partner/courses/new")
    assert "人教版" in form
    empty = partner.post("/partner/courses/new", form, 422, title=" ", kind="school", subject="数学")
    assert "field-error" in empty.text
    nowhere = partner.post("/partner/courses/new", form, 422, title="数学", kind="school")
    assert "f-subject-error" in nowhere.text
    fields: dict[str, Any] = {
        "title": "数学 <七年级>",
        "kind": "school",
        "stage": "初中",
        "subject": "数学",
        "description": "两\n行",
    }
    made = partner.post("/partner/courses/new", form, **fields)
    course_path = made.headers["location"]
    page = partner.both(course_path)
    assert "数学 &lt;七年级&gt;" in page
    assert "初中 · 数学" in page
    course_path = course_path.partition("?")[0]
    lesson_form = partner.both(f"{course_path}/lessons/new")
    assert 'value="1"' in lesson_form
    bad = partner.post(f"{course_path}/lessons/new", lesson_form, 422, title="正数", number="one")
    assert "whole number" in bad.text
    lesson = partner.post(f"{course_path}/lessons/new", lesson_form, title="正数", number="1", unit="第一章")
    page = partner.both(lesson.headers["location"])
    assert "upload.js" in page
    again = partner.post(f"{course_path}/lessons/new", lesson_form, 409, title="正数", number="1")
    assert "exists already" in again.text
    assert "正数" in partner.both(course_path)


def test_a_skills_course_needs_its_trade_alone(partner: Visitor) -> None:
    form = partner.get("/partner/courses/new")
    partner.post("/partner/courses/new", form, title="焊接入门", kind="skills", trade="焊接")


def test_a_title_of_two_lines_is_refused_next_to_its_field(world: World, partner: Visitor) -> None:
    course = world.course(bearer(partner))
    path = f"/partner/courses/{course['id']}/lessons/new"
    refused = partner.post(path, partner.get(path), 422, title="two\nlines 'q' <b>").text
    assert "f-title-error" in refused
    assert "two\nlines &#39;q&#39; &lt;b&gt;" in refused, "what was typed stays"
    partner.post(path, refused, title="第一课 “引号” 'q' <b>")
    assert "第一课 “引号” &#39;q&#39; &lt;b&gt;" in partner.both(f"/partner/courses/{course['id']}")


def test_a_lesson_says_how_its_video_is(world: World, partner: Visitor) -> None:
    who = bearer(partner)
    course = world.course(who)
    lesson = world.lesson(who, course["id"])
    path, course_path = f"/partner/lessons/{lesson['id']}", f"/partner/courses/{course['id']}"
    job_id = world.upload(who, lesson["id"])["job"]["job_id"]
    waiting = partner.both(path)
    assert f'data-live="{path}/live"' in waiting
    assert "upload.js" not in waiting
    live = world.client.get(f"{path}/live", headers=partner.headers)
    assert "Songtan-Live" not in live.headers
    partner.both(course_path)
    with world.centre.session() as session:
        job = session.get_one(Job, job_id)
        fault = JobBroke(kind="encode", number=3, why="it broke", task="T")
        job.state, job.error_code = JobState.FAILED, fault.code
        job.error_message, job.error_data = fault.message, fault.data
        session.add(job)
    failed = partner.both(path)
    assert "it broke" in failed
    assert world.client.get(f"{path}/live", headers=partner.headers).headers["Songtan-Live"] == "reload"
    partner.both(course_path)
    partner.post(f"{path}/retry", failed)
    with world.centre.session() as session:
        assert session.get_one(Job, job_id).state == JobState.WAITING
    partner.post(f"{path}/retry", failed, 409)
    world.finish_job(job_id)
    ready = partner.both(path)
    assert "upload.js" in ready
    assert "/blobs/" in ready or "poster" not in ready
    partner.both(course_path)


def test_captions_come_and_go(world: World, partner: Visitor) -> None:
    who = bearer(partner)
    lesson = world.lesson(who, world.course(who)["id"])
    path = f"/partner/lessons/{lesson['id']}"
    page = partner.get(path)
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token
    data = {"csrf_token": token[1], "language": "zh-CN"}

    def send(body: bytes, **more: str) -> httpx2.Response:
        return world.client.post(
            f"{path}/captions", headers=partner.headers, data={**data, **more}, follow_redirects=False,
            files={"captions": ("课.vtt", body, "text/vtt")},
        )  # fmt: skip

    srt = "1\n00:00:01,000 --> 00:00:02,500\n同学们好\n老师好\n"
    bad = send(srt.replace("02,500", "01,000").encode("gbk"), offset_s="-1", rate="0.96")
    assert bad.status_code == 422
    assert "f-captions-error" in bad.text
    assert 'value="-1"' in bad.text
    assert 'value="0.96" selected' in bad.text
    for offset in ("soon", "1e9", "999999"):
        assert "f-offset_s-error" in send(srt.encode(), offset_s=offset).text
    assert "f-offset_s-error" in send(srt.encode(), rate="9").text
    taken = send(srt.encode("gbk"), offset_s="−0,5")
    assert taken.status_code == 303
    look = partner.both(taken.headers["location"].partition("#")[0])
    for words in ("同学们好<br>老师好", "SubRip", "GB18030", "0:02"):
        assert words in look
    forged = partner.get(f"{path}?captions=zh-CN&format=<b>&encoding=GB18030")
    assert "同学们好<br>" in forged
    assert "GB18030，" not in forged
    assert 'id="captions-look"' not in partner.get(f"{path}?captions=en")
    shown = partner.both(path)
    assert "zh-CN" in shown
    nothing = world.client.post(f"{path}/captions", headers=partner.headers, data=data)
    assert nothing.status_code == 422
    partner.post(f"{path}/captions/zh-CN/remove", shown)
    assert "/captions/zh-CN/remove" not in partner.get(path)


def test_publishing_leads_to_the_signer_and_back(world: World, partner: Visitor, ops: Visitor) -> None:
    who, boss = bearer(partner), bearer(ops)
    nothing = world.course(who)
    assert "form-act" not in partner.both(f"/partner/courses/{nothing['id']}/publish")
    course = world.ready_course(who)
    world.lesson(who, course["id"], title="还没有视频")
    node, _ = world.enrolled_node(boss)
    world.send("POST", "/api/assignments", boss, 201, json={"course_id": course["id"], "node_id": node["id"]})
    path = f"/partner/courses/{course['id']}"
    page = partner.both(f"{path}/publish")
    assert "还没有视频" in page
    world.signer.away = True
    assert "signer does not answer" in partner.post(f"{path}/publish", page, 503).text
    world.signer.away = False
    drawn = partner.post(f"{path}/publish", page).headers["location"]
    waiting = partner.both(drawn)
    link = re.search(r'href="(http://signer\.test/sign/(\w+))"', waiting)
    assert link
    assert drawn in partner.both(path)
    world.signer.sign(link[2])
    world.look()
    live = world.client.get(f"{drawn}/live", headers=partner.headers)
    assert live.headers["Songtan-Live"] == "reload"
    assert "http://signer.test" not in partner.both(drawn)
    course_page = partner.both(path)
    assert "还没有视频" in course_page
    assert re.search(r"1 classroom node", partner.get(f"{path}?lang=en"))
    assert "Published in release 1" in partner.get(f"{path}?lang=en")


def test_a_reviewer_sees_and_cannot_change(world: World, partner: Visitor) -> None:
    reviewer = Visitor(world, Role.REVIEWER)
    course = world.ready_course(bearer(partner))
    assert course["id"] in reviewer.both("/partner/")
    page = reviewer.both(f"/partner/courses/{course['id']}")
    assert "/lessons/new" not in page
    assert "/publish" not in page
    reviewer.get(f"/partner/courses/{course['id']}/publish", 403)


def _chosen(page: str) -> str:
    """Return the tiers that a node's page shows as chosen."""
    (choice,) = re.findall(r'<option value="(compatible|modern|both)" selected', page)
    return str(choice)


def test_ops_builds_the_way_to_a_school(world: World, partner: Visitor, ops: Visitor) -> None:
    assert "/ops/counties/new" in ops.both("/ops/")
    form = ops.both("/ops/counties/new")
    assert "field-error" in ops.post("/ops/counties/new", form, 422, name="").text
    county = ops.post("/ops/counties/new", form, name="马边彝族自治县").headers["location"].partition("?")[0]
    assert "already" in ops.post("/ops/counties/new", form, 409, name="马边彝族自治县").text
    county_id = county.rsplit("/", 1)[1]
    ops.both(county)
    form = ops.both(f"/ops/sites/new?county={county_id}")
    assert "f-parent-error" in ops.post("/ops/sites/new", form, 422, parent="", name="x").text
    assert "f-parent-error" in ops.post("/ops/sites/new", form, 422, parent=new_id(), name="x").text
    ops.post("/ops/sites/new", form, parent=county_id, name="高卓营乡中心校")
    site = re.search(r"/ops/nodes/new\?site=(\w+)", ops.both(county))
    assert site
    form = ops.both(f"/ops/nodes/new?site={site[1]}")
    node = ops.post("/ops/nodes/new", form, parent=site[1], name="教师办公室的盒子").headers["location"]
    page = ops.both(node)
    code = ops.post(f"{node.partition('?')[0]}/codes", page, 200).text
    assert re.search(r"[0-9A-Z]{4}(-[0-9A-Z]{4}){5}", code)
    assert "songtan edge enrol --centre http://testserver --code" in code
    ops.get(f"{node.partition('?')[0]}/codes", 303)
    assert _chosen(page) == "compatible"
    for choice in ("both", "modern", "compatible", "both"):
        saved = ops.post(f"{node.partition('?')[0]}/tiers", page, tiers=choice)
        assert _chosen(ops.both(saved.headers["location"])) == choice
    refused = ops.post(f"{node.partition('?')[0]}/tiers", page, 422, tiers="all")
    assert _chosen(refused.text) == "both"
    policy: dict[str, Any] = {"rate_limit_bits_per_s": "2", "windows": "1-5 22:00-06:00", "disk_reserve_bytes": "5"}
    said = ops.post(f"{node.partition('?')[0]}/policy", page, monthly_bytes="3", thrift="0.001", **policy)
    shown = ops.both(said.headers["location"])
    assert _chosen(shown) == "both", "the rest of the policy stays"
    for words in ('value="2"', "1-5 22:00-06:00", 'value="3"', '<option value="0.001" selected'):
        assert words in shown
    wrong = ops.post(f"{node.partition('?')[0]}/policy", page, 422, **policy | {"windows": "at night"}).text
    assert "f-windows-error" in wrong
    assert "at night" in wrong
    for query in (
        "",
        "?touch=new",
        "?touch=fresh",
        "?touch=silent",
        "?touch=problems",
        f"?county={county_id}",
        "?touch=x",
    ):
        ops.both(f"/ops/nodes{query}")
    assert "教师办公室的盒子" in ops.get("/ops/nodes/live?touch=new")
    assert "教师办公室的盒子" not in ops.get("/ops/nodes?touch=silent")


def test_ops_sees_what_a_node_reports(world: World, partner: Visitor, ops: Visitor) -> None:
    boss = bearer(ops)
    course = world.published_course(bearer(partner))
    node, headers = world.enrolled_node(boss)
    world.look()
    assert "Enrolled, no report yet" in ops.get(f"/ops/nodes/{node['id']}?lang=en")
    now = utc_now().isoformat()
    report = {
        "v": 1, "id": new_id(), "made": now,
        "health": {
            "software": "songtan 0.1.0", "started": now, "disk_free": 81_300_000_000, "disk_total": 120_000_000_000,
            "clock_offset_s": -720.0, "direction_version": 1, "problems": ["磁盘快满了"],
        },
        "courses": [{"course": course["id"], "release": 1, "lessons_ready": 1, "lessons": 1, "bytes_held": 5,
                     "bytes_wanted": 9}],
    }  # fmt: skip
    world.send("POST", "/api/node/reports", headers, 200, json=report)
    page = ops.both(f"/ops/nodes/{node['id']}")
    assert "磁盘快满了" in page
    assert "12 分" in page
    assert "初中物理" in page
    overview = ops.both("/ops/")
    assert "磁盘快满了" in overview
    assert node["id"] in ops.get("/ops/nodes?touch=problems")
    assert node["id"] in ops.get("/ops/nodes?touch=fresh")
    assert node["id"] not in ops.get("/ops/nodes?touch=new")


def test_ops_assigns_after_seeing_what_it_does(world: World, partner: Visitor, ops: Visitor) -> None:
    boss = bearer(ops)
    course = world.published_course(bearer(partner))
    node, _ = world.enrolled_node(boss)
    county = node["county_id"]
    ops.both("/ops/assignments")
    form = ops.both(f"/ops/assignments/new?county={county}")
    assert course["id"] in form
    assert "f-target-error" in ops.get(f"/ops/assignments/preview?course={course['id']}&target=nowhere:1", 422)
    assert "f-course-error" in ops.get(f"/ops/assignments/preview?course=&target=county:{county}", 422)
    preview = ops.both(f"/ops/assignments/preview?course={course['id']}&target=county:{county}")
    ops.post("/ops/assignments", preview, course=course["id"], target=f"county:{county}")
    listed = ops.both("/ops/assignments")
    rule = re.search(r"/ops/assignments/(\w+)/remove", listed)
    assert rule
    assert "初中物理" in ops.both(f"/ops/nodes/{node['id']}")
    ops.both(f"/ops/assignments/new?node={node['id']}")
    ops.both(f"/ops/assignments/preview?course={course['id']}&target=node:{node['id']}")
    ops.post(f"/ops/assignments/{rule[1]}/remove", listed)
    assert "/remove" not in ops.get("/ops/assignments")
    assert "no assignment" in ops.post(f"/ops/assignments/{rule[1]}/remove", listed, 404).text


def test_ops_sees_jobs_and_tries_again(world: World, partner: Visitor, ops: Visitor) -> None:
    ops.both("/ops/jobs")
    ops.both("/ops/jobs?state=failed")
    who = bearer(partner)
    lesson = world.lesson(who, world.course(who)["id"])
    job_id = world.upload(who, lesson["id"])["job"]["job_id"]
    assert "压强" in ops.both("/ops/jobs?state=live")
    with world.centre.session() as session:
        job = session.get_one(Job, job_id)
        job.state, job.error_code, job.error_message, job.error_data = JobState.FAILED, "x", "why not", {}
        session.add(job)
    page = ops.both("/ops/jobs?state=failed")
    assert "why not" in page
    ops.post(f"/ops/jobs/{job_id}/retry", page)
    assert "why not" not in ops.get("/ops/jobs")
    world.finish_job(job_id)
    ops.both("/ops/jobs?state=done")


def test_a_bad_cursor_is_said_and_not_broken(ops: Visitor, partner: Visitor) -> None:
    for path in ("/ops/nodes", "/ops/assignments", "/ops/jobs"):
        assert "cursor" in ops.get(f"{path}?after=nonsense", 422)
    assert "cursor" in partner.get("/partner/?after=nonsense", 422)
