"""The way of a lesson, step by step, through the public HTTP APIs of the centre and the signer."""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import httpx2

from catalog.look.language import spoken_language, translate
from songtan.clients.centre import Centre, answer_json
from songtan.clients.upload import Addresses, Parts, Uploader, check_file, one_line_name
from songtan.demo.errors import TookTooLong, WayFailed
from songtan.demo.lesson import DemoLesson
from songtan.demo.node import LocalNode
from songtan.stack.centre import OPS_LOGIN, LocalCentre

PARTNER = "送炭示范学校"
PARTNER_LOGIN = "partner"
PUBLISHER = "publisher"
COUNTY, SITE, NODE = "青山县", "青山乡中心小学", "机房盒子"

JOB_SECONDS = 6 * 3600.0
PUBLISH_SECONDS = 60.0
FILL_SECONDS = 3600.0
POLL_SECONDS = 0.25


class Bar(Protocol):
    """A progress bar: `done` of `total`, with words behind it."""

    def move(self, done: float, total: float, words: str = "") -> None:
        """Show how far it is."""
        ...


@dataclass
class Walked:
    """What came of the way; times in seconds."""

    course: str
    lesson: str
    source_bytes: int = 0
    seconds: dict[str, float] = field(default_factory=dict)
    content_seconds: float = 0.0


@dataclass
class Way:
    """Walks lessons through a centre to a node. `bar` opens a progress bar under a title."""

    centre: LocalCentre
    node: LocalNode
    bar: Callable[[str], AbstractContextManager[Bar]]
    say: Callable[[str], None]

    def walk(self, lesson: DemoLesson) -> Walked:
        """Take `lesson` from the partner's upload to the node. Raises AppErrors that say which step failed."""
        with self._signed_in(OPS_LOGIN, "ops_password") as ops:
            partner = self._partner(ops)
            with self._signed_in(PARTNER_LOGIN, "partner_password") as client:
                walked = self._prepare(client, lesson)
                if not self._is_published(client, walked):
                    self._timed(walked, "upload", lambda: self._upload(client, lesson, walked))
                    self._timed(walked, "encode", lambda: self._encode(client, walked))
                    self._timed(walked, "publish", lambda: self._publish(client, walked))
            node = self._node(ops)
            self._assign(ops, walked.course, node)
            self._timed(walked, "fill", lambda: self._fill(ops, node, walked))
        self.say(f"{partner}: {lesson.title} is at {SITE}")
        return walked

    def _signed_in(self, login: str, secret: str) -> Centre:
        api, password = self.centre.url("api"), self.centre.secrets[secret]
        with Centre(api, language=spoken_language()) as nobody:
            token = nobody.post("/api/session", {"login": login, "password": password})["token"]
        return Centre(api, token, spoken_language())

    def _timed(self, walked: Walked, step: str, work: Callable[[], None]) -> None:
        began = time.monotonic()
        work()
        walked.seconds[step] = time.monotonic() - began

    def _partner(self, ops: Centre) -> str:
        """The partner, its account and its publisher's key: made once."""
        known = {row["name"]: row["id"] for row in ops.get("/api/partners")["partners"]}
        partner = known.get(PARTNER) or ops.post("/api/partners", {"name": PARTNER})["id"]
        if PARTNER_LOGIN not in {row["login"] for row in ops.get("/api/accounts")["accounts"]}:
            words = ["signer", "add-partner", partner, "--publisher", PUBLISHER, "--passphrase-file", "-"]
            told = [self.centre.secrets[name] for name in ("ops_passphrase", "publisher_passphrase")]
            self.centre.tool(*words, told="\n".join(told) + "\n")
            password = self.centre.secrets["partner_password"]
            account = {"login": PARTNER_LOGIN, "name": "王老师", "role": "partner", "partner_id": partner}
            ops.post("/api/accounts", {**account, "password": password})
        return PARTNER

    def _prepare(self, client: Centre, lesson: DemoLesson) -> Walked:
        """The course and the lesson: those of the last walk, or new ones."""
        courses = {row["title"]: row["id"] for row in client.get("/api/courses")["courses"]}
        place = {"title": lesson.course, "place": lesson.place}
        course = courses.get(lesson.course) or client.post("/api/courses", place)["id"]
        lessons = {row["title"]: row["id"] for row in client.get(f"/api/courses/{course}/lessons")["lessons"]}
        there = lessons.get(lesson.title)
        found = there or client.post(f"/api/courses/{course}/lessons", {"title": lesson.title})["id"]
        return Walked(course=course, lesson=found, source_bytes=check_file(lesson.path))

    def _is_published(self, client: Centre, walked: Walked) -> bool:
        """Whether the same file has walked before: then there is nothing to do at the centre."""
        sources = client.get(f"/api/lessons/{walked.lesson}/sources")["sources"]
        if not any(row["state"] == "uploaded" and row["size"] == walked.source_bytes for row in sources):
            return False
        jobs = client.get(f"/api/lessons/{walked.lesson}/jobs")["jobs"]
        releases = client.get(f"/api/courses/{walked.course}/publications")["publications"]
        done = [row for row in jobs if row["state"] == "done"]
        published = [row["published_at"] for row in releases if row["state"] == "published"]
        return bool(done and published and max(published) > max(row["finished_at"] for row in done))

    def _upload(self, client: Centre, lesson: DemoLesson, walked: Walked) -> None:
        for language, file in lesson.captions.items():
            client.put_bytes(f"/api/lessons/{walked.lesson}/captions/{language}", file.read_bytes(), "text/vtt")
        new = {"name": one_line_name(lesson.path), "size": walked.source_bytes, "content_type": "video/mp4"}
        source = client.post(f"/api/lessons/{walked.lesson}/sources", new)
        at = f"/api/sources/{source['id']}"
        parts = Parts(walked.source_bytes, source["part_size"])
        held = {row["number"] for row in client.get(f"{at}/parts")["parts"]}
        missing = [number for number in range(1, parts.count + 1) if number not in held]

        def sign(numbers: list[int]) -> dict[int, str]:
            urls = client.post(f"{at}/part-urls", {"numbers": numbers})["urls"]
            return {row["number"]: row["url"] for row in urls}

        with self.bar("uploading to the object store") as bar:
            sent = [0]

            def count(length: int) -> None:
                sent[0] += length
                bar.move(sent[0], walked.source_bytes)

            Uploader(lesson.path, parts, Addresses(sign, missing), count).send(missing)
        client.post(f"{at}/complete")

    def _encode(self, client: Centre, walked: Walked) -> None:
        """Wait for the job that the upload has started."""
        with self.bar("encoding") as bar:

            def is_over() -> dict[str, Any] | None:
                job: dict[str, Any] = client.get(f"/api/lessons/{walked.lesson}/jobs")["jobs"][0]
                bar.move(job["percent"], 100, _pace(job))
                return job if job["state"] in ("done", "failed", "cancelled") else None

            job = self._until("encoding", JOB_SECONDS, is_over)
            if job["state"] != "done":
                fault = job["fault"]
                raise self._failed("Encoding", fault["detail"] if fault else job["state"])
        walked.content_seconds = float(job["content_seconds"] or 0)

    def _publish(self, client: Centre, walked: Walked) -> None:
        """Have the publisher sign at the signer, and wait until the centre has seen it."""
        self.say("publishing: the publisher signs at the signer")
        drafted = client.post(f"/api/courses/{walked.course}/publications")
        if drafted["state"] == "published":
            return
        given = {"signer": PUBLISHER, "passphrase": self.centre.secrets["publisher_passphrase"]}
        answer = httpx2.post(drafted["sign_url"], json=given, headers={"Accept": "application/json"}, timeout=60)
        answer_json(drafted["sign_url"], answer)

        def is_published() -> bool:
            state = client.post(f"/api/publications/{drafted['id']}/refresh")["state"]
            if state == "withdrawn":
                raise self._failed("Publishing", "the draft was withdrawn")
            return bool(state == "published")

        self._until("publishing", PUBLISH_SECONDS, is_published)

    def _node(self, ops: Centre) -> str:
        """The node's id: the one that the box is, or a new one that enrols with a one-time code."""
        if self.node.id is not None:
            self.node.start()
            return self.node.id
        self.say("a node enrols with a one-time code")
        self.node.forget()
        counties = {row["name"]: row["id"] for row in ops.get("/api/counties")["counties"]}
        county = counties.get(COUNTY) or ops.post("/api/counties", {"name": COUNTY})["id"]
        sites = {row["name"]: row["id"] for row in ops.get("/api/sites", county_id=county)["sites"]}
        site = sites.get(SITE) or ops.post("/api/sites", {"county_id": county, "name": SITE})["id"]
        nodes = {row["name"]: row["id"] for row in ops.get("/api/nodes", site_id=site)["nodes"]}
        node = str(nodes.get(NODE) or ops.post("/api/nodes", {"site_id": site, "name": NODE})["id"])
        self.node.enrol(ops.post(f"/api/nodes/{node}/enrolment-codes")["code"])
        self.node.start()
        return node

    def _assign(self, ops: Centre, course: str, node: str) -> None:
        ops.post("/api/assignments", {"course_id": course, "node_id": node})

    def _fill(self, ops: Centre, node: str, walked: Walked) -> None:
        """Wait until the node has reported that all its lessons are there."""
        with self.bar("the node fetches and verifies") as bar:

            def is_full() -> bool:
                held = {row["course_id"]: row for row in ops.get(f"/api/nodes/{node}")["holdings"]}
                row = held.get(walked.course)
                if row is None:
                    return False
                bar.move(row["bytes_held"], row["bytes_wanted"] or 1)
                whole = row["bytes_held"] >= row["bytes_wanted"] > 0
                return bool(whole and row["lessons_ready"] == row["lessons"])

            self._until("the node's fetching", FILL_SECONDS, is_full)

    def _until(self, step: str, seconds: float, ask: Callable[[], Any]) -> Any:
        """Ask until there is an answer, while everything runs. Raises `TookTooLong`, `Died`."""
        deadline = time.monotonic() + seconds
        while True:
            found = ask()
            if found:
                return found
            self.centre.supervisor.check()
            if time.monotonic() > deadline:
                raise TookTooLong(step=step, seconds=round(seconds), logs=self._logs)
            time.sleep(POLL_SECONDS)

    def _failed(self, step: str, why: str) -> WayFailed:
        return WayFailed(step=translate(step, spoken_language()), why=why.rstrip(".。"), logs=self._logs)

    @property
    def _logs(self) -> str:
        return str(Path(self.centre.state.folder) / "logs")


def _pace(job: dict[str, Any]) -> str:
    """A job's pace in words: times real time, and seconds left."""
    words = [f"{job['rate']:.1f}x real time"] if job["rate"] else []
    if job["eta_s"] is not None:
        words.append(f"{job['eta_s']:.0f} s left")
    return ", ".join(words)
