"""Attachments at the centre: by the API and by the page's form, into a release and out of it, paid by the budget."""

import re
from urllib.parse import quote

import pytest

from catalog.accounts.models import Role
from catalog.courses.models import Course
from catalog.courses.repository import attached_bytes
from catalog.db import utc_now
from catalog.formats.attachments import PART_BYTES
from catalog.publishing.service import draft_release
from catalog.storage.base import Bucket
from tests.centre import World
from tests.visitor import Visitor, bearer, partner

__all__ = ["partner"]

PDF = b"%PDF-1.7\n" + bytes(range(256)) * 2100
NAME = "课堂练习 #1（答案）.pdf"


def path_of(lesson_id: str, name: str = "") -> str:
    path = f"/api/lessons/{lesson_id}/attachments"
    return f"{path}/{quote(name, safe='')}" if name else path


def test_a_file_is_attached_replaced_read_and_left_out(world: World) -> None:
    who = world.as_(Role.PARTNER)
    course = world.ready_course(who)
    lesson = world.send("GET", f"/api/courses/{course['id']}/lessons", who)["lessons"][0]["id"]
    first = world.send("PUT", path_of(lesson, NAME), who, content=PDF[:-1], headers={"Content-Type": "text/html"})
    assert (first["name"], first["type"], first["length"]) == (NAME, "application/pdf", len(PDF) - 1)
    second = world.send("PUT", path_of(lesson, NAME), who, content=PDF)
    assert second["sha256"] != first["sha256"]
    world.send("PUT", path_of(lesson, "课文.txt"), who, content="春眠不觉晓".encode())
    listed = world.send("GET", path_of(lesson), who)["attachments"]
    assert [one["name"] for one in listed] == sorted(["课文.txt", NAME])
    got = world.client.get(path_of(lesson, NAME), headers=world.as_(Role.REVIEWER))
    assert (got.content, got.headers["content-type"]) == (PDF, "application/pdf")
    assert got.headers["content-disposition"] == f"attachment; filename*=UTF-8''{quote(NAME, safe='')}"
    assert got.headers["x-content-type-options"] == "nosniff"
    with world.centre.session() as session:
        release, _ = draft_release(session, session.get_one(Course, course["id"]), utc_now())
        assert attached_bytes(session, course["id"]) == len(PDF) + len("春眠不觉晓".encode())
    pdf = next(one for one in release.lessons[0].attachments if one.name == NAME)
    assert len(pdf.parts) == -(-len(PDF) // PART_BYTES) > 1
    stored = [world.store.get(Bucket.PUBLIC, f"blobs/{digest}", PART_BYTES) for digest in pdf.parts]
    assert b"".join(stored) == PDF
    world.send("DELETE", path_of(lesson, NAME), who, 204)
    assert world.send("DELETE", path_of(lesson, NAME), who, 404)["code"] == "attachment.unknown"
    assert world.send("GET", path_of(lesson, NAME), who, 404)["code"] == "attachment.unknown"
    assert [one["name"] for one in world.send("GET", path_of(lesson), who)["attachments"]] == ["课文.txt"]


@pytest.mark.parametrize(
    ("name", "data", "status", "code"),
    [
        ("a.pdf", b"", 422, "attachment.bad"),
        ("a.pdf", b"MZ\0", 422, "attachment.bad"),
        ("a.html", b"<html>", 422, "attachment.bad"),
        (".a.pdf", PDF, 422, "attachment.bad"),
        ("a\u202efdp.pdf", PDF, 422, "attachment.bad"),
        ("a\\b.pdf", PDF, 422, "attachment.bad"),
        ("a\0.pdf", PDF, 422, "attachment.bad"),
        ("x" * 300 + ".pdf", PDF, 422, "attachment.bad"),
        ("a.pdf", PDF.ljust(20_000_001), 413, "attachment.too-large"),
        ("a.pdf", PDF.ljust(40_500_000), 413, "request.too-large"),
    ],
)
def test_what_cannot_be_attached_leaves_nothing(world: World, name: str, data: bytes, status: int, code: str) -> None:
    who = world.as_(Role.PARTNER)
    lesson = world.lesson(who, world.course(who)["id"])["id"]
    before = {one.key for one in world.store.list_objects(Bucket.PUBLIC, "")}
    wrong = world.send("PUT", path_of(lesson, name), who, status, content=data)
    assert wrong["code"] == code
    assert world.send("GET", path_of(lesson), who)["attachments"] == []
    assert {one.key for one in world.store.list_objects(Bucket.PUBLIC, "")} == before


def test_a_lesson_takes_so_many_and_only_its_own_partner_adds(world: World) -> None:
    who = world.as_(Role.PARTNER)
    lesson = world.lesson(who, world.course(who)["id"])["id"]
    for n in range(world.centre.settings.attachments_per_lesson):
        world.send("PUT", path_of(lesson, f"{n}.txt"), who, content=b"text")
    full = world.send("PUT", path_of(lesson, "more.txt"), who, 409, content=b"text")
    assert (full["code"], full["data"]["limit"]) == ("attachment.too-many", 20)
    world.send("PUT", path_of(lesson, "0.txt"), who, content=b"in place of another")
    world.send("PUT", path_of(lesson, "x.txt"), world.as_(Role.PARTNER), 404, content=b"text")
    world.send("PUT", path_of(lesson, "x.txt"), world.as_(Role.REVIEWER), 403, content=b"text")
    world.send("GET", path_of(lesson, "0.txt"), world.as_(Role.PARTNER), 404)
    world.send("PUT", path_of(lesson, "x.txt"), {}, 401, content=b"text")


def test_the_form_works_without_a_script(world: World, partner: Visitor) -> None:
    who = bearer(partner)
    lesson = world.lesson(who, world.course(who)["id"])["id"]
    path = f"/partner/lessons/{lesson}"
    token = re.search(r'name="csrf_token" value="([^"]+)"', partner.both(path))
    assert token
    fields = {"csrf_token": token[1]}

    def send(name: str, data: bytes) -> tuple[int, str]:
        answer = world.client.post(
            f"{path}/attachments", headers=partner.headers, data=fields, follow_redirects=False,
            files={"attachment": (name, data, "application/octet-stream")},
        )  # fmt: skip
        return answer.status_code, answer.text

    status, page = send("练习.pdf", b"MZ")
    assert (status, "f-attachment-error" in page) == (422, True)
    assert world.client.post(f"{path}/attachments", headers=partner.headers, data=fields).status_code == 422
    assert send(f"C:\\fakepath\\{NAME}", PDF)[0] == 303
    shown = partner.both(path)
    assert f'href="{path_of(lesson, NAME)}"' in shown
    assert "538 kB" in shown
    partner.post(f"{path}/attachments/remove", shown, name=NAME)
    assert NAME not in partner.get(path)
