"""Idempotency-Key: a POST that is sent again has its effect once, and gets the same response."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.http.access.identity import IDENTITY, Identity
from app.http.access.rights import SIGN_IN, Role, requires
from extensions.jobs.expiry import ROWS_AT_ONCE
from tests.support.catalogs.examples import ISBN
from tests.support.servers.jobs import run_due_jobs

from .conftest import BOOK, KEY, Count, Post, Query, answer, is_replay

Add = Callable[..., dict[str, Any]]


REQUESTS = [
    ("/books", BOOK, 201),
    ("/books", [BOOK, {"title": "Fledgling"}], 201),
    ("/authors", {"name": "Ursula K. Le Guin"}, 201),
    ("/books/1/merge", {"from": [2]}, 200),
    ("/books/1/merge?dry_run=true", {"from": [2]}, 200),
    ("/authors/1/merge", {"from": [2]}, 200),
]


@pytest.mark.parametrize(
    ("path", "document", "status"), REQUESTS, ids=["book", "batch", "author", "merge", "dry run", "merge of authors"]
)
def test_a_request_sent_again_has_its_effect_once(
    post: Post, add_book: Add, count: Count, path: str, document: Any, status: int
) -> None:
    for number in (1, 2):
        add_book(authors=[{"name": f"Author {number}"}])
    first = post(path, document)
    tables = ("books", "authors", "book_merges", "author_merges")
    rows = [count(table) for table in tables]
    assert first.status_code == status, first.text
    assert not is_replay(first)
    for _ in range(3):
        again = post(path, document)
        assert answer(again) == answer(first)
        assert is_replay(again)
        assert again.headers["X-Request-ID"] != first.headers["X-Request-ID"]
    assert [count(table) for table in tables] == rows


def test_an_undone_merge_is_undone_once(post: Post, add_book: Add, client: FlaskClient) -> None:
    for _ in range(3):
        add_book()
    for old in (2, 3):
        assert client.post("/books/1/merge", json={"from": [old]}).status_code == 200
    first = post("/books/1/unmerge")
    assert first.status_code == 200
    assert answer(post("/books/1/unmerge")) == answer(first)
    assert [client.get(f"/books/{number}").status_code for number in (2, 3)] == [308, 200]


def test_a_replay_is_the_first_response_even_after_changes(post: Post, client: FlaskClient) -> None:
    first = post("/books", BOOK)
    assert client.patch("/books/1", json={"title": "Changed"}).status_code == 200
    assert answer(post("/books", BOOK)) == answer(first)
    assert client.delete("/books/1").status_code == 204
    assert answer(post("/books", BOOK)) == answer(first)


def test_requests_without_a_key_are_independent(client: FlaskClient, count: Count) -> None:
    responses = [client.post("/books", json=BOOK) for _ in range(2)]
    assert [response.json["id"] for response in responses] == [1, 2]
    assert count("idempotency_keys") == 0


def test_another_key_is_another_request(post: Post) -> None:
    assert [post("/books", BOOK, key=str(uuid.uuid4())).json["id"] for _ in range(2)] == [1, 2]


@pytest.mark.parametrize(
    ("path", "document"),
    [
        ("/books", {**BOOK, "title": "Fledgling"}),
        ("/books", [BOOK]),
        ("/authors", BOOK),
        ("/books?dry_run=true", BOOK),
        ("/books/1/merge", {"from": [2]}),
    ],
    ids=["body", "batch", "path", "query", "action"],
)
def test_a_key_of_another_request_is_refused(post: Post, count: Count, path: str, document: Any) -> None:
    first = post("/books", BOOK)
    refused = post(path, document)
    assert (refused.status_code, refused.json["type"]) == (422, "/problems/key-reused")
    assert not is_replay(refused)
    assert count("books") == 1
    assert answer(post("/books", BOOK)) == answer(first)


@pytest.mark.parametrize(
    ("faulty", "status"),
    [
        ({"title": ""}, 422),
        ({"title": "x", "isbn": ISBN}, 409),
        ([], 422),
        ({"title": "x", "authors": [{"id": 9}]}, 422),
    ],
    ids=["invalid", "taken", "empty", "dangling"],
)
def test_an_error_is_not_kept(post: Post, add_book: Add, count: Count, faulty: Any, status: int) -> None:
    add_book(isbn=ISBN)
    for _ in range(2):
        response = post("/books", faulty)
        assert response.status_code == status
        assert not is_replay(response)
    assert count("idempotency_keys") == 0
    created = post("/books", BOOK)
    assert created.status_code == 201
    assert answer(post("/books", BOOK)) == answer(created)


VALID = [
    KEY,
    KEY.upper(),
    KEY.replace("-", ""),
    f'"{KEY}"',
    "k" * 16,
    "k" * 255,
    f'"{"k" * 255}"',
    "order 17, of March",
    "!#$%&'()*+,-./:;<=>?@[]^_`{|}~",
    'a "quoted" word in it',
]
INVALID = [
    "",
    '""',
    "k" * 15,
    "k" * 256,
    f'"{"k" * 15}"',
    f'"{"k" * 256}"',
    '"' + "k" * 20,
    "k" * 20 + '"',
    "k" * 16 + "ä",
    "k" * 16 + "\t" + "k",
    "k" * 16 + "\x7f",
]


@pytest.mark.parametrize("key", VALID)
def test_a_valid_key_is_accepted(post: Post, key: str) -> None:
    first = post("/books", BOOK, key=key)
    assert first.status_code == 201, first.text
    assert is_replay(post("/books", BOOK, key=key))


@pytest.mark.parametrize("key", INVALID)
def test_an_invalid_key_is_refused(post: Post, count: Count, key: str) -> None:
    response = post("/books", BOOK, key=key)
    assert (response.status_code, response.json["type"]) == (400, "/problems/bad-request")
    (error,) = response.json["errors"]
    assert (error["in"], error["parameter"], error["code"]) == ("header", "Idempotency-Key", "invalid")
    assert count("books") == 0


def test_a_key_is_the_same_with_quotes(post: Post) -> None:
    post("/books", BOOK)
    assert is_replay(post("/books", BOOK, key=f'"{KEY}"'))


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "GET"])
def test_other_methods_ignore_a_key(client: FlaskClient, add_book: Add, method: str) -> None:
    add_book()
    body = {"json": {"title": "x"}} if method in ("PUT", "PATCH") else {}
    response = client.open("/books/1", method=method, headers={"Idempotency-Key": "short"}, **body)
    assert response.status_code in (200, 204)


@pytest.mark.parametrize(("path", "status"), [("/nothing", 404), ("/books/1", 405)])
def test_a_key_is_read_only_where_a_post_is_allowed(post: Post, path: str, status: int) -> None:
    assert post(path, BOOK, key="short").status_code == status


def test_a_path_with_secrets_refuses_keys(make_app: Callable[..., Flask], app: Flask) -> None:
    other = make_app()
    other.add_url_rule("/secrets", view_func=requires(SIGN_IN)(lambda: "secret"), methods=["POST"])
    client = other.test_client()
    refused = client.post("/secrets", headers={"Idempotency-Key": KEY})
    assert (refused.status_code, refused.json["errors"][0]["code"]) == (400, "not_allowed")
    assert client.post("/secrets").text == "secret"


def test_a_key_is_kept_for_24_hours(post: Post, query: Query) -> None:
    first = post("/books", BOOK)
    query("UPDATE idempotency_keys SET created_at = now() - interval '23 hours 59 minutes'")
    assert answer(post("/books", BOOK)) == answer(first)
    query("UPDATE idempotency_keys SET created_at = now() - interval '24 hours'")
    second = post("/books", {"title": "Another"})
    assert (second.status_code, second.json["id"]) == (201, 2)
    assert answer(post("/books", {"title": "Another"})) == answer(second)
    assert query("SELECT count(*), max(created_at) > now() - interval '1 hour' FROM idempotency_keys") == [(1, True)]


def test_a_job_deletes_expired_keys(app: Flask, post: Post, query: Query) -> None:
    query(
        "INSERT INTO idempotency_keys SELECT 0, number::text::bytea, '', 201, '[]', '', now() - interval '25 hours' "
        f"FROM generate_series(1, {ROWS_AT_ONCE + 2}) AS number"
    )
    assert post("/books", BOOK).status_code == 201
    run_due_jobs(app)
    assert query("SELECT count(*), min(created_at) > now() - interval '1 hour' FROM idempotency_keys") == [(1, True)]


def test_the_key_itself_is_not_stored(post: Post, query: Query) -> None:
    post("/books", BOOK)
    [(stored, digest)] = query("SELECT idempotency_keys::text, digest FROM idempotency_keys")
    assert KEY not in stored
    assert KEY.encode() not in bytes(digest)


def test_keys_of_accounts_are_independent(post: Post) -> None:
    def by(account_id: int | None, document: Any) -> Any:
        return post("/books", document, environ_overrides={IDENTITY: Identity(Role.EDITOR, account_id)})

    assert [by(account, {"title": f"{account}"}).json["id"] for account in (None, 1, 2)] == [1, 2, 3]
    for account in (None, 1, 2):
        again = by(account, {"title": f"{account}"})
        assert (again.json["title"], is_replay(again)) == (f"{account}", True)
