"""The measures on pictures and voices that are really encoded: tiny, moving, and with text."""

from fractions import Fraction
from pathlib import Path

import pytest

from catalog.formats.rungs import Rung, Tier
from tests.media import Media
from workers.pipeline.commands import gates, parts, segments
from workers.pipeline.errors import SegmentWrong
from workers.pipeline.gates.pictures import measure_files, measure_segment, measure_whole_segment
from workers.pipeline.gates.spots import Spot, View
from workers.pipeline.plan import Stretch
from workers.pipeline.process import Limits, run
from workers.pipeline.recipe import Handling, VideoRecipe
from workers.pipeline.tools import find_tools
from workers.pipeline.work import VideoWork

LIMITS = Limits(seconds=60, cpu_seconds=120)
VIEW = View(width=256, height=144, rate=Fraction(25))
MOVING = "crop=256:144:x='40+30*sin(t*2)':y='16+14*cos(t*3)'"
"""A camera that sways: a picture that is one too early or too late is far off everywhere."""


def work(rate: Fraction, first_s: Fraction, seconds: int) -> VideoWork:
    recipe = VideoRecipe(
        tier=Tier.COMPATIBLE, rung=Rung.FLOOR, width=256, height=144, rate=rate, crf=8, preset="veryfast"
    )
    return VideoWork(
        number=1, part_key="k", part_digest="d", part_start=0.0,
        stretch=Stretch(start=first_s, seconds=Fraction(seconds)), recipe=recipe,
        handling=Handling(rotation=0, deinterlace=False, matrix="bt709", lead_s=0.005), tools="t", view=VIEW,
    )  # fmt: skip


def spot(start_s: float, frames: int) -> Spot:
    return Spot(start_s=start_s, frames=frames)


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
    fresh = [spot(float(number / rate), 1) for number in (2, 2 * int(rate), 4 * int(rate))]
    scores = measure_segment(tools, piece, VIEW, fresh, (part, out), LIMITS)
    assert min(score for each in scores for score in each) > 95
    late = piece.model_copy(
        update={"stretch": Stretch(start=piece.stretch.start + 1 / rate, seconds=piece.stretch.seconds)}
    )
    shifted = measure_segment(tools, late, VIEW, fresh, (part, out), LIMITS)
    assert max(score for each in shifted for score in each) < 80
    assert not out.with_suffix(".vmaf").exists()


def test_a_spot_has_the_scores_that_the_whole_has_there(part: Path, tmp_path: Path) -> None:
    tools, out = find_tools(), tmp_path / "o.mp4"
    piece = work(Fraction(5), Fraction(1), 6)
    run(segments.encode_video(tools, piece, part, out), LIMITS)
    (whole,) = measure_whole_segment(tools, piece, VIEW, (part, out), LIMITS)
    assert len(whole) == 150
    assert whole[50] > 95 > 80 > whole[54]  # the fifth picture of five that one stands for
    spots = (spot(4.0, 7), spot(0.0, 4), spot(4.4, 5), spot(5.8, 5))
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
        measure_segment(find_tools(), work(Fraction(5), Fraction(1), 2), VIEW, [spot(0, 5)], (part, sound_only), LIMITS)
    assert type(caught.value).__module__ == SegmentWrong.__module__
