"""The benchmarks import only what exists, because nothing else runs them for months."""

from __future__ import annotations

import pydoc

import pytest

from tests import ROOT
from tests.project.imports import imported_names, read_modules

MODULES = read_modules(ROOT, ["benchmarks"])


@pytest.mark.parametrize("module", MODULES)
def test_imports_of_the_service_exist(module: str) -> None:
    names = [f"{base}.{name}" if name else base for base, name in imported_names(module, MODULES[module])]
    ours = [name for name in names if name.partition(".")[0] in ("app", "extensions")]
    assert [name for name in ours if pydoc.locate(name) is None] == []
