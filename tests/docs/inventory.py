"""What the code offers to people who run it, read from the code itself: settings, metrics, events, commands, routes."""

import ast
import importlib
import pkgutil
import re
from collections.abc import Iterator
from pathlib import Path

import typer
from pydantic import AliasChoices, SecretStr
from pydantic_core import PydanticUndefined
from pydantic_settings import BaseSettings

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("api", "catalog", "edge_cache", "signer", "songtan", "workers")
LEVELS = {"debug", "info", "warning", "error", "exception", "critical"}
OUTSIDE = {
    "SONGTAN_API": "the centre's address for `songtan partner` and `songtan ops`",
    "SONGTAN_TOKEN": "their sign-in, for programs; people sign in by `login`",
    "SONGTAN_DIE_WITH_PARENT": "a program ends with the one that started it",
    "SONGTAN_POSTGRES_PASSWORD": "of `docker-compose.yml`: the database's password",
    "SONGTAN_VALKEY_PASSWORD": "of `docker-compose.yml`: the broker's password",
    "SONGTAN_API_BIND": "of `docker-compose.yml`: where the host listens for the API",
    "SONGTAN_SIGNER_BIND": "of `docker-compose.yml`: where the host listens for the signer",
    "SONGTAN_S3_BIND": "of `docker-compose.yml`: where the host listens for the object store",
    "SONGTAN_EDGE_BIND": "of `docker-compose.yml`: where the host listens for the box for trying",
}
"""What is read elsewhere than by a settings class."""


def sources() -> Iterator[Path]:
    """Yield every Python file of the product."""
    for package in PACKAGES:
        yield from sorted((ROOT / package).rglob("*.py"))


def _trees() -> Iterator[ast.AST]:
    for path in sources():
        yield from ast.walk(ast.parse(path.read_text()))


def settings() -> dict[str, str]:
    """Return every environment variable that a settings class reads, with its description and its default."""
    for package in PACKAGES:
        for module in pkgutil.walk_packages([str(ROOT / package)], f"{package}."):
            if module.name.endswith(("settings", "stack.state")):
                importlib.import_module(module.name)
    found: dict[str, str] = {}
    waiting = list(BaseSettings.__subclasses__())
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        if kind.__module__.split(".")[0] not in PACKAGES:
            continue
        for name, info in kind.model_fields.items():
            alias = info.validation_alias
            if isinstance(alias, AliasChoices):
                alias = alias.choices[0]
            variable = alias if isinstance(alias, str) else f"{kind.model_config.get('env_prefix', '')}{name}"
            found[variable.upper()] = f"{info.description}{_shown(info.default)}" if info.description else ""
    return found


def _shown(default: object) -> str:
    """Return a default as somebody would set it; nothing where there is none, or where it is the machine's."""
    if default in (None, "", (), PydanticUndefined) or isinstance(default, SecretStr):
        return ""
    if isinstance(default, bool):
        return f" ({str(default).lower()})"
    return f" ({int(default) if isinstance(default, float) and default.is_integer() else default})"


def metrics() -> dict[str, str]:
    """Return every metric by its name in the code (a scraper sees counters with `_total`), with its help."""
    found = {}
    for node in _trees():
        words = [a.value for a in node.args if isinstance(a, ast.Constant)] if isinstance(node, ast.Call) else []
        if len(words) >= 2 and isinstance(words[0], str) and re.fullmatch(r"songtan_[a-z0-9_]+", words[0]):
            found[words[0]] = str(words[1])
    return found


def events() -> set[str]:
    """Return every log event: the first argument of a call on `log`."""
    found = set()
    for node in _trees():
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in LEVELS | {"log"}
            and ast.unparse(node.func.value).split(".")[-1].strip("_") == "log"
            and node.args
        ):
            event = node.args[node.func.attr == "log"]  # `log.log` is told its level first
            assert isinstance(event, ast.Constant), f"an event's name is a constant: {ast.unparse(node)}"
            found.add(str(event.value))
    return found


def commands() -> dict[str, str]:
    """Return every command of `songtan` in full, with the first line of its help."""
    found: dict[str, str] = {}

    def walk(command: object, name: str) -> None:
        children = getattr(command, "commands", None)
        if children is None:
            found[name] = (getattr(command, "help", "") or "").split("\n")[0]
            return
        for child_name, child in children.items():
            walk(programs.get(child_name, child) if name == "songtan" else child, f"{name} {child_name}")

    programs = {
        name: typer.main.get_command(getattr(importlib.import_module(module), app))
        for name, module, app in _handed_over()
    }
    walk(typer.main.get_command(importlib.import_module("songtan.cli").app), "songtan")
    return found


def _handed_over() -> Iterator[tuple[str, str, str]]:
    """Yield (command, module, name of its app) of the programs to which the front door hands over."""
    for node in ast.walk(ast.parse((ROOT / "songtan" / "cli.py").read_text())):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "_hand_over":
            command, module = (ast.literal_eval(argument) for argument in node.args[:2])
            yield command, module, ast.literal_eval(node.args[4]) if len(node.args) > 4 else "app"


def routes() -> set[str]:
    """Return every path of the programs that have no OpenAPI: the edge node and the signer."""
    return {
        str(node.args[0].value)
        for path in sources()
        if path.relative_to(ROOT).parts[0] in {"edge_cache", "signer"}
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func).split(".")[-1] in {"Route", "Mount"}
        and node.args
        and isinstance(node.args[0], ast.Constant)
    }


def reference() -> str:
    """Return docs/reference.md: everything here that describes itself. `make reference` writes it."""
    parts = ["# Reference", "", "Made from the code by `make reference`; a test says when it is out of date.", ""]
    for title, rows, note in (
        (
            "Commands",
            commands(),
            "Each has `--help`. Exit codes: 0 done, 1 failed, 2 wrong usage, 3 not there or not ready (`songtan edge`:"
            " done in part, run it again), 4 damage was found (`songtan edge` only).",
        ),
        (
            "Settings",
            settings(),
            "Environment variables, with what holds where they are unset. A secret has no default; the programs say"
            " which one is missing.",
        ),
        ("Settings of command lines and containers", OUTSIDE, "Read outside the programs' own settings."),
        (
            "Metrics",
            metrics(),
            "On `/metrics` of each program, in OpenMetrics; counters end in `_total` there. A worker's are served only"
            " where `SONGTAN_WORKER_METRICS_PORT` is set.",
        ),
    ):
        parts += [f"## {title}", "", note, "", "| | |", "|---|---|"]
        parts += [f"| `{name}` | {text.replace('|', chr(92) + '|')} |" for name, text in sorted(rows.items())]
        parts.append("")
    parts += ["## Addresses of the node and the signer", "", "The API describes itself at `/openapi.json`.", ""]
    parts += [f"- `{path}`" for path in sorted(routes())]
    return "\n".join(parts) + "\n"


if __name__ == "__main__":
    (ROOT / "docs" / "reference.md").write_text(reference())
