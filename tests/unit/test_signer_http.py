"""The signer over HTTP: who may ask what, the page on which a person signs, and what bad input gets."""

import io
import json
import re
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path

import pytest
import structlog
from pydantic import SecretStr
from starlette.testclient import TestClient

from catalog.formats.protocol import DIRECTION_TYPE
from catalog.formats.release import MAX_RELEASE_BYTES
from signer.app import SignerProgram
from tests.factories import make_release
from tests.fakes.repository import COURSE, NODE, OTHER, PARTNER
from tests.signing import PASSPHRASES, PUBLISHER, REVIEWER, Desk, course, read_store

TOKEN = "a service token of the API"
URL = "http://sign.test"
PAGE = {"Accept": "text/html", "Accept-Language": "en"}
BROWSER = {**PAGE, "Origin": URL}
SERVICE = {"Authorization": f"Bearer {TOKEN}"}
FORM = {"signer": PUBLISHER, "passphrase": PASSPHRASES[PUBLISHER]}


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path).open()


@pytest.fixture
def http(desk: Desk) -> Iterator[TestClient]:
    app = SignerProgram(desk.service, URL, SecretStr(TOKEN)).app()
    with TestClient(app, base_url=URL, raise_server_exceptions=True) as client:
        yield client


@pytest.fixture
def draft(http: TestClient) -> str:
    answer = http.post("/drafts", content=course().encoded(), headers=SERVICE)
    assert answer.status_code == 201
    assert answer.json()["sign_url"] == f"{URL}/sign/{answer.json()['draft_id']}"
    return str(answer.json()["draft_id"])


def test_from_draft_to_published(http: TestClient, desk: Desk, draft: str) -> None:
    state = http.get(f"/drafts/{draft}", headers=SERVICE).json()
    assert (state["state"], state["target_path"]) == ("waiting", None)
    page = http.get(f"/sign/{draft}", headers=PAGE)
    assert page.status_code == 200
    for shown in ("成都七中", "初中物理", "压强", "the first release", "Sign this release", PARTNER):
        assert shown in page.text
    answer = http.post(f"/sign/{draft}", data=FORM, headers=BROWSER, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/sign/{draft}")
    assert "Signed and published" in http.get(f"/sign/{draft}", headers=PAGE).text
    state = http.get(f"/drafts/{draft}", headers=SERVICE).json()
    assert (state["state"], state["target_path"]) == ("published", course().target_path)
    assert read_store(desk.store).listed(PARTNER, COURSE) is not None


def test_the_page_speaks_chinese_first(http: TestClient, draft: str) -> None:
    page = http.get(f"/sign/{draft}", headers={"Accept": "text/html"})
    assert '<html lang="zh-CN"' in page.text
    assert "default-src 'none'" in page.headers["content-security-policy"]


def test_the_page_says_what_changed_since_the_last_release(http: TestClient, desk: Desk) -> None:
    desk.publish(course())
    later = make_release((), 2, COURSE, PARTNER)
    draft = http.post("/drafts", content=later.encoded(), headers=SERVICE).json()["draft_id"]
    for _ in ("before", "after"):
        page = http.get(f"/sign/{draft}", headers=PAGE).text
        assert "taken away" in page
        assert "Release 1" in page
        http.post(f"/sign/{draft}", data=FORM, headers=BROWSER)
    assert "What was signed" in page


def test_the_command_line_signs_by_json(http: TestClient, draft: str) -> None:
    shown = http.get(f"/sign/{draft}").json()
    assert shown["state"] == "waiting"
    signed = http.post(f"/sign/{draft}", json=FORM).json()
    assert (signed["state"], signed["missing"], signed["signed_by"]) == ("published", 0, [PUBLISHER])


def test_the_second_person_is_asked_for(tmp_path: Path) -> None:
    desk = Desk(tmp_path).open(PUBLISHER, REVIEWER)
    with TestClient(SignerProgram(desk.service, URL, SecretStr(TOKEN)).app(), base_url=URL) as http:
        draft = http.post("/drafts", content=course().encoded(), headers=SERVICE).json()["draft_id"]
        page = http.post(f"/sign/{draft}", data=FORM, headers=BROWSER).text
        assert "the signatures of 2 people" in page
        assert f"Signed so far by: {PUBLISHER}" in page
        again = http.post(f"/sign/{draft}", data=FORM, headers=BROWSER)
        assert again.status_code == 409
        assert "A second person has to sign" in again.text
        last = http.post(
            f"/sign/{draft}", data={"signer": REVIEWER, "passphrase": PASSPHRASES[REVIEWER]}, headers=BROWSER
        )
        assert "Signed and published" in last.text


def test_a_store_that_is_away_after_signing_is_told_in_words(http: TestClient, desk: Desk, draft: str) -> None:
    desk.store.left = 0
    page = http.post(f"/sign/{draft}", data=FORM, headers=BROWSER)
    assert "becomes visible by itself" in page.text
    assert http.get(f"/drafts/{draft}", headers=SERVICE).json()["state"] == "waiting"
    desk.store.left = None
    desk.service.tick()
    assert http.get(f"/drafts/{draft}", headers=SERVICE).json()["state"] == "published"


# Who may ask


@pytest.mark.parametrize("headers", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": TOKEN}])
@pytest.mark.parametrize(("method", "path"), [("POST", "/drafts"), ("GET", f"/drafts/{NODE}"), ("POST", "/directions")])
def test_the_api_needs_its_token(http: TestClient, method: str, path: str, headers: dict[str, str]) -> None:
    answer = http.request(method, path, headers=headers)
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json()["code"] == "signer.not-allowed"


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.test"},
        {"Origin": "null"},
        {},
        {"Referer": "https://evil.test/http://sign.test/"},
        {"Origin": "http://sign.test.evil.test"},
    ],
)
def test_a_form_from_elsewhere_signs_nothing(http: TestClient, draft: str, headers: dict[str, str]) -> None:
    answer = http.post(f"/sign/{draft}", data=FORM, headers={**PAGE, **headers})
    assert answer.status_code == 403
    assert http.get(f"/drafts/{draft}", headers=SERVICE).json()["state"] == "waiting"


def test_json_from_a_foreign_page_signs_nothing(http: TestClient, draft: str) -> None:
    assert http.post(f"/sign/{draft}", json=FORM, headers={"Origin": "https://evil.test"}).status_code == 403
    preflight = http.options(f"/sign/{draft}", headers={"Origin": "https://evil.test"})
    assert "access-control-allow-origin" not in preflight.headers


def test_an_old_browser_without_origin_signs_by_its_referer(http: TestClient, draft: str) -> None:
    answer = http.post(f"/sign/{draft}", data=FORM, headers={**PAGE, "Referer": f"{URL}/sign/{draft}"})
    assert "Signed and published" in answer.text


def test_wrong_passphrases_are_told_in_words_and_slow_down(http: TestClient, draft: str) -> None:
    wrong = {**FORM, "passphrase": "wrong passphrase"}
    for _ in range(3):
        answer = http.post(f"/sign/{draft}", data=wrong, headers=BROWSER)
        assert answer.status_code == 403
        assert f"not that of {PUBLISHER}" in answer.text
        assert "wrong passphrase" not in answer.text
        assert f'value="{PUBLISHER}"' in answer.text
    answer = http.post(f"/sign/{draft}", data=FORM, headers=BROWSER)
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "2")
    assert http.post(f"/sign/{draft}", json=FORM).json()["code"] == "signer.too-many-tries"


def test_no_passphrase_reaches_logs_or_files(tmp_path: Path) -> None:
    """Not of a right try, not of a wrong one, not where the form breaks."""
    secrets = ["wrong-and-secret", PASSPHRASES[PUBLISHER]]
    out = io.StringIO()
    with redirect_stdout(out), redirect_stderr(out):
        structlog.reset_defaults()
        desk = Desk(tmp_path).open()
        with TestClient(SignerProgram(desk.service, URL, SecretStr(TOKEN)).app(), base_url=URL) as http:
            draft = http.post("/drafts", content=course().encoded(), headers=SERVICE).json()["draft_id"]
            for secret in secrets:
                http.post(f"/sign/{draft}", content=json.dumps({"signer": 5, "passphrase": secret}))
                http.post(f"/sign/{draft}", data={"signer": PUBLISHER, "passphrase": secret}, headers=BROWSER)
    written = out.getvalue() + "".join(
        path.read_text(errors="replace") for path in tmp_path.rglob("*") if path.is_file()
    )
    assert "release.signed" in written
    assert not [secret for secret in secrets if secret in written]


# Bad input


@pytest.mark.parametrize(
    ("body", "content_type", "status"),
    [
        (b"", "application/x-www-form-urlencoded", 422),
        (b"signer=%ff&passphrase=%00", "application/x-www-form-urlencoded", 404),
        (b"&".join(b"a=b" for _ in range(50)), "application/x-www-form-urlencoded", 422),
        (b"signer=" + b"x" * 300 + b"&passphrase=y", "application/x-www-form-urlencoded", 422),
        (b"\xff\xfe", "application/x-www-form-urlencoded", 422),
        (b"x" * 20_000, "application/x-www-form-urlencoded", 413),
        (b"--x\r\n", "multipart/form-data; boundary=x", 422),
        (b"[" * 10_000, "application/json", 422),
        (b"[]", "application/json", 422),
        (b'{"signer": {"a": 1}}', "application/json", 422),
        (b"{", "application/json", 422),
    ],
)
def test_what_is_no_form_gets_a_message(
    http: TestClient, draft: str, body: bytes, content_type: str, status: int
) -> None:
    for accept in ("text/html", "application/json"):
        headers = {**BROWSER, "Content-Type": content_type, "Accept": accept}
        answer = http.post(f"/sign/{draft}", content=body, headers=headers)
        assert answer.status_code == status, answer.text


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"", 422, "format.bad"),
        (b"{}", 422, "format.bad"),
        (course().encoded() + b" ", 422, "format.bad"),
        (make_release((), partner=OTHER).encoded(), 404, "signer.unknown-partner"),
        (bytes(MAX_RELEASE_BYTES + 1), 413, "signer.too-large"),
    ],
)
def test_what_is_no_release_gets_a_message(http: TestClient, body: bytes, status: int, code: str) -> None:
    answer = http.post("/drafts", content=body, headers=SERVICE)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_an_incomplete_release_names_the_lesson(http: TestClient, desk: Desk) -> None:
    desk.store.objects.clear()
    answer = http.post("/drafts", content=course().encoded(), headers=SERVICE)
    assert answer.status_code == 422
    assert "压强" in answer.json()["detail"]
    assert answer.json()["code"] == "signer.incomplete"


def test_a_store_that_is_away_is_503(http: TestClient, desk: Desk) -> None:
    desk.store.away = True
    assert http.post("/drafts", content=course().encoded(), headers=SERVICE).status_code == 503
    ready = http.get("/readyz")
    assert ready.status_code == 503
    assert ready.json()["problems"][0]["code"] == "store.away"
    assert http.get("/healthz").status_code == 200


@pytest.mark.parametrize(
    "path", ["/", "/sign/", "/sign/x", f"/sign/{NODE}", f"/drafts/{NODE}", "/sign/..%2f..%2froot.key", "/sign/%00"]
)
def test_what_is_not_there_is_404(http: TestClient, path: str) -> None:
    for accept in ("text/html", "*/*"):
        answer = http.get(path, headers={**SERVICE, "Accept": accept})
        assert answer.status_code == 404
    assert http.delete("/drafts", headers=SERVICE).status_code == 405


def test_directions_are_signed_for_the_api(http: TestClient, desk: Desk) -> None:
    desk.publish(course())
    asked = {
        "node": NODE,
        "store_url": "http://store.test/public",
        "assignments": [{"course": COURSE, "partner": PARTNER, "release": 1}],
        "policy": {},
        "minimum_version": 5,
    }
    envelope = http.post("/directions", json=asked, headers=SERVICE)
    assert envelope.json()["payloadType"] == DIRECTION_TYPE
    direction = desk.service.repository.load().trust.open_direction(envelope.content, NODE)
    assert (direction.version, direction.store_url) == (5, "http://store.test/public")
    asked["assignments"] = [{"course": COURSE, "partner": PARTNER, "release": 2}]
    refused = http.post("/directions", json=asked, headers=SERVICE)
    assert (refused.status_code, refused.json()["code"]) == (422, "signer.unknown-release")
    assert http.post("/directions", content=b"{}", headers=SERVICE).status_code == 422


def test_the_first_root_is_handed_out(http: TestClient, desk: Desk) -> None:
    assert http.get("/root").content == desk.service.repository.load().objects["metadata/1.root.json"]


def test_what_ops_watch(http: TestClient, draft: str) -> None:
    http.post(f"/sign/{draft}", json=FORM)
    http.post(f"/sign/{draft}", json=FORM)
    text = http.get("/metrics").text
    for line in (
        "songtan_signer_drafts_total 1.0",
        "songtan_signer_signatures_total 1.0",
        'songtan_signer_refusals_total{code="signer.draft-closed"} 1.0',
    ):
        assert line in text
    assert re.search(r'songtan_signer_expires_seconds\{role="timestamp"\} [\d.e+]+', text)
    assert text.endswith("# EOF\n")
