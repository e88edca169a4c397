"""The command line that samples a source for comparison, word for word."""

from fractions import Fraction
from pathlib import Path

from workers.pipeline.commands.correction import sample_source
from workers.pipeline.correction.sampling import Sampling, choose_samplings
from workers.pipeline.probe import DEMUXERS, Facts, SoundFacts, VideoFacts
from workers.pipeline.recipe import Handling
from workers.pipeline.tools import Tools

TOOLS = Tools("/bin/ffmpeg", "/bin/ffprobe", "9.0 x86_64")
MOST = "-max_pixels 37748736 -max_streams 100"
QUIET = "-hide_banner -nostdin -loglevel error -progress pipe:1 -stats_period 0.5 -y"
SAMPLING = Sampling(
    width=320, height=180, rate=Fraction(25), frames=1000, fine_rate=Fraction(4), fine_frames=160, samples=640_000
)
HANDLING = Handling(rotation=90, deinterlace=True, matrix="bt601", lead_s=0.005)


def facts(size: tuple[int, int] = (1280, 720), rate: Fraction = Fraction(25), end: float = 41.5) -> Facts:
    video = VideoFacts(
        stream=0, codec="h264", width=size[0], height=size[1], rotation=90, interlaced=True, matrix="bt709",
        frames=1000, rate=rate, start=1.5, end=end, keys=(1.5,),
    )  # fmt: skip
    sound = SoundFacts(stream=1, codec="aac", channels=2, sample_rate=44_100, start=1.5, end=end)
    return Facts(container="mov", video=video, sound=sound)


def test_pictures_and_sound_in_one_pass() -> None:
    line = " ".join(sample_source(TOOLS, Path("/w/source"), facts(), SAMPLING, HANDLING, Path("/w/new")))
    assert line == (
        f"/bin/ffmpeg -copyts -format_whitelist {DEMUXERS} {MOST} -noautorotate -protocol_whitelist fd "
        "-reinit_filter 0 -i fd:/w/source -filter_complex "
        "[0:0]bwdif=deint=interlaced:mode=send_frame[s0];[s0]setpts=PTS-1.505000/TB[s1];"
        "[s1]fps=fps=25:round=up:start_time=0[s2];[s2]tpad=stop=-1:stop_mode=clone[s3];[s3]trim=end_frame=1000[s4];"
        "[s4]transpose=dir=clock[s5];"
        "[s5]scale=flags=area:h=180:in_color_matrix=bt601:out_color_matrix=bt709:out_range=tv:w=320[s6];"
        "[s6]format=yuv410p[s7];[s7]split=2[s8][s9];"
        "[s8]fps=fps=4:round=up:start_time=0[s10];[s10]tpad=stop=-1:stop_mode=clone[s11];[s11]trim=end_frame=160[s12];"
        "[s9]extractplanes=y[s13];[s13]scale=flags=area:h=45:w=80[s14];"
        "[0:1]asetpts=PTS-1.500000/TB[s15];[s15]aresample=16000:async=1:first_pts=0:min_hard_comp=0.05[s16];"
        "[s16]aformat=channel_layouts=mono:sample_fmts=s16[s17];[s17]apad[s18];[s18]atrim=end_sample=640000[s19] "
        "-map [s12] -f rawvideo -fps_mode passthrough -map_metadata -1 file:/w/new/fine "
        "-map [s14] -f rawvideo -fps_mode passthrough -map_metadata -1 file:/w/new/coarse "
        f"-map [s19] -f s16le -map_metadata -1 file:/w/new/sound {QUIET}"
    )


def test_sound_alone() -> None:
    only = facts().model_copy(update={"video": None})
    line = " ".join(sample_source(TOOLS, Path("/w/source"), only, SAMPLING, None, Path("/w/new")))
    assert line == (
        f"/bin/ffmpeg -copyts -format_whitelist {DEMUXERS} {MOST} -noautorotate -protocol_whitelist fd "
        "-reinit_filter 0 -i fd:/w/source -filter_complex "
        "[0:1]asetpts=PTS-1.500000/TB[s0];[s0]aresample=16000:async=1:first_pts=0:min_hard_comp=0.05[s1];"
        "[s1]aformat=channel_layouts=mono:sample_fmts=s16[s2];[s2]apad[s3];[s3]atrim=end_sample=640000[s4] "
        f"-map [s4] -f s16le -map_metadata -1 file:/w/new/sound {QUIET}"
    )


def test_both_sources_are_sampled_by_the_old_ones_rate_and_shape() -> None:
    old, new = choose_samplings(facts(rate=Fraction(50)), facts(size=(720, 1280), rate=Fraction(30), end=61.5))
    assert {old.rate, new.rate} == {Fraction(25)}, "an old source of 50 frames is looked at at every second"
    assert (old.width, old.height) == (new.width, new.height) == (320, 180)
    assert (old.frames, new.frames) == (1000, 1500)
    small, _ = choose_samplings(facts(size=(320, 180)), facts())
    assert (small.width, small.height) == (160, 88)
    upright, _ = choose_samplings(facts(size=(720, 1280)), facts())
    assert (upright.width, upright.height) == (180, 320)
    six_hours, _ = choose_samplings(facts(end=6 * 3600 + 1.5), facts())
    assert 8.0e9 < six_hours.disk_bytes < 8.4e9
