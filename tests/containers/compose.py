"""docker-compose.yml as Compose would read it: anchors merged, variables filled in or their absence said."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
FILE = ROOT / "docker-compose.yml"
SCHEMA = Path(__file__).with_name("compose-spec.json")
VARIABLE = re.compile(r"\$\$|\$\{(?P<name>\w+)(?:(?P<how>:\?|:-)(?P<word>[^}]*))?\}")


class NotSet(KeyError):
    """A variable that Compose would refuse to start without."""


def read() -> dict[str, Any]:
    """The file with its anchors merged and its variables as they stand."""
    found: dict[str, Any] = yaml.safe_load(FILE.read_text("utf-8"))
    return found


def variables() -> dict[str, str]:
    """How each variable of the file is written: `:?` (must be set), `:-` (has a default) or nothing."""
    text = "\n".join(line for line in FILE.read_text("utf-8").splitlines() if not line.lstrip().startswith("#"))
    return {match["name"]: match["how"] or "" for match in VARIABLE.finditer(text) if match["name"]}


def filled(value: Any, env: Mapping[str, str]) -> Any:
    """`value` with its variables filled in from `env`; raises `NotSet`."""
    if isinstance(value, dict):
        return {key: filled(part, env) for key, part in value.items()}
    if isinstance(value, list):
        return [filled(part, env) for part in value]
    if not isinstance(value, str):
        return value

    def one(match: re.Match[str]) -> str:
        name = match["name"]
        if name is None:
            return "$"
        if env.get(name):
            return env[name]
        if match["how"] == ":-":
            return str(match["word"])
        raise NotSet(name)

    return VARIABLE.sub(one, value)
