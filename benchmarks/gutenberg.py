"""Imports all of Project Gutenberg's catalogue."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from .database import flask
from .report import clock

FILES = ("authors", "books", "subjects")
WITH_REJECTS = 1  # the exit status: one book has no title


def load(source: Path, environment: Mapping[str, str]) -> None:
    """Import the files in `source` (authors.csv.gz and so on) into the database of `environment`."""
    with clock("import"):
        flask(
            environment,
            *("catalog", "import", *(str(source / f"{name}.csv.gz") for name in FILES)),
            allowed=(0, WITH_REJECTS),
        )
