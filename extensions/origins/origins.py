"""Marks of statements, and the file of the routes that send each.

Postgres collects statistics of a statement under its first text, so its mark names the first route that sent it. A
statement that several routes share has further lines in a file, which all processes of a machine append to.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

ORIGINS = "catalog.origins"
FILE = "statement_routes"
FILE_BYTES = 1024 * 1024  # a larger file is not extended until `keep` makes room
MOST_MARKS = 10_000  # that a process remembers
KEY_DIGITS = 12
KEY_IN_MARK = r"/[*] [A-Z]+ /[^ ]* ([0-9a-f]{12}) [*]/"  # a regular expression of Postgres

_PREPARE = "PREPARE "
_name = re.compile(r"catalog_([0-9a-f]{12})[0-9a-f]{12}(?![0-9a-f])")
_mark = re.compile(r"/\* ([A-Z]+ /\S*) ([0-9a-f]{12}) \*/ ?")


class Origins:
    """The marks of one application. `current_route` returns the route of the current request, "" without one."""

    def __init__(self, folder: Path, current_route: Callable[[], str]) -> None:
        self.current_route = current_route
        self._path = folder / FILE
        # By the hash of the text, because the texts themselves would take much memory.
        self._marks: dict[tuple[int, str], str] = {}
        self._recorded: set[tuple[str, str]] = set()  # keys with routes, because several texts have the same key

    def marked(self, sql: str, route: str) -> str:
        """Return SQL with a mark that names a route, such as ``GET /books/{book_id}``; without a route as it is."""
        if not route:
            return sql
        mark = self._marks.get((hash(sql), route))
        if mark is None:
            mark = self._new_mark(sql, route)
        # Of `PREPARE …; EXECUTE …`, Postgres collects the former. Comments before a statement are not part of it.
        start = sql.find(_PREPARE, 0, 80)
        if start < 0:
            return f"{sql} {mark}"
        start += len(_PREPARE)
        return f"{sql[:start]}{mark} {sql[start:]}"

    def routes(self) -> dict[str, set[str]]:
        """Return the recorded routes of each statement, by the key of its mark."""
        recorded: dict[str, set[str]] = {}
        with contextlib.suppress(FileNotFoundError):
            for line in self._path.read_text(errors="replace").splitlines():
                key, _, route = line.partition(" ")
                recorded.setdefault(key, set()).add(route)
        return recorded

    def is_large(self) -> bool:
        """Whether the file should be reduced by `keep`."""
        return self._path.exists() and self._path.stat().st_size > FILE_BYTES // 2

    def keep(self, keys: Collection[str]) -> None:
        """Forget the routes of statements with other keys, so that the file does not grow forever."""
        with self._locked() as descriptor:
            kept = [(key, route) for key, routes in self.routes().items() if key in keys for route in sorted(routes)]
            os.ftruncate(descriptor, 0)
            os.write(descriptor, "".join(f"{key} {route}\n" for key, route in kept).encode())

    def _new_mark(self, sql: str, route: str) -> str:
        key = key_of(sql)
        if len(self._marks) >= MOST_MARKS:
            self._marks.clear()
            self._recorded.clear()
        mark = self._marks[hash(sql), route] = f"/* {route} {key} */"
        if (key, route) not in self._recorded:
            self._recorded.add((key, route))
            self._record(key, route)
        return mark

    def _record(self, key: str, route: str) -> None:
        with contextlib.suppress(OSError), self._locked() as descriptor:  # a full disk must not fail the request
            if os.fstat(descriptor).st_size < FILE_BYTES:
                os.write(descriptor, f"{key} {route}\n".encode())

    @contextlib.contextmanager
    def _locked(self) -> Iterator[int]:
        descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield descriptor
        finally:
            os.close(descriptor)


def key_of(sql: str) -> str:
    """Return the key of a statement, the same in every process.

    A prepared statement and a cursor have it in their names, so that `PREPARE` and `EXECUTE`, `DECLARE` and `FETCH`
    have the same.
    """
    named = _name.search(sql, max(0, sql.find(_PREPARE, 0, 80)), 160)
    return named[1] if named else hashlib.sha256(sql.encode()).hexdigest()[:KEY_DIGITS]


def unmarked(sql: str) -> tuple[str, str, str]:
    """Return SQL without its mark, and the route and the key of the mark, both "" if it has none."""
    mark = _mark.search(sql)
    return (_mark.sub("", sql).rstrip(), mark[1], mark[2]) if mark else (sql, "", "")
