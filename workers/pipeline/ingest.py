"""Ingest: look at a source, choose its ladder by short encodes, plan, and cut it once for the tasks that follow."""

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from catalog.formats.rungs import Rung, Tier
from catalog.jobs.media import GivenUp, MediaBase
from catalog.jobs.schemas import Budget
from catalog.storage.base import Bucket
from workers.pipeline.desk import Desk, Kept, cut_pictures, cut_sound, decode_sound
from workers.pipeline.gates.loudness import gain_for
from workers.pipeline.gates.sampling import Sample, choose_spots
from workers.pipeline.gates.spots import view_of
from workers.pipeline.ladder.choose import choose_steps, fit_budget, recipe_of
from workers.pipeline.ladder.cost import SOUND_S, seconds_of
from workers.pipeline.ladder.probing import Bench, probe_ladder
from workers.pipeline.ladder.shapes import kept_size
from workers.pipeline.ladder.sounds import choose_sounds
from workers.pipeline.look.looking import look
from workers.pipeline.look.model import Look, PictureLook
from workers.pipeline.plan import Plan, make_plan, times_within
from workers.pipeline.probe import Facts, SourceLimits, VideoFacts, probe
from workers.pipeline.process import Watch
from workers.pipeline.recipe import Handling, Recipe, SoundHandling, SoundRecipe, VideoRecipe, handling_of
from workers.pipeline.work import SegmentWork, SoundWork, VideoWork
from workers.pipeline.workspace import require_room

PRIORITY = {Rung.LISTEN: 0, Rung.FLOOR: 0, Rung.CLEAR: 1, Rung.BEST: 2}
"""What a lesson needs to be watchable goes first."""


def priority_of(work: SegmentWork) -> int:
    """Return how soon a work is to be done: what makes the lesson watchable goes first, 0."""
    return PRIORITY[work.recipe.rung] if isinstance(work, VideoWork) else 0


@dataclass(frozen=True, slots=True)
class Ingested:
    """What ingest found and decided. `works` are the segments of all tracks; `base` is for the release."""

    facts: Facts
    look: Look
    recipe: Recipe
    plan: Plan
    works: list[SegmentWork]
    base: MediaBase
    given_up: tuple[GivenUp, ...]


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for: the source's key, how long and large it may be, and what its course may cost."""

    source_key: str
    limits: SourceLimits
    budget: Budget | None = None


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
    seen = look(desk.tools, source, facts, desk.folder, desk.limits, _from(desk, 0.1, 0.4))
    recipe, given_up = _choose(desk, source, facts, seen, asked.budget)
    quiet = seen.sound.quiet_points if seen.sound else ()
    plan = make_plan(facts, recipe, seen.pictures.change_times if seen.pictures else (), quiet)
    works: list[SegmentWork] = []
    if facts.video is not None and seen.pictures is not None:
        works += _video_works(cut_pictures(desk, source, facts.video, plan), facts.video, seen.pictures, recipe, plan)
    desk.watch.progress(0.8)
    if facts.sound is not None and recipe.sounds:
        samples = decode_sound(desk, source, facts.sound.stream, recipe, plan)
        works += _sound_works(cut_sound(desk, samples, recipe, plan), recipe, plan)
        samples.unlink()
    base = MediaBase(duration_ms=max(1, round(plan.duration * 1000)))
    desk.watch.progress(1.0)
    return Ingested(facts, seen, recipe, plan, works, base, given_up)


def _from(desk: Desk, begin: float, end: float) -> Watch:
    """Return a watch whose share from 0 to 1 is the desk's from `begin` to `end`."""
    told: Callable[[float], None] = lambda share: desk.watch.progress(begin + share * (end - begin))  # noqa: E731
    return Watch(progress=told, is_cancelled=desk.watch.is_cancelled)


def _choose(
    desk: Desk, source: Path, facts: Facts, seen: Look, budget: Budget | None
) -> tuple[Recipe, tuple[GivenUp, ...]]:
    """Choose the whole ladder: sound first, for pictures share a budget with it."""
    duration = facts.end - facts.start
    hearing: SoundHandling | None = None
    sounds: tuple[SoundRecipe, ...] = ()
    if facts.sound is not None and seen.sound is not None:
        hearing = SoundHandling(
            channels=1 if seen.sound.is_mono else 2, gain_db=gain_for(seen.sound.lufs, seen.sound.true_peak_db)
        )
        sounds = choose_sounds(desk, source, facts, seen.sound, hearing)
    desk.watch.progress(0.45)
    handling: Handling | None = None
    video: tuple[VideoRecipe, ...] = ()
    given_up: tuple[GivenUp, ...] = ()
    if facts.video is not None and seen.pictures is not None:
        handling = handling_of(facts.video).model_copy(update={"crop": seen.pictures.letterbox})
        share = budget.share(duration) * 8 / duration if budget else None
        video, given_up = _choose_video(desk, source, facts, seen.pictures, handling, sounds, share)
    recipe = Recipe(tools=desk.tools.version, handling=handling, hearing=hearing, video=video, sounds=sounds)
    return recipe, given_up


def _choose_video(
    desk: Desk, source: Path, facts: Facts, look: PictureLook, handling: Handling, sounds: tuple[SoundRecipe, ...],
    bits_per_s: float | None,
) -> tuple[tuple[VideoRecipe, ...], tuple[GivenUp, ...]]:  # fmt: skip
    """Choose the rungs of both tiers from probes; with `bits_per_s`, so that a tier's rungs and sound are within it."""
    assert facts.video is not None  # noqa: S101 - the caller has looked
    bench = Bench(desk.tools, desk.folder, desk.limits, _from(desk, 0.45, 0.7))
    hulls = probe_ladder(bench, source, facts.start, facts.video, look, handling)
    recipes: list[VideoRecipe] = []
    given_up: list[GivenUp] = []
    for tier in Tier:
        steps = choose_steps(hulls[tier], look.source_bits_per_s)
        if bits_per_s is not None:
            heard = sum(sound.bits_per_s for sound in sounds if sound.tier is tier)
            steps, lost = fit_budget(tier, hulls[tier], steps, bits_per_s - heard)
            given_up += lost
        recipes += [recipe_of(tier, step) for step in steps]
    return tuple(recipes), tuple(given_up)


def _video_works(
    cut: list[Kept], video: VideoFacts, look: PictureLook, recipe: Recipe, plan: Plan
) -> list[SegmentWork]:
    """Return a work for each segment of each rendition; what is measured on a segment is the same in all of them."""
    assert recipe.handling is not None  # noqa: S101 - a recipe for pictures has it
    view = view_of(*kept_size(video, look), video.rate)
    source_pixels = video.width * video.height * float(view.rate)
    samples = choose_samples(plan, view.rate, look)
    texts = choose_texts(plan, look)
    return [
        VideoWork(
            number=number,
            part_key=cut[plan.part_of[number]].key,
            part_digest=cut[plan.part_of[number]].digest,
            part_start=plan.parts[plan.part_of[number]].start,
            stretch=stretch,
            recipe=rung,
            handling=recipe.handling,
            tools=recipe.tools,
            view=view,
            spots=samples[number].spots,
            weights=samples[number].weights,
            text_at=texts[number],
            cost=seconds_of(rung, float(stretch.seconds), source_pixels),
        )
        for rung in recipe.video
        for number, stretch in enumerate(plan.grid)
    ]


MEASURED_LEAST, MEASURED_ONE_IN = 4, 3
"""At least so many segments of a lesson are measured, and one in so many of a long one."""


def choose_samples(plan: Plan, rate: Fraction, look: PictureLook) -> list[Sample]:
    """Return for each segment the spots that are measured on it, in all renditions the same; most have none.

    Those that are measured lie at even distances, and stand for those that are not.
    """
    every = max(1, min(MEASURED_ONE_IN, len(plan.grid) // MEASURED_LEAST))
    samples = []
    for number, stretch in enumerate(plan.grid):
        if number % every != every // 2:
            samples.append(Sample((), ()))
            continue
        seconds = look.activity[int(stretch.start) : int(stretch.end)]
        changes = times_within(look.change_times, stretch)
        samples.append(choose_spots(stretch.seconds, rate, seconds, changes, number))
    return samples


TEXT_EVERY_S = 60.0
"""Letters are read once in so many seconds of a lesson: an OCR is dear, and text stands."""


def choose_texts(plan: Plan, look: PictureLook) -> list[float | None]:
    """Return for each segment when its letters are read, in seconds from its start, or None.

    The first segment of each minute is looked at, at its end, when a slide is fullest: just before the picture changes.
    """
    times: list[float | None] = []
    last = -TEXT_EVERY_S
    for stretch in plan.grid:
        if float(stretch.start) < last + TEXT_EVERY_S:
            times.append(None)
            continue
        last = float(stretch.start)
        changes = times_within(look.change_times, stretch)
        times.append(max(0.0, (changes[0] if changes and changes[0] > 1 else float(stretch.seconds)) - 0.5))
    return times


def _sound_works(cut: list[Kept], recipe: Recipe, plan: Plan) -> list[SegmentWork]:
    return [
        SoundWork(
            number=number, part_key=cut[number].key, part_digest=cut[number].digest, stretch=stretch, recipe=sound,
            tools=recipe.tools, cost=SOUND_S * float(stretch.seconds),
        )
        for sound in recipe.sounds
        for number, stretch in enumerate(plan.sound)
    ]  # fmt: skip
