"""Groups of settings that several programs share. Each program's settings class combines those that it needs.

Values come from the environment (`SONGTAN_…`). A secret has no default, and outside the demo an obvious one is refused.
"""

from typing import Literal, Self, TypeVar
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from catalog.formats.errors import N_, AppError

PREFIX = "SONGTAN_"
SHORTEST_SECRET = 16
OBVIOUS = frozenset(
    [
        "admin",
        "change-me",
        "changeme",
        "default",
        "example",
        "minioadmin",
        "password",
        "postgres",
        "root",
        "secret",
        "songtan",
        "test",
        "token",
    ]
)


class BadSettings(AppError):
    """The environment does not hold what a program needs; `faults` names each variable and what is wrong with it."""

    code = "settings.bad"
    status = 500
    message = N_("The settings are not usable: %(faults)s. Set these environment variables and start again.")


def is_obvious(secret: str) -> bool:
    """Say whether `secret` is one that anybody would try first: a well-known word, perhaps repeated or numbered."""
    bare = secret.strip().lower().rstrip("0123456789!")
    return not bare or len(set(bare)) < 4 or any(bare.replace(word, "").strip("-_ ") == "" for word in OBVIOUS)


class ProgramSettings(BaseSettings):
    """What every program's settings share. `demo` allows weak secrets: for one machine, for an hour."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, extra="ignore", hide_input_in_errors=True)

    demo: bool = Field(default=False, description="on this machine only, for a look: weak secrets are allowed")
    log_level: Literal["debug", "info", "warning", "error"] = Field(default="info", description="least level logged")
    log_json: bool = Field(default=False, description="one JSON object a line, instead of text for people")

    @model_validator(mode="after")
    def _refuse_obvious_secrets(self) -> Self:
        if self.demo:
            return self
        for name in type(self).model_fields:
            value = getattr(self, name)
            if isinstance(value, SecretStr):
                _refuse_obvious(PREFIX + name.upper(), value.get_secret_value())
        return self


def _refuse_obvious(variable: str, value: str) -> None:
    if "://" in value:
        password = urlsplit(value).password
        if password is not None and is_obvious(password):
            raise ValueError(f"{variable} holds a password that anybody would guess")
    elif is_obvious(value) or len(value) < SHORTEST_SECRET:
        raise ValueError(
            f"{variable} is empty, well known or shorter than {SHORTEST_SECRET} characters; "
            "make one with `openssl rand -hex 24`"
        )


def _web_address(value: str) -> str:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.query or parts.fragment:
        raise ValueError("is not an address such as https://store.example.org")
    return value.rstrip("/")


class DatabaseSettings(ProgramSettings):
    """Where PostgreSQL is."""

    database_url: SecretStr = Field(description="postgresql+psycopg://user:password@host:port/database")

    @field_validator("database_url")
    @classmethod
    def _is_postgresql(cls, value: SecretStr) -> SecretStr:
        if not value.get_secret_value().startswith("postgresql+psycopg://"):
            raise ValueError("must begin with postgresql+psycopg://")
        return value


class StorageSettings(ProgramSettings):
    """Where the object store is, as this program sees it and as browsers and nodes see it."""

    s3_endpoint: str = Field(description="the S3 API, for example http://127.0.0.1:8333")
    s3_public_endpoint: str = Field(default="", description="the same, as browsers and nodes reach it")
    s3_access_key: str = Field(min_length=1, description="name of the key that may read and write both buckets")
    s3_secret_key: SecretStr = Field(description="its secret")
    s3_region: str = Field(default="us-east-1", description="region that requests are signed for")
    bucket_sources: str = Field(default="songtan-sources", description="private: sources and the workers' parts")
    bucket_public: str = Field(default="songtan-public", description="anyone may GET: packs, indexes, metadata")

    @field_validator("s3_endpoint")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        return _web_address(value)

    @model_validator(mode="after")
    def _public_is_an_address(self) -> Self:
        self.s3_public_endpoint = _web_address(self.s3_public_endpoint or self.s3_endpoint)
        return self

    @property
    def store_url(self) -> str:
        """Where public objects are read without credentials, without a slash at the end."""
        return f"{self.s3_public_endpoint}/{self.bucket_public}"


class BrokerSettings(ProgramSettings):
    """Where Celery's broker is."""

    broker_url: SecretStr = Field(description="redis://:password@host:port/0")


S = TypeVar("S", bound=ProgramSettings)


def load(kind: type[S], **overrides: object) -> S:
    """Read settings from the environment. Raises BadSettings naming every variable that is missing or wrong."""
    try:
        return kind.model_validate(overrides)
    except ValidationError as error:
        faults = []
        for fault in error.errors(include_url=False, include_input=False, include_context=False):
            variable = PREFIX + "_".join(map(str, fault["loc"])).upper() if fault["loc"] else ""
            what = "is not set" if fault["type"] == "missing" else fault["msg"].removeprefix("Value error, ")
            faults.append(f"{variable} {what}".strip())
        raise BadSettings(faults="; ".join(faults)) from None


def environment_names(kind: type[ProgramSettings]) -> dict[str, str]:
    """Return every variable that `kind` reads, with its description."""
    return {PREFIX + name.upper(): info.description or "" for name, info in kind.model_fields.items()}
