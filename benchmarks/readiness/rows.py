"""Every way of filling a node that is compared, by name."""

from collections.abc import Callable, Iterable

from benchmarks.readiness.bound import clairvoyant
from benchmarks.readiness.living import Lived, Store, Way, live
from benchmarks.readiness.ours import Ours
from benchmarks.readiness.peers import BEST, FLOOR, EarliestFirst, InOrder, catalogue, on_demand, popular
from benchmarks.readiness.schools import School

OURS, BOUND = "ours", "bound"


def _with(make: Callable[[School, Store], Way]) -> Callable[[School], Lived]:
    def run(school: School) -> Lived:
        store = Store(school)
        return live(school, make(school, store), store)

    return run


def _in_order(order: Callable[[School], Iterable[int]], rung: int) -> Callable[[School], Lived]:
    return _with(lambda school, store: InOrder(store, order(school), rung))


def _earliest(rung: int, *, foresee: bool) -> Callable[[School], Lived]:
    return _with(lambda school, store: EarliestFirst(school, store, rung, foresee=foresee))


def _ours(school: School) -> Lived:
    store = Store(school)
    way = Ours(school, store)
    lived = live(school, way, store)
    lived.calls, lived.seconds = way.calls, way.seconds
    return lived


ROWS: dict[str, tuple[str, Callable[[School], Lived]]] = {
    "catalogue_best": ("catalogue in order, best rung", _in_order(catalogue, BEST)),
    "catalogue_floor": ("catalogue in order, floor", _in_order(catalogue, FLOOR)),
    "demand_whole": ("on demand, whole line", lambda school: on_demand(school, capped=False)),
    "demand_capped": ("on demand, capped", lambda school: on_demand(school, capped=True)),
    "popular_best": ("popularity, best rung", _in_order(popular, BEST)),
    "popular_floor": ("popularity, floor", _in_order(popular, FLOOR)),
    "earliest_best": ("earliest deadline, best rung", _earliest(BEST, foresee=False)),
    "earliest_best_foreseen": ("earliest deadline, best rung, foreseen", _earliest(BEST, foresee=True)),
    "earliest_floor": ("earliest deadline, floor", _earliest(FLOOR, foresee=False)),
    "earliest_floor_foreseen": ("earliest deadline, floor, foreseen", _earliest(FLOOR, foresee=True)),
    OURS: ("ours", _ours),
    BOUND: ("clairvoyant", clairvoyant),
}
