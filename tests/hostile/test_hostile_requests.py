"""What anybody may throw at every route: never a 500, never a traceback, always a problem with a code."""

import re
from typing import Any

import pytest
from starlette.testclient import TestClient

from catalog.accounts.models import Role
from catalog.formats.ids import new_id
from tests.centre import World

BODIES: list[tuple[str, bytes]] = [
    ("application/json", b""),
    ("application/json", b"{"),
    ("application/json", b"null"),
    ("application/json", b"[]"),
    ("application/json", b'"text"'),
    ("application/json", b"\xff\xfe\x00"),
    ("application/json", b'{"name": "\\ud800", "title": "\\ud800"}'),
    ("application/json", b'{"name": "a\\u0000b", "title": "a\\u0000b", "login": "a\\u0000b"}'),
    ("application/json", b'{"name": 1e999, "title": NaN}'),
    ("application/json", b'{"size": ' + b"9" * 5000 + b"}"),
    ("application/json", b"[" * 50_000),
    ("application/json", b'{"name": {"$gt": ""}, "title": [], "numbers": "all", "course_id": {}}'),
    ("text/plain", b'{"name": "x", "title": "x"}'),
    ("application/x-www-form-urlencoded", b"name=x&title=x"),
    ("multipart/form-data; boundary=x", b"--x\r\n"),
    ("", b"\0" * 100),
]


def routes(world: World) -> list[tuple[str, str]]:
    """Every route of the JSON API, its path's parameters filled in with an id that nobody has."""
    found = []
    for path, methods in world.app.openapi()["paths"].items():
        filled = re.sub(r"\{(\w+)\}", lambda name: "zh-CN" if name[1] == "language" else new_id(), path)
        found += [(method.upper(), filled) for method in methods]
    assert len(found) > 40
    return found


def is_problem(client: TestClient, method: str, path: str, **options: Any) -> str:
    answer = client.request(method, path, **options)
    assert answer.status_code != 500, f"{method} {path} {options}: {answer.text[:500]}"
    assert "Traceback" not in answer.text
    if answer.status_code < 400 or path in ("/healthz", "/readyz", "/metrics"):
        return ""
    assert answer.headers["content-type"] == "application/problem+json", f"{method} {path}: {answer.text[:200]}"
    problem = answer.json()
    assert set(problem) == {"type", "title", "status", "detail", "code", "data"}
    assert problem["status"] == answer.status_code
    assert "%(" not in problem["detail"]
    return str(problem["code"])


@pytest.mark.parametrize(("content_type", "body"), BODIES, ids=range(len(BODIES)))
def test_no_body_breaks_any_route(world: World, content_type: str, body: bytes) -> None:
    ops = world.as_(Role.OPS)
    for method, path in routes(world):
        if method in ("POST", "PUT"):
            headers = {**ops, "Content-Type": content_type}
            is_problem(world.client, method, path, content=body, headers=headers)


@pytest.mark.parametrize(
    "value", ["", "x", "%00", "..%2f..", "%ff%fe", "🀄", "0" * 26, "Z" * 26, "A" * 5000, "' or 1=1 --", "zh_CN"]
)
def test_no_path_breaks_any_route(world: World, value: str) -> None:
    ops = world.as_(Role.OPS)
    for path, methods in world.app.openapi()["paths"].items():
        if "{" in path:
            for method in methods:
                filled = re.sub(r"\{\w+\}", lambda _: value, path)
                options: dict[str, object] = {"json": {}} if method in ("post", "put") else {}
                is_problem(world.client, method.upper(), filled, headers=ops, **options)


@pytest.mark.parametrize(
    "query",
    [
        "cursor=x", "cursor=%00", "cursor=W10", "cursor=" + "A" * 190, "cursor=" + "A" * 3000, "cursor=%F0%9F%80%84",
        "cursor=WyIyMDI2LTAxLTAxIiwgIngiXQ", "cursor=WyIwMDAxLTAxLTAxVDAwOjAwOjAwIiwgbnVsbF0", "subject=%00",
        "subject=%0a", "subject=" + "x" * 3000, "course_id=x", "partner_id='", "partner_id=%ff", "nonsense=1",
        "county_id=%00", "site_id=x", "lang=%00", "lang=en%0d%0aX: y",
    ],
)  # fmt: skip
def test_no_query_breaks_any_list(world: World, query: str) -> None:
    ops = world.as_(Role.OPS)
    for path in ("/api/lessons", "/api/courses", "/api/nodes", "/api/sites", "/api/assignments", "/api/partners"):
        is_problem(world.client, "GET", f"{path}?{query}", headers=ops)


def test_a_bad_cursor_says_what_to_do(world: World) -> None:
    ops = world.as_(Role.OPS)
    for cursor in ("x", "W10", "!!!", "WyIyMDI2LTAxLTAxIiwgIngiXQ"):
        answer = world.send("GET", f"/api/lessons?cursor={cursor}", ops, 422)
        assert answer["code"] == "page.bad-cursor"
        assert "without a cursor" in answer["detail"]


STRANGERS: list[dict[str, str]] = [
    {},
    {"Authorization": "Bearer nobody"},
    {"Authorization": "Basic eDp4"},
    {"Cookie": "songtan_session=x"},
]


def test_nothing_without_an_account(world: World) -> None:
    everyone = {"/api/session", "/api/node/enrol", "/healthz", "/readyz", "/metrics"}
    for method, path in routes(world):
        for headers in STRANGERS:
            options: dict[str, object] = {"json": {}} if method in ("POST", "PUT") else {}
            code = is_problem(world.client, method, path, headers=headers, **options)
            if path not in everyone or (path, method) == ("/api/session", "GET"):
                assert code in ("account.not-signed-in", "node.not-known"), f"{method} {path}: {code}"


def test_partners_may_not_do_what_ops_does(world: World) -> None:
    partner = world.as_(Role.PARTNER)
    for method, path in routes(world):
        if path.startswith(("/api/nodes", "/api/sites", "/api/counties", "/api/assignments", "/api/accounts")):
            options: dict[str, object] = {"json": {}} if method in ("POST", "PUT") else {}
            code = is_problem(world.client, method, path, headers=partner, **options)
            assert code in ("account.not-allowed", "request.bad-field"), f"{method} {path}: {code}"


def test_another_partners_things_do_not_exist(world: World) -> None:
    owner, other, reviewer = world.as_(Role.PARTNER), world.as_(Role.PARTNER), world.as_(Role.REVIEWER)
    course = world.ready_course(owner)
    lesson = world.send("GET", f"/api/courses/{course['id']}/lessons", owner)["lessons"][0]
    job = world.send("GET", f"/api/lessons/{lesson['id']}/jobs", owner)["jobs"][0]
    source = world.send("GET", f"/api/lessons/{lesson['id']}/sources", owner)["sources"][0]
    publication = world.send("POST", f"/api/courses/{course['id']}/publications", owner, 201)
    things = {
        "course.unknown": [f"/api/courses/{course['id']}", f"/api/courses/{course['id']}/publications"],
        "lesson.unknown": [f"/api/lessons/{lesson['id']}{rest}" for rest in ("", "/jobs", "/sources", "/captions")],
        "job.unknown": [f"/api/jobs/{job['job_id']}"],
        "source.unknown": [f"/api/sources/{source['id']}"],
    }
    for code, paths in things.items():
        for path in paths:
            assert world.send("GET", path, other, 404)["code"] == code
            world.send("GET", path, reviewer)
    assert world.send("GET", f"/api/publications/{publication['id']}", other, 404)["code"] == "course.unknown"
    assert world.send("POST", f"/api/jobs/{job['job_id']}/retry", other, 404)["code"] == "job.unknown"
    assert (
        world.send("PUT", f"/api/courses/{course['id']}", reviewer, 403, json={"title": "x"})["code"]
        == "account.not-allowed"
    )
    assert world.send("GET", "/api/lessons", other)["lessons"] == []


@pytest.mark.parametrize(
    "name",
    [
        "成都七中",
        "a “quoted” 'name'",
        "  trimmed  ",
        "emoji 🀄",
        "é vs é",
        "<b>&amp;</b>",
        "; drop table x",
        "%(x)s %s",
    ],
)
def test_names_that_people_have_are_kept(world: World, name: str) -> None:
    who = world.as_(Role.PARTNER)
    course = world.course(who, title=name)
    assert course["title"] == name.strip()
    assert world.lesson(who, course["id"], title=name)["title"] == name.strip()
    upload = {"name": name, "size": 1}
    lesson = world.send("GET", f"/api/courses/{course['id']}/lessons", who)["lessons"][0]
    assert world.send("POST", f"/api/lessons/{lesson['id']}/sources", who, 201, json=upload)["name"] == name.strip()


@pytest.mark.parametrize(
    "name", ["", "   ", "two\nlines", "tab\there", "nul\0", "bell\a", "x" * 201, "\u2028", "\ue000"]
)
def test_names_that_nothing_can_show_are_refused(world: World, name: str) -> None:
    who = world.as_(Role.PARTNER)
    refused = world.send("POST", "/api/courses", who, 422, json={"title": name})
    assert refused["code"] == "request.bad-field"
    assert refused["data"]["field"] == "title"


def test_a_description_may_have_lines(world: World) -> None:
    who = world.as_(Role.PARTNER)
    assert world.course(who, description="one\r\ntwo\n")["description"] == "one\ntwo"
    world.send("POST", "/api/courses", who, 422, json={"title": "x", "description": "\0"})


def test_a_huge_body_is_refused_whether_announced_or_not(world: World) -> None:
    ops = world.as_(Role.OPS)
    big = b'{"name": "' + b"x" * (2 << 20) + b'"}'
    headers = {**ops, "Content-Type": "application/json"}
    assert world.send("POST", "/api/counties", headers, 413, content=big)["code"] == "request.too-large"
    drip = (big[i : i + 65536] for i in range(0, len(big), 65536))
    assert world.send("POST", "/api/counties", headers, 413, content=drip)["code"] == "request.too-large"
    assert world.send("POST", "/api/counties", headers, 413, content=b"{}", headers={"Content-Length": "9" * 30})


def test_a_wrong_content_type_is_named(world: World) -> None:
    ops = world.as_(Role.OPS)
    headers = {"Content-Type": "text/plain"}
    refused = world.send("POST", "/api/counties", ops, 415, content=b'{"name": "x"}', headers=headers)
    assert refused["code"] == "request.wrong-content-type"


def test_nothing_is_there(world: World) -> None:
    assert world.send("GET", "/api/nothing", {}, 404)["code"] == "request.no-such-address"
    assert world.send("PATCH", "/api/courses", {}, 405)["code"] == "request.wrong-method"
    page = world.client.get("/nothing", headers={"Accept": "text/html", "Accept-Language": "zh-CN"})
    assert page.status_code == 404
    assert page.headers["content-type"].startswith("text/html")
    assert 'lang="zh-CN"' in page.text


def test_errors_speak_the_readers_language(world: World) -> None:
    chinese = world.client.get("/api/session", headers={"Accept-Language": "zh-CN,zh;q=0.9"})
    english = world.client.get("/api/session", headers={"Accept-Language": "en"})
    assert chinese.json()["code"] == english.json()["code"] == "account.not-signed-in"
    assert chinese.json()["detail"] != english.json()["detail"]
    assert chinese.headers["content-language"] == "zh-CN"


def test_our_own_fault_shows_no_traceback(world: World) -> None:
    def broken() -> None:
        raise RuntimeError("secret inside")

    world.app.add_api_route("/api/broken", broken)
    answer = world.client.get("/api/broken")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert answer.json()["code"] == "api.broke"
    assert len(answer.json()["data"]["request"]) == 26
