"""Followers without a server, and a server with a database of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from app.features.history.stream import follower
from app.features.history.stream.reader import FOLLOWING
from tests.support.servers.gunicorn import Server
from tests.support.waiting import until

from .event_streams import ACCEPT, Block, lines_of, parsed


@pytest.fixture
def following(app: Flask) -> Iterator[Any]:
    """What counts the followers of the application; it must have none at the end."""
    yield app.extensions[FOLLOWING]
    until(lambda: app.extensions[FOLLOWING].number == 0)
    until(lambda: all(thread.name != "changes" for thread in threading.enumerate()))


@pytest.fixture
def follow(client: FlaskClient, following: Any, short_intervals: None) -> Iterator[Callable[..., Iterator[Block]]]:
    """Follow without a server; give the blocks that come after the first one."""
    responses: list[TestResponse] = []

    def open_stream(query: str = "", **headers: str) -> Iterator[Block]:
        sent = {**ACCEPT, **{name.replace("_", "-"): value for name, value in headers.items()}}
        response = client.get(f"/changes{query}", headers=sent, buffered=False)
        responses.append(response)
        assert response.status_code == 200, response.text
        blocks = parsed(lines_of(response.iter_encoded()))
        next(blocks)
        return blocks

    yield open_stream
    for response in responses:
        response.close()


@pytest.fixture
def short_intervals(monkeypatch: pytest.MonkeyPatch) -> None:
    """Send a comment often."""
    monkeypatch.setattr(follower, "COMMENT_SECONDS", 0.2)


@pytest.fixture(scope="module")
def url(new_database: Callable[[str], str]) -> str:
    return new_database("following")


@pytest.fixture(scope="module")
def server(start_server: Callable[..., Server], url: str) -> Server:
    return start_server(url, WEB_CONCURRENCY="1", ANONYMOUS="editor")
