"""Every JSON body ends with a newline, so that a shell prompt starts a new line."""

from __future__ import annotations

import pytest

REQUESTS = {
    "page": ("GET", "/books", None),
    "record": ("GET", "/books/1", None),
    "created": ("POST", "/books", {"title": "Another"}),
    "batch": ("POST", "/books", [{"title": "One of two"}]),
    "replaced": ("PUT", "/books/1", {"title": "Replaced"}),
    "changed": ("PATCH", "/books/1", {"subtitle": "Changed"}),
    "suggestions": ("GET", "/suggest?q=a", None),
    "facets": ("GET", "/books/facets?fields=language", None),
    "duplicates": ("GET", "/books/duplicates", None),
    "home": ("GET", "/", None),
    "ready": ("GET", "/health/ready", None),
    "document": ("GET", "/openapi.json", None),
    "not found": ("GET", "/books/99", None),
    "validation failed": ("POST", "/books", {}),
}


@pytest.mark.parametrize("request_", REQUESTS.values(), ids=REQUESTS)
def test_the_body_ends_with_one_newline(client, add_book, request_) -> None:
    add_book()
    method, path, document = request_
    body = client.open(path, method=method, json=document).data
    assert body.endswith(b"\n")
    assert not body.endswith(b"\n\n")


def test_an_empty_body_stays_empty(client, add_book) -> None:
    add_book()
    assert client.delete("/books/1").data == b""
