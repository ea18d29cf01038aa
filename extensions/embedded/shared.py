"""The embedded Postgres, shared by all processes that use the same folder.

Every process that uses the server has a shared lock on a file beside the data directory; the last process stops the
server. The kernel releases the lock of a killed process, so no lock becomes stale: the next process uses the running
server, and stops it if it is the last.
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
    """Start the server in `directory` unless it runs, and return its SQLAlchemy URL.

    This process uses it until it ends. A missing or empty directory becomes a new cluster; a missing database `catalog`
    is created. `settings` are further settings of a server that is started. Raises `EmbeddedUnavailable`.
    """
    directory = directory.resolve()
    cluster = Cluster(directory)
    directory.parent.mkdir(parents=True, exist_ok=True)
    with _start_lock(directory):
        _enter(directory)
        try:
            if not cluster.is_ready():
                cluster.launch(settings or {})
            cluster.create_database(DATABASE)
        except BaseException:
            _leave(directory)
            raise
    query = {"host": str(cluster.socket_directory()), "port": SETTINGS["port"]}
    return URL.create("postgresql+psycopg2", "postgres", database=DATABASE, query=query).render_as_string()


def leave(directory: Path) -> None:
    """Stop using the server of `directory`, and stop it if no other process uses it.

    Called at exit.
    """
    directory = directory.resolve()
    pid, _ = _locks.get(directory, (0, 0))
    # A forked child shares the lock of its parent and must not release it.
    if pid == os.getpid() and directory.parent.exists():
        with _start_lock(directory):
            if _leave(directory):
                Cluster(directory).stop()


@atexit.register
def _leave_all() -> None:
    for directory in list(_locks):
        leave(directory)


@contextlib.contextmanager
def _start_lock(directory: Path) -> Iterator[None]:
    """Hold the lock for starting or stopping the server of `directory`."""
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
    if inherited >= 0:  # the copy of the parent's lock, which would last as long as this process
        os.close(inherited)


def _leave(directory: Path) -> bool:
    """Release the lock of this process. Return whether no other process has one."""
    _, descriptor = _locks.pop(directory)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        # If the folder was deleted and created again, its users have the lock of another file.
        return os.path.samestat(os.fstat(descriptor), os.stat(f"{directory}.users"))
    except (BlockingIOError, FileNotFoundError):
        return False
    finally:
        os.close(descriptor)
