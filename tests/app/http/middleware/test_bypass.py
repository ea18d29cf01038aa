"""Requests that bypass the response cache, and responses that are never stored."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from extensions.cache.local import LocalCache

from .conftest import status


def test_a_wrong_token_is_refused_despite_a_stored_response(client: FlaskClient, book: dict[str, Any]) -> None:
    client.get("/books/1")
    for _ in range(2):
        assert client.get("/books/1", headers={"Authorization": "secret"}).status_code == 401


def test_cookies_of_others_do_not_matter(client: FlaskClient, book: dict[str, Any]) -> None:
    client.get("/books/1", headers={"Cookie": "theme=dark"})
    assert "hit" in status(client.get("/books/1", headers={"Cookie": "theme=light"}))


@pytest.mark.parametrize(
    "control",
    [
        "no-cache",
        "No-Cache",
        "max-age=0, no-cache",
        "no-store, no-cache",
        "no-store",
        "max-age=0",
        'max-age="0"',
        "max-age = 00",
        "x,,no-cache\t,",
        'x="a, \\" b",no-cache',
        "no-cache=x",
    ],
)
def test_no_cache_bypasses_a_hit(
    control: str, client: FlaskClient, book: dict[str, Any], statements: list[str]
) -> None:
    client.get("/books/1")
    statements.clear()
    assert "catalog; fwd=" in status(client.get("/books/1", headers={"Cache-Control": control}))
    assert len(statements) == 1


@pytest.mark.parametrize(
    "control",
    [
        "",
        ",",
        "x-no-cache",
        "x-no-cache=1",
        "x=no-cache",
        'x="a, no-cache, b"',
        'x="a, \\", no-store"',
        'x="no-cache',
        "no-cache-x",
        "no cache",
        "s-maxage=0",
        "max-age=01",
        "max-age=0.5",
        "max-age=60",
        "max-stale",
        "only-if-cached",
    ],
)
def test_other_directives_do_not_bypass_a_hit(control: str, client: FlaskClient, book: dict[str, Any]) -> None:
    client.get("/books/1")
    assert status(client.get("/books/1", headers={"Cache-Control": control})).startswith("catalog; hit")


@pytest.mark.parametrize("control", ["no-store", "max-stale, No-Store"])
def test_no_store_does_not_look_into_the_cache(
    control: str, client: FlaskClient, book: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(LocalCache, "lookup", lambda cache, key: pytest.fail("the cache was read"))
    assert status(client.get("/books/1", headers={"Cache-Control": control})) == "catalog; fwd=request"


@pytest.mark.parametrize("accept", ["application/json", "*/*", "application/*;q=0.1", "", "text/html, */*;q=0.1"])
def test_an_accepted_type_gets_the_hit(accept: str, client: FlaskClient, book: dict[str, Any]) -> None:
    client.get("/books/1")
    assert status(client.get("/books/1", headers={"Accept": accept})).startswith("catalog; hit")


@pytest.mark.parametrize("accept", ["text/html", "application/json;q=0", "application/xml, text/*"])
def test_an_unaccepted_type_is_406_despite_a_hit(accept: str, client: FlaskClient, book: dict[str, Any]) -> None:
    client.get("/books/1")
    assert client.get("/books/1", headers={"Accept": accept}).status_code == 406
    assert status(client.get("/books/1")).startswith("catalog; hit")


ERRORS = (
    "/books/99",
    "/books?limt=1",
    "/books?limit=0",
    "/nothing",
    "/books/isbn/123",
    "/books?cursor=x",
    "/authors/99/books",
)


@pytest.mark.parametrize("path", ERRORS)
def test_errors_are_never_stored(path: str, client: FlaskClient, book: dict[str, Any]) -> None:
    for _ in range(2):
        response = client.get(path)
        assert response.status_code >= 400
        assert response.headers["Cache-Control"] == "no-store"
        assert "hit" not in status(response)
        assert "stored" not in status(response)


def test_other_types_than_json_are_never_stored(client: FlaskClient) -> None:
    for _ in range(2):
        response = client.get("/docs")
        assert response.status_code == 200
        assert "hit" not in status(response)


@pytest.mark.parametrize("path", ["/health/live", "/health/ready"])
def test_health_is_never_stored(path: str, client: FlaskClient) -> None:
    for _ in range(2):
        response = client.get(path)
        assert response.headers["Cache-Control"] == "no-store"
        assert "hit" not in status(response)
