"""One change is undone, unless its fields were changed since."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

Positions = Callable[[str], list[int]]
Restore = Callable[..., Any]
ADD, REMOVE = [{"name": "Ann"}], []


@pytest.fixture
def book(client: FlaskClient) -> dict[str, Any]:
    """Book 1, by author 1."""
    document = {"title": "Old", "page_count": 3, "identifiers": {"a": ["1"]}, "authors": [{"name": "Ann"}]}
    return dict(client.post("/books", json=document).json or {})


@pytest.mark.parametrize(
    "patch",
    [
        {"title": "New"},
        {"page_count": None, "language": "en"},
        {"identifiers": {"a": None, "b": ["2"]}},
        {"subjects": ["One"]},
        {"series": "S", "series_position": 1.5},
        {"authors": []},
        {"authors": [{"name": "Ben"}, {"id": 1, "role": "editor"}], "title": "New"},
    ],
    ids=lambda patch: " ".join(patch),
)
def test_an_update_is_undone(
    client: FlaskClient, book: dict[str, Any], positions: Positions, restore: Restore, patch: dict[str, Any]
) -> None:
    client.patch("/books/1", json=patch)
    client.patch("/books/1", json={"publisher": "Kept"})
    undone = restore("/books/1", undo=positions("/books/1")[1])
    assert undone.status_code == 200, undone.text
    kept = ("updated_at", "publisher")
    assert {name: value for name, value in undone.json.items() if name not in kept} == {
        name: value for name, value in book.items() if name not in kept
    }
    assert undone.json["publisher"] == "Kept"
    assert undone.json["updated_at"] > book["updated_at"]


def test_an_undone_change_can_be_redone(
    client: FlaskClient, book: dict[str, Any], positions: Positions, restore: Restore
) -> None:
    client.patch("/books/1", json={"title": "New"})
    restore("/books/1", undo=positions("/books/1")[-1])
    assert restore("/books/1", undo=positions("/books/1")[-1]).json["title"] == "New"


def test_fields_that_were_changed_since_are_named(
    client: FlaskClient, book: dict[str, Any], positions: Positions, restore: Restore, problem_of: Restore
) -> None:
    client.patch("/books/1", json={"title": "New", "page_count": 4, "authors": []})
    client.patch("/books/1", json={"title": "Newer", "authors": [{"name": "Ben"}]})
    problem = problem_of(restore("/books/1", undo=positions("/books/1")[1]), 409)
    assert "title, authors" in problem["detail"]
    assert [(error["pointer"], error["code"]) for error in problem["errors"]] == [
        ("/title", "changed"),
        ("/authors", "changed"),
    ]
    assert f"by the change {positions('/books/1')[2]}" in problem["errors"][0]["detail"]
    assert client.get("/books/1").json["title"] == "Newer"


def test_a_field_that_was_changed_there_and_back_is_not_in_the_way(
    client: FlaskClient, book: dict[str, Any], positions: Positions, restore: Restore
) -> None:
    for title in ("New", "Newer", "New"):
        client.patch("/books/1", json={"title": title})
    assert restore("/books/1", undo=positions("/books/1")[1]).json["title"] == "Old"


def test_a_renamed_contributor_is_no_change_of_the_book(
    client: FlaskClient, book: dict[str, Any], positions: Positions, restore: Restore
) -> None:
    client.patch("/books/1", json={"authors": [{"id": 1, "role": "editor"}]})
    client.patch("/authors/1", json={"name": "Anna"})
    [contributor] = restore("/books/1", undo=positions("/books/1")[-1]).json["authors"]
    assert (contributor["name"], contributor["role"]) == ("Anna", "author")


def test_undoing_a_creation_deletes_the_record(
    client: FlaskClient, book: dict[str, Any], positions: Positions, restore: Restore
) -> None:
    response = restore("/books/1", undo=positions("/books/1")[0])
    assert (response.status_code, response.json) == (200, book)
    assert "ETag" not in response.headers
    assert client.get("/books/1").status_code == 404
    assert client.get("/authors/1").status_code == 200
    assert restore("/books/1", undo=positions("/books/1")[-1]).status_code == 200
    assert restore("/books/1", undo=positions("/books/1")[-1]).status_code == 200
    assert client.get("/books/1").status_code == 404


def test_a_dry_run_of_undoing_a_creation_deletes_nothing(
    client: FlaskClient, book: dict[str, Any], positions: Positions, restore: Restore
) -> None:
    assert restore("/books/1", "?dry_run=true", undo=positions("/books/1")[0]).json == book
    assert client.get("/books/1").json == book


def test_the_creation_of_a_record_that_was_changed_is_not_undone(
    client: FlaskClient, book: dict[str, Any], positions: Positions, restore: Restore, problem_of: Restore
) -> None:
    client.patch("/books/1", json={"title": "New"})
    [error] = problem_of(restore("/books/1", undo=positions("/books/1")[0]), 409)["errors"]
    assert error["pointer"] == "/title"


def test_the_creation_of_an_author_with_books_is_not_undone(
    client: FlaskClient, book: dict[str, Any], positions: Positions, restore: Restore, problem_of: Restore
) -> None:
    problem = problem_of(restore("/authors/1", undo=positions("/authors/1")[0]), 409)
    assert "contributes to books" in problem["detail"]
    client.delete("/books/1")
    assert restore("/authors/1", undo=positions("/authors/1")[0]).status_code == 200
    assert client.get("/authors/1").status_code == 404


def test_a_deletion_is_undone_once(
    client: FlaskClient, book: dict[str, Any], positions: Positions, restore: Restore, problem_of: Restore
) -> None:
    client.delete("/books/1")
    deletion = positions("/books/1")[-1]
    assert restore("/books/1", undo=deletion).status_code == 200
    assert "exists again" in problem_of(restore("/books/1", undo=deletion), 409)["detail"]
    client.delete("/books/1")
    latest = positions("/books/1")[-1]
    assert f'{{"undo": {latest}}}' in problem_of(restore("/books/1", undo=deletion), 409)["detail"]


def test_a_change_of_a_deleted_record_needs_its_return_first(
    client: FlaskClient, book: dict[str, Any], positions: Positions, restore: Restore, problem_of: Restore
) -> None:
    client.patch("/books/1", json={"title": "New"})
    client.delete("/books/1")
    first, second, deletion = positions("/books/1")
    for position in (first, second):
        assert f'{{"undo": {deletion}}}' in problem_of(restore("/books/1", undo=position), 409)["detail"]


def test_merges_are_undone_by_unmerge(
    client: FlaskClient, book: dict[str, Any], positions: Positions, restore: Restore, problem_of: Restore
) -> None:
    client.post("/books", json={"title": "Double", "publisher": "P", "authors": [{"name": "Ben"}]})
    client.post("/books/1/merge", json={"from": [2]})
    assert "/books/1/unmerge" in problem_of(restore("/books/2", undo=positions("/books/2")[-1]), 409)["detail"]
    assert "/books/1/unmerge" in problem_of(restore("/books/1", undo=positions("/books/1")[-1]), 409)["detail"]
    client.post("/books/1/unmerge", json={})
    for path in ("/books/1", "/books/2"):
        for position in positions(path)[-2:]:
            assert "merge" in problem_of(restore(path, undo=position), 409)["detail"]


def test_a_record_merged_into_one_that_was_deleted_comes_back(
    client: FlaskClient, book: dict[str, Any], positions: Positions, restore: Restore
) -> None:
    double = client.post("/books", json={"title": "Double"}).json
    client.post("/books/1/merge", json={"from": [2]})
    client.delete("/books/1")
    assert restore("/books/2", undo=positions("/books/2")[-1]).json["title"] == double["title"]


def test_an_undone_merge_of_authors_is_recorded_for_their_books(
    client: FlaskClient, book: dict[str, Any], positions: Positions, restore: Restore, problem_of: Restore
) -> None:
    client.post("/authors", json={"name": "Anna"})
    client.post("/authors/2/merge", json={"from": [1]})
    problem = problem_of(restore("/books/1", undo=positions("/books/1")[-1]), 409)
    assert "/authors/2/unmerge" in problem["detail"]
