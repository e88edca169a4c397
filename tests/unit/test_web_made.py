"""What was made and what a course takes, as the pages and the command say it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.web.course_use import course_use, parse_budget
from api.web.made import given_up_words, kbits, made_view, tier_bytes
from api.web.ops.jobs import queue_words
from catalog.courses.schemas import LEAST_BUDGET, MOST_BUDGET
from catalog.formats.ids import new_id
from catalog.formats.release import Media
from catalog.formats.rungs import Rung, Tier
from catalog.jobs.media import GivenUp
from catalog.jobs.models import TaskKind, TaskState
from catalog.jobs.turns import Queue
from catalog.overview.lessons import has_grown
from catalog.overview.schemas import LessonMade
from songtan.clients.ladder import given_up_lines, ladder_rows
from tests.factories import make_ladder, make_media, make_track

OVER = GivenUp(tier=Tier.COMPATIBLE, rung=Rung.BEST, why="budget", bits_per_s=182_000, vmaf=96.2)
SMALLER = GivenUp(tier=Tier.MODERN, rung=Rung.CLEAR, why="budget", bits_per_s=33_900, vmaf=92.4, instead=89.6)
GATE = GivenUp(tier=Tier.MODERN, rung=Rung.BEST, why="gate", vmaf=93.1)
SOURCE = GivenUp(tier=Tier.MODERN, rung=Rung.BEST, why="source")
LATER = GivenUp(tier=Tier.MODERN, rung=Rung.BEST, why="moon")


def made(media: Media, *given_up: GivenUp) -> LessonMade:
    return LessonMade(job_id=new_id(), whole=True, media=media, given_up=given_up)


def test_a_ladder_is_said_rung_by_rung_with_pictures_and_sound_apart() -> None:
    view = made_view(made(make_ladder()), "en")
    assert view.facts[0] == ("Length", "45:00")
    assert view.facts[1][1].startswith("14 · ")
    compatible, modern = view.tiers
    assert (compatible.name, compatible.codecs) == ("for every screen", "H.264 + AAC")
    assert (modern.codecs, modern.sound) == ("AV1 + Opus", "Opus · mono · 16 kbit/s · 5.4 MB")
    voice, floor, clear, best = compatible.rungs
    assert (voice.rung, voice.picture, voice.rate, voice.quality) == ("sound only", "14 stills", "", "")
    assert voice.together == "8.1 MB"
    assert (floor.picture, floor.rate, floor.size) == ("960×540, 5 frames/s", "31 kbit/s", "10.6 MB")
    assert floor.together == "18.7 MB"
    assert floor.quality == "Soft, and good enough to teach with"
    assert floor.vmaf == "VMAF 85.3; the worst 5 % under 72.8, the lowest 61.2"
    assert floor.text == "96.2 % of the text is still read"
    assert clear.picture == "1280×720, 8.33 frames/s"
    assert best.quality == "Hardly to be told from the original"


def test_what_was_not_measured_is_not_said() -> None:
    view = made_view(made(make_media({Rung.FLOOR: make_track()}, None)), "zh-CN")
    (floor,) = view.tiers[0].rungs
    assert (floor.quality, floor.vmaf, floor.text, view.tiers[0].sound) == ("", "", "", "")


def test_what_was_given_up_has_its_reason_and_its_price() -> None:
    assert given_up_words(OVER, "en") == (
        "Best, for every screen: not made, because it did not fit into the course's budget. "
        "It would have needed 182 kbit/s for VMAF 96."
    )
    assert "It has about VMAF 90 instead of 92." in given_up_words(SMALLER, "en")
    assert "not good enough" in given_up_words(GATE, "en")
    assert given_up_words(GATE, "en").endswith("It came to VMAF 93.")
    assert "as small" in given_up_words(SOURCE, "en")
    assert given_up_words(LATER, "en") == "Best, for newer screens: not made."
    assert given_up_words(OVER, "zh-CN").startswith("“最清晰”（适合所有屏幕）：超出课程预算")


def test_a_course_is_summed_by_tier_against_its_budget() -> None:
    ladder = make_ladder()
    lessons = {"a": made(ladder, OVER, GATE), "b": made(make_ladder(seed="b"), OVER, SMALLER)}
    use = course_use(200_000_000, 3, lessons, "en")
    compatible, modern = use.uses
    stills = sum(blob.length for blob in ladder.blobs())
    assert tier_bytes(ladder, Tier.COMPATIBLE) == 45 * 60 * (31_400 + 68_200 + 182_000 + 24_000) // 8 + stills
    assert (compatible.over, modern.over, use.budget, use.megabytes) == (True, False, "200 MB", "200")
    assert (use.made, use.lessons) == (2, 3)
    found = {(lost.words, lost.why, lost.smaller): lost.lessons for lost in use.lost}
    assert found == {
        ("Best, for every screen", "budget", False): 2,
        ("Best, for newer screens", "gate", False): 1,
        ("Clear, for newer screens", "budget", True): 1,
    }
    free = course_use(None, 1, {}, "en")
    assert (free.budget, free.megabytes, free.uses, free.lost) == ("", "", (), ())


def test_a_release_with_floors_only_is_told_from_one_with_all() -> None:
    floors, whole = make_ladder((Rung.LISTEN, Rung.FLOOR)), make_ladder()
    assert has_grown(floors, whole)
    assert not has_grown(whole, whole)
    assert not has_grown(whole, floors)
    other = make_ladder((Rung.FLOOR,), seed="other")
    assert not has_grown(other, whole), "another video has not grown"


@pytest.mark.parametrize(
    ("typed", "size"),
    [
        ("200", 200_000_000),
        (" 1.5 MB ", 1_500_000),
        ("２００", 200_000_000),
        ("", None),
        ("  ", None),
        ("1", 1_000_000),
    ],
)
def test_a_budget_is_typed_in_megabytes(typed: str, size: int | None) -> None:
    assert parse_budget(typed) == size


@given(st.text(max_size=12))
def test_whatever_is_typed_is_a_budget_within_bounds_or_refused(typed: str) -> None:
    try:
        size = parse_budget(typed)
    except ValueError:
        return
    assert size is None or LEAST_BUDGET <= size <= MOST_BUDGET


@pytest.mark.parametrize("typed", ["0", "0.9", "-5", "1,500", "many", "1e6", "99999999", "200 GB"])
def test_what_is_no_budget_is_refused(typed: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        parse_budget(typed)


@given(st.integers(min_value=LEAST_BUDGET, max_value=MOST_BUDGET))
def test_a_budget_reads_back_as_it_is_shown(size: int) -> None:
    assert parse_budget(course_use(size, 0, {}, "en").megabytes) == size


def test_rates_are_said_in_kbits() -> None:
    assert [kbits(r) for r in (9_940, 9_960, 31_400)] == ["9.9 kbit/s", "10 kbit/s", "31 kbit/s"]


def test_the_queue_tells_floors_from_better_pictures() -> None:
    queues = {
        Queue(TaskKind.ENCODE, TaskState.WAITING, first=True): 3,
        Queue(TaskKind.ENCODE, TaskState.WAITING, first=False): 9,
        Queue(TaskKind.PACK, TaskState.RUNNING, first=False): 2,
    }
    assert [figure for figure, _ in queue_words(queues, "en")] == [0, 3, 9, 0, 2]


def test_the_command_prints_the_ladder_and_what_was_given_up() -> None:
    lesson = made(make_ladder(), OVER, SMALLER)
    answer: dict[str, Any] = {"media": lesson.media.model_dump(mode="json")}
    answer["given_up"] = [given.model_dump(mode="json") for given in lesson.given_up]
    rows = ladder_rows(answer)
    assert len(rows) == 7
    assert rows[0] == {
        "tier": "compatible", "rung": "listen", "pictures": "14 stills", "kbits": "–", "sound_kbits": "24.0",
        "size": "8.1 MB", "vmaf": "–", "text": "–",
    }  # fmt: skip
    assert rows[1]["vmaf"] == "85.3/72.8/61.2"
    assert rows[1]["pictures"] == "960x540 5/s"
    assert list(given_up_lines(answer)) == [
        "Given up: compatible best is not made, because it did not fit into the course's budget.",
        "Given up: modern clear is made smaller, because it did not fit into the course's budget.",
    ]
