"""The requirements: every package is pinned with its hashes, as ``make lock`` writes them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests import ROOT

LOCKED = {
    "requirements.txt": ["production"],
    "requirements-run.txt": ["production", "run"],
    "requirements-dev.txt": ["production", "run", "development"],
}


def locked(name: str) -> dict[str, str]:
    """Return the lines of each package in a locked file, by its pin."""
    blocks = re.split(r"^(?=\S+==)", (ROOT / name).read_text("utf-8"), flags=re.MULTILINE)[1:]
    return {block.split()[0].lower().replace("_", "-"): block for block in blocks}


def wanted(source: Path) -> list[str]:
    return [
        line.lower().replace("_", "-") for line in re.findall(r"^[\w.-]+==\S+", source.read_text("utf-8"), re.MULTILINE)
    ]


@pytest.mark.parametrize("name", LOCKED)
def test_every_package_has_hashes(name: str) -> None:
    packages = locked(name)
    assert packages
    assert [pin for pin, block in packages.items() if "--hash=sha256:" not in block] == []


@pytest.mark.parametrize(("name", "sources"), LOCKED.items())
def test_the_pins_are_those_of_the_sources(name: str, sources: list[str]) -> None:
    pins = [pin for source in sources for pin in wanted(ROOT / f"requirements/{source}.in")]
    assert [pin for pin in pins if pin not in locked(name)] == []


def test_production_runs_the_versions_that_are_tested() -> None:
    tested = set(locked("requirements-dev.txt"))
    assert set(locked("requirements.txt")) - tested == set()
    assert set(locked("requirements-run.txt")) - tested == set()
