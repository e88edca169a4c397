"""The command lines that look at a rendition beside its source, word for word."""

from fractions import Fraction
from pathlib import Path

from catalog.formats.rungs import Rung
from workers.pipeline.commands import gates
from workers.pipeline.gates.spots import View
from workers.pipeline.recipe import Handling, VideoRecipe
from workers.pipeline.tools import Tools
from workers.pipeline.work import VideoWork

TOOLS = Tools("/bin/ffmpeg", "/bin/ffprobe", "9.0 x86_64")
VIEW = View(width=1280, height=720, rate=Fraction(25))
SLOTS = ((0, 7), (244, 6))
RECIPE = VideoRecipe(
    rung=Rung.FLOOR, width=640, height=360, rate=Fraction(25, 2), timescale=10_000, crf=30, preset="veryfast",
    max_bits_per_s=320_000, level="3.0",
)  # fmt: skip
HANDLING = Handling(rotation=90, deinterlace=True, matrix="bt601", lead_s=0.005)
WORK = VideoWork(
    number=1, part_key="jobs/j/video/0000.mkv", part_digest="ab", part_start=0.0, first=100, count=125, recipe=RECIPE,
    handling=HANDLING, tools="9.0 x86_64",
)  # fmt: skip
PART, ENCODED, OUT = Path("/w/part"), Path("/w/o.mp4"), Path("/w/out")

QUIET = "-hide_banner -nostdin -loglevel error -progress pipe:1 -stats_period 0.5 -y"
GUARD = (
    "-format_whitelist mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,flv,live_flv,mpeg,mpegts,asf,mxf,rm,ogg,wav,w64,"
    "mp3,aac,flac,amr,aiff,h264,hevc"
)
CHOSEN = "between(n\\,0\\,6)+between(n\\,244\\,249)"


def viewed(label: int, chosen: str, end: int, matrix: str, turned: bool = False) -> tuple[str, int]:
    """The filters that show one side, from the label that times it on, and the label that they end with."""
    turn = ["transpose=dir=clock"] if turned else []
    words = [
        "fps=fps=25:round=up:start_time=0", "tpad=stop=-1:stop_mode=clone", f"trim=end_frame={end}",
        f"select={chosen}", "setpts=N", *turn,
        f"scale=flags=bicubic+accurate_rnd+bitexact:h=720:in_color_matrix={matrix}:out_color_matrix=bt709:"
        "out_range=tv:w=1280",
        "setsar=1", "format=yuv420p", "setparams=color_primaries=bt709:color_trc=bt709:colorspace=bt709:range=tv",
    ]  # fmt: skip
    lines = [f"[s{label + n}]{word}[s{label + n + 1}]" for n, word in enumerate(words)]
    return ";".join(lines), label + len(words)


def test_a_segment_beside_its_part() -> None:
    line = " ".join(gates.compare_segment(TOOLS, WORK, VIEW, SLOTS, PART, ENCODED, Path("/w/log")))
    shown, last = viewed(1, CHOSEN, 250, "bt709")
    source, end = viewed(last + 2, CHOSEN, 250, "bt601", turned=True)
    assert line == (
        f"/bin/ffmpeg {GUARD} -protocol_whitelist file,pipe -i file:/w/o.mp4 "
        f"-copyts {GUARD} -noaccurate_seek -noautorotate -protocol_whitelist file,pipe -reinit_filter 0 "
        "-seek_timestamp 1 -ss 17.998000 -i file:/w/part -filter_complex "
        f"[0:v:0]settb=1/10000[s0];[s0]setpts=N*800[s1];{shown};"
        f"[1:v:0]bwdif=deint=interlaced:mode=send_frame[s{last + 1}];"
        f"[s{last + 1}]setpts=PTS-18.005000/TB[s{last + 2}];{source};"
        f"[s{last}][s{end}]libvmaf=log_fmt=json:log_path=/w/log:model=version\\\\=vmaf_v0.6.1:n_threads=1[s{end + 1}] "
        f"-map [s{end + 1}] -f null - {QUIET}"
    )


def test_the_source_is_entered_where_the_first_spot_is() -> None:
    line = gates.compare_segment(TOOLS, WORK, VIEW, ((200, 7),), PART, ENCODED, OUT)
    assert line[line.index("-ss") + 1] == "25.998000"
    early = WORK.model_copy(update={"first": 0})
    assert "-ss" not in gates.compare_segment(TOOLS, early, VIEW, ((10, 7),), PART, ENCODED, OUT)


def test_whole_files_are_shown_by_their_own_times() -> None:
    whole, source = ((0, 250),), gates.Seen(PART, 1.5, HANDLING)
    peer = gates.Seen(ENCODED, 0.0, gates.AS_ENCODED)
    line = " ".join(gates.compare_files(TOOLS, VIEW, whole, source, peer, OUT))
    first, last = viewed(0, "between(n\\,0\\,249)", 250, "bt709")
    second, end = viewed(last + 2, "between(n\\,0\\,249)", 250, "bt601", turned=True)
    opened = f"-copyts {GUARD} -noautorotate -protocol_whitelist file,pipe -reinit_filter 0"
    assert line == (
        f"/bin/ffmpeg {opened} -i file:/w/o.mp4 {opened} -i file:/w/part -filter_complex "
        f"[0:v:0]setpts=PTS-0.005000/TB[s0];{first};[1:v:0]bwdif=deint=interlaced:mode=send_frame[s{last + 1}];"
        f"[s{last + 1}]setpts=PTS-1.505000/TB[s{last + 2}];{second};"
        f"[s{last}][s{end}]libvmaf=log_fmt=json:log_path=/w/out:model=version\\\\=vmaf_v0.6.1:n_threads=1[s{end + 1}] "
        f"-map [s{end + 1}] -f null - {QUIET}"
    )


def test_stills_of_both_sides_are_raw_pictures() -> None:
    line = " ".join(gates.stills_of_segment(TOOLS, WORK, VIEW, SLOTS, ENCODED, OUT))
    shown, last = viewed(1, CHOSEN, 250, "bt709")
    drawn = (
        f"[s{last}]scale=flags=bicubic+accurate_rnd+full_chroma_int+bitexact:in_color_matrix=bt709[s{last + 1}];"
        f"[s{last + 1}]format=bgr24[s{last + 2}] -map [s{last + 2}] -f rawvideo -map_metadata -1 file:/w/out {QUIET}"
    )
    assert line == (
        f"/bin/ffmpeg {GUARD} -protocol_whitelist file,pipe -i file:/w/o.mp4 -filter_complex "
        f"[0:v:0]settb=1/10000[s0];[s0]setpts=N*800[s1];{shown};{drawn}"
    )
    source = " ".join(gates.stills_of_source(TOOLS, WORK, VIEW, SLOTS, PART, OUT))
    anybody = " ".join(gates.stills_of_file(TOOLS, VIEW, SLOTS, gates.Seen(ENCODED, 0.0, gates.AS_ENCODED), OUT))
    assert "setpts=PTS-18.005000/TB" in source
    assert "setpts=PTS-0.005000/TB" in anybody
    for each in (source, anybody):
        assert each.endswith(f"-f rawvideo -map_metadata -1 file:/w/out {QUIET}")


def test_every_input_is_guarded() -> None:
    seen = gates.Seen(PART, 0.0, HANDLING)
    for line in (
        gates.compare_segment(TOOLS, WORK, VIEW, SLOTS, PART, ENCODED, OUT),
        gates.compare_files(TOOLS, VIEW, SLOTS, seen, gates.Seen(ENCODED, 0.0, HANDLING), OUT),
        gates.stills_of_source(TOOLS, WORK, VIEW, SLOTS, PART, OUT),
        gates.stills_of_segment(TOOLS, WORK, VIEW, SLOTS, ENCODED, OUT),
        gates.stills_of_file(TOOLS, VIEW, SLOTS, seen, OUT),
    ):
        assert line.count("-i") == line.count("-protocol_whitelist") == line.count("-format_whitelist")
