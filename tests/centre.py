"""The API over a real database, with the store, the signer and the doorbell in memory; and short ways to fill it."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from fastapi import FastAPI
from pydantic import SecretStr
from sqlmodel import Session
from starlette.testclient import TestClient

from api.app import create_app
from api.centre import Centre
from api.settings import ApiSettings
from catalog.accounts.models import Account, Partner, Role, SessionKind, SignIn
from catalog.accounts.passwords import new_token, token_hash
from catalog.accounts.service import LIFETIMES
from catalog.db import make_engine, ping, utc_now
from catalog.formats.ids import new_id
from catalog.formats.index import TrackKind
from catalog.formats.release import Media
from catalog.formats.rungs import Rung
from catalog.jobs.media import GivenUp
from catalog.jobs.models import Job, JobState
from catalog.storage.base import Bucket
from tests.factories import make_media, make_track
from tests.fakes.doorbell import FakeDoorbell
from tests.fakes.object_store import FakeObjectStore
from tests.fakes.signer import FakeSigner

JSON = dict[str, Any]


@dataclass
class World:
    """A centre and everything around it."""

    app: FastAPI
    centre: Centre
    client: TestClient
    store: FakeObjectStore
    signer: FakeSigner
    doorbell: FakeDoorbell
    headers: dict[str, dict[str, str]] = field(default_factory=dict)

    def as_(self, role: Role, partner_id: str | None = None, kind: SessionKind = SessionKind.BEARER) -> dict[str, str]:
        """Return the headers of somebody newly signed in with this role; no password is hashed for it."""
        token = new_token()
        with self.centre.session() as session:
            if role is Role.PARTNER and partner_id is None:
                partner_id = self._partner(session)
            account = Account(
                login=f"{role}-{new_id().lower()}", name="王老师", password_hash="-", role=role, partner_id=partner_id
            )
            session.add(account)
            session.flush()
            expires = utc_now() + LIFETIMES[kind]
            session.add(SignIn(token_hash=token_hash(token), account_id=account.id, kind=kind, expires_at=expires))
        if kind is SessionKind.COOKIE:
            return {"Cookie": f"songtan_session={token}"}
        return {"Authorization": f"Bearer {token}"}

    def _partner(self, session: Session) -> str:
        partner = Partner(name=f"成都七中 {new_id()}")
        session.add(partner)
        session.flush()
        return partner.id

    def partner(self) -> str:
        """Add a partner and return its id."""
        with self.centre.session() as session:
            return self._partner(session)

    def send(self, method: str, path: str, who: dict[str, str], status: int = 200, **options: Any) -> JSON:
        """Send a request, make sure of its status, and return its JSON."""
        headers = {**who, **options.pop("headers", {})}
        answer = self.client.request(method, path, headers=headers, **options)
        assert answer.status_code == status, f"{method} {path}: {answer.status_code} {answer.text[:500]}"
        body: JSON = answer.json() if answer.content else {}
        return body

    def course(self, who: dict[str, str], **fields: Any) -> JSON:
        """Create a course."""
        place = {"stage": "初中", "grade": "八年级", "subject": "物理", "edition": "人教版", "volume": "下册"}
        body = {"title": "初中物理", "place": place, **fields}
        return self.send("POST", "/api/courses", who, 201, json=body)

    def lesson(self, who: dict[str, str], course_id: str, **fields: Any) -> JSON:
        """Add a lesson."""
        return self.send("POST", f"/api/courses/{course_id}/lessons", who, 201, json={"title": "压强", **fields})

    def upload(self, who: dict[str, str], lesson_id: str, data: bytes = b"film" * 1000) -> JSON:
        """Upload a source whole and complete it; returns the answer with source and job."""
        new = {"name": "第1课.mp4", "size": len(data), "content_type": "video/mp4"}
        source = self.send("POST", f"/api/lessons/{lesson_id}/sources", who, 201, json=new)
        numbers = list(range(1, source["parts"] + 1))
        urls = self.send("POST", f"/api/sources/{source['id']}/part-urls", who, json={"numbers": numbers})["urls"]
        for part in urls:
            assert self.store.receive(part["url"], data[part["start"] : part["start"] + part["length"]]) == 200
        return self.send("POST", f"/api/sources/{source['id']}/complete", who)

    def finish_job(self, job_id: str, seed: str = "a") -> None:
        """Play the workers: the job is done, and its packs are in the store."""
        video, sound = make_track(seed=seed), make_track(TrackKind.SOUND, seed=f"{seed}s")
        for track in (video, sound):
            self.store.put(Bucket.PUBLIC, f"indexes/{track.index.digest}", track.index.encoded)
            self.store.put(Bucket.PUBLIC, f"packs/{track.index.digest}", track.pack)
        media = make_media({Rung.FLOOR: video}, sound)
        with self.centre.session() as session:
            job = session.get_one(Job, job_id)
            job.state, job.media = JobState.DONE, media.model_dump(mode="json")
            session.add(job)

    def play_job(self, job_id: str, state: JobState, media: Media | None, *given_up: GivenUp) -> None:
        """Play the workers: the job is in `state`, and has made `media`, of which the store has nothing."""
        with self.centre.session() as session:
            job = session.get_one(Job, job_id)
            job.state, job.media = state, media.model_dump(mode="json") if media else None
            job.given_up = [given.model_dump(mode="json") for given in given_up]
            session.add(job)

    def ready_course(self, who: dict[str, str]) -> JSON:
        """Return a course with one lesson that is ready to publish."""
        course = self.course(who)
        lesson = self.lesson(who, course["id"])
        self.finish_job(self.upload(who, lesson["id"])["job"]["job_id"])
        return course

    def published_course(self, who: dict[str, str]) -> JSON:
        """Return a course with a release that has been signed."""
        course = self.ready_course(who)
        publication = self.send("POST", f"/api/courses/{course['id']}/publications", who, 201)
        self.signer.sign(publication["sign_url"].rsplit("/", 1)[1])
        self.look()
        return course

    def node(self, ops: dict[str, str], county: str = "") -> tuple[JSON, str]:
        """Add a county, a school and a node; return the node and an enrolment code."""
        county_id = self.send("POST", "/api/counties", ops, 201, json={"name": county or f"县 {new_id()}"})["id"]
        site = self.send("POST", "/api/sites", ops, 201, json={"county_id": county_id, "name": "村小学"})
        node = self.send("POST", "/api/nodes", ops, 201, json={"site_id": site["id"], "name": "盒子"})
        code = self.send("POST", f"/api/nodes/{node['id']}/enrolment-codes", ops, 201)["code"]
        return node, code

    def enrolled_node(self, ops: dict[str, str]) -> tuple[JSON, dict[str, str]]:
        """Add a node and enrol it; return it and its headers."""
        node, code = self.node(ops)
        answer = self.send("POST", "/api/node/enrol", {}, 201, json={"code": code, "software": "test"})
        return node, {"Authorization": f"Bearer {answer['token']}"}

    def look(self) -> None:
        """Have the watcher look once."""
        self.app.state.watcher.look()


@pytest.fixture
def world(database_url: str) -> Iterator[World]:
    """A centre with a fresh database; the watcher looks only when told to."""
    settings = ApiSettings(
        database_url=SecretStr(database_url),
        broker_url=SecretStr("redis://127.0.0.1:1/0"),
        s3_endpoint="http://store.test",
        s3_access_key="test",
        s3_secret_key=SecretStr("a-test-needs-no-better"),
        signer_url="http://signer.test",
        signer_token=SecretStr("a-test-needs-no-better"),
        demo=True,
    )
    engine = make_engine(settings)
    store, signer, doorbell = FakeObjectStore(), FakeSigner(), FakeDoorbell()
    checks = {"database": lambda: ping(engine), "object store": store.ping, "signer": signer.ping}
    centre = Centre(settings, engine, store, signer, doorbell, checks)
    app = create_app(centre, watch=False)
    with TestClient(app, headers={"Accept-Language": "en"}) as client:
        yield World(app, centre, client, store, signer, doorbell)
