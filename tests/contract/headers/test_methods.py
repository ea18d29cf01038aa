"""HEAD and OPTIONS."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from .reads import READS


@pytest.mark.parametrize(
    "path", [*READS, "/", "/problems", "/health/live", "/books/99", "/nothing", "/books?x=1", "/books/"]
)
def test_head_is_get_without_the_body(filled: FlaskClient, path: str) -> None:
    apart = {"X-Request-ID", "Cache-Status", "Age"}
    for headers in ({}, {"Cache-Control": "no-cache"}):
        get, head = filled.get(path, headers=headers), filled.head(path, headers=headers)
        assert head.status_code == get.status_code
        assert head.data == b""
        sent = {name: value for name, value in head.headers if name not in apart}
        wanted = {name: value for name, value in get.headers if name not in apart}
        if get.status_code >= 400:  # the body contains the id of its request
            assert sent.pop("Content-Length")
            wanted.pop("Content-Length")
        assert sent == wanted


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
def test_options_lists_the_methods(client: FlaskClient, path: str, allowed: str) -> None:
    response = client.options(path)
    assert (response.status_code, response.data) == (204, b"")
    assert sorted(response.headers["Allow"].split(", ")) == allowed.split(", ")
    assert client.options("/nothing").status_code == 404
