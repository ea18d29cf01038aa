"""New rows: one statement for any number of them, which go to the database as one JSON array."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.orm import Session

from extensions.statement import Statement

from .resource import Draft

ROWS_AT_ONCE, LETTERS_AT_ONCE = 5_000, 500_000

_dialect = PGDialect()
_preparer = _dialect.identifier_preparer


@dataclass(frozen=True)
class Derived:
    """A column that the database computes from members of a row which are no columns: `expression` over `members`, each
    with its type.
    """

    column: str
    expression: str
    members: tuple[tuple[str, str], ...]


def insert(
    session: Session, table: Table, rows: Sequence[Mapping[str, Any]], derived: Derived | None = None
) -> list[int]:
    """Insert rows that all have the same columns; their ids in the same order, where the table has ids."""
    found: list[int] = []
    for part in _parts([json.dumps(row) for row in rows]):
        result = _statement(table, tuple(rows[0]), derived).run_within(
            session.connection(), {"rows": f"[{','.join(part)}]"}
        )
        found += [row[0] for row in result] if result.returns_rows else []
    return found


def _parts(texts: list[str]) -> Iterator[list[str]]:
    """Texts in their order, no more at once than one statement takes in good time."""
    part: list[str] = []
    length = 0
    for text in texts:
        if part and (len(part) == ROWS_AT_ONCE or length + len(text) > LETTERS_AT_ONCE):
            yield part
            part, length = [], 0
        part.append(text)
        length += len(text)
    if part:
        yield part


def store(
    session: Session,
    table: Table,
    drafts: Iterable[Draft],
    leave_out: tuple[str, ...] = (),
    derived: Derived | None = None,
    members: Callable[[Draft], dict[str, Any]] = lambda draft: {},
) -> None:
    """Bring the values of drafts into the database, but those of the members `leave_out`: the new records are
    inserted, and get their ids; the others are changed by the session when it is flushed. `members` gives what a
    `derived` column of a new record is computed from.
    """
    new = []
    for draft in drafts:
        if draft.record.id is None:
            new.append(draft)
            continue
        for name, value in draft.values.items():
            if name not in leave_out:
                setattr(draft.record, name, value)
        session.add(draft.record)
    rows = [
        {name: value for name, value in draft.values.items() if name not in leave_out} | members(draft) for draft in new
    ]
    for draft, record_id in zip(new, insert(session, table, rows, derived), strict=True):
        draft.record.id = record_id


@lru_cache(maxsize=64)
def _statement(table: Table, names: tuple[str, ...], derived: Derived | None) -> Statement:
    members = dict(derived.members) if derived else {}
    quoted = {name: _preparer.quote(name) for name in names}
    types = ", ".join(f"{quoted[name]} {members.get(name) or table.c[name].type.compile(_dialect)}" for name in names)
    columns = sources = [quoted[name] for name in names if name not in members]
    if derived:
        columns, sources = [*columns, derived.column], [*sources, derived.expression]
    returning = " RETURNING id" if "id" in table.c else ""
    sql = (
        f"INSERT INTO {table.name} ({', '.join(columns)}) SELECT {', '.join(sources)}"
        f" FROM json_to_recordset({{rows}}) AS new({types}){returning}"
    )
    return Statement(
        sql.format(rows="CAST(%(rows)s AS json)"), {}, sql.format(rows="CAST($1 AS json)"), {"rows": "text"}
    )
