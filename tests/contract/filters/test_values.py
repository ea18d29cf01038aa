"""The values that a filter accepts, and those that it refuses."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from app.books.resource import BOOKS
from tests.support.catalogs.varied import Row, isbn
from tests.support.databases import execute


@pytest.mark.parametrize(
    "form", ["9780441478125", "978-0-441-47812-5", "978 0 441 47812 5", "0441478123", "0-441-47812-3", " 0441478123 "]
)
def test_an_isbn_is_found_in_any_form(client: FlaskClient, add_book: Callable[..., Row], form: str) -> None:
    book = add_book(isbn="9780441478125")
    add_book(isbn=isbn(1), identifiers={"isbn": ["9780441478125"]})
    for parameter in ("isbn", "isbn[in]"):
        response = client.get("/books", query_string=[(parameter, form)])
        assert [row["id"] for row in response.json["data"]] == [book["id"]]
    response = client.get("/books", query_string=[("identifier", f"isbn:{form}")])
    assert [row["id"] for row in response.json["data"]] == [2]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("published=1990", [1, 2, 3]),
        ("published=1990-05", [2, 3]),
        ("published=1990-05-17", [3]),
        ("published[lte]=1990", [1, 2, 3, 5, 6]),
        ("published[lt]=1990", [5, 6]),
        ("published[gt]=1990", [4]),
        ("published[gte]=1990-05", [2, 3, 4]),
        ("published[gt]=1990-05", [4]),
        ("published[lt]=0001", [5, 6]),
        ("published[gt]=-0500", [1, 2, 3, 4, 6]),
        ("published=-0044", [6]),
        ("published[ne]=1990", [4, 5, 6, 7]),
        ("published[null]=true", [7]),
        ("published[in]=1990-05,-0800", [2, 3, 5]),
        ("published[ne]=-0800", [1, 2, 3, 4, 6, 7]),
    ],
)
def test_a_partial_date_matches_its_whole_period(
    client: FlaskClient, add_book: Callable[..., Row], query: str, found: list[int]
) -> None:
    for published in ("1990", "1990-05", "1990-05-17", "1991", "-0800", "-0044", None):
        add_book(published=published)
    assert [book["id"] for book in client.get(f"/books?{query}").json["data"]] == found


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ("A\\, B", [1]),
        ("A\\, B,C", [1, 2]),
        ("C,A\\, B", [1, 2]),
        ("A, B", [3, 4]),
        ("D\\E", [5]),
        ("D\\E,A", [3, 5]),
        ("F\\", [6]),
    ],
)
def test_a_backslash_keeps_a_comma_within_a_value(
    client: FlaskClient, add_book: Callable[..., Row], values: str, found: list[int]
) -> None:
    for publisher in ("A, B", "C", "A", "B", "D\\E", "F\\"):
        add_book(publisher=publisher)
    response = client.get("/books", query_string={"publisher[in]": values})
    assert [book["id"] for book in response.json["data"]] == found


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("=2026-01-02", [2, 3]),
        ("[ne]=2026-01-02", [1, 4]),
        ("[in]=2026-01-01,2026-01-03", [1, 4]),
        ("[lt]=2026-01-02", [1]),
        ("[lte]=2026-01-02", [1, 2, 3]),
        ("[gt]=2026-01-02", [4]),
        ("[gte]=2026-01-02", [2, 3, 4]),
        ("=2026-01-02T00:00:00Z", [2]),
        ("[gt]=2026-01-02T00:00:00Z", [3, 4]),
    ],
)
def test_a_date_stands_for_the_whole_day_of_a_timestamp(
    client: FlaskClient, add_book: Callable[..., Row], database_url: str, query: str, found: list[int]
) -> None:
    times = (
        "2026-01-01T23:59:59.999999Z",
        "2026-01-02T00:00:00Z",
        "2026-01-02T23:59:59.999999Z",
        "2026-01-03T00:00:00Z",
    )
    for time in times:
        book = add_book()
        execute(database_url, "UPDATE books SET created_at = %s WHERE id = %s", time, book["id"])
    assert [book["id"] for book in client.get(f"/books?created_at{query}").json["data"]] == found


@pytest.mark.parametrize(
    ("query", "parameter", "code"),
    [
        ("colour=red", "colour", "unknown"),
        ("title[like]=a", "title[like]", "unknown"),
        ("title[eq]=a", "title[eq]", "unknown"),
        ("title[null]=true", "title[null]", "unknown"),
        ("isbn[contains]=978", "isbn[contains]", "unknown"),
        ("role[contains]=a", "role[contains]", "unknown"),
        ("identifier[null]=true", "identifier[null]", "unknown"),
        ("page_count[contains]=1", "page_count[contains]", "unknown"),
        ("title[gt]=a", "title[gt]", "unknown"),
        ("subjects[contains]=a", "subjects[contains]", "unknown"),
        ("description=a", "description", "unknown"),
        ("title[contains]=a&title[contains]=b", "title[contains]", "repeated"),
        ("page_count[gt]=1&page_count[gt]=2", "page_count[gt]", "repeated"),
        ("page_count=1.5", "page_count", "invalid"),
        ("page_count=%D9%A1", "page_count", "invalid"),
        ("page_count=true", "page_count", "invalid"),
        ("series_position=1e2", "series_position", "invalid"),
        ("series_position=NaN", "series_position", "invalid"),
        ("published=1990-13", "published", "invalid_date"),
        ("published=0000", "published", "invalid_date"),
        ("published[lt]=20240229", "published[lt]", "invalid_date"),
        ("isbn=9780441478126", "isbn", "invalid_isbn"),
        ("language=english", "language", "invalid_language"),
        ("role=king", "role", "not_allowed"),
        ("id=0", "id", "invalid"),
        ("id=9223372036854775808", "id", "invalid"),
        ("author_id=x", "author_id", "invalid"),
        ("identifier=OL1", "identifier", "invalid"),
        ("identifier=isbn:123", "identifier", "invalid_isbn"),
        ("created_at=yesterday", "created_at", "invalid"),
        ("created_at[gt]=2024-02-30", "created_at[gt]", "invalid"),
        ("published[null]=yes", "published[null]", "invalid"),
        ("title=", "title", "blank"),
        ("title=%00", "title", "invalid_character"),
        ("id[in]=1,,2", "id[in]", "blank"),
        ("title[contains]=", "title[contains]", "blank"),
    ],
)
def test_a_bad_filter_is_400_and_named(client: FlaskClient, query: str, parameter: str, code: str) -> None:
    response = client.get(f"/books?{query}")
    assert response.status_code == 400
    assert [(error["parameter"], error["code"]) for error in response.json["errors"]] == [(parameter, code)]


def test_an_unknown_filter_is_answered_with_the_allowed_names(client: FlaskClient) -> None:
    detail = client.get("/books?titel=a").json["errors"][0]["detail"]
    assert "Did you mean title?" in detail
    assert all(name in detail for name in BOOKS.filters)


def test_an_unknown_operator_is_answered_with_the_allowed_ones(client: FlaskClient) -> None:
    detail = client.get("/books?title[contain]=a").json["errors"][0]["detail"]
    assert "Did you mean contains?" in detail
    assert all(name in detail for name in ("starts", "in", "ne"))
