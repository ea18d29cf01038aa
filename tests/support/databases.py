"""The databases of a test run: copies of a migrated template in one Postgres.

Every process of the run shares the Postgres. The first one migrates the template; the others only copy it.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TextIO

import psycopg2
import psycopg2.extensions
import pytest
from flask_migrate import upgrade
from sqlalchemy.engine import make_url

from app import create_app
from extensions.database.engine import db
from extensions.embedded import shared as embedded

SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "max_connections": "300",
    "file_copy_method": "clone",  # the copy of a database shares its blocks with the template, where the disk can do it
}
TEMPLATE = "template_catalog"


@pytest.fixture(scope="session")
def shared_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that all processes of this test run share."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture(scope="session")
def cluster(shared_folder: Path) -> Iterator[str]:
    """The URL of the test run's own Postgres, which holds the template."""
    with _locked(shared_folder / "cluster.folder") as known:
        # Outside pytest's folder, which each run closes to other users: as root, Postgres runs as another user.
        folder = Path(known.read() or tempfile.mkdtemp(prefix="catalog-tests-"))
        known.truncate(0)
        known.write(str(folder))
        url = embedded.start(folder / "postgres", SETTINGS)
        if not execute(url, "SELECT 1 FROM pg_database WHERE datname = %s", TEMPLATE):
            execute(url, f"CREATE DATABASE {TEMPLATE}")
            migrate(database_in(url, TEMPLATE), shared_folder / "template")
    yield url
    embedded.leave(folder / "postgres")
    if not (folder / "postgres/postmaster.pid").exists():
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def new_database(cluster: str) -> Callable[..., str]:
    """Create a migrated database and return its URL.

    It is empty, or a copy of another one of the cluster that nothing is connected to.
    """

    def create(name: str, template: str = TEMPLATE) -> str:
        name = f"{name}_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
        execute(cluster, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        return _copy_template(cluster, name, template)

    return create


@pytest.fixture(scope="session")
def shared_database(cluster: str, shared_folder: Path) -> Callable[[str, Callable[[str], None]], str]:
    """Create and fill a database once for all processes, and return its URL.

    Tests only read it.
    """

    def create(name: str, fill: Callable[[str], None]) -> str:
        with _locked(shared_folder / f"{name}.filled") as is_filled:
            if not is_filled.read():
                execute(cluster, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
                fill(_copy_template(cluster, name))
                is_filled.write("filled")
        return database_in(cluster, name)

    return create


@pytest.fixture(scope="session")
def database_url(new_database: Callable[[str], str]) -> str:
    """The URL of this process's own database, which the fixture `app` empties for each test."""
    return new_database("catalog")


@pytest.fixture(scope="session")
def empty_catalog(database_url: str) -> Iterator[Callable[[], None]]:
    """Delete every record of this process's own database, so that the next ids are 1."""
    with contextlib.closing(connect(database_url)) as connection, connection.cursor() as cursor:
        yield lambda: cursor.execute(EMPTY)


@pytest.fixture
def statistics(database_url: str) -> Iterator[None]:
    """The extension pg_stat_statements in this process's own database, with empty statistics."""
    execute(database_url, "CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
    execute(
        database_url,
        "SELECT pg_stat_statements_reset(0, oid, 0) FROM pg_database WHERE datname = current_database()",
    )
    yield
    execute(database_url, "DROP EXTENSION pg_stat_statements")


@contextlib.contextmanager
def _locked(path: Path) -> Iterator[TextIO]:
    """Open a file that the processes of the test run use one after the other."""
    with path.open("a+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        yield file


def _copy_template(cluster: str, name: str, template: str = TEMPLATE) -> str:
    """Create a database as a copy of a template and return its URL."""
    try:
        execute(cluster, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY FILE_COPY")
    except psycopg2.OperationalError:  # this disk cannot clone files
        execute(cluster, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY WAL_LOG")
    return database_in(cluster, name)


def migrate(url: str, instance: Path) -> None:
    """Bring the schema of a database up to date."""
    app = create_app({"DATABASE_URL": url, "INSTANCE_PATH": instance, "REDIS_URL": ""})
    with app.app_context():
        upgrade()
        db.engine.dispose()


def database_in(url: str, name: str) -> str:
    """The URL of another database on the same server."""
    return make_url(url).set(database=name).render_as_string(hide_password=False)


def connect(url: str) -> psycopg2.extensions.connection:
    """Open a connection of psycopg2, in autocommit, by the URL of SQLAlchemy."""
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    connection = psycopg2.connect(plain)
    connection.autocommit = True
    return connection


def execute(url: str, sql: str, *values: Any) -> list[tuple[Any, ...]]:
    """Run SQL on a new connection and return the rows, if there are any."""
    with contextlib.closing(connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute(sql, values or None)
        return cursor.fetchall() if cursor.description else []


# Rows are deleted much faster than TRUNCATE creates the files of seventy indexes, unless there are very many. Triggers
# and foreign keys need not follow the deletion. Sequences keep their files, unlike by RESTART IDENTITY.
FEW_ROWS = 10_000
EMPTY = f"""
    DO $$ BEGIN
        SET LOCAL session_replication_role = replica;
        IF {FEW_ROWS} > (SELECT count(*) FROM (SELECT FROM books UNION ALL SELECT FROM authors LIMIT {FEW_ROWS})) THEN
            DELETE FROM contributions; DELETE FROM book_merges; DELETE FROM author_merges;
            DELETE FROM stale_books; DELETE FROM stale_authors; DELETE FROM idempotency_keys;
            DELETE FROM favorites; DELETE FROM categories;
            DELETE FROM books; DELETE FROM authors; DELETE FROM vocabulary;
            DELETE FROM tokens; DELETE FROM one_time_links; DELETE FROM accounts; DELETE FROM failed_sign_ins;
            DELETE FROM changes; DELETE FROM revisions; DELETE FROM jobs; DELETE FROM import_marks;
        ELSE
            TRUNCATE books, authors, contributions, vocabulary, stale_books, stale_authors, accounts, failed_sign_ins,
                one_time_links, idempotency_keys, changes, revisions, jobs, import_marks CASCADE;
        END IF;
        UPDATE change_feed SET last_position = 0, pruned_position = 0;
        PERFORM setval(name, 1, false) FROM unnest(ARRAY[
            'books_id_seq', 'authors_id_seq', 'book_merges_place_seq', 'author_merges_place_seq',
            'categories_id_seq', 'favorites_id_seq', 'jobs_id_seq']) AS name;
    END $$
"""


def empty(url: str) -> None:
    """Delete every record, so that the next ids are 1."""
    execute(url, EMPTY)
