"""The shaped line of the benchmarks: its rate, queue, delay and loss are what its spec says."""

from hypothesis import given
from hypothesis import strategies as st

from benchmarks.link.obeys import over_ten_seconds
from benchmarks.thin_line.shaping import HEADERS, MTU, Direction, LineSpec

specs = st.builds(
    LineSpec,
    rate_bits_per_s=st.floats(1e5, 1e8),
    delay_ms=st.floats(0, 600),
    loss=st.floats(0, 0.2),
    queue_bytes=st.integers(3_000, 1_000_000),
    seed=st.integers(0, 1000),
)


@given(specs, st.lists(st.tuples(st.floats(0, 0.1), st.integers(40, MTU)), min_size=1, max_size=60))
def test_no_packet_is_early_and_what_waits_fits_the_queue(spec: LineSpec, packets: list[tuple[float, int]]) -> None:
    way, now, last = Direction.of(spec, down=True), 0.0, 0.0
    for wait, length in packets:
        now += wait
        arrives = way.take(now, length)
        if arrives is None:
            continue
        assert arrives >= now + length * 8 / spec.rate_bits_per_s + spec.delay_ms / 1e3 - 1e-9
        assert arrives >= last, "packets keep their order"
        last = arrives
        assert arrives - now <= spec.queue_bytes * 8 / spec.rate_bits_per_s + spec.delay_ms / 1e3 + 1e-9
    counts = way.counts
    assert counts.packets + counts.dropped == len(packets)
    assert abs(counts.busy_s * spec.rate_bits_per_s / 8 - counts.bytes) < 1


def test_a_line_that_is_asked_for_more_gives_its_rate_and_drops_the_rest() -> None:
    spec = LineSpec(4e6, 100, queue_bytes=30_000)
    way = Direction.of(spec, down=True)
    arrived = [at for n in range(10_000) if (at := way.take(n * 0.001, MTU)) is not None]
    assert abs(len(arrived) * MTU * 8 / (10 + 0.06) / 4e6 - 1) < 0.01
    assert way.counts.dropped == 10_000 - len(arrived)


def test_loss_is_by_chance_by_seed_and_uses_the_line() -> None:
    spec = LineSpec(1e8, 0, loss=0.05, queue_bytes=10**9)
    one, two = Direction.of(spec, down=True), Direction.of(spec, down=True)
    fates = [[way.take(n * 0.01, MTU) is None for n in range(20_000)] for way in (one, two)]
    assert fates[0] == fates[1]
    assert 0.04 < sum(fates[0]) / 20_000 < 0.06
    assert one.counts.bytes == 20_000 * MTU


def test_a_line_that_is_cut_lets_nothing_through() -> None:
    way = Direction.of(LineSpec(1e6, 1), down=False)
    way.is_cut = True
    assert way.take(0, MTU) is None
    way.is_cut = False
    assert way.take(0, MTU) is not None
    assert (way.counts.cut, way.counts.packets) == (1, 1)


def test_the_ceiling_is_what_headers_and_losses_leave() -> None:
    assert LineSpec(1e6, 1, loss=0.02).ceiling == (1 - HEADERS / MTU) * 0.98


def test_each_ten_seconds_are_counted() -> None:
    seen = [(second / 2, second * 500.0) for second in range(60)]
    assert over_ten_seconds(seen) == [10_000.0] * 40
