"""The OCR: PP-OCR's models, which the wheel of `rapidocr` brings, run by onnxruntime on one thread.

Models are named by their files, so that nothing is ever looked for on a network; a wheel without them is an error.
"""

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from workers.pipeline.errors import ReaderMissing
from workers.pipeline.gates.legibility import Corners, TextRegion, counts, normalised

Still = npt.NDArray[np.uint8]
"""A picture: rows × columns × 3, blue, green, red, 8 bits, full range."""

DETECTION, RECOGNITION = "PP-OCRv6_det_small.onnx", "PP-OCRv6_rec_small.onnx"
NUDGE_PX = 1.0
"""A line is read twice in the source, the second time with its box so much larger; only what both readings agree on is
counted. A line whose reading hangs on a pixel says nothing about a rendition."""


@cache
def the_reader() -> "Reader":
    """Return this process's reader; its models are loaded when it first reads (60 MB of memory, 0.3 s)."""
    return Reader()


class Reader:
    """Finds and reads lines of text, Chinese and Latin. Not for use by several threads at once."""

    def __init__(self, models: Path | None = None) -> None:
        self._models = models
        self._engine: Any = None

    def regions(self, image: Still) -> tuple[TextRegion, ...]:
        """Return the lines of text in a still of the source, from top to bottom, that are worth looking for.

        Raises ReaderMissing if the models are not installed.
        """
        found = self._load()(image, use_det=True, use_cls=False, use_rec=False)
        if found.boxes is None:
            return ()
        boxes = [_corners(box) for box in found.boxes]
        read = self._read(image, boxes)
        regions = [
            TextRegion(box=box, text=text, score=score, height_px=_length(box[0], box[3]))
            for box, (text, score) in zip(boxes, read, strict=True)
        ]
        regions = [region for region in regions if counts(region)]
        again = self._read(image, [_larger(region.box) for region in regions])
        return tuple(
            region
            for region, (text, _) in zip(regions, again, strict=True)
            if normalised(text) == normalised(region.text)
        )

    def read(self, image: Still, regions: Sequence[TextRegion]) -> tuple[str, ...]:
        """Return what is read in a still of a rendition, of the source's size, at each of the source's regions."""
        return tuple(text for text, _ in self._read(image, [region.box for region in regions]))

    def _read(self, image: Still, boxes: Sequence[Corners]) -> list[tuple[str, float]]:
        if not boxes:
            return []
        engine, read = self._load(), []
        for box in boxes:  # one by one: in a batch a line is padded to its longest neighbour, and reads otherwise
            found = engine(_cut_out(image, box), use_det=False, use_cls=False, use_rec=True)
            read.append((str(found.txts[0]), float(found.scores[0])))
        return read

    def _load(self) -> Any:
        if self._engine is None:
            self._engine = _engine(self._models)
        return self._engine


def _engine(models: Path | None) -> Any:
    import rapidocr  # noqa: PLC0415 - 1.2 s of every start, that of each health check too

    folder = models or Path(rapidocr.__file__).parent / "models"
    missing = [name for name in (DETECTION, RECOGNITION) if not (folder / name).is_file()]
    if missing:
        raise ReaderMissing(name=", ".join(missing))
    cv2.setNumThreads(1)
    settings = {
        "Global.log_level": "critical",
        "Global.use_cls": False,
        "Global.use_preprocess_img": False,
        "EngineConfig.onnxruntime.intra_op_num_threads": 1,
        "EngineConfig.onnxruntime.inter_op_num_threads": 1,
        "Det.model_path": str(folder / DETECTION),
        "Rec.model_path": str(folder / RECOGNITION),
    }
    return rapidocr.RapidOCR(params=settings)


def _corners(box: Any) -> Corners:
    first, second, third, fourth = ((float(x), float(y)) for x, y in box)
    return first, second, third, fourth


def _length(one: tuple[float, float], other: tuple[float, float]) -> float:
    return float(np.hypot(one[0] - other[0], one[1] - other[1]))


def _larger(box: Corners) -> Corners:
    ways = ((-1, -1), (1, -1), (1, 1), (-1, 1))
    return _corners([(x + NUDGE_PX * dx, y + NUDGE_PX * dy) for (x, y), (dx, dy) in zip(box, ways, strict=True)])


def _cut_out(image: Still, box: Corners) -> Still:
    """Return the line in `box`, lying, upright lines (columns of signs) turned: as the models were trained."""
    corners = np.array(box, dtype=np.float32)
    width = max(1, round(max(_length(box[0], box[1]), _length(box[2], box[3]))))
    height = max(1, round(max(_length(box[0], box[3]), _length(box[1], box[2]))))
    flat = np.array([[0, 0], [width, 0], [width, height], [0, height]], dtype=np.float32)
    straight = cv2.getPerspectiveTransform(corners, flat)
    line = cv2.warpPerspective(image, straight, (width, height), borderMode=cv2.BORDER_REPLICATE, flags=cv2.INTER_CUBIC)
    return np.asarray(np.rot90(line) if height >= 1.5 * width else line, dtype=np.uint8)
