"""The pure parts of the pages: words, redirects, and what a form's fault is called."""

from typing import Any

import pytest
from pydantic import ValidationError

from api.web.desk import faults_of, safe_next
from api.web.views import one_line, place_words, roughly, state_view
from catalog.courses.schemas import CourseIn, LessonIn, PlaceIn
from catalog.db import utc_now
from catalog.jobs.models import JobState, TaskKind
from catalog.jobs.schemas import Fault, JobProgress
from catalog.overview.nodes import touch_of
from catalog.overview.repository import FRESH_WITHIN, SILENT_AFTER
from catalog.overview.schemas import LessonStage, LessonState, Touch
from songtan.clients.upload import Addresses, Parts


@pytest.mark.parametrize("url", ["/partner/", "/partner/courses/01X?after=3", "/课"])
def test_a_sign_in_goes_on_to_our_own_pages(url: str) -> None:
    assert safe_next(url) == url


@pytest.mark.parametrize(
    "url", ["", None, "//evil.test", "/\\evil.test", "https://evil.test", "evil", "/a\nb", "/a\tb", "javascript:1"]
)
def test_a_sign_in_leads_nowhere_else(url: str | None) -> None:
    assert safe_next(url) is None


def test_a_file_name_becomes_one_line() -> None:
    assert one_line('第1课\n"正数" .mp4\t') == '第1课 "正数" .mp4'
    assert len(one_line("课" * 500)) == 200
    assert one_line("\n\t") == ""


def test_a_place_is_said_from_the_stage_down() -> None:
    assert place_words(PlaceIn(subject="数学", stage="初中"), "第一章") == "初中 · 数学 · 第一章"
    assert place_words(PlaceIn(trade="焊接")) == "焊接"


def test_faults_are_sentences_next_to_their_fields() -> None:
    with pytest.raises(ValidationError) as empty:
        CourseIn(title=" ")
    assert faults_of(empty.value, "en")["title"] == "Please fill this in."
    with pytest.raises(ValidationError) as long:
        CourseIn(title="x" * 201)
    assert "200" in faults_of(long.value, "zh-CN")["title"]
    with pytest.raises(ValidationError) as control:
        LessonIn(title="a\x07b", number=0)
    faults = faults_of(control.value, "en")
    assert "unusual" in faults["title"]
    assert "1 or more" in faults["number"]
    assert faults["unit"] == ""


def test_a_failed_job_says_why_in_the_readers_language() -> None:
    message = "The file %(name)s is empty. Choose the video itself and try again."
    job = JobProgress(
        job_id="J", lesson_id="L", source_id="S", state=JobState.FAILED, stage=TaskKind.ENCODE, percent=40, rate=2.0,
        eta_s=9.0, content_seconds=60, segments_done=2, segments=6, created_at=utc_now(), started_at=None,
        finished_at=None, fault=Fault(code="x", message=message, data={"name": "课.mp4"}),
    )  # fmt: skip
    view = state_view(LessonState(stage=LessonStage.FAILED, job=job), "en")
    assert view.why == "The file 课.mp4 is empty. Choose the video itself and try again."
    assert view.stage_words == "2 of 6 segments are made."


def job_at_work(**fields: Any) -> JobProgress:
    """A job that is being encoded."""
    usual: dict[str, Any] = {
        "job_id": "J", "lesson_id": "L", "source_id": "S", "state": JobState.RUNNING, "stage": TaskKind.ENCODE,
        "percent": 40, "rate": 2.0, "eta_s": None, "content_seconds": 60, "segments_done": 2, "segments": 6,
        "created_at": utc_now(), "started_at": None, "finished_at": None, "fault": None,
    }  # fmt: skip
    return JobProgress(**{**usual, **fields})


@pytest.mark.parametrize(
    ("job", "state", "said"),
    [
        ({}, {}, "How long it takes can be said"),
        ({"floors_eta_s": 700}, {}, "In about 10 min it can be published"),
        ({"floors_eta_s": 700}, {"publishable": True}, "the video before this one stays"),
        ({"floors_ready": True, "eta_s": 4000}, {"publishable": True}, "can be published now. Better pictures follow"),
        ({"floors_ready": True, "eta_s": 4000}, {"publishable": True}, "about 1 h 10 min more"),
        ({"floors_ready": True}, {"publishable": True}, "not known yet"),
        ({"floors_ready": True}, {"publishable": True, "release": 3}, "published in release 3"),
        ({"floors_ready": True}, {"publishable": True, "stage": LessonStage.FAILED}, "only better ones failed"),
    ],
)
def test_what_can_be_published_is_said_while_a_job_runs(job: dict[str, Any], state: dict[str, Any], said: str) -> None:
    state = {"stage": LessonStage.ENCODING, **state}
    assert said in state_view(LessonState(job=job_at_work(**job), **state), "en").floors_words


def test_nothing_is_said_of_floors_when_all_is_done() -> None:
    done = job_at_work(state=JobState.DONE, floors_ready=True)
    assert state_view(LessonState(stage=LessonStage.READY, job=done, publishable=True), "en").floors_words == ""


def test_an_estimate_does_not_promise_seconds() -> None:
    assert [roughly(s) for s in (0, 12.3, 61, 599, 700, 3599, 4000)] == [1, 12, 60, 600, 600, 3600, 4200]


def test_never_seen_is_not_silent() -> None:
    now = utc_now()
    assert touch_of(None, None, now) is Touch.NEW
    assert touch_of(now, None, now) is Touch.ENROLLED
    assert touch_of(now, now, now) is Touch.FRESH
    assert touch_of(now, now - FRESH_WITHIN, now) is Touch.QUIET
    assert touch_of(now, now - SILENT_AFTER, now) is Touch.SILENT


def test_parts_cover_a_file_once() -> None:
    parts = Parts(size=20 * 1000 + 1, part_size=8000)
    extents = [parts.extent(n) for n in range(1, parts.count + 1)]
    assert extents == [(0, 8000), (8000, 8000), (16000, 4001)]
    assert Parts(1, 8000).count == 1


def test_addresses_are_signed_in_batches_and_anew_when_asked_again() -> None:
    asked: list[list[int]] = []

    def sign(numbers: list[int]) -> dict[int, str]:
        asked.append(numbers)
        return {n: f"{n}@{len(asked)}" for n in numbers}

    addresses = Addresses(sign, [1, 2, 3], batch=2)
    assert [addresses(1), addresses(2), addresses(3), addresses(3)] == ["1@1", "2@1", "3@2", "3@3"]
    assert asked == [[1, 2], [3], [3]]
