"""The world of bench-readiness: lines, notice, caps and the books that it keeps are what its figures say they are."""

import gzip
import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from benchmarks.readiness import figures, report
from benchmarks.readiness.bound import clairvoyant
from benchmarks.readiness.foreseeing import moment
from benchmarks.readiness.lines import BINS, NoTraces, Traces, make_line, read_traces
from benchmarks.readiness.living import Store
from benchmarks.readiness.measured import measured_sizes
from benchmarks.readiness.rows import BOUND, OURS, ROWS
from benchmarks.readiness.schools import LIVES, NOTICES, School, Sizes, make_school

FLAT = Traces({"flat": [[1.0]]})


@pytest.fixture(scope="module")
def school() -> School:
    return make_school(LIVES["everyday"], 7, FLAT, Sizes())


def test_traces_are_means_of_five_minutes_around_one(tmp_path: Path) -> None:
    rows = ["trace,t_s,mbps", "a-1,0,2", "a-1,300,4", "a-1,600,4", "a-2,0,6", "a-2,299,6"]
    with gzip.open(tmp_path / "links.csv.gz", "wt") as file:
        file.write("\n".join(rows))
    assert read_traces(str(tmp_path)).families["a"] == [[0.5, 1.0], [1.5]]
    with pytest.raises(NoTraces, match="--traces"):
        read_traces(str(tmp_path / "none"))


def test_a_line_has_the_schools_mean_while_it_is_up_and_nothing_in_the_dark() -> None:
    line = make_line(FLAT, random.Random(1), 2.0, dark=False, long_outages=False)
    up = [value for value, on in zip(line.capacity, line.on, strict=True) if on]
    assert sum(up) / len(up) == pytest.approx(2e6 / 8 * 300, rel=0.1)
    assert 0.8 < len(up) / BINS < 0.95
    dark = make_line(FLAT, random.Random(1), 2.0, dark=True, long_outages=False)
    assert not any(dark.capacity[n] for n in range(BINS) if n % 288 < 72 or n % 288 >= 264)


def test_the_weeks_begin_on_a_sunday_in_china_and_caps_hold_in_school_hours(school: School) -> None:
    start = datetime.fromtimestamp(moment(0), UTC) + timedelta(hours=8)
    assert (start.strftime("%A"), start.hour) == ("Sunday", 0)
    capped = {(start + timedelta(minutes=5 * n)) for n, share in enumerate(school.caps) if share < 1}
    assert {time.strftime("%a") for time in capped} == {"Mon", "Tue", "Wed", "Thu", "Fri"}
    assert {time.hour for time in capped} == set(range(8, 17))


def test_a_lesson_becomes_known_its_notice_before_its_bell_and_never_in_silence(school: School) -> None:
    for session in school.sessions:
        assert session.known == max(0, session.bell - NOTICES[session.ahead])
    silent = make_school(LIVES["silent"], 7, FLAT, Sizes())
    assert all(session.known == session.bell for session in silent.sessions)


def test_the_same_seed_is_the_same_school_and_another_is_another(school: School) -> None:
    assert make_school(LIVES["everyday"], 7, FLAT, Sizes()) == school
    assert make_school(LIVES["everyday"], 8, FLAT, Sizes()).sessions != school.sessions


@pytest.fixture(scope="module")
def lived(school: School) -> dict[str, figures.SchoolFigures]:
    return {name: figures.figures_of(run(school)) for name, (_, run) in ROWS.items()}


def test_nobody_has_more_lessons_ready_than_the_clairvoyant(lived: dict[str, figures.SchoolFigures]) -> None:
    assert max(found.ready for found in lived.values()) == lived[BOUND].ready
    assert lived["demand_capped"].ready < lived["demand_whole"].ready < lived[OURS].ready


def test_nothing_comes_over_the_line_that_it_did_not_bring(
    school: School, lived: dict[str, figures.SchoolFigures]
) -> None:
    brought = sum(c * share for c, share in zip(school.line.capacity, school.caps, strict=True))
    for name, found in lived.items():
        if name != "demand_whole":
            assert 0 < found.fetched <= brought


def test_what_the_clairvoyant_takes_fits_before_each_bell(school: School) -> None:
    slow = make_school(LIVES["thin"], 3, FLAT, Sizes())
    free, dear = clairvoyant(slow), clairvoyant(slow, 1.0)
    assert sum(free.worth) > sum(dear.worth)
    assert free.ready == dear.ready
    assert free.fetched > dear.fetched


def test_a_store_counts_what_it_keeps_and_gives_up(school: School) -> None:
    store = Store(school)
    whole = school.lessons[0][1].length
    store.keep(0, 1, whole - 1)
    assert store.worth(0) == (False, 0.0)
    store.keep(0, 1, 1)
    assert store.worth(0) == (True, 0.7)
    store.evict(0, 1)
    assert (store.free, store.fetched) == (school.disk, whole)


def test_a_summary_has_the_issues_keys_and_null_for_what_was_not_lived(lived: dict[str, figures.SchoolFigures]) -> None:
    part = report.Part("everyday", "", 1.0, {name: [found] for name, found in lived.items()}).told()
    summary = report.summary_of({"everyday": part})
    assert list(summary) == list(report.KEYS)
    assert set(report.KEYS) == set(report.AT_LEAST) | set(report.AT_MOST)
    assert summary["everyday_ready"] == round(lived[OURS].share, 4)
    assert summary["thin_p5"] is None
    assert report.reached("everyday_mb", 115) is True
    assert report.reached("everyday_ready", 0.9) is False


def test_measured_sizes_are_those_of_lectures_with_a_whole_ladder(tmp_path: Path) -> None:
    assert measured_sizes(tmp_path) is None, "nothing has been measured"

    def rows(lecture: str, **kbps: float) -> list[dict[str, object]]:
        return [{"lecture": lecture, "who": f"compatible {r}", "kbps": k, "sound_kbps": 35.0} for r, k in kbps.items()]

    whole = rows("slides", floor=43.0, clear=53.0, best=59.0)
    others = [*rows("inset", floor=55.0), *rows("av", floor=190.0, clear=258.0, best=387.0)]
    tried = {"lecture": "slides", "who": "compatible clear at CRF 44", "kbps": 47.0, "sound_kbps": 35.0}
    (tmp_path / "encode.json").write_text(json.dumps({"rows": [*whole, *others, tried]}))
    found = measured_sizes(tmp_path)
    assert found is not None
    assert [[(rung, kbps) for rung, kbps, *_ in ladder] for ladder in found.ladders] == [
        [("listen", 35.0), ("floor", 43.0), ("clear", 53.0), ("best", 59.0)]
    ]
