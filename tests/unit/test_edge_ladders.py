"""What the planner is told of what the node holds: gaps by segment, when a lesson was last used, what can be spared."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from catalog.formats.hashing import sha256_hex
from catalog.formats.index import TrackKind, make_index
from catalog.formats.release import Release
from catalog.formats.rungs import Rung
from catalog.look.filters import CHINA_TIME
from edge_cache.planner.given import DAY, Due, Given, Line
from edge_cache.planner.plan import plan
from edge_cache.planner.result import State
from edge_cache.planning.repository import LadderRepository, key_of
from edge_cache.timetable.repository import Played, PlayedRepository
from tests.factories import TIMESCALE, Track, make_init, make_lesson, make_media, make_release, make_segment
from tests.fakes.box import Box

COUNT, SIZE, SECONDS = 180, 1000, 15
NOW = 1_789_000_000.0


def a_track(kind: TrackKind, seed: str) -> Track:
    """A track of 45 minutes: segments of 15 seconds, each of about a thousand bytes."""
    segments = tuple(make_segment((f"{seed}{n}".encode() * SIZE)[:SIZE]) for n in range(COUNT))
    rows = [(len(data), SECONDS * TIMESCALE, sha256_hex(data)) for data in segments]
    return Track(make_index(kind, TIMESCALE, make_init(), rows), segments, b"")


VIDEO, SOUND = a_track(TrackKind.VIDEO, "video"), a_track(TrackKind.SOUND, "sound")


@pytest.fixture
def box(tmp_path: Path) -> Box:
    return Box(tmp_path)


@pytest.fixture
def release(box: Box) -> Release:
    """A course of one lesson, of which the sound is here."""
    release = make_release((make_lesson(make_media({Rung.FLOOR: VIDEO}, SOUND)),))
    box.know(release, VIDEO, SOUND)
    box.rows.mark_segments([row.digest for row in SOUND.index.segments], held=True)
    return release


def hold_all_but(box: Box, first: int, count: int) -> None:
    """Hold the pictures but for a stretch of segments."""
    rows = [row for row in VIDEO.index.segments if not first <= row.number < first + count]
    box.rows.mark_segments([row.digest for row in rows], held=True)


def ladders(box: Box) -> LadderRepository:
    return LadderRepository(box.database, CHINA_TIME)


def forecast(box: Box, release: Release, rate: float) -> State:
    key = key_of(release.course, release.lessons[0].id)
    lesson = replace(ladders(box).ladders()[key], duration_s=float(COUNT * SECONDS))
    line = Line(rate=rate, busy_s=DAY, watched_s=30 * DAY, up=(1.0,) * 24)
    (found,) = plan(Given(NOW, {key: lesson}, [Due(key, "3.1", NOW + 60)], line=line)).forecast
    return found.state


def test_a_gap_is_told_by_its_segments_a_minute_at_a_time_and_when_they_are_needed(box: Box, release: Release) -> None:
    hold_all_but(box, 90, 6)
    lesson = ladders(box).ladders()[key_of(release.course, release.lessons[0].id)]
    sound, video = lesson.renditions[0].tracks
    assert (sound.missing, sound.gaps) == (0, ())
    assert [(gap.first, gap.count, gap.at_s) for gap in video.gaps] == [
        (90, 4, 90.0 * SECONDS),
        (94, 2, 94.0 * SECONDS),
    ]
    assert sum(gap.length for gap in video.gaps) == video.missing


def test_a_track_of_which_nothing_is_here_has_no_gaps_to_tell(box: Box, release: Release) -> None:
    video = ladders(box).ladders()[key_of(release.course, release.lessons[0].id)].renditions[0].tracks[1]
    assert (video.gaps, video.missing) == ((), video.length)


def test_a_gap_in_the_middle_plays_where_it_is_filled_before_the_class_comes_to_it(box: Box, release: Release) -> None:
    """60 segments lack: the line brings them in half an hour or so, and the class comes to them after 15 minutes."""
    hold_all_but(box, 60, 60)
    assert forecast(box, release, rate=100.0) is State.PLAYS
    assert forecast(box, release, rate=30.0) is State.AT_RISK


def test_the_same_gap_at_the_beginning_does_not_play(box: Box, release: Release) -> None:
    hold_all_but(box, 0, 60)
    assert forecast(box, release, rate=100.0) is State.AT_RISK


def test_two_gaps_are_filled_one_after_the_other(box: Box, release: Release) -> None:
    rows = [row for row in VIDEO.index.segments if not (40 <= row.number < 50 or 140 <= row.number < 150)]
    box.rows.mark_segments([row.digest for row in rows], held=True)
    assert forecast(box, release, rate=50.0) is State.PLAYS
    assert forecast(box, release, rate=12.0) is State.AT_RISK


def test_when_a_lesson_was_last_used_is_known_to_the_hour_in_the_schools_time(box: Box, release: Release) -> None:
    course, lesson = release.course, release.lessons[0].id
    days = [(date(2026, 11, 2), 9), (date(2026, 11, 3), 10), (date(2026, 11, 3), 8)]
    played = [Played(course, lesson, day, hour, 1) for day, hour in days]
    PlayedRepository(box.database).add(played, date(2026, 1, 1))
    assert ladders(box).ladders()[key_of(course, lesson)].played_at == 1793671200.0  # 2026-11-03 02:00 UTC


def test_what_no_class_can_ask_for_is_counted_once(box: Box, release: Release) -> None:
    hold_all_but(box, 0, 0)
    assert ladders(box).spare_bytes() == 0
    box.assign()
    held = sum(row.length for row in (*VIDEO.index.segments, *SOUND.index.segments))
    assert ladders(box).spare_bytes() == held
    del release
