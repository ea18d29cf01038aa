"""Responses of the service, validated by the document."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.features.accounts.credentials.passwords import hash_password
from tests.support.accounts import StoredAccount, add_account, add_token, bearer
from tests.support.application import invalidate_cache
from tests.support.catalogs.examples import AUTHOR, BOOK
from tests.support.databases import empty, execute

from .reader import Reader, Schema, examples_of

UNNORMALIZED_BOOK = BOOK | {"isbn": "0-441-47812-3", "language": "EN-us"}

Call = tuple[str, str, str, dict[str, Any]]

CALLS: list[Call] = [
    # the path of the operation, the method, the path that is requested, further arguments of the request
    ("/", "get", "/", {}),
    ("/docs", "get", "/docs", {}),
    ("/openapi.json", "get", "/openapi.json", {}),
    ("/health/live", "get", "/health/live", {}),
    ("/health/ready", "get", "/health/ready", {}),
    ("/problems", "get", "/problems", {}),
    ("/problems/{slug}", "get", "/problems/not-found", {}),
    ("/problems/{slug}", "get", "/problems/none", {}),
    ("/books", "get", "/books", {}),
    ("/books", "get", "/books", {"headers": {"Authorization": "Bearer wrong"}}),
    ("/docs", "get", "/docs", {"headers": {"Authorization": "Basic YTpi"}}),
    ("/books", "post", "/books", {"json": {"title": "x"}, "headers": {"Cookie": "__Host-catalog=wrong"}}),
    ("/books", "post", "/books", {"json": {"title": "x"}, "headers": {"Origin": "https://evil.example"}}),
    ("/books", "get", "/books?limit=1&total=exact", {}),
    ("/books", "get", "/books?limit=1&offset=1&total=estimated", {}),
    ("/books", "get", "/books?fields=id,authors", {}),
    ("/books", "get", "/books?format=csv&limit=1", {}),
    ("/books", "get", "/books?title=none", {}),
    ("/books", "get", "/books?titel=x&limit=0", {}),
    ("/books", "get", "/books?cursor=damaged", {}),
    ("/books", "get", "/books", {"headers": {"Accept": "text/html"}}),
    ("/books", "get", "/books?title=" + "x" * 4100, {}),
    ("/books", "post", "/books", {"json": {"title": "Another"}}),
    ("/books", "post", "/books", {"json": [{"title": "One"}, {"title": "Two", "authors": [{"id": 1}]}]}),
    ("/books", "post", "/books", {"json": {"page_count": "12", "colour": "red", "authors": [{"id": 999}]}}),
    ("/books", "post", "/books", {"json": {"title": "Again", "isbn": "9780441478125"}}),
    ("/books", "post", "/books", {"json": [{"title": "x"}] * 1001}),
    ("/books", "post", "/books", {"data": "{", "content_type": "application/json"}),
    ("/books", "post", "/books", {"data": "{}", "content_type": "text/plain"}),
    ("/books/{book_id}", "get", "/books/1", {}),
    ("/books/{book_id}", "get", "/books/2", {}),
    ("/books/{book_id}", "get", "/books/1?fields=title", {}),
    ("/books/{book_id}", "get", "/books/1", {"headers": {"If-None-Match": "*"}}),
    ("/books/{book_id}", "get", "/books/999", {}),
    ("/books/{book_id}", "put", "/books/2", {"json": {"title": "Replaced"}}),
    ("/books/{book_id}", "put", "/books/2", {"json": {"title": "Replaced"}, "headers": {"If-Match": '"other"'}}),
    ("/books/{book_id}", "patch", "/books/1", {"json": {"subtitle": None}}),
    ("/books/{book_id}", "patch", "/books/1", {"json": {"title": None}}),
    ("/books/{book_id}", "delete", "/books/1", {}),
    ("/books/{book_id}", "delete", "/books/999", {}),
    ("/books/isbn/{isbn}", "get", "/books/isbn/0441478123", {}),
    ("/books/isbn/{isbn}", "get", "/books/isbn/0441478124", {}),
    ("/books/isbn/{isbn}", "put", "/books/isbn/9780441478125", {"json": {"title": "Replaced"}}),
    ("/books/isbn/{isbn}", "put", "/books/isbn/9780140449136", {"json": {"title": "New"}}),
    ("/authors", "get", "/authors?limit=2", {}),
    ("/authors", "post", "/authors", {"json": {"name": "N"}}),
    ("/authors", "post", "/authors", {"json": [{"name": "N"}, {"name": "M"}]}),
    ("/authors/{author_id}", "get", "/authors/3", {}),
    ("/authors/{author_id}", "get", "/authors/4", {}),
    ("/authors/{author_id}", "put", "/authors/4", {"json": {"name": "M"}}),
    ("/authors/{author_id}", "patch", "/authors/4", {"json": {"birth_date": "-0428"}}),
    ("/authors/{author_id}", "delete", "/authors/4", {}),
    ("/authors/{author_id}/books", "get", "/authors/1/books", {}),
    ("/authors/{author_id}/books", "get", "/authors/999/books", {}),
]

# Headers that a page in a browser may read (CORS) must be documented; others of every response need not be.
DESCRIBED = {
    "ETag",
    "Link",
    "Location",
    "X-Total-Count",
    "X-Request-ID",
    "Cache-Status",
    "Retry-After",
    "Allow",
    "RateLimit",
    "RateLimit-Policy",
    "WWW-Authenticate",
    "Idempotent-Replayed",
}


def named(call: Call) -> str:
    _, method, target, sent = call
    return f"{method} {target} {json.dumps(sent)}"[:90]


@pytest.mark.parametrize("call", CALLS, ids=named)
def test_a_response_matches_its_documentation(
    client: FlaskClient, reader: Reader, add_book: Callable[..., Schema], add_author: Callable[..., Schema], call: Call
) -> None:
    add_book(**UNNORMALIZED_BOOK)
    add_book()
    add_author(**AUTHOR)
    add_author()
    path, method, target, sent = call
    response = client.open(target, method=method.upper(), **sent)

    described = reader.responses(reader.spec["paths"][path][method])
    assert str(response.status_code) in described, response.text
    documented = described[str(response.status_code)]
    if "content" not in documented:
        assert response.data == b""
        assert response.status_code in (204, 304)
    else:
        content = documented["content"][response.mimetype]
        value = response.json if response.mimetype.endswith(("/json", "+json")) else response.text
        assert reader.faults(value, content["schema"]) == []

    headers = documented.get("headers", {})
    assert {name for name in DESCRIBED if name in response.headers} <= set(headers)
    for name in set(headers) & set(response.headers.keys()):
        schema = reader.resolve(headers[name])["schema"]
        text = response.headers[name]
        assert reader.faults(int(text) if schema["type"] == "integer" else text, schema) == []


@pytest.mark.parametrize(("document", "status"), [({"title": "x"}, "201"), ({"title": "y"}, "422")])
def test_a_response_to_a_key_matches_its_documentation(
    client: FlaskClient, reader: Reader, document: Schema, status: str
) -> None:
    headers = {"Idempotency-Key": "8e03978e-40d5-43dd-bc93-6894a57f9324"}
    client.post("/books", json={"title": "x"}, headers=headers)
    response = client.post("/books", json=document, headers=headers)
    assert str(response.status_code) == status
    described = reader.responses(reader.spec["paths"]["/books"]["post"])[status]
    assert reader.faults(response.json, described["content"][response.mimetype]["schema"]) == []
    assert {name for name in DESCRIBED if name in response.headers} <= set(described["headers"])


def test_a_405_response_matches_its_documentation(client: FlaskClient, reader: Reader) -> None:
    response = client.delete("/books")
    assert response.status_code == 405
    assert reader.faults(response.json, {"$ref": "#/components/schemas/Problem"}) == []


def test_schemas_of_writes_accept_a_representation(client: FlaskClient, reader: Reader, add_book: Any) -> None:
    book = client.get(f"/books/{add_book(**UNNORMALIZED_BOOK)['id']}").json
    for schema in ("Book", "PartialBook", "BookReplacement", "BookPatch"):
        assert reader.faults(book, {"$ref": f"#/components/schemas/{schema}"}) == []
    assert reader.faults(book, {"$ref": "#/components/schemas/NewBook"})


# Their tokens in the path are made up, so that the body is valid, and then nothing is there.
ONE_TIME_LINKS = ("/setup/{token}", "/password-resets/{token}")


def test_the_service_accepts_the_example_of_every_body(app: Flask, database_url: str, reader: Reader) -> None:
    refused = {}
    for path, method, operation in reader.operations():
        for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
            for example in examples_of(content):
                empty(database_url)
                admin = add_account(database_url, "admin", "admin@example.com")
                client = ClientWithToken(app, add_token(database_url, admin))
                knows_example(database_url, admin, path)
                invalidate_cache(app)
                books = [{"title": "A book", "authors": [{"name": name}]} for name in "NOP"]
                assert client.send("POST", "/books", books).status_code == 201
                target = path.replace("{account_id}", str(add_account(database_url).id))
                target = re.sub(r"{\w+_id}", "1", target).replace("{isbn}", "9780441478125")
                if path.endswith("/unmerge"):
                    assert client.send("POST", target.replace("unmerge", "merge"), example).status_code == 200
                if path.endswith("/restore"):  # the position of the examples is 17
                    execute(database_url, "SELECT number_changes(); UPDATE change_feed SET last_position = 16")
                    changed = client.send("PATCH", target.removesuffix("/restore"), {"identifiers": {"x": ["1"]}})
                    assert changed.status_code == 200
                response = client.send(method.upper(), target, example, media_type)
                expected = (404,) if path in ONE_TIME_LINKS else (200, 201, 202, 204)
                if response.status_code not in expected:
                    refused[f"{method} {path}"] = response.text
    assert refused == {}


class ClientWithToken:
    """Sends requests with the token of an administrator."""

    def __init__(self, app: Flask, token: str) -> None:
        self.client, self.headers = app.test_client(use_cookies=False), bearer(token)

    def send(self, method: str, target: str, document: Any, media_type: str = "application/json") -> TestResponse:
        """Send a document: a form with files, a file, or else JSON."""
        body: Any = json.dumps(document)
        if media_type == "multipart/form-data":
            body = {name: (io.BytesIO(content.encode()), name) for name, content in document.items()}
        elif isinstance(document, str):
            body = document
        return self.client.open(target, method=method, data=body, content_type=media_type, headers=self.headers)


def knows_example(url: str, account: StoredAccount, path: str) -> None:
    """Give an account what the examples name: a password, where they sign in an e-mail address, and favorites."""
    if path in ("/tokens", "/me/password"):
        hashed = hash_password("four words or more")
        execute(url, "UPDATE accounts SET password_hash = %s WHERE id = %s", hashed, account.id)
    if path == "/tokens":
        email = "ann@example.com"
        execute(url, "UPDATE accounts SET email = %s, email_key = %s WHERE id = %s", email, email, account.id)
    if path.startswith(("/categories/", "/favorites")):
        moods = json.dumps([{"key": "mood", "type": "enum", "values": ["hopeful", "dark"], "required": False}])
        category = "INSERT INTO categories (account_id, name, attributes) VALUES (%s, 'Old', %s)"
        execute(url, category, account.id, moods)
        favorites = "INSERT INTO favorites (account_id, category_id, ranking, title) SELECT %s, 1, n, 'x' FROM "
        execute(url, f"{favorites} generate_series(1, 3) AS n", account.id)
