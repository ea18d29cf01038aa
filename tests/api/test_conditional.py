"""Conditional requests, caching, HEAD, request ids and CORS: the headers of every answer."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

Add = Callable[..., dict[str, Any]]

STRONG = re.compile(r'"[!#-~]+"')
PROBLEM = "application/problem+json"
RECORDS = ("/books/1", "/authors/1")
READS = (
    "/books",
    "/books/1",
    "/books/isbn/9780441478125",
    "/authors",
    "/authors/1",
    "/authors/1/books",
    "/books?fields=id",
    "/books/1?fields=title",
    "/books?limit=1&total=exact",
    "/openapi.json",
)


@pytest.fixture
def filled(client: FlaskClient, add_book: Add) -> FlaskClient:
    """A client of a catalog with book 1, by author 1."""
    add_book(title="Dune", isbn="9780441478125", authors=[{"name": "Frank Herbert"}])
    return client


def change(path: str, text: str) -> dict[str, str]:
    return {"title" if "book" in path else "name": text}


# ETag and If-None-Match


@pytest.mark.parametrize("path", READS)
def test_a_read_carries_a_strong_tag_that_stays(filled: FlaskClient, path: str) -> None:
    first, second = filled.get(path), filled.get(path, headers={"Cache-Control": "no-cache"})
    assert STRONG.fullmatch(first.headers["ETag"])
    assert second.headers["ETag"] == first.headers["ETag"]


def matching(tag: str) -> tuple[tuple[str, int], ...]:
    """Values of If-None-Match, and the status that each brings for this tag."""
    return (
        (tag, 304),
        (f"W/{tag}", 304),
        ("*", 304),
        (f'"other", {tag}', 304),
        (f'{tag} , "other"', 304),
        (f'W/"other",W/{tag}', 304),
        (f" {tag} ", 304),
        ('"other"', 200),
        (tag.strip('"'), 200),
        ('""', 200),
        ("", 200),
        (f'"{tag[1:-2]}"', 200),
        (f"w/{tag}", 200),
        (tag.upper().replace('"', "'"), 200),
    )


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("path", READS)
def test_if_none_match_compares_weakly(filled: FlaskClient, path: str, method: str) -> None:
    full = filled.get(path)
    for sent, status in matching(full.headers["ETag"]):
        response = filled.open(path, method=method, headers={"If-None-Match": sent})
        assert response.status_code == status, sent
        assert response.headers["ETag"] == full.headers["ETag"]
        if status == 304:
            assert response.data == b""


@pytest.mark.parametrize("path", READS)
def test_a_304_carries_the_headers_of_the_200(filled: FlaskClient, path: str) -> None:
    full = filled.get(path)
    response = filled.get(path, headers={"If-None-Match": full.headers["ETag"], "X-Request-ID": "mine"})
    assert response.status_code == 304
    for name in (
        "ETag",
        "Cache-Control",
        "Vary",
        "Access-Control-Allow-Origin",
        "Access-Control-Expose-Headers",
        "X-Content-Type-Options",
    ):
        assert response.headers[name] == full.headers[name]
    assert response.headers["X-Request-ID"] == "mine"
    assert "Content-Type" not in response.headers
    assert "Content-Length" not in response.headers


@pytest.mark.parametrize("path", RECORDS)
def test_a_tag_follows_the_content(filled: FlaskClient, path: str) -> None:
    old = filled.get(path).headers["ETag"]
    written = filled.patch(path, json=change(path, "new"))
    assert written.headers["ETag"] != old
    assert filled.get(path, headers={"If-None-Match": old}).status_code == 200
    read = filled.get(path)
    assert read.headers["ETag"] == written.headers["ETag"]
    assert filled.get(path, headers={"If-None-Match": written.headers["ETag"]}).status_code == 304


def test_fewer_fields_have_another_tag(filled: FlaskClient) -> None:
    tags = {
        filled.get(f"/books/1{query}").headers["ETag"]
        for query in ("", "?fields=id", "?fields=title", "?fields=id,title")
    }
    assert len(tags) == 4
    assert (
        filled.get("/books/1?fields=title,id").headers["ETag"] == filled.get("/books/1?fields=id,title").headers["ETag"]
    )
    partial = filled.get("/books/1?fields=id").headers["ETag"]
    assert filled.patch("/books/1", json={}, headers={"If-Match": partial}).status_code == 412


@pytest.mark.parametrize("path", ["/books/99", "/nothing", "/books?x=1"])
def test_an_error_is_never_a_304(filled: FlaskClient, path: str) -> None:
    response = filled.get(path, headers={"If-None-Match": "*"})
    assert response.status_code in (400, 404)
    assert "ETag" not in response.headers


# If-Match


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("path", RECORDS)
def test_if_match_compares_strongly(filled: FlaskClient, path: str, method: str) -> None:
    before = filled.get(path)
    tag = before.headers["ETag"]
    body = {} if method == "DELETE" else {"json": change(path, "new")}
    for sent in (
        f"W/{tag}",
        '"other"',
        tag.strip('"'),
        f'"other", W/{tag}',
        '""',
        "other",
        f"w/{tag}",
        f'"{tag[1:-2]}"',
    ):
        response = filled.open(path, method=method, headers={"If-Match": sent}, **body)
        assert response.status_code == 412, sent
        assert response.headers["Content-Type"] == PROBLEM
        assert response.headers["Cache-Control"] == "no-store"
        assert filled.get(path).data == before.data
    for sent in ("*", f'"other",{tag}', f'{tag}, "other"', tag, f" {tag}"):
        if method == "DELETE" and sent != "*":
            continue
        current = filled.get(path).headers["ETag"]
        response = filled.open(path, method=method, headers={"If-Match": sent.replace(tag, current)}, **body)
        assert response.status_code == (204 if method == "DELETE" else 200), sent


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
@pytest.mark.parametrize("path", RECORDS)
def test_the_second_writer_with_one_tag_gets_412(filled: FlaskClient, path: str, method: str) -> None:
    tag = filled.get(path).headers["ETag"]
    first = filled.open(path, method=method, json=change(path, "first"), headers={"If-Match": tag})
    second = filled.open(path, method=method, json=change(path, "second"), headers={"If-Match": tag})
    assert (first.status_code, second.status_code) == (200, 412)
    assert second.json["errors"][0] | {"detail": ""} == {
        "in": "header",
        "parameter": "If-Match",
        "code": "mismatch",
        "detail": "",
    }
    assert filled.get(path).data == first.data
    assert (
        filled.open(
            path, method=method, json=change(path, "x"), headers={"If-Match": first.headers["ETag"]}
        ).status_code
        == 200
    )


def test_a_delete_with_the_right_tag_deletes(filled: FlaskClient) -> None:
    for path in RECORDS:
        assert filled.delete(path, headers={"If-Match": filled.get(path).headers["ETag"]}).status_code == 204
        assert filled.get(path).status_code == 404


@pytest.mark.parametrize(
    "writes",
    [
        lambda client: client.patch("/authors/1", json={"name": "F. Herbert"}),
        lambda client: client.delete("/authors/1?books=keep"),
    ],
)
def test_a_tag_holds_for_the_contributors_too(filled: FlaskClient, writes: Callable[[FlaskClient], Any]) -> None:
    tag = filled.get("/books/1").headers["ETag"]
    writes(filled)
    assert filled.patch("/books/1", json={"title": "x"}, headers={"If-Match": tag}).status_code == 412


@pytest.mark.parametrize("path", ["/books", "/authors"])
def test_answers_to_writes_carry_the_tag_of_the_record_and_are_not_kept(client: FlaskClient, path: str) -> None:
    answers = [client.post(path, json=change(path, "a"))]
    where = answers[0].headers["Location"]
    answers.append(client.put(where, json=change(path, "b")))
    answers.append(client.patch(where, json=change(path, "c")))
    if path == "/books":
        answers += [client.put("/books/isbn/9780441478125", json={"title": title}) for title in "de"]
    for answer in answers:
        assert STRONG.fullmatch(answer.headers["ETag"])
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Content-Type"] == "application/json"
    assert client.get(where).headers["ETag"] == answers[2].headers["ETag"]
    assert client.post(path, json=[change(path, "x")]).headers["Cache-Control"] == "no-store"
    assert client.delete(where).headers["Cache-Control"] == "no-store"


# Caching


@pytest.mark.parametrize("path", READS)
def test_a_read_may_be_kept_for_a_while_by_shared_caches(filled: FlaskClient, path: str) -> None:
    response = filled.get(path)
    assert response.headers["Cache-Control"] == "public, max-age=0, s-maxage=10"
    assert "Accept" in response.headers["Vary"]


def test_the_time_is_a_setting(make_app: Callable[..., Flask], filled: FlaskClient) -> None:
    client = make_app(CACHE_DEFAULT_TIMEOUT=77).test_client()
    assert client.get("/books/1").headers["Cache-Control"] == "public, max-age=0, s-maxage=77"
    assert re.fullmatch(r"catalog; hit; ttl=7[0-9]", client.get("/books/1").headers["Cache-Status"])


def test_no_reader_sees_what_was_before_an_acknowledged_write(filled: FlaskClient) -> None:
    paths = ("/books", "/books/1", "/books/isbn/9780441478125", "/authors/1/books", "/books?fields=title")
    for number in range(5):
        for path in paths:
            filled.get(path)
        assert filled.patch("/books/1", json={"title": f"Dune {number}"}).status_code == 200
        for path in paths:
            assert f"Dune {number}" in filled.get(path).text


# HEAD and OPTIONS


@pytest.mark.parametrize(
    "path", [*READS, "/", "/problems", "/health/live", "/books/99", "/nothing", "/books?x=1", "/books/"]
)
def test_head_is_get_without_the_body(filled: FlaskClient, path: str) -> None:
    apart = {"X-Request-ID", "Cache-Status", "Age"}
    for headers in ({}, {"Cache-Control": "no-cache"}):
        get, head = filled.get(path, headers=headers), filled.head(path, headers=headers)
        assert head.status_code == get.status_code
        assert head.data == b""
        found = {name: value for name, value in head.headers if name not in apart}
        wanted = {name: value for name, value in get.headers if name not in apart}
        if get.status_code >= 400:  # the body holds the id of its request
            assert found.pop("Content-Length")
            wanted.pop("Content-Length")
        assert found == wanted


@pytest.mark.parametrize(
    ("path", "allowed"),
    [
        ("/books", "GET, HEAD, OPTIONS, POST"),
        ("/books/1", "DELETE, GET, HEAD, OPTIONS, PATCH, PUT"),
        ("/authors/99", "DELETE, GET, HEAD, OPTIONS, PATCH, PUT"),
        ("/books/isbn/9780441478125", "GET, HEAD, OPTIONS, PUT"),
        ("/authors/1/books", "GET, HEAD, OPTIONS"),
        ("/", "GET, HEAD, OPTIONS"),
        ("/health/live", "GET, HEAD, OPTIONS"),
    ],
)
def test_options_tells_the_methods(client: FlaskClient, path: str, allowed: str) -> None:
    response = client.options(path)
    assert (response.status_code, response.data) == (204, b"")
    assert sorted(response.headers["Allow"].split(", ")) == allowed.split(", ")
    assert client.options("/nothing").status_code == 404


# Request ids


@pytest.mark.parametrize("path", ["/books", "/books/1", "/nothing", "/", "/health/live"])
def test_every_answer_carries_the_id_of_its_request(filled: FlaskClient, path: str) -> None:
    for sent in ("a", "A-z_0.9", "x" * 128):
        for method in ("GET", "HEAD", "OPTIONS", "POST"):
            response = filled.open(path, method=method, headers={"X-Request-ID": sent})
            assert response.headers.getlist("X-Request-ID") == [sent]
            if response.status_code >= 400 and method != "HEAD":
                assert response.json["request_id"] == sent
    fresh = [filled.get(path).headers["X-Request-ID"] for _ in range(3)]
    assert len(set(fresh)) == 3
    assert all(re.fullmatch(r"[A-Za-z0-9._-]{1,128}", found) for found in fresh)


@pytest.mark.parametrize("path", [*READS, "/", "/nothing", "/health/live", "/books/99"])
def test_no_browser_guesses_the_type(filled: FlaskClient, path: str) -> None:
    for method in ("GET", "HEAD", "OPTIONS", "DELETE"):
        assert filled.open(path, method=method).headers.getlist("X-Content-Type-Options") == ["nosniff"]


# CORS

EXPOSED = {"ETag", "Link", "Location", "X-Total-Count", "X-Request-ID", "Cache-Status", "Retry-After"}
SHOP, EVIL = "https://shop.example", "https://evil.example"


def answers(client: FlaskClient, **headers: str) -> list[Any]:
    """One answer of each sort: read, kept, unchanged, written, refused."""
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


@pytest.mark.parametrize("origin", [None, SHOP, "null", "http://localhost:5173"])
def test_any_origin_may_read_every_answer(filled: FlaskClient, origin: str | None) -> None:
    found = answers(filled, **({"Origin": origin} if origin else {}))
    assert [answer.status_code for answer in found] == STATUSES
    for answer in found:
        assert answer.headers.getlist("Access-Control-Allow-Origin") == ["*"]
        assert set(answer.headers["Access-Control-Expose-Headers"].split(", ")) == EXPOSED
        assert "Access-Control-Allow-Credentials" not in answer.headers
        assert "Origin" not in answer.headers.get("Vary", "")


METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
ASKED = "accept, cache-control, content-type, if-match, if-none-match, x-request-id"


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
    """A client of an application that two origins may use."""
    listed_app.extensions["catalog.on_commit"]()
    return listed_app.test_client(use_cookies=False)


@pytest.mark.parametrize("origin", [SHOP, "http://localhost:5173"])
def test_an_origin_of_the_list_may_read_every_answer(listed: FlaskClient, origin: str) -> None:
    found = answers(listed, Origin=origin)
    assert [answer.status_code for answer in found] == STATUSES
    for answer in found:
        assert answer.headers.getlist("Access-Control-Allow-Origin") == [origin]
        assert set(answer.headers["Access-Control-Expose-Headers"].split(", ")) == EXPOSED
        assert "Origin" in answer.headers["Vary"]


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
def test_another_origin_may_read_none_but_caches_are_told(listed: FlaskClient, origin: str | None) -> None:
    found = answers(listed, **({"Origin": origin} if origin else {}))
    assert [answer.status_code for answer in found] == STATUSES
    for answer in found:
        assert "Access-Control-Allow-Origin" not in answer.headers
        assert "Origin" in answer.headers["Vary"]


def test_a_list_of_one_varies_too(make_app: Callable[..., Flask], filled: FlaskClient) -> None:
    client = make_app(CORS_ORIGINS=[SHOP]).test_client()
    for origin, allowed in ((SHOP, SHOP), (EVIL, None), (None, None)):
        response = client.get("/books/1", headers={"Origin": origin} if origin else {})
        assert response.headers.get("Access-Control-Allow-Origin") == allowed
        assert "Origin" in response.headers["Vary"]


def test_origins_do_not_share_a_kept_answer(listed: FlaskClient) -> None:
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
def test_a_preflight_of_another_origin_is_refused(listed: FlaskClient, method: str) -> None:
    refused, allowed = preflight(listed, "/books/1", method, EVIL), preflight(listed, "/books/1", method)
    assert refused.status_code in (200, 204)
    assert "Access-Control-Allow-Origin" not in refused.headers
    assert "Access-Control-Allow-Methods" not in refused.headers
    assert "Origin" in refused.headers["Vary"]
    assert allowed.headers["Access-Control-Allow-Origin"] == SHOP
    assert method in allowed.headers["Access-Control-Allow-Methods"]
    assert "Origin" in allowed.headers["Vary"]
