"""Courses, lessons, their pages, captions and jobs through the JSON API."""

from datetime import timedelta

import pytest
from sqlmodel import Session

from catalog.accounts.models import Role
from catalog.courses.models import Course, Lesson
from catalog.db import utc_now
from catalog.formats.errors import AppError
from catalog.formats.ids import new_id
from catalog.jobs.errors import JobGaveUp
from catalog.jobs.models import Job, JobState
from catalog.storage.base import Bucket
from tests.centre import World

VTT = "WEBVTT\n\n00:00:00.000 --> 00:00:02.000\n压强\n".encode()
SRT = "1\n00:00:01,000 --> 00:00:02,500\n同学们好\n\n2\n10:00:00,000 --> 10:00:01,000\n再见\n\n"


def add_lessons(session: Session, course: Course, count: int, same_moment: bool) -> list[str]:
    now = utc_now()
    lessons = [
        Lesson(
            course_id=course.id, partner_id=course.partner_id, number=n + 1, title=f"第{n}课",
            subject=("物理", "数学")[n % 2], created_at=now + timedelta(seconds=0 if same_moment else n),
        )
        for n in range(count)
    ]  # fmt: skip
    session.add_all(lessons)
    return [lesson.id for lesson in lessons]


@pytest.mark.parametrize("same_moment", [False, True])
def test_pages_of_lessons_have_each_once(world: World, same_moment: bool) -> None:
    who = world.as_(Role.PARTNER)
    course_id = world.course(who)["id"]
    with world.centre.session() as session:
        made = add_lessons(session, session.get_one(Course, course_id), 120, same_moment)
    seen, cursor, sizes = [], "", []
    while True:
        page = world.send("GET", f"/api/lessons?cursor={cursor}", who)
        seen += [lesson["id"] for lesson in page["lessons"]]
        sizes.append(len(page["lessons"]))
        cursor = page["next"]
        if cursor is None:
            break
    assert sizes == [50, 50, 20]
    assert seen == sorted(seen, reverse=True) if same_moment else seen == made[::-1]
    assert set(seen) == set(made)
    first = world.send("GET", "/api/lessons?subject=物理", who)["lessons"]
    assert {lesson["place"]["subject"] for lesson in first} == {"物理"}
    assert first[0]["course_title"] == "初中物理"
    assert first[0]["partner_name"].startswith("成都七中")
    assert world.send("GET", "/api/lessons?subject=化学", who)["lessons"] == []
    assert world.send("GET", "/api/lessons?subjet=物理", who, 422)["data"]["field"] == "subjet"


def test_a_page_ends_with_its_fiftieth(world: World) -> None:
    who = world.as_(Role.PARTNER)
    course_id = world.course(who)["id"]
    with world.centre.session() as session:
        add_lessons(session, session.get_one(Course, course_id), 50, same_moment=False)
    page = world.send("GET", f"/api/lessons?course_id={course_id}", who)
    assert (len(page["lessons"]), page["next"]) == (50, None)


def test_lessons_are_numbered_and_keep_their_ids(world: World) -> None:
    who = world.as_(Role.PARTNER)
    course = world.course(who)
    one, two = world.lesson(who, course["id"]), world.lesson(who, course["id"], title="浮力")
    assert (one["number"], two["number"]) == (1, 2)
    assert one["place"] == course["place"]
    assert world.lesson(who, course["id"], number=7)["number"] == 7
    assert world.lesson(who, course["id"])["number"] == 8
    path = f"/api/courses/{course['id']}/lessons"
    taken = world.send("POST", path, who, 409, json={"title": "x", "number": 2})
    assert taken["code"] == "lesson.number-taken"
    changed = world.send("PUT", f"/api/lessons/{two['id']}", who, json={"title": "浮力（二）", "number": 3})
    assert (changed["id"], changed["number"], changed["place"]) == (two["id"], 3, two["place"])
    assert world.send("PUT", f"/api/lessons/{two['id']}", who, 409, json={"title": "x", "number": 1})
    assert [row["number"] for row in world.send("GET", path, who)["lessons"]] == [1, 3, 7, 8]


def test_ops_says_whose_course_it_is(world: World) -> None:
    ops, partner_id = world.as_(Role.OPS), world.partner()
    assert world.send("POST", "/api/courses", ops, 422, json={"title": "x"})["code"] == "account.partner-missing"
    made = world.send("POST", "/api/courses", ops, 201, json={"title": "x", "partner_id": partner_id})
    assert made["partner_id"] == partner_id
    missing = {"title": "x", "partner_id": new_id()}
    assert world.send("POST", "/api/courses", ops, 404, json=missing)["code"] == "partner.unknown"
    theirs = {"title": "x", "partner_id": partner_id}
    assert (
        world.send("POST", "/api/courses", world.as_(Role.PARTNER), 403, json=theirs)["code"] == "account.not-allowed"
    )


def test_captions_are_stored_replaced_and_left_out(world: World) -> None:
    who = world.as_(Role.PARTNER)
    lesson = world.lesson(who, world.course(who)["id"])
    path = f"/api/lessons/{lesson['id']}/captions"
    first = world.send("PUT", f"{path}/zh-CN?name=中文", who, content=VTT, headers={"Content-Type": "application/json"})
    assert world.store.get(Bucket.PUBLIC, f"blobs/{first['sha256']}", 1 << 20) == VTT
    world.send("PUT", f"{path}/en", who, content=VTT)
    second = world.send("PUT", f"{path}/zh-CN?name=简体", who, content=VTT.replace(b"02.000", b"03.000"))
    assert second["sha256"] != first["sha256"]
    listed = world.send("GET", path, who)["captions"]
    assert [(caption["language"], caption["name"]) for caption in listed] == [("en", "English"), ("zh-CN", "简体")]
    world.send("DELETE", f"{path}/en", who, 204)
    assert world.send("DELETE", f"{path}/en", who, 404)["code"] == "caption.unknown"
    bad = world.send("PUT", f"{path}/en", who, 422, content=b"WEBVTT\n\n00:02.000 --> 00:01.000\nx")
    assert (bad["code"], bad["data"]["line"]) == ("caption.bad", 3)
    large = world.send("PUT", f"{path}/en", who, 413, content=b"WEBVTT\n" + b"x" * (1 << 20))
    assert large["code"] == "caption.too-large"
    world.send("PUT", f"{path}/not a tag", who, 422, content=VTT)


def test_captions_in_other_formats_and_encodings_become_webvtt(world: World) -> None:
    who = world.as_(Role.PARTNER)
    course = world.ready_course(who)
    lesson = world.send("GET", f"/api/courses/{course['id']}/lessons", who)["lessons"][0]
    path = f"/api/lessons/{lesson['id']}/captions/zh-CN"
    stored = world.send("PUT", f"{path}?offset_s=-2&rate=1.1", who, content=SRT.encode("gbk"))
    assert (stored["format"], stored["encoding"], stored["cues"]) == ("SubRip", "GB18030", 2)
    assert stored["first"][0] == {"start_ms": 0, "end_ms": 750, "text": "同学们好"}
    assert [remark["code"] for remark in stored["remarks"]] == [
        "caption.encoding-recognised",
        "caption.clipped",
        "caption.after-end",
    ]
    kept = world.store.get(Bucket.PUBLIC, f"blobs/{stored['sha256']}", 1 << 20).decode()
    assert kept.startswith("WEBVTT\n\n00:00:00.000 --> 00:00:00.750\n同学们好\n\n")
    assert stored["length"] == len(kept.encode())
    for wrong in ("offset_s=nan", "offset_s=inf", "offset_s=360001", "rate=0", "rate=nan", "offset_s=x"):
        assert world.send("PUT", f"{path}?{wrong}", who, 422, content=VTT)["code"] == "request.bad-field"
    headers = {"Accept-Language": "zh-CN"}
    refused = world.send("PUT", path, who, 422, content=SRT.replace("02,500", "00,500").encode(), headers=headers)
    assert (refused["code"], refused["data"]) == ("caption.bad", {"line": 2})
    assert refused["detail"].startswith("第 2 行：")
    shifted = world.send("PUT", f"{path}?offset_s=36000", who, content=VTT)
    assert [remark["code"] for remark in shifted["remarks"]] == ["caption.all-late"]


def test_an_empty_or_huge_file_is_refused_before_it_is_sent(world: World) -> None:
    who = world.as_(Role.PARTNER)
    lesson = world.lesson(who, world.course(who)["id"])
    path = f"/api/lessons/{lesson['id']}/sources"
    assert world.send("POST", path, who, 422, json={"name": "x.mp4", "size": 0})["code"] == "source.empty"
    assert world.send("POST", path, who, 422, json={"name": "x.mp4", "size": 1 << 50})["code"] == "source.too-large"
    world.send("POST", path, who, 422, json={"name": "x.mp4", "size": -1})
    world.send("POST", path, who, 422, json={"name": "x.mp4", "size": 1, "content_type": "a\nb/c"})
    source = world.send("POST", path, who, 201, json={"name": "x.mp4", "size": 1})
    urls = f"/api/sources/{source['id']}/part-urls"
    assert world.send("POST", urls, who, 422, json={"numbers": [2]})["code"] == "source.no-such-part"
    world.send("POST", urls, who, 422, json={"numbers": []})
    world.send("POST", urls, who, 422, json={"numbers": [0]})


def fail(world: World, job_id: str, error: AppError) -> None:
    with world.centre.session() as session:
        job = session.get_one(Job, job_id)
        job.state, job.error_code, job.error_message, job.error_data = (
            JobState.FAILED, error.code, error.message, error.data,
        )  # fmt: skip
        session.add(job)


def test_a_failed_job_says_why_and_can_be_tried_again(world: World) -> None:
    who = world.as_(Role.PARTNER)
    lesson = world.lesson(who, world.course(who)["id"])
    job_id = world.upload(who, lesson["id"])["job"]["job_id"]
    assert world.send("POST", f"/api/jobs/{job_id}/retry", who, 409)["code"] == "job.not-retriable"
    fail(world, job_id, JobGaveUp(attempts=4, kind="encode", number=2))
    shown = world.send("GET", f"/api/jobs/{job_id}", who)
    assert shown["state"] == "failed"
    assert "4 times" in shown["fault"]["detail"]
    chinese = world.send("GET", f"/api/jobs/{job_id}?lang=zh", who)
    assert chinese["fault"]["code"] == shown["fault"]["code"]
    retried = world.send("POST", f"/api/jobs/{job_id}/retry", who)
    assert (retried["state"], retried["fault"]) == ("waiting", None)
    assert world.send("POST", f"/api/jobs/{job_id}/cancel", who)["state"] == "cancelled"
    assert world.send("POST", f"/api/jobs/{job_id}/cancel", who, 409)["code"] == "job.not-cancellable"
    assert [job["job_id"] for job in world.send("GET", f"/api/lessons/{lesson['id']}/jobs", who)["jobs"]] == [job_id]


def test_a_correction_at_work_takes_nothing_from_the_next_release(world: World) -> None:
    who = world.as_(Role.PARTNER)
    course = world.ready_course(who)
    lesson = world.send("GET", f"/api/courses/{course['id']}/lessons", who)["lessons"][0]
    second = world.upload(who, lesson["id"], b"better film")
    assert second["job"]["state"] == "waiting"
    published = world.send("POST", f"/api/courses/{course['id']}/publications", who, 201)
    assert (published["lessons"], published["left_out"]) == (1, [])
