"""Fixtures of the tests of imports and exports: files read to their outcomes, imported, and exported."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask.testing import FlaskClient

from app.transfer.errors import ReadAborted
from app.transfer.imports.files.detected import Detected
from app.transfer.imports.files.options import ReadOptions
from app.transfer.imports.load.report import OUTCOMES
from app.transfer.imports.pipeline import open_pipeline
from app.transfer.records import Outcome, Prepared, Rejected, Skipped
from tests import ROOT


@dataclass
class Counts:
    """How many records have which outcome; `rows` are those of the file."""

    rows: int
    prepared: int
    skipped: int
    rejected: int
    warnings: Counter[str]
    reasons: Counter[str]

    @property
    def read(self) -> int:
        return self.prepared + self.skipped + self.rejected


@dataclass
class Read:
    """The outcomes of a file; `aborted` says why it could not be read to its end, if so."""

    detected: Detected
    outcomes: list[Outcome]
    aborted: str | None

    @property
    def prepared(self) -> list[Prepared]:
        return [outcome for outcome in self.outcomes if isinstance(outcome, Prepared)]

    @property
    def rejected(self) -> list[Rejected]:
        return [outcome for outcome in self.outcomes if isinstance(outcome, Rejected)]

    @property
    def skipped(self) -> list[Skipped]:
        return [outcome for outcome in self.outcomes if isinstance(outcome, Skipped)]

    @property
    def only(self) -> Prepared:
        """The only record, which is valid."""
        assert not self.rejected, self.rejected
        [record] = self.prepared
        return record

    @property
    def counts(self) -> Counts:
        return Counts(
            sum(outcome.rows for outcome in self.outcomes),
            *(len(self.prepared), len(self.skipped), len(self.rejected)),
            Counter(warning.code for record in self.prepared for warning in record.warnings),
            Counter(skipped.reason for skipped in self.skipped),
        )


def read_file(path: Path | str, rejects: Path | None = None, **options: Any) -> Read:
    """Read a file to its end; rejected records are written to `rejects`."""
    outcomes: list[Outcome] = []
    aborted = None
    with open_pipeline(str(path), ReadOptions(**options)) as pipeline:
        writer = pipeline.rejects_writer(rejects) if rejects else None
        try:
            for outcome in pipeline:
                outcomes.append(outcome)
                if writer and isinstance(outcome, Rejected):
                    writer.write(outcome)
        except ReadAborted as error:
            aborted = str(error)
        if writer:
            writer.close()
        return Read(pipeline.detected, outcomes, aborted)


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., Read]:
    """Write a file and read it."""

    def run(content: str | bytes, **options: Any) -> Read:
        file = tmp_path / "file"
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return read_file(file, **options)

    return run


class Imported:
    """A run of `catalog import`: exit status, output, and the report that it wrote."""

    def __init__(self, result: Result, report: dict[str, Any]) -> None:
        self.exit_code, self.output, self.report = result.exit_code, result.output, report

    @property
    def counts(self) -> tuple[int, ...]:
        """Records created, updated, unchanged, skipped and rejected."""
        return tuple(self.report[outcome] for outcome in OUTCOMES)

    @property
    def warnings(self) -> dict[str, int]:
        """The number of warnings, by code."""
        return {warning["code"]: warning["count"] for warning in self.report["warnings"]}


@pytest.fixture
def load(app, tmp_path: Path) -> Callable[..., Imported]:
    """Write files and import them; the counts add up, whatever happens."""

    def run(*contents: str | bytes | Path, options: tuple[str, ...] = (), name: str = "file.csv") -> Imported:
        files = []
        for number, content in enumerate(contents):
            file = content if isinstance(content, Path) else tmp_path / (f"{number}-{name}" if number else name)
            if not isinstance(content, Path):
                file.write_bytes(content.encode() if isinstance(content, str) else content)
            files.append(str(file))
        path = tmp_path / "report.json"
        path.unlink(missing_ok=True)
        result = app.test_cli_runner().invoke(args=["catalog", "import", *files, "--report", str(path), *options])
        report = json.loads(path.read_text()) if path.exists() else {}
        for counts in [report, *report["files"]] if report else []:
            assert counts["read"] == sum(counts[outcome] for outcome in OUTCOMES)
        return Imported(result, report)

    return run


# `flask`, with another size of batches: an interrupted import needs several, and small ones are as good.
IN_BATCHES = """
from app.transfer.imports.load import batch
batch.MAX_RECORDS = {}
from flask.cli import main
main()
"""


def import_process(
    url: str, folder: Path, *arguments: str, in_batches: int = 0, **streams: Any
) -> subprocess.Popen[str]:
    """Start an import into the database at `url` in its own process; its output goes to its stdout.

    Its batches have `in_batches` records, by default as many as those of the service.
    """
    environment = {
        **os.environ,
        "DATABASE_URL": url,
        "INSTANCE_PATH": str(folder),
        "REDIS_URL": "",
        "LOG_LEVEL": "WARNING",
    }
    flask = ["-c", IN_BATCHES.format(in_batches)] if in_batches else ["-m", "flask"]
    command = [sys.executable, *flask, "--app", "wsgi", "catalog", "import", *arguments]
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, **streams}
    return subprocess.Popen(command, cwd=ROOT, env=environment, text=True, **streams)


@pytest.fixture
def start_import(app, database_url) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start an import in its own process."""
    started: list[subprocess.Popen[str]] = []

    def run(*arguments: str, **streams: Any) -> subprocess.Popen[str]:
        started.append(import_process(database_url, app.config["INSTANCE_PATH"], *arguments, **streams))
        return started[-1]

    yield run
    for process in started:
        with process:
            process.kill()


def everything(client: FlaskClient, resource: str = "books") -> list[dict[str, Any]]:
    """Return all records of a resource."""
    records: list[dict[str, Any]] = []
    url = f"/{resource}?limit=100"
    while url:
        page = client.get(url).json
        records += page["data"]
        url = page["links"]["next"]
    return records


def contributors_of(book: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the names and roles of a book's contributors."""
    return [(author["name"], author["role"]) for author in book["authors"]]


def ndjson(*records: dict[str, Any]) -> str:
    """Return a JSON object in each line."""
    return "".join(json.dumps(record) + "\n" for record in records)


@pytest.fixture
def other(make_app, new_database) -> Any:
    """Another, empty catalog."""
    return make_app(DATABASE_URL=new_database("round_trip"))


def run(app: Any, *arguments: Any) -> Result:
    """Run a command of the catalog, which succeeds."""
    result = app.test_cli_runner().invoke(args=["catalog", *map(str, arguments)])
    assert result.exit_code == 0, result.output
    return result


@pytest.fixture
def export(app, tmp_path: Path) -> Callable[..., Result]:
    """Run `catalog export`; a name without a folder is in that of the test."""

    def run(name: str, *options: str) -> Result:
        file = name if name == "-" or "/" in name else str(tmp_path / name)
        return app.test_cli_runner().invoke(args=["catalog", "export", file, *options])

    return run


@pytest.fixture
def sample(app) -> None:
    """The sample catalog."""
    loaded = app.test_cli_runner().invoke(args=["catalog", "sample"])
    assert loaded.exit_code == 0, loaded.output


def zipped(*files: tuple[str, bytes]) -> bytes:
    """Return a zip archive of files, given by name and content."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files:
            archive.writestr(name, content)
    return buffer.getvalue()
