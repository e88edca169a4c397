"""HLS playlists (RFC 8216bis, version 7) made from a release and its indexes. Addresses are the caller's."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil

from catalog.formats.index import Index
from catalog.formats.release import Caption, Media, Rendition, SoundTrack
from catalog.formats.rungs import Tier

CAPTION_GROUP = "captions"


@dataclass(frozen=True)
class Addresses:
    """Where a view's parts are: playlists of renditions, of sounds, and of captions."""

    rendition: Callable[[Rendition], str]
    sound: Callable[[SoundTrack], str]
    caption: Callable[[Caption], str]


def multivariant(media: Media, renditions: Sequence[Rendition], captions: Sequence[Caption], at: Addresses) -> str:
    """Return the playlist that offers `renditions` of `media`, the first as the player's start.

    Each tier has a group of its own for the sound. A player passes over what its CODECS say that it cannot play
    (RFC 8216bis, 4.4.6.2), so both tiers stand in one playlist; renditions without pictures only where none has any.
    """
    lines = ["#EXTM3U", "#EXT-X-VERSION:7", "#EXT-X-INDEPENDENT-SEGMENTS"]
    shown = [r for r in renditions if r.video is not None] or list(renditions)
    for tier in media.tiers:
        sound = media.sound(tier)
        if sound is not None and any(r.tier is tier and r.video is not None for r in shown):
            lines.append(
                f'#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="{_sound_group(tier)}",NAME="sound",DEFAULT=YES,AUTOSELECT=YES,'
                f'CHANNELS="{sound.channels}",URI="{at.sound(sound)}"'
            )
    lines += [
        f'#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="{CAPTION_GROUP}",NAME="{_quoted(caption.name)}",'
        f'LANGUAGE="{caption.language}",DEFAULT=NO,AUTOSELECT=YES,URI="{at.caption(caption)}"'
        for caption in captions
    ]
    streams: dict[str, str] = {}
    for rendition in shown:
        sound = media.sound(rendition.tier)
        address = at.rendition(rendition) if rendition.video or sound is None else at.sound(sound)
        streams.setdefault(address, _stream_inf(media, rendition, bool(captions)))
    for address, stream_inf in streams.items():
        lines += [stream_inf, address]
    return "\n".join(lines) + "\n"


def _sound_group(tier: Tier) -> str:
    return f"sound-{tier.value}"


def _stream_inf(media: Media, rendition: Rendition, has_captions: bool) -> str:
    video, sound = rendition.video, media.sound(rendition.tier)
    tracks = [t for t in (video, sound) if t is not None]
    peak = sum(t.peak_bits_per_s for t in tracks)
    mean = sum(t.length for t in tracks) * 8000 // media.duration_ms
    codecs = ",".join(t.codec for t in tracks)
    parts = [f"BANDWIDTH={max(peak, mean)}", f"AVERAGE-BANDWIDTH={mean}", f'CODECS="{codecs}"']
    if video is not None:
        parts += [f"RESOLUTION={video.width}x{video.height}", f"FRAME-RATE={video.frame_rate:.3f}"]
        if sound is not None:
            parts.append(f'AUDIO="{_sound_group(rendition.tier)}"')
    if has_captions:
        parts.append(f'SUBTITLES="{CAPTION_GROUP}"')
    return "#EXT-X-STREAM-INF:" + ",".join(parts)


def media_playlist(index: Index, init_address: str, segment_address: Callable[[int], str], held: int) -> str:
    """Return the playlist of the first `held` segments of `index`: a partly fetched track plays as far as it goes."""
    rows = index.segments[:held]
    longest = max((row.duration for row in rows), default=index.timescale)
    lines = [
        "#EXTM3U",
        "#EXT-X-VERSION:7",
        f"#EXT-X-TARGETDURATION:{max(1, ceil(longest / index.timescale))}",
        "#EXT-X-MEDIA-SEQUENCE:0",
        "#EXT-X-PLAYLIST-TYPE:VOD",
        f'#EXT-X-MAP:URI="{init_address}"',
    ]
    for row in rows:
        lines += [f"#EXTINF:{row.duration / index.timescale:.6f},", segment_address(row.number)]
    return "\n".join([*lines, "#EXT-X-ENDLIST"]) + "\n"


def caption_playlist(duration_ms: int, caption_address: str) -> str:
    """Return the playlist of captions that are one WebVTT file."""
    seconds = duration_ms / 1000
    return (
        f"#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:{max(1, ceil(seconds))}\n#EXT-X-PLAYLIST-TYPE:VOD\n"
        f"#EXTINF:{seconds:.3f},\n{caption_address}\n#EXT-X-ENDLIST\n"
    )


def _quoted(text: str) -> str:
    """Return `text` as the inside of a quoted-string, which can hold neither quotes nor line ends."""
    return text.replace('"', "'").replace("\n", " ").replace("\r", " ")
