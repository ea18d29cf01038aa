"""Imports go one way: from a higher layer to a lower one, and never round in a circle.

Every import counts, anywhere in a module: also in a function, and under ``TYPE_CHECKING`` too.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests import ROOT
from tests.project.imports import (
    Graph,
    Modules,
    circles,
    import_graph,
    imported_names,
    read_modules,
    sibling_graphs,
    unknown_members,
    without_layer,
    wrong_imports,
)

# From the lowest layer to the highest. The members of a layer do not import one another; a folder may have layers
# inside.
LAYERS: list[Any] = [
    {"extensions"},
    {"app.values", "app.config"},
    {"app.http"},
    {
        "app.core": [
            {"parameters", "fields"},
            {"columns"},
            {"resource"},
            {"query", "formats"},
            {"sql"},
            {"records"},
            {"openapi"},
        ]
    },
    {"app.authors"},
    {"app.books"},
    {
        "app.features": [
            {"accounts"},
            {"service", "suggest", "facets", "duplicates", "merges", "history", "favorites", "operations"},
        ],
        "app.transfer": [
            {"errors", "records", "warning_codes"},
            {"preconditions"},
            {
                "exports": [],
                "imports": [
                    {"cleaning"},
                    {"tables", "prepare", "load"},
                    {"files"},
                    {"formats"},
                    {"pipeline"},
                    {"file_import"},
                    {"importer"},
                ],
            },
            {"import_job"},
            {"cli", "uploads"},
        ],
    },
    {"app.cli"},
    {"app"},
    {"app.__main__"},
    {"wsgi"},
    {"asgi"},
    {"gunicorn.conf"},
]
MOST_ENTRIES, MOST_LINES = 9, 300
TABLES_OF_CASES = {
    "tests/contract/hostile/bad_requests.py",
    "tests/contract/access/bad_accounts.py",
    "tests/contract/access/favorites/bad_favorites.py",
}
PARTS = ("app", "extensions", "wsgi.py", "asgi.py", "gunicorn.conf.py")


@pytest.fixture(scope="module")
def modules() -> Modules:
    return read_modules(ROOT, PARTS)


@pytest.fixture(scope="module")
def graph(modules: Modules) -> Graph:
    return import_graph(modules)


def test_imports_go_down_the_layers(graph: Graph) -> None:
    wrong = wrong_imports(graph, LAYERS)
    assert not wrong, "\n".join(wrong)


def test_every_module_has_a_layer(modules: Modules) -> None:
    assert without_layer(modules, LAYERS) == []


def test_every_member_of_a_layer_exists(modules: Modules) -> None:
    assert unknown_members(modules, LAYERS) == []


def test_files_do_not_import_one_another_in_a_circle(graph: Graph) -> None:
    assert circles(graph) == []


def test_folders_do_not_import_one_another_in_a_circle(graph: Graph) -> None:
    found = {folder: circles(siblings) for folder, siblings in sibling_graphs(graph).items()}
    assert {folder: groups for folder, groups in found.items() if groups} == {}


def test_a_folder_has_at_most_nine_entries() -> None:
    crowded = {
        str(folder.relative_to(ROOT)): len(entries)
        for part in ("app", "extensions", "tests")
        for folder in [ROOT / part, *(path for path in (ROOT / part).rglob("[!_]*") if path.is_dir())]
        if len(entries := [path for path in folder.iterdir() if not path.name.startswith("__")]) > MOST_ENTRIES
    }
    assert crowded == {}


def test_a_file_has_at_most_300_lines() -> None:
    """But tables of cases."""
    long = {
        str(path.relative_to(ROOT))
        for part in ("app", "extensions", "tests")
        for path in (ROOT / part).rglob("*.py")
        if len(path.read_text("utf-8").splitlines()) > MOST_LINES
    }
    assert long == TABLES_OF_CASES


def test_values_know_neither_flask_nor_the_database(modules: Modules) -> None:
    impure = {"flask", "werkzeug", "sqlalchemy", "psycopg2"}
    values = {module: tree for module, tree in modules.items() if module.startswith("app.values.")}
    imports = [(module, name) for module, tree in values.items() for name, _ in imported_names(module, tree)]
    assert len(values) > 5
    assert [(module, name) for module, name in imports if name.partition(".")[0] in impure] == []


# The checks themselves, on projects that are made up.

TOWN: list[Any] = [{"ground"}, {"house": [{"cellar"}, {"hall", "kitchen"}, {"roof"}]}, {"town.street"}, {"town"}]


def project(folder: Path, files: dict[str, str]) -> dict[str, set[str]]:
    """Write a project, and return the imports of its modules."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return import_graph(read_modules(folder, sorted({name.partition("/")[0] for name in files})))


@pytest.mark.parametrize(
    ("text", "imported"),
    [
        ("import house.cellar", "house.cellar"),
        ("import house.roof.tiles as tiles", "house.roof.tiles"),
        ("import house", "house.__init__"),
        ("from house import cellar", "house.cellar"),
        ("from house import key", "house.__init__"),
        ("from house.roof import tiles", "house.roof.tiles"),
        ("from house.roof.tiles import tile", "house.roof.tiles"),
        ("from . import cellar", "house.cellar"),
        ("from .cellar import wine", "house.cellar"),
        ("from .roof import tiles", "house.roof.tiles"),
        ("def later():\n    from . import cellar", "house.cellar"),
        ("if TYPE_CHECKING:\n    from .cellar import Wine", "house.cellar"),
        ("try:\n    import house.cellar\nexcept ImportError:\n    pass", "house.cellar"),
    ],
)
def test_an_import_is_found_in_every_form(tmp_path: Path, text: str, imported: str) -> None:
    files = dict.fromkeys(("house/__init__.py", "house/cellar.py", "house/roof/__init__.py", "house/roof/tiles.py"), "")
    graph = project(tmp_path, {**files, "house/hall.py": f"import json\n{text}\n"})
    assert graph["house.hall"] == {imported}


def test_a_relative_import_of_a_package_begins_in_it(tmp_path: Path) -> None:
    files = {"a/__init__.py": "from .b import c", "a/b/__init__.py": "from . import d", "a/b/c.py": "from .. import e"}
    graph = project(tmp_path, {**files, "a/b/d.py": "", "a/e.py": ""})
    assert (graph["a.__init__"], graph["a.b.__init__"], graph["a.b.c"]) == ({"a.b.c"}, {"a.b.d"}, {"a.e"})


@pytest.mark.parametrize(
    ("importer", "imported", "where"),
    [
        ("house.roof", "house.cellar", None),
        ("house.roof.tiles", "house.hall", None),
        ("house.roof.tiles", "house.roof.beams", None),
        ("house.roof", "ground.earth", None),
        ("house.__init__", "house.roof", None),
        ("town.street", "house.__init__", None),
        ("town.street.corner", "house.cellar", None),
        ("town.__init__", "town.street", None),
        ("house.cellar", "house.roof.tiles", "above it"),
        ("house.cellar", "house.__init__", "above it"),
        ("house.hall.floor", "house.kitchen", "beside it"),
        ("ground", "house.cellar", "above it"),
        ("house.roof", "town.street", "above it"),
        ("town.street", "town.__init__", "above it"),
    ],
)
def test_only_imports_of_lower_layers_are_allowed(importer: str, imported: str, where: str | None) -> None:
    wrong = wrong_imports({importer: {imported}, imported: set()}, TOWN)
    assert wrong == ([f"{importer} imports {imported}, which is {where}"] if where else [])


def test_a_module_without_a_layer_is_found_at_any_depth() -> None:
    owned = ["ground", "ground.earth", "house.__init__", "house.roof.tiles", "town.__init__", "town.street.corner"]
    assert without_layer([*owned, "sky", "house.attic", "house.attic.box", "town.alley", "grounds"], TOWN) == [
        "sky",
        "house.attic",
        "house.attic.box",
        "town.alley",
        "grounds",
    ]


def test_a_member_without_a_module_is_found_at_any_depth() -> None:
    modules = ["ground", "house.cellar", "house.hall.floor", "house.kitchen", "town.__init__"]
    assert unknown_members(modules, TOWN) == ["house.roof", "town.street"]


def test_circles_of_files_are_found() -> None:
    graph = {"a": {"b"}, "b": {"c"}, "c": {"a", "d"}, "d": {"e"}, "e": set(), "f": {"g"}, "g": {"f", "e"}}
    assert circles(graph) == [["a", "b", "c"], ["f", "g"]]


def test_circles_of_folders_are_found_at_any_depth(tmp_path: Path) -> None:
    files = {"a/b/one.py": "import a.c.two", "a/b/three.py": "", "a/c/two.py": "from a.b import three", "d.py": ""}
    graph = project(tmp_path, files)
    assert circles(graph) == []
    assert {folder: circles(siblings) for folder, siblings in sibling_graphs(graph).items()} == {"a": [["a.b", "a.c"]]}


def test_a_circle_with_the_own_package_is_found(tmp_path: Path) -> None:
    graph = project(tmp_path, {"a/__init__.py": "from .b import c", "a/b.py": "from a import d"})
    assert circles(graph) == [["a.__init__", "a.b"]]
