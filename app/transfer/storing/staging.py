"""The temporary tables of an import's connection, and how a chunk gets into them."""

from __future__ import annotations

from typing import Any

from app.transfer.chunks import Chunk, Table
from app.transfer.columns import OF_AUTHORS, OF_BOOKS, Columns

# What is NULL is what the file does not speak of. What the columns after each comment mean is found out by the merge.
TABLES = f"""
CREATE TEMPORARY TABLE staged_people (
    place integer, round integer, scheme text, key text, mentioned boolean, nth integer, sort_name_given boolean,
    {OF_AUTHORS.declared},
    id bigint, created_at timestamptz, updated_at timestamptz,
    identity text COLLATE "C" GENERATED ALWAYS AS (name_key(name)) STORED,
    birth_year integer GENERATED ALWAYS AS (partial_date_key(birth_date) / 10000) STORED,
    -- whose record it is; whether it is to be made, and the id that is kept for that; whether it only fills in what is
    -- unknown; whether its key is new
    author_id bigint, is_new boolean DEFAULT false, kept_id bigint, fills boolean DEFAULT false,
    adds_key boolean DEFAULT false
);
CREATE TEMPORARY TABLE staged_books (
    place integer, round integer, scheme text, key text, adds boolean,
    {OF_BOOKS.declared},
    id bigint, created_at timestamptz, updated_at timestamptz,
    -- as above; whether its list of contributors is to be written, and their names
    book_id bigint, is_new boolean DEFAULT false, fills boolean DEFAULT false, relists boolean DEFAULT false,
    names text DEFAULT ''
);
CREATE TEMPORARY TABLE staged_credits (
    book integer, position integer, person integer, author_id bigint, role text, credited_as text
);
-- Most of what the planner would have to know of these tables changes while they are merged. With these it cannot be
-- far off, whatever it believes.
CREATE INDEX ON staged_people (place);
CREATE INDEX ON staged_books (place);
CREATE INDEX ON staged_credits (book);
"""


def staged(columns: Columns, **others: str) -> str:
    """The values of a staged record `s` for columns of the catalog, in the order of `columns.names`: empty where the
    file says nothing of a list; of the columns among `others`, these expressions.
    """
    empty = {name: f"coalesce(s.{name}, '{{}}')" for name in (*columns.lists, "identifiers")}
    return ", ".join({**empty, **others}.get(name, f"s.{name}") for name in columns.names)


def make_tables(cursor: Any) -> None:
    """Make the tables, once for each connection."""
    cursor.execute(TABLES)


def fill(cursor: Any, chunk: Chunk) -> None:
    """Replace what the tables hold by a chunk."""
    cursor.execute("TRUNCATE staged_people, staged_books, staged_credits")
    for name, table, asked in (
        ("staged_people", chunk.people, "place, round, mentioned, key, identity, author_id, is_new"),
        ("staged_books", chunk.books, "place, round, key, isbn, adds, book_id, is_new, relists"),
        ("staged_credits", chunk.credits, "book, person"),
    ):
        if table.rows:
            _copy(cursor, name, table)
            cursor.execute(f"ANALYZE {name} ({asked})")  # else the planner has no idea of what a join of them gives


def _copy(cursor: Any, name: str, table: Table) -> None:
    cursor.copy_expert(f"COPY {name} ({', '.join(table.columns)}) FROM STDIN (NULL '')", table.read(), 1 << 18)
