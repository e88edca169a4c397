"""A signer over a fake store, with one partner and a course that is complete in the store."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from catalog.formats.attachments import PART_BYTES, cut
from catalog.formats.hashing import sha256_hex
from catalog.formats.index import TrackKind
from catalog.formats.release import Blob, Caption, Release
from catalog.formats.rungs import Rung
from catalog.storage.base import BINARY, Bucket, NoSuchObject, ObjectStore, StoreAway
from signer.admin import Admin, NewSigner
from signer.durable import write_durably
from signer.keys import Duty, KeyFolder, Tries
from signer.repository import Statements, read_statements
from signer.service import SignerService
from tests.factories import Track, make_attachment, make_lesson, make_media, make_release, make_track
from tests.fakes.object_store import FakeObjectStore
from tests.fakes.repository import COURSE, PARTNER

OPS = "ops has a passphrase"
PUBLISHER = "王老师"
REVIEWER = "李主任"
PASSPHRASES = {PUBLISHER: "publisher's passphrase", REVIEWER: "reviewer's passphrase"}

VIDEO, SOUND = make_track(), make_track(TrackKind.SOUND)
CAPTION = Caption(sha256=sha256_hex(b"WEBVTT\n"), length=7, language="zh-CN", name="简体中文")
POSTER = Blob(sha256=sha256_hex(b"poster"), length=6)
PDF = b"%PDF-1.7".ljust(PART_BYTES + 1)
WORKSHEET = make_attachment(PDF)
LESSON = make_lesson(make_media({Rung.FLOOR: VIDEO}, SOUND, POSTER), captions=(CAPTION,)).model_copy(
    update={"attachments": (WORKSHEET,)}
)


def course(number: int = 1, partner: str = PARTNER, course_id: str = COURSE) -> Release:
    """Return a release of one lesson, all of which `fill` stores."""
    return make_release((LESSON,), number, course_id, partner)


def store_track(store: ObjectStore, track: Track) -> None:
    """Store an index and its pack, as workers do."""
    store.put(Bucket.PUBLIC, f"indexes/{track.index.digest}", track.index.encoded)
    store.put(Bucket.PUBLIC, f"packs/{track.index.digest}", track.pack)


def fill(store: ObjectStore) -> None:
    """Store all that `course` names."""
    store_track(store, VIDEO)
    store_track(store, SOUND)
    store.put(Bucket.PUBLIC, f"blobs/{CAPTION.sha256}", b"WEBVTT\n")
    store.put(Bucket.PUBLIC, f"blobs/{POSTER.sha256}", b"poster")
    for part in cut(PDF):
        store.put(Bucket.PUBLIC, f"blobs/{sha256_hex(part)}", part)


def read_store(store: ObjectStore) -> Statements:
    """Return what a node believes of the store. Raises NotTrusted where a reference leads nowhere."""

    def read(key: str) -> bytes | None:
        try:
            return store.get(Bucket.PUBLIC, key, 1 << 24)
        except NoSuchObject:
            return None

    found = read_statements(read)
    for target in found.trust.releases().values():
        found.trust.open_release(target, store.get(Bucket.PUBLIC, target.stored_as, 1 << 24))
    return found


class FailingStore(FakeObjectStore):
    """A fake store that takes `left` more objects of the signed repository and then is away; None: all."""

    left: int | None = None

    def put(self, bucket: Bucket, key: str, data: bytes | Path, content_type: str = BINARY) -> None:
        if key.startswith(("metadata/", "releases/")) and self.left is not None:
            if self.left == 0:
                raise StoreAway(why="the test says so")
            self.left -= 1
        super().put(bucket, key, data, content_type)


class PowerCut(Exception):
    """The machine stops here."""


@dataclass
class FailingDisk:
    """Writes files until `left` reaches 0 and then stops the machine; None: for ever."""

    left: int | None = None
    writes: int = 0

    def __call__(self, path: Path, data: bytes) -> None:
        if self.left == 0:
            raise PowerCut
        if self.left is not None:
            self.left -= 1
        self.writes += 1
        write_durably(path, data)


@dataclass
class Clock:
    """A clock that goes when told."""

    time: datetime = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.time

    def monotonic(self) -> float:
        return self.time.timestamp()

    def go(self, **span: float) -> None:
        self.time += timedelta(**span)


@dataclass
class Desk:
    """A signer in `folder` with its store, disk and clock; `again` is the same after a restart."""

    folder: Path
    store: FailingStore = field(default_factory=FailingStore)
    disk: FailingDisk = field(default_factory=FailingDisk)
    clock: Clock = field(default_factory=Clock)
    service: SignerService = field(init=False)

    def __post_init__(self) -> None:
        keys = KeyFolder(self.folder, log2_n=10, tries=Tries(self.clock.monotonic))
        self.service = SignerService(self.folder, self.store, self.clock, keys=keys, patience_s=0, write=self.disk)

    @property
    def admin(self) -> Admin:
        return Admin(self.service.repository, self.service.directions)

    def again(self, folder: Path | None = None) -> "Desk":
        return Desk(folder or self.folder, self.store, FailingDisk(), self.clock)

    def open(self, *names: str) -> "Desk":
        """Make the repository, and a partner for whom `names` sign."""
        self.service.repository.create(OPS)
        self.add_partner(PARTNER, *(names or (PUBLISHER,)))
        fill(self.store)
        return self

    def add_partner(self, partner: str, *names: str) -> None:
        people = [
            NewSigner(n, Duty.REVIEWER if n == REVIEWER else Duty.PUBLISHER, PASSPHRASES.get(n, "passphrase of " + n))
            for n in names
        ]
        self.admin.add_partner(partner, people, 2 if REVIEWER in names else 1, OPS)

    def publish(self, release: Release, *names: str) -> str:
        """Propose and sign a release; return the draft's id."""
        draft = self.service.propose(release.encoded())
        for name in names or (PUBLISHER,):
            self.service.sign(draft.id, name, PASSPHRASES[name])
        return draft.id
