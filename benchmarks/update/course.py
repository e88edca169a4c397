"""A real centre with a course of many lessons, published by its signer, and a box of a school that holds it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import httpx2
from sqlalchemy import Engine

from benchmarks.encode.ours import Workshop
from benchmarks.programs import wait_for
from catalog.courses.models import Course, Lesson, Source, SourceState
from catalog.db import make_engine, session_scope
from catalog.formats.release import Media
from catalog.jobs.models import Job, JobState
from catalog.nodes.models import Node
from catalog.settings import DatabaseSettings, StorageSettings, load
from catalog.storage.base import Bucket
from catalog.storage.s3 import S3ObjectStore
from songtan.clients.centre import Centre, answer_json
from songtan.stack.centre import OPS_LOGIN, LocalCentre
from songtan.stack.supervisor import Program

PUBLISHER, PARTNER_LOGIN = "publisher", "partner"
PUBLISH_S, PATIENCE_S = 300.0, 600.0


@dataclass
class CountedCentre(LocalCentre):
    """A centre whose nodes reach the store at `store_relay`, an address that counts."""

    store_relay: str = ""

    @property
    def env(self) -> dict[str, str]:
        """See `LocalCentre.env`."""
        return {**super().env, "SONGTAN_S3_PUBLIC_ENDPOINT": self.store_relay}

    def _worker(self) -> Program:
        """The worker, which has nothing to do here, may take its time on a machine where others are at work."""
        return replace(super()._worker(), seconds=PATIENCE_S)

    def _web(self, name: str) -> Program:
        return replace(super()._web(name), seconds=PATIENCE_S)


@dataclass
class Published:
    """The course: lessons by id in their order, and how its next release comes about."""

    centre: CountedCentre
    workshop: Workshop
    course: str = ""
    partner: str = ""
    node: str = ""
    lessons: list[str] = field(default_factory=list)
    _sources: dict[str, str] = field(default_factory=dict)

    def open(self, medias: Sequence[Media]) -> None:
        """Make the partner with its key, the course and its lessons, and publish the first release."""
        with self._signed_in(OPS_LOGIN, self.centre.secrets["ops_password"]) as ops:
            self.partner = str(ops.post("/api/partners", {"name": "送炭示范学校"})["id"])
            words = ["signer", "add-partner", self.partner, "--publisher", PUBLISHER, "--passphrase-file", "-"]
            told = [self.centre.secrets[name] for name in ("ops_passphrase", "publisher_passphrase")]
            self.centre.tool(*words, told="\n".join(told) + "\n")
            account = {"login": PARTNER_LOGIN, "name": "王老师", "role": "partner", "partner_id": self.partner}
            ops.post("/api/accounts", {**account, "password": self.centre.secrets["partner_password"]})
        self._rows(len(medias))
        self.publish(dict(zip(self.lessons, medias, strict=True)))

    def _rows(self, count: int) -> None:
        """Write the course with its lessons, each with a source that the workers have taken."""
        with session_scope(self._engine) as session:
            course = Course(partner_id=self.partner, title="八年级物理 下册")
            session.add(course)
            session.flush()
            self.course = course.id
            for number in range(1, count + 1):
                title = f"第 {number} 课 压强与浮力"
                lesson = Lesson(course_id=course.id, partner_id=self.partner, number=number, title=title)
                session.add(lesson)
                session.flush()
                source = Source(
                    lesson_id=lesson.id, name="第1课.mkv", content_type="video/x-matroska", size=1,
                    object_key=f"sources/{lesson.id}", upload_id="-", part_size=1, state=SourceState.UPLOADED,
                )  # fmt: skip
                session.add(source)
                session.flush()
                self.lessons.append(lesson.id)
                self._sources[lesson.id] = source.id

    def publish(self, medias: Mapping[str, Media]) -> int:
        """Store what the workshop has made, finish a job of each lesson with its new media, and have it all signed.

        Return the number of the release.
        """
        self._store()
        directed = self._directed()
        with session_scope(self._engine) as session:
            for lesson, media in medias.items():
                session.add(
                    Job(
                        lesson_id=lesson,
                        course_id=self.course,
                        source_id=self._sources[lesson],
                        state=JobState.DONE,
                        media=media.model_dump(mode="json"),
                    )
                )
        with self._signed_in(PARTNER_LOGIN, self.centre.secrets["partner_password"]) as client:
            drafted = client.post(f"/api/courses/{self.course}/publications")
            given = {"signer": PUBLISHER, "passphrase": self.centre.secrets["publisher_passphrase"]}
            url = drafted["sign_url"]
            answer_json(url, httpx2.post(url, json=given, headers={"Accept": "application/json"}, timeout=60))
            at = f"/api/publications/{drafted['id']}/refresh"
            wait_for(lambda: client.post(at)["state"] == "published", "the release", PUBLISH_S, pause=0.25)
        wait_for(lambda: self._directed() > directed or not self.node, "the direction", PUBLISH_S, pause=0.25)
        return int(drafted["number"])

    def _directed(self) -> int:
        """Return the version of the node's newest direction; 0 before there is a node."""
        with session_scope(self._engine) as session:
            return session.get_one(Node, self.node).direction_version if self.node else 0

    def node_code(self) -> str:
        """Make a county, a school and a node that is to hold the course; return a code to enrol by."""
        with self._signed_in(OPS_LOGIN, self.centre.secrets["ops_password"]) as ops:
            county = ops.post("/api/counties", {"name": "青山县"})["id"]
            site = ops.post("/api/sites", {"county_id": county, "name": "青山乡中心小学"})["id"]
            self.node = str(ops.post("/api/nodes", {"site_id": site, "name": "机房盒子"})["id"])
            ops.post("/api/assignments", {"course_id": self.course, "node_id": self.node})
            return str(ops.post(f"/api/nodes/{self.node}/enrolment-codes")["code"])

    def _signed_in(self, login: str, password: str) -> Centre:
        with Centre(self.centre.url("api")) as nobody:
            token = nobody.post("/api/session", {"login": login, "password": password})["token"]
        return Centre(self.centre.url("api"), token)

    @cached_property
    def _engine(self) -> Engine:
        return make_engine(load(DatabaseSettings, database_url=self.centre.embedded.postgres.url))

    def _store(self) -> None:
        """Copy packs, indexes and stills to the centre's store; those that are there already are left."""
        told = {name.removeprefix("SONGTAN_").lower(): value for name, value in self.centre.embedded.env.items()}
        store = S3ObjectStore(load(StorageSettings, **{k: v for k, v in told.items() if k.startswith("s3_")}))
        for found in self.workshop.store.list_objects(Bucket.PUBLIC, ""):
            if not store.exists(Bucket.PUBLIC, found.key):
                store.put(Bucket.PUBLIC, found.key, self.workshop.store.path(Bucket.PUBLIC, found.key))
