"""The plans of the audit's filters on many changes, most of them from imports."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import pytest

from app.core.query.pairs import parse_pairs
from app.core.query.parse import parse_query
from app.core.sql.shape import selection_of, values_of
from app.features.history.audit.resource import AUDIT
from app.features.history.audit.statements import changes_within
from tests.support.databases import connect, execute

MANY = """
    WITH added AS (
        INSERT INTO revisions (position, size, via) SELECT 1 + (n - 1) * 1000, 1000, 'import'
        FROM generate_series(1, 20) AS n RETURNING id
    )
    INSERT INTO changes (revision_id, record_id, ordinal, resource, op)
    SELECT id, id * 1000 + n, n, 'books', 'created' FROM added, generate_series(0, 999) AS n;
    WITH added AS (
        INSERT INTO revisions (position, size, via, account_id) SELECT 20000 + n, 1, 'api', n % 500
        FROM generate_series(1, 5000) AS n RETURNING id, position
    )
    INSERT INTO changes (revision_id, record_id, ordinal, resource, op, after)
    SELECT id, id, 0, 'books', 'updated', '{"title": "x"}' FROM added;
    UPDATE change_feed SET last_position = 25000;
    ANALYZE changes; ANALYZE revisions
"""


def fill(url: str) -> None:
    execute(url, MANY)


@pytest.mark.parametrize(
    ("query", "index"),
    [
        ("account_id=7", "ix_revisions_account_id"),
        ("via=page", "ix_revisions_via"),
        ("resource=tokens", "ix_changes_rare"),
        ("resource[in]=accounts,tokens", "ix_changes_rare"),
        ("op[in]=deleted,merged", "ix_changes_rare"),
        ("at[gt]=2999-01-01", "ix_revisions_at"),
        ("op=updated", "uq_revisions_position"),
    ],
)
def test_filters_use_indexes(shared_database: Callable[..., str], query: str, index: str) -> None:
    parsed = parse_query(AUDIT, "audit", parse_pairs(query.encode()))
    statement = changes_within(selection_of(AUDIT, parsed), ascending=False)
    values = {**values_of(parsed), "low": 0, "high": 25_000, "bytes": 2**22, "is_first": True}
    url = shared_database("audit", fill)
    with contextlib.closing(connect(url)) as connection, connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {statement.sql}", {**statement.constants, **values})
        plan = "\n".join(row[0] for row in cursor.fetchall())
    assert index in plan, plan
