"""The search for our recipes at a peer's quality: where it is just no worse, in few steps."""

from hypothesis import given
from hypothesis import strategies as st

from benchmarks.encode.matched import CRFS, Look, Recipe, following, recipes, smallest
from benchmarks.encode.ours import at_crf
from benchmarks.encode.rule import Quality, Row
from catalog.formats.rungs import Rung, Tier
from tests.works import video_works
from workers.pipeline.work import VideoWork


def fake_look(seen: set[tuple[str, int, int]], first: float = 0.0) -> Look:
    """Each CRF is worth a point of VMAF and a kbit/s; on all pictures it is two points less than on some."""

    def look(recipe: Recipe, crf: int, every: int) -> Row:
        rung = recipe.works[0].recipe.rung
        seen.add((rung, crf, every))
        vmaf = 130.0 - crf - (2 if every == 1 else 0) - (first if rung is Rung.FLOOR else 0)
        return stream(recipe.who(crf), 100.0 - crf + (20 if rung is Rung.CLEAR else 0), vmaf, every)

    return look


def stream(who: str, kbps: float, vmaf: float, every: int = 1) -> Row:
    quality = Quality(vmaf_mean=vmaf, vmaf_p5=vmaf, vmaf_min=vmaf, legibility=1.0, pesq=4.2)
    return Row(who, "slides", kbps, 0.0, kbps, quality, every)


def pictures_of(rung: Rung) -> list[VideoWork]:
    return [work for work in video_works(rung) if isinstance(work, VideoWork)]


def two_recipes() -> list[Recipe]:
    """One of the floor and one of the better rungs: these are larger."""
    works = [pictures_of(Rung.FLOOR), wider(pictures_of(Rung.CLEAR)), at_crf(wider(pictures_of(Rung.BEST)), 30)]
    return recipes(works)


def wider(works: list[VideoWork]) -> list[VideoWork]:
    return [work.model_copy(update={"recipe": work.recipe.model_copy(update={"width": 1920})}) for work in works]


def test_rungs_that_differ_by_their_crf_are_one_recipe() -> None:
    floor, better = two_recipes()
    own = pictures_of(Rung.CLEAR)[0].recipe.crf
    assert (floor.tried, better.tried) == ({own}, {own, 30})
    assert better.who(41) == "modern clear at CRF 41"


def test_the_recipe_is_taken_to_where_it_is_just_no_worse() -> None:
    seen: set[tuple[str, int, int]] = set()
    found = smallest(fake_look(seen), two_recipes(), stream("ricecooker", 90.0, 85.0), named_voice=True)
    assert found is not None
    assert (found.who, found.every) == ("modern floor at CRF 43", 1), "45 held on some pictures, 43 on all"
    assert len(seen) <= 13


def test_where_the_smallest_rung_cannot_the_next_is_looked_at_and_else_there_is_none() -> None:
    peer, look = stream("ricecooker", 90.0, 85.0), fake_look(set(), first=60.0)
    floor, better = two_recipes()
    found = smallest(look, [floor, better], peer, named_voice=True)
    assert found is not None
    assert found.who == "modern clear at CRF 43"
    floor, _ = two_recipes()
    assert smallest(fake_look(set(), first=99.0), [floor], peer, named_voice=True) is None
    assert smallest(look, [], peer, named_voice=True) is None


def test_what_is_known_of_one_peer_serves_the_next() -> None:
    seen: set[tuple[str, int, int]] = set()
    among = two_recipes()
    smallest(fake_look(seen), among, stream("ricecooker", 90.0, 85.0), named_voice=True)
    before = len(seen)
    smallest(fake_look(seen), among, stream("mediacms", 90.0, 84.5), named_voice=True)
    assert len(seen) - before <= 2


@given(st.integers(12, 63), st.integers(0, 52), st.integers(1, 16))
def test_what_follows_is_between_good_and_bad_and_the_search_ends(good: int, more: int, leap: int) -> None:
    bad = min(63, good + more)
    found = following(good, bad, (12, 63), leap) if bad > good else following(good, None, (12, 63), leap)
    assert found is None or good < found <= (bad if bad > good else 63)
    below = following(None, good, (12, 63), leap)
    assert below is None if good == 12 else below is not None and 12 <= below < good


def test_no_crf_beyond_the_encoders_own_is_tried() -> None:
    seen: set[tuple[str, int, int]] = set()
    smallest(fake_look(seen), two_recipes()[:1], stream("peertube", 90.0, 10.0), named_voice=True)
    assert max(crf for _, crf, _ in seen) == CRFS[Tier.MODERN][1]
