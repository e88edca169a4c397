"""A node and the server that it talks to."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fakes.school import School
from tests.fakes.signed_world import SignedWorld
from tests.fakes.wire import Wire


@pytest.fixture
def wire() -> Iterator[Wire]:
    with Wire(SignedWorld()) as wire:
        yield wire


@pytest.fixture
def school(tmp_path: Path, wire: Wire) -> School:
    school = School(tmp_path / "node", wire)
    school.enrol()
    return school
