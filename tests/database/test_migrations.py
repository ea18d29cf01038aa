"""Migrations: up, down and up again; the same as the models; and what the database itself holds every writer to."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg2
import pytest
from alembic.script import ScriptDirectory
from flask import Flask
from flask_migrate import downgrade, stamp, upgrade
from sqlalchemy.engine import make_url

from extensions.database import db, probe
from extensions.migrate import FOLDER, newest_revision
from tests.conftest import ROOT

# Everything in the schema, each line by its name; alembic_version is Alembic's own.
CONTENTS = {
    "extensions": "SELECT extname FROM pg_extension",
    "functions": """SELECT pg_get_functiondef(p.oid) FROM pg_proc p WHERE pronamespace = 'public'::regnamespace
        AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')""",
    "columns": """SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity,
        a.attgenerated, pg_get_expr(d.adbin, d.adrelid), k.collname
        FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
        LEFT JOIN pg_attrdef d ON (d.adrelid, d.adnum) = (c.oid, a.attnum)
        LEFT JOIN pg_collation k ON k.oid = a.attcollation
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'v', 'm', 'p') AND a.attnum > 0
        AND NOT a.attisdropped AND c.relname <> 'alembic_version'""",
    "constraints": """SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid), convalidated
        FROM pg_constraint
        WHERE connamespace = 'public'::regnamespace AND conrelid <> 0
        AND conrelid::regclass::text <> 'alembic_version'""",
    "indexes": """SELECT indrelid::regclass::text, pg_get_indexdef(indexrelid), indisvalid, indisunique
        FROM pg_index i
        JOIN pg_class c ON c.oid = indexrelid WHERE c.relnamespace = 'public'::regnamespace
        AND indrelid::regclass::text <> 'alembic_version'""",
    "statistics": """SELECT c.relname, attname, attstattarget FROM pg_attribute a JOIN pg_class c ON c.oid = attrelid
        WHERE c.relnamespace = 'public'::regnamespace AND attstattarget IS NOT NULL""",
    "triggers": "SELECT tgrelid::regclass::text, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal",
    "sequences": """SELECT c.relname, s.seqtypid::regtype::text, s.seqincrement
        FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid
        WHERE c.relnamespace = 'public'::regnamespace""",
    "types": """SELECT typname FROM pg_type t WHERE typnamespace = 'public'::regnamespace
        AND typname !~ 'alembic_version'
        AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = t.oid AND d.deptype = 'e')""",
}


def plain(url: str) -> str:
    return make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)


def run(url: str, sql: str, values: Any = None) -> list[tuple[Any, ...]]:
    """A statement in a connection of its own, and its rows."""
    connection = psycopg2.connect(plain(url))
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute(sql, values)
            return cursor.fetchall() if cursor.description else []
    finally:
        connection.close()


def contents(url: str) -> dict[str, list[tuple[Any, ...]]]:
    return {kind: sorted(run(url, sql), key=str) for kind, sql in CONTENTS.items()}


@pytest.fixture
def empty_database(cluster: str) -> Iterator[str]:
    """The URL of a database in which nothing was ever made."""
    name = f"nothing_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    run(cluster, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    run(cluster, f"CREATE DATABASE {name}")
    yield make_url(cluster).set(database=name).render_as_string(hide_password=False)
    run(cluster, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def on(make_app: Callable[..., Flask]) -> Callable[[str], Flask]:
    """An application on another database."""
    return lambda url: make_app(DATABASE_URL=url)


def test_up_down_to_nothing_and_up_again(empty_database: str, on: Callable[[str], Flask]) -> None:
    nothing = contents(empty_database)
    with on(empty_database).app_context():
        assert probe() is None
        upgrade()
        made = contents(empty_database)
        assert probe() == newest_revision()
        tables = {"authors", "books", "contributions", "vocabulary", "author_merges", "book_merges", "import_marks"}
        assert {row[0] for row in made["columns"]} == tables
        downgrade(revision="base")
        assert contents(empty_database) == nothing
        assert probe() is None
        upgrade()
        assert contents(empty_database) == made
        db.engine.dispose()


def test_each_migration_goes_up_and_down_by_itself(empty_database: str, on: Callable[[str], Flask]) -> None:
    revisions = [script.revision for script in ScriptDirectory(str(FOLDER)).walk_revisions()][::-1]
    with on(empty_database).app_context():
        for revision in revisions:
            before = contents(empty_database)
            upgrade(revision=revision)
            after = contents(empty_database)
            assert after != before
            downgrade(revision="-1")
            assert contents(empty_database) == before
            upgrade(revision=revision)
            assert contents(empty_database) == after
        db.engine.dispose()


def test_an_upgrade_of_what_is_up_to_date_changes_nothing(
    new_database: Callable[[str], str], on: Callable[[str], Flask]
) -> None:
    url = new_database("migrated")
    before = contents(url)
    with on(url).app_context():
        upgrade()
        db.engine.dispose()
    assert contents(url) == before


def test_a_failed_migration_leaves_nothing_behind(empty_database: str, on: Callable[[str], Flask]) -> None:
    run(empty_database, "CREATE TABLE contributions (mine int)")
    before = contents(empty_database)
    with on(empty_database).app_context():
        with pytest.raises(Exception, match="contributions"):
            upgrade()
        assert contents(empty_database) == before
        run(empty_database, "DROP TABLE contributions")
        upgrade()
        assert probe() == newest_revision()
        db.engine.dispose()


def make_functions(url: str, definitions: list[str]) -> list[str]:
    """Make each function as soon as what it needs is there; those that are left."""
    for _ in range(len(definitions)):
        still = []
        for definition in definitions:
            try:
                run(url, definition)
            except psycopg2.Error:
                still.append(definition)
        definitions = still
    return definitions


def test_the_migrations_make_what_the_models_say(
    empty_database: str, new_database: Callable[[str], str], on: Callable[[str], Flask]
) -> None:
    migrated = contents(new_database("migrated"))
    for (name,) in migrated["extensions"]:
        run(empty_database, f"CREATE EXTENSION IF NOT EXISTS {name} SCHEMA public" if name != "plpgsql" else "SELECT")
    # Functions call one another; tables need some of them, and others need tables.
    left = make_functions(empty_database, [definition for (definition,) in migrated["functions"]])
    with on(empty_database).app_context():
        db.create_all()
        assert make_functions(empty_database, left) == []
        modelled = contents(empty_database)
        stamp()
        assert probe() == newest_revision()
        db.engine.dispose()
    for kind in CONTENTS.keys() - {"statistics", "triggers"}:  # which only a migration can say
        assert modelled[kind] == migrated[kind], kind
    assert all(migrated[kind] for kind in ("columns", "constraints", "indexes", "functions", "sequences"))


def test_two_processes_that_migrate_at_once_both_succeed(empty_database: str, tmp_path: Path) -> None:
    environment = {**os.environ, "DATABASE_URL": empty_database, "INSTANCE_PATH": str(tmp_path), "REDIS_URL": ""}
    processes = [
        subprocess.Popen(
            [sys.executable, "-m", "flask", "--app", "wsgi", "db", "upgrade"],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        for _ in range(3)
    ]
    for process in processes:
        output, _ = process.communicate(timeout=60)
        assert process.returncode == 0, output.decode()
    assert run(empty_database, "SELECT version_num FROM alembic_version") == [(newest_revision(),)]


BOOK = {"title": "A book"}
AUTHOR = {"name": "An Author", "sort_name": "Author, An"}
LINK = {"book_id": 1, "author_id": 1, "role": "author", "position": 0}
REFUSED = [
    ("books", {"title": None}, "title"),
    ("books", {"title": ""}, "ck_books_title_not_empty"),
    ("books", {"isbn": "9780441478126x"}, "ck_books_isbn_digits"),
    ("books", {"isbn": "0441478123"}, "ck_books_isbn_digits"),
    ("books", {"isbn": "978-0-441-47812-5"}, "ck_books_isbn_digits"),
    ("books", {"isbn": ""}, "ck_books_isbn_digits"),
    ("books", {"isbn": "9780441478125\n"}, "ck_books_isbn_digits"),
    ("books", {"isbn": "9780000000002"}, "uq_books_isbn"),
    *(
        ("books", {"published": value}, "ck_books_published_valid")
        for value in (
            "",
            "990",
            "0000",
            "1990-13",
            "1990-02-29",
            "1990-5",
            "-0000",
            "-0044-03",
            "1990 ",
            "1990\n",
            "now",
        )
    ),
    ("books", {"published_key": 1}, "published_key"),
    ("books", {"page_count": 0}, "ck_books_page_count_range"),
    ("books", {"page_count": 100_001}, "ck_books_page_count_range"),
    ("books", {"series_position": -0.5}, "ck_books_series_position_range"),
    ("books", {"series_position": 100_000.5}, "ck_books_series_position_range"),
    ("books", {"series_position": float("nan")}, "ck_books_series_position_range"),
    ("books", {"series_position": float("inf")}, "ck_books_series_position_range"),
    ("books", {"subjects": None}, "subjects"),
    ("books", {"subjects": [str(number) for number in range(201)]}, "ck_books_subjects_most"),
    ("books", {"identifiers": None}, "identifiers"),
    ("books", {"identifiers": "[]"}, "ck_books_identifiers_object"),
    ("books", {"identifiers": "1"}, "ck_books_identifiers_object"),
    ("books", {"identifiers": "null"}, "ck_books_identifiers_object"),
    ("books", {"created_at": None}, "created_at"),
    ("books", {"updated_at": None}, "updated_at"),
    ("books", {"id": 1}, "pk_books"),
    ("authors", {"name": None}, "name"),
    ("authors", {"name": ""}, "ck_authors_name_not_empty"),
    ("authors", {"sort_name": None}, "sort_name"),
    ("authors", {"sort_name": ""}, "ck_authors_sort_name_not_empty"),
    ("authors", {"birth_date": "1929-10-32"}, "ck_authors_birth_date_valid"),
    ("authors", {"death_date": "2018-00"}, "ck_authors_death_date_valid"),
    ("authors", {"alternate_names": None}, "alternate_names"),
    ("authors", {"alternate_names": [str(number) for number in range(201)]}, "ck_authors_alternate_names_most"),
    ("authors", {"identifiers": '"x"'}, "ck_authors_identifiers_object"),
    ("authors", {"id": 1}, "pk_authors"),
    ("contributions", {"role": "king"}, "ck_contributions_role_known"),
    ("contributions", {"role": None}, "role"),
    ("contributions", {"role": "Author"}, "ck_contributions_role_known"),
    ("contributions", {"role": "editor", "position": -1}, "ck_contributions_position_positive"),
    ("contributions", {"role": "editor", "position": None}, "position"),
    ("contributions", {}, "pk_contributions"),
    ("contributions", {"book_id": 99}, "fk_contributions_book_id"),
    ("contributions", {"author_id": 99}, "fk_contributions_author_id"),
]
TAKEN = [
    ("books", {"isbn": "9780441478125", "published": "-0044", "page_count": 100_000, "series_position": 1.5}),
    ("books", {"published": "2000-02-29", "subjects": ["a"] * 200, "identifiers": '{"a": ["b"]}'}),
    ("authors", {"birth_date": "0001", "death_date": "9999-12-31", "identifiers": "{}"}),
    ("contributions", {"role": "translator", "position": 1, "credited_as": "X"}),
]


@pytest.fixture(scope="module")
def written(new_database: Callable[[str], str]) -> Iterator[Callable[[str, dict[str, Any]], None]]:
    """Insert a row, good but for some columns, by plain SQL, and take it back."""
    connection = psycopg2.connect(plain(new_database("constraints")))
    whole = {"books": BOOK, "authors": AUTHOR, "contributions": LINK}

    def insert(table: str, columns: dict[str, Any]) -> None:
        row = {**whole[table], **columns}
        with connection.cursor() as cursor:
            cursor.execute(
                f"INSERT INTO {table} ({', '.join(row)}) VALUES ({', '.join(['%s'] * len(row))})", list(row.values())
            )

    insert("books", {"isbn": "9780000000002"})
    insert("authors", {})
    insert("contributions", {})
    connection.commit()

    def attempt(table: str, columns: dict[str, Any]) -> None:
        try:
            insert(table, columns)
        finally:
            connection.rollback()

    yield attempt
    connection.close()


@pytest.mark.parametrize(("table", "columns", "named"), REFUSED)
def test_the_database_refuses_a_bad_row_of_any_writer(
    written: Callable[[str, dict[str, Any]], None], table: str, columns: dict[str, Any], named: str
) -> None:
    with pytest.raises(psycopg2.Error) as error:
        written(table, columns)
    assert named in (error.value.diag.constraint_name, error.value.diag.column_name) or f'"{named}"' in str(error.value)


@pytest.mark.parametrize(("table", "columns"), TAKEN)
def test_the_database_takes_a_good_row(
    written: Callable[[str, dict[str, Any]], None], table: str, columns: dict[str, Any]
) -> None:
    written(table, columns)


@pytest.mark.parametrize("table", ["books", "authors"])
def test_a_deleted_record_takes_its_contributions_along(new_database: Callable[[str], str], table: str) -> None:
    url = new_database("cascade")
    run(url, "INSERT INTO books (title) VALUES ('A'), ('B')")
    run(url, "INSERT INTO authors (name, sort_name) VALUES ('A', 'A'), ('B', 'B')")
    run(
        url,
        "INSERT INTO contributions VALUES (1, 1, 'author', 0), (1, 2, 'author', 1),"
        " (2, 1, 'editor', 0), (2, 2, 'author', 1)",
    )
    run(url, f"DELETE FROM {table} WHERE id = 1")
    column = "book_id" if table == "books" else "author_id"
    assert {row[0] for row in run(url, f"SELECT {column} FROM contributions")} == {2}
    assert len(run(url, "SELECT 1 FROM contributions")) == 2
