"""Bad parameters of lists."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from tests.support.catalogs.varied import VariedCatalog


@pytest.mark.parametrize(
    ("address", "parameter", "code"),
    [
        ("/books?fields=id,titel", "fields", "unknown"),
        ("/books?fields=", "fields", "unknown"),
        ("/books?fields=id,id", "fields", "duplicate"),
        ("/authors?fields=title", "fields", "unknown"),
        ("/books/1?fields=name", "fields", "unknown"),
        ("/books?fields[in]=id", "fields[in]", "unknown"),
        ("/books/1?limit=1", "limit", "unknown"),
        ("/books/1?title=a", "title", "unknown"),
        ("/books?limit=0", "limit", "out_of_range"),
        ("/books?limit=101", "limit", "out_of_range"),
        ("/books?limit=-1", "limit", "invalid"),
        ("/books?limit=", "limit", "invalid"),
        ("/books?limit=2&limit=2", "limit", "repeated"),
        ("/books?limit=%D9%A1", "limit", "invalid"),
        ("/books?limit=07", "limit", "invalid"),
        ("/books?offset=10001", "offset", "out_of_range"),
        ("/books?offset=-1", "offset", "invalid"),
        ("/books?offset=1e3", "offset", "invalid"),
        ("/books?total=yes", "total", "not_allowed"),
        ("/books?total=", "total", "not_allowed"),
        ("/books?sort=", "sort", "unknown"),
        ("/books?sort=publisher", "sort", "unknown"),
        ("/books?sort=title,-title", "sort", "duplicate"),
        ("/books?sort=--title", "sort", "unknown"),
        ("/books?sort=%2Btitle", "sort", "unknown"),
        ("/authors?sort=title", "sort", "unknown"),
        ("/books?sort=title,", "sort", "unknown"),
        ("/books?page=2", "page", "unknown"),
        ("/authors/1/books?colour=red", "colour", "unknown"),
        ("/books?Limit=3", "Limit", "unknown"),
    ],
)
def test_a_bad_parameter_is_400_and_named(catalog: VariedCatalog, address: str, parameter: str, code: str) -> None:
    response = catalog.client.get(address)
    assert response.status_code == 400
    assert response.headers["Content-Type"] == "application/problem+json"
    assert [(error["parameter"], error["code"]) for error in response.json["errors"]] == [(parameter, code)]


def test_every_fault_of_a_query_is_listed(client: FlaskClient) -> None:
    errors = client.get("/books?limit=0&sort=x&titel=a&published=b&total=c&fields=d").json["errors"]
    assert {error["parameter"] for error in errors} == {"limit", "sort", "titel", "published", "total", "fields"}
    assert {error["in"] for error in errors} == {"query"}


@pytest.mark.parametrize("name", ["page", "PAGE", "p", "page_number"])
def test_a_page_number_is_answered_with_cursor_and_offset(client: FlaskClient, name: str) -> None:
    [error] = client.get(f"/books?{name}=2").json["errors"]
    assert error["detail"].endswith(
        "For the next page, follow links.next, which has a cursor; to skip rows of a short list, send offset."
    )


def test_too_large_an_offset_is_answered_with_the_cursor(client: FlaskClient) -> None:
    assert "cursor" in client.get("/books?offset=10001").json["detail"]
