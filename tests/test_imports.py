"""Imports go one way: extensions ← the core of app ← authors ← books ← features ← what puts everything together."""

from __future__ import annotations

import ast
import pydoc
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

from tests.conftest import ROOT

TOGETHER = {"app", "app.commands"}  # create_app() and the command line
FEATURES = {"app.suggestions", "app.transfer"}  # built on entities; what puts everything together imports them
ENTITIES = {f"app.{models.parent.name}" for models in ROOT.glob("app/*/models.py")}


def modules(folder: str) -> dict[str, Path]:
    """The modules below a folder, by their dotted names."""
    found = {}
    for path in sorted((ROOT / folder).rglob("*.py")):
        parts = path.relative_to(ROOT).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


APP, EXTENSIONS, BENCHMARKS = modules("app"), modules("extensions"), modules("benchmarks")


def imported(name: str, path: Path) -> Iterator[str]:
    """The dotted names that a module imports, wherever in it: for ``from a import b`` both ``a`` and ``a.b``."""
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)


def within(name: str, package: str) -> bool:
    return name == package or name.startswith(f"{package}.")


def feature_of(name: str) -> str | None:
    return next((feature for feature in FEATURES if within(name, feature)), None)


def entity_of(name: str) -> str | None:
    return next((entity for entity in ENTITIES if within(name, entity)), None)


@pytest.mark.parametrize("name", EXTENSIONS)
def test_an_extension_imports_nothing_of_the_application(name):
    assert [one for one in imported(name, EXTENSIONS[name]) if within(one, "app")] == []


@pytest.mark.parametrize(
    "name", [name for name in APP if name not in TOGETHER and not entity_of(name) and not feature_of(name)]
)
def test_a_module_of_the_core_imports_no_entity(name):
    assert [one for one in imported(name, APP[name]) if entity_of(one)] == []


@pytest.mark.parametrize("name", [name for name in APP if name not in TOGETHER and not feature_of(name)])
def test_only_what_puts_everything_together_imports_a_feature(name):
    assert [one for one in imported(name, APP[name]) if feature_of(one)] == []


@pytest.mark.parametrize("name", [name for name in APP if within(name, "app.values")])
def test_a_rule_of_values_knows_neither_flask_nor_the_database(name):
    packages = {one.partition(".")[0] for one in imported(name, APP[name])}
    assert packages & {"flask", "werkzeug", "sqlalchemy", "psycopg2", "extensions"} == set()
    assert [one for one in imported(name, APP[name]) if within(one, "app") and not within(one, "app.values")] == []


@pytest.mark.parametrize("name", [name for name in APP if name not in TOGETHER])
def test_a_feature_is_imported_by_itself_alone(name):
    own = feature_of(name)
    assert [one for one in imported(name, APP[name]) if feature_of(one) not in (None, own)] == []


def needs() -> dict[str, set[str]]:
    """The other entities that each entity imports."""
    found: dict[str, set[str]] = {entity: set() for entity in ENTITIES}
    for name, path in APP.items():
        entity = entity_of(name)
        if entity:
            found[entity] |= {other for one in imported(name, path) if (other := entity_of(one)) and other != entity}
    return found


def test_authors_never_import_books():
    assert needs()["app.authors"] == set()
    assert needs()["app.books"] == {"app.authors"}


def test_entities_import_each_other_in_one_direction():
    order = list(TopologicalSorter(needs()).static_order())
    assert order.index("app.authors") < order.index("app.books")


def test_imports_are_found_in_every_form():
    found = {one for name, path in APP.items() for one in imported(name, path)}
    assert {"app.authors.routes", "extensions.database", "app.problems", "app.values.isbn", "flask"} <= found


@pytest.mark.parametrize("name", BENCHMARKS)
def test_what_a_benchmark_imports_of_the_service_is_there(name):
    """Nobody else runs them but a person, months later."""
    ours = [one for one in imported(name, BENCHMARKS[name]) if within(one, "app") or within(one, "extensions")]
    assert [one for one in ours if pydoc.locate(one) is None] == []
