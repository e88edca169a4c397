"""The complete command lines of stills and of a deck's video, word for word."""

from pathlib import Path

from workers.pipeline.commands.stills import encode_pages, extract_stills
from workers.pipeline.recipe import Handling
from workers.pipeline.tools import Tools

TOOLS = Tools("/bin/ffmpeg", "/bin/ffprobe", "9.0 x86_64")
QUIET = "-hide_banner -nostdin -loglevel error -progress pipe:1 -stats_period 0.5 -y"
GUARD = (
    "-format_whitelist mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,flv,live_flv,mpeg,mpegts,asf,mxf,rm,ogg,wav,w64,"
    "mp3,aac,flac,amr,aiff,h264,hevc"
)
MOST = "-max_pixels 37748736 -max_streams 100"
HANDLING = Handling(rotation=90, deinterlace=True, matrix="bt601", lead_s=0.005)


def test_the_stills_of_a_run() -> None:
    command = extract_stills(
        TOOLS, Path("/w/source"), 0, 20.0, 20.0, [3, 41], HANDLING, (405, 720), "/w/slide-0001-%04d.png"
    )
    assert " ".join(command) == (
        f"/bin/ffmpeg -copyts {GUARD} {MOST} -noaccurate_seek -noautorotate -protocol_whitelist fd -reinit_filter 0 "
        "-seek_timestamp 1 -ss 19.998000 -i fd:/w/source -filter_complex "
        "[0:0]bwdif=deint=interlaced:mode=send_frame[s0];[s0]setpts=PTS-20.000000/TB[s1];"
        "[s1]fps=fps=10:round=up:start_time=0[s2];[s2]tpad=stop=-1:stop_mode=clone[s3];"
        "[s3]trim=end_frame=42[s4];[s4]select=eq(n\\,3)+eq(n\\,41)[s5];[s5]setpts=N/10/TB[s6];"
        "[s6]transpose=dir=clock[s7];[s7]scale=flags=lanczos+accurate_rnd+full_chroma_int:h=720:in_color_matrix=bt601:w=405[s8];"
        "[s8]setsar=1[s9];[s9]format=rgb24[s10] -map [s10] -f image2 -c:v png -compression_level:v 1 -fflags +bitexact "
        "-flags:v +bitexact -frames:v 2 -map_metadata -1 -pred:v mixed -r 10 -threads:v 1 "
        f"file:/w/slide-0001-%04d.png {QUIET}"
    )


def test_a_run_from_the_start_of_a_file_is_not_entered_anywhere() -> None:
    command = extract_stills(TOOLS, Path("/w/source"), 0, None, 0.0, [3], HANDLING, (405, 720), "/w/%04d.png")
    assert "-ss" not in command


def test_a_video_of_pages_and_a_voice() -> None:
    command = encode_pages(
        TOOLS, Path("/w/p.rgb"), (1280, 720), (0.0, 1.4, 3.0), 4.0, (Path("/w/voice"), 1), Path("/w/out.mkv")
    )
    assert " ".join(command) == (
        "/bin/ffmpeg -f rawvideo -video_size 1280x720 -framerate 1 -pixel_format rgb24 -protocol_whitelist fd "
        "-i fd:/w/p.rgb "
        f"{GUARD} {MOST} -protocol_whitelist fd -i fd:/w/voice -filter_complex "
        "[0:v:0]settb=1/1000[s0];[s0]setpts=(0+1.400000*gte(N\\,1)+1.600000*gte(N\\,2)+1.000000*gte(N\\,3))/TB[s1];"
        "[s1]fps=fps=5:round=near:start_time=0[s2];[s2]tpad=stop=-1:stop_mode=clone[s3];[s3]trim=end_frame=20[s4];"
        "[s4]scale=flags=accurate_rnd+full_chroma_int:out_color_matrix=bt709:out_range=tv[s5];[s5]format=yuv444p[s6];"
        "[s6]setparams=color_primaries=bt709:color_trc=bt709:colorspace=bt709:range=tv[s7] -map [s7] -map 1:1 "
        "-f matroska -c:a flac -c:v libx264 -fflags +bitexact -flags:v +bitexact -g:v 50 -map_metadata -1 "
        f"-preset:v veryfast -qp:v 0 -sample_fmt:a s16 -threads:v 1 file:/w/out.mkv {QUIET}"
    )
