"""A release is complete before it is signed: every index, pack and blob that it names is in the store."""

from collections.abc import Iterator

from catalog.formats.errors import BadFormat
from catalog.formats.hashing import sha256_hex
from catalog.formats.index import MAX_INDEX_BYTES, TrackKind, parse_index
from catalog.formats.release import Blob, Lesson, Release, SoundTrack, VideoTrack
from catalog.storage.base import Bucket, NoSuchObject, ObjectStore, TooLong
from signer.errors import Incomplete

SLACK_MS = 2000
"""How much longer than its tracks a lesson may say that it is: sound and pictures rarely end together."""


def check_complete(store: ObjectStore, release: Release) -> None:
    """Raise Incomplete, naming lesson and object, unless all that `release` names is stored and is what it says.

    Indexes are fetched, digested and parsed; packs and blobs are asked for their lengths (a node checks every
    segment itself). An object that several lessons share is looked at once.
    """
    seen: dict[str, object] = {}
    for lesson in release.lessons:
        for track in _named(lesson):
            if seen.setdefault(f"track {track.index}", track) is track:
                _check_track(store, lesson, track)
            elif seen[f"track {track.index}"] != track:
                raise _incomplete(lesson, f"indexes/{track.index}", "is described in two ways")
        for blob in _small(lesson):
            if seen.setdefault(f"blob {blob.sha256}", blob.length) != blob.length:
                raise _incomplete(lesson, f"blobs/{blob.sha256}", "is described in two ways")
            _check_blob(store, lesson, blob)


def _named(lesson: Lesson) -> Iterator[VideoTrack | SoundTrack]:
    """Yield the lesson's tracks as they are named, one that is named twice in two ways included."""
    yield from (r.video for r in lesson.media.renditions if r.video is not None)
    yield from lesson.media.sounds


def _small(lesson: Lesson) -> Iterator[Blob]:
    """Yield the lesson's small files as they are named, likewise."""
    yield from lesson.captions
    yield from lesson.media.stills
    if lesson.media.poster is not None:
        yield lesson.media.poster
    for attachment in lesson.attachments:
        yield from attachment.blobs()


def _check_track(store: ObjectStore, lesson: Lesson, track: VideoTrack | SoundTrack) -> None:
    key = f"indexes/{track.index}"
    try:
        data = store.get(Bucket.PUBLIC, key, MAX_INDEX_BYTES)
    except NoSuchObject:
        raise _incomplete(lesson, key, "is missing") from None
    except TooLong:
        raise _incomplete(lesson, key, f"has more than {MAX_INDEX_BYTES} bytes") from None
    if len(data) != track.index_length or sha256_hex(data) != track.index:
        raise _incomplete(lesson, key, "does not have the length and digest that are its name")
    try:
        index = parse_index(data)
    except BadFormat as error:
        raise _incomplete(lesson, key, f"is no index ({error.data['why']})") from error
    kind = TrackKind.VIDEO if isinstance(track, VideoTrack) else TrackKind.SOUND
    if index.kind is not kind:
        raise _incomplete(lesson, key, f"is an index of {index.kind.value}, not of {kind.value}")
    if index.pack_length != track.length:
        raise _incomplete(
            lesson, key, f"describes a pack of {index.pack_length} bytes, the release says {track.length}"
        )
    if index.duration_ms > lesson.media.duration_ms + SLACK_MS:
        raise _incomplete(lesson, key, f"is {index.duration_ms} ms long, the lesson {lesson.media.duration_ms} ms")
    _check_length(store, lesson, f"packs/{track.index}", track.length)


def _check_blob(store: ObjectStore, lesson: Lesson, blob: Blob) -> None:
    _check_length(store, lesson, f"blobs/{blob.sha256}", blob.length)


def _check_length(store: ObjectStore, lesson: Lesson, key: str, length: int) -> None:
    found = store.stat(Bucket.PUBLIC, key)
    if found is None:
        raise _incomplete(lesson, key, "is missing")
    if found.length != length:
        raise _incomplete(lesson, key, f"has {found.length} bytes, not {length}")


def _incomplete(lesson: Lesson, what: str, why: str) -> Incomplete:
    return Incomplete(lesson=f"{lesson.number} ({lesson.title})", what=what, why=why)
