"""What a doorbell must do: the one in memory and the real broker's."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from kombu.transport.redis import Channel

from catalog.jobs.celery_doorbell import CeleryDoorbell
from catalog.jobs.doorbell import Doorbell, DoorbellAway
from catalog.jobs.models import TaskKind
from catalog.jobs.schemas import Ring
from songtan.stack.ports import free_ports
from tests.fakes.doorbell import FakeDoorbell
from tests.line import Line


@pytest.fixture(params=["fake", "celery"])
def doorbell(request: pytest.FixtureRequest) -> Iterator[Doorbell]:
    if request.param == "fake":
        yield FakeDoorbell()
        return
    real = CeleryDoorbell(request.getfixturevalue("broker_url"))
    yield real
    real.close()


@pytest.fixture(params=["fake", "celery"])
def unreachable(request: pytest.FixtureRequest) -> Iterator[Doorbell]:
    if request.param == "fake":
        fake = FakeDoorbell()
        fake.away = True
        yield fake
        return
    real = CeleryDoorbell(f"redis://127.0.0.1:{free_ports(1)[0]}/0")
    yield real
    real.close()


def test_rings_wait_in_the_queue_of_their_kind(doorbell: Doorbell) -> None:
    assert [doorbell.unheard(kind) for kind in TaskKind] == [0, 0, 0]
    doorbell.ring(Ring(task_id="A", kind=TaskKind.ENCODE))
    doorbell.ring(Ring(task_id="A", kind=TaskKind.ENCODE))
    doorbell.ring(Ring(task_id="B", kind=TaskKind.PACK))
    assert [doorbell.unheard(kind) for kind in TaskKind] == [0, 2, 1]


def test_a_broker_that_is_away_is_said(unreachable: Doorbell) -> None:
    with pytest.raises(DoorbellAway, match=r"\w"):
        unreachable.ring(Ring(task_id="A", kind=TaskKind.INGEST))
    with pytest.raises(DoorbellAway, match=r"\w"):
        unreachable.unheard(TaskKind.INGEST)


def test_a_broker_that_breaks_off_is_said_and_heard_again(broker_url: str) -> None:
    port = broker_url.rpartition(":")[2].partition("/")[0]
    line = Line("127.0.0.1", int(port))
    real = CeleryDoorbell(broker_url.replace(f":{port}", f":{line.port}"))
    try:
        real.ring(Ring(task_id="A", kind=TaskKind.ENCODE))
        line.cut()
        with pytest.raises(DoorbellAway):
            real.ring(Ring(task_id="B", kind=TaskKind.ENCODE))
        with pytest.raises(DoorbellAway):
            real.unheard(TaskKind.ENCODE)
        line.mend()
        real.ring(Ring(task_id="C", kind=TaskKind.ENCODE))
        assert real.unheard(TaskKind.ENCODE) == 2
    finally:
        real.close()
        line.close()


def test_a_broker_that_breaks_off_while_it_is_asked_is_said(broker_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    port = broker_url.rpartition(":")[2].partition("/")[0]
    line = Line("127.0.0.1", int(port))
    real = CeleryDoorbell(broker_url.replace(f":{port}", f":{line.port}"))
    ask: Callable[..., Any] = Channel.queue_declare

    def cut_first(channel: Channel, **asked: Any) -> Any:
        line.cut()
        return ask(channel, **asked)

    monkeypatch.setattr(Channel, "queue_declare", cut_first)
    try:
        with pytest.raises(DoorbellAway):
            real.unheard(TaskKind.ENCODE)
    finally:
        real.close()
        line.close()
