"""The command lines that look at a source, word for word."""

from fractions import Fraction
from pathlib import Path

from tests.unit.test_pipeline_commands import GUARD, HANDLING, MOST, QUIET, TOOLS
from workers.pipeline.commands import look
from workers.pipeline.look.sampling import Sampling

SAMPLING = Sampling(rate=Fraction(25, 2), width=88, height=160, pair_period=50, pair_gap=1)


def test_pictures_are_decoded_once_for_small_frames_and_whole_pairs() -> None:
    line = " ".join(
        look.sample_pictures(TOOLS, Path("/w/source"), 0, 1.4, HANDLING, SAMPLING, Path("/w/small"), Path("/w/pairs"))
    )
    assert line == (
        f"/bin/ffmpeg -copyts {GUARD} {MOST} -noautorotate -protocol_whitelist fd -reinit_filter 0 -i fd:/w/source "
        "-filter_complex [0:0]setpts=PTS-1.405000/TB[s0];[s0]fps=fps=25/2:round=up:start_time=0[s1];"
        "[s1]split=2[s2][s3];[s2]scale=flags=area+bitexact:h=88:out_range=tv:w=160[s4];[s4]format=yuv410p[s5];"
        "[s5]transpose=dir=clock[s6];[s3]select=not(mod(n\\,50))+not(mod(n-1\\,50))[s7];"
        "[s7]scale=flags=bitexact:out_range=tv[s8];[s8]format=yuv420p[s9];[s9]extractplanes=y[s10] "
        "-map [s6] -f rawvideo -fps_mode passthrough -map_metadata -1 file:/w/small "
        f"-map [s10] -f image2pipe -c:v pgm -fps_mode passthrough -map_metadata -1 -threads:v 1 file:/w/pairs {QUIET}"
    )


def test_sound_is_decoded_once_for_samples_and_loudness() -> None:
    line = " ".join(look.sample_sound(TOOLS, Path("/w/source"), 1, 1.4, 6, Path("/w/samples"), Path("/w/loudness")))
    assert line == (
        f"/bin/ffmpeg -copyts {GUARD} {MOST} -protocol_whitelist fd -i fd:/w/source -filter_complex "
        "[0:1]asetpts=PTS-1.400000/TB[s0];[s0]aresample=48000:async=1:first_pts=0:min_hard_comp=0.05[s1];"
        "[s1]aformat=channel_layouts=stereo:sample_fmts=flt[s2];"
        "[s2]ebur128=dualmono=1:framelog=quiet:metadata=1:peak=true[s3];[s3]ametadata=file=/w/loudness:mode=print[s4];"
        "[s4]aformat=channel_layouts=stereo:sample_fmts=s16[s5] -map [s5] "
        f"-f s16le -map_metadata -1 file:/w/samples {QUIET}"
    )
    mono = look.sample_sound(TOOLS, Path("/w/source"), 1, 0.0, 1, Path("/w/samples"), Path("/w/loudness"))
    assert "channel_layouts=mono" in " ".join(mono)


def test_packets_are_listed_by_a_guarded_ffprobe() -> None:
    assert " ".join(look.packet_sizes(TOOLS, Path("/w/source"))) == (
        f"/bin/ffprobe -v error -protocol_whitelist fd {GUARD} {MOST} -show_entries packet=stream_index,size "
        "-of csv=p=0 -i fd:/w/source"
    )
