"""Rows about courses: what the direction assigns, releases that were verified, and which release each lesson serves."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

from catalog.formats.errors import BadFormat
from catalog.formats.protocol import Assignment, CourseHeld
from catalog.formats.release import Lesson, Release, SoundTrack, VideoTrack
from catalog.formats.rungs import WATCHABLE, Tier
from edge_cache.database import Database

WANT = (
    "update rendition as r set wanted = (r.tier in (select name from tier) or (not exists"
    " (select 1 from rendition o join tier t on t.name = o.tier"
    "  where o.course = r.course and o.release = r.release and o.lesson = r.lesson)"
    " and r.tier = (select min(o.tier) from rendition o"
    "  where o.course = r.course and o.release = r.release and o.lesson = r.lesson)))"
)
"""Renditions of the policy's tiers; of a lesson that is in none of them, the first tier that it is in.

In the alphabet, too, `compatible` stands before `modern`."""

DROP_RELEASE = (
    "delete from lesson where course = ? and release = ?",
    "delete from rendition where course = ? and release = ?",
    "delete from lesson_blob where course = ? and release = ?",
    "delete from release where course = ? and number = ?",
)


class BlobKind(IntEnum):
    """What a small file of a lesson is for; what a lesson can be taught with comes first."""

    WORDS = 0
    STILL = 1
    ATTACHMENT = 2


@dataclass(frozen=True, slots=True)
class LessonLine:
    """A lesson in a list. `poster` is its digest once it is here; `share` (0 to 1) is how much of its smallest
    watchable rendition is."""

    course: str
    lesson: str
    number: int
    title: str
    place: dict[str, str]
    duration_ms: int
    poster: str | None
    ready: bool
    share: float


@dataclass(frozen=True, slots=True)
class CourseLine:
    """A course that the node should hold, with how many of its lessons are ready."""

    course: str
    title: str
    partner_name: str
    description: str
    place: dict[str, str]
    release: int
    lessons: int
    ready: int


@dataclass(frozen=True, slots=True)
class RungState:
    """A rendition of a lesson on this node: the digests of its tracks' indexes, and whether they are complete.

    `floor`: the smallest watchable one of its tier; `wanted`: the node's policy has it fetched.
    """

    rung: str
    tier: str
    height: int
    wanted: bool
    watchable: bool
    floor: bool
    video: str | None
    sound: str | None
    complete: bool


@dataclass(frozen=True, slots=True)
class Wanted:
    """A lesson that lacks something, in the order of its course and number: `words` are captions and the poster,
    `attachments` the parts of those."""

    course: str
    lesson: str
    rungs: tuple[RungState, ...]
    words: tuple[tuple[str, int], ...]
    stills: tuple[tuple[str, int], ...]
    attachments: tuple[tuple[str, int], ...]


class ReleaseRepository:
    """Reads and changes rows of courses and lessons."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def assign(self, assignments: tuple[Assignment, ...], tiers: tuple[Tier, ...] = (Tier.COMPATIBLE,)) -> None:
        """Replace what the node should hold: which courses, and which tiers of their lessons."""
        with self._database.write() as rows:
            rows.execute("delete from tier")
            rows.executemany("insert into tier (name) values (?)", [(tier.value,) for tier in tiers])
            rows.execute(WANT)
            rows.execute("delete from assignment")
            rows.executemany(
                "insert or ignore into assignment (course, partner, release, position) values (?, ?, ?, ?)",
                [(a.course, a.partner, a.release, n) for n, a in enumerate(assignments)],
            )

    def newest(self, course: str) -> tuple[int, str] | None:
        """Return (number, sha256) of the newest release of a course that is known here."""
        row = self._database.read_one(
            "select number, sha256 from release where course = ? order by number desc limit 1", (course,)
        )
        return None if row is None else (row["number"], row["sha256"])

    def add(self, release: Release, sha256: str) -> None:
        """Take a verified release, whole or not at all; `sha256` is that of its bytes.

        Raises BadFormat if a number in it is larger than any that a node can count to.
        """
        try:
            self._add(release, sha256)
        except OverflowError as error:
            raise BadFormat(what="release", why="a number in it is too large") from error

    def _add(self, release: Release, sha256: str) -> None:
        with self._database.write() as rows:
            rows.execute(
                "insert into release"
                " (course, number, partner, sha256, partner_name, title, description, place, published)"
                " values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (release.course, release.number, release.partner, sha256, release.partner_name, release.title,
                 release.description, _json(release.place.model_dump()), release.published.isoformat()),
            )  # fmt: skip
            tracks: list[tuple[VideoTrack | SoundTrack, str]] = [
                (t, "video" if isinstance(t, VideoTrack) else "sound") for t in release.tracks()
            ]
            rows.executemany(
                "insert into track (digest, kind, length, index_length) values (?, ?, ?, ?) on conflict do nothing",
                [(t.index, kind, t.length, t.index_length) for t, kind in tracks],
            )
            rows.executemany(
                "insert into blob (digest, length) values (?, ?) on conflict do nothing",
                [(b.sha256, b.length) for b in release.blobs()],
            )
            for lesson in release.lessons:
                self._add_lesson(release, lesson)
            rows.execute(f"{WANT} where r.course = ? and r.release = ?", (release.course, release.number))
            self.switch()

    def _add_lesson(self, release: Release, lesson: Lesson) -> None:
        poster, key = lesson.media.poster, (release.course, release.number, lesson.id)
        with self._database.write() as rows:
            rows.execute(
                "insert into lesson (course, release, id, number, title, place, duration_ms, poster, document)"
                " values (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                (*key, lesson.number, lesson.title, _json(lesson.place.model_dump()), lesson.media.duration_ms,
                 poster.sha256 if poster else None, lesson.model_dump_json()),
            )  # fmt: skip
            for rendition in lesson.media.renditions:
                floor, sound = lesson.media.smallest_watchable(rendition.tier), lesson.media.sound(rendition.tier)
                rows.execute(
                    "insert into rendition (course, release, lesson, tier, rung, height, watchable, floor, video,"
                    " sound) values (?, ?, ?, ?, ?, ?, ?, ?, (select id from track where digest = ?),"
                    " (select id from track where digest = ?))",
                    (*key, rendition.tier.value, rendition.rung.value, rendition.rung.height_on_ladder,
                     rendition.rung in WATCHABLE or rendition is floor, rendition is floor,
                     rendition.video.index if rendition.video else None, sound.index if sound else None),
                )  # fmt: skip
            rows.executemany(
                "insert or ignore into lesson_blob (course, release, lesson, digest, kind) values (?, ?, ?, ?, ?)",
                [(*key, digest, kind) for kind, digest in _small_files(lesson)],
            )

    def switch(self) -> int:
        """Let each lesson serve its newest release if a watchable rung of that is whole here; return how many did.

        Of each course the newest release is kept, what lessons serve, and the one before the newest: to go back to it
        (by a newer release that says the same again) then costs nothing while its segments are here.
        """
        with self._database.write() as rows:
            switched = rows.execute(
                "insert into serving (course, lesson, release)"
                " select course, id, release from current_lesson where watchable"
                " on conflict (course, lesson) do update set release = excluded.release"
                " where serving.release != excluded.release"
            ).rowcount
            rows.execute(
                "delete from serving where not exists (select 1 from lesson l where l.course = serving.course"
                " and l.id = serving.lesson and l.release ="
                " (select max(number) from release n where n.course = serving.course))"
            )
            old = (
                "select course, number from release o where"
                " (select count(*) from release n where n.course = o.course and n.number > o.number) > 1 and not exists"
                " (select 1 from serving s where s.course = o.course and s.release = o.number)"
            )
            for course, number in rows.execute(old).fetchall():
                for drop in DROP_RELEASE:
                    rows.execute(drop, (course, number))
        return max(0, switched)

    def courses(self) -> list[CourseLine]:
        """Return the courses that the node should hold and knows a release of, as the direction orders them."""
        rows = self._database.read(
            "select c.course, c.title, c.partner_name, c.description, c.place, c.number,"
            " (select count(*) from lesson l where l.course = c.course and l.release = c.number),"
            " (select count(*) from serving s where s.course = c.course)"
            " from current c order by c.position"
        )
        return [CourseLine(r[0], r[1], r[2], r[3], json.loads(r[4]), r[5], r[6], r[7]) for r in rows]

    def lessons(self, course: str, first: int = 0, count: int = 1000) -> list[LessonLine]:
        """Return lessons of a course's newest release, each with the words of the release that it serves."""
        rows = self._database.read(
            "select n.id, w.number, w.title, w.place, w.duration_ms,"
            " (select b.digest from blob b where b.digest = w.poster and b.held), s.release is not null,"
            " (select max(t.share) from (select sum(k.held_bytes) * 1.0 / sum(k.length) as share from rendition r"
            "  join track k on k.id in (r.video, r.sound) where r.course = n.course and r.release = n.release"
            "  and r.lesson = n.id and r.floor and r.wanted group by r.tier) t)"
            " from current c join lesson n on n.course = c.course and n.release = c.number"
            " left join serving s on s.course = n.course and s.lesson = n.id"
            " join lesson w on w.course = n.course and w.id = n.id and w.release = coalesce(s.release, n.release)"
            " where c.course = ? order by n.number limit ? offset ?",
            (course, count, first),
        )
        return [
            LessonLine(course, r[0], r[1], r[2], json.loads(r[3]), r[4], r[5], bool(r[6]), r[7] or 0.0) for r in rows
        ]

    def line(self, course: str, lesson: str) -> LessonLine | None:
        """Return one lesson as it stands in the list."""
        return next((line for line in self.lessons(course) if line.lesson == lesson), None)

    def serving(self, course: str, lesson: str) -> int | None:
        """Return the release that a lesson serves; None while none is whole, or if the course is not assigned."""
        row = self._database.read_one(
            "select s.release from serving s join assignment a on a.course = s.course"
            " where s.course = ? and s.lesson = ?",
            (course, lesson),
        )
        return None if row is None else int(row["release"])

    def lesson(self, course: str, release: int, lesson: str) -> Lesson | None:
        """Return a lesson as its release describes it; None if the newest release no longer has it at all."""
        row = self._database.read_one(
            "select l.document from lesson l where l.course = ? and l.release = ? and l.id = ? and exists"
            " (select 1 from lesson w where w.course = l.course and w.id = l.id and w.release ="
            " (select max(number) from release n where n.course = l.course))",
            (course, release, lesson),
        )
        return None if row is None else Lesson.model_validate_json(row["document"])

    def rungs(self, course: str, release: int, lesson: str) -> tuple[RungState, ...]:
        """Return the renditions of a lesson from the lowest rung up, at each `compatible` first."""
        rows = self._database.read(
            "select rung, tier, height, wanted, watchable, floor, video_digest, sound_digest, complete from rung"
            " where course = ? and release = ? and lesson = ? order by height, tier",
            (course, release, lesson),
        )
        return tuple(
            RungState(r[0], r[1], r[2], bool(r[3]), bool(r[4]), bool(r[5]), r[6], r[7], bool(r[8])) for r in rows
        )

    def wanted(self, count: int = 50) -> list[Wanted]:
        """Return lessons of current releases that lack something.

        First those that cannot be watched or read along yet, then those without a floor of the policy, then those
        without a still, then those without an attachment, then the others.
        """
        rows = self._database.read(
            "select course, release, id from current_lesson where lacks_media or lacks_kind is not null"
            " order by case when not watchable or lacks_kind = ? then 0 when lacks_floor then 1"
            " when lacks_kind is not null then 1 + lacks_kind else 4 end, position, number limit ?",
            (BlobKind.WORDS, count),
        )
        return [self._wanted(course, release, lesson) for course, release, lesson in rows]

    def wanted_of(self, course: str, lesson: str) -> Wanted | None:
        """Return what one lesson of a current release wants; None if there is no such lesson."""
        row = self._database.read_one(
            "select release from current_lesson where course = ? and id = ?", (course, lesson)
        )
        return None if row is None else self._wanted(course, row["release"], lesson)

    def _wanted(self, course: str, release: int, lesson: str) -> Wanted:
        return Wanted(
            course,
            lesson,
            tuple(rung for rung in self.rungs(course, release, lesson) if rung.wanted),
            *(self._blobs_missing(course, release, lesson, kind) for kind in BlobKind),
        )

    def wanted_tracks(self) -> set[str]:
        """Return the digests of the tracks that the node's policy wants of the releases that it knows."""
        rows = self._database.read(
            "select k.digest from rendition r join track k on k.id in (r.video, r.sound) where r.wanted"
        )
        return {row["digest"] for row in rows}

    def blobs_missing(self) -> dict[str, int]:
        """Return the small files of current lessons that are not held, with their lengths in bytes."""
        rows = self._database.read(
            "select b.digest, b.length from current c join lesson_blob k on k.course = c.course"
            " and k.release = c.number join blob b on b.digest = k.digest where not b.held"
        )
        return {row["digest"]: row["length"] for row in rows}

    def _blobs_missing(self, course: str, release: int, lesson: str, kind: BlobKind) -> tuple[tuple[str, int], ...]:
        rows = self._database.read(
            "select b.digest, b.length from lesson_blob k join blob b on b.digest = k.digest"
            " where k.course = ? and k.release = ? and k.lesson = ? and k.kind = ? and not b.held",
            (course, release, lesson, kind),
        )
        return tuple((row[0], row[1]) for row in rows)

    def held(self) -> tuple[CourseHeld, ...]:
        """Return what is held of each assigned course, for a report; a course without a release counts nothing."""
        rows = self._database.read(
            "with tracks as (select distinct r.course, k.id, k.held_bytes, k.length from current c"
            " join rendition r on r.course = c.course and r.release = c.number and r.wanted"
            " join track k on k.id in (r.video, r.sound))"
            " select a.course,"
            " (select max(s.release) from serving s where s.course = a.course),"
            " (select count(*) from serving s where s.course = a.course),"
            " (select count(*) from lesson l join current c on c.course = l.course and c.number = l.release"
            "  where l.course = a.course),"
            " (select sum(held_bytes) from tracks k where k.course = a.course),"
            " (select sum(length) from tracks k where k.course = a.course)"
            " from assignment a order by a.position"
        )
        return tuple(
            CourseHeld(
                course=r[0],
                release=r[1] or 0,
                lessons_ready=r[2],
                lessons=r[3],
                bytes_held=r[4] or 0,
                bytes_wanted=r[5] or 0,
            )
            for r in rows
        )


def _small_files(lesson: Lesson) -> Iterator[tuple[BlobKind, str]]:
    """Yield what the lesson's small files are for, and their digests; of two uses of one the first counts."""
    if lesson.media.poster is not None:
        yield BlobKind.WORDS, lesson.media.poster.sha256
    for small, blobs in ((BlobKind.WORDS, lesson.captions), (BlobKind.STILL, lesson.media.stills)):
        yield from ((small, blob.sha256) for blob in blobs)
    for attachment in lesson.attachments:
        yield from ((BlobKind.ATTACHMENT, digest) for digest in attachment.parts)


def _json(value: dict[str, str]) -> str:
    return json.dumps({k: v for k, v in value.items() if v}, ensure_ascii=False)
