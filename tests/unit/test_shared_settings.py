"""Settings say which variable is wrong, and secrets that anybody would guess are refused outside the demo."""

import pytest
from pydantic import SecretStr

from api.settings import ApiSettings
from catalog.settings import BadSettings, DatabaseSettings, StorageSettings, environment_names, is_obvious, load

GOOD = "f3b1c0de9a5e4d17a2c4"
URL = f"postgresql+psycopg://songtan:{GOOD}@127.0.0.1:5432/songtan"
STORE = {"s3_endpoint": "http://127.0.0.1:8333/", "s3_access_key": "songtan"}


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in environment_names(ApiSettings):
        monkeypatch.delenv(name, raising=False)


@pytest.mark.parametrize(
    "secret",
    ["", " ", "changeme", "ChangeMe123", "minioadmin", "secret", "secret-secret", "password1!", "aaaa", "1234567890"],
)
def test_what_anybody_would_guess_is_obvious(secret: str) -> None:
    assert is_obvious(secret)


@pytest.mark.parametrize("secret", [GOOD, "correct horse battery", "Xk2-9dPq"])
def test_what_nobody_would_guess_is_not(secret: str) -> None:
    assert not is_obvious(secret)


@pytest.mark.parametrize("secret", ["changeme", "minioadmin", "short", "", "minioadminminioadmin"])
def test_weak_secrets_are_refused_outside_the_demo(secret: str) -> None:
    with pytest.raises(BadSettings, match="SONGTAN_S3_SECRET_KEY") as caught:
        load(StorageSettings, **STORE, s3_secret_key=SecretStr(secret))
    assert "openssl rand" in str(caught.value)
    if secret:
        assert f" {secret} " not in str(caught.value)
    assert load(StorageSettings, **STORE, s3_secret_key=SecretStr(secret), demo=True).demo


def test_a_password_in_an_address_is_a_secret_too() -> None:
    with pytest.raises(BadSettings, match="SONGTAN_DATABASE_URL holds a password"):
        load(DatabaseSettings, database_url=SecretStr("postgresql+psycopg://u:changeme@h/d"))
    settings = load(DatabaseSettings, database_url=SecretStr(URL))
    assert GOOD not in repr(settings)


def test_everything_that_is_missing_is_named_at_once() -> None:
    with pytest.raises(BadSettings) as caught:
        load(ApiSettings)
    for name in ("DATABASE_URL", "S3_ENDPOINT", "S3_SECRET_KEY", "BROKER_URL", "SIGNER_URL", "SIGNER_TOKEN"):
        assert f"SONGTAN_{name} is not set" in str(caught.value)


def test_the_environment_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SONGTAN_DATABASE_URL", URL)
    assert load(DatabaseSettings).database_url.get_secret_value() == URL
    monkeypatch.setenv("SONGTAN_DATABASE_URL", "mysql://x")
    with pytest.raises(BadSettings, match="must begin with postgresql"):
        load(DatabaseSettings)


def test_browsers_see_the_public_endpoint() -> None:
    here = load(StorageSettings, **STORE, s3_secret_key=SecretStr(GOOD))
    assert here.store_url == "http://127.0.0.1:8333/songtan-public"
    there = load(StorageSettings, **STORE, s3_secret_key=SecretStr(GOOD), s3_public_endpoint="https://s.example.org/")
    assert there.store_url == "https://s.example.org/songtan-public"
    for bad in ("store.example.org", "ftp://x", "http://u:p@x", "http://x?y"):
        with pytest.raises(BadSettings, match="is not an address"):
            load(StorageSettings, **{**STORE, "s3_endpoint": bad}, s3_secret_key=SecretStr(GOOD))


def test_every_setting_says_what_it_is() -> None:
    assert [name for name, about in environment_names(ApiSettings).items() if not about] == []
