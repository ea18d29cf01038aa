"""The ids of merged records: reads are redirected, writes refused, filters follow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from .records import Add, Row, ids


@pytest.fixture
def merged_author(add_author: Add, add_book: Add, merge: Callable[..., Row]) -> tuple[int, int, int]:
    """The ids of a survivor, of an author merged into it, and of the book of that author."""
    survivor, old = add_author(name="Survivor")["id"], add_author(name="Old")["id"]
    book = add_book(authors=[{"id": old}])["id"]
    merge(f"/authors/{survivor}", old)
    return survivor, old, book


@pytest.mark.parametrize("method", ["get", "head"])
@pytest.mark.parametrize(
    ("below", "query"),
    [("", ""), ("", "?fields=id,name"), ("/books", ""), ("/books", "?sort=-title&title%5Bcontains%5D=a%20b")],
)
def test_a_read_by_an_old_id_redirects_to_the_survivor(
    client: FlaskClient, merged_author: tuple[int, int, int], method: str, below: str, query: str
) -> None:
    survivor, old, _ = merged_author
    response = getattr(client, method)(f"/authors/{old}{below}{query}", headers={"Origin": "http://a.example"})
    assert response.status_code == 308
    assert response.headers["Location"] == f"/authors/{survivor}{below}{query}"
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert "Location" in response.headers["Access-Control-Expose-Headers"]
    assert "ETag" not in response.headers
    assert response.data == b""
    assert getattr(client, method)(response.headers["Location"]).status_code == 200


def test_the_old_id_of_a_book_redirects_too(client: FlaskClient, add_book: Add, merge: Callable[..., Row]) -> None:
    survivor, old = add_book()["id"], add_book()["id"]
    merge(f"/books/{survivor}", old)
    response = client.get(f"/books/{old}?fields=title")
    assert (response.status_code, response.headers["Location"]) == (308, f"/books/{survivor}?fields=title")


def test_a_fault_of_the_request_precedes_the_redirect(client: FlaskClient, merged_author: tuple[int, int, int]) -> None:
    _, old, _ = merged_author
    assert client.get(f"/authors/{old}?fields=nothing").status_code == 400
    assert client.get(f"/authors/{old}", headers={"Accept": "text/html"}).status_code == 406
    assert client.post(f"/authors/{old}").status_code == 405
    assert client.options(f"/authors/{old}").status_code == 204


@pytest.mark.parametrize(
    ("method", "below", "body"),
    [
        ("put", "", {"name": "X"}),
        ("patch", "", {"name": "X"}),
        ("patch", "", {"nothing": 1}),
        ("delete", "", None),
        ("post", "/merge", {"from": [1]}),
        ("post", "/unmerge", None),
    ],
)
def test_a_refused_write_to_an_old_id_names_the_survivor(
    client: FlaskClient,
    merged_author: tuple[int, int, int],
    rows: Callable[[], Any],
    method: str,
    below: str,
    body: Any,
) -> None:
    survivor, old, _ = merged_author
    before = rows()
    response = getattr(client, method)(f"/authors/{old}{below}", json=body, headers={"If-Match": '"x"'})
    assert response.status_code == 409
    assert response.json["type"] == "/problems/conflict"
    assert f"/authors/{survivor}." in response.json["detail"]
    assert response.headers["Link"] == f'</authors/{survivor}>; rel="related"'
    assert rows() == before


def test_filters_by_an_old_author_id_mean_the_survivor(
    client: FlaskClient, add_author: Add, add_book: Add, merged_author: tuple[int, int, int]
) -> None:
    survivor, old, book = merged_author
    other = add_author(name="Another")["id"]
    others = add_book(authors=[{"id": other, "role": "editor"}])["id"]

    def found(path: str, **query: Any) -> list[int]:
        return ids(client.get(path, query_string=query).json["data"])

    for author in (survivor, old):
        assert found("/books", author_id=author) == [book]
        assert found("/books", author_id=author, role="author") == [book]
        assert found("/books", **{"author_id[ne]": author}) == [others]
        assert found("/books", **{"author_id[in]": f"{author},{other}"}) == [book, others]
        assert found("/authors", id=author) == [survivor]
        assert found("/authors", **{"id[in]": f"{author},{other}"}) == [survivor, other]
        assert found("/authors", **{"id[in]": f"{author},{other}", "sort": "-id"}) == [other, survivor]
        assert found("/authors", **{"id[ne]": author}) == [other]
    assert found("/authors", **{"id[gte]": old}) == [other]


def test_filters_by_an_old_book_id_mean_the_survivor(
    client: FlaskClient, add_book: Add, merge: Callable[..., Row]
) -> None:
    survivor, old, other = ids([add_book() for _ in range(3)])
    merge(f"/books/{survivor}", old)
    assert ids(client.get(f"/books?id={old}&sort=title").json["data"]) == [survivor]
    assert ids(client.get(f"/books?id[in]={old},{other}").json["data"]) == [survivor, other]
    assert ids(client.get(f"/books?id[ne]={old}").json["data"]) == [other]


def test_an_old_id_of_a_contributor_means_the_survivor(
    client: FlaskClient, add_book: Add, merged_author: tuple[int, int, int]
) -> None:
    survivor, old, _ = merged_author
    assert [author["id"] for author in add_book(authors=[{"id": old}])["authors"]] == [survivor]
    twice = client.post("/books", json={"title": "x", "authors": [{"id": old}, {"id": survivor}]})
    assert twice.status_code == 422
    assert twice.json["errors"][0]["code"] == "duplicate"


def test_deleting_a_survivor_deletes_its_old_ids(client: FlaskClient, merged_author: tuple[int, int, int]) -> None:
    survivor, old, _ = merged_author
    assert client.delete(f"/authors/{survivor}").status_code == 204
    assert client.get(f"/authors/{old}").status_code == 404
    assert client.patch(f"/authors/{old}", json={}).status_code == 404
    assert client.get(f"/books?author_id={old}").json["data"] == []


def test_a_merge_invalidates_the_cached_response_of_the_old_id(
    client: FlaskClient, add_author: Add, merge: Callable[..., Row]
) -> None:
    survivor, old = add_author(name="S")["id"], add_author(name="O")["id"]
    for _ in range(2):
        kept = client.get(f"/authors/{old}")
    assert "hit" in kept.headers["Cache-Status"]
    merge(f"/authors/{survivor}", old)
    for _ in range(2):
        moved = client.get(f"/authors/{old}", headers={"If-None-Match": kept.headers["ETag"]})
        assert (moved.status_code, moved.headers.get("Cache-Status")) == (308, None)
    client.post(f"/authors/{survivor}/unmerge")
    back = client.get(f"/authors/{old}", headers={"If-None-Match": kept.headers["ETag"]})
    assert back.status_code == 304
