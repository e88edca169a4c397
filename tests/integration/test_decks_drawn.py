"""Decks are drawn: PDF by PDFium, PPTX by LibreOffice; and become stills, or a video with a voice."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from tests.decks import pptx_parts, slide_xml, write_pdf, write_pptx
from tests.media import Media, run_ffmpeg
from workers.pipeline.probe import SourceLimits, probe
from workers.pipeline.process import Limits
from workers.pipeline.recipe import handling_of
from workers.pipeline.stills.choice import find_slides
from workers.pipeline.stills.compress import open_picture
from workers.pipeline.stills.deck_stills import uncovered, with_pages
from workers.pipeline.stills.decks import open_deck, small_pages
from workers.pipeline.stills.extract import extract_pictures, make_stills
from workers.pipeline.stills.matching import Shown
from workers.pipeline.stills.picture_source import make_picture_source
from workers.pipeline.stills.times import page_times
from workers.pipeline.tools import find_tools

LIMITS = Limits(seconds=120, cpu_seconds=120)


def two_pages(path: Path) -> Path:
    return write_pdf(path, [[(8, 20, 20, "small print"), (30, 20, 130, "First page")], [(24, 20, 140, "Second")]])


def test_a_pdf_gives_sharp_pages_with_titles(tmp_path: Path) -> None:
    deck = open_deck(two_pages(tmp_path / "deck"), tmp_path)
    assert [(p.width, p.height, p.title) for p in deck.pages] == [(1280, 720, "First page"), (1280, 720, "Second")]
    assert deck.advances == (None, None)
    assert [small.shape for small in small_pages(deck, tmp_path)] == [(180, 320)] * 2
    assert open_picture(tmp_path / deck.pages[0].file).getextrema()[0] == (0, 255)


def test_a_pptx_gives_pages_and_timings(tmp_path: Path) -> None:
    slides = [
        slide_xml("第一页", advance_ms=1500),
        slide_xml("hidden", hidden=True),
        slide_xml("第二页", advance_ms=2500),
    ]
    deck = open_deck(write_pptx(tmp_path / "deck", pptx_parts(slides)), tmp_path)
    assert [(p.title, p.advance_s) for p in deck.pages] == [("第一页", 1.5), ("第二页", 2.5)]
    assert page_times(2, 4.0, advances=deck.advances) == (0, 1.5)


@pytest.fixture
def two_slides(tmp_path: Path) -> Path:
    """4 s: two colours with a moving clock's worth of text, key frames 1 s apart, the last picture held for 1 s."""
    path = tmp_path / "source"
    cards = "color=c=0x204080:s=640x360:r=5:d=2[a];testsrc=s=640x360:r=5:d=1,trim=end_frame=5[b];[a][b]concat"
    run_ffmpeg("-filter_complex", cards, "-c:v", "libx264", "-preset", "ultrafast", "-g", "5", "-f", "matroska", path)
    return path


def test_stills_of_a_video_are_the_pictures_that_stand(two_slides: Path, tmp_path: Path) -> None:
    facts = probe(find_tools(), two_slides, SourceLimits())
    assert facts.video is not None
    assert facts.video is not None
    handling = handling_of(facts.video)
    slides = find_slides([(2.0, True)], 10.0)  # the last picture stands on, long after the video's last frame
    taken = extract_pictures(find_tools(), two_slides, facts.video, facts.start, slides, handling, tmp_path, LIMITS)
    assert [p.start_s for p in taken] == [0, 2]
    blue = open_picture(tmp_path / taken[0].file)
    assert blue.size == (640, 360)
    assert np.abs(np.asarray(blue)[200, 300].astype(int) - (0x20, 0x40, 0x80)).max() < 6
    made = make_stills(taken, tmp_path, 10.0)
    assert [(s.start_s, s.width, s.type) for s in made.stills] == [(0, 640, "image/png"), (2, 640, made.stills[1].type)]
    assert made.poster == "poster.jpg"


def test_pages_stand_where_the_video_shows_them_and_its_slides_elsewhere(tmp_path: Path) -> None:
    deck = open_deck(two_pages(tmp_path / "deck"), tmp_path)
    shown = [
        Shown(page=1, start_s=0.5, end_s=20),
        Shown(page=0, start_s=30, end_s=40),
        Shown(page=1, start_s=40, end_s=50),
    ]
    left = uncovered(find_slides([(10, True), (25, True)], 50), shown)
    assert [(s.start_s, s.end_s) for s in left] == [(20, 25), (25, 30)]
    assert all(s.start_s <= s.pick_s < s.end_s for s in left)
    made = make_stills(with_pages(deck, shown, ()), tmp_path, 50)
    assert [(s.start_s, s.title) for s in made.stills] == [(0, "Second"), (30, "First page"), (40, "Second")]
    assert made.stills[0].file == made.stills[2].file, "a page that comes back is stored once"


def test_a_deck_and_a_voice_become_a_source_of_the_ordinary_pipeline(media: Media, tmp_path: Path) -> None:
    deck = open_deck(two_pages(tmp_path / "deck"), tmp_path)
    voice = probe(find_tools(), _copied(media.sound_only, tmp_path), SourceLimits())
    assert voice.sound is not None
    pages = [tmp_path / page.file for page in deck.pages]
    out = tmp_path / "made"
    make_picture_source(
        find_tools(), pages, (0.0, 1.6), 4.0, out, voice=(tmp_path / "voice", voice.sound.stream), limits=LIMITS
    )
    facts = probe(find_tools(), out, SourceLimits())
    assert facts.video is not None
    assert facts.sound is not None
    assert (facts.video.width, facts.video.height, facts.video.frames) == (1280, 720, 20)
    assert facts.video.rate == Fraction(5)
    assert facts.end - facts.start == pytest.approx(4.0, abs=0.1)
    assert facts.video is not None
    handling = handling_of(facts.video)
    slides = find_slides([(1.6, True)], 4.0)
    taken = extract_pictures(find_tools(), out, facts.video, facts.start, slides, handling, tmp_path, LIMITS)
    for picture, page in zip(taken, pages, strict=True):
        ours, theirs = open_picture(tmp_path / picture.file), open_picture(page)
        assert np.abs(np.asarray(ours.convert("L"), int) - np.asarray(theirs.convert("L"), int)).max() <= 4


def _copied(path: Path, folder: Path) -> Path:
    out = folder / "voice"
    out.write_bytes(path.read_bytes())
    return out
