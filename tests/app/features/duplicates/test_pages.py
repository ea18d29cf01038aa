"""The order and the pages of groups."""

from __future__ import annotations

from itertools import count, pairwise
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.books.resource import BOOKS
from app.core.query.cursor import Cursor
from app.features.duplicates.walks import Candidates, IdentifierWalk, Position, SliceWalk
from extensions.database import Overloaded, Statement, fetch

from .groups import Group, groups


def test_groups_are_sorted_by_score(many: list[Group]) -> None:
    scores = [score for score, _, _ in many]
    assert scores == sorted(scores, reverse=True)
    assert len(set(scores)) == 4
    assert len(many) == 7 + 3 + 3 + 4


@pytest.mark.parametrize("limit", [1, 2, 3, 7])
def test_pages_in_both_directions_hold_every_group_once(client: FlaskClient, many: list[Group], limit: int) -> None:
    assert groups(client, f"/authors/duplicates?limit={limit}") == many
    pages, url = [], f"/authors/duplicates?limit={limit}"
    while url:
        pages.append(client.get(url).json)
        url = pages[-1]["links"]["next"]
    assert {len(page["data"]) for page in pages[:-1]} <= {limit}
    assert all(page["meta"] == {"count": len(page["data"]), "limit": limit} for page in pages)
    assert pages[0]["links"]["prev"] is None
    for before, page in pairwise(pages):
        assert client.get(page["links"]["prev"]).json["data"] == before["data"]
    back = client.get(pages[1]["links"]["prev"]).json
    assert back["links"] == pages[0]["links"]


def test_a_page_out_of_time_has_a_next_link(
    client: FlaskClient, many: list[Group], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.features.duplicates.page.SECONDS", 0)
    monkeypatch.setattr("app.features.duplicates.page.JUDGED_AT_ONCE", 2)
    found, url, pages = 0, "/authors/duplicates?limit=100", 0
    while url:
        page = client.get(url, headers={"Cache-Control": "no-cache"}).json
        found, pages, url = found + len(page["data"]), pages + 1, page["links"]["next"]
    assert found == len(many)
    assert pages > len(many) / 2


def test_slices_of_any_size_find_the_same_groups(
    client: FlaskClient, many: list[Group], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.features.duplicates.walks.IDENTIFIER_ROWS", 4)
    monkeypatch.setattr("app.features.duplicates.walks.IDENTIFIER_BYTES", 30)  # one or two identifiers
    client.application.extensions["catalog.on_commit"]()
    assert groups(client, "/authors/duplicates?limit=2") == many


def test_an_identifier_is_looked_up_once(app: Flask) -> None:
    walk = IdentifierWalk(BOOKS.table)
    values = {"position": 0, "rows": 10, "bytes": 10, "leave_out": ""}
    with app.app_context():
        plan = fetch(Statement(f"EXPLAIN {walk.statement.sql}"), values)
    assert sum("identifiers @>" in line and "Recheck" not in line for (line,) in plan) == 1


@pytest.mark.parametrize("limit", [1, 3, 100])
def test_groups_of_large_records_come_on_more_pages(
    app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch, limit: int
) -> None:
    page_bytes = 256 * 1024
    monkeypatch.setitem(app.config, "PAGE_MAX_BYTES", page_bytes)
    for number in range(12):
        members = 5 if number == 3 else 2  # five of them alone are more than a page may have
        for _ in range(members):
            biography = "\N{GRINNING FACE}" * (20_000 if number % 3 == 0 else 10)
            assert (
                client.post("/authors", json={"name": f"Name {number:02}", "biography": biography}).status_code == 201
            )
    found: list[tuple[str, int, int]] = []
    url = f"/authors/duplicates?limit={limit}"
    while url:
        response = client.get(url)
        assert len(response.data) < page_bytes + 4096
        found += [
            (group["authors"][0]["name"], group["count"], len(group["authors"])) for group in response.json["data"]
        ]
        url = response.json["links"]["next"]
    assert found == [
        (f"Name {number:02}", 5, 3) if number == 3 else (f"Name {number:02}", 2, 2) for number in range(12)
    ]


def test_slices_cover_all_keys_without_overlap(app: Flask, client: FlaskClient, many: list[Group]) -> None:
    seen: list[Any] = []

    def between(first: Any, end: Any) -> Candidates:
        seen.append((first, end))
        return []

    walk = SliceWalk("authors", "identity", 3, between, "")
    index: Position | None = []
    with app.app_context():
        while index is not None:
            _, index = walk.find(index)
    assert seen[0][0] == ""
    assert seen[-1][1] is None
    assert [end for _, end in seen[:-1]] == [first for first, _ in seen[1:]]
    assert len(seen) > 7


@pytest.mark.parametrize("path", ["/authors/duplicates", "/books/duplicates"])
def test_a_response_has_the_form_of_any_list(client: FlaskClient, path: str) -> None:
    empty = client.get(path)
    assert empty.json == {
        "data": [],
        "meta": {"count": 0, "limit": 20},
        "links": {"self": path, "next": None, "prev": None},
    }
    assert empty.headers["Cache-Control"] == "public, max-age=0, must-revalidate"
    assert client.get(path, headers={"If-None-Match": empty.headers["ETag"]}).status_code == 304
    assert "hit" in client.get(path).headers["Cache-Status"]
    assert client.head(path).status_code == 200
    assert client.post(path, json={}).status_code == 405


def test_the_link_header_repeats_the_links(client: FlaskClient, many: list[Group]) -> None:
    second = client.get(client.get("/authors/duplicates?limit=2").json["links"]["next"])
    links = second.json["links"]
    assert second.headers["Link"] == ", ".join(f'<{links[name]}>; rel="{name}"' for name in ("self", "next", "prev"))


@pytest.mark.parametrize(
    ("query", "parameter", "code"),
    [
        ("limit=0", "limit", "out_of_range"),
        ("limit=101", "limit", "out_of_range"),
        ("limit=1&limit=2", "limit", "repeated"),
        ("sort=id", "sort", "unknown"),
        ("fields=id", "fields", "unknown"),
        ("name=x", "name", "unknown"),
        ("cursor=x", "cursor", "damaged"),
    ],
)
def test_an_unknown_or_bad_parameter_is_refused(client: FlaskClient, query: str, parameter: str, code: str) -> None:
    response = client.get(f"/books/duplicates?{query}")
    assert response.status_code == 400
    assert [(fault["parameter"], fault["code"]) for fault in response.json["errors"]] == [(parameter, code)]


@pytest.mark.parametrize(
    "keys",
    [
        (),
        (1,),
        ([],),
        ([0],),
        ([99, 0],),
        ([-1, 0],),
        ([0, -1],),
        ([0, 0, 1],),
        ([0, 0, "a\0", 1],),
        ([0, 0, "a", "b"],),
        ([0, 0, "a", 2**63],),
        ([0, 0, "a", 1, 1, 1],),
        ([True, 0],),
        ([1, 0, "a"],),
        ([0, 0, None],),
    ],
)
def test_a_forged_cursor_is_refused(client: FlaskClient, keys: tuple[Any, ...]) -> None:
    word = Cursor("authors/duplicates", (), keys).encode()
    response = client.get(f"/authors/duplicates?cursor={word}")
    assert response.status_code == 400
    assert response.json["errors"][0]["code"] == "damaged"


def test_a_cursor_of_another_list_is_refused(client: FlaskClient, many: list[Group]) -> None:
    page = client.get("/authors/duplicates?limit=1").json
    cursor = page["links"]["next"].partition("cursor=")[2]
    for path in ("/books/duplicates", "/authors"):
        assert client.get(f"{path}?cursor={cursor}").json["errors"][0]["code"] == "mismatch"
    other = client.get("/authors?limit=1").json["links"]["next"].partition("cursor=")[2]
    assert client.get(f"/authors/duplicates?cursor={other}").json["errors"][0]["code"] == "mismatch"


def test_a_page_that_would_have_to_wait_ends_early(
    client: FlaskClient, many: list[Group], monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = count()

    def fetch_or_refuse(*arguments: Any, **options: Any) -> Any:
        if next(calls) % 4 == 3:
            raise Overloaded
        return fetch(*arguments, **options)

    monkeypatch.setattr("app.features.duplicates.walks.fetch", fetch_or_refuse)
    found: list[int] = []
    url, refused = "/authors/duplicates", 0
    while url:
        response = client.get(url, headers={"Cache-Control": "no-cache"})
        refused += response.status_code == 503
        if response.status_code == 200:
            found += [group["authors"][0]["id"] for group in response.json["data"]]
            url = response.json["links"]["next"]
    assert found == [ids[0] for _, _, ids in many]
    assert refused < 3
