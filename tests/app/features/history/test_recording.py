"""Every change of books and authors is recorded in its transaction, also those by plain SQL."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.support.databases import execute

RECORDED = """
    SELECT position + ordinal, via, op, resource, record_id, before, after
    FROM changes JOIN revisions ON revisions.id = revision_id ORDER BY position, ordinal
"""


@pytest.fixture
def recorded(app: Flask, database_url: str) -> Callable[[], list[list[Any]]]:
    """Return the changes since the last call: op, resource, id, before and after."""
    seen = 0

    def read() -> list[list[Any]]:
        nonlocal seen
        execute(database_url, "SELECT number_changes()")
        rows = [list(row) for row in execute(database_url, RECORDED) if row[0] > seen]
        seen = rows[-1][0] if rows else seen
        for row in rows:
            if row[2] == "updated" and row[5]:
                row[5].pop("updated_at", None)
        return [row[2:] for row in rows if row[6] != {}]

    return read


@pytest.fixture
def book(client: FlaskClient, recorded: Callable[[], Any]) -> int:
    """A book with two authors, 1 and 2."""
    document = {"title": "Old", "page_count": 3, "authors": [{"name": "Ann"}, {"name": "Ben", "role": "editor"}]}
    book_id: int = client.post("/books", json=document).json["id"]
    return book_id


def contributor(author_id: int, role: str = "author") -> dict[str, Any]:
    return {"id": author_id, "role": role, "credited_as": None}


def test_a_creation_stores_only_the_ids(book: int, recorded: Callable[[], Any]) -> None:
    changes = recorded()
    assert ["created", "books", book, None, None] in changes
    assert sorted(change[1:3] for change in changes) == [["authors", 1], ["authors", 2], ["books", book]]


def test_an_update_stores_the_changed_fields(client: FlaskClient, book: int, recorded: Callable[[], Any]) -> None:
    recorded()
    client.patch(f"/books/{book}", json={"title": "New", "page_count": 3})
    assert recorded() == [["updated", "books", book, {"title": "Old"}, {"title": "New"}]]


def test_a_list_of_contributors_is_a_field_of_the_book(
    client: FlaskClient, book: int, recorded: Callable[[], Any]
) -> None:
    recorded()
    client.patch(f"/books/{book}", json={"title": "New", "authors": [{"id": 2, "role": "editor"}]})
    before = {"title": "Old", "authors": [contributor(1), contributor(2, "editor")]}
    assert recorded() == [["updated", "books", book, before, {"title": "New", "authors": [contributor(2, "editor")]}]]


def test_a_write_that_changes_nothing_is_not_recorded(
    client: FlaskClient, book: int, recorded: Callable[[], Any]
) -> None:
    recorded()
    client.patch(f"/books/{book}", json={"title": "Old"})
    client.put(f"/books/{book}", json=client.get(f"/books/{book}").json)
    assert recorded() == []


def test_a_deletion_stores_the_whole_record(client: FlaskClient, book: int, recorded: Callable[[], Any]) -> None:
    recorded()
    document = client.get(f"/books/{book}").json
    client.delete(f"/books/{book}")
    [[op, resource, record_id, before, after]] = recorded()
    assert (op, resource, record_id, after) == ("deleted", "books", book, None)
    for each in document["authors"]:
        del each["name"]
    assert before == document


def test_a_deleted_author_changes_and_deletes_books(
    client: FlaskClient, book: int, recorded: Callable[[], Any]
) -> None:
    alone = client.post("/books", json={"title": "Alone", "authors": [{"id": 1}]}).json["id"]
    recorded()
    client.delete("/authors/1")
    changes = {(resource, record_id): (op, before, after) for op, resource, record_id, before, after in recorded()}
    assert changes.keys() == {("authors", 1), ("books", book), ("books", alone)}
    after = {"authors": [contributor(2, "editor")]}
    assert changes["books", book] == ("updated", {"authors": [contributor(1), contributor(2, "editor")]}, after)
    assert changes["books", alone][0] == changes["authors", 1][0] == "deleted"
    assert changes["books", alone][1]["authors"] == [contributor(1)]


def test_merges_and_their_undoing_have_names_of_their_own(
    client: FlaskClient, book: int, recorded: Callable[[], Any]
) -> None:
    recorded()
    client.post("/authors/1/merge", json={"from": [2]})
    merged = {change[2] if change[1] == "authors" else "book": change for change in recorded()}
    assert merged[2][0] == "merged"
    assert merged[2][3]["name"] == "Ben"
    assert merged[2][4] == {"merged_into": 1}
    assert merged[1][0] == "updated"
    assert merged["book"][4] == {"authors": [contributor(1), contributor(1, "editor")]}
    client.post("/authors/1/unmerge", json={})
    undone = {change[2] if change[1] == "authors" else "book": change for change in recorded()}
    assert undone[2] == ["unmerged", "authors", 2, None, None]
    assert undone["book"][3:] == merged["book"][:2:-1]


def test_merged_books_are_recorded(client: FlaskClient, book: int, recorded: Callable[[], Any]) -> None:
    other = client.post("/books", json={"title": "Old", "authors": [{"id": 2}]}).json["id"]
    recorded()
    client.post(f"/books/{book}/merge", json={"from": [other]})
    changes = {change[2]: change for change in recorded()}
    assert changes[other][0] == "merged"
    assert changes[other][3]["authors"] == [contributor(2)]
    assert changes[book][4]["authors"] == [contributor(1), contributor(2, "editor"), contributor(2)]
    client.post(f"/books/{book}/unmerge", json={})
    changes = {change[2]: change for change in recorded()}
    assert changes[other] == ["unmerged", "books", other, None, None]
    assert changes[book][3]["authors"] == [contributor(1), contributor(2, "editor"), contributor(2)]


def test_statements_of_sql_are_recorded(database_url: str, book: int, recorded: Callable[[], Any]) -> None:
    recorded()
    execute(database_url, "UPDATE books SET title = 'SQL'; DELETE FROM contributions WHERE author_id = 1")
    after = {"title": "SQL", "authors": [contributor(2, "editor")]}
    before = {"title": "Old", "authors": [contributor(1), contributor(2, "editor")]}
    assert recorded() == [["updated", "books", book, before, after]]
    execute(database_url, "UPDATE contributions SET role = 'author'")
    assert recorded()[0][4] == {"authors": [contributor(2)]}
    execute(database_url, "UPDATE books SET contributors = '', updated_at = now()")
    execute(database_url, "UPDATE contributions SET position = position + 10")
    assert recorded() == []


def test_a_truncation_records_every_deletion(database_url: str, book: int, recorded: Callable[[], Any]) -> None:
    recorded()
    execute(database_url, "TRUNCATE books, authors CASCADE")
    changes = {(change[1], change[2]): change for change in recorded()}
    assert {change[0] for change in changes.values()} == {"deleted"}
    assert changes.keys() == {("books", book), ("authors", 1), ("authors", 2)}
    assert changes["books", book][3]["authors"] == [contributor(1), contributor(2, "editor")]


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        ("INSERT INTO books (title) VALUES ('x'); DELETE FROM books WHERE title = 'x'", []),
        ("UPDATE books SET title = 'x'; UPDATE books SET title = 'Old'", []),
        ("SAVEPOINT a; UPDATE books SET title = 'x'; ROLLBACK TO a; UPDATE books SET page_count = 4", ["page_count"]),
        ("UPDATE books SET title = 'x'; SAVEPOINT a; UPDATE books SET page_count = 4; ROLLBACK TO a", ["title"]),
        ("UPDATE books SET title = 'x', page_count = 5; UPDATE books SET title = 'Old'", ["page_count"]),
    ],
    ids=["created and deleted", "there and back", "first rolled back", "second rolled back", "partly back"],
)
def test_one_record_in_one_transaction_is_one_change(
    database_url: str, book: int, recorded: Callable[[], Any], statements: str, expected: list[str]
) -> None:
    recorded()
    execute(database_url, f"BEGIN; {statements}; COMMIT")
    assert [name for change in recorded() for name in change[4]] == expected


def test_a_record_that_returns_in_one_transaction_is_updated(
    database_url: str, book: int, recorded: Callable[[], Any]
) -> None:
    recorded()
    execute(
        database_url,
        "BEGIN; DELETE FROM books; INSERT INTO books (id, title, page_count) OVERRIDING SYSTEM VALUE "
        f"VALUES ({book}, 'Back', 3); COMMIT",
    )
    [[op, _, record_id, before, after]] = recorded()
    assert (op, record_id, after) == ("updated", book, {"title": "Back", "authors": []})
    assert (before["title"], before["authors"]) == ("Old", [contributor(1), contributor(2, "editor")])


def test_a_migration_is_one_note(database_url: str, book: int, recorded: Callable[[], Any]) -> None:
    recorded()
    execute(
        database_url, "BEGIN; SELECT record_migration('Titles are upper case.'); UPDATE books SET title = 'OLD'; COMMIT"
    )
    assert recorded() == [["updated", "migrations", 0, None, None]]
    assert execute(database_url, "SELECT note FROM revisions ORDER BY id DESC LIMIT 1") == [("Titles are upper case.",)]


def test_an_import_is_recorded(app: Flask, client: FlaskClient, recorded: Callable[[], Any], tmp_path: Any) -> None:
    file = tmp_path / "books.ndjson"
    file.write_text("\n".join(json.dumps({"title": f"T{n}", "authors": [{"name": f"N{n}"}]}) for n in range(30)))
    result = app.test_cli_runner().invoke(args=["catalog", "import", str(file)])
    assert result.exit_code == 0, result.output
    changes = recorded()
    assert len(changes) == 60
    assert {tuple(change[3:]) for change in changes} == {(None, None)}
