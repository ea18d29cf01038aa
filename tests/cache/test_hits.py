"""What a hit is, what differs by client on it, and what is never kept.

Each test runs in two ways that must not differ: asking the application, and as the server's worker does: first what it
has at hand, and where that is nothing the application.
"""

from __future__ import annotations

import itertools
import re
import time
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from extensions.cache import ResponseCache


class AsTheWorkerAsks:
    """A WSGI application that asks another one for what it has at hand first; `given` counts what was."""

    def __init__(self, inner: Any) -> None:
        self.inner, self.given, self.moments = inner, 0, itertools.count()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        environ["server.moment"] = next(self.moments)
        chunks = self.inner.at_hand(environ, start_response)
        self.given += chunks is not None
        return self.inner(environ, start_response) if chunks is None else chunks


ClientOf = Callable[[Flask], FlaskClient]


@pytest.fixture(params=["application", "worker"])
def client_of(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> ClientOf:
    """A client of an application, in both ways."""

    def make(app: Flask) -> FlaskClient:
        if request.param == "worker":
            monkeypatch.setattr(app, "wsgi_app", AsTheWorkerAsks(app.wsgi_app))
        return app.test_client(use_cookies=False)

    return make


@pytest.fixture
def client(app: Flask, client_of: ClientOf) -> FlaskClient:
    return client_of(app)


@pytest.fixture
def book(add_book: Callable[..., dict[str, Any]]) -> dict[str, Any]:
    return add_book(title="Kept", isbn="9780441478125", authors=[{"name": "The Author"}])


def status(response: Any) -> str:
    return str(response.headers.get("Cache-Status", ""))


KEPT = (
    "/books",
    "/books/1",
    "/books/isbn/9780441478125",
    "/books?title=Kept&total=exact",
    "/authors",
    "/authors/1",
    "/authors/1/books",
    "/books/1?fields=id,title",
)


@pytest.mark.parametrize("path", [*KEPT, "/openapi.json"])
def test_the_second_answer_is_a_hit_and_the_same(path: str, client: FlaskClient, book: dict[str, Any]) -> None:
    first, second = client.get(path), client.get(path)
    assert re.fullmatch(r"catalog; fwd=uri-miss; stored", status(first))
    assert "Age" not in first.headers
    match = re.fullmatch(r"catalog; hit; ttl=(\d+)", status(second))
    assert match
    assert 0 <= int(match[1]) <= 10
    assert 0 <= int(second.headers["Age"]) <= 10
    assert second.data == first.data
    differs = {"Age", "Cache-Status", "X-Request-ID", "Date"}
    headers = [{name: value for name, value in response.headers if name not in differs} for response in (first, second)]
    assert headers[0] == headers[1]


@pytest.mark.parametrize("path", [*KEPT, "/openapi.json"])
def test_a_hit_is_at_hand_and_asks_the_database_nothing(
    path: str, app: Flask, client: FlaskClient, book: dict[str, Any], statements: list[str]
) -> None:
    client.get(path)
    statements.clear()
    asked = app.wsgi_app
    before = getattr(asked, "given", 0)
    for number, headers in enumerate(({}, {"If-None-Match": "*"}, {"Origin": "https://a.example"}), start=1):
        for method in ("GET", "HEAD"):
            assert status(client.open(path, method=method, headers=headers)).startswith("catalog; hit")
        if isinstance(asked, AsTheWorkerAsks):
            assert asked.given == before + 2 * number
    assert statements == []


@pytest.mark.parametrize(
    ("method", "path", "headers", "expected"),
    [
        ("GET", "/books/1?x=" + "y" * 4096, {}, 414),
        ("GET", "/books/1", {"Accept": "text/html"}, 406),
        ("POST", "/books/1", {}, 405),
        ("OPTIONS", "/books/1", {}, 204),
        ("GET", "/books/1", {"Authorization": "a"}, 200),
        ("GET", "/books/1", {"Cookie": "a=b"}, 200),
        ("GET", "/books/1", {"Cache-Control": "no-cache"}, 200),
        ("GET", "/books/1", {"Cache-Control": "max-age=0"}, 200),
    ],
)
def test_what_is_no_hit_is_not_at_hand(
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
    before = getattr(app.wsgi_app, "given", 0)
    response = client.open(path, method=method, headers=headers)
    assert response.status_code == expected
    assert "hit" not in status(response)
    assert getattr(app.wsgi_app, "given", 0) == before


def test_a_host_that_is_not_trusted_gets_no_hit(
    make_app: Callable[..., Flask], client_of: ClientOf, book: dict[str, Any]
) -> None:
    client = client_of(make_app(TRUSTED_HOSTS=["catalog.example"]))
    answers = [
        client.get("/books/1", headers={"Host": host})
        for host in ("catalog.example", "CATALOG.example:80", "evil.example", "catalog.example")
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 400, 200]
    assert ["hit" in status(answer) for answer in answers] == [False, True, False, True]


ALIKE = {
    "a slash at the end": ("/books", "/books/"),
    "a slash before the query": ("/books?limit=2", "/books/?limit=2"),
    "the order of parameters": ("/books?limit=2&title=Kept", "/books?title=Kept&limit=2"),
    "a record with a slash": ("/books/1", "/books/1/"),
}


@pytest.mark.parametrize("case", ALIKE)
def test_requests_that_mean_the_same_get_the_same_answer(case: str, client: FlaskClient, book: dict[str, Any]) -> None:
    one, other = ALIKE[case]
    fresh = client.get(other, headers={"Cache-Control": "no-cache"})
    client.get(one)
    shared = client.get(other)
    assert status(shared).startswith("catalog; hit")
    assert shared.json == fresh.json
    assert shared.headers["ETag"] == fresh.headers["ETag"]
    assert shared.headers.get("Link") == fresh.headers.get("Link")


UNLIKE = (
    ("/books?id=1&id=2", "/books?id=2"),
    ("/books?title=a%26limit=2", "/books?title=a&limit=2"),
    ("/books?sort=title", "/books?sort=-title"),
    ("/books/1", "/books/1?fields=id"),
    ("/books", "/authors"),
    ("/books?title=Kept", "/books?title=kept"),
    ("/books/1%3Ffields=id", "/books/1?fields=id"),
)


@pytest.mark.parametrize(("one", "other"), UNLIKE)
def test_requests_that_differ_share_nothing(one: str, other: str, client: FlaskClient, book: dict[str, Any]) -> None:
    client.get(one)
    assert "hit" not in status(client.get(other))


def test_head_is_a_hit_of_get_without_its_body(client: FlaskClient, book: dict[str, Any]) -> None:
    got = client.get("/books/1")
    head = client.head("/books/1")
    assert status(head).startswith("catalog; hit")
    assert head.data == b""
    assert head.headers["Content-Length"] == got.headers["Content-Length"]
    assert head.headers["ETag"] == got.headers["ETag"]


def test_what_head_stored_has_its_body_for_get(client: FlaskClient, book: dict[str, Any]) -> None:
    assert client.head("/books/1").data == b""
    got = client.get("/books/1")
    assert status(got).startswith("catalog; hit")
    assert got.json == book


def test_a_hit_that_the_client_has_is_304(client: FlaskClient, book: dict[str, Any]) -> None:
    tag = client.get("/books/1").headers["ETag"]
    again = client.get("/books/1", headers={"If-None-Match": tag})
    assert (again.status_code, again.data) == (304, b"")
    assert status(again).startswith("catalog; hit")
    assert client.get("/books/1", headers={"If-None-Match": '"other"'}).status_code == 200


@pytest.mark.parametrize("header", ["Authorization", "Cookie"])
def test_a_request_that_names_its_sender_bypasses_the_cache(
    header: str, client: FlaskClient, book: dict[str, Any]
) -> None:
    client.get("/books/1")
    for _ in range(2):
        assert "hit" not in status(client.get("/books/1", headers={header: "secret"}))
    client.get("/books", headers={header: "secret"})
    assert "hit" not in status(client.get("/books"))  # nor is what it got kept for others


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
def test_a_word_that_only_looks_like_no_cache_is_none(control: str, client: FlaskClient, book: dict[str, Any]) -> None:
    client.get("/books/1")
    assert status(client.get("/books/1", headers={"Cache-Control": control})).startswith("catalog; hit")


@pytest.mark.parametrize("control", ["no-store", "max-stale, No-Store"])
def test_the_cache_is_not_even_asked_for_what_it_may_not_keep(
    control: str, client: FlaskClient, book: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ResponseCache, "lookup", lambda cache, key: pytest.fail("it was asked"))
    assert status(client.get("/books/1", headers={"Cache-Control": control})) == "catalog; fwd=request"


@pytest.mark.parametrize("accept", ["application/json", "*/*", "application/*;q=0.1", "", "text/html, */*;q=0.1"])
def test_whoever_takes_json_gets_the_hit(accept: str, client: FlaskClient, book: dict[str, Any]) -> None:
    client.get("/books/1")
    assert status(client.get("/books/1", headers={"Accept": accept})).startswith("catalog; hit")


@pytest.mark.parametrize("accept", ["text/html", "application/json;q=0", "application/xml, text/*"])
def test_whoever_takes_no_json_gets_406_also_where_there_is_a_hit(
    accept: str, client: FlaskClient, book: dict[str, Any]
) -> None:
    client.get("/books/1")
    assert client.get("/books/1", headers={"Accept": accept}).status_code == 406
    assert status(client.get("/books/1")).startswith("catalog; hit")


def test_each_request_has_its_own_id_on_a_hit(client: FlaskClient, book: dict[str, Any]) -> None:
    client.get("/books/1", headers={"X-Request-ID": "first"})
    assert client.get("/books/1", headers={"X-Request-ID": "second"}).headers["X-Request-ID"] == "second"
    fresh = {client.get("/books/1").headers["X-Request-ID"] for _ in range(3)}
    assert len(fresh) == 3
    assert not fresh & {"first", "second"}


def test_the_origin_of_a_hit_is_the_one_that_asked(
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
def test_an_error_is_never_kept(path: str, client: FlaskClient, book: dict[str, Any]) -> None:
    for _ in range(2):
        response = client.get(path)
        assert response.status_code >= 400
        assert response.headers["Cache-Control"] == "no-store"
        assert "hit" not in status(response)
        assert "stored" not in status(response)


def test_what_is_not_json_is_never_kept(client: FlaskClient) -> None:
    for _ in range(2):
        response = client.get("/docs")
        assert response.status_code == 200
        assert "hit" not in status(response)


@pytest.mark.parametrize("path", ["/health/live", "/health/ready"])
def test_health_is_never_kept(path: str, client: FlaskClient) -> None:
    for _ in range(2):
        response = client.get(path)
        assert response.headers["Cache-Control"] == "no-store"
        assert "hit" not in status(response)


WRITES: tuple[tuple[str, str, Any, int], ...] = (
    ("POST", "/books", {"title": "New"}, 201),
    ("PATCH", "/books/1", {"subtitle": "New"}, 200),
    ("PUT", "/books/1", {"title": "New"}, 200),
    ("DELETE", "/books/1", None, 204),
    ("PATCH", "/authors/1", {"name": "New"}, 200),
    ("DELETE", "/authors/1?books=keep", None, 204),
)


@pytest.mark.parametrize(("method", "path", "document", "expected"), WRITES)
def test_no_hit_outlives_a_write(
    method: str, path: str, document: Any, expected: int, client: FlaskClient, book: dict[str, Any]
) -> None:
    for kept in KEPT:
        client.get(kept)
        assert status(client.get(kept)).startswith("catalog; hit")
    written = client.open(path, method=method, json=document)
    assert written.status_code == expected
    assert written.headers["Cache-Control"] == "no-store"
    for kept in KEPT:
        assert "hit" not in status(client.get(kept))


def test_a_cache_of_no_seconds_is_none(
    make_app: Callable[..., Flask], client_of: ClientOf, book: dict[str, Any]
) -> None:
    client = client_of(make_app(CACHE_DEFAULT_TIMEOUT=0))
    for _ in range(2):
        response = client.get("/books/1")
        assert response.status_code == 200
        assert "hit" not in status(response)


def test_an_answer_that_was_kept_too_long_is_asked_for_again(
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
