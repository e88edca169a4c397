"""The measures on pictures and voices that are really encoded: tiny, moving, and with text."""

from fractions import Fraction
from pathlib import Path

import pytest

from catalog.formats.rungs import Rung
from tests.media import Media
from workers.pipeline.commands import gates, parts, segments
from workers.pipeline.errors import SegmentWrong
from workers.pipeline.gates.pictures import measure_files, measure_segment, measure_whole_segment
from workers.pipeline.gates.spots import Spot, View
from workers.pipeline.plan import Handling, VideoRecipe, timescale_of
from workers.pipeline.process import Limits, run
from workers.pipeline.tools import find_tools
from workers.pipeline.work import VideoWork

LIMITS = Limits(seconds=60, cpu_seconds=120)
VIEW = View(width=256, height=144, rate=Fraction(25))
MOVING = "crop=256:144:x='40+30*sin(t*2)':y='16+14*cos(t*3)'"
"""A camera that sways: a picture that is one too early or too late is far off everywhere."""


def work(rate: Fraction, first_s: Fraction, seconds: int) -> VideoWork:
    recipe = VideoRecipe(
        rung=Rung.FLOOR, width=256, height=144, rate=rate, timescale=timescale_of(rate), crf=8, preset="veryfast",
        max_bits_per_s=8_000_000, level="3.0",
    )  # fmt: skip
    return VideoWork(
        number=1, part_key="k", part_digest="d", part_start=0.0, first=int(first_s * rate), count=int(seconds * rate),
        recipe=recipe, handling=Handling(rotation=0, deinterlace=False, matrix="bt709", lead_s=0.005), tools="t",
    )  # fmt: skip


@pytest.fixture(scope="module")
def part(media: Media, tmp_path_factory: pytest.TempPathFactory) -> Path:
    extra = ["-vf", MOVING, "-crf", "6", "-bf", "2"]
    source = media.video("swaying.mp4", seconds=7, size="336x176", sound=None, gop=60, extra=extra)
    part = tmp_path_factory.mktemp("gates") / "part.mkv"
    run(parts.cut_part(find_tools(), source, 0, 0.0, None, 7.0, part), LIMITS)
    return part


@pytest.mark.parametrize("rate", [Fraction(25), Fraction(25, 2), Fraction(5), Fraction(2)])
def test_a_rendition_is_compared_with_the_very_picture_that_it_shows(
    rate: Fraction, part: Path, tmp_path: Path
) -> None:
    tools, out = find_tools(), tmp_path / "o.mp4"
    piece = work(rate, Fraction(1), 6)
    run(segments.encode_video(tools, piece, part, out), LIMITS)
    fresh = [Spot(float(number / rate), 1) for number in (2, 2 * int(rate), 4 * int(rate))]
    scores = measure_segment(tools, piece, VIEW, fresh, (part, out), LIMITS)
    assert min(score for spot in scores for score in spot) > 95
    late = piece.model_copy(update={"first": piece.first + 1})
    shifted = measure_segment(tools, late, VIEW, fresh, (part, out), LIMITS)
    assert max(score for spot in shifted for score in spot) < 80
    assert not out.with_suffix(".vmaf").exists()


def test_a_spot_has_the_scores_that_the_whole_has_there(part: Path, tmp_path: Path) -> None:
    tools, out = find_tools(), tmp_path / "o.mp4"
    piece = work(Fraction(5), Fraction(1), 6)
    run(segments.encode_video(tools, piece, part, out), LIMITS)
    (whole,) = measure_whole_segment(tools, piece, VIEW, (part, out), LIMITS)
    assert len(whole) == 150
    assert whole[50] > 95 > 80 > whole[54]  # the fifth picture of five that one stands for
    spots = (Spot(4.0, 7), Spot(0.0, 4), Spot(4.4, 5), Spot(5.8, 5))
    found = measure_segment(tools, piece, VIEW, spots, (part, out), LIMITS)
    assert found == (whole[100:107], whole[:4], whole[110:115], whole[145:])


def test_any_file_is_compared_by_its_own_times(part: Path, tmp_path: Path) -> None:
    tools, out, log = find_tools(), tmp_path / "o.mp4", tmp_path / "log"
    run(segments.encode_video(tools, work(Fraction(25), Fraction(1), 2), part, out), LIMITS)
    other = gates.Seen(out, 0.08, gates.AS_ENCODED)  # two pictures late: the encoder's own order, and no edit list
    for zero, least, most in ((11.0, 95, 100), (11.04, 0, 80)):
        source = gates.Seen(part, zero, gates.AS_ENCODED)
        (scores,) = measure_files(tools, VIEW, Fraction(2), source, other, log, LIMITS)
        assert len(scores) == 50
        assert least <= sum(scores) / 50 <= most
    assert not log.exists()


def test_a_file_that_is_no_segment_is_refused_in_words(part: Path, tmp_path: Path, media: Media) -> None:
    sound_only = media.sound_only
    with pytest.raises(Exception, match=r"ffmpeg ended with status|pictures could be compared") as caught:
        measure_segment(find_tools(), work(Fraction(5), Fraction(1), 2), VIEW, [Spot(0, 5)], (part, sound_only), LIMITS)
    assert type(caught.value).__module__ == SegmentWrong.__module__
