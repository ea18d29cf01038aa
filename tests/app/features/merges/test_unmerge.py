"""Undoing merges: every row is restored, or the request is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from .records import FIRST, SECOND, Add, Row, varied

MERGES: list[list[tuple[str, list[int]]]] = [
    [("/authors/1", [2])],
    [("/authors/4", [1, 2, 3])],
    [("/authors/1", [2]), ("/authors/1", [3])],
    [("/authors/2", [1]), ("/authors/3", [2]), ("/authors/4", [3])],
    [("/authors/2", [1]), ("/authors/4", [3]), ("/authors/4", [2])],
    [("/books/6", [1, 2, 3])],
    [("/books/2", [1]), ("/books/5", [2]), ("/books/6", [5, 4])],
    [("/authors/1", [2, 3]), ("/books/1", [2, 3, 4, 5]), ("/authors/4", [1])],
    [("/books/5", [3]), ("/authors/3", [2]), ("/books/4", [5])],
]


@pytest.mark.parametrize("merges", MERGES, ids=str)
def test_unmerging_in_reverse_restores_every_row(
    client: FlaskClient, merge: Callable[..., Row], rows: Callable[[], Any], merges: list[tuple[str, list[int]]]
) -> None:
    varied(client)
    states = [rows()]
    for path, old in merges:
        merge(path, *old)
        states.append(rows())
    for path, old in reversed(merges):
        assert rows() == states.pop()
        response = client.post(f"{path}/unmerge", json={"from": old})
        assert response.status_code == 200, response.text
        assert response.json == client.get(path).json
    assert rows() == states.pop()


def test_unmerging_without_a_body_undoes_the_latest_merge(
    client: FlaskClient, merge: Callable[..., Row], rows: Callable[[], Any]
) -> None:
    varied(client)
    before = rows()
    merge("/authors/1", 2)
    between = rows()
    merge("/authors/1", 3, 4)
    assert client.post("/authors/1/unmerge").status_code == 200
    assert rows() == between
    assert client.post("/authors/1/unmerge", json={}).status_code == 200
    assert rows() == before
    assert client.post("/authors/1/unmerge", json={"from": None}).status_code == 409


def test_old_ids_redirect_to_the_last_survivor(client: FlaskClient, merge: Callable[..., Row]) -> None:
    varied(client)
    merge("/authors/2", 1)
    merge("/authors/3", 2)
    merge("/authors/4", 3)
    for old in (1, 2, 3):
        assert client.get(f"/authors/{old}").headers["Location"] == "/authors/4"
    client.post("/authors/4/unmerge")
    assert client.get("/authors/3").status_code == 200
    for old in (1, 2):
        assert client.get(f"/authors/{old}").headers["Location"] == "/authors/3"


@pytest.mark.parametrize(
    ("merges", "path", "old", "reason"),
    [
        ([("/authors/1", [2]), ("/authors/1", [3])], "/authors/1", [2], "author 3 was merged into author 1 later"),
        ([("/authors/1", [2, 3])], "/authors/1", [2], "author 3 was merged into author 1 later"),
        ([("/authors/2", [1]), ("/authors/3", [2])], "/authors/3", [1], "merged into another author"),
        ([("/authors/2", [1]), ("/authors/3", [2])], "/authors/2", [1], "author 2 was merged into author 3"),
        ([("/authors/1", [2])], "/authors/3", [2], "No author is merged into author 3"),
        ([("/authors/1", [2]), ("/authors/3", [4])], "/authors/3", [2], "author 2 was merged into author 1"),
        ([("/authors/1", [2]), ("/books/3", [2])], "/authors/1", [2], "book 2 has since been merged into book 3"),
        ([("/books/3", [2]), ("/authors/1", [2])], "/books/3", [2], "the contributors of book 3 have changed since"),
    ],
)
def test_a_later_merge_must_be_undone_first(
    client: FlaskClient,
    merge: Callable[..., Row],
    rows: Callable[[], Any],
    merges: list[tuple[str, list[int]]],
    path: str,
    old: list[int],
    reason: str,
) -> None:
    varied(client)
    for survivor, from_ in merges:
        merge(survivor, *from_)
    before = rows()
    response = client.post(f"{path}/unmerge", json={"from": old})
    assert response.status_code == 409
    assert reason in response.json["detail"]
    assert rows() == before


@pytest.mark.parametrize(
    ("method", "path", "body", "reason"),
    [
        ("patch", "/authors/1", {"alternate_names": []}, "alternate_names of author 1 has changed since"),
        ("patch", "/authors/1", {"birth_date": "1883"}, "birth_date of author 1 has changed since"),
        ("patch", "/books/2", {"authors": [{"id": 4}]}, "the contributors of book 2 have changed since"),
        ("delete", "/authors/4", None, "the contributors of book 2 have changed since"),
    ],
)
def test_a_later_change_of_merged_values_prevents_unmerging(
    client: FlaskClient,
    merge: Callable[..., Row],
    rows: Callable[[], Any],
    method: str,
    path: str,
    body: Any,
    reason: str,
) -> None:
    varied(client)
    merge("/authors/1", 2)
    assert getattr(client, method)(path, json=body).status_code in (200, 204)
    before = rows()
    response = client.post("/authors/1/unmerge")
    assert response.status_code == 409
    assert reason in response.json["detail"]
    assert rows() == before


def test_a_later_change_of_other_values_survives_unmerging(client: FlaskClient, merge: Callable[..., Row]) -> None:
    varied(client)
    before = {path: client.get(path).json for path in ("/authors/1", "/authors/2", "/books/2", "/books/3", "/books/4")}
    merge("/authors/1", 2)
    client.patch("/authors/1", json={"biography": "Another life."})
    client.patch("/books/2", json={"title": "Another title"})
    client.delete("/books/4")
    new = client.post("/books", json={"title": "New", "authors": [{"id": 2}]}).json
    assert client.post("/authors/1/unmerge").status_code == 200
    after = {path: client.get(path).json for path in before}
    for path, changed in (("/authors/1", {"biography": "Another life."}), ("/books/2", {"title": "Another title"})):
        assert after[path] | {"updated_at": ""} == before[path] | changed | {"updated_at": ""}
        assert after[path]["updated_at"] > before[path]["updated_at"]
    assert [after[path] for path in ("/authors/2", "/books/3")] == [before[path] for path in ("/authors/2", "/books/3")]
    assert client.get("/books/4").status_code == 404
    assert client.get(f"/books/{new['id']}").json["authors"][0]["id"] == 1


def test_an_isbn_taken_meanwhile_prevents_unmerging(
    client: FlaskClient, add_book: Add, merge: Callable[..., Row], rows: Callable[[], Any]
) -> None:
    survivor, old = add_book(isbn=FIRST)["id"], add_book(isbn=SECOND)["id"]
    merge(f"/books/{survivor}", old)
    taken = add_book(isbn=SECOND)["id"]
    before = rows()
    response = client.post(f"/books/{survivor}/unmerge")
    assert (response.status_code, response.headers["Link"]) == (409, f'</books/{taken}>; rel="related"')
    assert rows() == before
