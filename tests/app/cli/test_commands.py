"""The command group: databases without tables, the setting `SAMPLE`, and the name of the command."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests import ROOT
from tests.app.transfer.conftest import everything
from tests.support.databases import database_in, execute


@pytest.fixture
def unmigrated(make_app, cluster):
    """An application on a database without tables."""
    name = f"unmigrated_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    execute(cluster, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    execute(cluster, f"CREATE DATABASE {name}")
    return lambda **settings: make_app(DATABASE_URL=database_in(cluster, name), **settings)


@pytest.mark.parametrize("command", ["export", "export -", "import", "import --restore", "sample"])
def test_a_database_without_tables_is_reported(unmigrated, tmp_path, monkeypatch, command):
    monkeypatch.setenv("CATALOG_COMMAND", "./catalog")
    name, *options = command.split()
    file = tmp_path / "books.ndjson"
    if name == "import":
        file.write_text('{"id":1,"title":"A","created_at":null,"updated_at":null}\n')
    arguments = [name, *options, *([str(file)] if name != "sample" and "-" not in options else [])]
    result = unmigrated().test_cli_runner().invoke(args=["catalog", *arguments])
    assert result.exit_code == 2
    assert result.stdout == "" or name == "import"
    assert result.stderr == "Error: The database has no tables yet. Run `./catalog prepare` first.\n"


@pytest.mark.parametrize(("sample", "is_loaded"), [("on", True), ("off", False)])
def test_prepare_obeys_the_setting_of_the_sample(unmigrated, sample, is_loaded):
    app = unmigrated(SAMPLE=sample)
    result = app.test_cli_runner().invoke(args=["catalog", "prepare"])
    assert result.exit_code == 0, result.output
    assert ("The sample catalog is loaded." in result.output) is is_loaded
    assert bool(everything(app.test_client())) is is_loaded
    assert "Try:" in result.output


def test_messages_and_help_name_one_command(database_url, tmp_path):
    environment = {**os.environ, "CATALOG_COMMAND": "./catalog", "DATABASE_URL": database_url, "REDIS_URL": ""}
    run = f"{sys.executable} -m flask --app wsgi catalog"
    script = f"{run} import --help; {run} export --help; {run} import; {run} sample --nothing"
    done = subprocess.run(
        ["bash", "-c", script],
        cwd=ROOT,
        env={**environment, "INSTANCE_PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    output = done.stdout + done.stderr
    assert "flask" not in output
    for command in ("import", "export", "sample"):
        assert f"Usage: ./catalog {command} [OPTIONS]" in output
    assert "Try './catalog sample --help' for help." in output
    assert "    ./catalog import my-books.csv --dry-run\n" in output
