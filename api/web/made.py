"""What was made of a lesson, in the words and figures that partners read. Pure."""

from dataclasses import dataclass

from catalog.formats.errors import N_
from catalog.formats.release import Media, Quality, Rendition
from catalog.formats.rungs import Rung, Tier
from catalog.jobs.media import GivenUp
from catalog.look.filters import clock_time, human_bytes
from catalog.look.language import Language, translate
from catalog.look.words import RUNG_WORDS, TIER_WORDS
from catalog.overview.schemas import LessonMade

QUALITY_WORDS = (
    (95.0, N_("Hardly to be told from the original")),
    (91.0, N_("Clear, with small losses")),
    (84.0, N_("Soft, and good enough to teach with")),
    (0.0, N_("Visibly worse than the original")),
)
"""What a mean VMAF from so many points on is called: the steps are those that the rungs are made for."""

CODEC_WORDS = {"avc1": "H.264", "av01": "AV1", "mp4a": "AAC", "opus": "Opus"}

NOT_MADE = {
    "budget": N_("%(rung)s, %(tier)s: not made, because it did not fit into the course's budget."),
    "source": N_("%(rung)s, %(tier)s: not made, because the video itself is as small; it would show nothing more."),
    "gate": N_("%(rung)s, %(tier)s: not made, because it was not good enough however it was encoded."),
    "": N_("%(rung)s, %(tier)s: not made."),
}
MADE_SMALLER = {
    "gate": N_("%(rung)s, %(tier)s: not as good as we ask, because the video itself has no more to give."),
    "": N_("%(rung)s, %(tier)s: not as good as it might be."),
}
"""Why a rung is missing, or less than it might be, by `GivenUp.why`."""


@dataclass(frozen=True)
class RungView:
    """A row of the table: a rung of a tier in words and figures; "" where there is no such thing.

    `rate` and `size` are the pictures' own, for the whole lesson; `together` is the size with the tier's sound.
    """

    rung: str
    picture: str
    rate: str
    size: str
    together: str
    quality: str
    vmaf: str
    text: str


@dataclass(frozen=True)
class TierView:
    """A tier: its name and codecs, the sound that its rungs share, and what who holds all of it holds."""

    name: str
    codecs: str
    sound: str
    total: str
    rungs: tuple[RungView, ...]


@dataclass(frozen=True)
class MadeView:
    """What a release can hold of a lesson. `facts` are pairs of words, `given_up` sentences."""

    facts: tuple[tuple[str, str], ...]
    tiers: tuple[TierView, ...]
    given_up: tuple[str, ...]


def made_view(made: LessonMade, language: Language) -> MadeView:
    """Return what was made of a lesson in the reader's language."""
    media = made.media
    facts = [(translate(N_("Length"), language), clock_time(media.duration_ms / 1000))]
    if media.stills:
        size = human_bytes(sum(blob.length for blob in {still.sha256: still for still in media.stills}.values()))
        facts.append((translate(N_("Stills"), language), f"{len(media.stills)} · {size}"))
    if media.chapters:
        facts.append((translate(N_("Chapters"), language), str(len(media.chapters))))
    return MadeView(
        facts=tuple(facts),
        tiers=tuple(_tier_view(media, tier, language) for tier in media.tiers),
        given_up=tuple(given_up_words(given, language) for given in made.given_up),
    )


def _tier_view(media: Media, tier: Tier, language: Language) -> TierView:
    sound = media.sound(tier)
    videos = [r.video for r in media.renditions if r.tier is tier and r.video is not None]
    codecs = [_codec(video.codec) for video in videos[:1]]
    heard = ""
    if sound is not None:
        channels = translate(N_("mono") if sound.channels == 1 else N_("stereo"), language)
        codecs.append(_codec(sound.codec))
        heard = f"{_codec(sound.codec)} · {channels} · {_rate(sound.length, media)} · {human_bytes(sound.length)}"
        if sound.speech is not None:
            heard += " · " + translate(N_("speech %(score)s (ESTOI, at most 1)"), language, score=f"{sound.speech:.3f}")
    return TierView(
        name=translate(TIER_WORDS[tier], language),
        codecs=" + ".join(codecs),
        sound=heard,
        total=human_bytes(tier_bytes(media, tier)),
        rungs=tuple(_rung_view(media, r, language) for r in media.renditions if r.tier is tier),
    )


def _rung_view(media: Media, rendition: Rendition, language: Language) -> RungView:
    video = rendition.video
    picture = ""
    if video is not None:
        rate = f"{round(video.frame_rate, 2):g}"
        picture = translate(
            N_("%(width)s×%(height)s, %(rate)s frames/s"), language, width=video.width, height=video.height, rate=rate
        )
    elif media.stills:
        picture = translate(N_("%(count)s stills"), language, count=len(media.stills))
    quality = rendition.quality if video is not None else None
    return RungView(
        rung=translate(RUNG_WORDS[rendition.rung], language),
        picture=picture,
        rate=_rate(video.length, media) if video else "",
        size=human_bytes(video.length) if video else "",
        together=human_bytes(sum(track.length for track in media.tracks(rendition.rung, rendition.tier))),
        quality=_quality_words(quality, language),
        vmaf=_vmaf_words(quality, language),
        text=_text_words(quality, language),
    )


def _codec(name: str) -> str:
    return CODEC_WORDS.get(name.split(".", maxsplit=1)[0], name)


def _rate(length: int, media: Media) -> str:
    return kbits(length * 8000 / media.duration_ms)


def kbits(bits_per_s: float) -> str:
    """A rate as video people say it: `21 kbit/s`, with one decimal under 10."""
    return f"{bits_per_s / 1000:.{0 if bits_per_s >= 9950 else 1}f} kbit/s"


def _quality_words(quality: Quality | None, language: Language) -> str:
    if quality is None or quality.vmaf_mean is None:
        return ""
    mean = quality.vmaf_mean
    return translate(next(words for least, words in QUALITY_WORDS if mean >= least), language)


def _vmaf_words(quality: Quality | None, language: Language) -> str:
    if quality is None or None in (quality.vmaf_mean, quality.vmaf_p5, quality.vmaf_min):
        return ""
    words = N_("VMAF %(mean)s; the worst 5 %% under %(p5)s, the lowest %(least)s")
    figures = {"mean": quality.vmaf_mean, "p5": quality.vmaf_p5, "least": quality.vmaf_min}
    return translate(words, language, **{name: f"{value:.1f}" for name, value in figures.items()})


def _text_words(quality: Quality | None, language: Language) -> str:
    if quality is None or quality.legibility is None:
        return ""
    return translate(N_("%(share)s of the text is still read"), language, share=f"{100 * quality.legibility:.1f} %")


def given_up_words(given: GivenUp, language: Language) -> str:
    """Return in a sentence or two which rung is missing, or is less than it might be, and why."""
    kinds = NOT_MADE if given.instead is None else MADE_SMALLER
    sentences = [
        translate(kinds.get(given.why, kinds[""]), language, **tier_and_rung(given.tier, given.rung, language))
    ]
    if given.instead is not None and given.vmaf is not None:
        words = N_("It has about VMAF %(instead)s instead of %(vmaf)s.")
        sentences.append(translate(words, language, instead=f"{given.instead:.0f}", vmaf=f"{given.vmaf:.0f}"))
    elif given.bits_per_s is not None and given.vmaf is not None:
        words = N_("It would have needed %(rate)s for VMAF %(vmaf)s.")
        sentences.append(translate(words, language, rate=kbits(given.bits_per_s), vmaf=f"{given.vmaf:.0f}"))
    elif given.vmaf is not None:
        sentences.append(translate(N_("It came to VMAF %(vmaf)s."), language, vmaf=f"{given.vmaf:.0f}"))
    return ("" if language == "zh-CN" else " ").join(sentences)


def tier_and_rung(tier: Tier, rung: Rung, language: Language) -> dict[str, str]:
    """Return the names of a rung and a tier as the fields `rung` and `tier` of a sentence that begins with the rung."""
    words = translate(RUNG_WORDS[rung], language)
    return {"rung": words[:1].upper() + words[1:], "tier": translate(TIER_WORDS[tier], language)}


def tier_bytes(media: Media, tier: Tier) -> int:
    """Return what who holds a lesson in one tier holds, in bytes: all its rungs, its sound, stills and poster."""
    tracks = {t.index: t for r in media.renditions if r.tier is tier for t in media.tracks(r.rung, tier)}
    return sum(track.length for track in tracks.values()) + sum(blob.length for blob in media.blobs())
