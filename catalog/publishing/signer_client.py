"""The signer as the API sees it: drafts go in, addresses to sign at come out. The API holds no key."""

import base64
import json
from typing import Any, Literal, Protocol

import httpx2
from pydantic import BaseModel, ConfigDict, SecretStr, ValidationError

from catalog.formats.release import first_fault
from catalog.publishing.errors import SignerAway, SignerRefused

CONNECT_SECONDS = 3.0
ANSWER_SECONDS = 60.0  # it reads every index of a course from the store


class DraftState(BaseModel):
    """A draft at the signer. `sign_url` is on the signer's own origin; `target_path` is set once it is published."""

    model_config = ConfigDict(extra="ignore")

    draft_id: str = ""
    sign_url: str = ""
    state: Literal["waiting", "published", "refused"]
    target_path: str | None = None
    reason: str | None = None


class Signer(Protocol):
    """What the API asks of the signer. Every method may raise SignerAway or SignerRefused."""

    def post_draft(self, release: bytes) -> DraftState:
        """Hand over a release (`Release.encoded`) to be looked at and signed by the publisher."""

    def draft_state(self, draft_id: str) -> DraftState:
        """Ask what became of a draft."""

    def sign_direction(self, direction: dict[str, Any], minimum_version: int) -> tuple[bytes, int]:
        """Have a direction signed; return its DSSE envelope and the version that the signer gave it.

        `direction` is a Direction without version, issued and expires.
        """

    def root(self) -> bytes:
        """Return root.json version 1, from which nodes start to trust."""

    def ping(self) -> None:
        """Make sure that the signer answers."""


class HttpSigner:
    """A `Signer` over HTTP, with the service token."""

    def __init__(self, url: str, token: SecretStr, transport: httpx2.BaseTransport | None = None) -> None:
        """`url` is where the signer is for this program; `transport` stands in for the network."""
        self._client = httpx2.Client(
            transport=transport,
            base_url=url,
            headers={"Authorization": f"Bearer {token.get_secret_value()}", "Accept": "application/json"},
            timeout=httpx2.Timeout(ANSWER_SECONDS, connect=CONNECT_SECONDS),
        )

    def close(self) -> None:
        """Close its connections."""
        self._client.close()

    def post_draft(self, release: bytes) -> DraftState:
        """See the port."""
        return _draft(self._ask("POST", "/drafts", content=release))

    def draft_state(self, draft_id: str) -> DraftState:
        """See the port."""
        return _draft(self._ask("GET", f"/drafts/{draft_id}"))

    def sign_direction(self, direction: dict[str, Any], minimum_version: int) -> tuple[bytes, int]:
        """See the port."""
        answer = self._ask("POST", "/directions", json={**direction, "minimum_version": minimum_version})
        return answer, direction_version(answer)

    def root(self) -> bytes:
        """See the port."""
        return self._ask("GET", "/root")

    def ping(self) -> None:
        """See the port."""
        self._ask("GET", "/readyz")

    def _ask(self, method: str, path: str, **options: Any) -> bytes:
        if "content" in options:
            options["headers"] = {"Content-Type": "application/json"}
        try:
            answer = self._client.request(method, path, **options)
        except httpx2.HTTPError as error:
            raise SignerAway(why=type(error).__name__) from error
        if answer.is_success:
            return answer.content
        why = _reason(answer)
        if answer.status_code >= 500 or answer.status_code in (401, 403, 429):
            raise SignerAway(why=why)
        raise SignerRefused(why=why)


def direction_version(envelope: bytes) -> int:
    """Return the version in a DSSE envelope's direction. Raises SignerAway where it is not one."""
    try:
        payload = base64.b64decode(json.loads(envelope)["payload"])
        return int(json.loads(payload)["version"])
    except (ValueError, KeyError, TypeError) as error:
        raise SignerAway(why="its answer is not a direction") from error


def _draft(content: bytes) -> DraftState:
    try:
        return DraftState.model_validate_json(content)
    except ValidationError as error:
        raise SignerAway(why=f"its answer is not understood ({first_fault(error)})") from error


def _reason(answer: httpx2.Response) -> str:
    try:
        problem = answer.json()
        return str(problem.get("detail") or problem.get("title") or f"HTTP {answer.status_code}")[:500]
    except (ValueError, AttributeError):
        return f"HTTP {answer.status_code}"
