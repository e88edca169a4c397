"""What is shown where a lesson has a deck: its pages where the video shows them, the video's slides elsewhere. Pure."""

from collections.abc import Sequence

from workers.pipeline.stills.choice import SHORTEST_S, Slide
from workers.pipeline.stills.decks import Deck
from workers.pipeline.stills.extract import Pictured
from workers.pipeline.stills.matching import Shown


def uncovered(slides: Sequence[Slide], shown: Sequence[Shown]) -> tuple[Slide, ...]:
    """Return the slides of the video, cut to the stretches in which no page is shown.

    A slide is looked at as late as before, within its stretch; what remains for less than 1.5 s is none.
    """
    left: list[Slide] = []
    for slide in slides:
        start = slide.start_s
        for page in [*(s for s in shown if s.end_s > slide.start_s and s.start_s < slide.end_s), None]:
            end = min(slide.end_s, page.start_s) if page else slide.end_s
            if end - start >= SHORTEST_S:
                pick = slide.pick_s if start <= slide.pick_s < end else max(start, end - 0.5)
                left.append(Slide(start_s=start, end_s=end, pick_s=pick))
            start = max(start, page.end_s) if page else start
    return tuple(left)


def with_pages(deck: Deck, shown: Sequence[Shown], others: Sequence[Pictured]) -> tuple[Pictured, ...]:
    """Return what stands when: the deck's pages and, between them, pictures of the video; by time, the first from 0."""
    pages = [Pictured(start_s=s.start_s, file=deck.pages[s.page].file, title=deck.pages[s.page].title) for s in shown]
    ordered = sorted([*pages, *others], key=lambda picture: picture.start_s)
    return tuple(p.model_copy(update={"start_s": 0.0}) if n == 0 else p for n, p in enumerate(ordered))
