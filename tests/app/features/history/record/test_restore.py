"""Versions are restored by the rules of every write."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.support.accounts import StoredAccount, bearer
from tests.support.clients.parallel import simultaneously
from tests.support.databases import execute

Positions = Callable[[str], list[int]]
Restore = Callable[..., Any]
ISBN = "9780441478125"
FULL = {
    "title": "The Dispossessed",
    "isbn": ISBN,
    "series_position": 1.5,
    "subjects": ["Anarchism"],
    "identifiers": {"openlibrary": ["OL1M"]},
    "authors": [{"name": "Ann", "credited_as": "A."}, {"name": "Ben", "role": "editor"}],
}


@pytest.fixture
def book(client: FlaskClient) -> dict[str, Any]:
    """Book 1, with authors 1 and 2."""
    return dict(client.post("/books", json=FULL).json or {})


def without_update(document: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name != "updated_at"}


def test_a_version_is_restored_whole(
    client: FlaskClient, book: dict[str, Any], positions: Positions, restore: Restore
) -> None:
    client.put("/books/1", json={"title": "Other", "authors": [{"id": 2}], "identifiers": {"x": ["1"]}})
    [first, _] = positions("/books/1")
    response = restore("/books/1", version=first, headers={"X-Change-Note": "Back again"})
    assert response.status_code == 200
    assert without_update(response.json) == without_update(book)
    assert response.json["updated_at"] > book["updated_at"]
    assert response.headers["ETag"] == client.get("/books/1").headers["ETag"]
    assert response.headers["Cache-Control"] == "no-store"
    change = client.get("/books/1/changes").json["data"][0]
    assert (change["op"], change["note"], change["via"]) == ("updated", "Back again", "api")
    assert change["after"]["title"] == book["title"]


def test_a_restoration_that_changes_nothing_moves_nothing(
    client: FlaskClient, book: dict[str, Any], positions: Positions, restore: Restore
) -> None:
    response = restore("/books/1", version=positions("/books/1")[0])
    assert (response.status_code, response.json) == (200, book)
    assert len(positions("/books/1")) == 1


def test_a_dry_run_changes_nothing(
    client: FlaskClient, book: dict[str, Any], positions: Positions, restore: Restore
) -> None:
    client.patch("/books/1", json={"title": "Other"})
    [first, second] = positions("/books/1")
    response = restore("/books/1", "?dry_run=true", version=first)
    assert (response.status_code, response.json["title"]) == (200, book["title"])
    assert "ETag" not in response.headers
    client.delete("/books/1")
    assert restore("/books/1", "?dry_run=true", version=second).json["title"] == "Other"
    assert client.get("/books/1").status_code == 404


@pytest.mark.parametrize("member", ["version", "undo"])
def test_a_deleted_book_comes_back_under_its_id(
    client: FlaskClient, book: dict[str, Any], positions: Positions, restore: Restore, member: str
) -> None:
    client.delete("/books/1")
    [first, deletion] = positions("/books/1")
    response = restore("/books/1", **{member: first if member == "version" else deletion})
    assert response.status_code == 200
    assert without_update(response.json) == without_update(book)
    assert response.json["updated_at"] > book["updated_at"]
    assert client.get("/books/1").json == response.json
    assert client.get("/books?q=dispossessed%20ben").json["meta"]["count"] == 1
    assert client.post("/books", json={"title": "Next"}).json["id"] == 2
    assert [change["op"] for change in client.get("/books/1/changes").json["data"]] == ["created", "deleted", "created"]


def test_a_deleted_author_comes_back_without_books(
    client: FlaskClient, book: dict[str, Any], positions: Positions, restore: Restore
) -> None:
    author = client.patch("/authors/1", json={"sort_name": "Zzz", "alternate_names": ["Anna"]}).json
    alone = client.post("/books", json={"title": "Alone", "authors": [{"id": 1}]}).json["id"]
    client.delete("/authors/1")
    deletion = client.get("/authors/1/changes").json["data"][0]
    back = restore("/authors/1", undo=deletion["position"])
    assert without_update(back.json) == without_update(author)
    assert client.get(f"/books/{alone}").status_code == 404
    [change] = client.get(f"/books/{alone}/changes?limit=1").json["data"]
    assert (change["op"], change["request_id"]) == ("deleted", deletion["request_id"])
    assert restore(f"/books/{alone}", undo=change["position"]).json["authors"][0]["name"] == "Ann"
    assert restore("/books/1", version=positions("/books/1")[0]).json["authors"] == book["authors"]


def test_a_sort_name_is_restored_as_it_was(client: FlaskClient, positions: Positions, restore: Restore) -> None:
    client.post("/authors", json={"name": "A", "sort_name": "B"})
    client.patch("/authors/1", json={"name": "B", "sort_name": "B"})
    response = restore("/authors/1", version=positions("/authors/1")[0])
    assert (response.json["name"], response.json["sort_name"]) == ("A", "B")
    assert client.get("/authors/1").json == response.json


def test_a_taken_isbn_is_a_conflict_that_names_the_holder(
    client: FlaskClient, book: dict[str, Any], positions: Positions, restore: Restore, problem_of: Restore
) -> None:
    client.delete("/books/1")
    client.post("/books", json={"title": "Thief", "isbn": ISBN})
    response = restore("/books/1", undo=positions("/books/1")[-1])
    problem = problem_of(response, 409)
    assert "/books/2" in problem["detail"]
    assert response.headers["Link"] == '</books/2>; rel="related"'
    assert [(error["pointer"], error["code"]) for error in problem["errors"]] == [("/isbn", "taken")]
    assert client.get("/books/1").status_code == 404


def test_contributors_that_are_gone_are_a_conflict_that_names_them(
    client: FlaskClient, book: dict[str, Any], positions: Positions, restore: Restore, problem_of: Restore
) -> None:
    client.delete("/authors/2")
    problem = problem_of(restore("/books/1", version=positions("/books/1")[0]), 409)
    assert "author 2" in problem["detail"]
    assert "/authors/2/restore" in problem["detail"]
    assert [(error["pointer"], error["code"]) for error in problem["errors"]] == [("/authors/1/id", "not_found")]


def test_contributors_that_were_merged_are_replaced_by_the_survivor(
    client: FlaskClient, book: dict[str, Any], positions: Positions, restore: Restore
) -> None:
    client.patch("/books/1", json={"authors": []})
    client.post("/authors/1/merge", json={"from": [2]})
    response = restore("/books/1", version=positions("/books/1")[0])
    assert [(each["id"], each["role"]) for each in response.json["authors"]] == [(1, "author"), (1, "editor")]


def test_a_merged_record_refers_to_unmerge(
    client: FlaskClient, book: dict[str, Any], positions: Positions, restore: Restore, problem_of: Restore
) -> None:
    client.post("/books", json={"title": "Double"})
    client.post("/books/1/merge", json={"from": [2]})
    changes = client.get("/books/2/changes")
    assert [change["op"] for change in changes.json["data"]] == ["merged", "created"]
    response = restore("/books/2", version=positions("/books/2")[0])
    assert "/books/1/unmerge" in problem_of(response, 409)["detail"]
    assert response.headers["Link"] == '</books/1/unmerge>; rel="related"'
    assert client.get(f"/books/2/versions/{positions('/books/2')[0]}").json["title"] == "Double"


def test_a_version_of_a_deletion_names_the_last_one(
    client: FlaskClient, book: dict[str, Any], positions: Positions, restore: Restore, problem_of: Restore
) -> None:
    client.delete("/books/1")
    [first, deletion] = positions("/books/1")
    assert f"version is {first}" in problem_of(client.get(f"/books/1/versions/{deletion}"), 404)["detail"]
    [error] = problem_of(restore("/books/1", version=deletion), 422)["errors"]
    assert (error["pointer"], error["code"]) == ("/version", "not_found")
    assert str(first) in error["detail"]


def test_pruned_positions_have_expired(
    client: FlaskClient,
    book: dict[str, Any],
    positions: Positions,
    restore: Restore,
    problem_of: Restore,
    database_url: str,
) -> None:
    client.patch("/books/1", json={"title": "Other"})
    [first, second] = positions("/books/1")
    execute(
        database_url,
        "DELETE FROM changes USING revisions WHERE revision_id = revisions.id AND position <= %s; "
        "DELETE FROM revisions WHERE position <= %s; UPDATE change_feed SET pruned_position = %s",
        *(first, first, first),
    )
    assert problem_of(client.get(f"/books/1/versions/{first}"), 410)["type"] == "/problems/position-expired"
    assert problem_of(restore("/books/1", undo=first), 410)["title"] == "Position expired"
    assert client.get(f"/books/1/versions/{second}").json["title"] == "Other"


def test_a_stored_value_that_is_no_longer_valid_is_refused(
    client: FlaskClient, positions: Positions, restore: Restore, problem_of: Restore, database_url: str
) -> None:
    execute(database_url, "INSERT INTO books (title, publisher) VALUES ('x', E'a\\x01b')")
    client.patch("/books/1", json={"publisher": None})
    for body in ({"version": positions("/books/1")[0]}, {"undo": positions("/books/1")[1]}):
        [error] = problem_of(restore("/books/1", **body), 422)["errors"]
        assert (error["pointer"], error["code"]) == ("/publisher", "invalid_character")


def test_the_second_of_two_restorations_with_one_etag_fails(
    client: FlaskClient, book: dict[str, Any], positions: Positions
) -> None:
    client.patch("/books/1", json={"title": "Second"})
    tag = client.patch("/books/1", json={"title": "Third"}).headers["ETag"]
    first, second, _ = positions("/books/1")
    headers = {"If-Match": tag}

    def send(position: int) -> int:
        own = client.application.test_client(use_cookies=False)
        return own.post("/books/1/restore", json={"version": position}, headers=headers).status_code

    assert sorted(simultaneously(lambda: send(first), lambda: send(second))) == [200, 412]
    assert len(positions("/books/1")) == 4


def test_simultaneous_restorations_of_a_deleted_book_create_it_once(
    client: FlaskClient, book: dict[str, Any], positions: Positions
) -> None:
    client.delete("/books/1")
    [first, _] = positions("/books/1")

    def send() -> int:
        own = client.application.test_client(use_cookies=False)
        return own.post("/books/1/restore", json={"version": first}).status_code

    assert simultaneously(*[send] * 4) == [200] * 4
    assert len(positions("/books/1")) == 3


def test_a_precondition_of_a_deleted_record_fails(
    client: FlaskClient, book: dict[str, Any], positions: Positions, restore: Restore, problem_of: Restore
) -> None:
    tag = client.get("/books/1").headers["ETag"]
    client.delete("/books/1")
    problem_of(restore("/books/1", version=positions("/books/1")[0], headers={"If-Match": tag}), 412)


def test_a_repeated_restoration_with_a_key_has_its_effect_once(
    client: FlaskClient, book: dict[str, Any], positions: Positions, restore: Restore
) -> None:
    client.patch("/books/1", json={"title": "Other"})
    headers = {"Idempotency-Key": "0c2f8a4e-5d0b-4a52-9a5e-3f1f6c1f0a77"}
    first = restore("/books/1", undo=positions("/books/1")[-1], headers=headers)
    second = restore("/books/1", undo=positions("/books/1")[1], headers=headers)
    assert (first.status_code, second.status_code) == (200, 200)
    assert second.headers["Idempotent-Replayed"] == "true"
    assert second.json == first.json
    assert len(positions("/books/1")) == 3


def test_only_accounts_see_who_made_a_change(
    client: FlaskClient,
    account: Callable[..., StoredAccount],
    token_of: Callable[..., str],
) -> None:
    ann = account("editor", "ann@example.com")
    headers = bearer(token_of(ann))
    client.post("/books", json={"title": "x"}, headers=headers)
    [change] = client.get("/books/1/changes", headers=headers).json["data"]
    assert change["by"]["id"] == ann.id
    [change] = client.get("/books/1/changes").json["data"]
    assert change["by"] is None
