"""What players are given: HLS playlists and the front of a progressive MP4."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from catalog.formats.boxes import boxes, find
from catalog.formats.errors import BadFormat
from catalog.formats.index import TrackKind
from catalog.formats.playlist import Addresses, caption_playlist, media_playlist, multivariant
from catalog.formats.progressive import join_inits, make_sidx
from catalog.formats.release import Caption, Rendition
from catalog.formats.rungs import Rung, Tier
from tests.factories import Modern, make_init, make_media, make_track

FLOOR, CLEAR = make_track(seed="floor"), make_track(seed="clear", size=2000)
SOUND = make_track(TrackKind.SOUND, count=4)
MEDIA = make_media({Rung.FLOOR: FLOOR, Rung.CLEAR: CLEAR}, SOUND)
CAPTION = Caption(sha256="0" * 64, length=10, language="zh", name='汉字"引号"\n')
AT = Addresses(
    rendition=lambda r: f"{r.rung}.m3u8",
    sound=lambda s: "sound.m3u8",
    caption=lambda caption: f"{caption.language}.m3u8",
)


def test_every_rendition_shares_the_sound() -> None:
    lines = multivariant(MEDIA, MEDIA.renditions, (), AT).splitlines()
    assert lines[:3] == ["#EXTM3U", "#EXT-X-VERSION:7", "#EXT-X-INDEPENDENT-SEGMENTS"]
    assert sum('TYPE=AUDIO,GROUP-ID="sound-compatible"' in line for line in lines) == 1
    streams = [line for line in lines if line.startswith("#EXT-X-STREAM-INF")]
    assert len(streams) == 2
    assert all('AUDIO="sound-compatible"' in line and 'CODECS="avc1.64001f,mp4a.40.2"' in line for line in streams)
    assert lines[-3:][0] == "floor.m3u8"
    assert lines[-1] == "clear.m3u8"


TIERS = make_media(
    {Rung.LISTEN: None, Rung.FLOOR: FLOOR},
    SOUND,
    modern=Modern({Rung.LISTEN: None, Rung.FLOOR: CLEAR}, make_track(TrackKind.SOUND, seed="opus")),
)


def streams_of(text: str) -> list[tuple[str, str]]:
    """Return (attributes, address) of the variants of a playlist."""
    lines = text.splitlines()
    return [(line, lines[n + 1]) for n, line in enumerate(lines) if line.startswith("#EXT-X-STREAM-INF")]


def test_each_tier_has_its_codecs_and_a_group_of_its_own() -> None:
    at = Addresses(rendition=lambda r: f"{r.tier}.m3u8", sound=lambda s: f"sound-{s.tier}.m3u8", caption=str)
    text = multivariant(TIERS, TIERS.renditions, (), at)
    (compatible, first), (modern, second) = streams_of(text)
    assert (first, second) == ("compatible.m3u8", "modern.m3u8")
    assert 'CODECS="avc1.64001f,mp4a.40.2"' in compatible
    assert 'AUDIO="sound-compatible"' in compatible
    assert 'CODECS="av01.0.05M.08,opus"' in modern
    assert 'AUDIO="sound-modern"' in modern
    groups = [line for line in text.splitlines() if "TYPE=AUDIO" in line]
    assert [line.rpartition("URI=")[2] for line in groups] == ['"sound-compatible.m3u8"', '"sound-modern.m3u8"']


def test_a_voice_in_two_tiers_is_two_streams_of_which_a_player_takes_one() -> None:
    at = Addresses(rendition=str, sound=lambda s: f"sound-{s.tier}.m3u8", caption=str)
    listen = [r for r in TIERS.renditions if r.video is None]
    found = streams_of(multivariant(TIERS, listen, (), at))
    assert [address for _, address in found] == ["sound-compatible.m3u8", "sound-modern.m3u8"]
    assert 'CODECS="opus"' in found[1][0]
    assert "TYPE=AUDIO" not in multivariant(TIERS, listen, (), at)


def test_only_the_tiers_that_are_held_have_a_group() -> None:
    at = Addresses(rendition=lambda r: f"{r.tier}.m3u8", sound=lambda s: f"sound-{s.tier}.m3u8", caption=str)
    text = multivariant(TIERS, TIERS.renditions[2:], (), at)
    assert "compatible" not in text


def test_a_lesson_of_sound_alone_is_one_stream() -> None:
    media = MEDIA.model_copy(update={"renditions": (Rendition(rung=Rung.LISTEN, tier=Tier.COMPATIBLE, video=None),)})
    lines = multivariant(media, media.renditions, (), AT).splitlines()
    assert not [line for line in lines if "TYPE=AUDIO" in line]
    assert lines[-1] == "sound.m3u8"
    assert 'CODECS="mp4a.40.2"' in lines[-2]


def test_pictures_without_sound_name_no_group() -> None:
    media = MEDIA.model_copy(update={"sounds": ()})
    assert "AUDIO" not in multivariant(media, media.renditions, (), AT)


def test_a_caption_name_cannot_break_out_of_its_quotes() -> None:
    (line,) = [
        line for line in multivariant(MEDIA, MEDIA.renditions, (CAPTION,), AT).splitlines() if "SUBTITLES," in line
    ]
    assert "NAME=\"汉字'引号'\"" in line
    assert line.endswith('URI="zh.m3u8"')


@given(st.integers(0, 3))
def test_a_partly_held_track_plays_as_far_as_it_goes(held: int) -> None:
    text = media_playlist(FLOOR.index, "init.mp4", lambda n: f"{n}.m4s", held)
    assert [line for line in text.splitlines() if line.endswith(".m4s")] == [f"{n}.m4s" for n in range(held)]
    assert text.endswith("#EXT-X-ENDLIST\n")


def test_segment_lengths_add_up_and_none_is_over_the_target() -> None:
    lines = media_playlist(FLOOR.index, "init.mp4", str, 3).splitlines()
    seconds = [float(line[8:-1]) for line in lines if line.startswith("#EXTINF:")]
    target = next(int(line.split(":")[1]) for line in lines if line.startswith("#EXT-X-TARGETDURATION"))
    assert sum(seconds) == pytest.approx(FLOOR.index.duration_ms / 1000)
    assert max(seconds) <= target


def test_captions_are_one_segment() -> None:
    assert "#EXTINF:60.500,\nzh.vtt\n#EXT-X-ENDLIST" in caption_playlist(60_500, "zh.vtt")


def test_a_progressive_file_has_both_tracks_and_its_length_in_front() -> None:
    init = join_inits(FLOOR.index.init, SOUND.index.init, 480)
    moov = find(init, (b"moov",))
    kinds = [box.kind for box in boxes(init, moov.body, moov.end)]
    assert kinds == [b"mvhd", b"trak", b"trak", b"mvex"]
    traks = [box for box in boxes(init, moov.body, moov.end) if box.kind == b"trak"]
    numbers = [struct.unpack_from(">I", init, find(init, (b"tkhd",), t.body, t.end).body + 12)[0] for t in traks]
    assert numbers == [1, 2]
    mehd = find(init, (b"moov", b"mvex", b"mehd"))
    assert struct.unpack_from(">I", init, mehd.body + 4) == (480,)
    mvex = find(init, (b"moov", b"mvex"))
    trexes = [b for b in boxes(init, mvex.body, mvex.end) if b.kind == b"trex"]
    assert [struct.unpack_from(">I", init, b.body + 4)[0] for b in trexes] == [1, 2]


def test_a_view_of_one_track_keeps_its_number() -> None:
    init = join_inits(None, SOUND.index.init, 480)
    tkhd = find(init, (b"moov", b"trak", b"tkhd"))
    assert struct.unpack_from(">I", init, tkhd.body + 12) == (2,)
    with pytest.raises(ValueError, match="needs a track"):
        join_inits(None, None, 480)


def test_an_init_part_of_two_tracks_is_refused() -> None:
    with pytest.raises(BadFormat, match="not of one track"):
        join_inits(join_inits(make_init(), make_init(), 1), None, 480)


@given(st.lists(st.tuples(st.integers(0, 2**31 - 1), st.integers(1, 2**32 - 1)), max_size=50))
def test_a_sidx_names_every_segment(references: list[tuple[int, int]]) -> None:
    sidx = make_sidx(12_800, references)
    count = struct.unpack_from(">H", sidx, 38)[0]
    found = [struct.unpack_from(">II", sidx, 40 + 12 * n) for n in range(count)]
    assert found == references
    assert len(sidx) == 40 + 12 * count


def test_a_sidx_that_could_not_name_them_is_refused() -> None:
    with pytest.raises(BadFormat):
        make_sidx(1, [(1 << 31, 1)])
    with pytest.raises(BadFormat):
        make_sidx(1, [(1, 1)] * 65_536)
