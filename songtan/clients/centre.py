"""The connection to a centre: requests with a token, answers or `AppError`s."""

from collections.abc import Iterator, Mapping
from typing import Any, Self

import httpx2

from catalog.look.language import Language
from songtan.clients.errors import CentreAway, CentreRefused, NotOurs

TIMEOUT = httpx2.Timeout(30.0, connect=10.0)
AWAY = (502, 503, 504)


class Centre:
    """A centre's HTTP API. `language` is the one that its messages come in."""

    def __init__(self, api: str, token: str | None = None, language: Language = "en") -> None:
        self.api = api.rstrip("/")
        headers = {"Accept": "application/json, application/problem+json", "Accept-Language": language}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        try:
            self._client = httpx2.Client(base_url=self.api, headers=headers, timeout=TIMEOUT)
        except (httpx2.InvalidURL, ValueError) as error:
            raise NotOurs(url=self.api, why=str(error)) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def get(self, path: str, **query: str | int | None) -> Any:
        """Return the JSON at `path`. Raises CentreAway, CentreRefused, NotOurs."""
        return self._ask("GET", path, params={name: value for name, value in query.items() if value is not None})

    def post(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Send JSON and return the answer's. Raises CentreAway, CentreRefused, NotOurs."""
        return self._ask("POST", path, json=dict(body or {}))

    def put(self, path: str, body: Mapping[str, Any]) -> Any:
        """Send JSON in place of what is there and return the answer's. Raises CentreAway, CentreRefused, NotOurs."""
        return self._ask("PUT", path, json=dict(body))

    def put_bytes(self, path: str, data: bytes, content_type: str) -> Any:
        """Send bytes as they are and return the answer's JSON. Raises CentreAway, CentreRefused, NotOurs."""
        return self._ask("PUT", path, content=data, headers={"Content-Type": content_type})

    def delete(self, path: str) -> None:
        """Remove what is at `path`. Raises CentreAway, CentreRefused, NotOurs."""
        self._ask("DELETE", path)

    def all(self, path: str, items: str, **query: str | int | None) -> Iterator[dict[str, Any]]:
        """Yield every item of a list that comes in pages: `items` names the list in an answer."""
        cursor: str | None = None
        while True:
            page = self.get(path, cursor=cursor, **query)
            yield from page[items]
            cursor = page["next"]
            if not cursor:
                return

    def _ask(self, method: str, path: str, **how: Any) -> Any:
        url = f"{self.api}{path}"
        try:
            answer = self._client.request(method, path, **how)
        except httpx2.HTTPError as error:
            raise CentreAway(url=self.api, why=str(error) or type(error).__name__) from error
        return answer_json(url, answer)


def answer_json(url: str, answer: httpx2.Response) -> Any:
    """Return an answer's JSON. Raises CentreAway, CentreRefused with the other side's words, or NotOurs."""
    try:
        found = answer.json() if answer.content else None
    except ValueError:
        found = NotImplemented
    if answer.is_success and found is not NotImplemented:
        return found
    problem: dict[str, Any] = found if isinstance(found, dict) else {}
    detail = problem.get("detail")
    if answer.status_code in AWAY:
        raise CentreAway(url=url, why=str(detail or f"HTTP {answer.status_code}").rstrip(".。"))
    if not isinstance(detail, str):
        raise NotOurs(url=url, why=f"HTTP {answer.status_code}, {answer.headers.get('content-type', 'no content')}")
    raise CentreRefused(detail=detail, answer=answer.status_code, code=str(problem.get("code", "")))
