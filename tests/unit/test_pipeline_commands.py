"""The complete command lines of ffmpeg, word for word: a change here changes every segment's bytes."""

from fractions import Fraction
from pathlib import Path

from catalog.formats.rungs import Rung
from workers.pipeline.commands import parts, pictures, segments
from workers.pipeline.recipe import Handling, SoundRecipe, VideoRecipe
from workers.pipeline.tools import Tools
from workers.pipeline.work import SoundWork, VideoWork, segment_key

TOOLS = Tools("/bin/ffmpeg", "/bin/ffprobe", "9.0 x86_64")
QUIET = "-hide_banner -nostdin -loglevel error -progress pipe:1 -stats_period 0.5 -y"
GUARD = (
    "-format_whitelist mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,flv,live_flv,mpeg,mpegts,asf,mxf,rm,ogg,wav,w64,"
    "mp3,aac,flac,amr,aiff,h264,hevc"
)
MOST = "-max_pixels 37748736 -max_streams 100"
OUT = "-fflags +bitexact"
MP4 = "-map_metadata -1 -movflags +cmaf+empty_moov+frag_custom+skip_trailer"
HANDLING = Handling(rotation=90, deinterlace=True, matrix="bt601", lead_s=0.005)
STEREO = SoundRecipe(channels=2, bits_per_s=64_000)


def video_work(**changed: object) -> VideoWork:
    recipe = VideoRecipe(
        rung=Rung.FLOOR, width=640, height=360, rate=Fraction(25, 2), timescale=10_000, crf=30, preset="veryfast",
        max_bits_per_s=320_000, level="3.0",
    )  # fmt: skip
    work = VideoWork(
        number=1, part_key="jobs/j/video/0000.mkv", part_digest="ab", part_start=0.0, first=100, count=100,
        recipe=recipe, handling=HANDLING, tools="9.0 x86_64",
    )  # fmt: skip
    return work.model_copy(update=changed)


def sound_work(**changed: object) -> SoundWork:
    work = SoundWork(
        number=1, part_key="jobs/j/sound/0001.flac", part_digest="cd", first=375, count=375, recipe=STEREO,
        tools="9.0 x86_64",
    )  # fmt: skip
    return work.model_copy(update=changed)


def test_a_video_segment() -> None:
    line = " ".join(segments.encode_video(TOOLS, video_work(), Path("/w/part"), Path("/w/out.mp4")))
    assert line == (
        f"/bin/ffmpeg -copyts {GUARD} {MOST} -noaccurate_seek -noautorotate -protocol_whitelist fd -reinit_filter 0 "
        "-seek_timestamp 1 -ss 17.998000 -i fd:/w/part -filter_complex "
        "[0:v:0]bwdif=deint=interlaced:mode=send_frame[s0];[s0]setpts=PTS-18.005000/TB[s1];"
        "[s1]fps=fps=25/2:round=up:start_time=0[s2];[s2]tpad=stop=-1:stop_mode=clone[s3];[s3]trim=end_frame=100[s4];"
        "[s4]setpts=N[s5];[s5]transpose=dir=clock[s6];[s6]scale=flags=bicubic+accurate_rnd+bitexact:h=360:"
        "in_color_matrix=bt601:out_color_matrix=bt709:out_range=tv:w=640[s7];[s7]setsar=1[s8];[s8]format=yuv420p[s9];"
        "[s9]setparams=color_primaries=bt709:color_trc=bt709:colorspace=bt709:range=tv[s10] -map [s10] "
        "-f mp4 -bf:v 3 -bsf:v filter_units=remove_types=6 -bufsize:v 640000 -c:v libx264 -crf:v 30 "
        f"{OUT} -flags:v +bitexact -g:v 100000 -keyint_min:v 100000 -level:v 3.0 -map_metadata -1 -maxrate:v 320000 "
        "-movflags +cmaf+empty_moov+frag_custom+skip_trailer -preset:v veryfast -profile:v high -sc_threshold:v 0 "
        f"-threads:v 1 -use_editlist 0 -video_track_timescale 10000 file:/w/out.mp4 {QUIET}"
    )


def test_a_sound_segment() -> None:
    line = " ".join(segments.encode_sound(TOOLS, sound_work(), Path("/w/part"), Path("/w/out.mp4")))
    assert line == (
        f"/bin/ffmpeg {GUARD} {MOST} -protocol_whitelist fd -i fd:/w/part -map 0:a:0 -f mp4 -ac 2 -ar 48000 "
        "-b:a 64000 -bsf:a noise=drop=lt(n\\,5)+gte(n\\,380),setts=pts=N*1024:dts=N*1024 -c:a aac "
        f"{OUT} -flags:a +bitexact {MP4} -threads:a 1 -use_editlist 0 file:/w/out.mp4 {QUIET}"
    )


def test_a_part_is_copied_from_a_key_frame() -> None:
    line = " ".join(parts.cut_part(TOOLS, Path("/w/source"), 0, 1.4, 61.4, 130.0, Path("/w/0001.mkv")))
    assert line == (
        f"/bin/ffmpeg -copyts {GUARD} {MOST} -protocol_whitelist fd -seek_timestamp 1 -ss 61.400000 "
        f"-i fd:/w/source -map 0:0 -f matroska -avoid_negative_ts disabled -c copy {OUT} -map_chapters -1 "
        f"-map_metadata -1 -output_ts_offset 8.600000 -to 130.000000 file:/w/0001.mkv {QUIET}"
    )


def test_the_sound_is_decoded_from_the_zero_to_whole_frames() -> None:
    line = " ".join(parts.decode_sound(TOOLS, Path("/w/source"), 1, 1.4, 750, STEREO, Path("/w/s16")))
    assert line == (
        f"/bin/ffmpeg -copyts {GUARD} {MOST} -protocol_whitelist fd -i fd:/w/source -filter_complex "
        "[0:1]asetpts=PTS-1.400000/TB[s0];[s0]aresample=48000:async=1:first_pts=0:min_hard_comp=0.05[s1];"
        "[s1]aformat=channel_layouts=stereo:sample_fmts=s16[s2];[s2]apad[s3];[s3]atrim=end_sample=768000[s4] "
        f"-map [s4] -f s16le -map_metadata -1 file:/w/s16 {QUIET}"
    )


def test_a_piece_of_sound_and_a_poster() -> None:
    assert " ".join(parts.pack_piece(TOOLS, Path("/w/s16"), STEREO, Path("/w/o.flac"))) == (
        f"/bin/ffmpeg -f s16le -ac 2 -ar 48000 -protocol_whitelist fd -i fd:/w/s16 -f flac -c:a flac {OUT} "
        f"-map_metadata -1 file:/w/o.flac {QUIET}"
    )
    line = " ".join(pictures.poster(TOOLS, Path("/w/source"), 0, 6.0, HANDLING, (640, 360), Path("/w/p.jpg")))
    assert line == (
        f"/bin/ffmpeg -copyts {GUARD} {MOST} -noautorotate -protocol_whitelist fd -seek_timestamp 1 -ss 6.000000 "
        "-i fd:/w/source -filter_complex [0:0]bwdif=deint=interlaced:mode=send_frame[s0];[s0]trim=end_frame=1[s1];"
        "[s1]transpose=dir=clock[s2];[s2]scale=h=360:in_color_matrix=bt601:out_range=pc:w=640[s3];[s3]setsar=1[s4];"
        f"[s4]format=yuvj420p[s5] -map [s5] -f image2 -c:v mjpeg {OUT} -flags:v +bitexact -frames:v 1 "
        f"-map_metadata -1 -q:v 5 -threads:v 1 -update 1 file:/w/p.jpg {QUIET}"
    )


def test_every_input_of_a_source_is_guarded() -> None:
    part, out = Path("/w/part"), Path("/w/out")
    lines = [
        segments.encode_video(TOOLS, video_work(), part, out),
        segments.encode_sound(TOOLS, sound_work(), part, out),
        parts.cut_part(TOOLS, part, 0, 0.0, 0.0, 1.0, out),
        parts.decode_sound(TOOLS, part, 1, 0.0, 1, STEREO, out),
        pictures.poster(TOOLS, part, 0, 0.0, HANDLING, (2, 2), out),
    ]
    for line in lines:
        assert line[line.index("-protocol_whitelist") + 1] == "fd"
        allowed = line[line.index("-format_whitelist") + 1].split(",")
        assert not {"hls", "concat", "concatf", "dash", "image2", "lavfi", "sdp", "rtsp"} & set(allowed)


def test_a_key_changes_with_all_that_decides_about_the_bytes_and_nothing_else() -> None:
    same = segment_key(video_work())
    assert segment_key(video_work(number=9, part_key="jobs/other/video/0000.mkv")) == same
    louder = STEREO.model_copy(update={"bits_per_s": 65_000})
    others = [
        segment_key(video_work(part_digest="ac")),
        segment_key(video_work(first=101)),
        segment_key(video_work(count=101)),
        segment_key(video_work(tools="9.1 x86_64")),
        segment_key(video_work(handling=HANDLING.model_copy(update={"rotation": 0}))),
        segment_key(video_work(recipe=video_work().recipe.model_copy(update={"crf": 29}))),
        segment_key(sound_work()),
        segment_key(sound_work(recipe=louder)),
    ]
    assert len({same, *others}) == len(others) + 1
    assert segment_key(sound_work(first=0, number=0)) == segment_key(sound_work())
