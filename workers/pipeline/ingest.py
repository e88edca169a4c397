"""Ingest: look at a source, choose its ladder by short encodes, plan, and cut it once for the tasks that follow."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from catalog.formats.rungs import Tier
from catalog.jobs.media import GivenUp, MediaBase
from catalog.jobs.schemas import Budget, Corrected
from catalog.storage.base import Bucket
from workers.pipeline.correction.correcting import find_correction, inherit_stills
from workers.pipeline.desk import Desk, cut_pictures
from workers.pipeline.gates.loudness import gain_for
from workers.pipeline.ladder.choose import choose_steps, fit_budget, lost_to_source, recipe_of
from workers.pipeline.ladder.hull import Point
from workers.pipeline.ladder.probing import Bench, probe_ladder
from workers.pipeline.ladder.sounds import choose_sounds
from workers.pipeline.look.looking import look
from workers.pipeline.look.model import Look, PictureLook
from workers.pipeline.plan import Plan, make_plan
from workers.pipeline.probe import Facts, SourceLimits, probe
from workers.pipeline.process import Watch
from workers.pipeline.recipe import Handling, Recipe, SoundHandling, SoundRecipe, VideoRecipe, handling_of
from workers.pipeline.stills.lesson import base_of_lesson, fetch_deck, picture_from_deck
from workers.pipeline.work import Row, SegmentWork
from workers.pipeline.works import sound_works, video_works
from workers.pipeline.workspace import require_room


@dataclass(frozen=True, slots=True)
class Ingested:
    """What ingest found and decided. `works` are the segments that are to be encoded; `base` is for the release."""

    facts: Facts
    look: Look
    recipe: Recipe
    plan: Plan
    works: list[SegmentWork]
    base: MediaBase
    given_up: tuple[GivenUp, ...]
    inherited: tuple[Row, ...] = ()


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for: the source's key, how long and large it may be, what its course may cost, its deck's key, and
    the finished job that it corrects.
    """

    source_key: str
    limits: SourceLimits
    budget: Budget | None = None
    deck_key: str | None = None
    corrects: Corrected | None = None


def ingest(desk: Desk, asked: Asked) -> Ingested:
    """Fetch the source, probe, look, try, plan, cut. The watch hears a share from 0 to 1.

    Raises what `probe` raises, NotDecodable, and what tools and store raise.
    """
    source = desk.folder / "source"
    found = desk.store.stat(Bucket.SOURCES, asked.source_key)
    require_room(desk.folder, 2 * (found.length if found else 0))
    desk.store.download_to(Bucket.SOURCES, asked.source_key, source)
    desk.watch.progress(0.1)
    facts = probe(desk.tools, source, asked.limits, desk.unheard)
    opened = fetch_deck(desk, asked.deck_key) if asked.deck_key else None
    seen = look(desk.tools, source, facts, desk.folder, desk.limits, desk.unheard)
    if opened is not None and facts.video is None and facts.sound is not None and seen.sound is not None:
        voice = source, facts.sound.stream
        source = picture_from_deck(desk, voice, facts.end - facts.start, seen.sound, opened)
        facts = probe(desk.tools, source, asked.limits, desk.unheard)
        seen = look(desk.tools, source, facts, desk.folder, desk.limits, desk.unheard)
    desk.watch.progress(0.35)
    correction = find_correction(desk, source, facts, asked.corrects) if asked.corrects else None
    given_up: tuple[GivenUp, ...] = ()
    handling = correction.recipe.handling if correction else _handling(facts, seen)
    handled = (seen.pictures, handling) if seen.pictures and handling else None
    base = base_of_lesson(desk, source, facts, handled, opened)
    if correction is not None and asked.corrects is not None:
        base = inherit_stills(base, asked.corrects.base, correction.pictures)
    desk.watch.progress(0.4)
    if correction is not None:
        recipe, plan = correction.recipe, correction.plan
    else:
        within = asked.budget.bits_per_s(facts.end - facts.start, base.bytes) if asked.budget else None
        recipe, given_up = _choose(desk, source, facts, seen, handling, within)
        quiet = seen.sound.quiet_points if seen.sound else ()
        plan = make_plan(facts, recipe, seen.pictures.change_times if seen.pictures else (), quiet)
    works: list[SegmentWork] = []
    if facts.video is not None and seen.pictures is not None and recipe.handling is not None:
        cut = cut_pictures(desk, source, facts.video, plan)
        works += video_works(cut, facts.video, seen.pictures, recipe, recipe.handling, plan)
    desk.watch.progress(0.8)
    if facts.sound is not None and recipe.hearing is not None:
        late = correction.late if correction else None
        works += sound_works(desk, source, facts.sound.stream, recipe, recipe.hearing, plan, late)
    desk.watch.progress(1.0)
    return Ingested(facts, seen, recipe, plan, works, base, given_up, correction.inherited if correction else ())


def _from(desk: Desk, begin: float, end: float) -> Watch:
    """Return a watch whose share from 0 to 1 is the desk's from `begin` to `end`."""

    def told(share: float) -> None:
        desk.watch.progress(begin + share * (end - begin))

    return Watch(progress=told, is_cancelled=desk.watch.is_cancelled)


def _handling(facts: Facts, seen: Look) -> Handling | None:
    """Return how pictures are taken from the source, None without pictures."""
    if facts.video is None or seen.pictures is None:
        return None
    return handling_of(facts.video).model_copy(update={"crop": seen.pictures.letterbox})


def _choose(
    desk: Desk, source: Path, facts: Facts, seen: Look, handling: Handling | None, within: float | None
) -> tuple[Recipe, tuple[GivenUp, ...]]:
    """Choose the whole ladder: sound first, for pictures share a budget with it. `within`: bits/s of a tier's."""
    hearing: SoundHandling | None = None
    sounds: tuple[SoundRecipe, ...] = ()
    if facts.sound is not None and seen.sound is not None:
        hearing = SoundHandling(
            channels=1 if seen.sound.is_mono else 2, gain_db=gain_for(seen.sound.lufs, seen.sound.true_peak_db)
        )
        sounds = choose_sounds(desk, source, facts, facts.sound.stream, seen.sound, hearing)
    desk.watch.progress(0.45)
    video: tuple[VideoRecipe, ...] = ()
    given_up: tuple[GivenUp, ...] = ()
    if facts.video is not None and handling is not None and seen.pictures is not None:
        bench = Bench(desk.tools, desk.folder, desk.limits, _from(desk, 0.45, 0.7))
        hulls = probe_ladder(bench, source, facts.start, facts.video, seen.pictures, handling)
        video, given_up = _choose_rungs(hulls, seen.pictures, sounds, within)
    recipe = Recipe(tools=desk.tools.version, handling=handling, hearing=hearing, video=video, sounds=sounds)
    return recipe, given_up


def _choose_rungs(
    hulls: Mapping[Tier, list[Point]], look: PictureLook, sounds: tuple[SoundRecipe, ...], bits_per_s: float | None
) -> tuple[tuple[VideoRecipe, ...], tuple[GivenUp, ...]]:
    """Choose the rungs of both tiers from what the probes came to.

    With `bits_per_s`, so that a tier's rungs and sound are within it. Pure.
    """
    recipes: list[VideoRecipe] = []
    given_up: list[GivenUp] = []
    for tier in Tier:
        steps = choose_steps(hulls[tier], look.source_bits_per_s)
        given_up += lost_to_source(tier, hulls[tier], steps)
        if bits_per_s is not None:
            heard = sum(sound.bits_per_s for sound in sounds if sound.tier is tier)
            steps, lost = fit_budget(tier, hulls[tier], steps, bits_per_s - heard)
            given_up += lost
        recipes += [recipe_of(tier, step) for step in steps]
    return tuple(recipes), tuple(given_up)
