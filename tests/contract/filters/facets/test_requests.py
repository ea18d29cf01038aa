"""Requests for facets: bad parameters, caching, and how many statements they take."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from tests.contract.filters.meaning import FilteredCatalog
from tests.support.application import SENT


@pytest.mark.parametrize(
    ("query", "parameter", "code"),
    [
        ("", "fields", "required"),
        ("fields=", "fields", "unknown"),
        ("fields=language,titel", "fields", "unknown"),
        ("fields=language,language", "fields", "duplicate"),
        ("fields=language&fields=language", "fields", "duplicate"),
        ("fields[in]=language", "fields[in]", "unknown"),
        ("fields=language&limit=0", "limit", "out_of_range"),
        ("fields=language&limit=101", "limit", "out_of_range"),
        ("fields=language&limit=ten", "limit", "invalid"),
        ("fields=language&sort=title", "sort", "unknown"),
        ("fields=language&cursor=abc", "cursor", "unknown"),
        ("fields=language&offset=1", "offset", "unknown"),
        ("fields=language&total=exact", "total", "unknown"),
        ("fields=language&format=csv", "format", "unknown"),
        ("fields=language&colour=red", "colour", "unknown"),
        ("fields=language&language[has]=en", "language[has]", "unknown"),
        ("fields=language&published=soon", "published", "invalid_date"),
    ],
)
def test_a_bad_parameter_is_400_and_named(client: FlaskClient, query: str, parameter: str, code: str) -> None:
    response = client.get(f"/books/facets?{query}")
    assert response.status_code == 400
    errors = [(error["parameter"], error["code"]) for error in response.json["errors"]]
    assert (parameter, code) in errors
    assert {name for name, _ in errors} <= {parameter, "fields"}


@pytest.mark.parametrize("name", ["sort", "cursor", "offset", "total", "format"])
def test_a_parameter_of_pages_is_to_be_left_out(client: FlaskClient, name: str) -> None:
    [error] = client.get(f"/books/facets?fields=role&{name}=1").json["errors"]
    assert error["detail"].startswith(f"{name} is a parameter of /books, not of its facets; leave it out.")


def test_every_fault_is_listed(client: FlaskClient) -> None:
    errors = client.get("/books/facets?limit=0&sort=x&titel=a&published=b").json["errors"]
    assert {error["parameter"] for error in errors} == {"fields", "limit", "sort", "titel", "published"}


def test_facets_are_cached_and_conditional(client: FlaskClient) -> None:
    client.post("/books", json={"title": "A", "language": "en"})
    first = client.get("/books/facets?fields=language")
    again = client.get("/books/facets?fields=language", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    assert "hit" in client.get("/books/facets?fields=language").headers["Cache-Status"]
    client.post("/books", json={"title": "B", "language": "en"})
    [value] = client.get("/books/facets?fields=language").json["data"]["language"]
    assert value["count"] == 2


def test_facets_that_are_not_filtered_by_take_one_statement(catalog: FilteredCatalog) -> None:
    SENT.clear()
    catalog.client.get("/books/facets?fields=language,publisher,series,subjects,role,author&page_count[gte]=99&limit=4")
    assert len([sql for sql in SENT if "selected" in sql]) == 1


def test_a_path_prefix_stands_in_links(client: FlaskClient) -> None:
    client.post("/books", json={"title": "A", "language": "en"})
    answer = client.get("/books/facets?fields=language", environ_overrides={"SCRIPT_NAME": "/api"}).json
    assert answer["links"]["books"] == "/api/books"
    assert answer["data"]["language"][0]["href"] == "/api/books?language=en"
