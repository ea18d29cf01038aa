"""A Postgres that tests may stop, freeze and fill."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import psycopg2

from extensions.embedded import shared as embedded
from extensions.embedded.cluster import Cluster

SETTINGS = {"fsync": "off", "full_page_writes": "off", "shared_buffers": "32MB", "max_connections": "60"}


class Postgres:
    """A cluster of its own. Of its databases the service uses `catalog`."""

    def __init__(self, directory: Path) -> None:
        self.url = embedded.start(directory, SETTINGS)
        self.directory = directory.resolve()
        self.cluster = Cluster(self.directory)

    def stop(self) -> None:
        self.cluster.stop()

    def start(self) -> None:
        self.cluster.launch(SETTINGS)

    def freeze(self) -> None:
        """Stop every process of the server with SIGSTOP."""
        for process in self._processes():
            process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        for process in self._processes():
            process.send_signal(signal.SIGCONT)

    def connect(self, database: str = "catalog") -> psycopg2.extensions.connection:
        connection = psycopg2.connect(
            host=str(self.cluster.socket_directory()), port=5432, user="postgres", dbname=database, connect_timeout=5
        )
        connection.autocommit = True
        return connection

    def execute(self, sql: str, *values: Any, database: str = "catalog") -> list[tuple[Any, ...]]:
        """Run SQL on a new connection and return the rows, if there are any."""
        with contextlib.closing(self.connect(database)) as connection, connection.cursor() as cursor:
            cursor.execute(sql, values or None)
            return cursor.fetchall() if cursor.description else []

    @contextlib.contextmanager
    def transaction(self, *statements: str) -> Iterator[Callable[[], None]]:
        """Run statements in a transaction that stays open until the end of the block.

        Gives a function that rolls it back earlier.
        """
        with contextlib.closing(self.connect()) as connection, connection.cursor() as cursor:
            cursor.execute("BEGIN")
            for statement in statements:
                cursor.execute(statement)
            yield lambda: cursor.execute("ROLLBACK")

    def waiting(self, event_type: str = "Lock") -> list[int]:
        """The process ids of the service's connections that wait for an event of this type."""
        rows = self.execute(
            "SELECT pid FROM pg_stat_activity WHERE application_name = 'catalog' AND wait_event_type = %s", event_type
        )
        return [row[0] for row in rows]

    def end_connections(self) -> None:
        """End the connections of the service."""
        self.execute(
            "SELECT pg_terminate_backend(pid, 2000) FROM pg_stat_activity WHERE application_name = 'catalog'",
            database="postgres",
        )

    def _processes(self) -> list[psutil.Process]:
        pid = int((self.directory / "postmaster.pid").read_text().split("\n")[0])
        postmaster = psutil.Process(pid)
        return [postmaster, *postmaster.children(recursive=True)]
