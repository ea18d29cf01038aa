"""The Postgres that runs when `DATABASE_URL` is not set, shared by all processes of the project.

Every process that uses the server holds a shared lock on a file beside the data directory; the last one to leave
stops the server. The kernel drops the lock of a process that is killed, so nothing goes stale: the next process
finds the server that was left behind, uses it, and stops it when it is the last.
"""

from __future__ import annotations

import atexit
import contextlib
import fcntl
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from sqlalchemy import URL

from .cluster import SETTINGS, Cluster, EmbeddedUnavailable

__all__ = ["EmbeddedUnavailable", "leave", "start"]

DATABASE = "catalog"

_locks: dict[Path, tuple[int, int]] = {}  # directory → the pid that took its lock, the lock's file descriptor


def start(directory: Path, settings: Mapping[str, str] | None = None) -> str:
    """Make sure that a server runs on the cluster in `directory`, and use it until this process ends.

    A missing or empty directory becomes a new cluster; a missing database `catalog` is created. `settings` are
    settings of the server beside the usual ones; one that runs already keeps its own. Returns an SQLAlchemy URL.
    Raises `EmbeddedUnavailable`.
    """
    directory = directory.resolve()
    cluster = Cluster(directory)
    directory.parent.mkdir(parents=True, exist_ok=True)
    with _turn(directory):
        _enter(directory)
        try:
            if not cluster.answers():
                cluster.launch(settings or {})
            cluster.create_database(DATABASE)
        except BaseException:
            _leave(directory)
            raise
    query = {"host": str(cluster.socket_directory()), "port": SETTINGS["port"]}
    return URL.create("postgresql+psycopg2", "postgres", database=DATABASE, query=query).render_as_string()


def leave(directory: Path) -> None:
    """Stop using the server of `directory`, and stop it if nobody else uses it. Happens by itself at exit."""
    directory = directory.resolve()
    pid, _ = _locks.get(directory, (0, 0))
    # A child made by fork shares the lock of its parent and must not let go of it.
    if pid == os.getpid() and directory.parent.exists():
        with _turn(directory):
            if _leave(directory):
                Cluster(directory).stop()


@atexit.register
def _leave_all() -> None:
    for directory in list(_locks):
        leave(directory)


@contextlib.contextmanager
def _turn(directory: Path) -> Iterator[None]:
    """One process at a time starts or stops the server of `directory`."""
    descriptor = os.open(f"{directory}.turn", os.O_RDONLY | os.O_CREAT, 0o644)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _enter(directory: Path) -> None:
    pid, inherited = _locks.get(directory, (0, -1))
    if pid == os.getpid():
        return
    descriptor = os.open(f"{directory}.users", os.O_RDONLY | os.O_CREAT, 0o644)
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    _locks[directory] = (os.getpid(), descriptor)
    if inherited >= 0:  # our copy of the parent's lock, which would hold for as long as we live
        os.close(inherited)


def _leave(directory: Path) -> bool:
    """Give up our lock; true if nobody else holds one."""
    _, descriptor = _locks.pop(directory)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # Where the folder was deleted and made again, its users hold the lock of a new file, which is not ours.
        return os.path.samestat(os.fstat(descriptor), os.stat(f"{directory}.users"))
    except (BlockingIOError, FileNotFoundError):
        return False
    finally:
        os.close(descriptor)
