"""The books of an author, as a list of their own."""

from __future__ import annotations

import pytest

from tests.support.catalogs.varied import VariedCatalog, in_order


def test_an_author_has_the_books_they_contributed_to(catalog: VariedCatalog) -> None:
    for author_id in (1, 2, 3, 4, 5):
        expected = [book for book in catalog.rows["books"] if author_id in [author["id"] for author in book["authors"]]]
        page = catalog.get(f"/authors/{author_id}/books?limit=100")
        assert page["data"] == expected
        assert len(expected) > 10


def test_the_books_of_an_author_take_all_parameters_of_books(catalog: VariedCatalog) -> None:
    own = [book for book in catalog.rows["books"] if 1 in [author["id"] for author in book["authors"]]]
    rest = [book for book in in_order(own, "-published,title") if book["language"] != "en"]
    page = catalog.get("/authors/1/books?sort=-published,title&language[ne]=en&fields=id&limit=4&total=exact")
    assert page["data"] == [{"id": book["id"]} for book in rest[:4]]
    assert page["meta"] == {"count": 4, "limit": 4, "total": len(rest), "total_is": "exact"}
    following = catalog.get(page["links"]["next"])
    assert page["links"]["next"].startswith("/authors/1/books?cursor=")
    assert following["data"] == [{"id": book["id"]} for book in rest[4:8]]


@pytest.mark.parametrize("author_id", ["999", "0", "0001", "9223372036854775807", "9223372036854775808", "x"])
def test_the_books_of_an_unknown_author_are_404(catalog: VariedCatalog, author_id: str) -> None:
    for query in ("", "?total=exact", "?total=estimated&sort=title", "?limit=3&offset=2"):
        response = catalog.client.get(f"/authors/{author_id}/books{query}")
        assert response.status_code == 404
        assert response.headers["Content-Type"] == "application/problem+json"


def test_an_author_without_books_has_an_empty_page(catalog: VariedCatalog) -> None:
    for query in ("", "?total=exact", "?total=estimated", "?sort=-title&limit=1"):
        page = catalog.get(f"/authors/45/books{query}")
        assert page["data"] == []
        assert page["links"]["next"] is page["links"]["prev"] is None
        assert page["meta"].get("total", 0) == 0
