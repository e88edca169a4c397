"""The state folder: made once, closed to others, never shared by two, and clear when it cannot be used."""

import json
import os
from pathlib import Path

import pytest

from songtan.stack.errors import StateInUse, StateUnusable
from songtan.stack.state import SECRET_NAMES, State


def test_secrets_are_made_once_and_closed_to_others(tmp_path: Path) -> None:
    folder = tmp_path / "有 空格" / "state"
    made = State.open(folder).secrets()
    assert set(made) == set(SECRET_NAMES)
    assert len(set(made.values())) == len(made)
    assert min(map(len, made.values())) >= 16
    assert State.open(folder).secrets() == made
    assert (folder / "secrets.json").stat().st_mode & 0o777 == 0o600


def test_a_secret_that_a_newer_version_needs_is_added(tmp_path: Path) -> None:
    state = State.open(tmp_path)
    made = state.secrets()
    without = {name: value for name, value in made.items() if name != "signer_token"}
    (tmp_path / "secrets.json").write_text(json.dumps(without), encoding="utf-8")
    again = state.secrets()
    assert again["signer_token"] != made["signer_token"]
    assert without.items() < again.items()


@pytest.mark.parametrize("content", ["", "{", "[]", "7"])
def test_damaged_secrets_are_not_made_anew(tmp_path: Path, content: str) -> None:
    """Made anew, they would lock everybody out of the data that is there."""
    state = State.open(tmp_path)
    (tmp_path / "secrets.json").write_text(content, encoding="utf-8")
    with pytest.raises(StateUnusable, match=r"secrets\.json"):
        state.secrets()
    assert (tmp_path / "secrets.json").read_text("utf-8") == content


def test_a_file_in_the_way_is_said(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("", encoding="utf-8")
    with pytest.raises(StateUnusable, match="SONGTAN_STATE"):
        State.open(tmp_path / "state")


def test_a_place_that_cannot_be_written_is_said() -> None:
    with pytest.raises(StateUnusable, match="/proc/songtan"):
        State.open(Path("/proc/songtan"))


def test_two_front_doors_do_not_share_a_state_folder(tmp_path: Path) -> None:
    held = State.open(tmp_path).lock()
    with pytest.raises(StateInUse, match=f"process {os.getpid()}"):
        State.open(tmp_path).lock()
    os.close(held)
    os.close(State.open(tmp_path).lock())
