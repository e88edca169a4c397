"""A release: an immutable version of a course, as the partner signs it (docs/format.md, "Release")."""

from typing import Annotated, Final, Literal

from pydantic import (
    AwareDatetime,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)

from catalog.formats.errors import BadFormat
from catalog.formats.hashing import canonical_json
from catalog.formats.ids import Digest, Id
from catalog.formats.index import MAX_INDEX_BYTES
from catalog.formats.rungs import WATCHABLE, Rung

FORMAT: Final = 1
MAX_RELEASE_BYTES = 8 << 20
MAX_BLOB_BYTES = 16 << 20
MAX_PACK_BYTES = 1 << 40

Title = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]
Label = Annotated[str, StringConstraints(max_length=100, strip_whitespace=True)]
Language = Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$", max_length=35)]


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


class VideoTrack(Document):
    """The pictures of a rendition: `index` names index and pack; `length` in bytes of the pack."""

    index: Digest
    index_length: int = Field(ge=1, le=MAX_INDEX_BYTES)
    length: int = Field(ge=1, le=MAX_PACK_BYTES)
    codec: str = Field(max_length=64, description="RFC 6381, for example avc1.64001f")
    width: int = Field(ge=2, le=8192)
    height: int = Field(ge=2, le=8192)
    frame_rate: float = Field(gt=0, le=240)
    peak_bits_per_s: int = Field(ge=1, description="the largest segment's bits over its seconds")


class SoundTrack(Document):
    """The sound that a lesson's renditions share; fields as in `VideoTrack`."""

    index: Digest
    index_length: int = Field(ge=1, le=MAX_INDEX_BYTES)
    length: int = Field(ge=1, le=MAX_PACK_BYTES)
    codec: str = Field(max_length=64, description="RFC 6381, for example mp4a.40.2")
    sample_rate: int = Field(ge=8000, le=192_000)
    channels: int = Field(ge=1, le=2)
    peak_bits_per_s: int = Field(ge=1)


class Rendition(Document):
    """A lesson at one rung. `video` is None at the rung `listen`, or where the source had sound only."""

    rung: Rung
    video: VideoTrack | None


class Media(Document):
    """All that workers made of one source: what a release says of a lesson beside its words."""

    duration_ms: int = Field(ge=1)
    renditions: tuple[Rendition, ...] = Field(min_length=1)
    sound: SoundTrack | None
    poster: Blob | None = None

    @model_validator(mode="after")
    def _plays(self) -> "Media":
        rungs = [r.rung for r in self.renditions]
        if sorted(set(rungs), key=lambda r: r.height_on_ladder) != rungs:
            raise ValueError("renditions are not in the ladder's order, each rung once")
        if self.sound is None and any(r.video is None for r in self.renditions):
            raise ValueError("a rendition has neither pictures nor sound")
        return self

    def rendition(self, rung: Rung) -> Rendition | None:
        """Return the rendition at `rung`, if there is one."""
        return next((r for r in self.renditions if r.rung is rung), None)

    def smallest_watchable(self) -> Rendition:
        """Return the rendition that a class can be taught with at the lowest cost."""
        return next((r for r in self.renditions if r.rung in WATCHABLE), self.renditions[0])

    def tracks(self, rung: Rung) -> tuple[VideoTrack | SoundTrack, ...]:
        """Return the tracks that the rendition at `rung` plays, pictures first."""
        found = self.rendition(rung)
        if found is None:
            return ()
        return tuple(t for t in (found.video, self.sound) if t is not None)


class Lesson(Document):
    """A lesson of a release. `id` is the same in every release, so that timetables survive updates."""

    id: Id
    number: int = Field(ge=1, le=10_000)
    title: Title
    place: Place
    media: Media
    captions: tuple[Caption, ...] = ()


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
            for blob in (*lesson.captions, *([lesson.media.poster] if lesson.media.poster else [])):
                found.setdefault(blob.sha256, blob)
        return tuple(found.values())

    def tracks(self) -> tuple[VideoTrack | SoundTrack, ...]:
        """Return every track of every lesson, each once."""
        found: dict[str, VideoTrack | SoundTrack] = {}
        for lesson in self.lessons:
            for rendition in lesson.media.renditions:
                for track in lesson.media.tracks(rendition.rung):
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
