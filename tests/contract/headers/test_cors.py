"""CORS: which origins may read which responses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.support.application import invalidate_cache

EXPOSED = {
    "ETag",
    "Link",
    "Location",
    "X-Total-Count",
    "X-Request-ID",
    "Cache-Status",
    "Retry-After",
    "RateLimit",
    "RateLimit-Policy",
    "WWW-Authenticate",
    "Idempotent-Replayed",
    "X-Change-Position",
}

SHOP, EVIL = "https://shop.example", "https://evil.example"


def responses_of_each_kind(client: FlaskClient, **headers: str) -> list[Any]:
    """One response of each kind: read, cached, unchanged, written, refused."""
    tag = client.get("/books/1").headers["ETag"]
    return [
        client.get("/books/1", headers=headers),
        client.get("/books?total=exact", headers=headers | {"Cache-Control": "no-cache"}),
        client.get("/books/1", headers=headers | {"If-None-Match": tag}),
        client.post("/books", json={"title": "x"}, headers=headers),
        client.post("/books", json={}, headers=headers),
        client.put("/books/1", json={"title": "x"}, headers=headers | {"If-Match": '"x"'}),
        client.delete("/books/1", headers=headers),
        client.get("/nothing", headers=headers),
        client.delete("/books", headers=headers),
        client.get("/health/live", headers=headers),
        client.get("/docs", headers=headers),
        client.get("/books?" + "x" * 5000, headers=headers),
        client.head("/books", headers=headers),
    ]


STATUSES = [200, 200, 304, 201, 422, 412, 204, 404, 405, 200, 200, 414, 200]
# Pages of origins that are not listed by name may not write, except those on a loopback address.
FOREIGN_STATUSES = [200, 200, 304, 403, 403, 403, 403, 404, 405, 200, 200, 414, 200]


@pytest.mark.parametrize("origin", [None, SHOP, "null", "http://localhost:5173"])
def test_any_origin_may_read_every_response(filled: FlaskClient, origin: str | None) -> None:
    responses = responses_of_each_kind(filled, **({"Origin": origin} if origin else {}))
    statuses = FOREIGN_STATUSES if origin in (SHOP, "null") else STATUSES
    assert [response.status_code for response in responses] == statuses
    for response in responses:
        assert response.headers.getlist("Access-Control-Allow-Origin") == ["*"]
        assert set(response.headers["Access-Control-Expose-Headers"].split(", ")) == EXPOSED
        assert "Access-Control-Allow-Credentials" not in response.headers
        assert "Origin" not in response.headers.get("Vary", "")


METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")

ASKED = (
    "accept, authorization, cache-control, content-type, idempotency-key, if-match, if-none-match, last-event-id, "
    "prefer, x-change-note, x-request-id"
)


def preflight(client: FlaskClient, path: str, method: str, origin: str = SHOP, headers: str = ASKED) -> Any:
    return client.options(
        path,
        headers={
            "Origin": origin,
            "Access-Control-Request-Method": method,
            "Access-Control-Request-Headers": headers,
        },
    )


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    "path", ["/books", "/books/", "/books/1", "/authors/1", "/books/isbn/9780441478125", "/authors/1/books"]
)
def test_a_preflight_allows_every_method_and_header_for_an_hour(client: FlaskClient, path: str, method: str) -> None:
    response = preflight(client, path, method)
    assert response.status_code in (200, 204)
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert method in response.headers["Access-Control-Allow-Methods"].split(", ")
    allowed = {name.strip().lower() for name in response.headers["Access-Control-Allow-Headers"].split(",")}
    assert set(ASKED.split(", ")) <= allowed
    assert response.headers["Access-Control-Max-Age"] == "3600"


@pytest.fixture(scope="module")
def listed_app(make_app: Callable[..., Flask]) -> Flask:
    return make_app(CORS_ORIGINS=[SHOP, "http://localhost:5173"])


@pytest.fixture
def listed(listed_app: Flask, filled: FlaskClient) -> FlaskClient:
    """A client of an application that lists two origins."""
    invalidate_cache(listed_app)
    return listed_app.test_client(use_cookies=False)


@pytest.mark.parametrize("origin", [SHOP, "http://localhost:5173"])
def test_a_listed_origin_may_read_every_response(listed: FlaskClient, origin: str) -> None:
    responses = responses_of_each_kind(listed, Origin=origin)
    assert [response.status_code for response in responses] == STATUSES
    for response in responses:
        assert response.headers.getlist("Access-Control-Allow-Origin") == [origin]
        assert set(response.headers["Access-Control-Expose-Headers"].split(", ")) == EXPOSED
        assert "Origin" in response.headers["Vary"]


@pytest.mark.parametrize(
    "origin",
    [
        None,
        EVIL,
        "null",
        "*",
        SHOP + ".evil.example",
        "http://shop.example",
        SHOP + ":8443",
        "https://shopxexample",
        "xhttps://shop.example",
    ],
)
def test_an_unlisted_origin_may_read_no_response(listed: FlaskClient, origin: str | None) -> None:
    responses = responses_of_each_kind(listed, **({"Origin": origin} if origin else {}))
    assert [response.status_code for response in responses] == (FOREIGN_STATUSES if origin else STATUSES)
    for response in responses:
        assert "Access-Control-Allow-Origin" not in response.headers
        assert "Origin" in response.headers["Vary"]


def test_a_single_listed_origin_varies_too(make_app: Callable[..., Flask], filled: FlaskClient) -> None:
    client = make_app(CORS_ORIGINS=[SHOP]).test_client()
    for origin, allowed in ((SHOP, SHOP), (EVIL, None), (None, None)):
        response = client.get("/books/1", headers={"Origin": origin} if origin else {})
        assert response.headers.get("Access-Control-Allow-Origin") == allowed
        assert "Origin" in response.headers["Vary"]


def test_origins_do_not_share_cors_headers_of_a_hit(listed: FlaskClient) -> None:
    for origin, allowed in (
        (SHOP, SHOP),
        (EVIL, None),
        ("http://localhost:5173", "http://localhost:5173"),
        (SHOP, SHOP),
    ):
        response = listed.get("/books", headers={"Origin": origin})
        assert response.headers.get("Access-Control-Allow-Origin") == allowed
    assert "hit" in response.headers["Cache-Status"]


@pytest.mark.parametrize("method", METHODS)
def test_a_preflight_of_an_unlisted_origin_is_refused(listed: FlaskClient, method: str) -> None:
    refused, allowed = preflight(listed, "/books/1", method, EVIL), preflight(listed, "/books/1", method)
    assert refused.status_code in (200, 204)
    assert "Access-Control-Allow-Origin" not in refused.headers
    assert "Access-Control-Allow-Methods" not in refused.headers
    assert "Origin" in refused.headers["Vary"]
    assert allowed.headers["Access-Control-Allow-Origin"] == SHOP
    assert method in allowed.headers["Access-Control-Allow-Methods"]
    assert "Origin" in allowed.headers["Vary"]
