"""The real servers, one of each for a test session; every test gets its own database, queue space and buckets."""

import itertools
import secrets
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TypeVar

import httpx2
import pytest
import redis

from catalog.migrations import migrate
from songtan.stack.errors import NotReady
from songtan.stack.ports import free_ports
from songtan.stack.postgres import Postgres
from songtan.stack.seaweed import PORT_NAMES, SeaweedFS
from songtan.stack.valkey import Valkey

_numbers = itertools.count(1)


@dataclass(frozen=True)
class StoreAddress:
    """Where the object store is, and two bucket names that no other test has. The buckets do not exist yet."""

    endpoint: str
    access_key: str
    secret_key: str
    bucket_sources: str
    bucket_public: str

    @property
    def env(self) -> dict[str, str]:
        """The same as the settings of a program."""
        return {
            "SONGTAN_S3_ENDPOINT": self.endpoint,
            "SONGTAN_S3_ACCESS_KEY": self.access_key,
            "SONGTAN_S3_SECRET_KEY": self.secret_key,
            "SONGTAN_BUCKET_SOURCES": self.bucket_sources,
            "SONGTAN_BUCKET_PUBLIC": self.bucket_public,
        }


class Server(Protocol):
    """A server that may not start because somebody else was faster on its port."""

    def start(self) -> None: ...

    def stop(self) -> None: ...


S = TypeVar("S", bound=Server)


def started(make: Callable[[], S]) -> S:
    """A server made by `make`, started; made anew, on other ports, if the first one does not start."""
    for attempt in (1, 2, 3):
        server = make()
        try:
            server.start()
        except NotReady:
            server.stop()
            if attempt == 3:
                raise
        else:
            return server
    raise AssertionError("unreachable")


@pytest.fixture(scope="session")
def servers_folder() -> Iterator[Path]:
    """A folder that PostgreSQL's own user can reach (pytest's are closed to others)."""
    folder = Path(tempfile.mkdtemp(prefix="songtan-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_server(servers_folder: Path) -> Iterator[Postgres]:
    password = secrets.token_hex(16)
    server = started(
        lambda: Postgres(
            servers_folder / "postgres",
            servers_folder / "postgresql.log",
            free_ports(1)[0],
            password=password,
            durable=False,
            outside=servers_folder / "outside",
        )
    )
    yield server
    server.stop()


@pytest.fixture(scope="session")
def valkey_server(servers_folder: Path) -> Iterator[Valkey]:
    server = started(
        lambda: Valkey(
            servers_folder / "valkey",
            servers_folder / "valkey.log",
            free_ports(1)[0],
            password=secrets.token_hex(16),
            durable=False,
        )
    )
    yield server
    server.stop()


@pytest.fixture(scope="session")
def seaweed_server(servers_folder: Path) -> Iterator[SeaweedFS]:
    server = started(
        lambda: SeaweedFS(
            servers_folder / "store",
            servers_folder / "seaweedfs.log",
            dict(zip(PORT_NAMES, free_ports(len(PORT_NAMES)), strict=True)),
            access_key="test-access",
            secret_key=secrets.token_hex(16),
        )
    )
    yield server
    server.stop()


def _drop(server: Postgres, name: str) -> None:
    with server.connect() as connection:
        connection.execute(f'drop database if exists "{name}" with (force)'.encode())


def _create(server: Postgres, name: str, template: str) -> None:
    with server.connect() as connection:
        connection.execute(f'create database "{name}" template "{template}"'.encode())


@pytest.fixture
def empty_database_url(postgres_server: Postgres) -> Iterator[str]:
    """A fresh database without any table."""
    name = f"empty_{next(_numbers)}"
    _create(postgres_server, name, "template1")
    yield postgres_server.url_of(name)
    _drop(postgres_server, name)


@pytest.fixture(scope="session")
def migrated_template(postgres_server: Postgres) -> str:
    """The name of a database that has every table, to copy."""
    name = "migrated"
    _create(postgres_server, name, "template1")
    migrate(postgres_server.url_of(name))
    return name


@pytest.fixture
def database_url(postgres_server: Postgres, migrated_template: str) -> Iterator[str]:
    """A fresh database with every table and no row."""
    name = f"test_{next(_numbers)}"
    _create(postgres_server, name, migrated_template)
    yield postgres_server.url_of(name)
    _drop(postgres_server, name)


@pytest.fixture
def broker_url(valkey_server: Valkey) -> str:
    """The broker, with nothing in it."""
    client = redis.Redis.from_url(valkey_server.url)
    client.flushall()
    client.close()
    return valkey_server.url


@pytest.fixture
def store_address(seaweed_server: SeaweedFS) -> Iterator[StoreAddress]:
    """The object store with bucket names of this test's own; their volumes are given back, for they are counted."""
    number = next(_numbers)
    address = StoreAddress(
        endpoint=seaweed_server.url,
        access_key=seaweed_server.access_key,
        secret_key=seaweed_server.secret_key,
        bucket_sources=f"sources-{number}",
        bucket_public=f"public-{number}",
    )
    yield address
    master = f"http://127.0.0.1:{seaweed_server.ports['master.port']}"
    for bucket in (address.bucket_sources, address.bucket_public):
        httpx2.get(f"{master}/col/delete", params={"collection": bucket}, timeout=10)
