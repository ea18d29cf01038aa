"""Schemathesis finds no request whose response contradicts the OpenAPI document."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests import ROOT
from tests.support.servers.gunicorn import Server

LINES_SHOWN = 150
LONG = 10_000  # characters; the texts that may be longer have a pattern of their own below
# Several runs, so that they use several cores. Coverage, which goes through every limit of every parameter one by one,
# is the longest phase; of two operations with the same parameters or the same body, one is enough for it. Requests
# about favorites are refused without an account, whatever their parameters.
FAVORITES = ["--exclude-operation-id-regex", "^(categories|favorites)_"]
RUNS = [
    pytest.param(
        [
            "--phases",
            "coverage",
            "--include-method",
            "GET",
            "--exclude-operation-id",
            "books_index_of_author",
            "--exclude-operation-id",
            "books_facets",
            *FAVORITES,
        ],
        id="coverage of reads",
        marks=pytest.mark.slow(15),
    ),
    pytest.param(
        [
            *("--phases", "coverage", "--exclude-method", "GET"),
            *("--exclude-operation-id", "books_put_by_isbn", "--exclude-operation-id", "authors_restore", *FAVORITES),
        ],
        id="coverage of writes",
        marks=pytest.mark.slow(25),
    ),
    pytest.param(
        ["--phases", "examples,fuzzing,stateful", "--max-examples", "5"],
        id="examples, fuzzing and sequences",
        marks=pytest.mark.slow(25),
    ),
]


@pytest.fixture(scope="module")
def server(new_database: Callable[[str], str], start_server: Callable[..., Server]) -> Server:
    return start_server(new_database("schemathesis"), LOG_LEVEL="WARNING", WEB_CONCURRENCY="1")


@pytest.fixture
def document(server: Server, tmp_path: Path) -> Path:
    """The OpenAPI document of the server, with patterns of long texts that compile fast.

    Schemathesis writes a maximum length into the pattern, as a count of repetitions. With 100,000 of them, a pattern
    takes seconds to compile, for each schema that has it. It leaves an alternation as it is, and two equal branches
    match what one of them does.
    """
    file = tmp_path / "openapi.json"
    file.write_text(json.dumps(with_alternations(server.get("/openapi.json").json)))
    return file


def with_alternations(part: Any) -> Any:
    """Return a part of the document in which each pattern of a long text stands twice."""
    if isinstance(part, list):
        return [with_alternations(member) for member in part]
    if not isinstance(part, dict):
        return part
    copy = {name: with_alternations(member) for name, member in part.items()}
    if copy.get("maxLength", 0) > LONG and "pattern" in copy:
        copy["pattern"] = f"{copy['pattern']}|{copy['pattern']}"
    return copy


@pytest.mark.parametrize("options", RUNS)
def test_schemathesis_finds_no_fault(server: Server, document: Path, options: list[str], tmp_path: Path) -> None:
    command = [
        *(sys.executable, "-c", "from schemathesis.cli import schemathesis; schemathesis()"),
        *("--config-file", str(ROOT / "schemathesis.toml"), "run", str(document), "--url", server.address),
        *("--workers", "1", "--request-timeout", "10", "--no-color", *options),
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=240, check=False)
    output = (done.stdout + done.stderr).splitlines()
    assert done.returncode == 0, "\n".join(output[-LINES_SHOWN:])
    assert any(line.strip().startswith("Tested: ") for line in output), done.stdout
