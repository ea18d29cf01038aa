"""One server for all processes: the first starts it, the last stops it."""

from __future__ import annotations

import contextlib
import importlib.util
import os
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from extensions.embedded import shared as embedded

from .servers import QUICK, User, postmaster, query, stopped

pytestmark = pytest.mark.slow(12)


def test_a_second_start_uses_the_same_server(directory: Path) -> None:
    assert embedded.start(directory, QUICK) == embedded.start(directory)
    embedded.leave(directory)
    assert stopped(directory)


def test_concurrent_processes_share_one_server(directory: Path, start_user: Callable[[], User]) -> None:
    first, second, third = start_user(), start_user(), start_user()
    assert len({first.url(), second.url(), third.url()}) == 1
    server = postmaster(directory)
    first.leave()
    second.leave()
    assert postmaster(directory) == server
    third.leave()
    assert stopped(directory)


def test_the_next_process_adopts_the_server_of_a_killed_one(directory: Path, start_user: Callable[[], User]) -> None:
    killed = start_user()
    killed.url()
    server = postmaster(directory)
    killed.kill()
    embedded.start(directory, QUICK)
    assert postmaster(directory) == server
    embedded.leave(directory)
    assert stopped(directory)


def test_a_forked_child_does_not_stop_the_server(directory: Path, start_user: Callable[[], User]) -> None:
    parent = start_user()
    url = parent.url()
    parent.send("fork")
    assert query(url, "SELECT 1") == 1
    parent.leave()
    assert stopped(directory)


def test_two_clusters_run_at_once(folder: Path) -> None:
    urls = [embedded.start(folder / name, QUICK) for name in ("one", "two")]
    query(urls[0], "CREATE TABLE here (id int)", "SELECT 1")
    assert [query(url, "SELECT to_regclass('here')::text") for url in urls] == ["here", None]
    embedded.leave(folder / "one")
    assert query(urls[1], "SELECT 1") == 1
    embedded.leave(folder / "two")


def test_a_deleted_directory_is_created_again(directory: Path, start_user: Callable[[], User]) -> None:
    before = start_user()
    before.url()
    old = postmaster(directory)
    for path in directory.parent.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    url = embedded.start(directory, QUICK)
    assert postmaster(directory) != old
    os.kill(old, signal.SIGQUIT)  # as it would do itself within a minute, when it notices that its files are gone
    before.leave()
    with contextlib.suppress(psutil.NoSuchProcess):
        while psutil.Process(old).status() != psutil.STATUS_ZOMBIE:
            time.sleep(0.01)
    assert query(url, "SELECT 1") == 1


def test_a_missing_wheel_is_a_clear_error(directory: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(embedded.EmbeddedUnavailable, match="Set DATABASE_URL, or run pip install -r requirements-run"):
        embedded.start(directory)
