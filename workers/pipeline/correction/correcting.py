"""A correction: a newer source of a lesson keeps the segments of the older one wherever the two show and say the same.

What is kept is decided on decoded pictures and sound (`align`, `bounds`), never on bytes: an editor that exports anew
changes every byte. The correction inherits recipe, gain and boundaries; what it encodes anew fits in between.
"""

import shutil
from dataclasses import dataclass
from fractions import Fraction
from math import inf
from pathlib import Path

import structlog

from catalog.formats.release import Still
from catalog.formats.rungs import Tier
from catalog.jobs.media import MediaBase
from catalog.jobs.schemas import Corrected, EncodeRow
from catalog.storage.base import Bucket, NoSuchObject
from workers.pipeline.correction.align import Kept, TimeMap, align
from workers.pipeline.correction.features import read_samples
from workers.pipeline.correction.inherit import Boundary, SoundBoundary, SoundRun, inherit_pictures, inherit_sound
from workers.pipeline.correction.sampling import choose_samplings
from workers.pipeline.desk import Desk
from workers.pipeline.plan import Plan, Stretch, make_parts, sound_frames
from workers.pipeline.probe import Facts, SourceLimits, probe
from workers.pipeline.rates import common_period
from workers.pipeline.recipe import RECIPE_VERSION, SAMPLE_RATE, Recipe, SoundRecipe, VideoRecipe
from workers.pipeline.work import Done, Row, SoundWork, VideoWork, parse_work

log = structlog.get_logger(__name__)

WORTH_KEEPING = 0.3
"""Where less than this share of the old lesson is kept, the source is another lesson, with a ladder of its own."""

ANY_SIZE = SourceLimits(max_seconds=inf)
"""The old source was within its limits when it came."""


@dataclass(frozen=True, slots=True)
class Correction:
    """What a correction inherits. `late` says by tier and number which segments of sound are new, and how late."""

    recipe: Recipe
    plan: Plan
    inherited: tuple[Row, ...]
    late: dict[Tier, dict[int, Fraction]]
    pictures: tuple[Kept, ...]


def find_correction(desk: Desk, source: Path, facts: Facts, old: Corrected) -> Correction | None:
    """Return what the new source keeps of an old job.

    None where it is not worth it, or where the old one was made by other tools or ways, or of a deck and a voice.
    Raises what decoding and the store raise, but for an old source that is gone: then nothing is inherited.
    """
    recipe = _recipe_of(old)
    known = Facts.model_validate(old.plan["facts"])
    same_tracks = ((facts.video is None) == (known.video is None), (facts.sound is None) == (known.sound is None))
    same_ways = recipe is not None and (recipe.tools, recipe.version) == (desk.tools.version, RECIPE_VERSION)
    if recipe is None or not same_ways or not all(same_tracks):
        return None
    before = desk.folder / "before"
    try:
        desk.store.download_to(Bucket.SOURCES, old.source_key, before)
    except NoSuchObject:
        return None
    if not _is_whole(desk, before, known):
        before.unlink()
        return None
    found = _compare(desk, (before, known), (source, facts), recipe)
    before.unlink()
    kept = float(sum((stretch.seconds for stretch in found.both), Fraction(0)))
    if kept < WORTH_KEEPING * (known.end - known.start):
        log.info("correction.none", kept_s=round(kept, 1))
        return None
    correction = _lay_out(facts, recipe, Plan.model_validate(old.plan), found, old)
    log.info("correction.found", kept_s=round(kept, 1), inherited=len(correction.inherited))
    return correction


def _is_whole(desk: Desk, before: Path, known: Facts) -> bool:
    """Say whether the old source holds the pictures that were found: of a deck's, beside a voice, it has none."""
    return known.video is None or probe(desk.tools, before, ANY_SIZE, desk.unheard).video is not None


def _recipe_of(old: Corrected) -> Recipe | None:
    """Return the recipe as the old tracks were made in the end: a gate may have changed what ingest decided."""
    recipe = Recipe.model_validate(old.recipe)
    works = [parse_work(rows[0].payload) for rows in old.rows.values() if rows]
    video: list[VideoRecipe] = [work.recipe for work in works if isinstance(work, VideoWork)]
    sounds: list[SoundRecipe] = [work.recipe for work in works if isinstance(work, SoundWork)]
    if not video and not sounds:
        return None
    tracks = [one.track for one in recipe.video] + [one.track for one in recipe.sounds]
    order = {track: place for place, track in enumerate(tracks)}
    video.sort(key=lambda one: order.get(one.track, 0))
    sounds.sort(key=lambda one: order.get(one.track, 0))
    return recipe.model_copy(update={"video": tuple(video), "sounds": tuple(sounds)})


def _compare(desk: Desk, old: tuple[Path, Facts], new: tuple[Path, Facts], recipe: Recipe) -> TimeMap:
    """Decode both sources to small samples and align them."""
    samplings = choose_samplings(old[1], new[1])
    folders = (desk.folder / "samples-old", desk.folder / "samples-new")
    read = []
    for (source, facts), sampling, folder in zip((old, new), samplings, folders, strict=True):
        folder.mkdir()
        read.append(
            read_samples(desk.tools, source, facts, sampling, recipe.handling, folder, desk.limits, desk.unheard)
        )
    found = align(read[0], read[1], watch=desk.unheard)
    for folder in folders:
        shutil.rmtree(folder)
    return found


def _lay_out(facts: Facts, recipe: Recipe, old_plan: Plan, found: TimeMap, old: Corrected) -> Correction:
    """Return the plan of the new source: old segments where they are kept, new ones between."""
    duration = Fraction(facts.end - facts.start).limit_denominator(90_000)
    plan = Plan(zero=facts.start, duration=float(duration))
    inherited: list[Row] = []
    if recipe.video and facts.video is not None:
        boundaries = [stretch.start for stretch in old_plan.grid] + [old_plan.grid[-1].end]
        period = common_period([rung.rate for rung in recipe.video])
        laid = inherit_pictures(boundaries, found.pictures, duration, period, 1 / found.rate)
        plan = _with_pictures(plan, laid, [key - facts.start for key in facts.video.keys])
        for rung in recipe.video:
            inherited += _kept_pictures(laid, plan, old.rows[rung.track])
    late: dict[Tier, dict[int, Fraction]] = {}
    sounds: dict[Tier, tuple[Stretch, ...]] = {}
    for sound in recipe.sounds:
        rate = Fraction(SAMPLE_RATE, sound.frame)
        before = [
            SoundRun(first=round(stretch.start * rate), count=sound_frames(stretch, sound))
            for stretch in old_plan.sounds[sound.tier]
        ]
        heard = inherit_sound(before, found.sound, -(-duration * rate // 1), rate)
        sounds[sound.tier] = tuple(Stretch(start=b.first / rate, seconds=b.count / rate) for b in heard)
        late[sound.tier] = {number: b.lag for number, b in enumerate(heard) if b.old is None}
        inherited += _kept_sound(heard, sounds[sound.tier], old.rows[sound.track])
    return Correction(recipe, plan.model_copy(update={"sounds": sounds}), tuple(inherited), late, found.pictures)


def _with_pictures(plan: Plan, laid: tuple[Boundary, ...], keys: list[float]) -> Plan:
    grid = tuple(Stretch(start=b.start, seconds=b.end - b.start) for b in laid)
    anew = [number for number, boundary in enumerate(laid) if boundary.old is None]
    if not anew:
        return plan.model_copy(update={"grid": grid, "part_of": (None,) * len(grid)})
    numbers, parts = make_parts([grid[number] for number in anew], keys)
    part_of: list[int | None] = [None] * len(grid)
    for number, part in zip(anew, numbers, strict=True):
        part_of[number] = part
    return plan.model_copy(update={"grid": grid, "part_of": tuple(part_of), "parts": parts})


def _kept_pictures(laid: tuple[Boundary, ...], plan: Plan, rows: tuple[EncodeRow, ...]) -> list[Row]:
    kept = []
    for number, boundary in enumerate(laid):
        if boundary.old is not None:
            kept.append(_inherited(rows[boundary.old], number, plan.grid[number]))
    return kept


def _kept_sound(
    heard: tuple[SoundBoundary, ...], stretches: tuple[Stretch, ...], rows: tuple[EncodeRow, ...]
) -> list[Row]:
    return [
        _inherited(rows[boundary.old], number, stretches[number])
        for number, boundary in enumerate(heard)
        if boundary.old is not None
    ]


def _inherited(row: EncodeRow, number: int, stretch: Stretch) -> Row:
    work = parse_work(row.payload)
    done = Done.model_validate(row.result | {"inherited": True})
    return work.model_copy(update={"number": number, "stretch": stretch, "part_key": ""}), done


def inherit_stills(base: MediaBase, old: MediaBase, kept: tuple[Kept, ...]) -> MediaBase:
    """Return `base` with the old stills where the picture is the old one: an export anew changes only their bytes."""
    stills = []
    for still in base.stills:
        at = Fraction(still.start_ms, 1000)
        stretch = next((k for k in kept if k.new_start <= at + Fraction(1, 2) < k.new_start + k.seconds), None)
        same = _shown_at(old.stills, at + Fraction(1, 2) - stretch.new_start + stretch.old_start) if stretch else None
        stills.append(same.model_copy(update={"start_ms": still.start_ms}) if same else still)
    poster = old.poster if old.poster and any(still in old.stills for still in stills[:1]) else base.poster
    return base.model_copy(update={"stills": tuple(stills), "poster": poster})


def _shown_at(stills: tuple[Still, ...], at: Fraction) -> Still | None:
    before = [still for still in stills if still.start_ms <= at * 1000]
    return before[-1] if before else None
