"""The temporary staging tables of an import, and their rows in COPY text format."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from typing import Any

from .target_columns import AUTHOR_COLUMNS, BOOK_COLUMNS, TargetColumns

# The columns of the staging tables that a batch fills, in the order of the cells.
_RESTORED = ("id", "created_at", "updated_at")
BOOK_CELLS = ("ordinal", "round", "scheme", "key", "adds", *BOOK_COLUMNS.names, *_RESTORED)
AUTHOR_CELLS = (
    *("ordinal", "round", "scheme", "key", "mentioned", "homonym", "sort_name_given"),
    *(*AUTHOR_COLUMNS.names, *_RESTORED),
)
CONTRIBUTOR_CELLS = ("book", "position", "author", "author_id", "role", "credited_as")

# NULL means that the file does not have the value. The columns after the comments are filled by the merge.
_TABLES = f"""
CREATE TEMPORARY TABLE staged_authors (
    ordinal integer, round integer, scheme text, key text, mentioned boolean, homonym integer, sort_name_given boolean,
    {AUTHOR_COLUMNS.declarations},
    id bigint, created_at timestamptz, updated_at timestamptz,
    identity text COLLATE "C" GENERATED ALWAYS AS (name_key(name)) STORED,
    birth_year integer GENERATED ALWAYS AS (partial_date_key(birth_date) / 10000) STORED,
    -- the matched or new author; whether it is new; the id reserved for it; whether the record only fills in unknown
    -- values; whether to add its key
    author_id bigint, is_new boolean DEFAULT false, kept_id bigint, fills boolean DEFAULT false,
    adds_key boolean DEFAULT false
);
CREATE TEMPORARY TABLE staged_books (
    ordinal integer, round integer, scheme text, key text, adds boolean,
    {BOOK_COLUMNS.declarations},
    id bigint, created_at timestamptz, updated_at timestamptz,
    -- the same for the book; whether to write the contributors, and their names for the search
    book_id bigint, is_new boolean DEFAULT false, fills boolean DEFAULT false, relists boolean DEFAULT false,
    names text DEFAULT ''
);
CREATE TEMPORARY TABLE staged_contributors (
    book integer, position integer, author integer, author_id bigint, role text, credited_as text
);
-- Statistics of these tables are outdated during the merge. With these indexes the plans are good nevertheless.
CREATE INDEX ON staged_authors (ordinal);
CREATE INDEX ON staged_books (ordinal);
CREATE INDEX ON staged_contributors (book);
"""
# The columns that the merge joins and filters by.
_ANALYZED = {
    "staged_authors": "ordinal, round, mentioned, key, identity, author_id, is_new",
    "staged_books": "ordinal, round, key, isbn, adds, book_id, is_new, relists",
    "staged_contributors": "book, author",
}

_json = json.JSONEncoder(ensure_ascii=False, check_circular=False).encode


class CopyBuffer:
    """The rows of a staging table as text for COPY; empty cells are NULL."""

    def __init__(self, table: str, columns: tuple[str, ...]) -> None:
        self.table, self.columns = table, columns
        self.rows = 0
        self._bytes = io.BytesIO()
        # Lone surrogates are encoded too; the database then refuses the invalid record.
        self._text = io.TextIOWrapper(self._bytes, "utf-8", "surrogatepass", newline="")
        self._write = csv.writer(
            self._text, delimiter="\t", quoting=csv.QUOTE_NONE, quotechar=None, escapechar="\\", lineterminator="\r\n"
        ).writerow

    def add(self, *cells: Any) -> None:
        """Add a row."""
        self._write(cells)
        self.rows += 1

    def read(self) -> io.BytesIO:
        """Return all rows as a stream, which can be read once."""
        self._text.flush()
        self._bytes.seek(0)
        return self._bytes


def create_tables(cursor: Any) -> None:
    """Create the tables; called once per connection."""
    cursor.execute(_TABLES)


def stage(cursor: Any, *buffers: CopyBuffer) -> None:
    """Replace the contents of the tables with the rows of the buffers."""
    cursor.execute(f"TRUNCATE {', '.join(_ANALYZED)}")
    for buffer in buffers:
        if buffer.rows:
            copy = f"COPY {buffer.table} ({', '.join(buffer.columns)}) FROM STDIN (NULL '')"
            cursor.copy_expert(copy, buffer.read(), 1 << 18)
            # Without statistics the planner cannot estimate a join of these tables.
            cursor.execute(f"ANALYZE {buffer.table} ({_ANALYZED[buffer.table]})")


def cells_of(columns: TargetColumns, values: dict[str, Any], restored: dict[str, Any]) -> list[Any]:
    """Return the cells of a row: the values of `columns.names`, then restored values."""
    get = values.get
    cells = [*map(get, columns.plain)]
    for name in columns.lists:
        items = get(name)
        cells.append(None if items is None else _array(items))
    identifiers = get("identifiers")
    cells.append(None if identifiers is None else _json(identifiers))
    cells += map(restored.get, _RESTORED)
    return cells


def _array(items: Sequence[str]) -> str:
    """Return a list as the text of a Postgres array."""
    if not items:
        return "{}"
    text = "\n".join(items)
    if "\\" in text or '"' in text:
        items = [item.replace("\\", "\\\\").replace('"', '\\"') for item in items]
    return '{"' + '","'.join(items) + '"}'


def staged_values(columns: TargetColumns, **expressions: str) -> str:
    """Return the SQL of the values of a staged row `s`, ordered as `columns.names`.

    A list that is missing in the file is empty. `expressions` replace the columns with their names.
    """
    empty = {name: f"coalesce(s.{name}, '{{}}')" for name in (*columns.lists, "identifiers")}
    return ", ".join({**empty, **expressions}.get(name, f"s.{name}") for name in columns.names)
