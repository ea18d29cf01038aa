"""One read is one statement, whatever the page."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.authors.resource import AUTHORS
from app.books.resource import BOOKS
from tests.support.catalogs.varied import isbn, store, varied_authors, varied_books

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


def fill(client: FlaskClient) -> None:
    store(client, "/authors", varied_authors(40))
    store(client, "/books", varied_books(100, [1, 2, 3, 4]))


@pytest.fixture(scope="module")
def full(shared_catalog: Callable[..., FlaskClient]) -> FlaskClient:
    return shared_catalog("statements", fill)


def fresh(client: FlaskClient, address: str) -> Any:
    """The response of the application, past its cache."""
    return client.get(address, headers={"Cache-Control": "no-cache"})


@pytest.mark.parametrize("address", READS)
def test_a_read_is_one_statement(full: FlaskClient, statements: list[str], address: str) -> None:
    response = fresh(full, address)
    assert response.status_code == 200
    assert len(statements) == 1


@pytest.mark.parametrize("address", MISSING)
def test_a_missing_record_costs_one_more_statement_about_merges(
    full: FlaskClient, statements: list[str], address: str
) -> None:
    assert fresh(full, address).status_code == 404
    assert len(statements) == (1 if "isbn" in address else 2)  # a merged book has no ISBN
    assert all("_merges" in statement for statement in statements[1:])


@pytest.mark.parametrize("address", REFUSED)
def test_a_refused_request_sends_no_statement(full: FlaskClient, statements: list[str], address: str) -> None:
    assert fresh(full, address).status_code in (400, 404)
    assert statements == []


def test_reads_begin_no_transaction(full: FlaskClient, statements: list[str]) -> None:
    fresh(full, "/books?total=exact")
    assert not [text for text in statements if text.upper().startswith(("BEGIN", "COMMIT", "SET"))]


@pytest.mark.parametrize(
    "address", ["/books?limit=3&total=exact", "/books/1", "/authors/1/books", f"/books/isbn/{isbn(0)}"]
)
def test_a_cache_hit_sends_no_statement(full: FlaskClient, statements: list[str], address: str) -> None:
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
def test_a_page_by_cursor_uses_no_sql_offset(full: FlaskClient, statements: list[str], resource: str) -> None:
    for sort in RESOURCES[resource].sorts:
        for sign in ("", "-"):
            page = full.get(f"/{resource}?sort={sign}{sort}&limit=5&offset=7").json
            statements.clear()
            for link in (page["links"]["next"], page["links"]["prev"]):
                assert fresh(full, link).status_code == 200
            assert len(statements) == 2
            # OFFSET 0 skips no row: it keeps the planner from merging a subquery.
            assert not [text for text in statements if "OFFSET" in text.upper().replace("OFFSET 0", "")]


def test_a_page_by_offset_uses_sql_offset(full: FlaskClient, statements: list[str]) -> None:
    fresh(full, "/books?offset=7")
    assert "OFFSET" in statements[0].upper()


@pytest.mark.parametrize("resource", RESOURCES)
def test_only_requested_fields_are_read(full: FlaskClient, statements: list[str], resource: str) -> None:
    fresh(full, f"/{resource}?fields=id")
    assert "identifiers" not in statements[0]
    assert "contributions" not in statements[0]
    assert "created_at" not in statements[0]
