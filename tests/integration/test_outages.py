"""The database, the store or the signer away: a clear message, Retry-After, nothing half done, and back again."""

from contextlib import suppress
from dataclasses import replace

from prometheus_client import CollectorRegistry
from sqlalchemy import text
from sqlmodel import select
from starlette.testclient import TestClient

from api.app import create_app
from api.health import run_checks
from catalog.accounts.models import Role
from catalog.courses.models import Source
from catalog.db import make_engine, ping
from catalog.publishing.errors import SignerAway
from catalog.settings import DatabaseSettings
from songtan.stack.ports import free_ports
from tests.centre import World


def test_a_store_that_is_away_leaves_no_half_upload(world: World) -> None:
    who = world.as_(Role.PARTNER)
    lesson = world.lesson(who, world.course(who)["id"])
    new = {"name": "x.mp4", "size": 3}
    world.store.away = True
    answer = world.client.post(f"/api/lessons/{lesson['id']}/sources", json=new, headers=who)
    assert (answer.status_code, answer.json()["code"]) == (503, "store.away")
    assert int(answer.headers["retry-after"]) > 0
    captions = world.client.put(
        f"/api/lessons/{lesson['id']}/captions/en", content=b"WEBVTT\n\n00:00.000 --> 00:01.000\nx\n", headers=who
    )
    assert captions.status_code == 503
    world.store.away = False
    with world.centre.session() as session:
        assert session.exec(select(Source)).all() == []
    assert world.send("GET", f"/api/lessons/{lesson['id']}/captions", who)["captions"] == []

    source = world.send("POST", f"/api/lessons/{lesson['id']}/sources", who, 201, json=new)
    base = f"/api/sources/{source['id']}"
    url = world.send("POST", f"{base}/part-urls", who, json={"numbers": [1]})["urls"][0]["url"]
    world.store.receive(url, b"abc")
    world.store.away = True
    world.send("POST", f"{base}/complete", who, 503)
    world.store.away = False
    assert world.send("GET", base, who)["state"] == "uploading"
    assert world.send("POST", f"{base}/complete", who)["source"]["state"] == "uploaded"


def test_a_broker_that_is_away_is_no_error_for_the_partner(world: World) -> None:
    who = world.as_(Role.PARTNER)
    lesson = world.lesson(who, world.course(who)["id"])
    world.doorbell.away = True
    assert world.upload(who, lesson["id"])["job"]["state"] == "waiting"


def test_a_database_that_restarts_costs_nobody_an_error(world: World) -> None:
    ops = world.as_(Role.OPS)
    world.send("GET", "/api/counties", ops)
    with world.centre.engine.connect() as connection:
        others = "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() "
        connection.execute(text(others + "and pid <> pg_backend_pid()"))
    world.send("GET", "/api/counties", ops)


def test_a_database_that_is_away_is_said_to_be(world: World) -> None:
    url = f"postgresql+psycopg://u:p@127.0.0.1:{free_ports(1)[0]}/d"
    gone = make_engine(DatabaseSettings.model_validate({"database_url": url, "demo": True}))
    ops = world.as_(Role.OPS)
    broken = TestClient(create_app(replace(world.centre, engine=gone, registry=CollectorRegistry()), watch=False))
    for method, path in (("GET", "/api/counties"), ("GET", "/api/lessons"), ("POST", "/api/session")):
        body = {"login": "someone", "password": "x"} if method == "POST" else None
        answer = broken.request(method, path, json=body, headers=ops)
        assert (answer.status_code, answer.json()["code"]) == (503, "database.away"), answer.text
        assert "retry-after" in answer.headers
    node = broken.get("/api/node/direction", headers={"Authorization": "Bearer x"})
    assert node.status_code == 503
    assert run_checks({"database": lambda: ping(gone)})["database"].startswith("The database does not answer")


def test_readiness_names_what_is_away(world: World) -> None:
    assert world.send("GET", "/readyz", {})["checks"] == {"database": "ok", "object store": "ok", "signer": "ok"}
    world.signer.away = True
    checks = world.send("GET", "/readyz", {}, 503)["checks"]
    assert checks["database"] == checks["object store"] == "ok"
    assert "signer" in checks["signer"]
    assert world.send("GET", "/healthz", {}) == {"status": "ok"}


def test_the_watcher_goes_on_after_an_outage(world: World) -> None:
    ops = world.as_(Role.OPS)
    world.enrolled_node(ops)
    world.signer.away = True
    with suppress(SignerAway):  # the look may also end before it asks
        world.look()
    assert world.signer.directions == []
    world.signer.away = False
    world.look()
    assert len(world.signer.directions) == 1


def test_requests_are_counted_by_route(world: World) -> None:
    ops = world.as_(Role.OPS)
    world.send("GET", "/api/counties", ops)
    world.send("GET", "/api/courses/01M85QPC3Y4SPE13AJ2S82KP4C", ops, 404)
    world.send("GET", "/api/nothing", {}, 404)
    text_ = world.client.get("/metrics").text
    assert 'songtan_http_requests_total{method="GET",route="/api/counties",status="200"} 1.0' in text_
    assert 'route="/api/courses/{course_id}",status="404"} 1.0' in text_
    assert 'route="none",status="404"} 1.0' in text_
    assert text_.endswith("# EOF\n")
