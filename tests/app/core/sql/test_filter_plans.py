"""The plans of filters that several indexes serve."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import pytest

from app.books.resource import BOOKS
from app.core.query.pairs import parse_pairs
from app.core.query.parse import parse_query
from app.core.sql.plan import plan_page
from tests.support.databases import connect, execute

FILL = """
    INSERT INTO authors (name, sort_name, alternate_names)
    SELECT 'Author ' || n, 'Author ' || n, ARRAY['Other ' || n] FROM generate_series(1, 5000) AS n;
    INSERT INTO books (title) SELECT 'Book ' || n FROM generate_series(1, 5000) AS n;
    INSERT INTO contributions SELECT n, n, 'author', 0, 'Credited ' || n FROM generate_series(1, 5000) AS n;
    ANALYZE authors, books, contributions
"""


def fill(url: str) -> None:
    execute(url, FILL)


@pytest.mark.parametrize("filter_", ["author=Milne, A. A.", "author[in]=A. A. Milne,Homer"])
def test_filters_by_contributor_names_use_indexes(shared_database: Callable[..., str], filter_: str) -> None:
    statement, values, *_ = plan_page(BOOKS, parse_query(BOOKS, "books", parse_pairs(filter_.encode())))
    with contextlib.closing(connect(shared_database("names", fill))) as connection, connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {statement.sql}", {**statement.constants, **values})
        plan = "\n".join(row[0] for row in cursor.fetchall())
    for index in ("ix_authors_identity", "ix_authors_alternate_identities", "ix_contributions_credited_as_identity"):
        assert index in plan, plan
