"""Cache hits: which requests get them, and which headers depend on the client."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from .conftest import CACHED, ClientOf, ServerCalls, status


@pytest.mark.parametrize("path", [*CACHED, "/openapi.json"])
def test_a_hit_equals_the_response_that_was_stored(path: str, client: FlaskClient, book: dict[str, Any]) -> None:
    first, second = client.get(path), client.get(path)
    assert re.fullmatch(r"catalog; fwd=uri-miss; stored", status(first))
    assert "Age" not in first.headers
    match = re.fullmatch(r"catalog; hit; ttl=(\d+)", status(second))
    assert match
    assert 0 <= int(match[1]) <= 10
    assert 0 <= int(second.headers["Age"]) <= 10
    assert second.data == first.data
    differs = {"Age", "Cache-Status", "Server-Timing", "X-Request-ID", "Date"}
    headers = [{name: value for name, value in response.headers if name not in differs} for response in (first, second)]
    assert headers[0] == headers[1]


@pytest.mark.parametrize("path", [*CACHED, "/openapi.json"])
def test_a_hit_comes_from_memory_and_queries_nothing(
    path: str, app: Flask, client: FlaskClient, book: dict[str, Any], statements: list[str]
) -> None:
    client.get(path)
    statements.clear()
    application = app.wsgi_app
    before = getattr(application, "recalled", 0)
    for number, headers in enumerate(({}, {"If-None-Match": "*"}, {"Origin": "https://a.example"}), start=1):
        for method in ("GET", "HEAD"):
            assert status(client.open(path, method=method, headers=headers)).startswith("catalog; hit")
        if isinstance(application, ServerCalls):
            assert application.recalled == before + 2 * number
    assert statements == []


@pytest.mark.parametrize(
    ("method", "path", "headers", "expected"),
    [
        ("GET", "/books/1?x=" + "y" * 4096, {}, 414),
        ("GET", "/books/1", {"Accept": "text/html"}, 406),
        ("POST", "/books/1", {}, 405),
        ("OPTIONS", "/books/1", {}, 204),
        ("GET", "/books/1", {"Authorization": "a"}, 401),
        ("GET", "/books/1", {"Cookie": "__Host-catalog=a"}, 401),
        ("GET", "/books/1", {"Cache-Control": "no-cache"}, 200),
        ("GET", "/books/1", {"Cache-Control": "max-age=0"}, 200),
    ],
)
def test_other_requests_are_no_hits(
    method: str,
    path: str,
    headers: dict[str, str],
    expected: int,
    app: Flask,
    client: FlaskClient,
    book: dict[str, Any],
) -> None:
    client.get("/books/1")
    client.get("/books/1")
    before = getattr(app.wsgi_app, "recalled", 0)
    response = client.open(path, method=method, headers=headers)
    assert response.status_code == expected
    assert "hit" not in status(response)
    assert getattr(app.wsgi_app, "recalled", 0) == before


def test_an_untrusted_host_gets_no_hit(
    make_app: Callable[..., Flask], client_of: ClientOf, book: dict[str, Any]
) -> None:
    client = client_of(make_app(TRUSTED_HOSTS=["catalog.example"]))
    responses = [
        client.get("/books/1", headers={"Host": host})
        for host in ("catalog.example", "CATALOG.example:80", "evil.example", "catalog.example")
    ]
    assert [response.status_code for response in responses] == [200, 200, 400, 200]
    assert ["hit" in status(response) for response in responses] == [False, True, False, True]


EQUIVALENT = {
    "a slash at the end": ("/books", "/books/"),
    "a slash before the query": ("/books?limit=2", "/books/?limit=2"),
    "the order of parameters": ("/books?limit=2&title=Kept", "/books?title=Kept&limit=2"),
    "a record with a slash": ("/books/1", "/books/1/"),
}


@pytest.mark.parametrize("case", EQUIVALENT)
def test_equivalent_requests_share_a_response(case: str, client: FlaskClient, book: dict[str, Any]) -> None:
    first, second = EQUIVALENT[case]
    fresh = client.get(second, headers={"Cache-Control": "no-cache"})
    client.get(first)
    shared = client.get(second)
    assert status(shared).startswith("catalog; hit")
    assert shared.json == fresh.json
    assert shared.headers["ETag"] == fresh.headers["ETag"]
    assert shared.headers.get("Link") == fresh.headers.get("Link")


DIFFERENT = (
    ("/books?id=1&id=2", "/books?id=2"),
    ("/books?title=a%26limit=2", "/books?title=a&limit=2"),
    ("/books?sort=title", "/books?sort=-title"),
    ("/books/1", "/books/1?fields=id"),
    ("/books", "/authors"),
    ("/books?title=Kept", "/books?title=kept"),
    ("/books/1%3Ffields=id", "/books/1?fields=id"),
)


@pytest.mark.parametrize(("first", "second"), DIFFERENT)
def test_different_requests_share_no_response(
    first: str, second: str, client: FlaskClient, book: dict[str, Any]
) -> None:
    client.get(first)
    assert "hit" not in status(client.get(second))


def test_head_gets_the_hit_of_get_without_body(client: FlaskClient, book: dict[str, Any]) -> None:
    response = client.get("/books/1")
    head = client.head("/books/1")
    assert status(head).startswith("catalog; hit")
    assert head.data == b""
    assert head.headers["Content-Length"] == response.headers["Content-Length"]
    assert head.headers["ETag"] == response.headers["ETag"]


def test_get_hits_the_response_that_head_stored(client: FlaskClient, book: dict[str, Any]) -> None:
    assert client.head("/books/1").data == b""
    response = client.get("/books/1")
    assert status(response).startswith("catalog; hit")
    assert response.json == book


def test_a_hit_with_a_matching_etag_is_304(client: FlaskClient, book: dict[str, Any]) -> None:
    tag = client.get("/books/1").headers["ETag"]
    again = client.get("/books/1", headers={"If-None-Match": tag})
    assert (again.status_code, again.data) == (304, b"")
    assert status(again).startswith("catalog; hit")
    assert client.get("/books/1", headers={"If-None-Match": '"other"'}).status_code == 200


def test_each_hit_has_the_id_of_its_request(client: FlaskClient, book: dict[str, Any]) -> None:
    client.get("/books/1", headers={"X-Request-ID": "first"})
    assert client.get("/books/1", headers={"X-Request-ID": "second"}).headers["X-Request-ID"] == "second"
    fresh = {client.get("/books/1").headers["X-Request-ID"] for _ in range(3)}
    assert len(fresh) == 3
    assert not fresh & {"first", "second"}


def test_cors_headers_of_a_hit_follow_its_request(
    make_app: Callable[..., Flask], client_of: ClientOf, book: dict[str, Any]
) -> None:
    client = client_of(make_app(CORS_ORIGINS=["https://a.example", "https://b.example"]))
    seen = []
    for origin in ("https://a.example", "https://b.example", "https://evil.example", None, "https://a.example"):
        response = client.get("/books/1", headers={"Origin": origin} if origin else {})
        assert "Origin" in response.headers["Vary"]
        seen.append((status(response)[:12], response.headers.get("Access-Control-Allow-Origin")))
    assert seen == [
        ("catalog; fwd", "https://a.example"),
        ("catalog; hit", "https://b.example"),
        ("catalog; hit", None),
        ("catalog; hit", None),
        ("catalog; hit", "https://a.example"),
    ]


WRITES: tuple[tuple[str, str, Any, int], ...] = (
    ("POST", "/books", {"title": "New"}, 201),
    ("PATCH", "/books/1", {"subtitle": "New"}, 200),
    ("PUT", "/books/1", {"title": "New"}, 200),
    ("DELETE", "/books/1", None, 204),
    ("PATCH", "/authors/1", {"name": "New"}, 200),
    ("DELETE", "/authors/1?books=keep", None, 204),
)


@pytest.mark.parametrize(("method", "path", "document", "expected"), WRITES)
def test_a_write_invalidates_every_hit(
    method: str, path: str, document: Any, expected: int, client: FlaskClient, book: dict[str, Any]
) -> None:
    for kept in CACHED:
        client.get(kept)
        assert status(client.get(kept)).startswith("catalog; hit")
    written = client.open(path, method=method, json=document)
    assert written.status_code == expected
    assert written.headers["Cache-Control"] == "no-store"
    for kept in CACHED:
        assert "hit" not in status(client.get(kept))


def test_zero_seconds_disable_the_cache(
    make_app: Callable[..., Flask], client_of: ClientOf, book: dict[str, Any]
) -> None:
    client = client_of(make_app(CACHE_DEFAULT_TIMEOUT=0))
    for _ in range(2):
        response = client.get("/books/1")
        assert response.status_code == 200
        assert "hit" not in status(response)


def test_a_hit_expires(
    make_app: Callable[..., Flask], client_of: ClientOf, book: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    client = client_of(make_app(CACHE_DEFAULT_TIMEOUT=3))
    client.get("/books/1")
    assert status(client.get("/books/1")).startswith("catalog; hit; ttl=")
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + 2)
    later = client.get("/books/1")
    assert re.fullmatch(r"catalog; hit; ttl=[01]", status(later))
    assert int(later.headers["Age"]) in (2, 3)
    monkeypatch.setattr(time, "time", lambda: real() + 4)
    assert "hit" not in status(client.get("/books/1"))
