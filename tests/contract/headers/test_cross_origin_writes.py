"""Writes from pages of other origins are refused without a token, and so are their preflights."""

from __future__ import annotations

import pytest

HOST = "localhost:8000"
EVIL, LISTED = "https://evil.example", "https://shop.example"
WRITES = [
    ("POST", "/books"),
    ("PUT", "/books/1"),
    ("PATCH", "/books/1"),
    ("DELETE", "/books/1"),
    ("POST", "/books/1/merge"),
    ("POST", "/books/1/unmerge"),
]
FOREIGN = {
    "another origin": {"Origin": EVIL},
    "a sandboxed page": {"Origin": "null"},
    "another port": {"Origin": "http://books.example:3000"},
    "a name like a loopback address": {"Origin": "http://127.0.0.1.evil.example"},
    "a name that ends like localhost": {"Origin": "http://evillocalhost"},
    "no origin": {"Sec-Fetch-Site": "cross-site"},
    "a damaged origin": {"Origin": "http://[::1"},
}
HARMLESS = {
    "no page": {},
    "its own page": {"Origin": f"http://{HOST}", "Sec-Fetch-Site": "same-origin"},
    "its own page behind TLS": {"Origin": f"https://{HOST}"},
    "a page on localhost": {"Origin": "http://localhost:5173", "Sec-Fetch-Site": "cross-site"},
    "a page on a loopback address": {"Origin": "http://127.0.0.2:3000"},
    "a page on an IPv6 loopback address": {"Origin": "http://[::1]:3000"},
    "a page below localhost": {"Origin": "http://shop.localhost:3000"},
    "typed by the user": {"Sec-Fetch-Site": "none"},
}


def send(client, method, path, headers):
    body = None if method == "DELETE" else {"title": "Changed"}
    return client.open(path, method=method, json=body, headers={"Host": HOST, **headers})


@pytest.mark.parametrize(("method", "path"), WRITES)
@pytest.mark.parametrize("headers", FOREIGN.values(), ids=FOREIGN)
def test_a_foreign_page_cannot_write(client, add_book, method, path, headers):
    add_book(title="Kept")
    response = send(client, method, path, headers)
    assert (response.status_code, response.json["type"]) == (403, "/problems/cross-origin-write")
    assert response.headers["Access-Control-Allow-Origin"] == "*"  # so that the page can read why
    assert client.get("/books?fields=title").json["data"] == [{"title": "Kept"}]


@pytest.mark.parametrize("headers", HARMLESS.values(), ids=HARMLESS)
def test_harmless_requests_write(client, headers):
    assert send(client, "POST", "/books", headers).status_code == 201


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_the_preflight_of_a_foreign_write_is_refused(client, method):
    headers = {"Host": HOST, "Origin": EVIL, "Access-Control-Request-Method": method}
    assert client.options("/books/1", headers=headers).status_code == 403
    announced = {**headers, "Access-Control-Request-Headers": "content-type, authorization"}
    assert client.options("/books/1", headers=announced).status_code == 204


@pytest.mark.parametrize("headers", FOREIGN.values(), ids=FOREIGN)
def test_a_foreign_page_can_read(client, add_book, headers):
    add_book()
    assert client.get("/books/1", headers={"Host": HOST, **headers}).status_code == 200
    preflight = {"Host": HOST, **headers, "Access-Control-Request-Method": "GET"}
    assert client.options("/books/1", headers=preflight).status_code == 204


def test_a_page_of_a_listed_origin_can_write(make_app, empty_catalog):
    empty_catalog()
    client = make_app(CORS_ORIGINS=[LISTED]).test_client()
    assert send(client, "POST", "/books", {"Origin": LISTED}).status_code == 201
    assert send(client, "POST", "/books", {"Origin": EVIL}).status_code == 403


def test_an_unknown_token_does_not_help(client):
    headers = {"Origin": EVIL, "Authorization": "Bearer made-up"}
    assert send(client, "POST", "/books", headers).status_code == 401


def test_the_url_and_the_method_are_judged_first(client):
    assert send(client, "POST", "/nothing", {"Origin": EVIL}).status_code == 404
    assert send(client, "PATCH", "/books", {"Origin": EVIL}).status_code == 405


def test_the_origin_is_judged_before_the_body(client):
    response = client.post("/books", data=b"{", headers={"Host": HOST, "Origin": EVIL})
    assert response.status_code == 403
