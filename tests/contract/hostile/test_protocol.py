"""HTTP misused, on a real server."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable

import pytest
from flask import Flask
from werkzeug.datastructures import Headers

from tests.support.clients.http import Response
from tests.support.clients.wire import read_responses
from tests.support.servers.gunicorn import Server

from .bad_requests import rows
from .exchanges import EXCHANGES, SMALL, Exchange
from .problems import LEAKS, check_problem

CONTROL = re.compile(r"[\x00-\x20\x7f]")


@pytest.fixture(scope="module")
def server(start_server: Callable[..., Server], hostile_app: Flask, hostile_url: str) -> Server:
    return start_server(hostile_url, MAX_CONTENT_LENGTH=str(SMALL))


def exchange_bytes(server: Server, sent: bytes, *, half_closed: bool = False) -> list[Response]:
    """Send bytes, and read the responses until the server closes the connection."""
    with server.connect(seconds=15) as wire:
        with contextlib.suppress(ConnectionError):
            wire.send(sent)
            if half_closed:
                wire.send_no_more()
        return read_responses(wire.rest())


def check_response(response: Response) -> None:
    check_problem(response.status, Headers(list(response.headers.items())), response.body)


@pytest.mark.usefixtures("nothing_changes")
@pytest.mark.parametrize("exchange", EXCHANGES, ids=lambda exchange: exchange.name)
def test_misused_http_is_refused(server: Server, exchange: Exchange) -> None:
    logged = server.log.stat().st_size
    responses = exchange_bytes(server, exchange.sent, half_closed=exchange.half_closed)
    assert tuple(response.status for response in responses) == exchange.statuses, responses
    if exchange.is_problem:
        check_response(responses[-1])
    if responses and responses[-1].status != 200:
        assert not LEAKS.search(responses[-1].body.decode(errors="replace"))
    assert server.get("/health/live").status == 200
    assert b"Traceback" not in server.log.read_bytes()[logged:]


@pytest.mark.usefixtures("nothing_changes")
def test_a_real_server_refuses_the_whole_table(server: Server) -> None:
    different = []
    for row in rows():
        if len(row.body or b"") > SMALL or row.method in ("CONNECT", "GETS", "BREW") or len(row.target) > 8000:
            continue
        first = f"{row.method} {row.target} HTTP/1.1\r\n".encode("latin-1")
        head = ["Host: x", *(f"{name}: {value}" for name, value in row.headers.items())]
        if row.body is not None:
            head.append(f"Content-Length: {len(row.body)}")
        sent = first + "\r\n".join([*head, "Connection: close", "", ""]).encode() + (row.body or b"")
        response, *_ = exchange_bytes(server, sent)
        if response.status != row.status:
            different.append((row.name, row.status, response.status))
        elif not CONTROL.search(row.target):  # the server itself refuses such a target
            check_response(response)
    assert not different, "\n".join(map(str, different))


@pytest.mark.slow(12)
@pytest.mark.usefixtures("nothing_changes")
def test_a_body_that_is_too_slow_is_a_problem(server: Server) -> None:
    logged = server.log.stat().st_size
    head = b"POST /books HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 50\r\n\r\n"
    with server.connect(head + b'{"title"', seconds=30) as wire:
        response = wire.response()
    assert response.status == 400
    check_response(response)
    assert b"Traceback" not in server.log.read_bytes()[logged:]
