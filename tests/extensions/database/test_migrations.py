"""Migrations: up, down and up again, and the same schema as the models."""

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

from extensions.database.engine import db, probe
from extensions.database.migrations import FOLDER, newest_revision
from tests import ROOT
from tests.support.databases import database_in, execute

pytestmark = pytest.mark.slow(10)

# Queries for everything in the schema, except the table alembic_version.
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


def contents(url: str) -> dict[str, list[tuple[Any, ...]]]:
    return {kind: sorted(execute(url, sql), key=str) for kind, sql in CONTENTS.items()}


@pytest.fixture
def empty_database(cluster: str) -> Iterator[str]:
    """The URL of a new, empty database without a schema."""
    name = f"nothing_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    execute(cluster, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
    execute(cluster, f"CREATE DATABASE {name}")
    yield database_in(cluster, name)
    execute(cluster, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def on(make_app: Callable[..., Flask]) -> Callable[[str], Flask]:
    """An application on another database."""
    return lambda url: make_app(DATABASE_URL=url)


def test_migrations_go_up_down_and_up_again(empty_database: str, on: Callable[[str], Flask]) -> None:
    nothing = contents(empty_database)
    with on(empty_database).app_context():
        assert probe() is None
        upgrade()
        created = contents(empty_database)
        assert probe() == newest_revision()
        tables = {"authors", "books", "contributions", "vocabulary", "author_merges", "book_merges", "import_marks"}
        tables |= {"stale_authors", "stale_books", "name_claims", "idempotency_keys"}
        tables |= {"change_feed", "changes", "revisions"}
        tables |= {"accounts", "tokens", "one_time_links", "failed_sign_ins", "categories", "favorites", "jobs"}
        assert {row[0] for row in created["columns"]} == tables
        downgrade(revision="base")
        assert contents(empty_database) == nothing
        assert probe() is None
        upgrade()
        assert contents(empty_database) == created
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


def test_upgrading_a_current_schema_changes_nothing(
    new_database: Callable[[str], str], on: Callable[[str], Flask]
) -> None:
    url = new_database("migrated")
    before = contents(url)
    with on(url).app_context():
        upgrade()
        db.engine.dispose()
    assert contents(url) == before


def test_a_failed_migration_leaves_nothing_behind(empty_database: str, on: Callable[[str], Flask]) -> None:
    execute(empty_database, "CREATE TABLE contributions (mine int)")
    before = contents(empty_database)
    with on(empty_database).app_context():
        with pytest.raises(Exception, match="contributions"):
            upgrade()
        assert contents(empty_database) == before
        execute(empty_database, "DROP TABLE contributions")
        upgrade()
        assert probe() == newest_revision()
        db.engine.dispose()


def make_functions(url: str, definitions: list[str]) -> list[str]:
    """Create functions as soon as their dependencies exist; return the definitions that failed."""
    for _ in range(len(definitions)):
        still = []
        for definition in definitions:
            try:
                execute(url, definition)
            except psycopg2.Error:
                still.append(definition)
        definitions = still
    return definitions


def test_migrations_and_models_make_the_same_schema(
    empty_database: str, new_database: Callable[[str], str], on: Callable[[str], Flask]
) -> None:
    migrated = contents(new_database("migrated"))
    for (name,) in migrated["extensions"]:
        execute(
            empty_database, f"CREATE EXTENSION IF NOT EXISTS {name} SCHEMA public" if name != "plpgsql" else "SELECT"
        )
    # Functions call one another; some need tables, and some tables need functions.
    left = make_functions(empty_database, [definition for (definition,) in migrated["functions"]])
    with on(empty_database).app_context():
        db.create_all()
        assert make_functions(empty_database, left) == []
        modelled = contents(empty_database)
        stamp()
        assert probe() == newest_revision()
        db.engine.dispose()
    for kind in CONTENTS.keys() - {"statistics", "triggers"}:  # which models cannot declare
        assert modelled[kind] == migrated[kind], kind
    assert all(migrated[kind] for kind in ("columns", "constraints", "indexes", "functions", "sequences"))


def test_concurrent_migrations_all_succeed(empty_database: str, tmp_path: Path) -> None:
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
        output, _ = process.communicate(timeout=240)
        assert process.returncode == 0, output.decode()
    assert execute(empty_database, "SELECT version_num FROM alembic_version") == [(newest_revision(),)]
