"""The new release's segments: whole, without a gap, and as many old ones as lie in what was kept."""

from fractions import Fraction
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from workers.pipeline.correction.align import Kept
from workers.pipeline.correction.inherit import (
    MOST_S,
    SHORTEST_S,
    SOUND_MARGIN_FRAMES,
    Boundary,
    SoundBoundary,
    inherit_pictures,
    inherit_sound,
)
from workers.pipeline.plan import Stretch

RATE = Fraction(25)
SLACK = 1 / RATE
PERIOD = Fraction(1, 2)
AAC = Fraction(48_000, 1024)
FORTY_MINUTES = 2400
GRID = [Fraction(s) for s in range(0, FORTY_MINUTES + 1, 15)]


def kept(new_start: Fraction | int, old_start: Fraction | int, seconds: Fraction | int, lag: int = 0) -> Kept:
    return Kept(
        new_start=Fraction(new_start), old_start=Fraction(old_start), seconds=Fraction(seconds), lag=Fraction(lag, 100)
    )


def encoded_share(segments: tuple[Boundary, ...]) -> float:
    return float(sum(s.end - s.start for s in segments if s.old is None) / segments[-1].end)


def test_nothing_changed() -> None:
    segments = inherit_pictures(GRID, [kept(0, 0, 2400)], Fraction(2400), PERIOD, SLACK)
    assert [s.old for s in segments] == list(range(160))


def test_a_minute_replaced_in_place() -> None:
    found = [kept(0, 0, Fraction(299, 5)), kept(Fraction(602, 5), Fraction(602, 5), 2400 - Fraction(602, 5))]
    segments = inherit_pictures(GRID, found, Fraction(2400), PERIOD, SLACK)
    assert [s.old for s in segments if s.start < 45] == [0, 1, 2]
    assert [s.old for s in segments if s.start >= 135] == list(range(9, 160))
    assert encoded_share(segments) <= 0.04


def test_a_minute_cut_out_at_odd_frames() -> None:
    """The old segments move by 59.88 s: the one that bridges the cut ends on no frame of the slowest rung."""
    cut = Fraction(1497, 25)
    found = [
        kept(0, 0, Fraction(1501, 25)),
        kept(Fraction(1505, 25), Fraction(1505, 25) + cut, 2400 - cut - Fraction(1505, 25)),
    ]
    segments = inherit_pictures(GRID, found, 2400 - cut, PERIOD, SLACK)
    assert [s.old for s in segments] == [0, 1, 2, 3, None, *range(9, 160)]
    bridge = segments[4]
    assert (bridge.start, bridge.end) == (Fraction(60), 135 - cut)
    assert encoded_share(segments) <= 0.01


def test_a_boundary_just_behind_a_cut_takes_its_neighbour_along() -> None:
    """Half a second between two kept segments is no segment."""
    found = [kept(0, 0, 30), kept(Fraction(61, 2), 45, 2355)]
    segments = inherit_pictures(GRID, found, Fraction(61, 2) + 2355, PERIOD, SLACK)
    assert [s.old for s in segments[:3]] == [0, None, 3]
    assert segments[1].end - segments[1].start == Fraction(31, 2)


def test_nothing_kept() -> None:
    segments = inherit_pictures(GRID, [], Fraction(95), PERIOD, SLACK)
    assert {s.old for s in segments} == {None}
    assert [float(s.end - s.start) for s in segments] == [19.0] * 5


@st.composite
def maps(draw: st.DrawFn) -> tuple[list[Kept], Fraction]:
    """Kept stretches on frames of the rate, in order of both times, and where the new lesson ends."""
    found = []
    new, old = (Fraction(draw(st.integers(0, 2000)), 25) for _ in range(2))
    for _ in range(draw(st.integers(0, 5))):
        seconds = min(Fraction(draw(st.integers(25, 12_000)), 25), FORTY_MINUTES - old)
        if seconds <= 0:
            break
        found.append(kept(new, old, seconds))
        new, old = (at + seconds + Fraction(draw(st.integers(0, 2000)), 25) for at in (new, old))
    return found, max(new, Fraction(1))


@given(maps())
def test_pictures_are_laid_out_without_a_gap_and_only_kept_ones_inherited(case: tuple[list[Kept], Fraction]) -> None:
    found, end = case
    segments = inherit_pictures(GRID, found, end, PERIOD, SLACK)
    assert segments[0].start == 0
    assert abs(segments[-1].end - end) <= SLACK
    for one, other in pairwise(segments):
        assert one.end == other.start
    for segment in segments:
        length = segment.end - segment.start
        if segment.old is None:
            assert length <= MOST_S + PERIOD
            assert length >= SHORTEST_S or len(segments) == 1
            continue
        late = GRID[segment.old] - segment.start
        assert length == 15
        assert any(
            k.old_start - k.new_start == late
            and k.new_start <= segment.start
            and segment.end <= k.new_start + k.seconds + SLACK
            for k in found
        )
    olds = [s.old for s in segments if s.old is not None]
    assert olds == sorted(set(olds))


STRETCHES = [Stretch(first=n * 700, count=700) for n in range(160)]


@given(maps())
def test_sound_moves_by_whole_frames_and_stays_near_its_place(case: tuple[list[Kept], Fraction]) -> None:
    found, end = case
    frames = max(1, round(end * AAC))
    segments = inherit_sound(STRETCHES, found, frames, AAC)
    assert segments[0].first == 0
    assert abs(segments[-1].first + segments[-1].count - frames) <= 1
    for one, other in pairwise(segments):
        assert one.first + one.count == other.first
    for segment in segments:
        if segment.old is None:
            continue
        old = STRETCHES[segment.old]
        assert segment.count == old.count
        late = segment.first - old.first
        assert any(abs((k.new_start - k.old_start) * AAC - late) <= Fraction(1, 2) for k in found)


def test_sound_beside_a_change_is_encoded_with_it() -> None:
    """A segment whose last frame is heard together with a changed one is not the old one any more."""
    until = Fraction(1400) / AAC
    seen = [kept(0, 0, until, lag=2), kept(60, 60, 2340, lag=2)]
    segments = inherit_sound(STRETCHES, seen, 112_500, AAC)
    assert [s.old for s in segments[:2]] == [0, None]
    longer = [kept(0, 0, until + SOUND_MARGIN_FRAMES / AAC, lag=2), kept(60, 60, 2340, lag=2)]
    segments = inherit_sound(STRETCHES, longer, 112_500, AAC)
    assert [s.old for s in segments[:3]] == [0, 1, None]
    assert {s.lag for s in segments} == {Fraction(1, 50)}
    assert isinstance(segments[0], SoundBoundary)
