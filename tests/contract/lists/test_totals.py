"""Totals, which are counted on request."""

from __future__ import annotations

import pytest

from tests.support.catalogs.varied import VariedCatalog


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
def test_a_total_is_counted_on_request(catalog: VariedCatalog, address: str, page: str, total: str) -> None:
    count = len(catalog.get(f"{address}&limit=100")["data"])
    response = catalog.client.get(f"{address}{page}&total={total}")
    assert response.json["meta"]["total"] == count  # an estimate is exact up to 1,000
    assert response.json["meta"]["total_is"] == total
    assert response.headers["X-Total-Count"] == str(count)


@pytest.mark.parametrize("address", ["/books", "/books?limit=3", "/authors", "/authors/1/books"])
def test_nothing_is_counted_without_a_request(catalog: VariedCatalog, address: str) -> None:
    response = catalog.client.get(address)
    assert set(response.json["meta"]) == {"count", "limit"}
    assert "X-Total-Count" not in response.headers
