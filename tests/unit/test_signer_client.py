"""What the API makes of the signer's answers: also of none, and of nonsense."""

import base64
import json
from collections.abc import Callable

import httpx2
import pytest
from pydantic import SecretStr

from catalog.publishing.errors import SignerAway, SignerRefused
from catalog.publishing.signer_client import HttpSigner

Answer = Callable[[httpx2.Request], httpx2.Response]


def signer(answer: Answer) -> HttpSigner:
    return HttpSigner("http://signer.test", SecretStr("the-token"), httpx2.MockTransport(answer))


def test_a_draft_goes_in_and_an_address_comes_out() -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        assert (request.method, request.url.path) == ("POST", "/drafts")
        assert request.headers["authorization"] == "Bearer the-token"
        assert request.read() == b"{}"
        return httpx2.Response(201, json={"draft_id": "D", "sign_url": "http://s/sign/D", "state": "waiting", "x": 1})

    draft = signer(answer).post_draft(b"{}")
    assert (draft.draft_id, draft.sign_url, draft.state) == ("D", "http://s/sign/D", "waiting")


def test_a_direction_comes_back_byte_for_byte() -> None:
    payload = base64.b64encode(json.dumps({"version": 7}).encode()).decode()
    envelope = json.dumps({"payload": payload}, indent=3).encode()

    def answer(request: httpx2.Request) -> httpx2.Response:
        assert json.loads(request.read()) == {"node": "N", "minimum_version": 4}
        return httpx2.Response(200, content=envelope)

    assert signer(answer).sign_direction({"node": "N"}, 4) == (envelope, 7)


def test_a_refusal_passes_the_signers_words_on() -> None:
    problem = {"detail": "pack 12ab is not in the store", "status": 422}
    with pytest.raises(SignerRefused, match="pack 12ab"):
        signer(lambda _: httpx2.Response(422, json=problem)).post_draft(b"{}")


@pytest.mark.parametrize("status", [401, 403, 429, 500, 502, 503])
def test_what_only_ops_can_put_right_counts_as_away(status: int) -> None:
    with pytest.raises(SignerAway):
        signer(lambda _: httpx2.Response(status, text="<html>")).ping()


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"state": "signed"}', b"\xff"])
def test_nonsense_is_not_believed(body: bytes) -> None:
    with pytest.raises(SignerAway, match="not understood"):
        signer(lambda _: httpx2.Response(200, content=body)).draft_state("D")
    with pytest.raises(SignerAway, match="not a direction"):
        signer(lambda _: httpx2.Response(200, content=body)).sign_direction({}, 1)


def test_a_signer_that_is_away_is_said_to_be() -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ConnectError("refused", request=request)

    with pytest.raises(SignerAway, match="ConnectError"):
        signer(answer).root()
