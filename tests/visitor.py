"""Somebody who visits the centre's pages without scripts, for tests of what the pages say."""

import re
from typing import Any

import httpx2
import pytest

from catalog.accounts.models import Account, Role, SessionKind
from catalog.accounts.service import who_is
from tests.centre import World

LANGUAGES = ("zh-CN", "en")


class Visitor:
    """Somebody at a browser without scripts: follows forms as they are on the page."""

    def __init__(self, world: World, role: Role, partner_id: str | None = None) -> None:
        self.world = world
        self.headers = {**world.as_(role, partner_id, SessionKind.COOKIE), "Accept": "text/html"}

    def get(self, path: str, status: int = 200, **more: Any) -> str:
        answer = self.world.client.get(path, headers=self.headers, follow_redirects=False, **more)
        assert answer.status_code == status, f"{path}: {answer.status_code} {answer.text[:1000]}"
        return answer.text

    def post(self, path: str, page: str, status: int = 303, **fields: Any) -> httpx2.Response:
        token = re.search(r'name="csrf_token" value="([^"]+)"', page)
        assert token, "the page has no form"
        data = {"csrf_token": token[1], **fields}
        answer = self.world.client.post(path, headers=self.headers, data=data, follow_redirects=False)
        assert answer.status_code == status, f"{path}: {answer.status_code} {answer.text[:1000]}"
        return answer

    def both(self, path: str) -> str:
        """The page in Chinese; it must be there in English too, and neither may have a raw field in it."""
        pages = {language: self.get(f"{path}{'&' if '?' in path else '?'}lang={language}") for language in LANGUAGES}
        for page in pages.values():
            assert not re.search(r"%\(\w+\)s", re.sub(r'data-say-\w+="[^"]*"', "", page))
        return pages["zh-CN"]


@pytest.fixture
def partner(world: World) -> Visitor:
    return Visitor(world, Role.PARTNER, world.partner())


@pytest.fixture
def ops(world: World) -> Visitor:
    return Visitor(world, Role.OPS)


def bearer(visitor: Visitor) -> dict[str, str]:
    """The same person's headers for the API: a fresh session of the same partner."""
    with visitor.world.centre.session() as session:
        account = session.get_one(Account, _account_id(visitor))
    return visitor.world.as_(Role(account.role), account.partner_id)


def _account_id(visitor: Visitor) -> str:
    with visitor.world.centre.session() as session:
        person = who_is(session, visitor.headers["Cookie"].partition("=")[2])
    assert person is not None
    return person.account_id
