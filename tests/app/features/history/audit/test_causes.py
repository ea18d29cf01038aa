"""Every change has the cause of its writer: how it was made, the account, the request, the note."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.books.resource import BOOKS
from extensions.database import Retry
from tests.support.accounts import StoredAccount
from tests.support.databases import execute

from .conftest import Read

NOTE = "Corrected from the title page"


@pytest.fixture
def write(client: FlaskClient, as_editor: dict[str, str]) -> Callable[..., Any]:
    """Send a write of the editor with a request id, a note and further headers."""

    def send(method: str, path: str, request_id: str, json: Any = None, **headers: str) -> Any:
        sent = {**as_editor, "X-Request-ID": request_id, "X-Change-Note": NOTE} | headers
        response = client.open(path, method=method, json=json, headers=sent)
        assert response.status_code < 300, response.text
        return response

    return send


@pytest.fixture
def causes(changes: Read) -> Callable[[], list[tuple[Any, ...]]]:
    """Return op, resource, via, account, request id and note of the changes of books and authors."""

    def read() -> list[tuple[Any, ...]]:
        return [
            (row["op"], row["resource"], row["via"], row["by"] and row["by"]["id"], row["request_id"], row["note"])
            for row in changes()
            if row["resource"] in ("books", "authors")
        ]

    return read


def test_writes_of_the_api_have_account_request_and_note(
    write: Callable[..., Any], causes: Callable[[], Any], editor: StoredAccount
) -> None:
    book = write("POST", "/books", "r-1", {"title": "A", "authors": [{"name": "Ann"}]}).json["id"]
    write("PATCH", f"/books/{book}", "r-2", {"title": "B"})
    write("PUT", "/books/isbn/9780441478125", "r-3", {"title": "C"})
    write("DELETE", f"/books/{book}", "r-4")
    cause = ("api", editor.id)
    assert causes() == [
        ("created", "authors", *cause, "r-1", NOTE),
        ("created", "books", *cause, "r-1", NOTE),
        ("updated", "books", *cause, "r-2", NOTE),
        ("created", "books", *cause, "r-3", NOTE),
        ("deleted", "books", *cause, "r-4", NOTE),
    ]


def test_a_batch_has_one_cause(write: Callable[..., Any], causes: Callable[[], Any], editor: StoredAccount) -> None:
    write("POST", "/books", "r-1", [{"title": f"B{number}"} for number in range(30)])
    assert causes() == [("created", "books", "api", editor.id, "r-1", NOTE)] * 30


def test_a_merge_and_its_undo_have_their_causes(
    write: Callable[..., Any], causes: Callable[[], Any], editor: StoredAccount
) -> None:
    ids = [write("POST", "/authors", f"r-{name}", {"name": name}).json["id"] for name in ("A", "B")]
    write("POST", f"/authors/{ids[0]}/merge", "r-merge", {"from": [ids[1]]})
    write("POST", f"/authors/{ids[0]}/unmerge", "r-undo", {})
    found = causes()[2:]
    assert ("merged", "authors", "api", editor.id, "r-merge", NOTE) in found
    assert ("unmerged", "authors", "api", editor.id, "r-undo", NOTE) in found
    assert {cause[4] for cause in found} == {"r-merge", "r-undo"}


def test_a_replay_records_nothing_twice(
    write: Callable[..., Any], causes: Callable[[], Any], editor: StoredAccount
) -> None:
    key = {"Idempotency-Key": str(uuid.uuid4())}
    first = write("POST", "/books", "r-first", {"title": "A"}, **key)
    again = write("POST", "/books", "r-again", {"title": "A"}, **key)
    assert (again.json, again.headers["Idempotent-Replayed"]) == (first.json, "true")
    assert causes() == [("created", "books", "api", editor.id, "r-first", NOTE)]


def test_a_replayed_merge_records_nothing_twice(write: Callable[..., Any], causes: Callable[[], Any]) -> None:
    ids = [write("POST", "/authors", "r-0", {"name": name}).json["id"] for name in ("A", "B")]
    key = {"Idempotency-Key": str(uuid.uuid4())}
    for request_id in ("r-1", "r-2"):
        write("POST", f"/authors/{ids[0]}/merge", request_id, {"from": [ids[1]]}, **key)
    assert {cause[4] for cause in causes()} == {"r-0", "r-1"}


def test_a_replayed_sign_up_records_nothing_twice(client: FlaskClient, changes: Read) -> None:
    body = {"email": "twice@example.com", "password": "quite a few words"}
    headers = {"Idempotency-Key": str(uuid.uuid4()), "X-Change-Note": NOTE}
    for _ in range(2):
        assert client.post("/accounts", json=body, headers=headers).status_code == 201
    assert [(change["op"], change["resource"], change["note"]) for change in changes()] == [
        ("created", "accounts", NOTE)
    ]


def test_a_retried_transaction_is_recorded_once_with_its_cause(
    write: Callable[..., Any], causes: Callable[[], Any], editor: StoredAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    save, attempts = BOOKS.save, []

    def fail_twice(session: Any, drafts: list[Any]) -> None:
        attempts.append(1)
        save(session, drafts)
        session.flush()
        if len(attempts) < 3:
            raise Retry

    monkeypatch.setattr(BOOKS, "save", fail_twice)
    for number, headers in enumerate(({}, {"Idempotency-Key": str(uuid.uuid4())})):
        attempts.clear()
        write("POST", "/books", f"r-{number}", {"title": "A"}, **headers)
        assert len(attempts) == 3
    assert causes() == [("created", "books", "api", editor.id, f"r-{number}", NOTE) for number in range(2)]


def test_a_refused_write_is_not_recorded(client: FlaskClient, as_editor: dict[str, str], changes: Read) -> None:
    before = changes()
    assert client.post("/books", json={"title": ""}, headers=as_editor).status_code == 422
    assert client.post("/books", json=[{"title": "A"}, {}], headers=as_editor).status_code == 422
    assert changes() == before


def test_pages_are_told_from_programs(
    client: FlaskClient, causes: Callable[[], Any], editor: StoredAccount, token_of: Callable[..., str]
) -> None:
    headers = {"Cookie": f"__Host-catalog={token_of(editor)}", "Origin": "http://localhost"}
    assert client.post("/books", json={"title": "A"}, headers=headers).status_code == 201
    [cause] = causes()
    assert cause[:4] == ("created", "books", "page", editor.id)
    assert cause[4]


def test_imports_are_told_from_commands(app: Flask, causes: Callable[[], Any], tmp_path: Path) -> None:
    file = tmp_path / "books.ndjson"
    file.write_text('{"title": "A"}\n')
    assert app.test_cli_runner().invoke(args=["catalog", "import", str(file)]).exit_code == 0
    assert causes() == [("created", "books", "import", None, None, None)]


def test_sql_has_no_account_and_no_request(database_url: str, causes: Callable[[], Any]) -> None:
    execute(database_url, "INSERT INTO authors (name, sort_name) VALUES ('Ann', 'Ann')")
    assert causes() == [("created", "authors", "sql", None, None, None)]


def test_clients_without_an_account_have_a_request(client: FlaskClient, database_url: str) -> None:
    client.post("/books", json={"title": "A"}, headers={"X-Request-ID": "r-1"})
    assert execute(database_url, "SELECT via, account_id, request_id FROM revisions") == [("api", None, "r-1")]
