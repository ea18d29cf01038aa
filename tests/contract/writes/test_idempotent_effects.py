"""The effect of a keyed request and its stored response: together or not at all, whatever fails."""

from __future__ import annotations

import io
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.support.clients.parallel import RequestPool
from tests.support.waiting import until

from .conftest import BOOK, KEY, WAITING, Count, Post, Query, answer, is_replay, locked

Add = Callable[..., dict[str, Any]]

FAILURES = {
    "the key": "CREATE TRIGGER fail BEFORE INSERT ON idempotency_keys FOR EACH ROW EXECUTE FUNCTION fail()",
    "the record": "CREATE TRIGGER fail AFTER INSERT ON books FOR EACH ROW EXECUTE FUNCTION fail()",
    "the commit": "CREATE CONSTRAINT TRIGGER fail AFTER INSERT ON books DEFERRABLE INITIALLY DEFERRED "
    "FOR EACH ROW EXECUTE FUNCTION fail()",
    "the connection": "CREATE CONSTRAINT TRIGGER fail AFTER INSERT ON books DEFERRABLE INITIALLY DEFERRED "
    "FOR EACH ROW EXECUTE FUNCTION end_backend()",
}
FUNCTIONS = """
    CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE SQLSTATE ''23514''; END';
    CREATE FUNCTION end_backend() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END';
"""


@pytest.mark.parametrize("failure", FAILURES)
def test_key_and_effect_fail_together(post: Post, query: Query, count: Count, failure: str) -> None:
    query(FUNCTIONS + FAILURES[failure])
    try:
        refused = post("/books", BOOK)
    finally:
        query("DROP FUNCTION fail CASCADE; DROP FUNCTION end_backend CASCADE")
    assert refused.status_code == (503 if failure == "the connection" else 422)
    assert [count(table) for table in ("books", "authors", "idempotency_keys")] == [0, 0, 0]
    created = post("/books", BOOK)
    assert (created.status_code, is_replay(created)) == (201, False)
    assert answer(post("/books", BOOK)) == answer(created)


FAIL_ONCE = """
    CREATE SEQUENCE attempts;
    CREATE FUNCTION fail_once() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN IF nextval(''attempts'') = 1 THEN RAISE SQLSTATE ''40001''; END IF; RETURN NEW; END';
"""


@pytest.mark.parametrize("table", ["books", "idempotency_keys"])
@pytest.mark.parametrize("chunked", [False, True])
def test_a_conflict_runs_the_whole_request_again(
    client: FlaskClient, query: Query, count: Count, table: str, chunked: bool
) -> None:
    trigger = f"CREATE TRIGGER fail_once BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION fail_once()"
    query(FAIL_ONCE + trigger)
    try:
        headers = {"Idempotency-Key": KEY, "Content-Type": "application/json"}
        created = send_body(client, b'{"title": "Kindred"}', headers, chunked=chunked)
        attempts = query("SELECT last_value FROM attempts")
    finally:
        query("DROP FUNCTION fail_once CASCADE; DROP SEQUENCE attempts")
    assert (created.status_code, attempts) == (201, [(2,)])
    assert [count(table) for table in ("books", "idempotency_keys")] == [1, 1]


def send_body(client: FlaskClient, body: bytes, headers: dict[str, str], *, chunked: bool, path: str = "/books") -> Any:
    """POST bytes, with their length or in chunks."""
    if not chunked:
        return client.post(path, data=body, headers=headers)
    return client.post(
        path,
        input_stream=io.BytesIO(body),
        headers={**headers, "Transfer-Encoding": "chunked"},
        environ_overrides={"wsgi.input_terminated": True},
    )


@pytest.mark.parametrize("chunked", [False, True])
@pytest.mark.parametrize(
    ("path", "content_type", "status"),
    [("/books", "application/json", 413), ("/books?nothing=1", "application/json", 400)],
    ids=["alone", "with a worse fault"],
)
def test_a_key_changes_nothing_about_a_large_body(
    make_app: Callable[..., Flask], app: Flask, path: str, content_type: str, status: int, chunked: bool
) -> None:
    client = make_app(MAX_CONTENT_LENGTH=2048).test_client()
    headers = {"Idempotency-Key": KEY, "Content-Type": content_type}
    body = b'{"title": "x"}' + b" " * 2048
    assert send_body(client, body, headers, chunked=chunked, path=path).status_code == status


def test_a_merge_with_a_key_may_be_tried_first(post: Post, add_book: Add, count: Count) -> None:
    for _ in range(2):
        add_book()
    tried = post("/books/1/merge?dry_run=true", {"from": [2]}, key=str(uuid.uuid4()))
    assert (tried.status_code, count("books"), count("book_merges")) == (200, 2, 0)
    merged = post("/books/1/merge", {"from": [2]})
    assert (merged.status_code, count("books"), count("book_merges")) == (200, 1, 1)


def test_a_request_is_refused_while_the_first_is_in_progress(
    post: Post, app: Flask, database_url: str, query: Query, request_pool: RequestPool
) -> None:
    with locked(database_url, "books") as release:
        in_progress = request_pool.threads.submit(
            app.test_client().post, "/books", json=BOOK, headers={"Idempotency-Key": KEY}
        )
        until(lambda: query(WAITING))
        refused = post("/books", BOOK)
        release()
    first = in_progress.result(60)
    assert (refused.status_code, refused.json["type"]) == (409, "/problems/request-in-progress")
    assert refused.headers["Retry-After"] == "1"
    assert first.status_code == 201
    assert answer(post("/books", BOOK)) == answer(first)


def test_a_replay_waits_for_nothing(post: Post, database_url: str) -> None:
    first = post("/books", BOOK)
    with locked(database_url, "books"), locked(database_url, "idempotency_keys"):
        assert answer(post("/books", BOOK)) == answer(first)


def test_a_keyed_request_needs_one_connection(make_app: Callable[..., Flask], app: Flask) -> None:
    client = make_app(CONNECTIONS=1).test_client()
    responses = [client.post("/books", json=BOOK, headers={"Idempotency-Key": KEY}) for _ in range(2)]
    assert answer(responses[0]) == answer(responses[1])
    assert responses[0].status_code == 201
