"""The embedded Postgres: one server for all processes, whatever becomes of them."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import sqlalchemy as sa

from extensions import cluster, embedded
from tests.conftest import ROOT

QUICK = {"fsync": "off", "shared_buffers": "16MB"}
PROGRAM = """
import os, sys
from pathlib import Path
from extensions import embedded
print(embedded.start(Path(sys.argv[1]), {"fsync": "off", "shared_buffers": "16MB"}), flush=True)
for line in sys.stdin:
    if line == "fork\\n":
        child = os.fork()
        if not child:
            sys.exit()
        os.waitpid(child, 0)
    print("done", flush=True)
"""


class User:
    """Another process that uses the server in `directory`, until `leave` or `kill`."""

    def __init__(self, directory: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, directory],
            cwd=ROOT,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def url(self) -> str:
        """What `start` returned there."""
        assert self.process.stdout
        return self.process.stdout.readline().strip()

    def say(self, line: str) -> None:
        """Send a command and wait until it is done."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()
        assert self.process.stdout.readline() == "done\n"

    def leave(self) -> None:
        """End the process in the ordinary way."""
        self.process.communicate(timeout=30)

    def kill(self) -> None:
        """End the process with `kill -9`."""
        self.process.kill()
        self.process.communicate(timeout=30)


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Path]:
    path = tmp_path / "postgres"
    yield path
    embedded.leave(path)


@pytest.fixture
def user(directory: Path) -> Iterator[Callable[[], User]]:
    users = []

    def another() -> User:
        users.append(User(directory))
        return users[-1]

    yield another
    for one in users:
        one.leave()


def ask(url: str, *statements: str) -> Any:
    """The first value that the last statement answers."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    with engine.begin() as connection:
        return [connection.execute(sa.text(statement)) for statement in statements][-1].scalar()


def postmaster(directory: Path) -> int:
    return int((directory / "postmaster.pid").read_text().split()[0])


def stopped(directory: Path) -> bool:
    return not (directory / "postmaster.pid").exists()


def test_the_first_start_makes_a_cluster_and_the_database(directory: Path) -> None:
    url = embedded.start(directory, QUICK)
    assert ask(url, "SELECT current_database()") == "catalog"
    assert ask(url, "SELECT pg_encoding_to_char(encoding) || ' ' || datlocale FROM pg_database") == "UTF8 C.UTF-8"
    assert ask(url, "SHOW timezone") == "UTC"
    assert ask(url, "SHOW listen_addresses") == ""
    assert ask(url, "SHOW fsync") == "off"


def test_starting_again_in_one_process_is_the_same_server(directory: Path) -> None:
    assert embedded.start(directory, QUICK) == embedded.start(directory)
    embedded.leave(directory)
    assert stopped(directory)


def test_processes_that_start_at_once_share_one_server_and_the_last_stops_it(
    directory: Path, user: Callable[[], User]
) -> None:
    first, second, third = user(), user(), user()
    assert len({first.url(), second.url(), third.url()}) == 1
    server = postmaster(directory)
    first.leave()
    second.leave()
    assert postmaster(directory) == server
    third.leave()
    assert stopped(directory)


def test_a_killed_user_leaves_a_server_that_the_next_one_uses_and_stops(
    directory: Path, user: Callable[[], User]
) -> None:
    killed = user()
    killed.url()
    server = postmaster(directory)
    killed.kill()
    embedded.start(directory, QUICK)
    assert postmaster(directory) == server
    embedded.leave(directory)
    assert stopped(directory)


def test_a_killed_server_is_started_again_with_all_that_was_committed(directory: Path) -> None:
    url = embedded.start(directory, QUICK)
    ask(url, "CREATE TABLE kept AS SELECT * FROM generate_series(1, 1000) AS n", "SELECT 1")
    server = postmaster(directory)
    os.kill(server, signal.SIGKILL)
    assert ask(embedded.start(directory, QUICK), "SELECT count(*) FROM kept") == 1000
    assert postmaster(directory) != server


def test_a_file_that_names_another_process_fools_nobody(directory: Path) -> None:
    embedded.start(directory, QUICK)
    lines = (directory / "postmaster.pid").read_text().split("\n")
    embedded.leave(directory)
    with subprocess.Popen(["sleep", "60"]) as other:
        for name in ("postmaster.pid", ".s.PGSQL.5432.lock"):
            (directory / name).write_text("\n".join([str(other.pid), *lines[1:]]))
        assert ask(embedded.start(directory, QUICK), "SELECT 1") == 1
        embedded.leave(directory)
        assert other.poll() is None
        other.kill()


def test_a_child_made_by_fork_leaves_the_server_to_its_parent(directory: Path, user: Callable[[], User]) -> None:
    parent = user()
    url = parent.url()
    parent.say("fork")
    assert ask(url, "SELECT 1") == 1
    parent.leave()
    assert stopped(directory)


def test_the_server_does_not_hear_a_ctrl_c(directory: Path) -> None:
    embedded.start(directory, QUICK)
    assert os.getsid(postmaster(directory)) != os.getsid(0)


@pytest.mark.parametrize("name", ["p" * 110, "a, b", "with space and 'quotes' \" $HOME é"])
def test_any_path_will_do(tmp_path: Path, name: str) -> None:
    directory = tmp_path / name / "postgres"
    assert ask(embedded.start(directory, QUICK), "SHOW data_directory") == str(directory)
    embedded.leave(directory)
    assert stopped(directory)


def test_two_clusters_run_at_once(tmp_path: Path) -> None:
    urls = [embedded.start(tmp_path / name, QUICK) for name in ("one", "two")]
    ask(urls[0], "CREATE TABLE here (id int)", "SELECT 1")
    assert [ask(url, "SELECT to_regclass('here')::text") for url in urls] == ["here", None]
    embedded.leave(tmp_path / "one")
    assert ask(urls[1], "SELECT 1") == 1
    embedded.leave(tmp_path / "two")


def test_a_directory_deleted_under_its_server_is_made_anew(directory: Path, user: Callable[[], User]) -> None:
    before = user()
    before.url()
    old = postmaster(directory)
    for path in directory.parent.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    url = embedded.start(directory, QUICK)
    assert postmaster(directory) != old
    os.kill(old, signal.SIGQUIT)  # as it does by itself within a minute, when it sees that its files are gone
    before.leave()
    with contextlib.suppress(psutil.NoSuchProcess):
        while psutil.Process(old).status() != psutil.STATUS_ZOMBIE:
            time.sleep(0.01)
    assert ask(url, "SELECT 1") == 1


def test_what_an_interrupted_first_start_left_does_not_matter(directory: Path) -> None:
    half = directory.with_name("postgres.new")
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")
    assert ask(embedded.start(directory, QUICK), "SELECT 1") == 1


def test_a_cluster_of_another_version_is_refused_with_advice(directory: Path) -> None:
    directory.mkdir()
    (directory / "PG_VERSION").write_text("17\n")
    with pytest.raises(embedded.EmbeddedUnavailable, match=r"made by Postgres 17.*move it away"):
        embedded.start(directory, QUICK)


def test_a_folder_of_something_else_is_left_alone(directory: Path) -> None:
    directory.mkdir()
    (directory / "letter.txt").write_text("Dear Ursula")
    with pytest.raises(embedded.EmbeddedUnavailable, match="no Postgres cluster"):
        embedded.start(directory, QUICK)
    assert [path.name for path in directory.iterdir()] == ["letter.txt"]


def test_a_server_that_cannot_start_says_why(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "RETRY_SECONDS", 0.01)
    with pytest.raises(embedded.EmbeddedUnavailable, match="unrecognized configuration parameter"):
        embedded.start(directory, {**QUICK, "no_such_setting": "1"})


def test_a_missing_wheel_is_a_clear_error(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(embedded.EmbeddedUnavailable, match=r"set DATABASE_URL, or pip install -r requirements-dev"):
        embedded.start(directory)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may switch users")
def test_as_root_the_server_runs_as_a_system_user_and_parents_are_only_passed_through(tmp_path: Path) -> None:
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    embedded.start(private / "postgres", QUICK)
    assert psutil.Process(postmaster(private / "postgres")).username() == "embedded_postgres"
    assert private.stat().st_mode & 0o077 == 0o001
    embedded.leave(private / "postgres")
