"""The order of rows."""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations

import pytest
from flask.testing import FlaskClient

from app.authors.resource import AUTHORS
from app.books.resource import BOOKS
from tests.support.catalogs.varied import LONG, SORTS, Row, VariedCatalog, in_order

RESOURCES = {"books": BOOKS, "authors": AUTHORS}


DIRECTED = [(resource, sign + name) for resource, names in SORTS.items() for name in names for sign in ("", "-")]

PAIRED = [
    (resource, f"{first_sign}{first},{second_sign}{second}")
    for resource, names in SORTS.items()
    for first, second in permutations(names, 2)
    for first_sign, second_sign in (("", "-"), ("-", ""), ("-", "-"))
]


def test_the_resources_have_the_sorts_of_the_contract() -> None:
    assert {name: set(resource.sorts) for name, resource in RESOURCES.items()} == {
        name: set(sorts) for name, sorts in SORTS.items()
    }


@pytest.mark.parametrize(("resource", "sort"), DIRECTED)
def test_a_sort_orders_as_the_contract_says(catalog: VariedCatalog, resource: str, sort: str) -> None:
    rows = catalog.get(f"/{resource}?sort={sort}&limit=100&fields=id")["data"]
    assert [row["id"] for row in rows] == [row["id"] for row in in_order(catalog.rows[resource], sort)]


@pytest.mark.parametrize("resource", RESOURCES)
def test_two_keys_order_as_the_contract_says(catalog: VariedCatalog, resource: str) -> None:
    for sort in [sort for name, sort in PAIRED if name == resource]:
        rows = catalog.get(f"/{resource}?sort={sort}&limit=100&fields=id")["data"]
        assert [row["id"] for row in rows] == [row["id"] for row in in_order(catalog.rows[resource], sort)], sort


@pytest.mark.parametrize(
    "sort", ["published,-page_count,title", "-title,-series_position,published,id", "title,-id,published"]
)
def test_many_keys_order_as_the_contract_says(catalog: VariedCatalog, sort: str) -> None:
    rows = catalog.get(f"/books?sort={sort}&limit=100&fields=id")["data"]
    assert [row["id"] for row in rows] == [row["id"] for row in in_order(catalog.rows["books"], sort)]


@pytest.mark.parametrize(("sort", "ids"), [("title", [1, 2, 3]), ("-title", [3, 2, 1])])
def test_text_with_200_equal_characters_ties(
    client: FlaskClient, add_book: Callable[..., Row], sort: str, ids: list[int]
) -> None:
    for ending in ("c", "a", "b"):
        add_book(title=LONG + ending)
    assert [book["id"] for book in client.get(f"/books?sort={sort}").json["data"]] == ids


@pytest.mark.parametrize("sort", ["published", "-published"])
def test_unknown_values_come_last_in_both_directions(catalog: VariedCatalog, sort: str) -> None:
    known = [book["published"] is not None for book in catalog.get(f"/books?sort={sort}&limit=100")["data"]]
    assert known == sorted(known, reverse=True)
    assert len(set(known)) == 2
