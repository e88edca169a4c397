"""A release: an immutable version of a course, as the partner signs it (docs/format.md, "Release")."""

from typing import Annotated, Final, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from catalog.formats.attachments import MAX_ATTACHMENT_BYTES, MAX_ATTACHMENTS, FileName, part_lengths
from catalog.formats.errors import BadFormat
from catalog.formats.hashing import canonical_json
from catalog.formats.ids import Digest, Id
from catalog.formats.index import MAX_INDEX_BYTES
from catalog.formats.rungs import WATCHABLE, Rung, Tier

FORMAT: Final = 1
MAX_RELEASE_BYTES = 8 << 20
MAX_BLOB_BYTES = 16 << 20
MAX_PACK_BYTES = 1 << 40
MAX_STILLS = 2_000
MAX_CHAPTERS = 500

Title = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]
Label = Annotated[str, StringConstraints(max_length=100, strip_whitespace=True)]
Words = Annotated[str, StringConstraints(max_length=200, strip_whitespace=True)]
Vmaf = Annotated[float, Field(ge=0, le=100), AfterValidator(lambda value: round(value, 1))]
Share = Annotated[float, Field(ge=0, le=1), AfterValidator(lambda value: round(value, 3))]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$", max_length=35)]
MediaType = Annotated[str, StringConstraints(pattern=r"^[a-z]+/[a-z0-9][a-z0-9.+-]*$", max_length=100)]


class Document(BaseModel):
    """A part of a signed document: frozen; fields of a later minor version are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Place(Document):
    """Where a lesson stands in the curriculum; a skills course carries `trade` and may leave the rest empty."""

    stage: Label = ""
    grade: Label = ""
    subject: Label = ""
    edition: Label = ""
    volume: Label = ""
    unit: Label = ""
    trade: Label = ""


class Blob(Document):
    """A small file that is stored whole as `blobs/<sha256>`; `length` in bytes."""

    sha256: Digest
    length: int = Field(ge=1, le=MAX_BLOB_BYTES)


class Caption(Blob):
    """Captions in WebVTT. `language` is a BCP 47 tag, `name` what the player shows."""

    language: Language
    name: Label


class Attachment(Document):
    """A file that belongs to a lesson, such as a worksheet: `length` bytes in `parts` (`attachments.part_lengths`).

    Each part is `blobs/<digest>`, so that it is fetched, verified and kept alone. `sha256` is that of the whole.
    """

    name: FileName
    type: MediaType
    sha256: Digest
    length: int = Field(ge=1, le=MAX_ATTACHMENT_BYTES)
    parts: tuple[Digest, ...]

    @model_validator(mode="after")
    def _is_whole(self) -> "Attachment":
        if len(self.parts) != len(part_lengths(self.length)):
            raise ValueError("the parts do not make up the length")
        if len(self.parts) == 1 and self.parts[0] != self.sha256:
            raise ValueError("the only part has another digest than the whole")
        return self

    def blobs(self) -> tuple[Blob, ...]:
        """Return the parts in order."""
        lengths = part_lengths(self.length)
        return tuple(Blob(sha256=d, length=n) for d, n in zip(self.parts, lengths, strict=True))


class VideoTrack(Document):
    """The pictures of a rendition: `index` names index and pack; `length` in bytes of the pack."""

    index: Digest
    index_length: int = Field(ge=1, le=MAX_INDEX_BYTES)
    length: int = Field(ge=1, le=MAX_PACK_BYTES)
    codec: str = Field(max_length=64, description="RFC 6381, for example avc1.64001f or av01.0.05M.08")
    width: int = Field(ge=2, le=8192)
    height: int = Field(ge=2, le=8192)
    frame_rate: float = Field(gt=0, le=240)
    peak_bits_per_s: int = Field(ge=1, description="the largest segment's bits over its seconds")


class SoundTrack(Document):
    """The sound that a lesson's renditions of one tier share; other fields as in `VideoTrack`.

    `speech` is how well the voice is understood, as measured on the track as it is: ESTOI, from 0 to 1 (equal to the
    lesson's own sound); None where nobody speaks.
    """

    tier: Tier
    index: Digest
    index_length: int = Field(ge=1, le=MAX_INDEX_BYTES)
    length: int = Field(ge=1, le=MAX_PACK_BYTES)
    codec: str = Field(max_length=64, description="RFC 6381: mp4a.40.2 or opus")
    sample_rate: int = Field(ge=8000, le=192_000)
    channels: int = Field(ge=1, le=2)
    peak_bits_per_s: int = Field(ge=1)
    speech: Share | None = None


class Quality(Document):
    """What was measured on a rendition as it is, at 1280x720. VMAF from 0 to 100, kept to one decimal.

    `vmaf_*` are None where there are no pictures; `legibility` is the share of the source's characters that are still
    read, from 0 to 1, and None where the source has no text.
    """

    vmaf_mean: Vmaf | None = None
    vmaf_p5: Vmaf | None = None
    vmaf_min: Vmaf | None = None
    legibility: Share | None = None


class Rendition(Document):
    """A lesson at one rung of one tier. `video` is None at the rung `listen`, or where the source had sound only."""

    rung: Rung
    tier: Tier
    video: VideoTrack | None
    quality: Quality | None = None


class Still(Blob):
    """A picture that stands from `start_ms` (milliseconds from the lesson's start) until the next one does."""

    start_ms: int = Field(ge=0)
    width: int = Field(ge=1, le=8192)
    height: int = Field(ge=1, le=8192)
    type: Literal["image/jpeg", "image/png"]
    title: Words = ""


class Chapter(Document):
    """A part of a lesson, from `start_ms` until the next one starts."""

    start_ms: int = Field(ge=0)
    title: Title


class Media(Document):
    """All that workers made of one source: what a release says of a lesson beside its words."""

    duration_ms: int = Field(ge=1)
    renditions: tuple[Rendition, ...] = Field(min_length=1)
    sounds: tuple[SoundTrack, ...] = ()
    stills: tuple[Still, ...] = Field(default=(), max_length=MAX_STILLS)
    chapters: tuple[Chapter, ...] = Field(default=(), max_length=MAX_CHAPTERS)
    poster: Blob | None = None

    @model_validator(mode="after")
    def _plays(self) -> "Media":
        steps = [(r.tier.place, r.rung.height_on_ladder) for r in self.renditions]
        if sorted(set(steps)) != steps:
            raise ValueError("renditions are not in the order of tiers and ladder, each rung of a tier once")
        heard = [s.tier.place for s in self.sounds]
        if sorted(set(heard)) != heard:
            raise ValueError("sounds are not in the order of tiers, each tier once")
        if any(r.video is None and self.sound(r.tier) is None for r in self.renditions):
            raise ValueError("a rendition has neither pictures nor sound")
        if self.sounds and {s.tier for s in self.sounds} != set(self.tiers):
            raise ValueError("the tiers of the sounds are not those of the renditions")
        return self

    @model_validator(mode="after")
    def _keeps_time(self) -> "Media":
        for name, starts in (
            ("stills", [still.start_ms for still in self.stills]),
            ("chapters", [chapter.start_ms for chapter in self.chapters]),
        ):
            if sorted(set(starts)) != starts:
                raise ValueError(f"{name} are not in the order of their times, each time once")
            if starts and starts[-1] >= self.duration_ms:
                raise ValueError(f"{name} start after the lesson's end")
        return self

    @property
    def tiers(self) -> tuple[Tier, ...]:
        """The tiers that the lesson is there in, `compatible` first."""
        return tuple(tier for tier in Tier if any(r.tier is tier for r in self.renditions))

    def sound(self, tier: Tier) -> SoundTrack | None:
        """Return the sound of `tier`, if there is one."""
        return next((s for s in self.sounds if s.tier is tier), None)

    def rendition(self, rung: Rung, tier: Tier) -> Rendition | None:
        """Return the rendition at `rung` of `tier`, if there is one."""
        return next((r for r in self.renditions if r.rung is rung and r.tier is tier), None)

    def smallest_watchable(self, tier: Tier) -> Rendition | None:
        """Return the rendition of `tier` that a class can be taught with at the lowest cost.

        The lowest there is, where no rung of the tier is watchable; None if the lesson is not there in this tier.
        """
        there = [r for r in self.renditions if r.tier is tier]
        return next((r for r in there if r.rung in WATCHABLE), there[0] if there else None)

    def tracks(self, rung: Rung, tier: Tier) -> tuple[VideoTrack | SoundTrack, ...]:
        """Return the tracks that the rendition at `rung` of `tier` plays, pictures first."""
        found = self.rendition(rung, tier)
        if found is None:
            return ()
        return tuple(t for t in (found.video, self.sound(tier)) if t is not None)

    def all_tracks(self) -> tuple[VideoTrack | SoundTrack, ...]:
        """Return every track of every rendition, each once."""
        found: dict[str, VideoTrack | SoundTrack] = {}
        for rendition in self.renditions:
            for track in self.tracks(rendition.rung, rendition.tier):
                found.setdefault(track.index, track)
        return tuple(found.values())

    def blobs(self) -> tuple[Blob, ...]:
        """Return poster and stills, each once."""
        found = {blob.sha256: blob for blob in (*self.stills[::-1], *([self.poster] if self.poster else []))}
        return tuple(reversed(found.values()))


class Lesson(Document):
    """A lesson of a release. `id` is the same in every release, so that timetables survive updates."""

    id: Id
    number: int = Field(ge=1, le=10_000)
    title: Title
    place: Place
    media: Media
    captions: tuple[Caption, ...] = ()
    attachments: tuple[Attachment, ...] = Field(
        default=(), max_length=MAX_ATTACHMENTS, exclude_if=lambda attachments: not attachments
    )

    @model_validator(mode="after")
    def _attachments_differ(self) -> "Lesson":
        if len({one.name for one in self.attachments}) != len(self.attachments):
            raise ValueError("two attachments have the same name")
        return self

    def blobs(self) -> tuple[Blob, ...]:
        """Return every small file that the lesson needs, each once: captions, poster, stills, parts of attachments."""
        parts = [part for one in self.attachments for part in one.blobs()]
        found = {blob.sha256: blob for blob in (*parts[::-1], *self.media.blobs()[::-1], *self.captions[::-1])}
        return tuple(reversed(found.values()))


class Release(Document):
    """A version of a course. `number` counts from 1 and never goes back; `published` is the centre's time."""

    v: Literal[1] = FORMAT
    course: Id
    number: int = Field(ge=1, le=999_999_999)
    partner: Id
    partner_name: Title
    title: Title
    description: str = Field(default="", max_length=4000)
    place: Place
    published: AwareDatetime
    lessons: tuple[Lesson, ...] = Field(max_length=1000)

    @model_validator(mode="after")
    def _lessons_differ(self) -> "Release":
        ids = {lesson.id for lesson in self.lessons}
        numbers = {lesson.number for lesson in self.lessons}
        if len(ids) != len(self.lessons) or len(numbers) != len(self.lessons):
            raise ValueError("two lessons have the same id or number")
        return self

    @property
    def target_path(self) -> str:
        """The name under which the signed repository lists this release."""
        return f"releases/{self.partner}/{self.course}/{self.number}.json"

    def encoded(self) -> bytes:
        """Return the bytes that are signed, stored and sent."""
        return canonical_json(self.model_dump(mode="json"))

    def blobs(self) -> tuple[Blob, ...]:
        """Return every small file that the release needs, each once."""
        found: dict[str, Blob] = {}
        for lesson in self.lessons:
            for blob in lesson.blobs():
                found.setdefault(blob.sha256, blob)
        return tuple(found.values())

    def tracks(self) -> tuple[VideoTrack | SoundTrack, ...]:
        """Return every track of every lesson, each once."""
        found: dict[str, VideoTrack | SoundTrack] = {}
        for lesson in self.lessons:
            for track in lesson.media.all_tracks():
                found.setdefault(track.index, track)
        return tuple(found.values())


def parse_release(data: bytes) -> Release:
    """Return the release in `data`. Raises BadFormat if it is not one, naming the first field that is wrong."""
    if len(data) > MAX_RELEASE_BYTES:
        raise BadFormat(what="release", why=f"it has {len(data)} bytes, more than {MAX_RELEASE_BYTES}")
    try:
        return Release.model_validate_json(data)
    except ValidationError as error:
        raise BadFormat(what="release", why=first_fault(error)) from error


def first_fault(error: ValidationError) -> str:
    """Return the first fault that pydantic found, as `field: what is wrong`."""
    fault = error.errors(include_url=False, include_input=False, include_context=False)[0]
    return f"{'.'.join(map(str, fault['loc'])) or 'document'}: {fault['msg']}"
