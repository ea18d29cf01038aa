"""Pages: the envelope, the links, the limit, and parameters in any order."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from app.authors.resource import AUTHORS
from app.books.resource import BOOKS
from tests.support.catalogs.examples import AUTHOR_FIELDS, BOOK_FIELDS
from tests.support.catalogs.varied import Row, VariedCatalog

RESOURCES = {"books": BOOKS, "authors": AUTHORS}

FIELDS = {"books": BOOK_FIELDS, "authors": AUTHOR_FIELDS}


@pytest.mark.parametrize("path", ["/books", "/authors"])
def test_an_empty_list_is_a_page_without_rows(client: FlaskClient, path: str) -> None:
    for address in (path, f"{path}?offset=10", f"{path}?sort=-updated_at&limit=1"):
        response = client.get(address)
        assert response.status_code == 200
        assert response.json["data"] == []
        assert response.json["meta"]["count"] == 0
        assert response.json["links"] == {"self": response.json["links"]["self"], "next": None, "prev": None}


@pytest.mark.parametrize("path", ["/books", "/authors"])
def test_a_page_has_twenty_rows_by_id_by_default(catalog: VariedCatalog, path: str) -> None:
    page = catalog.get(path)
    assert list(page) == ["data", "meta", "links"]
    assert page["data"] == catalog.rows[path[1:]][:20]
    assert page["meta"] == {"count": 20, "limit": 20}
    assert page["links"]["self"] == path
    assert page["links"]["prev"] is None
    assert page["links"]["next"].startswith(f"{path}?cursor=")


@pytest.mark.parametrize("resource", RESOURCES)
def test_every_field_is_always_present_in_its_order(catalog: VariedCatalog, resource: str) -> None:
    assert all(list(row) == FIELDS[resource] for row in catalog.rows[resource])
    assert list(catalog.get(f"/{resource}/1")) == FIELDS[resource]


@pytest.mark.parametrize("resource", RESOURCES)
def test_a_row_of_a_list_equals_the_record(catalog: VariedCatalog, resource: str) -> None:
    for row in catalog.rows[resource][::9]:
        assert catalog.get(f"/{resource}/{row['id']}") == row


@pytest.mark.parametrize("limit", [1, 2, 45, 99, 100])
def test_a_page_has_as_many_rows_as_its_limit(catalog: VariedCatalog, limit: int) -> None:
    page = catalog.get(f"/books?limit={limit}")
    assert page["data"] == catalog.rows["books"][:limit]
    assert page["meta"] == {"count": min(limit, 90), "limit": limit}
    assert (page["links"]["next"] is None) == (limit >= 90)


def test_the_last_page_of_exactly_the_limit_has_no_next(catalog: VariedCatalog) -> None:
    assert catalog.get("/books?id[lte]=20")["links"]["next"] is None
    assert catalog.get("/books?id[lte]=21")["links"]["next"] is not None


@pytest.mark.parametrize(
    "address",
    [
        "/books",
        "/books?limit=7",
        "/books?offset=10&limit=7",
        "/authors?sort=-name",
        "/authors/1/books?limit=2",
        "/books?title=none",
        "/books?offset=88",
    ],
)
def test_the_link_header_repeats_the_links_of_the_body(catalog: VariedCatalog, address: str) -> None:
    response = catalog.client.get(address)
    links = response.json["links"]
    expected = [f'<{link}>; rel="{name}"' for name, link in links.items() if link]
    assert sorted(response.headers["Link"].split(", ")) == sorted(expected)


@pytest.mark.parametrize(
    "query",
    [
        "title=A%2C%20B&limit=3",
        "title%5Bcontains%5D=%25%20w&limit=2",
        "title[starts]=Zo%C3%AB%E2%80%99s&fields=title",
        "publisher[in]=A,%20B&publisher[in]=B&total=exact",
        "sort=-published,title&offset=3",
        "subjects=100%25",
        "created_at[gt]=2000-01-01T00:00:00%2B01:00",
        "author=%C3%A9llis+bell",
    ],
)
def test_the_self_link_returns_the_same_page(catalog: VariedCatalog, query: str) -> None:
    page = catalog.get(f"/books?{query}")
    again = catalog.get(page["links"]["self"])
    assert again == page


@pytest.mark.parametrize(
    ("query", "reordered"),
    [
        ("limit=3&sort=-title", "sort=-title&limit=3"),
        ("fields=id,title", "fields=title,id"),
        ("title[ne]=B&language=en&limit=5", "limit=5&language=en&title[ne]=B"),
        ("id=1&id=2", "id=2&id=1"),
    ],
)
def test_the_order_of_parameters_changes_nothing(catalog: VariedCatalog, query: str, reordered: str) -> None:
    first, second = catalog.client.get(f"/books?{query}"), catalog.client.get(f"/books?{reordered}")
    assert first.json["data"] == second.json["data"]
    assert first.json["meta"] == second.json["meta"]


def test_reordered_parameters_return_the_same_bytes(catalog: VariedCatalog) -> None:
    first = catalog.client.get("/books?limit=3&sort=-title&language[ne]=en", headers={"Cache-Control": "no-cache"})
    second = catalog.client.get("/books?language[ne]=en&sort=-title&limit=3", headers={"Cache-Control": "no-cache"})
    assert first.data == second.data
    assert first.headers["ETag"] == second.headers["ETag"]


@pytest.mark.parametrize("path", ["/books", "/authors", "/authors/1/books", "/books/1", "/authors/1"])
def test_a_slash_at_the_end_changes_nothing(catalog: VariedCatalog, path: str) -> None:
    without, with_slash = catalog.client.get(path), catalog.client.get(f"{path}/")
    assert with_slash.status_code == without.status_code == 200
    assert with_slash.data == without.data
    assert catalog.client.get(f"{path}/?fields=id").data == catalog.client.get(f"{path}?fields=id").data


def test_head_has_the_headers_of_get_without_a_body(catalog: VariedCatalog) -> None:
    for address in ("/books?limit=3&total=exact", "/books/1", "/authors/1/books"):
        got, head = catalog.client.get(address), catalog.client.head(address)
        assert head.status_code == 200
        assert head.data == b""
        for name in ("ETag", "Link", "X-Total-Count", "Content-Length", "Content-Type"):
            assert head.headers.get(name) == got.headers.get(name)


def test_text_reaches_the_client_as_it_was_sent(client: FlaskClient, add_book: Callable[..., Row]) -> None:
    title = 'Ünïcödé "quoted" \\ back/slash <b>&amp;</b> 雪国 😀'
    book = add_book(title=title, description="one\ntwo\n\tthree")
    assert book["title"] == title
    assert client.get("/books").json["data"] == [book]
