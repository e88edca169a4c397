"""What partners and ops see of a ladder: floors first, what was made, the budget, stopping; over the API and pages."""

from typing import Any

import pytest

from catalog.accounts.models import Role
from catalog.courses.schemas import LEAST_BUDGET
from catalog.formats.rungs import Rung, Tier
from catalog.jobs.media import GivenUp
from catalog.jobs.models import JobState
from tests.centre import JSON, World
from tests.factories import make_ladder
from tests.visitor import Visitor, bearer

FLOORS = (Rung.LISTEN, Rung.FLOOR)
LOST = GivenUp(tier=Tier.COMPATIBLE, rung=Rung.BEST, why="budget", bits_per_s=182_000, vmaf=96.2)


@pytest.fixture
def partner(world: World) -> Visitor:
    return Visitor(world, Role.PARTNER, world.partner())


def uploaded(world: World, who: dict[str, str]) -> tuple[JSON, JSON, str]:
    """Add a course with a lesson whose video is in the queue; return both and the job's id."""
    course = world.course(who)
    lesson = world.lesson(who, course["id"])
    return course, lesson, world.upload(who, lesson["id"])["job"]["job_id"]


def publish(world: World, who: dict[str, str], course: JSON) -> None:
    """Draw up a release and sign it."""
    drawn = world.send("POST", f"/api/courses/{course['id']}/publications", who, 201)
    world.signer.sign(drawn["sign_url"].rsplit("/", 1)[1])
    world.look()


def test_floors_are_published_before_better_pictures(world: World, partner: Visitor) -> None:
    who = bearer(partner)
    course, lesson, job_id = uploaded(world, who)
    path, course_path = f"/partner/lessons/{lesson['id']}", f"/partner/courses/{course['id']}"
    assert "/publish" not in partner.both(course_path)
    world.send("GET", f"/api/lessons/{lesson['id']}/media", who, 404)
    world.send("POST", f"/api/courses/{course['id']}/publications", who, 409)
    world.play_job(job_id, JobState.RUNNING, make_ladder(FLOORS))
    assert world.send("GET", f"/api/jobs/{job_id}", who)["floors_ready"] is True
    page = partner.both(path)
    for words in ("现在就可以发布", "960×540，每秒 5 帧", "31 kbit/s", "文字仍可读出 96.2 %", "14 · "):
        assert words in page
    assert f'data-live="{path}/live"' in page
    assert "省流量画面可以发布" in partner.both(course_path)
    assert "1 lesson goes out" in partner.get(f"{course_path}/publish?lang=en")
    publish(world, who, course)
    assert "published in release 1" in partner.get(f"{path}?lang=en")
    assert "For thin lines in release 1" in partner.get(f"{course_path}?lang=en")
    world.play_job(job_id, JobState.DONE, make_ladder(), LOST)
    done = partner.get(f"{path}?lang=en")
    for words in (
        "Better pictures are ready: publish again to send them.",
        "VMAF 96.2",
        "would have needed 182 kbit/s",
    ):
        assert words in done
    partner.both(path)
    assert "Better pictures ready to publish" in partner.get(f"{course_path}?lang=en")
    made = world.send("GET", f"/api/lessons/{lesson['id']}/media", who)
    assert (made["job_id"], made["whole"], len(made["media"]["renditions"])) == (job_id, True, 7)
    assert made["given_up"][0]["why"] == "budget"
    publish(world, who, course)
    assert "Published in release 2" in partner.get(f"{path}?lang=en")


def test_a_correction_at_work_takes_nothing_away(world: World, partner: Visitor) -> None:
    who = bearer(partner)
    course, lesson, job_id = uploaded(world, who)
    world.play_job(job_id, JobState.DONE, make_ladder(FLOORS))
    publish(world, who, course)
    second = world.upload(who, lesson["id"])["job"]["job_id"]
    path = f"/partner/lessons/{lesson['id']}"
    assert "What was made of the video before this one" in partner.get(f"{path}?lang=en")
    assert world.send("GET", f"/api/lessons/{lesson['id']}/media", who)["job_id"] == job_id
    world.play_job(second, JobState.RUNNING, None)
    assert "the video before this one stays" in partner.get(f"{path}?lang=en")
    assert "/publish" in partner.both(f"/partner/courses/{course['id']}")
    drawn = world.send("POST", f"/api/courses/{course['id']}/publications", who, 201)
    assert (drawn["lessons"], drawn["left_out"]) == (1, [])
    world.play_job(second, JobState.FAILED, make_ladder(FLOORS, seed="two"))
    partner.both(path)
    assert world.send("GET", f"/api/lessons/{lesson['id']}/media", who)["job_id"] == second


def test_a_job_is_stopped_from_its_page(world: World, partner: Visitor) -> None:
    who = bearer(partner)
    _, lesson, job_id = uploaded(world, who)
    path = f"/partner/lessons/{lesson['id']}"
    page = partner.both(path)
    assert f'action="{path}/cancel"' in page
    reviewer = Visitor(world, Role.REVIEWER)
    assert "/cancel" not in reviewer.get(path)
    reviewer.post(f"{path}/cancel", reviewer.get(path), 403)
    world.play_job(job_id, JobState.RUNNING, make_ladder(FLOORS))
    stopped = partner.post(f"{path}/cancel", page)
    assert "no release takes anything" in partner.get(f"{stopped.headers['location']}&lang=en")
    job = world.send("GET", f"/api/jobs/{job_id}", who)
    assert (job["state"], job["floors_ready"]) == ("cancelled", False)
    world.send("GET", f"/api/lessons/{lesson['id']}/media", who, 404)
    partner.post(f"{path}/cancel", page, 409)
    assert f'action="{path}/retry"' in partner.both(path)


def test_a_budget_over_the_api(world: World, partner: Visitor) -> None:
    who = bearer(partner)
    course = world.course(who, budget_bytes=200_000_000)
    path = f"/api/courses/{course['id']}"
    assert course["budget_bytes"] == 200_000_000
    kept = world.send("PUT", path, who, json={"title": "物理"})
    assert (kept["title"], kept["budget_bytes"]) == ("物理", 200_000_000), "what is left out stays"
    assert world.send("PUT", path, who, json={"title": "物理", "budget_bytes": None})["budget_bytes"] is None
    for bad in (LEAST_BUDGET - 1, 0, -1, 2 << 40, "many"):
        world.send("PUT", f"{path}/budget", who, 422, json={"budget_bytes": bad})
    world.send("PUT", f"{path}/budget", who, 422, json={})
    ops, other = world.as_(Role.OPS), world.as_(Role.PARTNER)
    assert world.send("PUT", f"{path}/budget", ops, json={"budget_bytes": LEAST_BUDGET})["budget_bytes"] == LEAST_BUDGET
    world.send("PUT", f"{path}/budget", other, 404, json={"budget_bytes": None})
    world.send("PUT", f"{path}/budget", world.as_(Role.REVIEWER), 403, json={"budget_bytes": None})
    assert world.send("GET", "/api/courses", who)["courses"][0]["budget_bytes"] == LEAST_BUDGET


def test_a_budget_on_the_pages(world: World, partner: Visitor) -> None:
    form = partner.get("/partner/courses/new")
    fields: dict[str, Any] = {"title": "数学", "kind": "school", "subject": "数学"}
    refused = partner.post("/partner/courses/new", form, 422, **fields, budget_mb="0.5")
    assert "f-budget_mb-error" in refused.text
    made = partner.post("/partner/courses/new", form, **fields, budget_mb="40 MB").headers["location"]
    path = made.partition("?")[0]
    who = bearer(partner)
    lesson = world.lesson(who, path.rsplit("/", 1)[1])
    job_id = world.upload(who, lesson["id"])["job"]["job_id"]
    world.play_job(job_id, JobState.DONE, make_ladder(), LOST)
    page = partner.both(path)
    for words in ("40.0 MB", "103 MB", "超出预算", "因预算在 1 个课时中没有制作"):
        assert words in page
    wrong = partner.post(f"{path}/budget", page, 422, budget_mb="1,500")
    assert 'value="1,500"' in wrong.text
    saved = partner.post(f"{path}/budget", page, budget_mb="")
    assert "Saved" in partner.get(f"{saved.headers['location']}&lang=en")
    assert "超出预算" not in partner.both(path)
    assert world.send("GET", f"/api{path.removeprefix('/partner')}", who)["budget_bytes"] is None


def test_ops_sees_what_waits(world: World, partner: Visitor) -> None:
    ops = Visitor(world, Role.OPS)
    uploaded(world, bearer(partner))
    page = ops.both("/ops/jobs")
    assert "待分析的视频" in page
    assert 'figure-value">1<' in page
