"""What the tests of the transfer share: content as a file, read to its end."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask.testing import FlaskClient

from app.transfer import intake
from app.transfer.guess import Guess
from app.transfer.intake import Counts, Wishes
from app.transfer.records import Outcome, Prepared, Rejected, Skipped
from app.transfer.report import FATES
from tests.conftest import ROOT


@dataclass
class Read:
    """What became of a file: `broke_off` is the sentence, if it could not be read to its end."""

    guess: Guess
    outcomes: list[Outcome]
    counts: Counts
    broke_off: str | None

    @property
    def prepared(self) -> list[Prepared]:
        return [one for one in self.outcomes if isinstance(one, Prepared)]

    @property
    def rejected(self) -> list[Rejected]:
        return [one for one in self.outcomes if isinstance(one, Rejected)]

    @property
    def skipped(self) -> list[Skipped]:
        return [one for one in self.outcomes if isinstance(one, Skipped)]

    @property
    def only(self) -> Prepared:
        """The one record, which is a good one."""
        assert not self.rejected, self.rejected
        [one] = self.prepared
        return one


def read_file(path: Path | str, rejects: Path | None = None, **wishes: Any) -> Read:
    """Read a file to its end; what is rejected is written to `rejects`."""
    outcomes: list[Outcome] = []
    broke_off = None
    with intake.open(str(path), Wishes(**wishes)) as incoming:
        writer = incoming.rejects(rejects) if rejects else None
        try:
            for outcome in incoming:
                outcomes.append(outcome)
                if writer and isinstance(outcome, Rejected):
                    writer.write(outcome)
        except intake.BreaksOff as error:
            broke_off = str(error)
        if writer:
            writer.close()
        assert incoming.counts.read == len(outcomes)
        return Read(incoming.guess, outcomes, incoming.counts, broke_off)


@pytest.fixture
def read(tmp_path: Path) -> Callable[..., Read]:
    """Write a file and read it."""

    def run(content: str | bytes, **wishes: Any) -> Read:
        file = tmp_path / "file"
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        return read_file(file, **wishes)

    return run


class Imported:
    """What a run of the command said: its result, and the report that it wrote."""

    def __init__(self, result: Result, report: dict[str, Any]) -> None:
        self.result, self.report = result, report
        self.exit_code, self.said = result.exit_code, result.output

    @property
    def fates(self) -> tuple[int, ...]:
        return tuple(self.report[fate] for fate in FATES)


@pytest.fixture
def load(app, tmp_path: Path) -> Callable[..., Imported]:
    """Write files and import them; the counts add up whatever happens."""

    def run(*contents: str | bytes | Path, options: tuple[str, ...] = (), name: str = "file.csv") -> Imported:
        files = []
        for number, content in enumerate(contents):
            file = content if isinstance(content, Path) else tmp_path / (f"{number}-{name}" if number else name)
            if not isinstance(content, Path):
                file.write_bytes(content.encode() if isinstance(content, str) else content)
            files.append(str(file))
        report = tmp_path / "report.json"
        report.unlink(missing_ok=True)
        arguments = ["catalog", "import", *files, "--report", str(report), *options]
        result = app.test_cli_runner().invoke(args=arguments)
        found = json.loads(report.read_text()) if report.exists() else {}
        if found:
            assert found["read"] == sum(found[fate] for fate in FATES)
            assert all(one["read"] == sum(one[fate] for fate in FATES) for one in found["files"])
        return Imported(result, found)

    return run


def import_process(url: str, folder: Path, *arguments: str, **how: Any) -> subprocess.Popen[str]:
    """An import into the database at `url`, as a process of its own; what it says goes to its stdout."""
    environment = {
        **os.environ,
        "DATABASE_URL": url,
        "INSTANCE_PATH": str(folder),
        "REDIS_URL": "",
        "LOG_LEVEL": "WARNING",
    }
    command = [sys.executable, "-m", "flask", "--app", "wsgi", "catalog", "import", *arguments]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, **how}
    return subprocess.Popen(command, cwd=ROOT, env=environment, text=True, **pipes)


@pytest.fixture
def begin(app, database_url) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Begin an import in a process of its own."""
    begun: list[subprocess.Popen[str]] = []

    def run(*arguments: str, **how: Any) -> subprocess.Popen[str]:
        begun.append(import_process(database_url, app.config["INSTANCE_PATH"], *arguments, **how))
        return begun[-1]

    yield run
    for process in begun:
        with process:
            process.kill()


def everything(client: FlaskClient, resource: str = "books") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    target = f"/{resource}?limit=100"
    while target:
        page = client.get(target).json
        found += page["data"]
        target = page["links"]["next"]
    return found


def ndjson(*records: dict[str, Any]) -> str:
    return "".join(json.dumps(record) + "\n" for record in records)


@pytest.fixture
def other(make_app, new_database) -> Any:
    """Another catalog, which is empty."""
    return make_app(DATABASE_URL=new_database("round_trip"))


def run(app: Any, *arguments: Any) -> Result:
    """Run a command of the catalog, which ends well."""
    found = app.test_cli_runner().invoke(args=["catalog", *map(str, arguments)])
    assert found.exit_code == 0, found.output
    return found
