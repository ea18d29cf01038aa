"""An index serves every sort, at the first page and deep inside."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from urllib.parse import parse_qsl, urlsplit

import psycopg2.extensions
import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.authors.resource import AUTHORS
from app.books.resource import BOOKS
from app.core.query.parse import parse_query
from app.core.sql.plan import plan_page
from tests.support.catalogs.varied import Row
from tests.support.databases import connect

pytestmark = pytest.mark.slow(20)

RESOURCES = {"books": BOOKS, "authors": AUTHORS}


ROWS = 50_000
FILL = (
    "SET catalog.contributors_given = 'on'",  # the tests do not search the names of contributors
    """INSERT INTO authors (name, sort_name, birth_date, death_date, created_at, updated_at)
       SELECT 'Name ' || n * 7919::bigint %% 99991, n / 3 * 7919::bigint %% 99991 || ', Name',
              CASE WHEN n %% 4 > 0 THEN lpad((1 + n::bigint * 7919 %% 2000)::text, 4, '0') END,
              CASE WHEN n %% 5 > 0 THEN lpad((1 + n::bigint * 104729 %% 2000)::text, 4, '0') END,
              '2020-01-01'::timestamptz + n %% 9973 * interval '1 hour',
              '2021-01-01'::timestamptz + n %% 997 * interval '1 hour'
       FROM generate_series(1, %(rows)s) AS n""",
    """INSERT INTO books (title, published, page_count, series_position, created_at, updated_at)
       SELECT 'Title ' || n / 2 * 7919::bigint %% 99991,
              CASE WHEN n %% 4 > 0 THEN lpad((1 + n::bigint * 7919 %% 2000)::text, 4, '0')
                   || '-0' || 1 + n %% 9 END,
              CASE WHEN n %% 3 > 0 THEN 1 + n * 31 %% 900 END,
              CASE WHEN n %% 7 = 0 THEN n %% 40 / 2.0 END,
              '2020-01-01'::timestamptz + n %% 9973 * interval '1 hour',
              '2021-01-01'::timestamptz + n %% 997 * interval '1 hour'
       FROM generate_series(1, %(rows)s) AS n""",
    "INSERT INTO contributions (book_id, author_id, role, position)"
    " SELECT n, 1 + n * 7 %% %(rows)s, 'author', 0"
    " FROM generate_series(1, %(rows)s) AS n",
    "ANALYZE",
)


def fill(url: str) -> None:
    with contextlib.closing(connect(url)) as connection, connection.cursor() as cursor:
        for statement in FILL:
            cursor.execute(statement, {"rows": ROWS})


class Explained:
    """A database of 50,000 books and authors, which explains the statements of pages."""

    def __init__(self, client: FlaskClient, connection: psycopg2.extensions.connection) -> None:
        self.client, self.connection = client, connection

    def steps(self, path: str, address: str) -> list[Row]:
        """Run the statement of a page; return the steps of its plan, with row counts."""
        resource = RESOURCES[path]
        parsed = parse_query(resource, path, parse_qsl(urlsplit(address).query, keep_blank_values=True))
        statement, values, *_ = plan_page(resource, parsed)
        with self.connection.cursor() as cursor:
            cursor.execute(
                "EXPLAIN (ANALYZE, COSTS OFF, FORMAT JSON) " + statement.sql,
                statement.constants | values,
            )
            plan = cursor.fetchone()[0][0]["Plan"]
        steps, pending = [], [plan]
        while pending:
            step = pending.pop()
            steps.append(step)
            pending += step.get("Plans", [])
        return steps


@pytest.fixture(scope="module")
def explained(make_app: Callable[..., Flask], shared_database: Callable[..., str]) -> Iterator[Explained]:
    url = shared_database("explained", fill)
    with contextlib.closing(connect(url)) as connection:
        yield Explained(make_app(DATABASE_URL=url).test_client(use_cookies=False), connection)


def handled(step: Row) -> float:
    """How many rows a step read, in all its loops."""
    dropped = step.get("Rows Removed by Filter", 0) + step.get("Rows Removed by Index Recheck", 0)
    return float((step["Actual Rows"] + dropped) * step["Actual Loops"])


@pytest.mark.parametrize("limit", [20, 100])
@pytest.mark.parametrize(
    ("path", "sort"),
    [(path, sign + sort) for path, resource in RESOURCES.items() for sort in resource.sorts for sign in ("", "-")],
)
def test_an_index_serves_every_sort(explained: Explained, path: str, sort: str, limit: int) -> None:
    deep = explained.client.get(f"/{path}?sort={sort}&offset=10000&limit={limit}&fields=id").json["links"]
    for address in (f"/{path}?sort={sort}&limit={limit}", deep["next"], deep["prev"]):
        steps = explained.steps(path, address)
        on_list = [step for step in steps if step.get("Relation Name") == path]
        assert on_list
        assert {step["Node Type"] for step in on_list} <= {"Index Scan", "Index Only Scan"}, address
        assert max(map(handled, steps)) <= limit + 1, address
        assert not [step for step in steps if "Sort" in step["Node Type"] and step["Actual Rows"] > limit + 1], address


@pytest.mark.parametrize(
    "sort",
    [
        "published,-page_count",
        "-published,title",
        "page_count,-series_position",
        "-title,published",
        "-created_at,title",
        "updated_at,-published",
    ],
)
def test_a_second_sort_key_reads_only_ties_of_the_first(explained: Explained, sort: str) -> None:
    deep = explained.client.get(f"/books?sort={sort}&offset=10000&fields=id").json["links"]
    for address in (f"/books?sort={sort}", deep["next"], deep["prev"]):
        steps = explained.steps("books", address)
        assert not [step for step in steps if step["Node Type"] == "Seq Scan" and step.get("Relation Name") == "books"]
        large = [
            (step["Node Type"], step.get("Index Name"), step.get("Index Cond"), handled(step))
            for step in steps
            if handled(step) > 500
        ]
        assert max(map(handled, steps)) < ROWS / 100, large


@pytest.mark.parametrize("name", ["page_count", "published"])
def test_a_range_with_two_bounds_uses_one_index_range(name: str) -> None:
    parsed = parse_query(BOOKS, "books", [(f"{name}[gte]", "1965"), (f"{name}[lte]", "1966")])
    text = plan_page(BOOKS, parsed).statement.sql.casefold()
    assert "2147483647" in text  # the constant of the ascending key
    assert "coalesce(books.page_count, (-2147483648))" not in text
    assert "coalesce(books.published_key, (-2147483648))" not in text
