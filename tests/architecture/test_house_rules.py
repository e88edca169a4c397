"""The house rules of the design that no linter knows: sizes, names, and settings that are made only in a main."""

import ast
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("api", "catalog", "edge_cache", "signer", "songtan", "workers")
MAX_FILE_LINES = 400
MAX_FUNCTION_LINES = 60
NAMES_THAT_SAY_NOTHING = {"utils", "util", "helpers", "helper", "common", "misc", "functions"}


def tracked(*patterns: str) -> list[Path]:
    """Return the files under version control, or about to be, that match `patterns`."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns]
    listed = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [ROOT / line for line in listed.splitlines() if (ROOT / line).is_file()]


SOURCES = [path for path in tracked("*.py") if "versions" not in path.parts]


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield every function of a file."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def test_there_is_something_to_look_at() -> None:
    assert len(SOURCES) > 20


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_a_file_is_one_room(path: Path) -> None:
    lines = len(path.read_text().splitlines())
    assert lines <= MAX_FILE_LINES, f"{lines} lines: split it where its story does"
    long = [
        f"{f.name} at line {f.lineno}"
        for f in functions(path)
        if f.end_lineno and f.end_lineno - f.lineno + 1 > MAX_FUNCTION_LINES
    ]
    assert not long, f"over {MAX_FUNCTION_LINES} lines: {long}"


def test_every_name_says_something() -> None:
    assert [p for p in SOURCES if NAMES_THAT_SAY_NOTHING & {p.stem, *p.relative_to(ROOT).parts}] == []


def test_only_the_rooms_of_the_design_stand_at_the_top() -> None:
    tops = {path.relative_to(ROOT).parts[0] for path in tracked() if len(path.relative_to(ROOT).parts) > 1}
    assert tops <= {*PACKAGES, ".ci", "benchmarks", "docker", "docs", "requirements", "tests"}


def test_settings_are_made_in_a_main_and_nowhere_else() -> None:
    """No settings object exists because a module was imported."""
    found = []
    for path in SOURCES:
        for node in ast.parse(path.read_text()).body:
            value = node.value if isinstance(node, ast.Assign | ast.AnnAssign) else None
            if isinstance(value, ast.Call) and ast.unparse(value.func).endswith("Settings"):
                found.append(f"{path.relative_to(ROOT)}:{node.lineno}")
    assert found == []


def test_only_one_module_imports_each_foreign_hand() -> None:
    """`minio` stands behind the object store port and `ffmpeg` behind the commands: one import each."""
    for module, only in {"minio": "catalog/storage/s3.py", "ffmpeg": "workers/pipeline/commands/base.py"}.items():
        importers = {
            str(path.relative_to(ROOT))
            for path in SOURCES
            if path.relative_to(ROOT).parts[0] in PACKAGES
            for node in ast.walk(ast.parse(path.read_text()))
            if (isinstance(node, ast.Import) and any(a.name.split(".")[0] == module for a in node.names))
            or (isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == module)
        }
        assert importers <= {only}, importers


def test_nothing_names_where_it_was_installed_from() -> None:
    """Locks and pages name no registry: a school district installs from its own mirror."""
    hosts = ("py" + "pi.org", "python" + "hosted", "registry." + "npmjs", "deb." + "debian")
    found = []
    for path in tracked():
        if path.suffix in {".mp4", ".mo", ".png", ".jpg", ".webp", ".ico"} or "vendor" in path.parts:
            continue
        text = path.read_text(errors="replace")
        found += [f"{path.relative_to(ROOT)}: {host}" for host in hosts if host in text]
    assert found == []
