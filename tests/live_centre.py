"""A centre that browsers and commands can reach: the real app on a port, over a real database and object store.

Only the workers and the signer are played by the test; the signer has a small page of its own, on its own origin.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from api.app import create_app
from api.centre import Centre
from api.settings import ApiSettings
from catalog.accounts import service as accounts
from catalog.accounts.models import Role
from catalog.accounts.schemas import NewAccount
from catalog.db import make_engine
from catalog.formats.index import TrackKind
from catalog.formats.release import Media
from catalog.formats.rungs import Rung
from catalog.jobs.media import GivenUp
from catalog.jobs.models import Job, JobState, Task, TaskState
from catalog.jobs.repository import tasks_of
from catalog.storage.base import Bucket
from catalog.storage.s3 import S3ObjectStore
from tests.factories import make_media, make_track
from tests.fakes.doorbell import FakeDoorbell
from tests.fakes.signer import FakeSigner
from tests.servers import StoreAddress
from tests.serving import served

PASSWORD = "correct-horse-battery"
PASSPHRASE = "charcoal in the snow"


def signing_app(signer: FakeSigner) -> Starlette:
    """The signer's own site, as far as a test needs it: one page, and JSON for the command."""

    async def page(request: Request) -> Response:
        return HTMLResponse(
            f"<!doctype html><title>Sign</title><link rel='icon' href='data:,'><h1>{request.path_params['draft']}</h1>"
        )

    async def sign(request: Request) -> Response:
        given = await request.json()
        if given != {"signer": "wang", "passphrase": PASSPHRASE}:
            detail = "The name or the passphrase is wrong."
            return JSONResponse({"detail": detail, "code": "signer.wrong", "status": 403}, 403)
        signer.sign(request.path_params["draft"])
        return JSONResponse({"state": "published", "missing": 0})

    return Starlette(
        routes=[Route("/sign/{draft}", page, methods=["GET"]), Route("/sign/{draft}", sign, methods=["POST"])]
    )


@dataclass
class LiveCentre:
    """A running centre and the parts that a test plays."""

    url: str
    centre: Centre
    store: S3ObjectStore
    signer: FakeSigner
    doorbell: FakeDoorbell

    def account(self, login: str, role: Role) -> None:
        """Add an account with `PASSWORD`; a partner's account gets a partner of its own."""
        with self.centre.session() as session:
            partner = accounts.add_partner(session, f"成都七中 {login}").id if role is Role.PARTNER else None
            new = NewAccount(login=login, name="王老师", password=SecretStr(PASSWORD), role=role, partner_id=partner)
            accounts.add_account(session, new)

    def newest_job(self) -> str:
        """Return the id of the job that was rung for last."""
        with self.centre.session() as session:
            return session.get_one(Task, self.doorbell.rings[-1].task_id).job_id

    def encode_half(self, job_id: str) -> None:
        """Play the workers: the job runs, and half of its four segments are made."""
        with self.centre.session() as session:
            job = session.get_one(Job, job_id)
            job.state, job.content_seconds = JobState.RUNNING, 40.0
            for task in tasks_of(session, job_id):
                task.state, task.progress = TaskState.DONE, 1.0
            session.add_all(
                Task(
                    job_id=job_id, kind="encode", number=n, state="done" if n < 2 else "waiting", progress=float(n < 2)
                )
                for n in range(4)
            )

    def finish(self, job_id: str) -> None:
        """Play the workers: the job is done, and its packs are in the store."""
        video, sound = make_track(seed=job_id), make_track(TrackKind.SOUND, seed=f"{job_id}s")
        for track in (video, sound):
            self.store.put(Bucket.PUBLIC, f"indexes/{track.index.digest}", track.index.encoded)
            self.store.put(Bucket.PUBLIC, f"packs/{track.index.digest}", track.pack)
        media = make_media({Rung.FLOOR: video}, sound)
        self._end(job_id, state=JobState.DONE, media=media.model_dump(mode="json"))

    def made(self, job_id: str, state: JobState, media: Media, *given_up: GivenUp) -> None:
        """Play the workers: the job is in `state` and has made `media`, of which the store has nothing."""
        given = [one.model_dump(mode="json") for one in given_up]
        self._end(job_id, state=state, media=media.model_dump(mode="json"), given_up=given)

    def fail(self, job_id: str, message: str) -> None:
        """Play the workers: the job failed."""
        self._end(job_id, state=JobState.FAILED, error_code="source.bad", error_message=message, error_data={})

    def _end(self, job_id: str, **fields: Any) -> None:
        with self.centre.session() as session:
            job = session.get_one(Job, job_id)
            for name, value in fields.items():
                setattr(job, name, value)
            session.add(job)


@pytest.fixture
def live_centre(database_url: str, store_address: StoreAddress) -> Iterator[LiveCentre]:
    """A centre on a port of this machine, with a fresh database and fresh buckets."""
    signer = FakeSigner()
    with served(signing_app(signer)) as signer_url:
        signer.url = signer_url
        settings = ApiSettings(
            database_url=SecretStr(database_url),
            broker_url=SecretStr("redis://127.0.0.1:1/0"),
            s3_endpoint=store_address.endpoint,
            s3_access_key=store_address.access_key,
            s3_secret_key=SecretStr(store_address.secret_key),
            bucket_sources=store_address.bucket_sources,
            bucket_public=store_address.bucket_public,
            signer_url=signer_url,
            signer_token=SecretStr("a-test-needs-no-better"),
            watch_seconds=0.2,
            demo=True,
        )
        store = S3ObjectStore(settings)
        store.ensure_buckets()
        doorbell = FakeDoorbell()
        centre = Centre(settings, make_engine(settings), store, signer, doorbell, {})
        with served(create_app(centre)) as url:
            yield LiveCentre(url, centre, store, signer, doorbell)
