"""What a release will say of a lesson, put together from tracks as they become whole. Pure."""

from collections.abc import Sequence

from pydantic import BaseModel, ConfigDict, Field

from catalog.formats.release import Blob, Chapter, Media, Rendition, SoundTrack, Still
from catalog.formats.rungs import Rung, Tier


class MediaBase(BaseModel):
    """What ingest knows beside the tracks. Stills and poster are in the store under their digests."""

    model_config = ConfigDict(frozen=True)

    duration_ms: int = Field(ge=1)
    stills: tuple[Still, ...] = ()
    chapters: tuple[Chapter, ...] = ()
    poster: Blob | None = None

    @property
    def bytes(self) -> int:
        """What stills and poster take; what two of them share is there once."""
        blobs = [*self.stills, *([self.poster] if self.poster else [])]
        return sum({blob.sha256: blob.length for blob in blobs}.values())


class Packed(BaseModel):
    """A track that is whole: pictures as a rendition, or sound."""

    model_config = ConfigDict(frozen=True)

    rendition: Rendition | None = None
    sound: SoundTrack | None = None


class GivenUp(BaseModel):
    """A rung that is not made, or not as good as it might be, and why.

    `budget`: it did not fit; `source`: the source is as small; `gate`: it was not good enough however it was encoded.
    `bits_per_s` and `vmaf` are what it would have had, or what it came to where a gate took it away; `instead` is the
    VMAF that it has now, None if it is not made.
    """

    model_config = ConfigDict(frozen=True)

    tier: Tier
    rung: Rung
    why: str
    bits_per_s: float | None = None
    vmaf: float | None = None
    instead: float | None = None


def compose(base: MediaBase, packed: Sequence[Packed]) -> Media:
    """Return the media of these tracks: in each tier, `listen` where there is sound, and its renditions.

    Raises pydantic's ValidationError if they do not make a lesson.
    """
    sounds = {p.sound.tier: p.sound for p in packed if p.sound is not None}
    renditions = [p.rendition for p in packed if p.rendition is not None]
    renditions += [Rendition(rung=Rung.LISTEN, tier=tier, video=None) for tier in sounds]
    return Media(
        duration_ms=base.duration_ms,
        renditions=tuple(sorted(renditions, key=lambda r: (r.tier.place, r.rung.height_on_ladder))),
        sounds=tuple(sounds[tier] for tier in Tier if tier in sounds),
        stills=base.stills,
        chapters=base.chapters,
        poster=base.poster,
    )
