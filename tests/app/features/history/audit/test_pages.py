"""Pages and streams of the audit: access, filters, cursors, formats."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.features.history.audit import page
from tests.support.accounts import StoredAccount
from tests.support.databases import execute

from .conftest import Read

BOOKS = 45
# One revision of each kind of writer, and one of many changes.
FILL = f"""
    BEGIN; SELECT set_config('catalog.cause', '{{"via": "import"}}', true);
    INSERT INTO books (title) SELECT 'Book ' || n FROM generate_series(1, {BOOKS}) AS n; COMMIT;
    BEGIN; SELECT set_config('catalog.cause', '{{"via": "page", "account_id": 999, "request_id": "r1"}}', true);
    UPDATE books SET title = 'Renamed' WHERE id <= 3; COMMIT;
    BEGIN; DELETE FROM books WHERE id = 5; COMMIT;
    BEGIN; SELECT set_config('catalog.cause', '{{"via": "cli"}}', true);
    INSERT INTO authors (name, sort_name) VALUES ('Ann', 'Ann'); COMMIT;
"""


@pytest.fixture
def filled(database_url: str, changes: Read) -> None:
    execute(database_url, FILL)


def pages(client: FlaskClient, headers: dict[str, str], url: str | None) -> Iterator[dict[str, Any]]:
    """Yield the pages from a URL on, by their links `next`."""
    while url:
        response = client.get(url, headers=headers)
        assert response.status_code == 200, response.text
        document: dict[str, Any] = dict(response.json or {})
        yield document
        url = document["links"]["next"]


def test_only_administrators_read_the_audit(
    client: FlaskClient, as_admin: dict[str, str], as_editor: dict[str, str]
) -> None:
    assert client.get("/audit").status_code == 401
    assert client.get("/audit", headers=as_editor).status_code == 403
    response = client.get("/audit", headers=as_admin)
    assert response.status_code == 200
    assert response.headers["Cache-Control"] == "private, no-store"
    assert "Cache-Status" not in response.headers or "hit" not in response.headers["Cache-Status"]


def test_a_key_needs_the_scope_admin(
    client: FlaskClient, admin: StoredAccount, headers_of: Callable[..., dict[str, str]]
) -> None:
    assert client.get("/audit", headers=headers_of(admin, "admin")).status_code == 200
    refused = client.get("/audit", headers=headers_of(admin, "catalog:read", "catalog:write"))
    assert refused.status_code == 403
    assert "scope admin" in (refused.json or {})["detail"]


@pytest.mark.usefixtures("filled")
def test_changes_are_listed_newest_first(client: FlaskClient, as_admin: dict[str, str]) -> None:
    seen = list(pages(client, as_admin, "/audit?limit=7"))
    positions = [row["position"] for each in seen for row in each["data"]]
    assert positions == sorted(set(positions), reverse=True)
    assert len(positions) == BOOKS + 3 + 1 + 1 + 2  # the last two are the administrator and the session
    assert all(each["meta"] == {"count": len(each["data"]), "limit": 7} for each in seen)
    first = seen[0]["data"][0]
    assert (first["op"], first["resource"], first["via"]) == ("created", "authors", "cli")


@pytest.mark.usefixtures("filled")
@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("account_id=999", 3),
        ("account_id[in]=999,998", 3),
        ("account_id[null]=false", 3),
        ("account_id[ne]=999&resource=books", BOOKS + 1),
        ("account_id[null]=true&resource=books", BOOKS + 1),
        ("resource=authors", 1),
        ("resource[in]=books,authors", BOOKS + 5),
        ("resource[ne]=books&via=cli", 1),
        ("op=updated", 3),
        ("op=deleted&resource=books", 1),
        ("op[ne]=created&resource=books", 4),
        ("op[in]=deleted,merged", 1),
        ("via=import", BOOKS),
        ("via[in]=page,cli", 4),
        ("via[ne]=sql", BOOKS + 4),
        ("via=page&op=created", 0),
        ("at[gte]=2000-01-01&via=page", 3),
        ("at[lt]=2000-01-01T00:00:00Z", 0),
        ("at[gt]=2999-01-01", 0),
        ("at[gte]=2000-01-01&at[lte]=2999-01-01&via=import", BOOKS),
    ],
)
def test_filters_select_changes(client: FlaskClient, as_admin: dict[str, str], query: str, expected: int) -> None:
    rows = [row for each in pages(client, as_admin, f"/audit?{query}&limit=20") for row in each["data"]]
    assert len(rows) == expected
    stream = client.get(f"/audit?{query}&format=ndjson", headers=as_admin).text
    assert [json.loads(line) for line in stream.splitlines() if line] == rows


def test_a_time_selects_exactly(client: FlaskClient, as_admin: dict[str, str], changes: Read) -> None:
    client.post("/books", json={"title": "A"}, headers=as_admin)
    [change] = changes()
    at = change["at"].replace("+", "%2B")
    assert changes(f"at={at}") == [change]
    assert changes(f"at[gte]={at}") == [change]
    assert changes(f"at[gt]={at}") == []
    assert change not in changes(f"at[ne]={at}")


@pytest.mark.usefixtures("filled")
def test_pages_go_back_as_they_came(client: FlaskClient, as_admin: dict[str, str]) -> None:
    forward = list(pages(client, as_admin, "/audit?limit=9&resource=books"))
    backward = []
    url = forward[-1]["links"]["prev"]
    while url:
        document = dict(client.get(url, headers=as_admin).json or {})
        backward.append(document["data"])
        url = document["links"]["prev"]
    assert [row for data in reversed(backward) for row in data] == [
        row for each in forward[:-1] for row in each["data"]
    ]


@pytest.mark.usefixtures("filled")
def test_a_walk_sees_each_change_once_while_changes_are_added(
    client: FlaskClient, as_admin: dict[str, str], database_url: str
) -> None:
    before = {row["position"] for each in pages(client, as_admin, "/audit") for row in each["data"]}
    seen = []
    for document in pages(client, as_admin, "/audit?limit=6"):
        seen += [row["position"] for row in document["data"]]
        execute(database_url, "UPDATE books SET page_count = coalesce(page_count, 0) + 1 WHERE id = 7")
    assert len(seen) == len(set(seen))
    assert set(seen) == before
    newer = dict(client.get("/audit?limit=6", headers=as_admin).json or {})
    assert newer["data"][0]["position"] > max(before)


def test_new_changes_are_before_the_first_page(
    client: FlaskClient, as_admin: dict[str, str], database_url: str
) -> None:
    execute(database_url, FILL)
    second = dict(client.get("/audit?limit=2", headers=as_admin).json or {})["links"]["next"]
    execute(database_url, "UPDATE books SET title = 'Later' WHERE id = 9")
    first = dict(client.get(second, headers=as_admin).json or {})["links"]["prev"]
    newest = dict(client.get(first, headers=as_admin).json or {})
    assert newest["meta"]["count"] == 2
    newer = dict(client.get(newest["links"]["prev"], headers=as_admin).json or {})
    assert [row["after"] for row in newer["data"]] == [{"title": "Later"}]
    assert newer["links"]["prev"] is None


@pytest.mark.usefixtures("filled")
def test_a_page_that_takes_long_ends_early_and_has_a_next_one(
    client: FlaskClient, as_admin: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = [row for each in pages(client, as_admin, "/audit?resource=books&op=created") for row in each["data"]]
    monkeypatch.setattr(page, "SECONDS", -1)
    monkeypatch.setattr(page, "POSITIONS", 4)
    short = list(pages(client, as_admin, "/audit?resource=books&op=created"))
    assert {each["meta"]["count"] for each in short} >= {0, 4}
    assert [row for each in short for row in each["data"]] == whole


@pytest.mark.usefixtures("filled")
def test_ranges_of_any_size_find_the_same(
    client: FlaskClient, as_admin: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = list(pages(client, as_admin, "/audit?limit=8"))
    for size in (1, 3, 47):
        monkeypatch.setattr(page, "POSITIONS", size)
        assert list(pages(client, as_admin, "/audit?limit=8")) == whole


def test_a_page_has_at_most_its_bytes(
    make_app: Callable[..., Flask], client: FlaskClient, as_admin: dict[str, str], database_url: str
) -> None:
    client.post("/books", json=[{"title": f"B{n}", "description": "d" * 3000} for n in range(10)], headers=as_admin)
    execute(database_url, "DELETE FROM books")
    small = make_app(PAGE_MAX_BYTES=10_000).test_client(use_cookies=False)
    found = list(pages(small, as_admin, "/audit?op=deleted&resource=books"))
    assert [each["meta"]["count"] for each in found[:4]] == [2, 2, 2, 2]
    assert [row["before"]["title"] for each in found for row in each["data"]] == [f"B{n}" for n in reversed(range(10))]
    tiny = make_app(PAGE_MAX_BYTES=100).test_client(use_cookies=False)
    assert [each["meta"]["count"] for each in pages(tiny, as_admin, "/audit?op=deleted&resource=books")] == [1] * 10


@pytest.mark.usefixtures("filled")
def test_csv_has_a_column_for_each_field(client: FlaskClient, as_admin: dict[str, str]) -> None:
    response = client.get("/audit?op=updated", headers={**as_admin, "Accept": "text/csv"})
    assert response.headers["Content-Type"].startswith("text/csv")
    assert response.headers["Cache-Control"] == "private, no-store"
    rows = list(csv.DictReader(io.StringIO(response.text)))
    documents = dict(client.get("/audit?op=updated", headers=as_admin).json or {})["data"]
    assert list(rows[0]) == list(documents[0])
    assert [int(row["position"]) for row in rows] == [row["position"] for row in documents]
    assert [json.loads(row["before"]) for row in rows] == [row["before"] for row in documents]
    assert {row["changed"] for row in rows} == {"title"}
    assert [json.loads(row["by"]) for row in rows] == [{"id": 999, "name": "deleted account"}] * 3


@pytest.mark.usefixtures("filled")
def test_fields_choose_members(client: FlaskClient, as_admin: dict[str, str]) -> None:
    document = dict(client.get("/audit?fields=op,position&limit=1", headers=as_admin).json or {})
    assert list(document["data"][0]) == ["position", "op"]
    following = dict(client.get(document["links"]["next"], headers=as_admin).json or {})
    assert list(following["data"][0]) == ["position", "op"]
    csv_text = client.get("/audit?fields=op&format=csv&via=cli", headers=as_admin).text
    assert csv_text == "op\r\ncreated\r\n"


def test_streams_have_the_names_of_contributors(client: FlaskClient, as_admin: dict[str, str]) -> None:
    book = client.post("/books", json={"title": "A", "authors": [{"name": "Old"}]}, headers=as_admin).json or {}
    client.delete(f"/books/{book['id']}", headers=as_admin)
    client.patch(f"/authors/{book['authors'][0]['id']}", json={"name": "New"}, headers=as_admin)
    paged = dict(client.get("/audit?op=deleted&resource=books", headers=as_admin).json or {})["data"]
    assert paged[0]["before"]["authors"][0]["name"] == "Old"
    stream = client.get("/audit?op=deleted&resource=books&format=ndjson", headers=as_admin).text
    assert [json.loads(line) for line in stream.splitlines()] == paged


@pytest.mark.parametrize(
    ("query", "parameter", "code"),
    [
        ("sort=at", "sort", "unknown"),
        ("offset=1", "offset", "unknown"),
        ("total=exact", "total", "unknown"),
        ("q=x", "q", "unknown"),
        ("limit=0", "limit", "out_of_range"),
        ("limit=101", "limit", "out_of_range"),
        ("resource=book", "resource", "not_allowed"),
        ("op=create", "op", "not_allowed"),
        ("via=psql", "via", "not_allowed"),
        ("account_id=me", "account_id", "invalid"),
        ("account_id[gt]=1", "account_id[gt]", "unknown"),
        ("account_id[null]=maybe", "account_id[null]", "invalid"),
        ("at=yesterday", "at", "invalid"),
        ("at[contains]=2026", "at[contains]", "unknown"),
        ("fields=before,x", "fields", "unknown"),
        ("format=xml", "format", "not_allowed"),
        ("format=csv&limit=3", "limit", "mismatch"),
        ("cursor=x", "cursor", "damaged"),
        ("id=1", "id", "unknown"),
    ],
)
def test_bad_parameters_are_named(
    client: FlaskClient, as_admin: dict[str, str], query: str, parameter: str, code: str
) -> None:
    response = client.get(f"/audit?{query}", headers=as_admin)
    assert response.status_code == 400
    assert (parameter, code) in [(error["parameter"], error["code"]) for error in (response.json or {})["errors"]]


@pytest.mark.usefixtures("filled")
def test_a_cursor_holds_for_its_filters_alone(client: FlaskClient, as_admin: dict[str, str]) -> None:
    following = dict(client.get("/audit?resource=books&limit=2", headers=as_admin).json or {})["links"]["next"]
    assert client.get(f"{following}&resource=books", headers=as_admin).status_code == 200
    assert client.get(f"{following}&resource=authors", headers=as_admin).status_code == 400
    assert client.get(following.replace("/audit", "/books"), headers=as_admin).status_code == 400
