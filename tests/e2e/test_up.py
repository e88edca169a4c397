"""`songtan up` as real processes: it comes up, stops in order, keeps what was stored, and leaves nothing behind."""

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from songtan.stack.postgres import discard
from tests.e2e.running_up import GONE_SECONDS, UP_SECONDS, Up, still_there


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "有 空格, Li's"
    folder.mkdir()
    yield folder
    discard(folder / "postgres")


def test_it_keeps_what_was_stored_and_ends_in_order(state: Path) -> None:
    first = Up(state)
    first.wait()
    county = first.post("/api/counties", {"name": "青山县"})
    everyone = first.everyone()
    assert {"postgres", "valkey-server", "weed"} <= {process.name() for process in everyone}
    first.front.send_signal(signal.SIGINT)
    assert first.front.wait(GONE_SECONDS) == 0, first.log.read_text()
    assert still_there(everyone) == []

    second = Up(state)
    second.wait()
    assert second.get("/api/counties")["counties"] == [county]
    everyone = second.everyone()
    second.front.kill()
    second.front.wait()
    assert still_there(everyone) == []

    third = Up(state)  # after kill -9 it starts again, with everything
    third.wait()
    assert third.get("/api/counties")["counties"] == [county]
    fourth = Up(state)
    assert fourth.front.wait(UP_SECONDS) == 1
    assert "in use by another `songtan up`" in fourth.log.read_text()
    next(p for p in third.everyone() if p.name() == "valkey-server").kill()
    assert third.front.wait(UP_SECONDS) == 3
    assert "valkey ended by itself (signal SIGKILL)" in third.log.read_text()
