"""The map of the code and the table of libraries are those of the project."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests import ROOT
from tests.support.documents import Document

ARCHITECTURE = Document("docs/architecture.md")


def mapped() -> list[Path]:
    """The paths on the map of the code, resolved by its indentation."""
    found, parents = [], [ROOT]
    (code,) = re.findall(r"```\n(.*?)```", ARCHITECTURE.section("A map of the code"), re.DOTALL)
    for line in code.splitlines():
        name, depth = line.split()[0], (len(line) - len(line.lstrip())) // 2
        del parents[depth + 1 :]
        found.append(parents[depth] / name)
        parents.append(found[-1])
    return found


def test_everything_on_the_map_exists() -> None:
    assert len(mapped()) > 50
    assert [path for path in mapped() if not path.exists()] == []


@pytest.mark.parametrize("folder", ["app", "extensions"])
def test_every_folder_of_code_is_on_the_map(folder: str) -> None:
    folders = {path.parent for path in (ROOT / folder).rglob("__init__.py")}
    assert folders - set(mapped()) == set()


def test_every_line_of_the_map_says_what_is_there() -> None:
    (code,) = re.findall(r"```\n(.*?)```", ARCHITECTURE.section("A map of the code"), re.DOTALL)
    undescribed = [line for line in code.splitlines() if len(line.split()) < 2 and line != "app/"]
    assert undescribed == []
    assert len(code.splitlines()) <= 80


def test_every_library_of_production_is_explained() -> None:
    named_by_the_code = (ROOT / "requirements/production.in").read_text("utf-8")
    libraries = re.findall(r"^([\w-]+)==", named_by_the_code, re.MULTILINE)
    assert [row[0] for row in ARCHITECTURE.table("Libraries")] == libraries


def test_every_module_of_the_way_of_a_request_exists() -> None:
    names = re.findall(r"`([\w/]+\.py|[\w/]+/)`", ARCHITECTURE.section("The way of a request"))
    files = {str(path.relative_to(ROOT)) for path in (ROOT / "app").rglob("*")}
    assert [name for name in names if not any(f"/{file}".endswith(f"/{name.rstrip('/')}") for file in files)] == []
