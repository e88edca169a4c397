"""From a plan to works: what each task is asked to encode, and what is measured on it."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path

from catalog.formats.rungs import Rung, Tier
from workers.pipeline.desk import Desk, Kept, cut_sound, decode_sound
from workers.pipeline.gates.sampling import Sample, choose_spots
from workers.pipeline.gates.spots import view_of
from workers.pipeline.ladder.cost import SOUND_S, seconds_of
from workers.pipeline.ladder.shapes import DISPLAY_SIDE, kept_size
from workers.pipeline.look.model import PictureLook
from workers.pipeline.plan import Plan, Stretch, sound_frames, times_within
from workers.pipeline.probe import VideoFacts
from workers.pipeline.recipe import SAMPLE_RATE, Handling, Recipe, SoundHandling, SoundRecipe, fit
from workers.pipeline.work import SegmentWork, SoundWork, VideoWork

PRIORITY = {Rung.LISTEN: 0, Rung.FLOOR: 0, Rung.CLEAR: 1, Rung.BEST: 2}
"""What a lesson needs to be watchable goes first."""


def priority_of(work: SegmentWork) -> int:
    """Return how soon a work is to be done: what makes the lesson watchable goes first, 0."""
    return PRIORITY[work.recipe.rung] if isinstance(work, VideoWork) else 0


def video_works(
    cut: Sequence[Kept], video: VideoFacts, look: PictureLook, recipe: Recipe, handling: Handling, plan: Plan
) -> list[SegmentWork]:
    """Return a work for each segment that is to be encoded of each rendition; all renditions are measured alike.

    `cut` are the plan's parts as they are stored. A segment without a part is inherited and has no work.
    """
    view = view_of(*kept_size(video, look), video.rate)
    largest = fit(*kept_size(video, look), DISPLAY_SIDE)
    held_at = max(Fraction(0), Fraction(video.end - plan.zero).limit_denominator(90_000) - 1 / view.rate)
    source_pixels = video.width * video.height * float(view.rate)
    mine = [number for number, part in enumerate(plan.part_of) if part is not None]
    stretches = [plan.grid[number] for number in mine]
    samples = dict(zip(mine, choose_samples(stretches, view.rate, look), strict=True))
    texts = dict(zip(mine, choose_texts(stretches, look), strict=True))
    works: list[SegmentWork] = []
    for rung in recipe.video:
        for number, part in enumerate(plan.part_of):
            if part is None:
                continue
            works.append(
                VideoWork(
                    number=number,
                    part_key=cut[part].key,
                    part_digest=cut[part].digest,
                    part_start=plan.parts[part].start,
                    stretch=plan.grid[number],
                    recipe=rung,
                    handling=handling,
                    tools=recipe.tools,
                    view=view,
                    largest=largest,
                    spots=samples[number].spots,
                    weights=samples[number].weights,
                    text_at=texts[number],
                    held_at=held_at if plan.grid[number].start > held_at else None,
                    cost=seconds_of(rung, float(plan.grid[number].seconds), source_pixels),
                )
            )
    return works


SPACING_S = 5.0
"""Beside the liveliest second and the last one, a segment that is measured has a spot about so often."""
MEASURED_LEAST, MEASURED_ONE_IN = 3, 8
"""At least so many segments of a lesson are measured, and one in so many of a long one: what a mean is worth depends on
how many were looked at, not on their share (`gates.sampling`), and a lesson of 45 minutes has 21 of them."""


def choose_samples(stretches: Sequence[Stretch], rate: Fraction, look: PictureLook) -> list[Sample]:
    """Return for each segment the spots that are measured on it, in all renditions the same; most have none.

    Those that are measured lie at even distances, and stand for those that are not.
    """
    every = _one_in(len(stretches))
    samples = []
    for number, stretch in enumerate(stretches):
        if number % every != every // 2:
            samples.append(Sample((), ()))
            continue
        seconds = look.activity[int(stretch.start) : int(stretch.end)]
        changes = times_within(look.change_times, stretch)
        samples.append(choose_spots(stretch.seconds, rate, seconds, changes, number, SPACING_S))
    return samples


def _one_in(segments: int) -> int:
    return max(1, min(MEASURED_ONE_IN, segments // MEASURED_LEAST))


TEXTS_LEAST, TEXT_EVERY_S = 5, (60.0, 120.0)
"""Letters are read so often in a lesson, but no more than once in a minute, and once in two of a long one: an OCR is
dear, and text stands."""


def choose_texts(stretches: Sequence[Stretch], look: PictureLook) -> list[float | None]:
    """Return for each segment when its letters are read, in seconds from its start, or None.

    The first segment of each minute or two is looked at, at its end, when a slide is fullest: just before the picture
    changes.
    """
    least, most = TEXT_EVERY_S
    every = min(most, max(least, float(sum(stretch.seconds for stretch in stretches)) / TEXTS_LEAST))
    times: list[float | None] = []
    last = -every
    for stretch in stretches:
        if float(stretch.start) < last + every:
            times.append(None)
            continue
        last = float(stretch.start)
        changes = times_within(look.change_times, stretch)
        times.append(max(0.0, (changes[0] if changes and changes[0] > 1 else float(stretch.seconds)) - 0.5))
    return times


def sound_works(
    desk: Desk, source: Path, stream: int, recipe: Recipe, hearing: SoundHandling, plan: Plan,
    late: Mapping[Tier, Mapping[int, Fraction]] | None = None,
) -> list[SegmentWork]:  # fmt: skip
    """Decode the sound of `source` and keep the pieces; return a work for each segment of each tier.

    With `late`, only for the segments that it names by tier and number: their sound is read so many seconds later than
    they stand (a correction may have its sound at another distance from the pictures). Raises NotDecodable and what
    tools and store raise.
    """
    wanted: dict[int, int] = {}
    pieces: list[tuple[SoundRecipe, int, Stretch, int]] = []
    for sound in recipe.sounds:
        for number, stretch in enumerate(plan.sounds[sound.tier]):
            if late is not None and number not in late.get(sound.tier, {}):
                continue
            lag = late[sound.tier][number] if late is not None else Fraction(0)
            first = round((stretch.start + lag) * SAMPLE_RATE)
            wanted[first] = max(wanted.get(first, 0), sound_frames(stretch, sound) * sound.frame)
            pieces.append((sound, number, stretch, first))
    if not wanted:
        return []
    samples = decode_sound(desk, source, stream, plan.zero, hearing, max(f + n for f, n in wanted.items()))
    cut = cut_sound(desk, samples, hearing.channels, wanted)
    samples.unlink()
    every = _one_in(len(pieces) // len(recipe.sounds))
    return [
        SoundWork(
            number=number, part_key=cut[first].key, part_digest=cut[first].digest, stretch=stretch, recipe=sound,
            tools=recipe.tools, heard=number % every == every // 2, cost=SOUND_S * float(stretch.seconds),
        )
        for sound, number, stretch, first in pieces
    ]  # fmt: skip
