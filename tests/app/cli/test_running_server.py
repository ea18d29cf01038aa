"""``./catalog``: the commands of the catalog, with the settings of the server that runs."""

from __future__ import annotations

import json
import os
import signal
import subprocess

import pytest

from app.cli import running_server
from tests import ROOT


@pytest.fixture
def settings_file(tmp_path, monkeypatch):
    file = tmp_path / ".running-server"
    monkeypatch.setattr(running_server, "FILE", file)
    for name in ("PORT", "INSTANCE_PATH", "DATABASE_URL", "URL_PREFIX"):
        monkeypatch.delenv(name, raising=False)
    return file


def publish_in_child(**settings: str) -> int:
    """Publish settings from another process, which lives until it is killed; return its pid."""
    read, write = os.pipe()
    pid = os.fork()
    if not pid:
        os.environ.update(settings)
        running_server.publish_settings()
        os.write(write, b"x")
        signal.pause()
        os._exit(0)
    os.read(read, 1)
    return pid


def test_commands_use_the_settings_of_the_running_server(settings_file, monkeypatch):
    server = publish_in_child(PORT="8765", INSTANCE_PATH="/srv/catalog")
    try:
        monkeypatch.setenv("PORT", "9000")
        assert running_server.use_settings() == "that of the running server, in /srv/catalog"
        assert os.environ["INSTANCE_PATH"] == "/srv/catalog"
        assert os.environ["PORT"] == "9000"  # what the command itself is given wins
    finally:
        os.kill(server, 9)
        os.waitpid(server, 0)


def test_a_command_for_another_catalog_keeps_its_settings(settings_file, monkeypatch):
    server = publish_in_child(PORT="8765", INSTANCE_PATH="/srv/catalog", URL_PREFIX="/api")
    try:
        monkeypatch.setenv("INSTANCE_PATH", "/srv/other")
        assert running_server.use_settings() == ""
        assert "URL_PREFIX" not in os.environ
        assert "PORT" not in os.environ
    finally:
        os.kill(server, 9)
        os.waitpid(server, 0)


def test_settings_of_a_killed_server_are_ignored(settings_file, monkeypatch):
    server = publish_in_child(INSTANCE_PATH="/srv/catalog")
    os.kill(server, 9)
    os.waitpid(server, 0)
    assert json.loads(settings_file.read_text()) == {"INSTANCE_PATH": "/srv/catalog"}
    running_server.use_settings()
    assert "INSTANCE_PATH" not in os.environ


def test_other_users_cannot_read_the_settings(settings_file):
    server = publish_in_child(DATABASE_URL="postgresql://catalog:secret@db/catalog")
    os.kill(server, 9)
    os.waitpid(server, 0)
    assert settings_file.stat().st_mode & 0o077 == 0


def test_the_script_works_from_any_folder(tmp_path, new_database):
    environment = {
        **os.environ,
        "DATABASE_URL": new_database("script"),
        "INSTANCE_PATH": str(tmp_path),
        "REDIS_URL": "",
    }
    (tmp_path / "new.csv").write_text("title,authors\nKindred,Octavia E. Butler\n")
    run = subprocess.run(
        [ROOT / "catalog", "import", "new.csv"], cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    exported = subprocess.run(
        [ROOT / "catalog", "export", "-", "--format", "ndjson"],
        cwd=tmp_path, env=environment, capture_output=True, text=True,
    )  # fmt: skip
    assert '"Kindred"' in exported.stdout


@pytest.mark.parametrize("arguments", [("export", "-"), ("import", "new.csv")])
def test_a_folder_without_a_catalog_is_refused(tmp_path, arguments):
    environment = {**os.environ, "DATABASE_URL": "", "INSTANCE_PATH": str(tmp_path / "mistyped")}
    run = subprocess.run([ROOT / "catalog", *arguments], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert run.returncode != 0
    assert f"There is no catalog in {tmp_path}/mistyped." in run.stderr
    assert not (tmp_path / "mistyped").exists()


def test_the_script_says_which_setting_is_wrong(tmp_path):
    environment = {**os.environ, "PORT": "none"}
    run = subprocess.run([ROOT / "catalog", "--help"], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert run.returncode != 0
    assert run.stderr == "PORT must be an integer between 1 and 65,535, not 'none'.\n"
