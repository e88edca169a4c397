"""A lesson's deck: it comes in like a video, belongs to the next job, and is replaced and removed."""

from typing import Any

import pytest

from catalog.accounts.models import Role
from catalog.courses.models import SourceKind
from catalog.jobs.briefing import deck_key
from catalog.jobs.models import JobState, TaskKind
from catalog.jobs.repository import tasks_of
from catalog.jobs.schemas import Lease
from catalog.jobs.service import take_lease
from catalog.storage.base import Bucket
from tests.centre import World
from tests.integration.test_web_pages import Visitor, bearer

JSON = dict[str, Any]


def send_deck(world: World, who: dict[str, str], lesson_id: str, name: str = "课件.pdf", data: bytes = b"%PDF") -> JSON:
    new = {"name": name, "size": len(data), "content_type": "application/pdf", "kind": "deck"}
    source = world.send("POST", f"/api/lessons/{lesson_id}/sources", who, 201, json=new)
    base = f"/api/sources/{source['id']}"
    for part in world.send("POST", f"{base}/part-urls", who, json={"numbers": [1]})["urls"]:
        assert world.store.receive(part["url"], data) == 200
    return world.send("POST", f"{base}/complete", who)


def ingest_lease(world: World, job_id: str) -> Lease:
    """Take the job's ingest as a worker does."""
    with world.centre.session() as session:
        (task,) = tasks_of(session, job_id, TaskKind.INGEST)
        lease = take_lease(session, task.id, "worker-1", 60)
    assert lease is not None
    return lease


def deck_of(world: World, lease: Lease) -> str | None:
    with world.centre.session() as session:
        return deck_key(session, lease)


@pytest.fixture
def teacher(world: World) -> dict[str, str]:
    return world.as_(Role.PARTNER)


@pytest.fixture
def lesson_id(world: World, teacher: dict[str, str]) -> str:
    return str(world.lesson(teacher, world.course(teacher)["id"])["id"])


def test_a_deck_before_the_video_belongs_to_its_job(world: World, teacher: dict[str, str], lesson_id: str) -> None:
    first = send_deck(world, teacher, lesson_id)
    assert first["job"] is None
    assert first["source"]["kind"] == SourceKind.DECK
    second = send_deck(world, teacher, lesson_id, "新课件.PPTX", b"PK\3\4")
    job = world.upload(teacher, lesson_id)["job"]
    key = deck_of(world, ingest_lease(world, job["job_id"]))
    assert key == f"sources/{second['source']['id']}", "the newest"
    assert world.store.get(Bucket.SOURCES, key, 99) == b"PK\3\4"
    listed = world.send("GET", f"/api/lessons/{lesson_id}/sources", teacher)["sources"]
    assert [source["kind"] for source in listed] == ["recording", "deck", "deck"]


def test_a_deck_after_the_video_is_taken_by_a_job_that_has_not_begun(
    world: World, teacher: dict[str, str], lesson_id: str
) -> None:
    waiting = world.upload(teacher, lesson_id)["job"]
    done = send_deck(world, teacher, lesson_id)
    assert done["job"]["job_id"] == waiting["job_id"]
    again = world.send("POST", f"/api/sources/{done['source']['id']}/complete", teacher)
    assert again["job"]["job_id"] == waiting["job_id"], "completing twice is harmless"


def test_a_job_that_is_past_its_ingest_gives_way_to_one_with_the_deck(
    world: World, teacher: dict[str, str], lesson_id: str
) -> None:
    begun = world.upload(teacher, lesson_id)["job"]
    assert deck_of(world, ingest_lease(world, begun["job_id"])) is None
    after = send_deck(world, teacher, lesson_id)["job"]
    assert after["job_id"] != begun["job_id"]
    assert after["source_id"] == begun["source_id"]
    states = {
        job["job_id"]: job["state"] for job in world.send("GET", f"/api/lessons/{lesson_id}/jobs", teacher)["jobs"]
    }
    assert states == {begun["job_id"]: JobState.CANCELLED, after["job_id"]: JobState.WAITING}


def test_a_deck_for_a_lesson_that_is_ready_begins_a_job(world: World, teacher: dict[str, str], lesson_id: str) -> None:
    ready = world.upload(teacher, lesson_id)["job"]
    world.finish_job(ready["job_id"])
    after = send_deck(world, teacher, lesson_id)["job"]
    assert after["job_id"] != ready["job_id"]
    assert deck_of(world, ingest_lease(world, after["job_id"])) is not None


def test_a_removed_deck_belongs_to_no_job(world: World, teacher: dict[str, str], lesson_id: str) -> None:
    send_deck(world, teacher, lesson_id)
    send_deck(world, teacher, lesson_id, "another.pdf")
    other = world.as_(Role.PARTNER)
    assert world.send("DELETE", f"/api/lessons/{lesson_id}/deck", other, 404)["code"] == "lesson.unknown"
    world.send("DELETE", f"/api/lessons/{lesson_id}/deck", teacher, 204)
    world.send("DELETE", f"/api/lessons/{lesson_id}/deck", teacher, 204)
    job = world.upload(teacher, lesson_id)["job"]
    assert deck_of(world, ingest_lease(world, job["job_id"])) is None


@pytest.mark.parametrize(
    ("name", "size", "code"),
    [("课件.key", 9, "source.not-a-deck"), ("a.pdf", 0, "source.empty"), ("a.pdf", 1 << 30, "source.too-large")],
)
def test_what_is_no_deck_is_refused(
    world: World, teacher: dict[str, str], lesson_id: str, name: str, size: int, code: str
) -> None:
    new = {"name": name, "size": size, "kind": "deck"}
    assert world.send("POST", f"/api/lessons/{lesson_id}/sources", teacher, 422, json=new)["code"] == code


def test_a_deck_and_a_video_of_one_name_are_two_uploads(world: World, teacher: dict[str, str], lesson_id: str) -> None:
    new = {"name": "a.pdf", "size": 9}
    path = f"/api/lessons/{lesson_id}/sources"
    video = world.send("POST", path, teacher, 201, json=new)
    deck = world.send("POST", path, teacher, 201, json=new | {"kind": "deck"})
    assert video["id"] != deck["id"]
    assert world.send("POST", path, teacher, 201, json=new | {"kind": "deck"})["id"] == deck["id"]


def test_a_deck_is_shown_and_goes(world: World) -> None:
    partner = Visitor(world, Role.PARTNER, world.partner())
    who = bearer(partner)
    lesson = world.lesson(who, world.course(who)["id"])
    path = f"/partner/lessons/{lesson['id']}"
    assert f'href="{path}/deck"' in partner.both(path)
    assert 'data-kind="deck"' in partner.both(f"{path}/deck")
    new = {"name": "第一课 <b>.pdf", "size": 4, "kind": "deck"}
    source = world.send("POST", f"/api/lessons/{lesson['id']}/sources", who, 201, json=new)
    assert "upload-unfinished" in partner.both(f"{path}/deck")
    assert "upload-unfinished" not in partner.both(path), "a deck begun is no video begun"
    base = f"/api/sources/{source['id']}"
    url = world.send("POST", f"{base}/part-urls", who, json={"numbers": [1]})["urls"][0]["url"]
    world.store.receive(url, b"%PDF")
    world.send("POST", f"{base}/complete", who)
    shown = partner.both(path)
    assert "第一课 &lt;b&gt;.pdf" in shown
    assert "第一课 &lt;b&gt;.pdf" in partner.both(f"{path}/deck")
    partner.post(f"{path}/deck/remove", shown)
    assert "第一课" not in partner.both(path)
