"""The line's rules: giving way, the cap, the hours, how many connections, the way through a proxy, faults in words."""

import socket
import ssl
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from catalog.formats.protocol import Window
from edge_cache.answers import refuse
from edge_cache.errors import (
    SourceFailed,
    SourceLacks,
    SourceRefuses,
    SourceTimedOut,
    SourceUnknownHost,
    SourceUnreachable,
)
from edge_cache.line.crew import Crew
from edge_cache.line.errors import (
    BadProxy,
    SourceCertificateExpired,
    SourceCertificateNotYet,
    SourceCertificateUnknown,
    SourceLinkExpired,
)
from edge_cache.line.faults import told_apart
from edge_cache.line.giveway import LEAST_PACKETS, MOST_BYTES, Scavenger, target_for
from edge_cache.line.pace import BURST_S, WIRE_SHARE, Pace
from edge_cache.line.route import route_to
from edge_cache.line.tcp import MSS
from edge_cache.line.windows import is_open, until_change


class Pipe:
    """A line of `rate` bytes/s and `base` seconds with a queue: what is on its way beyond what fits has to wait."""

    def __init__(self, rate: float, base: float, loss: float = 0.0) -> None:
        self.rate, self.base, self.others = rate, base, 0.0

    def after(self, window: float) -> tuple[float, float]:
        """Return (round trip, our bytes/s) in balance, with `others` bytes/s that do not care."""
        mine = self.rate - self.others
        return max(self.base, window / mine), min(mine, window / self.base)


def run(scavenger: Scavenger, pipe: Pipe, seconds: float, at: float = 0.0) -> float:
    """Let it run; return the clock."""
    end = at + seconds
    while at < end:
        trip, rate = pipe.after(scavenger.window)
        scavenger.hear(at, 0.05, [trip] * 4, rate * trip)
        at += 0.05
    return at


@given(rate=st.floats(60_000, 3_000_000), base=st.floats(0.02, 0.6))
@settings(deadline=None)
def test_alone_the_scavenger_fills_the_line_and_adds_little_delay(rate: float, base: float) -> None:
    scavenger, pipe = Scavenger(), Pipe(rate, base)
    scavenger.base.hear(0, base)
    run(scavenger, pipe, 60)
    trip, mine = pipe.after(scavenger.window)
    assert mine >= 0.95 * rate or scavenger.window <= LEAST_PACKETS * MSS
    assert trip - base <= 2 * target_for(base) or scavenger.window <= LEAST_PACKETS * MSS


@given(share=st.floats(0.1, 0.9))
@settings(deadline=None)
def test_it_leaves_what_others_take_and_comes_back(share: float) -> None:
    scavenger, pipe = Scavenger(), Pipe(500_000, 0.06)
    scavenger.base.hear(0, 0.06)
    now = run(scavenger, pipe, 30)
    pipe.others = share * 500_000
    now = run(scavenger, pipe, 10, now)
    assert pipe.after(scavenger.window)[0] - 0.06 <= 2 * target_for(0.06) or scavenger.window <= LEAST_PACKETS * MSS
    pipe.others = 0.0
    run(scavenger, pipe, 10, now)
    assert pipe.after(scavenger.window)[1] >= 0.95 * 500_000


@given(rate=st.floats(60_000, 3_000_000), base=st.floats(0.1, 0.6), lag=st.floats(0, 2))
@settings(deadline=None)
def test_news_that_comes_late_does_not_make_it_swing(rate: float, base: float, lag: float) -> None:
    """The kernel's round trips are a mean over the last ones: an old queue is still heard of when it has gone."""
    scavenger, pipe = Scavenger(), Pipe(rate, base)
    scavenger.base.hear(0, base)
    heard, brought = base, list[float]()
    for tick in range(3000):
        trip, mine = pipe.after(scavenger.window)
        heard += (trip - heard) * min(1.0, 0.05 / (trip * (0.5 + lag)))
        scavenger.hear(tick * 0.05, 0.05, [heard] * 4, mine * trip)
        brought.append(mine / rate)
    settled = brought[1000:]
    assert sum(settled) / len(settled) >= 0.97
    assert min(settled) >= 0.75


def test_a_process_that_was_stopped_for_seconds_does_not_open_the_window_at_once() -> None:
    scavenger = Scavenger()
    before = scavenger.window
    scavenger.hear(0, 9.0, [], 0.0)
    assert scavenger.window <= 1.2 * before


def test_a_few_delayed_by_losses_are_no_queue() -> None:
    scavenger = Scavenger()
    scavenger.base.hear(0, 0.2)
    before = scavenger.window
    scavenger.hear(0, 0.05, [0.2, 0.2, 0.9, 0.8], before)
    assert scavenger.window >= before
    scavenger.hear(0, 0.05, [0.9], before, sure=False)
    assert scavenger.window >= before


def test_a_queue_of_our_own_is_no_reason_to_leave_the_line() -> None:
    """A loss, say, holds packets up for a moment: what comes is ours as before, and so is the queue."""
    scavenger, pipe = Scavenger(), Pipe(500_000, 0.06)
    scavenger.base.hear(0, 0.06)
    now = run(scavenger, pipe, 30)
    full = scavenger.full
    for _ in range(20):
        now += 0.05
        scavenger.hear(now, 0.05, [0.12] * 4, pipe.rate * 0.12)
    assert scavenger.window >= full * 0.5
    for _ in range(20):
        now += 0.05
        scavenger.hear(now, 0.05, [0.12] * 4, pipe.rate / 2 * 0.12)
    assert scavenger.window == LEAST_PACKETS * MSS


def test_where_the_kernel_tells_nothing_the_window_grows_and_ends() -> None:
    scavenger = Scavenger()
    for second in range(1000):
        scavenger.hear(second, 1.0, [], 0.0)
    assert scavenger.window == MOST_BYTES


@given(cap=st.integers(8_000, 50_000_000), chunk=st.integers(1_000, 100_000))
def test_a_cap_holds_over_ten_seconds(cap: int, chunk: int) -> None:
    pace, now, taken = Pace(), 0.0, 0.0
    pace.limit(cap)
    while now < 10:
        wait = pace.wait(now)
        now += wait
        pace.took(now, chunk)
        taken += chunk / WIRE_SHARE
        now += 0.0 if wait else 0.01
    allowed = cap / 8 * (now + BURST_S)
    assert taken <= allowed + chunk / WIRE_SHARE + 1
    assert pace.wait(now) >= 0


def test_without_a_cap_nobody_waits() -> None:
    pace = Pace()
    pace.took(0, 10**9)
    assert pace.wait(0) == 0


WEDNESDAY = datetime(2026, 11, 25, tzinfo=UTC)


@pytest.mark.parametrize(
    ("window", "hour", "minute", "there"),
    [
        (Window(start=0, end=360), 5, 59, True),
        (Window(start=0, end=360), 6, 0, False),
        (Window(start=1320, end=360), 23, 0, True),
        (Window(start=1320, end=360), 3, 0, True),
        (Window(start=1320, end=360), 12, 0, False),
        (Window(start=1320, end=360, days=(2,)), 23, 0, True),
        (Window(start=1320, end=360, days=(2,)), 3, 0, False),
        (Window(start=1320, end=360, days=(1,)), 3, 0, True),
        (Window(start=600, end=600), 9, 59, True),
    ],
)
def test_windows_open_and_close_on_time(window: Window, hour: int, minute: int, there: bool) -> None:
    assert is_open([window], WEDNESDAY.replace(hour=hour, minute=minute)) is there


@given(
    st.lists(
        st.builds(
            Window,
            start=st.integers(0, 1439),
            end=st.integers(0, 1439),
            days=st.lists(st.integers(0, 6), max_size=3).map(tuple),
        ),
        max_size=3,
    ),
    st.integers(0, 7 * 86400 - 1),
)
def test_the_next_change_is_the_next_change(windows: list[Window], second: int) -> None:
    now = WEDNESDAY + timedelta(seconds=second)
    left = until_change(windows, now)
    if left is None:
        assert all(is_open(windows, now + timedelta(minutes=m)) == is_open(windows, now) for m in range(0, 10080, 17))
    else:
        assert left > 0
        assert is_open(windows, now + timedelta(seconds=left)) != is_open(windows, now)
        assert is_open(windows, now + timedelta(seconds=left - 0.5)) == is_open(windows, now)


def test_connections_grow_while_they_bring_something_and_rest_then() -> None:
    crew, rate = Crew(24), 0.0
    for second in range(100):
        rate = min(crew.count, 12) * 50_000.0
        crew.hear(second, rate, full=False)
    assert 12 <= crew.count <= 20
    few = Crew(24)
    for second in range(100):
        few.hear(second, 1e6, full=True)
    assert few.count == 6
    assert Crew(2).count == 2


def test_a_route_is_straight_or_through_a_proxy() -> None:
    straight = route_to("http://store.example:9000/bucket/", "none")
    assert (straight.door, straight.target("packs/x")) == (("store.example", 9000), "/bucket/packs/x")
    proxied = route_to("http://store.example/bucket", "http://me:se%20cret@gate:3128")
    assert proxied.door == ("gate", 3128)
    assert proxied.target("packs/x") == "http://store.example/bucket/packs/x"
    assert proxied.proxy_key == "Basic bWU6c2UgY3JldA=="
    secure = route_to("https://store.example/bucket", "gate:3128")
    assert (secure.door, secure.target("packs/x"), secure.port) == (("gate", 3128), "/bucket/packs/x", 443)


def test_the_environments_proxy_is_used_but_not_for_whom_it_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://gate:8888")
    monkeypatch.setenv("NO_PROXY", "inside.example")
    assert route_to("http://store.example").door == ("gate", 8888)
    assert route_to("http://inside.example").door == ("inside.example", 80)
    assert route_to("http://store.example", "none").door == ("store.example", 80)


def test_what_is_no_address_is_refused_in_words() -> None:
    for wrong in ("ftp://x", "nonsense", "http://"):
        with pytest.raises(SourceUnreachable):
            route_to(wrong)
    with pytest.raises(BadProxy, match="gate") as told:
        route_to("http://store.example", "socks5://me:secret@gate:1080")
    assert "secret" not in str(told.value)


def _certificate(code: int) -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError("certificate verify failed")
    error.verify_code, error.verify_message = code, "words"
    return error


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (ConnectionRefusedError(), SourceRefuses),
        (TimeoutError(), SourceTimedOut),
        (socket.gaierror(), SourceUnknownHost),
        (UnicodeError("label empty or too long"), SourceUnknownHost),
        (ConnectionResetError("reset"), SourceUnreachable),
        (_certificate(9), SourceCertificateNotYet),
        (_certificate(10), SourceCertificateExpired),
        (_certificate(18), SourceCertificateUnknown),
        (SourceLacks(address="x", status=404), SourceLacks),
    ],
)
def test_faults_of_a_connection_are_told_apart(error: BaseException, kind: type[SourceFailed]) -> None:
    assert type(told_apart(error, "x")) is kind
    wrapped = RuntimeError("outer")
    wrapped.__cause__ = error
    assert type(told_apart(wrapped, "x")) is kind


def test_a_link_that_expired_is_not_a_closed_door() -> None:
    assert isinstance(refuse("x", 403, {}, b"<Message>Request has expired</Message>"), SourceLinkExpired)
    assert not isinstance(refuse("x", 403, {}, b"<Message>AccessDenied</Message>"), SourceLinkExpired)
    assert refuse("x", 206, {}) is None
