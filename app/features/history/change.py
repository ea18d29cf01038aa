"""A change as clients see it, made from the rows of ``changes`` and ``revisions``.

Stored lists of contributors have no names. The name of each contributor is that of the time of the change,
from the author's own changes, because the author may have been renamed or deleted since.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from app.values.json_value import Json
from extensions.database import Statement, fetch

DELETED_ACCOUNT = "deleted account"
# The columns of a `ChangeRow`, of changes `c` and revisions `r` with positions, and their accounts `a`.
COLUMNS = """
    r.position + c.ordinal, r.position, to_json(r.at) #>> '{}', c.op::text, c.resource::text, c.record_id, c.before,
    c.after, r.account_id, a.name, a.id IS NOT NULL, r.via, r.request_id, r.note
"""
JOINED = "changes AS c JOIN revisions AS r ON r.id = c.revision_id LEFT JOIN accounts AS a ON a.id = r.account_id"
# An update that its own transaction reverted is not a change.
IS_CHANGE = "(c.op <> 'updated' OR c.after IS DISTINCT FROM '{}')"

Read = Callable[[Statement, Mapping[str, Any]], Sequence[Sequence[Any]]]  # runs a statement and returns its rows

# A name of an author at a position: the one before its next change, or the present one.
_NAMES = Statement("""
    SELECT author_id, since, coalesce((
        SELECT c.before ->> 'name' FROM changes AS c JOIN revisions AS r ON r.id = c.revision_id
        WHERE c.resource = 'authors' AND c.record_id = author_id AND c.before ? 'name'
            AND (r.position >= since OR r.position IS NULL)  -- committed after the positions were given
        ORDER BY r.position, c.place LIMIT 1
    ), (SELECT name FROM authors WHERE id = author_id))
    FROM unnest(%(author_ids)s::bigint[], %(positions)s::bigint[]) AS wanted(author_id, since)
""")


class ChangeRow(NamedTuple):
    """A row of `COLUMNS`."""

    position: int
    first_position: int  # of the revision
    at: str  # RFC 3339
    op: str
    resource: str
    record_id: int
    before: dict[str, Json] | None
    after: dict[str, Json] | None
    account_id: int | None
    account_name: str | None
    has_account: bool  # whether the account exists
    via: str
    request_id: str | None
    note: str | None


@dataclass(frozen=True)
class _Names:
    """The names of contributors, by author id and position."""

    by_author: dict[tuple[int, int], str | None]

    def contributors(self, stored: Json, since: int) -> Json:
        return [
            {"id": each["id"], "name": self.by_author[each["id"], since]}
            | {"role": each["role"], "credited_as": each["credited_as"]}
            for each in stored
        ]


def documents(rows: Sequence[ChangeRow], *, shows_accounts: bool, read: Read = fetch) -> Iterator[dict[str, Json]]:
    """Yield the JSON of each change. Without `shows_accounts`, `by` is null. `read` can read a snapshot."""
    names = _find_names(rows, read)
    for row in rows:
        before, after = (_shown(row, values, since, names) for values, since in _sides(row))
        before = {name: before[name] for name in after if name in before} if row.op == "updated" else before
        yield {
            "position": row.position,
            "at": row.at,
            "op": row.op,
            "resource": row.resource,
            "id": row.record_id,
            "changed": list(after if row.op == "updated" else before),
            "before": before,
            "after": after,
            "by": account_document(row) if shows_accounts else None,
            "via": row.via,
            "request_id": row.request_id,
            "note": row.note,
        }


def account_document(row: ChangeRow) -> Json:
    """Return the account that made a change, None if it had none."""
    if row.account_id is None:
        return None
    return {"id": row.account_id, "name": row.account_name if row.has_account else DELETED_ACCOUNT}


def named_contributors(stored: Json, since: int) -> Json:
    """Return a stored list of contributors with the names that they had before the position `since`."""
    wanted = [(each["id"], since) for each in stored]
    return _read_names(wanted, fetch).contributors(stored, since)


def _sides(row: ChangeRow) -> tuple[tuple[dict[str, Json], int], tuple[dict[str, Json], int]]:
    """Return the values before and after a change, each with the position from which names can have changed."""
    return (row.before or {}, row.first_position), (row.after or {}, row.first_position + 1)


def _shown(row: ChangeRow, values: dict[str, Json], since: int, names: _Names) -> dict[str, Json]:
    if row.resource != "books":
        return values
    if "authors" in values:
        return values | {"authors": names.contributors(values["authors"], since)}
    return values | {"authors": []} if row.op in ("deleted", "merged") and "title" in values else values


def _find_names(rows: Iterable[ChangeRow], read: Read) -> _Names:
    sides = (side for row in rows if row.resource == "books" for side in _sides(row))
    return _read_names([(each["id"], since) for values, since in sides for each in values.get("authors", ())], read)


def _read_names(wanted: Sequence[tuple[int, int]], read: Read) -> _Names:
    pairs = sorted(set(wanted))
    if not pairs:
        return _Names({})
    values = {"author_ids": [pair[0] for pair in pairs], "positions": [pair[1] for pair in pairs]}
    return _Names({(author_id, since): name for author_id, since, name in read(_NAMES, values)})
