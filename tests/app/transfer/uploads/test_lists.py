"""The list of imports is paged by cursors, newest first."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.support.databases import execute

COUNT = 5


@pytest.fixture
def imports(client: FlaskClient, database_url: str) -> list[int]:
    """The ids of some imports, newest first, of which the oldest one has succeeded."""
    payload = '{"folder": "0", "name": null, "size": 1, "options": {"dry_run": false}}'
    for _ in range(COUNT):
        execute(database_url, "INSERT INTO jobs (kind, payload) VALUES ('import', %s)", payload)
    execute(database_url, "INSERT INTO jobs (kind) VALUES ('analyze')")
    execute(database_url, "UPDATE jobs SET state = 'succeeded', finished_at = now() WHERE id = 1")
    return list(range(COUNT, 0, -1))


def walk(client: FlaskClient, url: str | None, direction: str) -> list[list[int]]:
    """The ids on all pages from a URL on."""
    pages = []
    while url:
        page: dict[str, Any] = client.get(url).json or {}
        pages.append([document["id"] for document in page["data"]])
        url = page["links"][direction]
    return pages


@pytest.mark.parametrize("limit", [1, 2, 5, 100])
def test_a_walk_sees_every_import_once(client: FlaskClient, imports: list[int], limit: int) -> None:
    pages = walk(client, f"/imports?limit={limit}", "next")
    assert [each for page in pages for each in page] == imports
    assert all(len(page) <= limit for page in pages)


def test_a_walk_leads_back(client: FlaskClient, imports: list[int]) -> None:
    second = (client.get("/imports?limit=2").json or {})["links"]["next"]
    third = (client.get(second).json or {})["links"]["next"]
    assert walk(client, third, "prev") == [[1], [3, 2], [5, 4]]


def test_a_state_filters(client: FlaskClient, imports: list[int]) -> None:
    assert walk(client, "/imports?state=succeeded", "next") == [[1]]
    assert walk(client, "/imports?state=queued&limit=3", "next") == [[5, 4, 3], [2]]


def test_a_page_has_the_usual_envelope(client: FlaskClient, imports: list[int]) -> None:
    response = client.get("/imports?limit=2")
    page = response.json or {}
    assert page["meta"] == {"count": 2, "limit": 2}
    assert page["links"]["self"] == "/imports?limit=2"
    assert page["links"]["prev"] is None
    assert 'rel="next"' in response.headers["Link"]
    assert response.headers["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("limit=0", "limit"),
        ("state=done", "state"),
        ("offset=1", "offset"),
        ("cursor=x", "cursor"),
        ("sort=id", "sort"),
    ],
)
def test_a_wrong_parameter_is_named(client: FlaskClient, query: str, parameter: str) -> None:
    response = client.get(f"/imports?{query}")
    assert response.status_code == 400
    assert (response.json or {})["errors"][0]["parameter"] == parameter


def test_a_cursor_holds_for_its_filter(client: FlaskClient, imports: list[int]) -> None:
    following = (client.get("/imports?state=queued&limit=1").json or {})["links"]["next"]
    assert client.get(f"{following}&state=queued").status_code == 200
    assert client.get(f"{following}&state=failed").status_code == 400
