"""What a tool may reach, as decided from its command line; and what no honest lesson has."""

import sys
from itertools import pairwise
from pathlib import Path

import ffmpeg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.pipeline.confinement import (
    OFFICE,
    Confinement,
    Reach,
    named,
    reach,
    seen_from,
    split_inputs,
    weigh,
    words_for,
)
from workers.pipeline.errors import PicturesTooLarge, SourceGap, SourceTooHeavy, TooManyStreams
from workers.pipeline.plausible import refuse_complaint, refuse_crowd, refuse_gap, refuse_rush

ALONE = Confinement()


def test_it_writes_beside_its_outputs_and_reads_what_is_named(tmp_path: Path) -> None:
    model, there = tmp_path / "models", tmp_path / "w"
    for folder in (model, there):
        folder.mkdir()
    (model / "m.json").touch()
    (there / "old.mkv").touch()
    command = [
        "/bin/ffmpeg", "-i", f"fd:{model}/m.json", "-i", f"file:{model}/m.json", "-lavfi",
        f"libvmaf=model=path={model}/m.json:log_path={there}/log.json", f"file:{there}/old.mkv",
    ]  # fmt: skip
    assert reach(command, ALONE) == Reach((there,), (model / "m.json",))


def test_nothing_named_is_nothing_reached() -> None:
    assert reach(["/bin/ffprobe", "-i", "fd:/w/source", "-of", "json"], ALONE) == Reach((), ())
    assert reach(["/bin/x", "/dev/nothing-there", "/etc/nothing-there", "/nothing-there"], ALONE) == Reach((), ())


@pytest.mark.parametrize("name", ["My Work", "有 空格", "a,b;c", "a:b", "[a]", 'Li\'s "new"', "a\\b", "a=b"])
def test_a_folder_may_be_called_anything(tmp_path: Path, name: str) -> None:
    """Also as a filter's option, where it stands behind two layers of backslashes."""
    folder = tmp_path / name
    folder.mkdir()
    log = str(folder / "o.vmaf")
    scored = ffmpeg.input(f"fd:{folder}/part").filter("libvmaf", log_path=log, model="version=v").output("-", f="null")
    command = [str(word) for word in scored.compile(cmd="/bin/ffmpeg")]
    assert [path for word in command[1:] for path in named(word)] == [folder / "o.vmaf"]
    assert reach(command, Confinement()).writes == (folder,)
    assert reach(["/bin/ffmpeg", f"file:{folder}/o.mp4"], Confinement()).writes == (folder,)
    assert any("log_path=./o.vmaf" in word for word in seen_from(folder, command))


def test_our_python_finds_its_library(tmp_path: Path) -> None:
    found = reach([sys.executable, "-c", "1"], Confinement(folder=tmp_path, reads=(Path("/usr/share/fonts"),)))
    assert found.writes == (tmp_path,)
    assert set(found.reads) == {Path("/usr/share/fonts"), Path(sys.prefix), Path(sys.base_prefix)}


def test_an_office_suite_may_change_nothing_of_its_own(tmp_path: Path) -> None:
    slides = tmp_path / "slides.pptx"
    slides.touch()
    command = ["/usr/bin/soffice", "--headless", "--outdir", str(tmp_path), str(slides)]
    found = reach(command, Confinement(folder=tmp_path, reads=OFFICE, many=True))
    assert found.writes == (tmp_path,)
    assert set(found.reads) == {*OFFICE, tmp_path, slides}


def test_every_input_has_a_number_of_its_own() -> None:
    command = ["ffmpeg", "-i", "fd:/w/a", "-ss", "1", "-i", "fd:/w/a", "-i", "file:/w/b", "fd:/w/c"]
    words, paths = split_inputs(command, (7, 9))
    assert " ".join(words) == "ffmpeg -fd 7 -i fd: -ss 1 -fd 9 -i fd: -i file:/w/b fd:/w/c"
    assert paths == [Path("/w/a"), Path("/w/a")]


def test_names_are_said_from_the_folder() -> None:
    command = ["/w/files/tool", "file:/w/files/a.mkv", "x=/w/files/b:y", "file:///w/files/profile", "/w/files2/c"]
    expected = ["/w/files/tool", "file:./a.mkv", "x=./b:y", "file:///w/files/profile", "/w/files2/c"]
    assert seen_from(Path("/w/files"), command) == expected


def test_the_words_for_the_script(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    inside = tmp_path / "inside"
    inside.mkdir()
    alone = words_for(["x"], ALONE, Reach((inside,), ()), 65534)
    assert alone == [f"write={inside}", f"cwd={inside}", "user=65534", "--"]
    many = words_for(["x"], Confinement(many=True, without=("seccomp",)), Reach((), (inside,)), 65534)
    assert many == [f"read={inside}", "without=seccomp", "many", "user=65534", "search", "--"]
    assert words_for(["x"], ALONE, Reach((), (inside,)), None) == [f"read={inside}", "--"]
    assert "search" not in words_for(["x"], ALONE, Reach((), (Path("/usr"),)), 65534)


def test_folders_are_weighed_whole(tmp_path: Path) -> None:
    assert weigh([tmp_path, tmp_path / "missing"]) == (0, 0)
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b").write_bytes(bytes(100_000))
    (tmp_path / "link").symlink_to("/")
    size, count = weigh([tmp_path])
    assert 98_304 <= size <= 140_000
    assert count == 3


def test_hours_of_nothing() -> None:
    talk = [n * 0.02 for n in range(100)]
    refuse_gap([[0.0, 3000.0], [n * 60.0 for n in range(51)]])  # a slide that stands, and somebody who talks
    refuse_gap([[], [0.0]])
    with pytest.raises(SourceGap, match=r"Between 2\.0 and 86400\.0 seconds"):
        refuse_gap([talk, [86_400.0]])
    with pytest.raises(SourceGap, match=r"Between 0\.0 and 1000000000\.0 seconds"):
        refuse_gap([[1e9, 0.0]])


@given(st.lists(st.floats(-1e12, 1e12), max_size=20), st.lists(st.floats(-1e12, 1e12), max_size=20))
def test_without_a_gap_there_is_something_everywhere(pictures: list[float], sound: list[float]) -> None:
    both = sorted(pictures + sound)
    has_gap = any(b - a > 900 for a, b in pairwise(both))
    try:
        refuse_gap([pictures, sound])
    except SourceGap:
        assert has_gap
    else:
        assert not has_gap


def test_too_many_pictures_at_once() -> None:
    refuse_rush([n / 240 for n in range(20_000)], 1920 * 1080)
    refuse_rush([n / 30 for n in range(3000)], 8192 * 4608)
    refuse_rush([0.0] * 300, 8192 * 4608)  # few enough to be borne
    with pytest.raises(SourceTooHeavy, match="more than 3000 pictures of 256 pixels in 10 seconds"):
        refuse_rush([n / 100_000 for n in range(10_000)], 256)
    with pytest.raises(SourceTooHeavy, match="more than 317 pictures"):
        refuse_rush([n / 300 for n in range(600)], 8192 * 4608)
    with pytest.raises(SourceTooHeavy):  # only in the middle of an hour
        refuse_rush([*range(1800), *(1800 + n / 10_000 for n in range(5000)), *range(1801, 3600)], 256)


def test_a_crowd_in_one_stream() -> None:
    refuse_crowd(4_000_000)
    with pytest.raises(SourceTooHeavy, match="more than 4000000 pieces"):
        refuse_crowd(4_000_001)


def test_what_tools_complain_of() -> None:
    refuse_complaint("moov atom not found", 1000, 100)
    with pytest.raises(PicturesTooLarge, match="30000×30000; up to 1000 pixels"):
        refuse_complaint("[IMGUTILS] Picture size 30000x30000 exceeds specified max pixel count 1000, see", 1000, 100)
    with pytest.raises(TooManyStreams, match="more than 100 streams"):
        refuse_complaint("Number of streams exceeds max_streams parameter (100), see the documentation", 1000, 100)
