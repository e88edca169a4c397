"""The pure parts of `make bench-encode`: the rule of the comparison, the summary, the alignment, the peers' numbers."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from benchmarks.encode import hearing, lectures, peers, voice
from benchmarks.encode.cost import first_works
from benchmarks.encode.edits import slide_lines
from benchmarks.encode.kept import SETTING, kept
from benchmarks.encode.ours import at_crf, first_part, is_floor, new_bytes, pictures, unlooked, whole_work
from benchmarks.encode.report import AT_LEAST, AT_MOST, KEYS, Found, Report, merged
from benchmarks.encode.rule import Quality, Row, geometric_mean, judge, nearest_rank, shortfalls, worst
from benchmarks.encode.running import Weight
from benchmarks.encode.scale import floor_hours, misses
from benchmarks.programs import Broken
from catalog.formats.rungs import Rung, Tier
from tests.factories import make_track
from tests.works import video_works
from workers.pipeline.plan import Stretch
from workers.pipeline.recipe import SoundRecipe
from workers.pipeline.work import SegmentWork, SoundWork, segment_key


def quality(mean: float = 90, p5: float = 85, legibility: float | None = 0.99, pesq: float | None = 4.2) -> Quality:
    return Quality(vmaf_mean=mean, vmaf_p5=p5, vmaf_min=80, legibility=legibility, pesq=pesq)


def row(who: str, kbps: float, found: Quality | None = None) -> Row:
    return Row(who, "slides", kbps - 20, 20, kbps + 2, found or quality())


def test_what_is_no_worse_in_anything_counts() -> None:
    assert shortfalls(quality(), quality(), named_voice=True) == ()


@pytest.mark.parametrize(
    ("ours", "said"),
    [
        (quality(mean=89.9), "VMAF mean"),
        (quality(p5=84.9), "VMAF 5th percentile"),
        (quality(legibility=0.98), "legibility"),
        (quality(pesq=4.09), "PESQ-WB"),
    ],
)
def test_one_thing_that_is_worse_is_enough_not_to_count(ours: Quality, said: str) -> None:
    (short,) = shortfalls(ours, quality(), named_voice=True)
    assert short.startswith(said)


def test_what_neither_has_is_not_compared() -> None:
    silent = quality(legibility=None, pesq=None)
    assert shortfalls(silent, silent, named_voice=True) == ()


def test_the_peers_better_sound_is_no_excuse_and_its_worse_one_only_for_other_voices() -> None:
    ours, theirs = quality(pesq=3.9), quality(pesq=3.5)
    assert shortfalls(ours, theirs, named_voice=True) != ()
    assert shortfalls(ours, theirs, named_voice=False) == ()
    assert shortfalls(ours, quality(pesq=4.0), named_voice=False) != ()


def test_the_smallest_that_counts_is_taken_and_the_others_say_why_not() -> None:
    ours = [row("modern floor", 30, quality(mean=80)), row("modern clear", 50), row("modern best", 80)]
    verdict = judge(ours, row("peertube", 200))
    assert verdict.ours == "modern clear"
    assert verdict.bits == pytest.approx(0.25)
    assert verdict.video_bits == pytest.approx(30 / 180)
    assert verdict.file_bits == pytest.approx(52 / 202)
    assert list(verdict.short) == ["modern floor"]


def test_without_a_rung_that_counts_there_is_no_figure() -> None:
    verdict = judge([row("modern best", 10, quality(pesq=4.0))], row("peertube", 200))
    assert (verdict.ours, verdict.bits) == (None, None)
    assert "PESQ-WB 4.00 < 4.1" in verdict.short["modern best"]
    assert judge([], row("peertube", 200)).bits is None


@given(st.lists(st.floats(0.01, 100), min_size=1, max_size=6))
def test_the_geometric_mean_lies_between_least_and_most(shares: list[float]) -> None:
    mean = geometric_mean(shares)
    assert mean is not None
    assert min(shares) * 0.999 <= mean <= max(shares) * 1.001
    assert geometric_mean([*shares, None]) is None


def test_one_missing_lecture_leaves_no_mean_and_the_worst_is_of_those_that_count() -> None:
    assert geometric_mean([]) is None
    assert geometric_mean([0.5, None]) is None
    assert worst([]) is None
    assert worst([None]) is None
    assert worst([0.5, None, 0.8]) == 0.8


def test_the_nearest_rank() -> None:
    values = [float(n) for n in range(1, 101)]
    assert nearest_rank(values, 0.05) == 5
    assert nearest_rank([3.0], 0.05) == 3
    with pytest.raises(ValueError, match="no values"):
        nearest_rank([], 0.05)


def test_the_summary_has_every_key_of_the_issue_and_null_for_what_is_missing() -> None:
    report = Report()
    with report.measuring("compare"):
        report.add("bits_vs_ricecooker", "…", "x", 0.4)
        report.add("bits_vs_peertube", "…", "x", None)
        report.add("scale_2_workers", "…", "x", 1.7, 1.9, 1.85)
    summary = report.document()["summary"]
    assert set(summary) == set(KEYS)
    assert summary["bits_vs_ricecooker"] == 0.4
    assert summary["bits_vs_peertube"] is None
    assert summary["scale_2_workers"] == 1.85
    assert summary["floors_40_hours"] is None


def test_a_run_of_some_parts_leaves_the_others_as_they_were() -> None:
    before, after = Report(), Report()
    for part, key in (("compare", "bits_vs_ricecooker"), ("scale", "scale_2_workers")):
        with before.measuring(part):
            before.add(key, "…", "x", 0.4)
            before.note(f"{part} before")
    before.curves.append({"curve": "modern"})
    with after.measuring("scale"):
        after.add("scale_2_workers", "…", "x", 1.9)
        after.note("scale after")
    document = merged(before.document(), after.document())
    assert set(document["parts"]) == {"compare", "scale"}
    assert document["parts"]["compare"] == before.made["compare"]
    assert document["summary"]["bits_vs_ricecooker"] == 0.4
    assert document["summary"]["scale_2_workers"] == 1.9
    assert [one["note"] for one in document["notes"]] == ["compare before", "scale after"]
    assert document["curves"] == [{"curve": "modern"}]


def test_how_wrong_a_told_time_was() -> None:
    noon = datetime(2026, 1, 1, 12, tzinfo=UTC)
    told = [("a", noon, 100.0), ("a", noon + timedelta(seconds=50), 30.0), ("b", noon, 10.0)]
    ends = {"a": noon + timedelta(seconds=100), "b": noon + timedelta(seconds=20)}
    assert misses(told, ends) == [0.0, 0.2, 0.5]


def test_bounds_are_kept_or_missed() -> None:
    assert Found("part", "bits_vs_peertube", "", "x", (AT_MOST["bits_vs_peertube"],)).reached is True
    assert Found("part", "bits_vs_peertube", "", "x", (0.17,)).reached is False
    assert Found("part", "bits_vs_peertube", "", "x", ()).reached is False
    assert Found("part", "scale_2_workers", "", "x", (AT_LEAST["scale_2_workers"],)).reached is True
    assert Found("part", "scale_2_workers", "", "x", (1.7,)).reached is False
    assert Found("part", "cpu_s_per_content_s", "", "s", ()).reached is None


def voice_like(count: int, seed: int = 1) -> hearing.Samples:
    noise = np.random.default_rng(seed).normal(0, 3000, count)
    return np.convolve(noise, np.ones(8) / 8, "same").astype(np.int16)


@settings(deadline=None, max_examples=30)
@given(st.integers(-3000, 3000))
def test_sound_that_was_moved_is_laid_over_its_source(delay: int) -> None:
    source = voice_like(30_000)
    moved = np.concatenate([np.zeros(max(0, delay), np.int16), source[max(0, -delay) :]])
    assert hearing.delay_of(source, moved) == delay
    one, two = hearing.aligned(source, moved)
    assert len(one) == len(two) > 20_000
    assert (one == two).all()


def test_windows_take_ten_seconds_each_and_a_rest_that_is_long_enough() -> None:
    rate = hearing.RATE
    assert hearing.windows(25 * rate) == [(0, 10 * rate), (10 * rate, 20 * rate), (20 * rate, 25 * rate)]
    assert hearing.windows(22 * rate) == [(0, 10 * rate), (10 * rate, 20 * rate)]
    assert hearing.windows(2 * rate) == [(0, 2 * rate)]
    assert hearing.windows(0) == []


def test_the_voice_is_repeated_to_its_length() -> None:
    assert voice.repeated(np.arange(5, dtype=np.int16), 12 / voice.RATE).tolist() == [*range(5), *range(5), 0, 1]


def test_a_voice_that_is_not_there_names_its_package(tmp_path: Path) -> None:
    with pytest.raises(Broken, match="alsa-utils"):
        voice.joined(tmp_path)


def test_another_voice_is_not_taken_for_the_named_one(tmp_path: Path) -> None:
    for name in voice.ORDER:
        voice.write_wav(np.ones(100, np.int16), tmp_path / f"{name}.wav")
    with pytest.raises(Broken, match="is another"):
        voice.joined(tmp_path)


def test_without_clips_it_is_said_where_they_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(lectures.CLIPS_SETTING, raising=False)
    with pytest.raises(Broken, match="SONGTAN_CLIPS"):
        lectures.find_clips(None)
    with pytest.raises(Broken, match=r"make_lectures\.py"):
        lectures.find_clips(str(tmp_path))


def test_fonts_that_the_maker_needs_are_looked_for(tmp_path: Path) -> None:
    there, maker = tmp_path / "a.ttc", tmp_path / "maker.py"
    there.touch()
    maker.write_text(f"one='{there}'; two='/nowhere/b.ttc'")
    assert lectures.missing_fonts(maker) == ["/nowhere/b.ttc"]


SHAPE = peers.Shape(1280, 720, Fraction(25), 0)


def test_peertubes_ceiling_follows_its_code() -> None:
    assert peers.peertube_ceiling(SHAPE) == 1_228_800
    assert peers.peertube_ceiling(peers.Shape(1280, 720, Fraction(25), 300_000)) == 390_000
    assert peers.peertube_ceiling(peers.Shape(1280, 720, Fraction(25), 1_000)) == 204_800


def test_the_peers_command_lines() -> None:
    assert " ".join(peers.ricecooker(SHAPE)) == (
        "-vf scale='w=-2:h=trunc(min(ih,480)/2)*2' -pix_fmt yuv420p -b:a 32k -ac 1 -crf 32 -strict -2 "
        "-profile:v baseline -level 3.0 -preset slow -movflags faststart"
    )
    assert " ".join(peers.mediacms(SHAPE)) == (
        "-c:v libx264 -filter:v scale=if(lt(iw\\,ih)\\,480\\,853):if(lt(iw\\,ih)\\,853\\,480)"
        ":force_original_aspect_ratio=decrease:force_divisible_by=2:flags=lanczos,fps=fps=25 -pix_fmt yuv420p -crf 23 "
        "-c:a aac -b:a 128k -ac 2 -maxrate 1500k -bufsize 1500k -force_key_frames expr:gte(t,n_forced*4) "
        "-x264-params keyint=200:keyint_min=100 -preset medium -profile:v main -level 4.2 -strict -2"
    )
    assert " ".join(peers.peertube(SHAPE)) == (
        "-movflags faststart -max_muxing_queue_size 1024 -map_metadata -1 -pix_fmt yuv420p -c:a aac "
        "-channel_layout stereo -c:v libx264 -vf scale=w=-2:h=480 -preset veryfast -maxrate:v 1228800 "
        "-bufsize:v 2457600 -b_strategy 1 -bf 16 -r 25 -g:v 50 -crf 23 -f mp4"
    )


def test_only_segments_that_the_old_version_lacks_are_new() -> None:
    old, other = make_track(count=3, seed="a"), make_track(count=3, seed="b")
    lengths = [segment.length for segment in other.index.segments]
    assert new_bytes([old.index], [old.index]) == (0, sum(s.length for s in old.index.segments))
    assert new_bytes([old.index], [other.index]) == (sum(lengths), sum(lengths))
    assert new_bytes([old.index, other.index], [other.index, other.index]) == (0, 2 * sum(lengths))


def test_bytes_of_files_that_play_together_add_up() -> None:
    assert Weight(1, 2, 4) + Weight(10, 20, 40) == Weight(11, 22, 44)


def test_a_weeks_floors() -> None:
    assert floor_hours(1.0, 1.0, 2) == pytest.approx(15)
    assert floor_hours(1.0, 0.5, 2) == pytest.approx(30)
    assert floor_hours(1.0, 1.0, 16) == pytest.approx(15 / 8)


def test_no_two_slides_say_the_same() -> None:
    said = [tuple(slide_lines(minute, number)) for minute in range(41) for number in range(6)]
    assert len(set(said)) == len(said)


def sound_works(count: int = 4) -> list[SegmentWork]:
    recipe = SoundRecipe(tier=Tier.MODERN, channels=1, bits_per_s=18_000, band_hz=8000)
    return [
        SoundWork(
            number=n, part_key=f"jobs/j/s{n}", part_digest="cd", recipe=recipe, tools="9.0",
            stretch=Stretch(start=Fraction(16 * n), seconds=Fraction(16)),
        )
        for n in range(count)
    ]  # fmt: skip


def test_a_track_is_taken_until_there_is_enough_of_it() -> None:
    (track,) = pictures([*sound_works(), *reversed(video_works())])
    works, seconds = first_part(track, 40)
    assert [work.number for work in works] == [0, 1, 2]
    assert seconds == 48
    assert first_part(track, 1000)[1] == 64


def test_segments_together_are_one_stretch_from_the_start() -> None:
    (track,) = pictures(video_works())
    whole = whole_work(first_part(track, 40)[0])
    assert whole.stretch == Stretch(start=Fraction(0), seconds=Fraction(48))
    assert whole.count == 240


def test_another_crf_is_another_segment_and_not_looking_is_the_same_one() -> None:
    (track,) = pictures(video_works())
    assert segment_key(at_crf(track, 48)[0]) != segment_key(track[0])
    assert segment_key(unlooked(track[0])) == segment_key(track[0])
    assert unlooked(track[0]) != track[0]
    assert unlooked(sound_works()[0]) == sound_works()[0]


def test_the_floor_and_all_sound_are_needed_before_a_lesson_can_be_published() -> None:
    works = [*video_works(Rung.FLOOR), *video_works(Rung.CLEAR), *sound_works()]
    assert [is_floor(work) for work in works] == [True] * 4 + [False] * 4 + [True] * 4


def test_what_is_compared_with_the_plain_way_is_the_same_time_of_all_tracks() -> None:
    works = [*video_works(), *video_works(tier=Tier.COMPATIBLE), *sound_works()]
    assert [work.number for work in first_works(works)] == [0, 1, 2] * 3


@dataclass
class Words:
    name: str
    numbers: tuple[float, ...]


def test_what_a_task_made_is_known_again_for_the_same_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[object] = []

    def work(words: Words, samples: NDArray[np.int16]) -> int:
        calls.append(words)
        return len(samples)

    samples = np.arange(9, dtype=np.int16)
    assert [kept(work, Words("a", (1.0,)), samples) for _ in range(2)] == [9, 9]
    assert len(calls) == 2, "nothing is kept unless a folder is named"
    monkeypatch.setenv(SETTING, str(tmp_path))
    for words in (Words("a", (1.0,)), Words("a", (1.0,)), Words("a", (2.0,)), Words("b", (1.0,))):
        assert kept(work, words, samples) == 9
    assert kept(work, Words("b", (1.0,)), samples[:5]) == 5
    assert len(calls) == 2 + 4
