"""Clients of the response cache, in two variants that must behave alike.

One calls the application; the other calls it like the server, which first looks up the memory of its process.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient


class ServerCalls:
    """Calls the front like the server: first `recall` in an event loop.

    `recalled` counts the responses from there.
    """

    def __init__(self, front: Any) -> None:
        self.front, self.recalled = front, 0

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        response = asyncio.run(self.front.recall(environ))
        self.recalled += response is not None
        response = response or self.front.respond(environ)
        start_response(response.status, response.headers)
        return [response.body]


ClientOf = Callable[[Flask], FlaskClient]


@pytest.fixture(params=["application", "server"])
def client_of(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> ClientOf:
    """Create a client of an application, in both variants."""

    def make(app: Flask) -> FlaskClient:
        if request.param == "server":
            monkeypatch.setattr(app, "wsgi_app", ServerCalls(app.wsgi_app))
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


CACHED = (
    "/books",
    "/books/1",
    "/books/isbn/9780441478125",
    "/books?title=Kept&total=exact",
    "/authors",
    "/authors/1",
    "/authors/1/books",
    "/books/1?fields=id,title",
)
