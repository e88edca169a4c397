"""The documents say what the code offers, all of it, and nothing that is not there."""

import re
from pathlib import Path

import pytest

from tests.docs import inventory

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "benchmarks").glob("*.md")])


def test_the_reference_is_the_code() -> None:
    assert (ROOT / "docs" / "reference.md").read_text() == inventory.reference(), "run `make reference`"


@pytest.mark.parametrize("kind", ["commands", "settings", "metrics"])
def test_everything_describes_itself(kind: str) -> None:
    silent = [name for name, text in getattr(inventory, kind)().items() if not text.strip()]
    assert silent == []


def test_every_event_is_explained_and_no_other() -> None:
    text = (ROOT / "docs" / "events.md").read_text()
    explained = set(re.findall(r"^\| `([a-z-]+\.[a-z-]+)` \|", text, re.MULTILINE))
    assert explained == inventory.events()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text())
    broken = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert broken == []


def test_documents_name_only_settings_that_exist() -> None:
    known = {*inventory.settings(), *inventory.OUTSIDE, "SONGTAN_CLIPS", "SONGTAN_TRACES"}
    named = {name for page in PAGES for name in re.findall(r"\bSONGTAN_[A-Z0-9_]*[A-Z0-9]\b", page.read_text())}
    assert named <= known


def test_every_test_that_the_documents_name_is_there() -> None:
    named = {name for page in PAGES for name in re.findall(r"`(?:tests/)?(\w+/test_\w+\.py)`", page.read_text())}
    assert "unit/test_trust.py" in named
    assert [name for name in sorted(named) if not (ROOT / "tests" / name).exists()] == []
