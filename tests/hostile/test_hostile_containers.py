"""Containers that lie, and files that want to open others: each ends in a clear message, soon, and opens nothing."""

import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from catalog.formats.errors import AppError
from tests import forge
from tests.media import Media, run_ffmpeg
from workers.pipeline.confinement import Confinement
from workers.pipeline.errors import ToolFailed
from workers.pipeline.probe import GUARD, Facts, SourceLimits, probe
from workers.pipeline.process import Limits, run
from workers.pipeline.tools import find_tools

ONE = [forge.sound_track(1)]
TWO_SECONDS = range(0, 2000, 20)
DAY_MS = 86_400_000
SDP = "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\n"
ASS = "[Script Info]\nScriptType: v4.00+\n[Events]\nFormat: Start, End, Text\nDialogue: 0:00:00.00,0:00:05.00,hi\n"

REFUSED: dict[str, tuple[Callable[[Media], bytes], str, str]] = {
    "10,000 tracks in Matroska": (
        lambda media: forge.matroska(map(forge.sound_track, range(1, 10_001)), TWO_SECONDS),
        "source.too-many-streams",
        "more than 100 streams",
    ),
    "10,000 tracks in MP4": (forge.many_tracks, "source.too-many-streams", "one track of pictures"),
    "10,000 attachments": (
        lambda media: forge.matroska(ONE, TWO_SECONDS, more=forge.attachments(10_000)),
        "source.too-many-streams",
        "Export it",
    ),
    "100 hours of which 2 seconds are there": (
        lambda media: forge.matroska(ONE, TWO_SECONDS, 360_000_000),
        "source.cut-off",
        "lasts 360000.0 seconds, but only 2.0 seconds",
    ),
    "two packets a day apart": (
        lambda media: forge.matroska(ONE, [0, DAY_MS]),
        "source.gap",
        "Between 0.0 and 86400.0",
    ),
    "a clock that jumps by years": (
        lambda media: forge.matroska(ONE, [*TWO_SECONDS, 3 * 365 * DAY_MS]),
        "source.gap",
        "Between 2.0 and 94608000.0",
    ),
    "a table of 268 million samples": (forge.endless_samples, "source.nothing-inside", "Export the video again"),
    "boxes in boxes in boxes": (forge.nested, "source.not-a-video", "Export it as MP4"),
    "a box without an end": (forge.endless_box, "source.not-a-video", "Export it as MP4"),
    "a frame of 30,000 pixels": (
        lambda media: forge.wide(media, "wide.avi").read_bytes(), "source.pictures-too-large", "30000×2000"
    ),
    "a frame of 30,000 pixels behind a small header": (
        forge.wide_behind_a_small_header, "source.pictures-too-large", "30000×2000"
    ),
    "100,000 pictures a second": (
        lambda media: forge.rush(media).read_bytes(), "source.too-heavy", "more than 3000 pictures of 256 pixels"
    ),
    "a session description": (lambda media: SDP.encode(), "source.not-a-video", "Export it as MP4"),
    "subtitles": (lambda media: b"1\n00:00:00,000 --> 00:00:05,000\nhi\n", "source.not-a-video", "Export it as MP4"),
    "subtitles with styles": (lambda media: ASS.encode(), "source.not-a-video", "Export it as MP4"),
    "a moving picture": (lambda media: _gif(media).read_bytes(), "source.not-a-video", "Export it as MP4"),
}  # fmt: skip


def _gif(media: Media) -> Path:
    path = media.folder / "picture.gif"
    run_ffmpeg("-f", "lavfi", "-i", "testsrc2=s=64x64:r=5:d=1", path)
    return path


def look(data: bytes, folder: Path) -> Facts:
    source = folder / "source"
    source.write_bytes(data)
    return probe(find_tools(), source, SourceLimits())


@pytest.mark.parametrize("what", REFUSED)
def test_it_is_refused_clearly(media: Media, tmp_path: Path, what: str) -> None:
    make, code, words = REFUSED[what]
    with pytest.raises(AppError) as caught:
        look(make(media), tmp_path)
    assert caught.value.code == code
    assert words in str(caught.value)
    assert str(tmp_path) not in str(caught.value)


@pytest.mark.parametrize("said", [-5000.0, float("nan"), float("inf"), 1e300, 0.0, None])
def test_a_duration_that_is_no_duration_is_not_believed(tmp_path: Path, said: float | None) -> None:
    facts = look(forge.matroska(ONE, TWO_SECONDS, said), tmp_path)
    assert (facts.start, facts.end) == (0.0, 2.0)


ADDRESSES = ["file://{other}", "{other}", "http://127.0.0.1:{port}/x.mp4", "tcp://127.0.0.1:{port}", "concat:{other}"]


@pytest.fixture
def port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        return int(server.getsockname()[1])


@pytest.mark.parametrize("address", ADDRESSES)
def test_samples_said_to_be_elsewhere_are_not_fetched(media: Media, tmp_path: Path, address: str) -> None:
    """FFmpeg reads them from the file itself: the pictures are the file's own."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        said = address.format(other=media.plain, port=server.getsockname()[1])
        facts = look(forge.elsewhere(media, said.encode()), tmp_path)
        assert facts.video is not None
        assert (facts.video.width, facts.video.frames) == (64, 25)
        with pytest.raises(BlockingIOError):
            server.accept()


NAMES = [
    *("file:{secret}", "{secret}", "concat:{secret}", "subfile,,start,0,end,9,,:{secret}", "crypto:{secret}"),
    *("data:video/mp4;base64,AAAA", "cache:{secret}", "pipe:0", "http://127.0.0.1:{port}/", "unix:{secret}"),
]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("without", [(), ("landlock", "seccomp")])
def test_no_name_opens_anything(tmp_path: Path, port: int, name: str, without: tuple[str, ...]) -> None:
    """Whatever a demuxer might be talked into opening: the protocols alone refuse it, on any kernel."""
    secret = tmp_path / "secret"
    secret.write_bytes(b"of the worker")
    tools = find_tools()
    word = name.format(secret=secret, port=port)
    with pytest.raises(ToolFailed, match=r"not on whitelist|Invalid argument|No such file|Protocol not found"):
        run(
            [tools.ffprobe, "-v", "error", *GUARD, "-i", word],
            Limits(seconds=30, cpu_seconds=30),
            confinement=Confinement(without=without),
        )
