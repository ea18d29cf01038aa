"""Import graphs: which modules of a project import which, against layers and in circles.

A module is known by its dotted name, that of a package by ``package.__init__``.
"""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

Modules = Mapping[str, ast.Module]  # by their dotted names
Graph = Mapping[str, set[str]]  # node → the nodes that it imports
# From the lowest layer to the highest. A layer is a set of modules and folders, or a dictionary of them with the
# layers that each has inside.
Layers = list[Any]


def read_modules(root: Path, parts: Iterable[str]) -> dict[str, ast.Module]:
    """Parse the modules of a project that are in these folders and files."""
    paths = [root / part for part in parts if part.endswith(".py")]
    paths += [path for part in parts if not part.endswith(".py") for path in (root / part).rglob("*.py")]
    return {
        ".".join(path.relative_to(root).with_suffix("").parts): ast.parse(path.read_text("utf-8"))
        for path in sorted(paths)
        if path.exists()
    }


def imported_names(module: str, tree: ast.Module) -> Iterator[tuple[str, str | None]]:
    """The imports in a module: pairs of a dotted name and an imported name or None."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, None) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = module.split(".")[: -node.level] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield from ((base, alias.name) for alias in node.names)


def import_graph(modules: Modules) -> dict[str, set[str]]:
    """The other modules of the project that each module imports."""

    def resolve(base: str, name: str | None) -> str | None:
        candidates = [f"{base}.{name}", f"{base}.{name}.__init__"] if name else []
        return next((known for known in [*candidates, base, f"{base}.__init__"] if known in modules), None)

    return {
        module: {
            imported
            for base, name in imported_names(module, tree)
            if (imported := resolve(base, name)) and imported != module
        }
        for module, tree in modules.items()
    }


def locate(module: str, layers: Layers, folder: str = "") -> list[tuple[int, str]] | None:
    """The layers of a module, outermost first, as pairs of number and member; or None.

    The ``__init__`` of a folder with layers lies above these.
    """
    members = [member for layer in layers for member in layer]
    for number, layer in enumerate(layers):
        for member in layer:
            name = folder + member
            is_parent = any(other.startswith(f"{member}.") for other in members)  # which owns its __init__ alone
            if module == name or module == f"{name}.__init__" or (module.startswith(f"{name}.") and not is_parent):
                inner = layer[member] if isinstance(layer, dict) else []
                if not inner:
                    return [(number, name)]
                if module == f"{name}.__init__":
                    return [(number, name), (len(inner), module)]
                rest = locate(module, inner, f"{name}.")
                return rest and [(number, name), *rest]
    return None


def wrong_imports(graph: Graph, layers: Layers) -> list[str]:
    """The imports from a higher layer, or from another member of the same layer."""
    found = []
    for importer, targets in graph.items():
        for imported in sorted(targets):
            pairs = zip(locate(importer, layers) or [], locate(imported, layers) or [], strict=False)
            above, below = next((pair for pair in pairs if pair[0] != pair[1]), ((0, ""), (-1, "")))
            if below[0] >= above[0]:
                where = "above it" if below[0] > above[0] else "beside it"
                found.append(f"{importer} imports {imported}, which is {where}")
    return found


def without_layer(modules: Iterable[str], layers: Layers) -> list[str]:
    """The modules that no layer owns."""
    return [module for module in modules if locate(module, layers) is None]


def unknown_members(modules: Iterable[str], layers: Layers, folder: str = "") -> list[str]:
    """The members of layers that no module belongs to."""
    found = []
    for layer in layers:
        for member in layer:
            name = folder + member
            if not any(module == name or module.startswith(f"{name}.") for module in modules):
                found.append(name)
            elif isinstance(layer, dict):
                found += unknown_members(modules, layer[member], f"{name}.")
    return found


def circles(graph: Graph) -> list[list[str]]:
    """The groups of nodes that reach one another by imports, in alphabetical order."""
    reached = {node: _reachable(node, graph) for node in graph}
    groups = {tuple(sorted(other for other in reached[node] if node in reached[other])) for node in graph}
    return sorted(list(group) for group in groups if len(group) > 1)


def _reachable(start: str, graph: Graph) -> set[str]:
    seen, pending = {start}, [start]
    while pending:
        new = graph[pending.pop()] - seen
        seen |= new
        pending += new
    return seen


def sibling_graphs(graph: Graph) -> dict[str, dict[str, set[str]]]:
    """The imports between the members of each folder; "" is the project."""
    found: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for importer, targets in graph.items():
        for imported in targets:
            ours, theirs = importer.split("."), imported.split(".")
            depth = next(n for n, parts in enumerate(zip(ours, theirs, strict=False)) if parts[0] != parts[1])
            siblings = found[".".join(ours[:depth])]
            siblings[".".join(ours[: depth + 1])].add(".".join(theirs[: depth + 1]))
            siblings.setdefault(".".join(theirs[: depth + 1]), set())
    return found
