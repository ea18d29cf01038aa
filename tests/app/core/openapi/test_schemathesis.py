"""Schemathesis finds no request whose response contradicts the OpenAPI document."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import ROOT
from tests.support.servers.gunicorn import Server

LINES_SHOWN = 150
# Several runs, so that they use several cores. Coverage, which goes through every limit of every parameter one by one,
# is the longest phase; of two operations with the same parameters or the same body, one is enough for it.
RUNS = [
    pytest.param(
        ["--phases", "coverage", "--include-method", "GET", "--exclude-operation-id", "books_index_of_author"],
        id="coverage of reads",
        marks=pytest.mark.slow(15),
    ),
    pytest.param(
        [
            *("--phases", "coverage", "--exclude-method", "GET"),
            *("--exclude-operation-id", "books_put_by_isbn", "--exclude-operation-id", "authors_restore"),
        ],
        id="coverage of writes",
        marks=pytest.mark.slow(45),
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


@pytest.mark.parametrize("options", RUNS)
def test_schemathesis_finds_no_fault(server: Server, options: list[str], tmp_path: Path) -> None:
    command = [
        *(sys.executable, "-c", "from schemathesis.cli import schemathesis; schemathesis()"),
        *("--config-file", str(ROOT / "schemathesis.toml"), "run", f"{server.address}/openapi.json"),
        *("--workers", "1", "--request-timeout", "10", "--no-color", *options),
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=240, check=False)
    output = (done.stdout + done.stderr).splitlines()
    assert done.returncode == 0, "\n".join(output[-LINES_SHOWN:])
    assert any(line.strip().startswith("Tested: ") for line in output), done.stdout
