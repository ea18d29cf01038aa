"""A page has a bound in bytes: large records come on more pages, and each of them once."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.support.application import Statements

PAGE_BYTES = 256 * 1024
LINKS_BYTES = 4 * 1024  # of a page, beside its records
LENGTHS = [0, 10_000, 40_000, 0, 100_000, 100_000, 100_000, 0, 20_000, 3_000] * 3  # emoji, each of 4 bytes


def fill(client: FlaskClient) -> None:
    """Add large books of one author."""
    books = [
        {
            "title": f"Book {number:02}",
            "description": "\N{GRINNING FACE}" * length or None,
            "authors": [{"id": 1}] if number else [{"name": "The Author"}],
            "publisher": "House",
        }
        for number, length in enumerate(LENGTHS)
    ]
    for book in books:
        assert client.post("/books", json=book).status_code == 201


@pytest.fixture(scope="module")
def large(shared_catalog: Callable[..., FlaskClient]) -> FlaskClient:
    """A client of a catalog with large books."""
    return shared_catalog("large_pages", fill, PAGE_MAX_BYTES=PAGE_BYTES, CACHE_DEFAULT_TIMEOUT=0)


def walk(client: FlaskClient, path: str, way: str = "next") -> list[dict[str, Any]]:
    """Return the pages from a path on."""
    pages, url = [], path
    while url:
        response = client.get(url)
        assert response.status_code == 200, response.text
        page = response.json
        assert page is not None
        largest = max(len(str(row).encode()) for row in page["data"])
        assert len(response.data) <= PAGE_BYTES + LINKS_BYTES or (len(page["data"]) == 1 and largest > PAGE_BYTES)
        assert page["meta"]["count"] == len(page["data"]) >= 1
        pages.append(page)
        url = page["links"][way]
    return pages


def ids(pages: list[dict[str, Any]]) -> list[int]:
    return [row["id"] for page in pages for row in page["data"]]


@pytest.mark.parametrize(
    "path",
    [
        "/books?limit=100",
        "/books",
        "/books?limit=1",
        "/books?limit=7&sort=-title&total=exact",
        "/books?limit=50&publisher=House&total=estimated",
        "/authors/1/books?limit=100&sort=title",
        "/books?limit=100&q=book&sort=id",
        "/books?limit=100&q=book",
    ],
)
def test_a_walk_over_large_records_sees_each_once(path: str, large: FlaskClient) -> None:
    pages = walk(large, path)
    assert sorted(ids(pages)) == list(range(1, len(LENGTHS) + 1))
    assert all(page["meta"].get("total") in (None, len(LENGTHS)) for page in pages if "total=exact" in path)
    back = walk(large, pages[-1]["links"]["prev"], "prev")
    assert sorted(ids([*back, pages[-1]])) == sorted(ids(pages))
    assert back[-1]["data"][0] == pages[0]["data"][0]


def test_a_page_ends_only_when_the_next_record_does_not_fit(large: FlaskClient) -> None:
    sizes = {
        row["id"]: len(large.get(f"/books/{row['id']}").data) for page in walk(large, "/books") for row in page["data"]
    }
    pages = walk(large, "/books?limit=100")
    for page, following in pairwise(pages):
        held = sum(sizes[row["id"]] for row in page["data"])
        assert held + sizes[following["data"][0]["id"]] > PAGE_BYTES
    assert max(len(page["data"]) for page in pages) > 1


def test_an_offset_skips_records_and_not_bytes(large: FlaskClient) -> None:
    assert ids([large.get("/books?limit=10&offset=5").json or {}])[0] == 6


def test_records_that_fit_take_one_statement(large: FlaskClient, statements: Statements) -> None:
    assert large.get("/books?limit=3&fields=id,title").status_code == 200
    assert len(statements) == 1
    assert large.get("/books?limit=10").status_code == 200
    assert len(statements) == 3
