"""One read is one statement, whatever the page; an index serves every sort, at the first page and deep inside."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import psycopg2
import pytest
from flask.testing import FlaskClient
from sqlalchemy.engine import make_url

from app import query, shapes
from app import statements as sql
from app.authors.schemas import AUTHORS
from app.books.schemas import BOOKS
from tests.api.varied_catalog import Row, isbn, store, varied_authors, varied_books

RESOURCES = {"books": BOOKS, "authors": AUTHORS}
READS = [
    "/books",
    "/authors",
    "/books?limit=100",
    "/books?limit=1",
    "/authors?limit=100&fields=id",
    "/books/1",
    "/authors/1",
    "/books/1?fields=id,authors",
    f"/books/isbn/{isbn(0)}",
    "/books/isbn/9780441478125",
    "/authors/1/books",
    "/authors/1/books?limit=100&sort=-published,title",
    "/books?total=exact",
    "/books?total=estimated",
    "/authors/1/books?total=exact",
    "/authors/1/books?total=estimated&author[contains]=e",
    "/books?offset=30&limit=5",
    "/books?title=no such",
    "/books?title=no such&total=exact",
    "/authors/40/books",
    "/books?sort=-published,title&language[ne]=en&author[contains]=e&role=author&subjects=Fiction&isbn[null]=false"
    "&identifier=openlibrary:OL1&page_count[gt]=1&published[lte]=1991&created_at[gt]=2000-01-01&fields=id,title,authors"
    "&limit=50&total=exact",
]
MISSING = [
    "/books/999",
    "/authors/999",
    f"/books/isbn/{isbn(999)}",
    "/authors/999/books",
    "/authors/999/books?total=exact",
]
REFUSED = [
    "/books?titel=a",
    "/books?limit=0",
    "/books/0001",
    "/books/isbn/1",
    "/books?cursor=x",
    "/nothing",
    "/authors?sort=-x",
]


@pytest.fixture(scope="module")
def full(make_app: Callable[..., Any], new_database: Callable[[str], str]) -> Iterator[FlaskClient]:
    client = make_app(DATABASE_URL=new_database("statements")).test_client(use_cookies=False)
    store(client, "/authors", varied_authors(40))
    store(client, "/books", varied_books(100, [1, 2, 3, 4]))
    return client


def fresh(client: FlaskClient, address: str) -> Any:
    """The answer of the application, not of its cache."""
    return client.get(address, headers={"Cache-Control": "no-cache"})


@pytest.mark.parametrize("address", READS)
def test_a_read_is_one_statement(full: FlaskClient, statements: list[str], address: str) -> None:
    response = fresh(full, address)
    assert response.status_code == 200
    assert len(statements) == 1


@pytest.mark.parametrize("address", MISSING)
def test_a_read_of_nothing_is_one_statement_and_one_that_asks_where_it_went(
    full: FlaskClient, statements: list[str], address: str
) -> None:
    assert fresh(full, address).status_code == 404
    assert len(statements) == (1 if "isbn" in address else 2)  # what is found by its ISBN was never merged
    assert all("_merges" in statement for statement in statements[1:])


@pytest.mark.parametrize("address", REFUSED)
def test_what_is_refused_never_reaches_the_database(full: FlaskClient, statements: list[str], address: str) -> None:
    assert fresh(full, address).status_code in (400, 404)
    assert statements == []


def test_no_read_begins_a_transaction(full: FlaskClient, statements: list[str]) -> None:
    fresh(full, "/books?total=exact")
    assert not [text for text in statements if text.upper().startswith(("BEGIN", "COMMIT", "SET"))]


@pytest.mark.parametrize(
    "address", ["/books?limit=3&total=exact", "/books/1", "/authors/1/books", f"/books/isbn/{isbn(0)}"]
)
def test_an_answer_from_the_cache_asks_the_database_nothing(
    full: FlaskClient, statements: list[str], address: str
) -> None:
    first = full.get(address)
    statements.clear()
    again = full.get(address)
    assert "hit" in again.headers["Cache-Status"]
    assert again.data == first.data
    matched = full.get(address, headers={"If-None-Match": first.headers["ETag"]})
    assert matched.status_code == 304
    assert full.head(address).status_code == 200
    assert statements == []


@pytest.mark.parametrize("resource", RESOURCES)
def test_a_page_behind_a_cursor_skips_nothing_by_counting(
    full: FlaskClient, statements: list[str], resource: str
) -> None:
    for sort in RESOURCES[resource].sorts:
        for sign in ("", "-"):
            page = full.get(f"/{resource}?sort={sign}{sort}&limit=5&offset=7").json
            statements.clear()
            for link in (page["links"]["next"], page["links"]["prev"]):
                assert fresh(full, link).status_code == 200
            assert len(statements) == 2
            assert not [text for text in statements if "OFFSET" in text.upper()]


def test_a_page_by_offset_is_the_only_one_that_counts_rows_off(full: FlaskClient, statements: list[str]) -> None:
    fresh(full, "/books?offset=7")
    assert "OFFSET" in statements[0].upper()


@pytest.mark.parametrize("resource", RESOURCES)
def test_only_the_fields_asked_for_are_read(full: FlaskClient, statements: list[str], resource: str) -> None:
    fresh(full, f"/{resource}?fields=id")
    assert "identifiers" not in statements[0]
    assert "contributions" not in statements[0]
    assert "created_at" not in statements[0]


class Explained:
    """A database of 50,000 books and as many authors, and what Postgres would do for a page of them."""

    ROWS = 50_000

    def __init__(self, url: str, client: FlaskClient) -> None:
        plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        self.client = client
        self.connection = psycopg2.connect(plain)
        self.connection.autocommit = True
        with self.connection.cursor() as cursor:
            for statement in self.FILL:
                cursor.execute(statement, {"rows": self.ROWS})

    FILL = (
        "SET catalog.contributors_given = 'on'",  # nothing is asked here of the names on books
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

    def steps(self, path: str, address: str) -> list[Row]:
        """Every step that Postgres took for a page, with how many rows it handled."""
        resource = RESOURCES[path]
        asked = query.parse(resource, path, parse_qsl(urlsplit(address).query, keep_blank_values=True))
        statement = sql.page(resource, shapes.of(resource, asked), None)
        with self.connection.cursor() as cursor:
            cursor.execute(
                "EXPLAIN (ANALYZE, COSTS OFF, FORMAT JSON) " + statement.sql,
                statement.constants | shapes.values_of(asked),
            )
            plan = cursor.fetchone()[0][0]["Plan"]
        found, pending = [], [plan]
        while pending:
            step = pending.pop()
            found.append(step)
            pending += step.get("Plans", [])
        return found


@pytest.fixture(scope="module")
def explained(make_app: Callable[..., Any], new_database: Callable[[str], str]) -> Iterator[Explained]:
    url = new_database("explained")
    made = Explained(url, make_app(DATABASE_URL=url).test_client(use_cookies=False))
    yield made
    made.connection.close()


def handled(step: Row) -> float:
    """How many rows a step read, in all its turns."""
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
def test_two_keys_read_no_more_than_the_rows_that_tie_in_the_first(explained: Explained, sort: str) -> None:
    deep = explained.client.get(f"/books?sort={sort}&offset=10000&fields=id").json["links"]
    for address in (f"/books?sort={sort}", deep["next"], deep["prev"]):
        steps = explained.steps("books", address)
        assert not [step for step in steps if step["Node Type"] == "Seq Scan" and step.get("Relation Name") == "books"]
        told = [
            (step["Node Type"], step.get("Index Name"), step.get("Index Cond"), handled(step))
            for step in steps
            if handled(step) > 500
        ]
        assert max(map(handled, steps)) < Explained.ROWS / 100, told


@pytest.mark.parametrize("name", ["page_count", "published"])
def test_a_range_with_two_bounds_is_one_range_of_one_index(name: str) -> None:
    asked = query.parse(BOOKS, "books", [(f"{name}[gte]", "1965"), (f"{name}[lte]", "1966")])
    text = sql.page(BOOKS, shapes.of(BOOKS, asked), None).sql.casefold()
    assert "2147483647" in text  # the key that goes upward
    assert "coalesce(books.page_count, (-2147483648))" not in text
    assert "coalesce(books.published_key, (-2147483648))" not in text
