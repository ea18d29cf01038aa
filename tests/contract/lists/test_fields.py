"""The parameter `fields`."""

from __future__ import annotations

import pytest

from tests.support.catalogs.examples import AUTHOR_FIELDS, BOOK_FIELDS
from tests.support.catalogs.varied import VariedCatalog, in_order

FIELDS = {"books": BOOK_FIELDS, "authors": AUTHOR_FIELDS}


@pytest.mark.parametrize(
    ("resource", "name"), [(resource, name) for resource, names in FIELDS.items() for name in names]
)
def test_each_field_can_be_requested_alone(catalog: VariedCatalog, resource: str, name: str) -> None:
    rows = catalog.get(f"/{resource}?fields={name}&limit=100")["data"]
    assert rows == [{name: row[name]} for row in catalog.rows[resource]]
    assert catalog.get(f"/{resource}/2?fields={name}") == {name: catalog.rows[resource][1][name]}


@pytest.mark.parametrize("fields", ["authors,id,title", "title, id ,authors", "published,page_count,identifiers"])
@pytest.mark.parametrize("sort", ["id", "-published,title"])
def test_only_requested_fields_are_sent(catalog: VariedCatalog, fields: str, sort: str) -> None:
    names = {name.strip() for name in fields.split(",")}
    rows = catalog.get(f"/books?fields={fields}&limit=100&sort={sort}")["data"]
    assert rows == [{name: row[name] for name in names} for row in in_order(catalog.rows["books"], sort)]
    assert catalog.get(f"/books/1?fields={fields}") == {name: catalog.rows["books"][0][name] for name in names}


def test_fields_work_by_isbn_and_below_an_author(catalog: VariedCatalog) -> None:
    book = next(book for book in catalog.rows["books"] if book["isbn"])
    assert catalog.get(f"/books/isbn/{book['isbn']}?fields=id") == {"id": book["id"]}
    assert all(list(row) == ["title"] for row in catalog.get("/authors/1/books?fields=title")["data"])


def test_repeated_lists_are_joined(catalog: VariedCatalog) -> None:
    joined = catalog.get("/books?fields=title,id&limit=100&sort=-published,title")
    repeated = catalog.get("/books?fields=title&sort=-published&limit=100&sort=title&fields=id")
    assert repeated == joined
    assert catalog.get("/books/1?fields=title&fields=id") == catalog.get("/books/1?fields=title,id")


def test_repeated_sort_keys_keep_their_order(catalog: VariedCatalog) -> None:
    for sort in (("page_count", "-title"), ("-title", "page_count")):
        rows = catalog.get(f"/books?limit=100&sort={sort[0]}&sort={sort[1]}")["data"]
        assert rows == in_order(catalog.rows["books"], ",".join(sort))
