"""The Postgres of a benchmark: an embedded cluster with a database for each size of the generated catalog."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import psycopg2
from alembic.script import ScriptDirectory

from extensions.embedded import shared as embedded
from extensions.embedded.cluster import Cluster as EmbeddedCluster

from . import catalog

ROOT = Path(__file__).parent.parent


SETTINGS = {"max_connections": "300"}  # all contestants keep their connections open
# The generated rows are written into the tables of this revision, without triggers. Later migrations derive their own
# data from these rows, as in any older catalog.
FILLED_AT = "0002"


class Cluster:
    """A running cluster in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.directory = folder / "postgres"
        self.folder = folder
        self.base = embedded.start(self.directory, SETTINGS).replace("postgresql+psycopg2://", "postgresql://")

    def url(self, name: str) -> str:
        """Return the URL of a database for libpq."""
        before, _, options = self.base.partition("?")
        return f"{before.rpartition('/')[0]}/{name}?{options}"

    @property
    def programs(self) -> Path:
        """The folder of the programs of Postgres."""
        return EmbeddedCluster(self.directory).programs

    @property
    def pid(self) -> int:
        """The parent process of the server."""
        return int((self.directory / "postmaster.pid").read_text().split("\n")[0])

    @contextlib.contextmanager
    def connect(self, name: str) -> Iterator[Any]:
        """Open a connection in autocommit mode."""
        connection = psycopg2.connect(self.url(name))
        connection.autocommit = True
        try:
            yield connection
        finally:
            connection.close()

    def new(self, name: str, revision: str = "head") -> str:
        """Create an empty database with the schema of a revision, by default the newest; return its URL."""
        with self.connect("postgres") as connection, connection.cursor() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            cursor.execute(f"CREATE DATABASE {name}")
        flask(self.environment(name), "db", "upgrade", revision)
        return self.url(name)

    def environment(self, name: str) -> dict[str, str]:
        """Return the environment of this service on a database."""
        instance = self.folder / f"instance_{name}"
        return {
            **os.environ,
            "DATABASE_URL": self.url(name),
            "INSTANCE_PATH": str(instance),
            "REDIS_URL": "",
            "LOG_LEVEL": "WARNING",
            "PREPARE": "",
            "FLASK_SKIP_DOTENV": "1",
        }

    def catalog(self, books: int) -> str:
        """Return the name of the database with the generated catalog of `books` books."""

        def fill(name: str) -> None:
            with self.connect(name) as target:
                _fill(target, books)

        return self.kept(f"catalog_{books}", f"{books:,} books made and loaded", fill, FILLED_AT)

    def kept(self, name: str, what: str, fill: Callable[[str], None], filled_at: str = "head") -> str:
        """Return the name of a database that is kept for the next run, migrated to the newest schema.

        If it is missing, it is created at the revision `filled_at` and filled by `fill`, which gets its name; `what`
        describes this in the output.
        """
        if self._revision(name) == _newest_revision():
            return name
        started = time.perf_counter()
        if self._revision(name) not in _revisions():
            self.new(f"{name}_unfinished", filled_at)
            fill(f"{name}_unfinished")
            with self.connect("postgres") as connection, connection.cursor() as cursor:
                cursor.execute(f"DROP DATABASE IF EXISTS {name}")
                cursor.execute(f"ALTER DATABASE {name}_unfinished RENAME TO {name}")
        flask(self.environment(name), "db", "upgrade")
        with self.connect(name) as connection, connection.cursor() as cursor:
            cursor.execute("VACUUM (ANALYZE)")
            cursor.execute("CHECKPOINT")
        print(f"({what} in {time.perf_counter() - started:.0f} s)", flush=True)
        return name

    def _revision(self, name: str) -> str | None:
        """Return the revision of a database's schema, None if there is none."""
        try:
            with self.connect(name) as connection, connection.cursor() as cursor:
                cursor.execute("SELECT version_num FROM alembic_version")
                return str(cursor.fetchone()[0])
        except psycopg2.OperationalError:
            return None

    @contextlib.contextmanager
    def copy(self, database: str, name: str) -> Iterator[str]:
        """Copy a database for writes, and drop the copy after the block."""
        with self.connect("postgres") as connection, connection.cursor() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
            cursor.execute(f"CREATE DATABASE {name} TEMPLATE {database}")
            try:
                yield name
            finally:
                cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")

    def stop(self) -> None:
        """Stop the cluster, unless another process uses it."""
        embedded.leave(self.directory)


def flask(environment: Mapping[str, str], *arguments: str, allowed: tuple[int, ...] = (0,)) -> None:
    """Run a command of this service, which ends with one of the `allowed` exit statuses."""
    command = [sys.executable, "-m", "flask", "--app", "wsgi", *arguments]
    done = subprocess.run(command, cwd=ROOT, env=environment, check=False)
    if done.returncode not in allowed:
        raise subprocess.CalledProcessError(done.returncode, command)


def _fill(connection: Any, books: int) -> None:
    """Fill an empty catalog: first the rows, then indexes and keys."""
    with connection.cursor() as cursor:
        cursor.execute("SET maintenance_work_mem = '512MB'")
        cursor.execute("SET synchronous_commit = off")
        indexes = _secondary_indexes(cursor)
        for name, _ in indexes:
            cursor.execute(f"DROP INDEX {name}")
        cursor.execute("SET session_replication_role = replica")  # skips the checks of foreign keys, which are valid
        with ProcessPoolExecutor() as pool:
            authors = catalog.authors_of(books)
            starts = range(1, authors + 1, catalog.CHUNK)
            for text in pool.map(_authors, starts, [min(start + catalog.CHUNK, authors + 1) for start in starts]):
                _copy(cursor, "authors", catalog.AUTHOR_COLUMNS, text)
            starts = range(1, books + 1, catalog.CHUNK)
            stops = [min(start + catalog.CHUNK, books + 1) for start in starts]
            for text, contributions in pool.map(_books, starts, stops, [books] * len(stops)):
                _copy(cursor, "books", catalog.BOOK_COLUMNS, text)
                _copy(cursor, "contributions", catalog.CONTRIBUTION_COLUMNS, contributions)
        for _, definition in indexes:
            cursor.execute(definition)
        for table in ("authors", "books"):
            cursor.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) FROM {table}")


def _newest_revision() -> str | None:
    return _scripts().get_current_head()


def _revisions() -> set[str]:
    return {script.revision for script in _scripts().walk_revisions()}


def _scripts() -> ScriptDirectory:
    return ScriptDirectory(str(ROOT / "migrations"))


def _secondary_indexes(cursor: Any) -> list[tuple[str, str]]:
    """Return names and definitions of the indexes without a constraint."""
    cursor.execute(
        "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index "
        "JOIN pg_class ON pg_class.oid = indrelid WHERE relname IN ('authors', 'books', 'contributions') "
        "AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid)"
    )
    return list(cursor.fetchall())


def _authors(start: int, stop: int) -> str:
    return "".join(map(catalog.copy_line, catalog.authors(start, stop)))


def _books(start: int, stop: int, total: int) -> tuple[str, str]:
    books, contributions = [], []
    for book, its_contributions in catalog.books(start, stop, total):
        books.append(catalog.copy_line(book))
        contributions += map(catalog.copy_line, its_contributions)
    return "".join(books), "".join(contributions)


def _copy(cursor: Any, table: str, columns: tuple[str, ...], text: str) -> None:
    cursor.copy_expert(f"COPY {table} ({', '.join(columns)}) FROM STDIN", io.StringIO(text))
