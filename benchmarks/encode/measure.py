"""Everything that is measured on one whole stream, peer's or ours: bits, VMAF, legibility, PESQ. One process each.

What belongs to the source alone (where its text stands, how its voice sounds) is found once and handed to all.
"""

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

from benchmarks.encode import hearing
from benchmarks.encode.display import Screen, screen_of, stills, vmaf
from benchmarks.encode.kept import kept
from benchmarks.encode.lectures import Lecture
from benchmarks.encode.reading import STILLS, Text, find_text, share_read, times_of
from benchmarks.encode.rule import Quality, Row, nearest_rank
from benchmarks.encode.running import Weight, cores, weigh
from benchmarks.programs import Broken
from catalog.formats.errors import AppError

T = TypeVar("T")

_clarity: dict[tuple[Path, Path], float | None] = {}
"""What this process has heard already: lecture and sound, PESQ-WB."""


@dataclass(frozen=True, slots=True)
class Reference:
    """A lecture as what others are measured against."""

    lecture: Lecture
    screen: Screen
    text: Text
    voice: hearing.Samples | None


@dataclass(frozen=True, slots=True)
class Stream:
    """What a player would get: whose it is, a file with pictures, one with sound (the same, or None), its matrix."""

    who: str
    video: Path
    sound: Path | None
    matrix: str

    @property
    def weight(self) -> Weight:
        """Bytes of all its files."""
        files = {self.video, self.sound} - {None}
        return sum((weigh(file) for file in files if file is not None), Weight())


def refer(lecture: Lecture, looks: int = STILLS) -> Reference:
    """Return a lecture as a reference: its text found on so many stills, its voice decoded."""
    screen = screen_of(lecture.file, lecture.seconds)
    times = times_of(screen, looks)
    text = find_text(times, stills(screen, lecture.file, screen.matrix, times))
    voice = hearing.heard(lecture.file, lecture.seconds) if lecture.has_sound else None
    return Reference(lecture, screen, text, voice)


def measure(reference: Reference, stream: Stream, every: int = 1) -> Row:
    """Return bits and quality of a stream. VMAF looks at each `every`th picture."""
    lecture, screen = reference.lecture, reference.screen
    scores = vmaf(screen, lecture.file, stream.video, stream.matrix, every)
    read = share_read(reference.text, stills(screen, stream.video, stream.matrix, list(reference.text.times)))
    clarity = None
    if reference.voice is not None and stream.sound is not None:
        known = (lecture.file, stream.sound)
        if known not in _clarity:  # rungs share their tier's sound
            _clarity[known] = hearing.speech_clarity(reference.voice, hearing.heard(stream.sound, lecture.seconds))
        clarity = _clarity[known]
    weight, a_second = stream.weight, 8 / 1000 / lecture.seconds
    return Row(
        who=stream.who,
        lecture=lecture.name,
        video_kbps=weight.video * a_second,
        sound_kbps=weight.sound * a_second,
        file_kbps=weight.whole * a_second,
        every=every,
        quality=Quality(
            vmaf_mean=sum(scores) / len(scores), vmaf_p5=nearest_rank(scores, 0.05), vmaf_min=min(scores),
            legibility=read, pesq=clarity,
        ),
    )  # fmt: skip


def _told(work: Callable[..., T], *words: object) -> T:
    """Do `work`; an error of the pipeline's becomes one that can travel between processes."""
    try:
        return kept(work, *words)
    except AppError as error:
        raise Broken(f"{work.__name__}: {error.code}: {error}") from error


def submit(executor: ProcessPoolExecutor, work: Callable[..., T], *words: object) -> "Future[T]":
    """Let the pool do `work`. Its result raises Broken where the pipeline raised an error."""
    return executor.submit(_told, work, *words)


@contextmanager
def pool() -> Iterator[ProcessPoolExecutor]:
    """Give as many fresh processes as there are processors; each has its own reader and its own children's clock."""
    executor = ProcessPoolExecutor(cores(), mp_context=get_context("spawn"))
    try:
        yield executor
    except BaseException:
        executor.shutdown(wait=False, cancel_futures=True)  # who guards us ends what still runs
        raise
    executor.shutdown()


def in_order(futures: Sequence[Future[T]], say: Callable[[T], None]) -> list[T]:
    """Return the results in the order of `futures`, telling each as its turn comes. Raises what a task raised."""
    results = []
    for future in futures:
        result = future.result()
        say(result)
        results.append(result)
    return results
