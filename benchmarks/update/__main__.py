"""`make bench-update`: what a school's line carries when one of 40 lessons had a minute replaced, or cut out, and when
nothing is new.

The course is made by our own pipeline, published by a real centre and its signer, and held by a real node; between the
node and both of them stand relays that count.
"""

import argparse
import shutil
import statistics
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.encode.lectures import cache_folder
from benchmarks.encode.ours import Workshop
from benchmarks.programs import Broken
from benchmarks.reporting import Figure, Results, is_quick
from benchmarks.update.box import Box
from benchmarks.update.counted import Crossed, look_bytes
from benchmarks.update.course import CountedCentre, Published
from benchmarks.update.made import Made, Versions, changed_bytes, make_others, make_versions
from catalog.settings import load
from songtan.settings import StackSettings
from songtan.stack.guard import guarded
from songtan.stack.postgres import discard
from songtan.stack.state import State
from tests.fakes.relay import Relay

LESSONS = 40
MINUTES, MINUTE_S = 4, 60
QUICK_MINUTES, QUICK_MINUTE_S = 3, 4
OTHERS, OTHER_S = 3, 30
LOOKS = 10
EDITED_AT = 7
"""The place in the course of the lesson that is edited."""


@contextmanager
def world(folder: Path) -> Iterator[tuple[CountedCentre, Box]]:
    """Run a centre, and give it with a box that is not enrolled yet."""
    settings = load(StackSettings, state=folder / "centre", api_port=0, signer_port=0)
    centre = CountedCentre(settings, State.open(folder / "centre"), say=lambda _words: None)
    (folder / "box").mkdir()
    with Relay(lambda: centre.url("api")) as api, Relay(lambda: centre.embedded.seaweed.url) as store:
        centre.store_relay = store.address
        try:
            centre.start()
            yield centre, Box(folder / "box", api, store)
        finally:
            centre.stop()
            discard(folder / "centre" / "postgres")


def measure(results: Results, folder: Path, cache: Path) -> None:
    """Add all figures. Raises Broken."""
    workshop = Workshop(folder / "made")
    minutes, seconds, others = (QUICK_MINUTES, QUICK_MINUTE_S, 1) if is_quick() else (MINUTES, MINUTE_S, OTHERS)
    say(f"making a lesson of {minutes} x {seconds} s in three versions, and {others} beside it")
    versions = make_versions(workshop, cache, minutes, seconds)
    beside = make_others(workshop, cache, others, QUICK_MINUTE_S if is_quick() else OTHER_S)
    say("starting a centre")
    with world(folder) as (centre, box):
        course = Published(centre, workshop)
        medias = [beside[n % len(beside)].media for n in range(LESSONS)]
        medias[EDITED_AT] = versions.before.media
        course.open(medias)
        box.enrol(course.node_code())
        first = box.update(1)
        say(f"the course is there: {first.words}")
        told = {name: _update(course, box, made) for name, made in _steps(versions)}
        quiet = box.quiet(3 if is_quick() else LOOKS)
    _tell(results, versions, told, first)
    results.figures += [
        Figure("nothing_new_bytes", "a look that finds nothing new", "B", [look_bytes(one) for one in quiet], 2048),
        Figure("nothing_new_round_trips", "… questions in it", "", [len(one) for one in quiet], 1),
    ]
    http = statistics.median(one.up + one.down for look in quiet for one in look)
    results.notes.append(
        f"Nothing new: `songtan edge serve` looking again and again at a real centre; {http:,.0f} bytes of HTTP, heads "
        "of IP and TCP added for a new connection each time (11 packets of 60 bytes at most). By https a handshake "
        "comes to it, as long as the centre's chain of certificates."
    )
    results.notes.append(
        f"Course: {LESSONS} lessons; one of {minutes} x {seconds} s, the others {others} short ones in turn (their "
        "media is in every release and crosses once). Floors of the compatible tier with sound and stills; better "
        "rungs have the same segments."
    )


def _steps(versions: Versions) -> Iterator[tuple[str, Made]]:
    """Give what the edited lesson becomes, release by release: the cut is of the lesson as it was at first."""
    yield "corrected", versions.corrected
    yield "back", versions.before
    yield "cut", versions.cut


def _update(course: Published, box: Box, made: Made) -> Crossed:
    number = course.publish({course.lessons[EDITED_AT]: made.media})
    found = box.update(number)
    say(f"release {number}: {found.words}")
    return found


def _tell(results: Results, versions: Versions, told: dict[str, Crossed], first: Crossed) -> None:
    corrected, cut = told["corrected"], told["cut"]
    replaced = changed_bytes(versions.before, versions.corrected, versions.start, versions.end)
    joint = changed_bytes(versions.before, versions.cut, versions.start, versions.start)
    results.figures += [
        Figure("bytes_vs_changed", "a minute replaced: media fetched by what changed", "x",
               [corrected.media / replaced], 1.05),
        Figure("metadata_bytes", "… all else that crossed", "B", [corrected.rest], 100_000),
        Figure("cut_out_bytes_vs_changed", "that minute cut out: media fetched by what touches the joint", "x",
               [cut.media / joint]),
        Figure("cut_out_metadata_bytes", "… all else that crossed", "B", [cut.rest], 100_000),
        Figure("cut_out_share", "… media fetched by all media of the lesson", "x", [cut.media / _all(versions.cut)]),
        Figure("rolled_back_media_bytes", "back to the version before: media fetched", "B", [told["back"].media], 0),
        Figure("release_bytes", "the course's release document as it is signed", "B", [first.bodies["releases"]]),
    ]  # fmt: skip
    results.notes.append(
        f"A minute replaced: segments and stills that show or say something of it have {replaced:,} bytes; "
        f"{corrected.words}. Cut out: those on both sides of the joint, and stills that are new, have {joint:,} bytes; "
        f"{cut.words}. Bytes of HTTP, both ways."
    )


def _all(made: Made) -> int:
    return sum(track.length for track in made.media.all_tracks()) + sum(blob.length for blob in made.media.blobs())


def say(words: str) -> None:
    """Tell who waits."""
    print(f"  {words}", file=sys.stderr, flush=True)


def main() -> int:
    """Take the figures; return 0 if every bound was reached, 1 if not, 2 if they could not be taken."""
    parser = argparse.ArgumentParser(prog="make bench-update", description=__doc__)
    parser.add_argument("--cache", help="folder that made minutes are kept in (else below XDG_CACHE_HOME)")
    cache = cache_folder(parser.parse_args().cache)
    results = Results("update")
    folder = Path(tempfile.mkdtemp(prefix="songtan-update-"))
    folder.chmod(0o755)  # PostgreSQL's own user has to reach its data
    try:
        measure(results, folder, cache)
    except Broken as error:
        print(error, file=sys.stderr)
        return 2
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0 if results.publish() else 1


if __name__ == "__main__":
    sys.exit(guarded(main))
