"""`GET /changes`: pages of changes behind a position."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.features.history.feed.read import SCANNED_MOST, ChangePage, read_changes
from tests.support.accounts import StoredAccount, add_token, bearer
from tests.support.application import Statements
from tests.support.databases import execute

Page = dict[str, Any]


def read(client: FlaskClient, query: str = "", **headers: str) -> Page:
    response = client.get(f"/changes{query}", headers=headers)
    assert response.status_code == 200, response.text
    assert response.json is not None
    return dict(response.json)


def ops(page: Page) -> list[tuple[str, str, int]]:
    return [(change["op"], change["resource"], change["id"]) for change in page["data"]]


@pytest.fixture
def three_books(client: FlaskClient) -> FlaskClient:
    """A catalog with the books 1 to 3 and three changes."""
    for number in range(3):
        client.post("/books", json={"title": f"Book {number}"})
    return client


@pytest.fixture
def import_of_many(database_url: str, app: Flask) -> int:
    """One revision with more changes than a page reads; return their number."""
    number = 2 * SCANNED_MOST
    execute(database_url, f"INSERT INTO authors (name, sort_name) SELECT 'N', 'N' FROM generate_series(1, {number})")
    return number


def test_changes_come_in_the_order_of_their_commits(client: FlaskClient) -> None:
    client.post("/books", json={"title": "Old", "authors": [{"name": "Ann"}]})
    client.patch("/books/1", json={"title": "New"}, headers={"X-Change-Note": "Misprint", "X-Request-ID": "r-1"})
    client.delete("/books/1")
    page = read(client)
    assert sorted(ops(page)[:2]) == [("created", "authors", 1), ("created", "books", 1)]
    updated, deleted = page["data"][2:]
    assert updated.pop("at") < deleted["at"]
    assert updated == {
        "position": 3,
        "op": "updated",
        "resource": "books",
        "id": 1,
        "changed": ["title"],
        "before": {"title": "Old"},
        "after": {"title": "New"},
        "by": None,
        "via": "api",
        "request_id": "r-1",
        "note": "Misprint",
    }
    assert (deleted["op"], deleted["after"], deleted["before"]["title"]) == ("deleted", {}, "New")
    assert deleted["before"]["authors"] == [{"id": 1, "name": "Ann", "role": "author", "credited_as": None}]
    assert page["meta"] == {"count": 4, "limit": 100, "last": 4, "more": False}
    assert page["links"] == {"self": "/changes", "next": None, "prev": None}


def test_pages_follow_one_another(three_books: FlaskClient) -> None:
    first = read(three_books, "?limit=2&op[in]=created,deleted")
    assert (ops(first), first["meta"]["last"], first["meta"]["more"]) == (
        [("created", "books", 1), ("created", "books", 2)],
        2,
        True,
    )
    response = three_books.get(first["links"]["next"])
    assert response.json is not None
    assert ops(response.json) == [("created", "books", 3)]
    assert response.json["meta"] == {"count": 1, "limit": 2, "last": 3, "more": False}
    assert response.json["links"]["self"] == first["links"]["next"]
    assert response.headers["Link"] == f'<{first["links"]["next"]}>; rel="self"'


def test_the_last_position_has_nothing_behind_it(three_books: FlaskClient) -> None:
    assert read(three_books, "?since=3")["meta"] == {"count": 0, "limit": 100, "last": 3, "more": False}


def test_now_returns_the_last_position_alone(three_books: FlaskClient) -> None:
    page = read(three_books, "?since=now")
    assert (page["data"], page["meta"]["last"], page["meta"]["more"]) == ([], 3, False)
    three_books.delete("/books/2")
    assert ops(read(three_books, f"?since={page['meta']['last']}")) == [("deleted", "books", 2)]


def test_an_empty_catalog_has_an_empty_page(client: FlaskClient) -> None:
    assert read(client)["meta"] == {"count": 0, "limit": 100, "last": 0, "more": False}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("?resource=authors", ["created authors", "deleted authors"]),
        ("?resource=books", ["created books", "updated books"]),
        ("?resource=books&resource=authors&op=created", ["created authors", "created books"]),
        ("?op=deleted&op=updated", ["deleted authors", "updated books"]),
        ("?op[in]=updated", ["updated books"]),
        ("?op=merged", []),
    ],
)
def test_filters_choose_changes(client: FlaskClient, query: str, expected: list[str]) -> None:
    client.post("/books", json={"title": "A book", "authors": [{"name": "Ann"}, {"name": "Ben"}]})
    client.delete("/authors/2")
    found = ops(read(client, query))
    assert sorted({f"{op} {resource}" for op, resource, _ in found}) == expected


def test_accounts_and_migrations_are_in_no_page(
    client: FlaskClient, account: Callable[..., StoredAccount], database_url: str
) -> None:
    account("reader")
    execute(database_url, "BEGIN; SELECT record_migration('x'); COMMIT")
    assert execute(database_url, "SELECT count(*) FROM changes WHERE resource NOT IN ('books', 'authors')")[0][0] >= 2
    page = read(client)
    assert page["data"] == []
    assert page["meta"]["last"] >= 2


def test_an_update_that_its_transaction_took_back_is_in_no_page(three_books: FlaskClient, database_url: str) -> None:
    execute(
        database_url,
        "BEGIN; UPDATE books SET title = 'x' WHERE id = 1; UPDATE books SET title = 'Book 0' WHERE id = 1; COMMIT",
    )
    assert read(three_books, "?since=3")["data"] == []


def test_accounts_are_shown_to_accounts(
    client: FlaskClient, database_url: str, account: Callable[..., StoredAccount]
) -> None:
    editor, reader = account("editor"), account("reader")
    key = bearer(add_token(database_url, editor))
    execute(database_url, "UPDATE accounts SET name = 'Ann' WHERE id = %s", editor.id)
    client.post("/books", json={"title": "A book"}, headers=key)
    [change] = read(client, **bearer(add_token(database_url, reader)))["data"]
    assert change["by"] == {"id": editor.id, "name": "Ann"}
    assert read(client)["data"][0]["by"] is None
    execute(database_url, "DELETE FROM accounts WHERE id = %s", editor.id)
    [change] = read(client, **bearer(add_token(database_url, reader)))["data"]
    assert change["by"] == {"id": editor.id, "name": "deleted account"}


def test_no_cache_keeps_a_page(client: FlaskClient) -> None:
    for number in range(3):
        response = client.get("/changes")
        assert response.headers["Cache-Control"] == "no-store"
        assert "ETag" not in response.headers
        assert "Cache-Status" not in response.headers
        assert response.json is not None
        assert response.json["meta"]["count"] == number
        client.post("/authors", json={"name": "Ann"})


def test_head_is_like_get(three_books: FlaskClient) -> None:
    response = three_books.head("/changes")
    assert (response.status_code, response.data) == (200, b"")
    assert response.headers["Content-Length"] == three_books.get("/changes").headers["Content-Length"]


def test_a_revision_of_many_changes_is_read_in_parts(app: Flask, import_of_many: int) -> None:
    with app.app_context():
        page, seen = ChangePage([], 0, more=True), 0
        for _ in range(5):
            page = read_changes(page.last, 100)
            assert [row.position for row in page.rows] == list(range(seen + 1, seen + 101))
            seen += 100
        page = read_changes(import_of_many - 50, 100)
        assert len(page.rows) == 50
        assert (page.last, page.more) == (import_of_many, False)


def test_a_page_of_a_sparse_filter_ends_early(client: FlaskClient, import_of_many: int) -> None:
    client.post("/books", json={"title": "The only book"})
    page, pages = read(client, "?resource=books"), 1
    assert (page["data"], page["meta"]["last"], page["meta"]["more"]) == ([], SCANNED_MOST, True)
    while page["links"]["next"]:
        page, pages = read(client, page["links"]["next"].removeprefix("/changes")), pages + 1
    assert pages == 3
    assert ops(page) == [("created", "books", 1)]
    assert page["meta"]["last"] == import_of_many + 1


def test_a_page_ends_before_its_maximal_size(make_app: Callable[..., Flask], client: FlaskClient) -> None:
    small = make_app(PAGE_MAX_BYTES=64 * 1024).test_client(use_cookies=False)
    for letter in "abcd":
        client.post("/authors", json={"name": "Ann", "biography": letter * 30_000})
        client.patch("/authors/1", json={"biography": letter * 30_000})
    page, seen, sizes = read(small), [], []
    while True:
        seen += [change["position"] for change in page["data"]]
        sizes.append(page["meta"]["count"])
        if not page["links"]["next"]:
            break
        page = read(small, page["links"]["next"].removeprefix("/changes"))
    assert seen == list(range(1, page["meta"]["last"] + 1))
    assert max(sizes[1:]) <= 3


def test_a_change_that_is_larger_than_a_page_has_its_own(make_app: Callable[..., Flask], client: FlaskClient) -> None:
    small = make_app(PAGE_MAX_BYTES=64 * 1024).test_client(use_cookies=False)
    client.post("/authors", json={"name": "Ann", "biography": "x" * 90_000})
    client.patch("/authors/1", json={"biography": "y" * 90_000})
    client.delete("/authors/1")
    assert [read(small, f"?since={since}")["meta"]["count"] for since in range(3)] == [1, 1, 1]


def test_a_page_takes_few_statements(three_books: FlaskClient, statements: Statements) -> None:
    three_books.get("/changes?since=now")
    statements.clear()
    three_books.get("/changes")
    assert len(statements) == 2


def test_other_media_types_are_refused(client: FlaskClient) -> None:
    response = client.get("/changes", headers={"Accept": "text/csv"})
    assert response.status_code == 406
    assert response.json is not None
    assert "application/json" in response.json["detail"]


def test_a_position_ahead_is_refused(three_books: FlaskClient) -> None:
    response = three_books.get("/changes?since=4")
    assert response.status_code == 400
    assert response.json is not None
    [error] = response.json["errors"]
    assert (error["in"], error["parameter"], error["code"]) == ("query", "since", "out_of_range")
    assert "at most 3, the last position" in error["detail"]
    assert "meta.last" in error["detail"]


def test_a_position_that_is_not_kept_is_gone(three_books: FlaskClient, database_url: str) -> None:
    read(three_books)
    execute(database_url, "UPDATE change_feed SET pruned_position = 2")
    response = three_books.get("/changes?since=1")
    assert response.status_code == 410
    assert response.json is not None
    assert response.json["type"] == "/problems/position-expired"
    assert "Export the catalog again" in response.json["detail"]
    [error] = response.json["errors"]
    assert (error["parameter"], error["code"]) == ("since", "out_of_range")
    assert ops(read(three_books, "?since=2")) == [("created", "books", 3)]
