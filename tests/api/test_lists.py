"""Lists: the envelope, links and headers, fields, order, totals, and an author's books."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import permutations
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.authors.schemas import AUTHORS
from app.books.schemas import BOOKS
from tests.api.varied_catalog import LONG, Row, in_order, store, varied_authors, varied_books

RESOURCES = {"books": BOOKS, "authors": AUTHORS}
FIELDS = {
    "books": [
        "id",
        "title",
        "subtitle",
        "isbn",
        "published",
        "publisher",
        "language",
        "page_count",
        "description",
        "series",
        "series_position",
        "subjects",
        "cover_url",
        "identifiers",
        "authors",
        "created_at",
        "updated_at",
    ],
    "authors": [
        "id",
        "name",
        "sort_name",
        "alternate_names",
        "birth_date",
        "death_date",
        "biography",
        "identifiers",
        "created_at",
        "updated_at",
    ],
}
SORTS = {
    "books": ("id", "title", "published", "page_count", "series_position", "created_at", "updated_at"),
    "authors": ("id", "name", "sort_name", "birth_date", "created_at", "updated_at"),
}
DIRECTED = [(resource, sign + name) for resource, names in SORTS.items() for name in names for sign in ("", "-")]
PAIRED = [
    (resource, f"{first_sign}{first},{second_sign}{second}")
    for resource, names in SORTS.items()
    for first, second in permutations(names, 2)
    for first_sign, second_sign in (("", "-"), ("-", ""), ("-", "-"))
]


class Catalog:
    """A client of a catalog that stands still, and all its rows by id."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client
        store(client, "/authors", varied_authors(45, seed=3))
        store(client, "/books", varied_books(90, [1, 2, 3, 4, 5], seed=4))
        for book_id in (3, 40, 17):  # so that updated_at is another order than created_at
            assert client.patch(f"/books/{book_id}", json={"description": "changed"}).status_code == 200
            assert client.patch(f"/authors/{book_id}", json={"biography": "changed"}).status_code == 200
        self.rows: dict[str, list[Row]] = {path: self.get(f"/{path}?limit=100")["data"] for path in RESOURCES}

    def get(self, address: str) -> Row:
        response = self.client.get(address)
        assert response.status_code == 200, f"{address}: {response.text}"
        return dict(response.json or {})


@pytest.fixture(scope="module")
def catalog(make_app: Callable[..., Any], new_database: Callable[[str], str]) -> Iterator[Catalog]:
    return Catalog(make_app(DATABASE_URL=new_database("lists")).test_client(use_cookies=False))


@pytest.mark.parametrize("path", ["/books", "/authors"])
def test_an_empty_list_is_a_page_without_rows(client: FlaskClient, path: str) -> None:
    for address in (path, f"{path}?offset=10", f"{path}?sort=-updated_at&limit=1"):
        response = client.get(address)
        assert response.status_code == 200
        assert response.json["data"] == []
        assert response.json["meta"]["count"] == 0
        assert response.json["links"] == {"self": response.json["links"]["self"], "next": None, "prev": None}


@pytest.mark.parametrize("path", ["/books", "/authors"])
def test_a_page_has_twenty_rows_by_id_unless_asked_otherwise(catalog: Catalog, path: str) -> None:
    page = catalog.get(path)
    assert list(page) == ["data", "meta", "links"]
    assert page["data"] == catalog.rows[path[1:]][:20]
    assert page["meta"] == {"count": 20, "limit": 20}
    assert page["links"]["self"] == path
    assert page["links"]["prev"] is None
    assert page["links"]["next"].startswith(f"{path}?cursor=")


@pytest.mark.parametrize("resource", RESOURCES)
def test_every_field_is_always_present_in_its_order(catalog: Catalog, resource: str) -> None:
    assert all(list(row) == FIELDS[resource] for row in catalog.rows[resource])
    assert list(catalog.get(f"/{resource}/1")) == FIELDS[resource]


@pytest.mark.parametrize("resource", RESOURCES)
def test_a_row_of_a_list_is_the_record_alone(catalog: Catalog, resource: str) -> None:
    for row in catalog.rows[resource][::9]:
        assert catalog.get(f"/{resource}/{row['id']}") == row


@pytest.mark.parametrize("limit", [1, 2, 45, 99, 100])
def test_a_page_has_as_many_rows_as_its_limit(catalog: Catalog, limit: int) -> None:
    page = catalog.get(f"/books?limit={limit}")
    assert page["data"] == catalog.rows["books"][:limit]
    assert page["meta"] == {"count": min(limit, 90), "limit": limit}
    assert (page["links"]["next"] is None) == (limit >= 90)


def test_the_last_page_of_exactly_the_limit_has_no_next(catalog: Catalog) -> None:
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
def test_the_header_link_holds_the_links_of_the_body(catalog: Catalog, address: str) -> None:
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
def test_the_self_link_asks_the_same(catalog: Catalog, query: str) -> None:
    page = catalog.get(f"/books?{query}")
    again = catalog.get(page["links"]["self"])
    assert again == page


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("limit=3&sort=-title", "sort=-title&limit=3"),
        ("fields=id,title", "fields=title,id"),
        ("title[ne]=B&language=en&limit=5", "limit=5&language=en&title[ne]=B"),
        ("id=1&id=2", "id=2&id=1"),
    ],
)
def test_the_order_of_parameters_changes_nothing(catalog: Catalog, one: str, other: str) -> None:
    first, second = catalog.client.get(f"/books?{one}"), catalog.client.get(f"/books?{other}")
    assert first.json["data"] == second.json["data"]
    assert first.json["meta"] == second.json["meta"]


def test_the_same_parameters_in_another_order_are_the_same_bytes(catalog: Catalog) -> None:
    first = catalog.client.get("/books?limit=3&sort=-title&language[ne]=en", headers={"Cache-Control": "no-cache"})
    second = catalog.client.get("/books?language[ne]=en&sort=-title&limit=3", headers={"Cache-Control": "no-cache"})
    assert first.data == second.data
    assert first.headers["ETag"] == second.headers["ETag"]


@pytest.mark.parametrize("path", ["/books", "/authors", "/authors/1/books", "/books/1", "/authors/1"])
def test_a_slash_at_the_end_changes_nothing(catalog: Catalog, path: str) -> None:
    without, with_slash = catalog.client.get(path), catalog.client.get(f"{path}/")
    assert with_slash.status_code == without.status_code == 200
    assert with_slash.data == without.data
    assert catalog.client.get(f"{path}/?fields=id").data == catalog.client.get(f"{path}?fields=id").data


@pytest.mark.parametrize(
    ("resource", "name"), [(resource, name) for resource, names in FIELDS.items() for name in names]
)
def test_each_field_can_be_asked_for_alone(catalog: Catalog, resource: str, name: str) -> None:
    rows = catalog.get(f"/{resource}?fields={name}&limit=100")["data"]
    assert rows == [{name: row[name]} for row in catalog.rows[resource]]
    assert catalog.get(f"/{resource}/2?fields={name}") == {name: catalog.rows[resource][1][name]}


@pytest.mark.parametrize("fields", ["authors,id,title", "title, id ,authors", "published,page_count,identifiers"])
@pytest.mark.parametrize("sort", ["id", "-published,title"])
def test_only_the_fields_asked_for_are_sent(catalog: Catalog, fields: str, sort: str) -> None:
    names = {name.strip() for name in fields.split(",")}
    rows = catalog.get(f"/books?fields={fields}&limit=100&sort={sort}")["data"]
    assert rows == [{name: row[name] for name in names} for row in in_order(catalog.rows["books"], sort)]
    assert catalog.get(f"/books/1?fields={fields}") == {name: catalog.rows["books"][0][name] for name in names}


def test_fields_hold_for_an_isbn_and_for_an_authors_books(catalog: Catalog) -> None:
    book = next(book for book in catalog.rows["books"] if book["isbn"])
    assert catalog.get(f"/books/isbn/{book['isbn']}?fields=id") == {"id": book["id"]}
    assert all(list(row) == ["title"] for row in catalog.get("/authors/1/books?fields=title")["data"])


@pytest.mark.parametrize(
    ("address", "parameter", "code"),
    [
        ("/books?fields=id,titel", "fields", "unknown"),
        ("/books?fields=", "fields", "unknown"),
        ("/books?fields=id,id", "fields", "duplicate"),
        ("/books?fields=id&fields=title", "fields", "repeated"),
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
        ("/books?sort=title&sort=id", "sort", "repeated"),
        ("/books?sort=title,", "sort", "unknown"),
        ("/books?page=2", "page", "unknown"),
        ("/authors/1/books?colour=red", "colour", "unknown"),
        ("/books?Limit=3", "Limit", "unknown"),
    ],
)
def test_a_parameter_that_cannot_be_read_is_400_that_names_it(
    catalog: Catalog, address: str, parameter: str, code: str
) -> None:
    response = catalog.client.get(address)
    assert response.status_code == 400
    assert response.headers["Content-Type"] == "application/problem+json"
    assert [(error["parameter"], error["code"]) for error in response.json["errors"]] == [(parameter, code)]


def test_every_fault_of_a_query_is_listed(client: FlaskClient) -> None:
    errors = client.get("/books?limit=0&sort=x&titel=a&published=b&total=c&fields=d").json["errors"]
    assert {error["parameter"] for error in errors} == {"limit", "sort", "titel", "published", "total", "fields"}
    assert {error["in"] for error in errors} == {"query"}


def test_an_offset_too_deep_points_to_the_cursor(client: FlaskClient) -> None:
    assert "cursor" in client.get("/books?offset=10001").json["detail"]


def test_the_table_holds_the_sorts_of_the_contract() -> None:
    assert {name: set(resource.sorts) for name, resource in RESOURCES.items()} == {
        name: set(sorts) for name, sorts in SORTS.items()
    }


@pytest.mark.parametrize(("resource", "sort"), DIRECTED)
def test_a_sort_orders_as_the_contract_says(catalog: Catalog, resource: str, sort: str) -> None:
    found = catalog.get(f"/{resource}?sort={sort}&limit=100&fields=id")["data"]
    assert [row["id"] for row in found] == [row["id"] for row in in_order(catalog.rows[resource], sort)]


@pytest.mark.parametrize("resource", RESOURCES)
def test_two_keys_order_as_the_contract_says(catalog: Catalog, resource: str) -> None:
    for sort in [sort for name, sort in PAIRED if name == resource]:
        found = catalog.get(f"/{resource}?sort={sort}&limit=100&fields=id")["data"]
        assert [row["id"] for row in found] == [row["id"] for row in in_order(catalog.rows[resource], sort)], sort


@pytest.mark.parametrize(
    "sort", ["published,-page_count,title", "-title,-series_position,published,id", "title,-id,published"]
)
def test_many_keys_order_as_the_contract_says(catalog: Catalog, sort: str) -> None:
    found = catalog.get(f"/books?sort={sort}&limit=100&fields=id")["data"]
    assert [row["id"] for row in found] == [row["id"] for row in in_order(catalog.rows["books"], sort)]


@pytest.mark.parametrize(("sort", "ids"), [("title", [1, 2, 3]), ("-title", [3, 2, 1])])
def test_text_alike_in_its_first_200_characters_is_a_tie(
    client: FlaskClient, add_book: Callable[..., Row], sort: str, ids: list[int]
) -> None:
    for ending in ("c", "a", "b"):
        add_book(title=LONG + ending)
    assert [book["id"] for book in client.get(f"/books?sort={sort}").json["data"]] == ids


@pytest.mark.parametrize("sort", ["published", "-published"])
def test_unknown_values_come_last_in_both_directions(catalog: Catalog, sort: str) -> None:
    known = [book["published"] is not None for book in catalog.get(f"/books?sort={sort}&limit=100")["data"]]
    assert known == sorted(known, reverse=True)
    assert len(set(known)) == 2


@pytest.mark.parametrize("total", ["exact", "estimated"])
@pytest.mark.parametrize("page", ["", "&limit=1", "&limit=3&offset=2", "&offset=500", "&sort=-updated_at&fields=id"])
@pytest.mark.parametrize(
    "address",
    [
        "/books?",
        "/authors?",
        "/books?id[lte]=33",
        "/books?title=no such",
        "/authors/1/books?",
        "/authors/45/books?",
        "/books?title=100%25 wolf",
        "/books?author[contains]=e&publisher[ne]=Ace",
        "/authors?name[contains]=%25",
    ],
)
def test_a_total_is_counted_when_asked_for(catalog: Catalog, address: str, page: str, total: str) -> None:
    count = len(catalog.get(f"{address}&limit=100")["data"])
    response = catalog.client.get(f"{address}{page}&total={total}")
    assert response.json["meta"]["total"] == count  # an estimate is exact up to 1,000
    assert response.json["meta"]["total_is"] == total
    assert response.headers["X-Total-Count"] == str(count)


@pytest.mark.parametrize("address", ["/books", "/books?limit=3", "/authors", "/authors/1/books"])
def test_nothing_is_counted_unless_asked_for(catalog: Catalog, address: str) -> None:
    response = catalog.client.get(address)
    assert set(response.json["meta"]) == {"count", "limit"}
    assert "X-Total-Count" not in response.headers


def test_an_authors_books_are_those_they_contributed_to(catalog: Catalog) -> None:
    for author_id in (1, 2, 3, 4, 5):
        expected = [book for book in catalog.rows["books"] if author_id in [one["id"] for one in book["authors"]]]
        page = catalog.get(f"/authors/{author_id}/books?limit=100")
        assert page["data"] == expected
        assert len(expected) > 10


def test_an_authors_books_take_everything_that_books_take(catalog: Catalog) -> None:
    own = [book for book in catalog.rows["books"] if 1 in [one["id"] for one in book["authors"]]]
    rest = [book for book in in_order(own, "-published,title") if book["language"] != "en"]
    page = catalog.get("/authors/1/books?sort=-published,title&language[ne]=en&fields=id&limit=4&total=exact")
    assert page["data"] == [{"id": book["id"]} for book in rest[:4]]
    assert page["meta"] == {"count": 4, "limit": 4, "total": len(rest), "total_is": "exact"}
    following = catalog.get(page["links"]["next"])
    assert page["links"]["next"].startswith("/authors/1/books?cursor=")
    assert following["data"] == [{"id": book["id"]} for book in rest[4:8]]


@pytest.mark.parametrize("author_id", ["999", "0", "0001", "9223372036854775807", "9223372036854775808", "x"])
def test_the_books_of_no_author_are_404(catalog: Catalog, author_id: str) -> None:
    for query in ("", "?total=exact", "?total=estimated&sort=title", "?limit=3&offset=2"):
        response = catalog.client.get(f"/authors/{author_id}/books{query}")
        assert response.status_code == 404
        assert response.headers["Content-Type"] == "application/problem+json"


def test_the_books_of_an_author_without_any_are_an_empty_page(catalog: Catalog) -> None:
    for query in ("", "?total=exact", "?total=estimated", "?sort=-title&limit=1"):
        page = catalog.get(f"/authors/45/books{query}")
        assert page["data"] == []
        assert page["links"]["next"] is page["links"]["prev"] is None
        assert page["meta"].get("total", 0) == 0


def test_head_answers_like_get_without_the_body(catalog: Catalog) -> None:
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
