"""``POST /ops/profile`` of a real server."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask

from tests.support.accounts import StoredAccount, add_account, add_token, bearer
from tests.support.servers.gunicorn import Server
from tests.support.waiting import until


@pytest.fixture(scope="module")
def server(start_server: Callable[..., Server], new_database: Callable[[str], str]) -> Server:
    """A server of one worker. Its requests are those of an administrator."""
    url = new_database("profiles")
    server = start_server(url, WEB_CONCURRENCY="1", CACHE_DEFAULT_TIMEOUT="0")
    server.default_headers = bearer(add_token(url, add_account(url, "admin")))
    return server


def test_a_profile_shows_the_requests_of_the_worker(server: Server) -> None:
    profiles = []
    profiling = threading.Thread(target=lambda: profiles.append(server.request("POST", "/ops/profile", {"seconds": 1})))
    profiling.start()
    while profiling.is_alive():
        assert server.get("/books?q=zanzibar").status == 200
    document = json.loads(profiles[0].body)
    (worker,) = server.workers()
    assert document["name"] == f"Worker {worker}, 1 s"
    names = {frame["name"] for frame in document["shared"]["frames"]}
    assert {"requests", "fetch"} <= names
    assert "_Inbox.get" not in names


def test_a_profile_is_a_page_for_browsers(server: Server) -> None:
    response = server.request("POST", "/ops/profile", {"seconds": 1}, Accept="text/html")
    assert response.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in response.headers["content-security-policy"]
    assert b"<svg" in response.body


def test_a_worker_takes_one_profile_at_a_time(server: Server) -> None:
    with ThreadPoolExecutor() as threads:
        responses = threads.map(lambda _: server.request("POST", "/ops/profile", {"seconds": 2}), range(3))
    assert sorted(response.status for response in responses) == [200, 409, 409]
    assert server.request("POST", "/ops/profile", {"seconds": 1}).status == 200


def test_a_client_that_disconnects_leaves_the_worker_ready(server: Server) -> None:
    body = b'{"seconds": 5}'
    head = f"POST /ops/profile HTTP/1.1\r\nHost: x\r\nAuthorization: {server.default_headers['Authorization']}\r\n"
    wire = server.connect(
        f"{head}Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body
    )
    until(lambda: server.request("POST", "/ops/profile", {"seconds": 1}).status == 409)
    wire.close()
    until(lambda: server.request("POST", "/ops/profile", {"seconds": 1}).status == 200)


@pytest.mark.parametrize(
    ("document", "status"),
    [
        pytest.param({"seconds": 0}, 422, id="no time"),
        pytest.param({"seconds": 31}, 422, id="too long"),
        pytest.param({"seconds": 10**30}, 422, id="an eternity"),
        pytest.param({"seconds": 1.5}, 422, id="a fraction"),
        pytest.param({"seconds": "5"}, 422, id="a text"),
        pytest.param({"seconds": True}, 422, id="a boolean"),
        pytest.param({"second": 5}, 422, id="an unknown member"),
        pytest.param([5], 422, id="a list"),
    ],
)
def test_an_invalid_body_is_refused(
    app: Flask,
    account: Callable[..., StoredAccount],
    headers_of: Callable[..., dict[str, str]],
    document: object,
    status: int,
) -> None:
    response = app.test_client().post("/ops/profile", json=document, headers=headers_of(account("admin")))
    assert response.status_code == status, response.text
