"""Rate limits, as one client meets them."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from .conftest import ClientOf, status

BOOK = {"title": "A book"}
FREE = {
    "a check of life": ("GET", "/health/live"),
    "a check of readiness": ("GET", "/health/ready"),
    "a preflight": ("OPTIONS", "/books"),
}
COSTS = {
    "a read": ("GET", "/books?limit=3", None, 1),
    "a read by HEAD": ("HEAD", "/books?limit=4", None, 1),
    "an unknown path": ("GET", "/nothing", None, 1),
    "a creation": ("POST", "/books", BOOK, 5),
    "an invalid creation": ("POST", "/books", {"title": 1}, 5),
    "a replacement": ("PUT", "/books/1", BOOK, 5),
    "a patch": ("PATCH", "/books/1", {"subtitle": "x"}, 5),
    "a deletion": ("DELETE", "/books/1", None, 5),
    "a batch of one": ("POST", "/books", [BOOK], 5),
    "a batch of ten": ("POST", "/books", [BOOK] * 10, 10),
    "an invalid batch": ("POST", "/books", [{}] * 10, 10),
    "an empty batch": ("POST", "/books", [], 5),
}


@pytest.fixture
def limited(make_app: Callable[..., Flask], client_of: ClientOf, book: dict[str, Any]) -> Callable[..., FlaskClient]:
    """Create a client of an application with a limit, by default 20 requests a minute."""
    return lambda rate="20/minute", **settings: client_of(make_app(RATE_LIMIT=rate, **settings))


def remaining(client: FlaskClient, address: str = "127.0.0.1") -> int:
    """The requests that were left before this one."""
    response = client.get("/nothing", environ_base={"REMOTE_ADDR": address})
    match = re.fullmatch(r'"default";r=(\d+);t=\d+', response.headers["RateLimit"])
    assert match
    return int(match[1]) + 1 if response.status_code == 404 else 0


@pytest.mark.parametrize("case", COSTS)
def test_a_request_has_its_cost(case: str, limited: Callable[..., FlaskClient]) -> None:
    method, path, document, cost = COSTS[case]
    client = limited()
    client.open(path, method=method, json=document)
    assert remaining(client) == 20 - cost


@pytest.mark.parametrize("case", FREE)
def test_health_and_preflights_are_free(case: str, limited: Callable[..., FlaskClient]) -> None:
    method, path = FREE[case]
    client = limited("1/minute")
    responses = [client.open(path, method=method) for _ in range(3)]
    assert {response.status_code for response in responses} <= {200, 204}
    assert not any("RateLimit" in response.headers for response in responses)


def test_health_is_free_below_a_prefix(limited: Callable[..., FlaskClient]) -> None:
    client = limited("1/minute", URL_PREFIX="/api")
    assert [client.get("/api/health/live").status_code for _ in range(3)] == [200, 200, 200]


def test_hits_of_the_cache_are_free(limited: Callable[..., FlaskClient]) -> None:
    client = limited("2/minute")
    assert client.get("/books/1").status_code == 200
    hits = [client.get("/books/1") for _ in range(5)]
    assert all(status(hit).startswith("catalog; hit") for hit in hits)
    assert remaining(client) == 1
    assert client.get("/books/1").status_code == 200
    assert client.get("/books/2").status_code == 429


def test_a_refusal_says_when_to_try_again(limited: Callable[..., FlaskClient]) -> None:
    client = limited("1/minute")
    client.get("/nothing")
    refused = client.get("/nothing")
    assert (refused.status_code, refused.content_type) == (429, "application/problem+json")
    assert refused.json
    assert refused.json["type"] == "/problems/too-many-requests"
    seconds = int(refused.headers["Retry-After"])
    assert 50 <= seconds <= 60
    assert refused.headers.getlist("RateLimit-Policy") == ['"default";q=1;w=60']
    assert refused.headers.getlist("RateLimit") == [f'"default";r=0;t={seconds}']
    assert refused.headers["Cache-Control"] == "no-store"
    assert refused.json["detail"] == (
        f"This request counts as 1, but 0 of 1 requests in 60 s are left. Try again in {seconds} seconds."
    )


@pytest.mark.parametrize(
    ("method", "path", "document"),
    [("POST", "/books", BOOK), ("DELETE", "/books/1", None), ("GET", "/nothing", None), ("PATCH", "/books/1", [])],
)
def test_a_private_response_says_what_is_left(
    method: str, path: str, document: Any, limited: Callable[..., FlaskClient]
) -> None:
    response = limited().open(path, method=method, json=document)
    assert response.headers.getlist("RateLimit-Policy") == ['"default";q=20;w=60']
    assert re.fullmatch(r'"default";r=(15|19);t=\d+', response.headers["RateLimit"])


@pytest.mark.parametrize("path", ["/books", "/books/1", "/openapi.json", "/", "/books/facets"])
def test_a_shareable_response_does_not_say_what_is_left(path: str, limited: Callable[..., FlaskClient]) -> None:
    client = limited()
    for headers in ({}, {}, {"Cache-Control": "no-cache"}, {"If-None-Match": "*"}):
        response = client.get(path, headers=headers)
        shareable = "public" in response.headers.get("Cache-Control", "")
        assert ("RateLimit" in response.headers) == ("RateLimit-Policy" in response.headers) == (not shareable)


def test_a_refused_batch_costs_nothing(limited: Callable[..., FlaskClient]) -> None:
    client = limited("100/minute")
    client.get("/nothing")
    refused = client.post("/books", json=[BOOK] * 200)
    assert refused.status_code == 429
    assert refused.headers.getlist("RateLimit") == [f'"default";r=99;t={refused.headers["Retry-After"]}']
    assert "counts as 100, but 99 of 100 requests" in (refused.json or {})["detail"]
    assert remaining(client) == 99
    assert client.get("/books?total=exact").json["meta"]["total"] == 1  # type: ignore[index]


def test_the_largest_batch_can_be_sent_in_a_new_window(limited: Callable[..., FlaskClient]) -> None:
    client = limited("10/minute")
    assert client.post("/books", json=[BOOK] * 1000).status_code == 201
    assert client.get("/nothing").status_code == 429


def test_a_write_can_be_sent_whatever_the_limit(limited: Callable[..., FlaskClient]) -> None:
    client = limited("3/minute")
    assert [client.post("/books", json=BOOK).status_code for _ in range(2)] == [201, 429]


@pytest.mark.parametrize(
    ("first", "second", "is_shared"),
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("192.0.2.1", "::ffff:192.0.2.1", True),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
    ],
)
def test_ipv6_neighbours_share_a_limit(
    first: str, second: str, is_shared: bool, limited: Callable[..., FlaskClient]
) -> None:
    client = limited("1/minute")
    client.get("/nothing", environ_base={"REMOTE_ADDR": first})
    assert (remaining(client, second) == 0) == is_shared


def test_nothing_is_limited_by_default_on_loopback(client: FlaskClient) -> None:
    responses = [client.get("/nothing") for _ in range(30)]
    assert {response.status_code for response in responses} == {404}
    assert "RateLimit" not in responses[-1].headers
