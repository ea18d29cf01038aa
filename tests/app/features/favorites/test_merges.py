"""Favorites follow merged books to the survivor, and return exactly when the merge is undone."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Person


@pytest.fixture
def books(editor: Person) -> dict[str, int]:
    """The ids of four books, A to D."""
    return {title: editor.add("/books", {"title": title})["id"] for title in "ABCD"}


def send(editor: Person, action: str, survivor: int, *old: int) -> None:
    response = editor.send("POST", f"/books/{survivor}/{action}", {"from": list(old)} if old else None)
    assert response.status_code == 200, response.text


def state(person: Person) -> list[Any]:
    """The favorites of an account, without the titles of their books, which merging may change."""
    data = person.get("/favorites?limit=100").json["data"]  # type: ignore[index]
    return [{**each, "book": each["book"] and each["book"]["id"]} for each in data]


def books_of(person: Person, category: int) -> list[Any]:
    """The ids of the books in a category, by rank."""
    data = person.get(f"/categories/{category}/favorites").json["data"]  # type: ignore[index]
    return [each["book"] and each["book"]["id"] for each in data]


def test_favorites_follow_a_merge_and_its_undo(ann: Person, bob: Person, editor: Person, books: Any) -> None:
    for person in (ann, bob):
        category = person.category()
        person.favorite(category, book_id=books["B"])
        person.favorite(category, book_id=books["C"])
    before = [state(ann), state(bob)]
    send(editor, "merge", books["A"], books["B"])
    for person in (ann, bob):
        category = person.get("/categories").json["data"][0]["id"]  # type: ignore[index]
        assert books_of(person, category) == [books["A"], books["C"]]
        assert person.order(category) == "BC"
        found = person.get(f"/favorites?book_id={books['B']}").json["data"]  # type: ignore[index]
        assert [each["title"] for each in found] == ["B"]
    send(editor, "unmerge", books["A"])
    assert [state(ann), state(bob)] == before


def test_a_category_with_both_books_keeps_both_favorites(ann: Person, editor: Person, books: Any) -> None:
    category = ann.category()
    for title in "BAC":
        ann.favorite(category, book_id=books[title])
    before = state(ann)
    send(editor, "merge", books["A"], books["B"], books["C"])
    assert books_of(ann, category) == [None, books["A"], None]
    assert ann.order(category) == "BAC"
    send(editor, "unmerge", books["A"], books["C"])
    assert books_of(ann, category) == [None, books["A"], books["C"]]
    send(editor, "unmerge", books["A"])
    assert state(ann) == before


def test_favorites_return_step_by_step_from_a_chain(ann: Person, editor: Person, books: Any) -> None:
    alone, both = ann.category("Alone"), ann.category("Both")
    ann.favorite(alone, book_id=books["C"])
    for title in "CBA":
        ann.favorite(both, book_id=books[title])
    before = state(ann)
    send(editor, "merge", books["B"], books["C"])
    middle = state(ann)
    assert (books_of(ann, alone), books_of(ann, both)) == ([books["B"]], [None, books["B"], books["A"]])
    send(editor, "merge", books["A"], books["B"])
    assert (books_of(ann, alone), books_of(ann, both)) == ([books["A"]], [None, None, books["A"]])
    send(editor, "unmerge", books["A"])
    assert state(ann) == middle
    send(editor, "unmerge", books["B"])
    assert state(ann) == before


def test_a_book_chosen_after_a_merge_stays(ann: Person, editor: Person, books: Any) -> None:
    category = ann.category()
    changed, cleared, new = (ann.favorite(ann.category(name), book_id=books["B"]) for name in ("x", "y", "z"))
    send(editor, "merge", books["A"], books["B"])
    assert ann.send("PATCH", f"/favorites/{changed}", {"book_id": books["C"]}).status_code == 200
    assert ann.send("PATCH", f"/favorites/{cleared}", {"book_id": None}).status_code == 200
    own = ann.favorite(category, book_id=books["A"])
    send(editor, "unmerge", books["A"])
    found = [ann.get(f"/favorites/{each}").json["book"] for each in (changed, cleared, new, own)]  # type: ignore[index]
    assert [book and book["title"] for book in found] == ["C", None, "B", "A"]


def test_the_id_of_a_merged_book_means_the_survivor(ann: Person, editor: Person, books: Any) -> None:
    send(editor, "merge", books["A"], books["B"])
    category = ann.category()
    ann.favorite(category, book_id=books["B"])
    assert books_of(ann, category) == [books["A"]]
    assert ann.send("POST", "/favorites", {"category_id": category, "book_id": books["A"]}).status_code == 409


def test_favorites_moved_into_one_category_do_not_prevent_an_undo(ann: Person, editor: Person, books: Any) -> None:
    here, there = ann.category("Here"), ann.category("There")
    ann.favorite(here, book_id=books["A"])
    ann.favorite(here, book_id=books["B"])
    ann.favorite(there, book_id=books["B"])
    send(editor, "merge", books["A"], books["B"])
    assert ann.send("PATCH", "/favorites/2", {"category_id": there}).status_code == 200
    send(editor, "unmerge", books["A"])
    assert (books_of(ann, here), books_of(ann, there)) == ([books["A"]], [books["B"], None])


def test_favorites_of_a_deleted_survivor_keep_their_titles(ann: Person, editor: Person, books: Any) -> None:
    category = ann.category()
    ann.favorite(category, book_id=books["B"])
    send(editor, "merge", books["A"], books["B"])
    assert editor.send("DELETE", f"/books/{books['A']}").status_code == 204
    assert (books_of(ann, category), ann.order(category)) == ([None], "B")


def test_a_dry_run_moves_no_favorite(ann: Person, editor: Person, books: Any) -> None:
    ann.favorite(ann.category(), book_id=books["B"])
    before = state(ann)
    response = editor.send("POST", f"/books/{books['A']}/merge?dry_run=true", {"from": [books["B"]]})
    assert response.status_code == 200
    assert state(ann) == before
