"""Favorites: creation, changes, and what they show of books and categories."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from .conftest import MOOD, Document, Person

AddBook = Callable[..., Document]


def test_a_favorite_has_every_member(ann: Person, add_book: AddBook) -> None:
    book, category = add_book(title="Emma"), ann.category("Novels", MOOD)
    sent = {"category_id": category, "book_id": book["id"], "description": "Clueless", "attributes": {"mood": "dark"}}
    response = ann.send("POST", "/favorites", sent)
    assert (response.status_code, response.headers["Location"]) == (201, "/favorites/1")
    document = response.json
    assert document is not None
    assert {name: value for name, value in document.items() if not name.endswith("_at")} == {
        "id": 1,
        "category": {"id": category, "name": "Novels"},
        "ranking": 1,
        "title": "Emma",
        "description": "Clueless",
        "book": {"id": book["id"], "title": "Emma"},
        "attributes": {"mood": "dark"},
    }
    assert list(document) == [
        *("id", "category", "ranking", "title", "description", "book", "attributes", "created_at", "updated_at")
    ]
    read = ann.get("/favorites/1")
    assert (read.json, read.headers["ETag"]) == (document, response.headers["ETag"])


def test_a_title_of_its_own_stays_beside_a_book(ann: Person, add_book: AddBook) -> None:
    favorite = ann.favorite(ann.category(), "My Emma", book_id=add_book(title="Emma")["id"])
    assert ann.get(f"/favorites/{favorite}?fields=title,book").json == {
        "title": "My Emma",
        "book": {"id": 1, "title": "Emma"},
    }
    assert ann.send("PATCH", f"/favorites/{favorite}", {"title": None}).json["title"] == "Emma"  # type: ignore[index]


def test_a_deleted_book_leaves_its_title(ann: Person, editor: Person, add_book: AddBook) -> None:
    book = editor.add("/books", {"title": "Emma"})
    favorite = ann.favorite(ann.category(), book_id=book["id"])
    assert editor.send("DELETE", f"/books/{book['id']}").status_code == 204
    assert ann.get(f"/favorites/{favorite}?fields=title,book").json == {"title": "Emma", "book": None}


def test_what_was_read_may_be_sent_back(ann: Person, add_book: AddBook) -> None:
    favorite = ann.favorite(ann.category("Novels", MOOD), book_id=add_book()["id"], attributes={"mood": "dark"})
    read = ann.get(f"/favorites/{favorite}").json
    response = ann.send("PATCH", f"/favorites/{favorite}", read)
    assert (response.status_code, response.json) == (200, read)
    category = ann.get("/categories/1").json
    for method in ("PUT", "PATCH"):
        response = ann.send(method, "/categories/1", category)
        assert (response.status_code, response.json) == (200, category)


def test_a_batch_is_stored_in_order_or_not_at_all(ann: Person) -> None:
    category = ann.category()
    ann.favorite(category, "E")
    batch: list[Any] = [{"category_id": category, "title": title} for title in "ABCD"]
    batch[0]["ranking"] = batch[1]["ranking"] = 1
    response = ann.send("POST", "/favorites", batch)
    assert response.status_code == 201, response.text
    assert [each["ranking"] for each in response.json["data"]] == [2, 1, 4, 5]  # type: ignore[index]
    assert ann.order(category) == "BAECD"
    bad = [{"category_id": category, "title": "F", "ranking": 7}, {"category_id": category, "title": "G", "ranking": 6}]
    response = ann.send("POST", "/favorites", bad)
    assert (response.status_code, response.json["errors"][0]["pointer"]) == (422, "/0/ranking")  # type: ignore[index]
    assert ann.order(category) == "BAECD"


def test_a_batch_has_a_book_once_in_a_category(ann: Person, add_book: AddBook) -> None:
    one, other, book = ann.category("One"), ann.category("Other"), add_book()["id"]
    assert ann.send("POST", "/favorites", [{"category_id": each, "book_id": book} for each in (one, other)]).json
    book = add_book()["id"]
    response = ann.send("POST", "/favorites", [{"category_id": one, "book_id": book}] * 2)
    assert (response.status_code, response.json["errors"][0]["pointer"]) == (409, "/1/book_id")  # type: ignore[index]


def test_the_same_book_twice_in_a_category_names_the_holder(ann: Person, add_book: AddBook) -> None:
    book, novels, others = add_book()["id"], ann.category(), ann.category("Others")
    held, moving = ann.favorite(novels, book_id=book), ann.favorite(others, book_id=book)
    plain = ann.favorite(novels, "Plain")
    for method, path, document in (
        ("POST", "/favorites", {"category_id": novels, "book_id": book}),
        ("PATCH", f"/favorites/{moving}", {"category_id": novels}),
        ("PATCH", f"/favorites/{plain}", {"book_id": book}),
    ):
        response = ann.send(method, path, document)
        assert response.status_code == 409, response.text
        assert response.headers["Link"] == f'</favorites/{held}>; rel="related"'
    assert ann.order(novels) == "A bookPlain"


def test_a_category_takes_a_thousand_favorites(ann: Person) -> None:
    full, other = ann.category("Full"), ann.category("Other")
    ann.add("/favorites", [{"category_id": full, "title": "x"}] * 1000)
    moving = ann.favorite(other, "y")
    response = ann.send("POST", "/favorites", {"category_id": full, "title": "y"})
    assert (response.status_code, "1,000" in response.json["detail"]) == (409, True)  # type: ignore[index]
    assert ann.send("PATCH", f"/favorites/{moving}", {"category_id": full}).status_code == 409
    assert ann.get(f"/categories/{full}").json["favorites_count"] == 1000  # type: ignore[index]
    assert ann.send("DELETE", f"/categories/{full}?favorites=delete").status_code == 204
    assert ann.order(other) == "y"


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_if_match_protects_a_favorite(ann: Person, novels: int, method: str) -> None:
    old = ann.get("/favorites/2").headers["ETag"]
    etag = ann.send("PATCH", "/favorites/2", {"description": "Changed"}, If_Match=old).headers["ETag"]
    assert ann.send(method, "/favorites/2", {"title": "x"}, If_Match=old).status_code == 412
    assert ann.send(method, "/favorites/2", {"title": "x"}, If_Match=etag).status_code in (200, 204)


def test_an_idempotency_key_adds_a_favorite_once(ann: Person, novels: int) -> None:
    sent = {"category_id": novels, "title": "F", "ranking": 1}
    first, again = (ann.send("POST", "/favorites", sent, Idempotency_Key="0123456789abcdef") for _ in range(2))
    assert (first.json, again.headers["Idempotent-Replayed"]) == (again.json, "true")
    assert ann.order(novels) == "FABCDE"


def test_a_patch_that_changes_nothing_moves_nothing(ann: Person, novels: int) -> None:
    before = ann.get("/favorites/2").json
    assert ann.send("PATCH", "/favorites/2", {"ranking": 2, "title": "B", "category_id": novels}).json == before


def test_a_moved_favorite_alone_has_a_new_updated_at(ann: Person, novels: int) -> None:
    before = {each: ann.get(f"/favorites/{each}").json["updated_at"] for each in (1, 2)}  # type: ignore[index]
    moved = ann.send("PATCH", "/favorites/2", {"ranking": 1}).json
    assert moved is not None
    assert moved["updated_at"] > before[2]
    assert ann.get("/favorites/1").json["updated_at"] == before[1]  # type: ignore[index]


def test_a_deleted_account_takes_its_favorites_along(ann: Person, bob: Person, novels: int) -> None:
    kept = bob.favorite(bob.category(), "Kept")
    assert ann.send("DELETE", "/me").status_code == 204
    assert bob.get(f"/favorites/{kept}").status_code == 200
    assert bob.titles("/favorites") == "Kept"
