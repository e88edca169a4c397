"""The complete command lines of ffmpeg, word for word: a change here changes every segment's bytes."""

from fractions import Fraction
from pathlib import Path

import pytest

from catalog.formats.rungs import Rung, Tier
from workers.pipeline.commands import gates, measures, parts, probes, segments
from workers.pipeline.gates.spots import Spot, View
from workers.pipeline.ladder.shapes import Shape
from workers.pipeline.plan import Stretch
from workers.pipeline.recipe import RECIPE_VERSION, Crop, Denoise, Handling, SoundHandling, SoundRecipe, VideoRecipe
from workers.pipeline.tools import Tools
from workers.pipeline.work import SoundWork, VideoWork, measure_key, segment_key

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
BARRED = Handling(
    rotation=0, deinterlace=False, matrix="bt601", lead_s=0.005, crop=Crop(left=0, top=90, width=640, height=300)
)
SIZED = (
    "scale=flags=bicubic+accurate_rnd+bitexact:h={}:in_color_matrix=bt601:out_color_matrix=bt709:out_range=tv:w={}",
    "setsar=1",
    "format=yuv420p",
    "setparams=color_primaries=bt709:color_trc=bt709:colorspace=bt709:range=tv",
)
STEREO = SoundHandling(channels=2, gain_db=0.0)
PART, RESULT = Path("/w/part"), Path("/w/out.mp4")


def chain(source: str, *filters: str) -> str:
    """The filters one after another, as they are written for ffmpeg."""
    names = [f"[{source}]", *(f"[s{n}]" for n in range(len(filters)))]
    each = [f"{names[n]}{text}{names[n + 1]}" for n, text in enumerate(filters)]
    return f"{';'.join(each)} -map {names[-1]}"


def sized(width: int, height: int) -> tuple[str, ...]:
    return (SIZED[0].format(height, width), *SIZED[1:])


def video_recipe(tier: Tier, **changed: object) -> VideoRecipe:
    recipe = VideoRecipe(
        tier=tier, rung=Rung.FLOOR, width=640, height=360, rate=Fraction(25, 2), crf=30,
        preset="veryslow" if tier is Tier.COMPATIBLE else "4",
    )  # fmt: skip
    return recipe.model_copy(update=changed)


def video_work(tier: Tier = Tier.COMPATIBLE, **changed: object) -> VideoWork:
    work = VideoWork(
        number=1, part_key="jobs/j/video/0000.mkv", part_digest="ab", part_start=0.0,
        stretch=Stretch(start=Fraction(8), seconds=Fraction(8)), recipe=video_recipe(tier), handling=HANDLING,
        tools="9.0 x86_64", view=View(width=1280, height=720, rate=Fraction(25)),
    )  # fmt: skip
    return work.model_copy(update=changed)


def sound_recipe(tier: Tier = Tier.COMPATIBLE, channels: int = 1) -> SoundRecipe:
    return SoundRecipe(tier=tier, channels=channels, bits_per_s=20_000, band_hz=8000)


def sound_work(tier: Tier = Tier.COMPATIBLE, **changed: object) -> SoundWork:
    work = SoundWork(
        number=1, part_key="jobs/j/sound/0001.flac", part_digest="cd",
        stretch=Stretch(start=Fraction(48, 5), seconds=Fraction(48, 5)), recipe=sound_recipe(tier), tools="9.0 x86_64",
    )  # fmt: skip
    return work.model_copy(update=changed)


def test_a_video_segment_of_the_compatible_tier() -> None:
    line = " ".join(segments.encode_video(TOOLS, video_work(), PART, RESULT))
    shown = chain(
        "0:v:0", "bwdif=deint=interlaced:mode=send_frame", "setpts=PTS-18.005000/TB",
        "fps=fps=25/2:round=up:start_time=0", "tpad=stop=-1:stop_mode=clone", "trim=end_frame=100", "setpts=N",
        "transpose=dir=clock", *sized(640, 360),
    )  # fmt: skip
    assert line == (
        f"/bin/ffmpeg -copyts {GUARD} {MOST} -noaccurate_seek -noautorotate -protocol_whitelist fd -reinit_filter 0 "
        f"-seek_timestamp 1 -ss 17.998000 -threads 1 -i fd:/w/part -filter_complex {shown} "
        "-f mp4 -aq-mode:v 0 -bf:v 3 -bsf:v filter_units=remove_types=6 -c:v libx264 -crf:v 30 "
        f"{OUT} -flags:v +bitexact -g:v 100000 -keyint_min:v 100000 -level:v 3.1 {MP4} -preset:v veryslow "
        "-profile:v high -psy:v 0 -sc_threshold:v 0 -threads:v 1 -use_editlist 0 -video_track_timescale 10000 "
        f"-x264-params stitchable=1 file:/w/out.mp4 {QUIET}"
    )


def test_a_video_segment_of_the_modern_tier_cropped_and_denoised() -> None:
    """Grain is told from motion by all pictures, so it is taken away before any of them is left out."""
    work = video_work(
        recipe=video_recipe(Tier.MODERN, denoise=Denoise.LIGHT, screen=True), handling=BARRED,
        stretch=Stretch(start=Fraction(0), seconds=Fraction(8)),
    )  # fmt: skip
    line = " ".join(segments.encode_video(TOOLS, work, PART, RESULT))
    shown = chain(
        "0:v:0", "setpts=PTS-10.005000/TB", "fps=fps=25:round=up:start_time=0",
        "hqdn3d=chroma_spatial=1.5:chroma_tmp=3.0:luma_spatial=2:luma_tmp=4", "fps=fps=25/2:round=up:start_time=0",
        "tpad=stop=-1:stop_mode=clone", "trim=end_frame=100", "setpts=N", "crop=exact=1:h=300:w=640:x=0:y=90",
        *sized(640, 360),
    )  # fmt: skip
    assert line == (
        f"/bin/ffmpeg -copyts {GUARD} {MOST} -noaccurate_seek -noautorotate -protocol_whitelist fd -reinit_filter 0 "
        f"-threads 1 -i fd:/w/part -filter_complex {shown} -f mp4 -c:v libsvtav1 -crf:v 30 {OUT} "
        f"-flags:v +bitexact -g:v 100000 {MP4} -preset:v 4 -svtav1-params lp=1:scm=1 -use_editlist 0 "
        f"-video_track_timescale 10000 file:/w/out.mp4 {QUIET}"
    )


@pytest.mark.parametrize(("handling", "entered"), [(BARRED, "18.003000"), (HANDLING, "17.998000")])
def test_a_part_is_entered_at_a_key_frame_that_stands_just_there(handling: Handling, entered: str) -> None:
    """Unless half pictures are woven, which takes those of the picture before."""
    line = segments.encode_video(TOOLS, video_work(handling=handling), PART, RESULT)
    assert line[line.index("-ss") + 1] == entered
    work = video_work(handling=handling)
    seen = gates.stills_of_source(TOOLS, work, work.view, ((0, 1),), PART, Path("/w/o"))
    assert seen[seen.index("-ss") + 1] == entered


def test_strong_grain_and_pictures_that_a_camera_took() -> None:
    work = video_work(recipe=video_recipe(Tier.MODERN, denoise=Denoise.STRONG))
    line = segments.encode_video(TOOLS, work, PART, RESULT)
    assert "hqdn3d=chroma_spatial=3.0:chroma_tmp=4.5:luma_spatial=4:luma_tmp=6" in " ".join(line)
    assert line[line.index("-svtav1-params") + 1] == "lp=1:scm=0"


def test_the_last_segment_shows_a_picture_that_is_shorter_than_the_others() -> None:
    work = video_work(stretch=Stretch(start=Fraction(8), seconds=Fraction(801, 100)))
    assert "trim=end_frame=101" in " ".join(segments.encode_video(TOOLS, work, PART, RESULT))
    assert (work.count, work.units) == (101, 80_100)


def test_a_sound_segment_of_each_tier() -> None:
    aac = " ".join(segments.encode_sound(TOOLS, sound_work(), PART, RESULT))
    assert aac == (
        f"/bin/ffmpeg {GUARD} {MOST} -protocol_whitelist fd -i fd:/w/part -map 0:a:0 -f mp4 -aac_tns:a 0 -ac 1 "
        "-ar 48000 -b:a 20000 -bsf:a noise=drop=lt(n\\,46)+gte(n\\,496),setts=pts=N*1024:dts=N*1024 -c:a aac "
        f"-cutoff:a 8000 {OUT} -flags:a +bitexact {MP4} -threads:a 1 -use_editlist 0 file:/w/out.mp4 {QUIET}"
    )
    opus = " ".join(segments.encode_sound(TOOLS, sound_work(Tier.MODERN), PART, RESULT))
    assert opus == (
        f"/bin/ffmpeg {GUARD} {MOST} -protocol_whitelist fd -i fd:/w/part -map 0:a:0 -f mp4 -ac 1 -application:a voip "
        "-ar 48000 -b:a 20000 -bsf:a noise=drop=lt(n\\,16)+gte(n\\,176),setts=pts=N*2880:dts=N*2880 -c:a libopus "
        f"-cutoff:a 8000 {OUT} -flags:a +bitexact -frame_duration:a 60 {MP4} -threads:a 1 -use_editlist 0 -vbr:a on "
        f"file:/w/out.mp4 {QUIET}"
    )
    stereo = segments.encode_sound(TOOLS, sound_work(recipe=sound_recipe(channels=2)), PART, RESULT)
    assert stereo[stereo.index("-ac") + 1] == "2"
    assert "-aac_tns:a" not in stereo


def test_a_part_is_copied_from_a_key_frame() -> None:
    line = " ".join(parts.cut_part(TOOLS, Path("/w/source"), 0, 1.4, 61.4, 130.0, Path("/w/0001.mkv")))
    assert line == (
        f"/bin/ffmpeg -copyts {GUARD} {MOST} -protocol_whitelist fd -seek_timestamp 1 -ss 61.400000 "
        f"-i fd:/w/source -map 0:0 -f matroska -avoid_negative_ts disabled -c copy {OUT} -map_chapters -1 "
        f"-map_metadata -1 -output_ts_offset 8.600000 -to 130.000000 file:/w/0001.mkv {QUIET}"
    )


def test_the_sound_is_decoded_from_the_zero_to_whole_packets() -> None:
    line = " ".join(parts.decode_sound(TOOLS, Path("/w/source"), 1, 1.4, 768_000, STEREO, Path("/w/s16")))
    whole = "aresample=48000:async=1:first_pts=0:min_hard_comp=0.05"
    heard = chain(
        "0:1", "asetpts=PTS-1.400000/TB", whole, "aformat=channel_layouts=stereo", "aformat=sample_fmts=s16", "apad",
        "atrim=end_sample=768000",
    )  # fmt: skip
    assert line == (
        f"/bin/ffmpeg -copyts {GUARD} {MOST} -protocol_whitelist fd -i fd:/w/source -filter_complex {heard} "
        f"-f s16le -map_metadata -1 file:/w/s16 {QUIET}"
    )
    quieter = SoundHandling(channels=1, gain_db=-3.456)
    heard = chain(
        "0:1", "asetpts=PTS-1.400000/TB", whole, "aformat=channel_layouts=mono",
        "volume=precision=float:volume=-3.46dB", "aformat=sample_fmts=s16", "apad", "atrim=end_sample=768000",
    )  # fmt: skip
    assert heard in " ".join(parts.decode_sound(TOOLS, Path("/w/source"), 1, 1.4, 768_000, quieter, Path("/w/s16")))


def test_a_piece_of_sound() -> None:
    assert " ".join(parts.pack_piece(TOOLS, Path("/w/s16"), 2, Path("/w/o.flac"))) == (
        f"/bin/ffmpeg -f s16le -ac 2 -ar 48000 -protocol_whitelist fd -i fd:/w/s16 -f flac -c:a flac {OUT} "
        f"-map_metadata -1 file:/w/o.flac {QUIET}"
    )


def test_the_frames_of_a_segment_are_counted() -> None:
    assert " ".join(measures.count_frames(TOOLS, RESULT, "v", Path("/w/f"))) == (
        f"/bin/ffmpeg {GUARD} {MOST} -protocol_whitelist fd -skip_loop_filter all -threads 1 -i fd:/w/out.mp4 "
        f"-map 0:v:0 -f framecrc -c:v wrapped_avframe -fps_mode passthrough file:/w/f {QUIET}"
    )
    sound = " ".join(measures.count_frames(TOOLS, RESULT, "a", Path("/w/f")))
    assert sound == (
        f"/bin/ffmpeg {GUARD} {MOST} -protocol_whitelist fd -threads 1 -i fd:/w/out.mp4 -map 0:a:0 -f framecrc "
        f"-fps_mode passthrough file:/w/f {QUIET}"
    )


def test_a_window_is_cut_as_it_is_shown() -> None:
    line = " ".join(
        probes.cut_window(
            TOOLS, Path("/w/source"), 0, 61.4, 61.4, 100, Fraction(25), BARRED, (1280, 720), Path("/w/w.mkv")
        )
    )  # fmt: skip
    shown = chain(
        "0:0", "setpts=PTS-61.400000/TB", "fps=fps=25:round=up:start_time=0", "tpad=stop=-1:stop_mode=clone",
        "trim=end_frame=100", "crop=exact=1:h=300:w=640:x=0:y=90", *sized(1280, 720),
    )  # fmt: skip
    assert line == (
        f"/bin/ffmpeg -copyts {GUARD} {MOST} -noaccurate_seek -noautorotate -protocol_whitelist fd -seek_timestamp 1 "
        f"-ss 61.400000 -i fd:/w/source -filter_complex {shown} -f matroska -c:v libx264 -preset:v ultrafast -qp:v 0 "
        f"file:/w/w.mkv {QUIET}"
    )


def test_a_window_is_tried_fast_in_each_tier() -> None:
    shape = Shape(width=640, height=360, rate=Fraction(5), denoise=Denoise.NONE, screen=True)
    small = ("fps=fps=5:round=up:start_time=0", "scale=flags=bicubic:h=360:w=640", "format=yuv420p")
    opened = f"/bin/ffmpeg {GUARD} {MOST} -protocol_whitelist fd -i fd:/w/part -filter_complex"
    counted = ("settb=1/10008", "setpts=N*834")
    rate, out = Fraction(12), Path("/w/try.mkv")
    modern = " ".join(probes.encode_window(TOOLS, PART, rate, Tier.MODERN, shape, 45, out))
    assert modern == (
        f"{opened} {chain('0:v:0', *counted, *small)} -f matroska -c:v libsvtav1 -crf:v 45 -g:v 100000 -preset:v 8 "
        f"-svtav1-params lp=1:scm=1 file:/w/try.mkv {QUIET}"
    )
    grainy = shape.model_copy(update={"denoise": Denoise.LIGHT})
    compatible = " ".join(
        probes.encode_window(TOOLS, PART, Fraction(12), Tier.COMPATIBLE, grainy, 38, Path("/w/try.mkv"))
    )
    cleaned = "hqdn3d=chroma_spatial=1.5:chroma_tmp=3.0:luma_spatial=2:luma_tmp=4"
    assert compatible == (
        f"{opened} {chain('0:v:0', *counted, cleaned, *small)} -f matroska -aq-mode:v 0 -bf:v 3 -c:v libx264 -crf:v 38 "
        f"-g:v 100000 -preset:v medium -psy:v 0 -sc_threshold:v 0 -threads:v 1 file:/w/try.mkv {QUIET}"
    )


def test_a_window_of_the_voice_is_cut_encoded_and_heard() -> None:
    voice = Path("/w/v.s16")
    heard = chain(
        "0:1", "asetpts=PTS-61.400000/TB", "aresample=48000:async=1:first_pts=0:min_hard_comp=0.05",
        "aformat=channel_layouts=mono:sample_fmts=s16", "apad", "atrim=end_sample=288000",
    )  # fmt: skip
    assert " ".join(probes.cut_voice(TOOLS, Path("/w/source"), 1, 61.4, 288_000, voice)) == (
        f"/bin/ffmpeg -copyts {GUARD} {MOST} -protocol_whitelist fd -seek_timestamp 1 -ss 61.400000 -i fd:/w/source "
        f"-filter_complex {heard} -f s16le -map_metadata -1 file:/w/v.s16 {QUIET}"
    )
    assert " ".join(probes.encode_voice(TOOLS, voice, sound_recipe(Tier.MODERN), RESULT)) == (
        "/bin/ffmpeg -f s16le -ac 1 -ar 48000 -protocol_whitelist fd -i fd:/w/v.s16 -f mp4 -ac 1 -application:a voip "
        f"-ar 48000 -b:a 20000 -c:a libopus -cutoff:a 8000 -frame_duration:a 60 -vbr:a on file:/w/out.mp4 {QUIET}"
    )
    decoded = chain("0:a:0", "aresample=48000", "aformat=channel_layouts=mono:sample_fmts=s16")
    assert " ".join(probes.decode_voice(TOOLS, RESULT, voice)) == (
        f"/bin/ffmpeg {GUARD} {MOST} -protocol_whitelist fd -i fd:/w/out.mp4 -filter_complex {decoded} -f s16le "
        f"-map_metadata -1 file:/w/v.s16 {QUIET}"
    )


def test_every_input_of_a_source_is_guarded() -> None:
    part, out = Path("/w/part"), Path("/w/out")
    shape = Shape(width=640, height=360, rate=Fraction(5), denoise=Denoise.NONE, screen=True)
    lines = [
        segments.encode_video(TOOLS, video_work(), part, out),
        segments.encode_sound(TOOLS, sound_work(), part, out),
        parts.cut_part(TOOLS, part, 0, 0.0, 0.0, 1.0, out),
        parts.decode_sound(TOOLS, part, 1, 0.0, 1, STEREO, out),
        measures.count_frames(TOOLS, part, "v", out),
        probes.cut_window(TOOLS, part, 0, None, 0.0, 1, Fraction(5), HANDLING, (2, 2), out),
        probes.encode_window(TOOLS, part, Fraction(12), Tier.MODERN, shape, 45, out),
        probes.cut_voice(TOOLS, part, 1, 0.0, 1, out),
        probes.decode_voice(TOOLS, part, out),
    ]
    for line in lines:
        assert line[line.index("-protocol_whitelist") + 1] == "fd"
        allowed = line[line.index("-format_whitelist") + 1].split(",")
        assert not {"hls", "concat", "concatf", "dash", "image2", "lavfi", "sdp", "rtsp"} & set(allowed)


def test_a_key_changes_with_all_that_decides_about_the_bytes_and_nothing_else() -> None:
    same = segment_key(video_work())
    for told in (
        video_work(number=9, part_key="jobs/other/video/0000.mkv", cost=7.0),
        video_work(spots=(Spot(start_s=1.0, frames=5),), weights=(8.0,), text_at=3.0),
        video_work(recipe=video_recipe(Tier.COMPATIBLE, rung=Rung.CLEAR)),
    ):
        assert segment_key(told) == same
    louder = sound_recipe().model_copy(update={"bits_per_s": 21_000})
    others = [
        segment_key(video_work(part_digest="ac")),
        segment_key(video_work(stretch=Stretch(start=Fraction(9), seconds=Fraction(8)))),
        segment_key(video_work(stretch=Stretch(start=Fraction(8), seconds=Fraction(9)))),
        segment_key(video_work(tools="9.1 x86_64")),
        segment_key(video_work(handling=HANDLING.model_copy(update={"rotation": 0}))),
        segment_key(video_work(recipe=video_recipe(Tier.COMPATIBLE, crf=29))),
        segment_key(video_work(Tier.MODERN)),
        segment_key(video_work(recipe=video_recipe(Tier.MODERN, screen=True))),
        segment_key(video_work(recipe=video_recipe(Tier.MODERN, denoise=Denoise.LIGHT))),
        segment_key(sound_work()),
        segment_key(sound_work(Tier.MODERN)),
        segment_key(sound_work(recipe=louder)),
    ]
    assert len({same, *others}) == len(others) + 1
    moved = sound_work(stretch=Stretch(start=Fraction(0), seconds=Fraction(48, 5)), number=0)
    assert segment_key(moved) == segment_key(sound_work())


def test_a_program_with_other_ways_finds_no_segment_of_this_one(monkeypatch: pytest.MonkeyPatch) -> None:
    before = [segment_key(video_work()), segment_key(sound_work())]
    monkeypatch.setattr("workers.pipeline.work.RECIPE_VERSION", RECIPE_VERSION + 1)
    assert not {segment_key(video_work()), segment_key(sound_work())} & set(before)


def test_measures_are_kept_apart_by_where_they_were_taken() -> None:
    keys = {
        measure_key(work)
        for work in (
            video_work(),
            video_work(text_at=3.0),
            video_work(spots=(Spot(start_s=1.0, frames=5),), weights=(8.0,)),
            video_work(spots=(Spot(start_s=2.0, frames=5),), weights=(8.0,)),
            video_work(view=View(width=960, height=720, rate=Fraction(25))),
        )
    }
    assert len(keys) == 5
    assert measure_key(video_work(number=3)) == measure_key(video_work())
