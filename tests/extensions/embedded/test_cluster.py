"""A cluster: created, started after a crash, refused with a reason."""

from __future__ import annotations

import os
import pwd
import signal
import subprocess
from pathlib import Path

import psutil
import pytest

from extensions.embedded import cluster
from extensions.embedded import shared as embedded

from .servers import QUICK, postmaster, query, stopped

pytestmark = pytest.mark.slow(20)


def test_the_first_start_creates_a_cluster_and_the_database(directory: Path) -> None:
    url = embedded.start(directory, QUICK)
    assert query(url, "SELECT current_database()") == "catalog"
    assert query(url, "SELECT pg_encoding_to_char(encoding) || ' ' || datlocale FROM pg_database") == "UTF8 C.UTF-8"
    assert query(url, "SHOW timezone") == "UTC"
    assert query(url, "SHOW listen_addresses") == ""
    assert query(url, "SHOW fsync") == "off"


def test_a_killed_server_restarts_with_all_commits(directory: Path) -> None:
    url = embedded.start(directory, QUICK)
    query(url, "CREATE TABLE kept AS SELECT * FROM generate_series(1, 1000) AS n", "SELECT 1")
    server = postmaster(directory)
    os.kill(server, signal.SIGKILL)
    assert query(embedded.start(directory, QUICK), "SELECT count(*) FROM kept") == 1000
    assert postmaster(directory) != server


def test_pid_files_of_another_process_are_ignored(directory: Path) -> None:
    embedded.start(directory, QUICK)
    lines = (directory / "postmaster.pid").read_text().split("\n")
    embedded.leave(directory)
    with subprocess.Popen(["sleep", "60"]) as other:
        for name in ("postmaster.pid", ".s.PGSQL.5432.lock"):
            (directory / name).write_text("\n".join([str(other.pid), *lines[1:]]))
        assert query(embedded.start(directory, QUICK), "SELECT 1") == 1
        embedded.leave(directory)
        assert other.poll() is None
        other.kill()


def test_the_server_has_a_session_of_its_own(directory: Path) -> None:
    embedded.start(directory, QUICK)
    assert os.getsid(postmaster(directory)) != os.getsid(0)


@pytest.mark.parametrize("name", ["p" * 110, "a, b", "with space and 'quotes' \" $HOME é"])
def test_any_path_is_accepted(folder: Path, name: str) -> None:
    directory = folder / name / "postgres"
    assert query(embedded.start(directory, QUICK), "SHOW data_directory") == str(directory)
    embedded.leave(directory)
    assert stopped(directory)


def test_remains_of_an_interrupted_start_are_ignored(directory: Path) -> None:
    half = directory.with_name("postgres.new")
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")
    assert query(embedded.start(directory, QUICK), "SELECT 1") == 1


def test_a_cluster_of_another_version_is_refused_with_advice(directory: Path) -> None:
    directory.mkdir()
    (directory / "PG_VERSION").write_text("17\n")
    with pytest.raises(embedded.EmbeddedUnavailable, match=r"created by Postgres 17.*Move the folder away"):
        embedded.start(directory, QUICK)


def test_a_folder_with_other_files_is_refused(directory: Path) -> None:
    directory.mkdir()
    (directory / "letter.txt").write_text("Dear Ursula")
    with pytest.raises(embedded.EmbeddedUnavailable, match="not a Postgres cluster"):
        embedded.start(directory, QUICK)
    assert [path.name for path in directory.iterdir()] == ["letter.txt"]


def test_a_failed_start_is_explained(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "RETRY_SECONDS", 0.01)
    with pytest.raises(embedded.EmbeddedUnavailable, match="unrecognized configuration parameter"):
        embedded.start(directory, {**QUICK, "no_such_setting": "1"})


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may switch users")
def test_root_runs_the_server_as_a_system_user(folder: Path) -> None:
    private = folder / "private"
    private.mkdir(mode=0o700)
    embedded.start(private / "postgres", QUICK)
    assert psutil.Process(postmaster(private / "postgres")).username() == "embedded_postgres"
    assert private.stat().st_mode & 0o077 == 0o001
    embedded.leave(private / "postgres")


def test_useradd_is_found_where_path_leaves_it_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    useradd, passwd = tmp_path / "sbin/useradd", tmp_path / "passwd"
    useradd.parent.mkdir()
    useradd.write_text(f'#!/bin/sh\necho "$@" > {passwd}\n')
    useradd.chmod(0o755)

    def getpwnam(name: str) -> str:
        if not passwd.exists():
            raise KeyError(name)
        return passwd.read_text()

    monkeypatch.setenv("PATH", "/usr/local/bin:/usr/bin:/bin")
    monkeypatch.setattr(cluster, "ADMIN_FOLDERS", (str(useradd.parent),))
    monkeypatch.setattr(pwd, "getpwnam", getpwnam)
    assert "--system" in str(cluster._system_user())


def test_useradd_is_searched_in_administrator_folders() -> None:
    assert cluster.ADMIN_FOLDERS == ("/usr/sbin", "/sbin")


def test_a_system_without_useradd_is_refused_with_advice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(cluster, "ADMIN_FOLDERS", ())
    monkeypatch.setattr(cluster, "SYSTEM_USER", "no_such_user")
    with pytest.raises(embedded.EmbeddedUnavailable, match="set DATABASE_URL"):
        cluster._system_user()
