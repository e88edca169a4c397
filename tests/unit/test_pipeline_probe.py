"""What ffprobe says, read: hostile and odd headers."""

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.pipeline.errors import NothingInside, PicturesTooLarge, SourceCutOff, SourceGap, SourceTooLong
from workers.pipeline.probe import SourceLimits, frame_rate, read_facts

LIMITS = SourceLimits()


def stream(kind: str = "video", index: int = 0, **more: Any) -> dict[str, Any]:
    common = {"index": index, "codec_type": kind, "codec_name": "h264" if kind == "video" else "aac", "disposition": {}}
    if kind == "video":
        return common | {"width": 640, "height": 360, "avg_frame_rate": "25/1"} | more
    return common | {"channels": 2, "sample_rate": "44100"} | more


def header(*streams: dict[str, Any], name: str = "mov,mp4,m4a,3gp,3g2,mj2", **form: Any) -> dict[str, Any]:
    return {"streams": list(streams), "format": {"format_name": name, **form}}


def frames(count: int, rate: float = 25, start: float = 0.0, index: int = 0, key_each: int = 25) -> list[str]:
    flags = ["___" if n % key_each else "K__" for n in range(count)]
    times = [f"{start + n / rate:.6f}" for n in range(count)]
    return [f"{index},{t},{t},{1 / rate:.6f},{flag}\n" for t, flag in zip(times, flags, strict=True)]


def test_pictures_and_sound() -> None:
    facts = read_facts(header(stream(), stream("audio", 1)), frames(100) + frames(100, 46.875, -0.02, index=1), LIMITS)
    assert facts.video is not None
    assert facts.sound is not None
    assert (facts.video.rate, facts.video.frames, facts.video.keys) == (Fraction(25), 100, (0.0, 1.0, 2.0, 3.0))
    assert facts.start == 0.0  # what comes 20 ms before is priming
    assert facts.end == 4.0
    earlier = read_facts(header(stream(), stream("audio", 1)), frames(9) + frames(9, 46.875, -0.5, index=1), LIMITS)
    assert earlier.start == -0.5


@pytest.mark.parametrize("flag", ["attached_pic", "timed_thumbnails", "still_image"])
def test_a_cover_is_no_picture(flag: str) -> None:
    cover = stream("video", 0, codec_name="png", disposition={flag: 1})
    facts = read_facts(header(cover, stream("audio", 1)), frames(1) + frames(100, 46.875, index=1), LIMITS)
    assert facts.video is None


def test_the_default_stream_is_taken() -> None:
    second = stream("audio", 1, disposition={"default": 1})
    facts = read_facts(header(stream("audio", 0), second), frames(9) + frames(9, index=1), LIMITS)
    assert facts.sound is not None
    assert facts.sound.stream == 1


@pytest.mark.parametrize(
    ("said", "shown"), [(90.0, 270), (-90.0, 90), (180.0, 180), (-180.0, 180), (0.0, 0), (-270, 270)]
)
def test_turned_pictures(said: float, shown: int) -> None:
    turned = stream(side_data_list=[{"side_data_type": "Display Matrix", "rotation": said}])
    facts = read_facts(header(turned), frames(25), LIMITS)
    assert facts.video is not None
    assert facts.video.rotation == shown
    assert (facts.video.width, facts.video.height) == ((360, 640) if shown in (90, 270) else (640, 360))


def test_pixels_that_are_not_square() -> None:
    facts = read_facts(header(stream(width=720, height=576, sample_aspect_ratio="64:45")), frames(25), LIMITS)
    assert facts.video is not None
    assert (facts.video.width, facts.video.height) == (1024, 576)


def test_frames_cut_away_by_an_edit_list_do_not_count() -> None:
    lines = ["0,-1.000000,-1.000000,0.040000,KD_\n", *frames(50)]
    facts = read_facts(header(stream()), lines, LIMITS)
    assert facts.start == 0.0


def test_a_header_of_three_hours_with_one_frame_is_said() -> None:
    with pytest.raises(SourceCutOff, match=r"lasts 10800\.0 seconds, but only 0\.0 seconds"):
        read_facts(header(stream(duration="10800.0"), duration="10800.0"), frames(1), LIMITS)
    lying_frame = ["0,0.000000,0.000000,10800.000000,K__\n"]
    with pytest.raises(SourceCutOff, match=r"only 10\.0 seconds"):
        read_facts(header(stream(), duration="10800.0"), lying_frame, LIMITS)


def test_a_header_that_counts_more_frames_than_there_are_is_said() -> None:
    with pytest.raises(SourceCutOff):
        read_facts(header(stream(nb_frames="100", duration="4.0")), frames(60), LIMITS)


def test_an_estimated_duration_is_not_believed() -> None:
    facts = read_facts(header(stream("audio"), name="mp3", duration="500"), frames(100), LIMITS)
    assert facts.end == 4.0


def test_limits() -> None:
    with pytest.raises(PicturesTooLarge, match="16384×16384"):
        read_facts(header(stream(width=16_384, height=16_384)), frames(25), LIMITS)
    with pytest.raises(SourceTooLong, match="1000 seconds; a lesson may last 60"):
        read_facts(header(stream()), frames(10_001, 10), SourceLimits(max_seconds=60))


@pytest.mark.parametrize("found", [{}, {"streams": []}, header(stream("data")), header(stream(width=0))])
def test_nothing_inside(found: dict[str, Any]) -> None:
    with pytest.raises(NothingInside):
        read_facts(found, [], LIMITS)


def test_streams_without_packets_are_not_there() -> None:
    with pytest.raises(NothingInside):
        read_facts(header(stream(), stream("audio", 1)), ["\n", "x,y\n", "0,N/A,N/A,N/A,___\n"], LIMITS)


def test_rates() -> None:
    assert frame_rate([0.0], Fraction(25)) is None
    assert frame_rate([n / 25 for n in range(100)], Fraction(25)) == 25
    assert frame_rate([round(n * 1001 / 30_000, 3) for n in range(300)], Fraction(30_000, 1001)) == Fraction(
        30_000, 1001
    )
    slides = [0.0, 0.04, 0.08, 5.0, 5.04, 5.08, 20.0, 20.04]
    assert frame_rate(slides, Fraction(1, 3)) == 25


@pytest.mark.parametrize("stated", ["0/0", "1/2700"])
def test_two_pictures_at_both_ends_of_a_voice_have_no_rate(stated: str) -> None:
    pictures = ["0,0.000000,0.000000,0.040000,K__\n", "0,2700.000000,2700.000000,0.040000,K__\n"]
    voice = [f"1,{n}.0,{n}.0,1.0,K__\n" for n in range(2700)]
    facts = read_facts(header(stream(avg_frame_rate=stated), stream("audio", 1)), pictures + voice, LIMITS)
    assert facts.video is not None
    assert (facts.video.rate, facts.end) == (None, 2700.04)
    with pytest.raises(SourceGap):
        read_facts(header(stream(avg_frame_rate=stated)), pictures, LIMITS)


@given(st.lists(st.text(max_size=40), max_size=20))
def test_lines_of_anything_are_no_error_of_ours(lines: list[str]) -> None:
    facts = read_facts(header(stream()), [*lines, "0,5.0,5.0,0.04,K__\n"], LIMITS)
    assert facts.video is not None
