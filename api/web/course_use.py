"""What a course takes, against its budget, in the words and figures that partners read. Pure."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from api.web.made import tier_and_rung, tier_bytes
from catalog.courses.schemas import LEAST_BUDGET, MOST_BUDGET
from catalog.formats.errors import N_
from catalog.formats.release import Media
from catalog.formats.rungs import Tier
from catalog.look.filters import human_bytes
from catalog.look.language import Language, translate
from catalog.look.words import TIER_WORDS
from catalog.overview.schemas import LessonMade


@dataclass(frozen=True)
class TierUse:
    """What a course takes in a tier now: `size` in words, `share` 0..100 of its budget, None without one."""

    name: str
    size: str
    share: float | None
    over: bool


@dataclass(frozen=True)
class Lost:
    """A rung that `lessons` lessons do without, or with less than might be (`smaller`); `why` as in `GivenUp`."""

    words: str
    why: str
    smaller: bool
    lessons: int


@dataclass(frozen=True)
class CourseUse:
    """A course's budget, what its lessons take now, and what was given up. `megabytes` is what the form shows."""

    budget: str
    megabytes: str
    uses: tuple[TierUse, ...]
    made: int
    lessons: int
    lost: tuple[Lost, ...]


def course_use(
    budget_bytes: int | None, lessons: int, made: Mapping[str, LessonMade], language: Language, attached: int = 0
) -> CourseUse:
    """Return what a course of so many lessons takes in each tier, against its budget; `attached` bytes in any tier."""
    return CourseUse(
        budget=human_bytes(budget_bytes) if budget_bytes is not None else "",
        megabytes=f"{budget_bytes / 1e6:.6f}".rstrip("0").rstrip(".") if budget_bytes is not None else "",
        uses=tuple(_uses([one.media for one in made.values()], budget_bytes, attached, language)),
        made=len(made),
        lessons=lessons,
        lost=_lost(list(made.values()), language),
    )


def _uses(media: Sequence[Media], budget_bytes: int | None, attached: int, language: Language) -> list[TierUse]:
    uses = []
    for tier in Tier:
        there = [each for each in media if tier in each.tiers]
        size = attached + sum(tier_bytes(each, tier) for each in there)
        if there:
            uses.append(
                TierUse(
                    name=translate(TIER_WORDS[tier], language),
                    size=human_bytes(size),
                    share=100 * size / budget_bytes if budget_bytes else None,
                    over=budget_bytes is not None and size > budget_bytes,
                )
            )
    return uses


def _lost(made: Sequence[LessonMade], language: Language) -> tuple[Lost, ...]:
    counts = Counter((g.tier, g.rung, g.why, g.instead is not None) for one in made for g in one.given_up)
    rows = sorted(counts.items(), key=lambda row: (row[0][0].place, -row[0][1].height_on_ladder, row[0][2:]))
    return tuple(
        Lost(
            words=translate(N_("%(rung)s, %(tier)s"), language, **tier_and_rung(tier, rung, language)),
            why=why,
            smaller=smaller,
            lessons=count,
        )
        for (tier, rung, why, smaller), count in rows
    )


MEGABYTES = re.compile(r"(\d{1,12}(?:\.\d{1,6})?)\s*(?:mb)?", re.IGNORECASE)
NO_BUDGET = N_("Give the budget in MB, from %(least)s to %(most)s, or leave it empty for none.")


def parse_budget(text: str) -> int | None:
    """Return the bytes of a budget typed in MB (decimal: a million bytes); None where nothing was typed.

    Full-width digits are taken as well; a comma is not, since it may mean two things. Raises ValueError if it is no
    number, or out of bounds.
    """
    typed = text.strip().translate(str.maketrans("０１２３４５６７８９．ＭＢｍｂ", "0123456789.MBmb"))
    if not typed:
        return None
    found = MEGABYTES.fullmatch(typed)
    size = round(float(found[1]) * 1e6) if found else 0
    if not LEAST_BUDGET <= size <= MOST_BUDGET:
        raise ValueError(text)
    return size


def no_budget_words(language: Language) -> str:
    """Return what is said next to the field when `parse_budget` raised."""
    return translate(NO_BUDGET, language, least=LEAST_BUDGET // 10**6, most=MOST_BUDGET // 10**6)
