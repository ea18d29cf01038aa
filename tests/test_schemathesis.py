"""Schemathesis reads the OpenAPI document and looks for requests that the service does not answer as it says."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import ROOT

LINES_SHOWN = 150
# Several runs, so that they use several cores. Coverage, which goes through every facet of every parameter one by one,
# is the longest phase; of two operations that take the same parameters or the same body, one is enough for it.
RUNS = {
    "the coverage of reads": [
        "--phases",
        "coverage",
        "--include-method",
        "GET",
        "--exclude-operation-id",
        "books_index_of_author",
    ],
    "the coverage of writes": [
        "--phases",
        "coverage",
        "--exclude-method",
        "GET",
        "--exclude-operation-id",
        "books_put_by_isbn",
    ],
    "examples, fuzzing and sequences": ["--phases", "examples,fuzzing,stateful", "--max-examples", "5"],
}


@pytest.fixture(scope="module")
def server(new_database: Callable[[str], str], start_server: Callable[..., Any]) -> Any:
    return start_server(new_database("schemathesis"), LOG_LEVEL="WARNING", WEB_CONCURRENCY="1")


@pytest.mark.parametrize("run", RUNS)
def test_schemathesis_finds_nothing_in(server: Any, run: str, tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-c",
        "from schemathesis.cli import schemathesis; schemathesis()",
        "--config-file",
        str(ROOT / "schemathesis.toml"),
        "run",
        f"{server.address}/openapi.json",
        "--workers",
        "1",
        "--request-timeout",
        "10",
        "--no-color",
        *RUNS[run],
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=240, check=False)
    output = (done.stdout + done.stderr).splitlines()
    assert done.returncode == 0, "\n".join(output[-LINES_SHOWN:])
    assert any(line.strip().startswith("Tested: ") for line in output), done.stdout
