"""Signing in, guessing passwords, and what a browser's cookie may do."""

import pytest

from catalog.accounts.attempts import Guard
from catalog.accounts.models import Role, SessionKind
from catalog.accounts.service import PASSWORD_GUARD
from catalog.db import utc_now
from tests.centre import World

PASSWORD = "纸上得来终觉浅-0123"


def add_account(world: World, login: str = "Wang.Laoshi") -> None:
    new = {"login": login, "name": "王老师", "password": PASSWORD, "role": "reviewer"}
    world.send("POST", "/api/accounts", world.as_(Role.OPS), 201, json=new)


def test_signing_in_and_out(world: World) -> None:
    add_account(world)
    signed = world.send("POST", "/api/session", {}, 201, json={"login": " WANG.laoshi ", "password": PASSWORD})
    me = {"Authorization": f"Bearer {signed['token']}"}
    assert world.send("GET", "/api/session", me)["name"] == "王老师"
    world.send("DELETE", "/api/session", me, 204)
    assert world.send("GET", "/api/session", me, 401)["code"] == "account.not-signed-in"


def test_a_wrong_password_and_an_unknown_name_sound_alike(world: World) -> None:
    add_account(world)
    wrong = world.send("POST", "/api/session", {}, 401, json={"login": "wang.laoshi", "password": "x"})
    unknown = world.send("POST", "/api/session", {}, 401, json={"login": "nobody", "password": "x"})
    assert wrong == unknown
    assert wrong["code"] == "account.wrong-password"


def test_too_many_wrong_passwords_wait(world: World) -> None:
    add_account(world)
    for _ in range(PASSWORD_GUARD.failures):
        world.send("POST", "/api/session", {}, 401, json={"login": "wang.laoshi", "password": "x"})
    answer = world.client.post("/api/session", json={"login": "wang.laoshi", "password": PASSWORD})
    assert answer.status_code == 429
    assert 0 < int(answer.headers["retry-after"]) <= 900
    assert "15 minutes" in answer.json()["detail"]
    world.send("POST", "/api/session", {}, 401, json={"login": "somebody.else", "password": "x"})


def test_a_right_password_begins_the_count_anew(world: World) -> None:
    guard = Guard("login", PASSWORD_GUARD.failures, PASSWORD_GUARD.window)
    now = utc_now()
    for _ in range(9):
        guard.count(world.centre.engine, "x", now)
    assert guard.wait(world.centre.engine, "x", now) == 0
    guard.count(world.centre.engine, "x", now)
    assert guard.wait(world.centre.engine, "x", now) == 900
    assert guard.wait(world.centre.engine, "x", now + guard.window) == 0
    guard.count(world.centre.engine, "x", now + guard.window * 2)
    assert guard.wait(world.centre.engine, "x", now + guard.window * 2) == 0
    guard.forget(world.centre.engine, "x")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": "http://testserver"}, 201),
        ({"Sec-Fetch-Site": "same-origin"}, 201),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://testserver.evil.example"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"X-CSRF-Token": "0" * 32}, 403),
        ({}, 403),
    ],
)
def test_a_cookie_counts_only_from_our_own_pages(world: World, headers: dict[str, str], status: int) -> None:
    cookie = world.as_(Role.OPS, kind=SessionKind.COOKIE)
    answer = world.send("POST", "/api/counties", {**cookie, **headers}, status, json={"name": "凉山"})
    if status == 403:
        assert answer["code"] == "account.foreign-origin"
    assert len(world.send("GET", "/api/counties", cookie)["counties"]) == (status == 201)


def test_a_cookie_is_no_bearer_token(world: World) -> None:
    token = world.as_(Role.OPS, kind=SessionKind.COOKIE)["Cookie"].partition("=")[2]
    world.send("GET", "/api/counties", {"Authorization": f"Bearer {token}"}, 401)
    bearer = world.as_(Role.OPS)["Authorization"].partition(" ")[2]
    world.send("GET", "/api/counties", {"Cookie": f"songtan_session={bearer}"}, 401)


def test_accounts_and_partners_are_told_apart(world: World) -> None:
    ops = world.as_(Role.OPS)
    partner = world.send("POST", "/api/partners", ops, 201, json={"name": "成都七中"})
    assert world.send("POST", "/api/partners", ops, 409, json={"name": "成都七中"})["code"] == "partner.name-taken"
    new = {"login": "li", "name": "李老师", "password": PASSWORD, "role": "partner"}
    assert world.send("POST", "/api/accounts", ops, 422, json=new)["code"] == "account.partner-missing"
    added = world.send("POST", "/api/accounts", ops, 201, json={**new, "partner_id": partner["id"]})
    assert "password" not in added
    again = world.send("POST", "/api/accounts", ops, 409, json={**new, "login": "LI", "partner_id": partner["id"]})
    assert again["code"] == "account.login-taken"
    short = world.send("POST", "/api/accounts", ops, 422, json={**new, "login": "x2", "password": "short"})
    assert short["data"]["field"] == "password"
    assert "short" not in short["detail"].replace("shorter", "").replace("too_short", "")
    mine = world.as_(Role.PARTNER, partner["id"])
    world.send("POST", "/api/partners", ops, 201, json={"name": "石室中学"})
    assert [p["name"] for p in world.send("GET", "/api/partners", mine)["partners"]] == ["成都七中"]
