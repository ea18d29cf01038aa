"""The vocabulary of problems: closed, documented, and used as it is documented."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import app as application
from app.http.problems import CODES

APP = Path(application.__file__).parent

# The codes of imports are others.
SOURCES = sorted(path for path in APP.rglob("*.py") if "transfer" not in path.relative_to(APP).parts)

# Calls that have a code, and its position among their arguments.
PLACES = {"Fault": 2, "reject": 0, "ErrorDetail": 0, "add": 1, "add_fault": 1, "_invalid": 0}

BEARERS = {"add": ("faults",), "add_fault": ("self", "reader")}


def codes_in(source: Path) -> Iterator[tuple[str, int]]:
    """The codes in a source file, with their lines."""
    for node in ast.walk(ast.parse(source.read_text())):
        if not isinstance(node, ast.Call):
            continue
        function = node.func
        name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
        owner = (
            function.value.id if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name) else ""
        )
        if name not in PLACES or (name in BEARERS and owner not in BEARERS[name]):
            continue
        arguments = [*node.args, *(keyword.value for keyword in node.keywords if keyword.arg == "code")]
        if len(arguments) > PLACES[name]:
            for constant in ast.walk(arguments[PLACES[name]]):
                if isinstance(constant, ast.Constant) and isinstance(constant.value, str):
                    yield constant.value, node.lineno


USED = [(code, f"{path.name}:{line}") for path in SOURCES for code, line in codes_in(path)]


def test_every_code_in_the_source_is_documented() -> None:
    assert len(USED) > 40  # the search works
    assert [(code, index) for code, index in USED if code not in CODES] == []


def test_every_documented_code_is_used() -> None:
    assert set(CODES) - {code for code, _ in USED} == set()


def test_every_code_is_explained_in_a_sentence() -> None:
    for code, sentence in CODES.items():
        assert re.fullmatch(r"[a-z]+(_[a-z]+)*", code)
        assert sentence.endswith(".")
