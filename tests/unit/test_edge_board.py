"""The board: everything is given out once, what came is never asked for again, and all end together."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from catalog.formats.index import Segment
from edge_cache.board import Assembly, Board, Piece, Stretch
from edge_cache.standing import DISTRUST_S, Speed, Standing, pause_after
from edge_cache.steps import FetchIndex


def rows(lengths: list[int]) -> list[Segment]:
    found, offset = [], 100
    for number, length in enumerate(lengths):
        found.append(Segment(number, offset, length, 0, 1, f"{number:064x}"))
        offset += length
    return found


def fetch(board: Board, piece: Piece, upto: int) -> list[tuple[int, int]]:
    """Play a connection that brings the first `upto` bytes of a piece; return what of the pack it brought."""
    at, begun, left = piece.start, piece.part, list(piece.rows)
    stop = min(piece.stop, piece.start + upto)
    while at < stop:
        begun = begun or Assembly(piece.index, left.pop(0), "s")
        took = min(stop, begun.row.offset + begun.row.length) - at
        begun.missing -= took
        at += took
        if not begun.missing:
            board.done(begun.row)
            begun = None
    board.give_back(piece, at, begun)
    return [(piece.start, at)] if at > piece.start else []


@given(
    st.lists(st.integers(1, 400_000), min_size=1, max_size=30),
    st.lists(st.tuples(st.integers(20_000, 300_000), st.integers(0, 300_000)), min_size=1, max_size=60),
)
def test_every_byte_is_brought_once_whatever_breaks(lengths: list[int], tries: list[tuple[int, int]]) -> None:
    board, segments = Board(), rows(lengths)
    board.plan([Stretch("i", segments)], more=False)
    brought: list[tuple[int, int]] = []
    for size, upto in tries:
        piece = board.take("s", size, lambda _: None)
        if isinstance(piece, Piece):
            brought += fetch(board, piece, upto)
    while (piece := board.take("s", 100_000, lambda _: None)) is not None:
        assert isinstance(piece, Piece)
        brought += fetch(board, piece, piece.length)
    brought.sort()
    assert brought[0][0] == segments[0].offset
    assert brought[-1][1] == segments[-1].offset + segments[-1].length
    assert all(one[1] == other[0] for one, other in pairwise(brought))
    assert board.is_empty


def test_a_new_plan_gives_out_nothing_that_is_under_way() -> None:
    board, segments = Board(), rows([50_000] * 4)
    board.plan([FetchIndex("j", 10), Stretch("i", segments)], more=False)
    small, piece = board.take("s", 100_000, lambda _: None), board.take("s", 100_000, lambda _: None)
    assert isinstance(small, FetchIndex)
    assert isinstance(piece, Piece)
    assert [row.number for row in piece.rows] == [0, 1]
    board.plan([FetchIndex("j", 10), Stretch("i", segments)], more=False)
    again = board.take("s", 1 << 20, lambda _: None)
    assert isinstance(again, Piece)
    assert [row.number for row in again.rows] == [2, 3]
    board.put_back(small)
    assert board.take("s", 1, lambda _: None) == small


def test_what_is_kept_while_a_plan_is_made_is_not_given_out_again() -> None:
    board, segments = Board(), rows([50_000] * 2)
    board.plan([Stretch("i", segments)], more=False)
    piece = board.take("s", 60_000, lambda _: None)
    assert isinstance(piece, Piece)
    board.planning()
    fetch(board, piece, piece.length)
    board.plan([Stretch("i", segments)], more=False)
    again = board.take("s", 1 << 20, lambda _: None)
    assert isinstance(again, Piece)
    assert [row.number for row in again.rows] == [1]


def test_what_one_source_began_only_it_goes_on_with_until_it_lets_go() -> None:
    board, segments = Board(), rows([500_000])
    board.plan([Stretch("i", segments)], more=False)
    first = board.take("one", 100_000, lambda _: None)
    assert isinstance(first, Piece)
    assert board.take("two", 100_000, lambda _: None) is None
    board.give_back(first, first.start + 10, first.part)
    board.let_go(lambda source, index: (source, index) != ("one", "i"))
    whole = board.take("two", 1 << 20, lambda _: None)
    assert isinstance(whole, Piece)
    assert whole.length == 500_000


def test_what_was_let_go_does_not_come_back_with_a_connection_that_was_still_at_it() -> None:
    board, segments = Board(), rows([500_000])
    board.plan([Stretch("i", segments)], more=False)
    first, second = (board.take("one", 100_000, lambda _: None) for _ in range(2))
    assert isinstance(first, Piece)
    assert isinstance(second, Piece)
    board.give_back(first, first.start + 10, first.part)
    board.let_go(lambda _source, _index: False)
    board.give_back(second, second.start + 10, second.part)
    assert board.waiting == 500_000
    assert board.take("two", 1 << 20, lambda _: None) is not None
    assert board.is_empty


def test_pieces_shrink_towards_the_end_and_not_before() -> None:
    board = Board()
    board.plan([Stretch("i", rows([100_000] * 20))], more=True)
    assert board.size(10, 1_000_000, 0.1, 1 << 20, 8) == 800_000
    board.plan([Stretch("i", rows([100_000] * 20))], more=False)
    assert board.size(10, 1_000_000, 0.1, 1 << 20, 8) == 100_000
    assert board.size(10, 1_000_000, 0.6, 1 << 20, 8) == 300_000, "five round trips' work at least"


def test_pauses_double_with_jitter_up_to_the_longest() -> None:
    assert pause_after(3, 1, 60, jitter=lambda low, _high: low) == 4
    assert pause_after(3, 1, 60, jitter=lambda _low, high: high) == 8
    assert pause_after(99, 1, 60, jitter=lambda _low, high: high) == 60


def test_a_source_that_sends_damaged_pieces_is_dropped_for_a_while() -> None:
    near, store = Standing(), Standing(lenient=True)
    for standing in (near, store):
        for _ in range(10):
            standing.gave()
    assert [near.gave_bad(0), near.gave_bad(0), near.gave_bad(0)] == [False, False, True]
    assert not near.is_believed(1)
    assert near.is_believed(DISTRUST_S + 1)
    assert not any(store.gave_bad(0) for _ in range(10))


def test_a_sources_rate_is_that_of_its_work() -> None:
    speed = Speed()
    speed.work(0, busy=True)
    speed.brought += 50_000
    assert speed.rate(1) is None, "too little was seen"
    speed.work(25, busy=False)
    assert speed.rate(1000) == 2000
    for hour in range(1, 5):
        speed.work(hour * 3600, busy=True)
        speed.brought += 1_000_000
        speed.work(hour * 3600 + 100, busy=False)
    assert 8_000 < (speed.rate(20_000) or 0) <= 10_000, "what it did long ago counts for less"


def test_a_source_that_failed_is_left_alone_and_forgiven() -> None:
    standing = Standing()
    pause = standing.failed(10, 1, 60)
    assert not standing.may_be_asked(10 + pause / 2)
    assert standing.may_be_asked(10 + pause)
    standing.failed(20, 1, 60)
    standing.came()
    assert standing.failures == 0
