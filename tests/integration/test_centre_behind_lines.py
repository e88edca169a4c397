"""The database or the store away while a partner uploads and publishes: said, waited for, nothing lost or doubled.

A real centre, database and store, with lines between them that the test cuts; the caller only asks again.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx2
import pytest
from pydantic import SecretStr
from sqlmodel import select

from api.app import create_app
from api.centre import Centre
from api.settings import ApiSettings
from catalog.accounts.models import Role
from catalog.courses.models import Source
from catalog.db import make_engine
from catalog.jobs.models import Job
from catalog.publishing.models import Publication
from catalog.storage.base import Bucket
from catalog.storage.s3 import S3ObjectStore
from tests.fakes.doorbell import FakeDoorbell
from tests.fakes.signer import FakeSigner
from tests.line import Line
from tests.live_centre import PASSWORD, LiveCentre
from tests.servers import StoreAddress
from tests.serving import served

FILM = b"film" * 500


@dataclass
class Behind:
    """A centre whose lines to its database and its store can be cut, and a partner who is signed in."""

    live: LiveCentre
    database: Line
    store: Line
    client: httpx2.Client

    def send(self, method: str, path: str, status: int, **options: Any) -> dict[str, Any]:
        answer = self.client.request(method, path, **options)
        assert answer.status_code == status, answer.text
        if status == 503:
            assert int(answer.headers["retry-after"]) > 0
        body: dict[str, Any] = answer.json()
        return body

    def line(self, which: str) -> Line:
        return self.database if which == "database.away" else self.store

    def lesson(self) -> tuple[str, str]:
        course = self.send("POST", "/api/courses", 201, json={"title": "物理", "place": {"subject": "物理"}})["id"]
        lesson = self.send("POST", f"/api/courses/{course}/lessons", 201, json={"title": "压强"})["id"]
        return str(course), str(lesson)

    def begin(self, lesson: str) -> str:
        """Begin an upload and put its only part into the store; return the source's path."""
        new = {"name": "第1课.mp4", "size": len(FILM)}
        path = f"/api/sources/{self.send('POST', f'/api/lessons/{lesson}/sources', 201, json=new)['id']}"
        (part,) = self.send("POST", f"{path}/part-urls", 200, json={"numbers": [1]})["urls"]
        assert httpx2.put(part["url"], content=FILM).is_success
        return path


@pytest.fixture
def behind(database_url: str, store_address: StoreAddress) -> Iterator[Behind]:
    lines = {}
    for address in (database_url, store_address.endpoint):
        port = address.rpartition(":")[2].partition("/")[0]
        lines[address] = (Line("127.0.0.1", int(port)), f":{port}")
    (database, database_port), (store, store_port) = lines.values()
    settings = ApiSettings(
        database_url=SecretStr(database_url.replace(database_port, f":{database.port}")),
        broker_url=SecretStr("redis://127.0.0.1:1/0"),
        s3_endpoint=store_address.endpoint.replace(store_port, f":{store.port}"),
        s3_access_key=store_address.access_key,
        s3_secret_key=SecretStr(store_address.secret_key),
        bucket_sources=store_address.bucket_sources,
        bucket_public=store_address.bucket_public,
        signer_url="http://signer.test",
        signer_token=SecretStr("a-test-needs-no-better"),
        watch_seconds=0.2,
        demo=True,
    )
    objects, signer, doorbell = S3ObjectStore(settings), FakeSigner(), FakeDoorbell()
    objects.ensure_buckets()
    centre = Centre(settings, make_engine(settings), objects, signer, doorbell, {})
    try:
        with served(create_app(centre)) as url, httpx2.Client(base_url=url, timeout=60) as client:
            live = LiveCentre(url, centre, objects, signer, doorbell)
            live.account("wang", Role.PARTNER)
            token = client.post("/api/session", json={"login": "wang", "password": PASSWORD}).json()["token"]
            client.headers["Authorization"] = f"Bearer {token}"
            yield Behind(live, database, store, client)
    finally:
        database.close()
        store.close()


AWAY = ["database.away", "store.away"]


@pytest.mark.parametrize("away", AWAY)
def test_an_upload_outlives_an_outage(behind: Behind, away: str) -> None:
    _, lesson = behind.lesson()
    new = {"name": "第1课.mp4", "size": len(FILM)}
    behind.line(away).cut()
    assert behind.send("POST", f"/api/lessons/{lesson}/sources", 503, json=new)["code"] == away
    behind.line(away).mend()
    source = behind.begin(lesson)
    behind.line(away).cut()
    assert behind.send("POST", f"{source}/complete", 503)["code"] == away
    behind.line(away).mend()
    assert behind.send("GET", source, 200)["state"] == "uploading"
    done = behind.send("POST", f"{source}/complete", 200)
    assert done["source"]["state"] == "uploaded"
    assert behind.send("POST", f"{source}/complete", 200)["job"]["job_id"] == done["job"]["job_id"]
    (kept,) = behind.live.store.list_objects(Bucket.SOURCES, "sources/")
    assert behind.live.store.get(Bucket.SOURCES, kept.key, 1 << 20) == FILM
    with behind.live.centre.session() as session:
        assert len(session.exec(select(Source)).all()) == 1
        assert len(session.exec(select(Job)).all()) == 1


@pytest.mark.parametrize("away", AWAY)
def test_publishing_outlives_an_outage(behind: Behind, away: str) -> None:
    course, lesson = behind.lesson()
    behind.send("POST", f"{behind.begin(lesson)}/complete", 200)
    behind.live.finish(behind.live.newest_job())
    path = f"/api/courses/{course}/publications"
    behind.line(away).cut()
    if away == "database.away":
        assert behind.send("POST", path, 503)["code"] == away
        assert behind.live.signer.drafts == {}
        behind.line(away).mend()
    drafted = behind.send("POST", path, 201)  # drafting needs no store: the signer looks there before it signs
    assert behind.send("POST", path, 201)["id"] == drafted["id"]
    behind.database.cut()
    behind.live.signer.sign(drafted["sign_url"].rsplit("/", 1)[1])
    assert behind.send("POST", f"/api/publications/{drafted['id']}/refresh", 503)["code"] == "database.away"
    behind.database.mend()
    behind.store.mend()
    assert behind.send("POST", f"/api/publications/{drafted['id']}/refresh", 200)["state"] == "published"
    with behind.live.centre.session() as session:
        assert [row.number for row in session.exec(select(Publication)).all()] == [1]
    assert len(behind.live.signer.drafts) == 1


def test_the_pages_say_what_is_away(behind: Behind) -> None:
    page = {"Accept": "text/html", "Accept-Language": "zh-CN"}
    behind.database.cut()
    answer = behind.client.get("/partner/", headers=page | {"Cookie": "songtan_session=x"})
    assert answer.status_code == 503
    assert answer.headers["content-type"].startswith("text/html")
    assert "数据库" in answer.text
    behind.database.mend()
    assert behind.client.get("/partner/", headers=page, follow_redirects=True).status_code == 200
