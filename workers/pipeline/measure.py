"""Measures what was encoded: whether it is whole, and, where it is looked at, whether it decodes and how good it is."""

import hashlib
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from catalog.formats.boxes import float_segment, read_fields, split_fragmented
from catalog.formats.hashing import canonical_json, sha256_hex
from catalog.storage.base import Bucket, NoSuchObject, ObjectStore
from workers.pipeline.commands import measures, probes, segments
from workers.pipeline.errors import SegmentWrong, ToolFailed
from workers.pipeline.gates.legibility import TextRegion, compare
from workers.pipeline.gates.pictures import Scores, measure_segment
from workers.pipeline.gates.reader import Still, the_reader
from workers.pipeline.gates.shown import stills_of
from workers.pipeline.gates.speech import read_samples, score_speech
from workers.pipeline.ladder.voices import anchor_of
from workers.pipeline.process import UNWATCHED, Limits, Watch, run
from workers.pipeline.recipe import SAMPLE_RATE
from workers.pipeline.tools import Tools
from workers.pipeline.work import BEFORE_SAMPLES, Encoded, Measured, SegmentWork, SoundWork, VideoWork

CHECK = Limits(seconds=300, cpu_seconds=300, memory_bytes=2 << 30, file_bytes=1 << 20)


def check_segment(work: SegmentWork, encoded: Path, said: Encoded) -> None:
    """Raise SegmentWrong unless the file `encoded` is what was planned: so many frames, so long, a key frame first.

    Whether they decode is seen where segments are looked at: the others are the same encoder's, and to decode each of
    them took a twentieth of the encoding.
    """
    if said.duration != work.units:
        raise _wrong(work, f"it lasts {said.duration} units, {work.units} were planned")
    _, fragments = split_fragmented(encoded.read_bytes())
    fields = read_fields(float_segment(fragments[0]))
    if not fields.starts_with_key:
        raise _wrong(work, "it does not start with a key frame")
    if fields.samples != work.count:
        raise _wrong(work, f"it holds {fields.samples} frames, {work.count} were planned")


def measure(
    tools: Tools, store: ObjectStore, work: SegmentWork, files: tuple[Path, Path], limits: Limits,
    watch: Watch = UNWATCHED,
) -> Measured:  # fmt: skip
    """Return how good a segment is at the work's spots; `files` are its part and the segment with its init part.

    Nothing for a segment that nobody asked to look at or to hear. Raises SegmentWrong where its frames do not decode.
    """
    if not work.is_looked_at:
        return Measured()
    _check_decodes(tools, work, files[1])
    if not isinstance(work, VideoWork):
        return Measured(speech=_speech(tools, work, files, limits, watch))
    vmaf: Scores = ()
    if work.spots:
        vmaf = measure_segment(tools, work, work.view, work.spots, files, limits, watch)
    legibility = None
    if work.text_at is not None:
        source, shown = stills_of(tools, work, work.view, (work.text_at,), files, limits, watch)
        regions = _regions(store, work, source[0])
        legibility = compare(regions, the_reader().read(shown[0], regions))
    return Measured(vmaf=vmaf, weights=work.weights, legibility=legibility)


def _check_decodes(tools: Tools, work: SegmentWork, encoded: Path) -> None:
    """Raise SegmentWrong unless all frames of the file `encoded` decode, and without a complaint."""
    counted = encoded.with_suffix(".frames")
    try:
        kind = "v" if isinstance(work, VideoWork) else "a"
        complaints = run(measures.count_frames(tools, encoded, kind, counted), CHECK)
    except ToolFailed as error:
        raise _wrong(work, str(error.data["why"])) from error
    frames = sum(1 for line in counted.read_text("ascii").splitlines() if not line.startswith("#"))
    counted.unlink()
    if frames != work.count or complaints:
        raise _wrong(work, f"{frames} of {work.count} frames decode {complaints}".strip())


def _speech(
    tools: Tools, work: SoundWork, files: tuple[Path, Path], limits: Limits, watch: Watch
) -> tuple[float, float] | None:
    """Return ESTOI of a segment's voice, and of the same with bits to spare; None where nobody speaks."""
    piece, encoded = files
    spared, heard = piece.with_suffix(".spared.mp4"), piece.with_suffix(".s16")
    best = work.model_copy(update={"recipe": anchor_of(work.recipe.tier, work.recipe.channels)})
    run(segments.encode_sound(tools, best, piece, spared), limits, watch)
    samples = []
    for file in (piece, encoded, spared):
        run(probes.decode_voice(tools, file, heard), limits, watch)
        samples.append(read_samples(heard))
        heard.unlink()
    spared.unlink()
    wanted = samples[0][BEFORE_SAMPLES : BEFORE_SAMPLES + work.units]
    score, anchor = (score_speech(wanted, found, SAMPLE_RATE) for found in samples[1:])
    return None if score is None or anchor is None else (score, anchor)


_REGIONS: TypeAdapter[tuple[TextRegion, ...]] = TypeAdapter(tuple[TextRegion, ...])
MAX_REGIONS_BYTES = 4 << 20


def _regions(store: ObjectStore, work: VideoWork, still: Still) -> tuple[TextRegion, ...]:
    """Return the text in a picture of the source; what was found is kept, for all renditions are compared with it."""
    what = work.model_dump(mode="json", include={"part_digest", "part_start", "stretch", "handling", "view", "text_at"})
    key = f"texts/{sha256_hex(canonical_json(what))}"
    try:
        return _REGIONS.validate_json(store.get(Bucket.SOURCES, key, MAX_REGIONS_BYTES))
    except (NoSuchObject, ValidationError):
        found = the_reader().regions(still)
        store.put(Bucket.SOURCES, key, _REGIONS.dump_json(found), "application/json")
        return found


def _wrong(work: SegmentWork, why: str) -> SegmentWrong:
    return SegmentWrong(number=work.number, track=work.track, why=why)


def file_digest(path: Path) -> str:
    """Return the sha256 of a file in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
