"""Inserts many rows with one statement, as one JSON array."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import Table
from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.orm import Session

from app.core.resource import Draft
from extensions.database import Statement

MOST_ROWS, MOST_CHARACTERS = 500, 250_000  # of one statement

_dialect = PGDialect()
_preparer = _dialect.identifier_preparer


@dataclass(frozen=True)
class Derived:
    """A column computed by an SQL expression from further members of a row."""

    column: str
    expression: str
    members: tuple[tuple[str, str], ...]  # name and SQL type of each member


def insert_rows(
    session: Session, table: Table, rows: Sequence[Mapping[str, Any]], derived: Derived | None = None
) -> list[int]:
    """Insert rows with the same members; return their ids, in order, if any."""
    ids: list[int] = []
    for part in _parts([json.dumps(row) for row in rows]):
        result = _statement(table, tuple(rows[0]), derived).run_within(
            session.connection(), {"rows": f"[{','.join(part)}]"}
        )
        ids += [row[0] for row in result] if result.returns_rows else []
    return ids


def store_drafts(
    session: Session,
    table: Table,
    drafts: Iterable[Draft],
    leave_out: tuple[str, ...] = (),
    derived: Derived | None = None,
    members: Callable[[Draft], dict[str, Any]] = lambda draft: {},
) -> None:
    """Insert the new records of drafts, and set the values of the others.

    The session writes the latter when it flushes. Values of the fields `leave_out` are ignored. `members` returns what
    the `derived` column of a new record needs.
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
    for draft, record_id in zip(new, insert_rows(session, table, rows, derived), strict=True):
        draft.record.id = record_id


def _parts(texts: list[str]) -> Iterator[list[str]]:
    """Yield batches of the texts, each small enough for one statement."""
    part: list[str] = []
    length = 0
    for text in texts:
        if part and (len(part) == MOST_ROWS or length + len(text) > MOST_CHARACTERS):
            yield part
            part, length = [], 0
        part.append(text)
        length += len(text)
    if part:
        yield part


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
