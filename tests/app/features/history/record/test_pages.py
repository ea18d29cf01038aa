"""The changes of a record, by pages, newest first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.support.databases import execute


@pytest.fixture
def titles(client: FlaskClient) -> list[str]:
    """The titles that book 1 had, newest first."""
    client.post("/books", json={"title": "Title 0", "authors": [{"name": "Ann"}]})
    for number in range(1, 10):
        assert client.patch("/books/1", json={"title": f"Title {number}"}).status_code == 200
    return [f"Title {number}" for number in reversed(range(1, 10))]


def test_the_newest_change_comes_first(client: FlaskClient, titles: list[str]) -> None:
    response = client.get("/books/1/changes")
    assert response.headers["Cache-Control"] == "no-store"
    page = response.json
    assert [change["after"].get("title") for change in page["data"]] == [*titles, None]
    assert page["meta"] == {"count": 10, "limit": 20}
    assert page["links"] == {"self": "/books/1/changes", "next": None, "prev": None}
    last = page["data"][-1]
    assert (last["op"], last["changed"], last["before"], last["after"]) == ("created", [], {}, {})
    newest = page["data"][0]
    assert list(newest) == [
        *("position", "at", "op", "resource", "id", "changed", "before", "after"),
        *("by", "via", "request_id", "note"),
    ]
    assert newest["before"] == {"title": "Title 8"}
    assert newest["changed"] == ["title"]


@pytest.mark.parametrize("limit", [1, 3, 9, 10, 11])
def test_cursors_walk_all_changes_in_both_directions(client: FlaskClient, titles: list[str], limit: int) -> None:
    whole = client.get("/books/1/changes").json["data"]
    pages, url = [], f"/books/1/changes?limit={limit}"
    while url:
        page = client.get(url).json
        pages.append(page)
        url = page["links"]["next"]
    assert [change for page in pages for change in page["data"]] == whole
    for index in range(len(pages) - 1, 0, -1):
        assert client.get(pages[index]["links"]["prev"]).json["data"] == pages[index - 1]["data"]


def test_changes_made_meanwhile_do_not_shift_the_pages(client: FlaskClient, titles: list[str]) -> None:
    first = client.get("/books/1/changes?limit=4").json
    client.patch("/books/1", json={"title": "Meanwhile"})
    second = client.get(first["links"]["next"]).json
    assert [change["after"]["title"] for change in second["data"]] == titles[4:8]
    [newest] = client.get(client.get(second["links"]["prev"]).json["links"]["prev"]).json["data"]
    assert newest["after"]["title"] == "Meanwhile"


def test_a_cursor_of_another_record_is_refused(client: FlaskClient, titles: list[str]) -> None:
    client.post("/books", json={"title": "Other"})
    following = client.get("/books/1/changes?limit=1").json["links"]["next"]
    response = client.get(following.replace("/books/1/", "/books/2/"))
    assert (response.status_code, response.json["type"]) == (400, "/problems/invalid-cursor")


def test_a_deleted_record_keeps_its_changes(client: FlaskClient, titles: list[str]) -> None:
    document = client.get("/books/1").json
    client.delete("/books/1")
    page = client.get("/books/1/changes").json
    assert page["meta"]["count"] == 11
    assert page["data"][0]["op"] == "deleted"
    before = page["data"][0]["before"]
    assert before == document
    client.delete("/authors/1")
    assert client.get("/books/1/changes").json["data"][0]["before"]["authors"] == document["authors"]


def test_a_record_older_than_history_has_an_empty_page(
    client: FlaskClient, titles: list[str], database_url: str
) -> None:
    execute(database_url, "DELETE FROM changes")
    response = client.get("/books/1/changes")
    assert (response.status_code, response.json["data"]) == (200, [])


def test_a_page_ends_before_it_is_too_large(
    make_app: Callable[..., Flask], client: FlaskClient, titles: list[str]
) -> None:
    for number in range(6):
        client.patch("/books/1", json={"description": str(number) * 3000})
    small = make_app(PAGE_MAX_BYTES=10_000).test_client(use_cookies=False)
    seen: list[Any] = []
    url = "/books/1/changes?limit=10"
    while url:
        response = small.get(url)
        assert len(response.data) < 11_000
        seen += response.json["data"]
        url = response.json["links"]["next"]
    assert seen == client.get("/books/1/changes?limit=100").json["data"]


def test_a_change_larger_than_a_page_is_a_page(
    make_app: Callable[..., Flask], client: FlaskClient, titles: list[str]
) -> None:
    client.patch("/books/1", json={"description": "x" * 50_000})
    small = make_app(PAGE_MAX_BYTES=10_000).test_client(use_cookies=False)
    page = small.get("/books/1/changes").json
    assert page["meta"]["count"] == 1
    assert small.get(page["links"]["next"]).json["meta"]["count"] == 10
