"""What a job that failed says where people look: the partner's page, ops' page and the API, in both languages."""

from typing import Any

import pytest

from catalog.accounts.models import Role, SessionKind
from catalog.formats.errors import AppError
from catalog.jobs.errors import JobBroke, JobGaveUp
from catalog.jobs.models import Job, JobState
from tests.centre import World
from workers.pipeline import errors as wrong

FAULTS: list[tuple[AppError, str]] = [
    (wrong.SourceEmpty(), "上传的文件是空的"),
    (wrong.NotAVideo(why="source: Invalid data found"), "Invalid data found"),
    (wrong.NothingInside(), "没有"),
    (wrong.SourceCutOff(promised=2700.0, present=12.5), "12.5"),
    (wrong.SourceTooLong(seconds=40_000, limit=21_600), "40000"),
    (wrong.PicturesTooLarge(width=16_384, height=16_384, limit=37_748_736), "16384×16384"),
    (wrong.NotDecodable(start=4.0, end=8.0, why="<i>%(x)s 100%</i>"), "&lt;i&gt;%(x)s 100%&lt;/i&gt;"),
    (wrong.ToolFailed(tool="ffmpeg", status="1", why="no\nlines"), "ffmpeg"),
    (wrong.ToolTooSlow(tool="ffmpeg", seconds=60), "60"),
    (wrong.WorkspaceFull(free=1, needed=2), "1 MB"),
    (wrong.SegmentWrong(number=3, track="clear", why="x"), "clear"),
    (wrong.InitDiffers(number=3, track="clear"), "clear"),
    (JobGaveUp(attempts=4, kind="encode", number=2), "4"),
    (JobBroke(kind="encode", number=3, why="it broke", task="T"), "it broke"),
]


def chinese(text: str) -> bool:
    return any("\u4e00" <= c <= "\u9fff" for c in text)


@pytest.mark.parametrize(("fault", "words"), FAULTS, ids=[fault.code for fault, _ in FAULTS])
def test_it_says_why_in_the_readers_language_and_is_tried_again(world: World, fault: AppError, words: str) -> None:
    partner = world.partner()
    who = world.as_(Role.PARTNER, partner)
    lesson = world.lesson(who, world.course(who)["id"])
    job_id = world.upload(who, lesson["id"])["job"]["job_id"]
    with world.centre.session() as session:
        job = session.get_one(Job, job_id)
        job.state, job.error_code = JobState.FAILED, fault.code
        job.error_message, job.error_data = fault.message, fault.data
        session.add(job)
    said = {tag: _detail(world, job_id, who, tag) for tag in ("zh-CN", "en")}
    assert said["en"] == str(fault)
    assert chinese(said["zh-CN"].replace(str(fault.data.get("why", "")), ""))
    visitors = {"/partner/lessons/" + lesson["id"]: (Role.PARTNER, partner), "/ops/jobs?state=failed": (Role.OPS, None)}
    for path, (role, partner_id) in visitors.items():
        cookie = world.as_(role, partner_id, SessionKind.COOKIE)
        page = world.client.get(path, headers=cookie | {"Accept": "text/html", "Accept-Language": "zh-CN"})
        assert page.status_code == 200
        assert words in page.text, path
        assert "/retry" in page.text, path
    assert world.send("GET", f"/api/lessons/{lesson['id']}/sources", who)["sources"][0]["state"] == "uploaded"
    assert world.send("POST", f"/api/jobs/{job_id}/retry", who)["state"] == "waiting"


def _detail(world: World, job_id: str, who: dict[str, Any], tag: str) -> str:
    return str(world.send("GET", f"/api/jobs/{job_id}", who, headers={"Accept-Language": tag})["fault"]["detail"])
