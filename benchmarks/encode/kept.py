"""What a task made or measured, kept in a folder: a run that broke, or was ended, goes on from there.

It holds for one state of the code that encodes and measures, and for the same words.
"""

import hashlib
import os
import pickle
from collections.abc import Callable, Iterable
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import TypeVar

import numpy as np
from pydantic import BaseModel

SETTING = "SONGTAN_BENCH_KEPT"
"""Names the folder to the processes of the pool."""
ROOMS = ("benchmarks/encode", "workers/pipeline")

T = TypeVar("T")


def folder_for(base: Path) -> Path:
    """Return the folder below `base` for the code as it is."""
    root = Path(__file__).parents[2]
    files = sorted(path for room in ROOMS for path in (root / room).rglob("*.py"))
    return base / hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:16]


def kept(work: Callable[..., T], *words: object) -> T:
    """Return what `work` makes of `words`: of an earlier run, if it is kept. Raises what `work` raises."""
    folder = os.environ.get(SETTING)
    if not folder:
        return work(*words)
    path = Path(folder) / f"{work.__name__}-{hashlib.sha256('|'.join(_told(words)).encode()).hexdigest()[:32]}"
    if path.exists():
        found: T = pickle.loads(path.read_bytes())
        return found
    result = work(*words)
    partial = path.with_name(f"{path.name}.{os.getpid()}")
    partial.write_bytes(pickle.dumps(result))
    partial.rename(path)
    return result


def _told(value: object) -> Iterable[str]:
    """Yield what tells a value from others, the same in each process."""
    if isinstance(value, BaseModel):
        yield value.model_dump_json()
    elif isinstance(value, np.ndarray):
        yield hashlib.sha256(value.tobytes()).hexdigest()
    elif is_dataclass(value):
        for field in fields(value):
            yield f"{field.name}="
            yield from _told(getattr(value, field.name))
    elif isinstance(value, dict):
        yield from _told(list(value.items()))
    elif isinstance(value, list | tuple):
        yield f"{len(value)}:"
        for one in value:
            yield from _told(one)
    else:
        yield repr(value)
