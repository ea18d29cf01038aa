"""Headers that are odd, and those that could do harm."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from flask import Flask

from app.config import from_environment
from tests.contract.hostile.bad_requests import (
    JSON,
    Row,
)
from tests.contract.hostile.problems import check_problem, send_row


@pytest.mark.usefixtures("nothing_changes")
@pytest.mark.parametrize(
    "accept",
    [
        "*/*",
        "application/*",
        JSON,
        "application/json;charset=utf-8",
        "APPLICATION/JSON",
        "text/html, */*;q=0.1",
        "",
        "application/json;q=0.001",
        "text/html;q=0, application/json",
        "*/*;q=0, application/json",
    ],
)
def test_every_accept_header_that_includes_json_is_accepted(hostile_app: Flask, accept: str) -> None:
    response = send_row(hostile_app, Row("", "GET", "/books/1", 200, None, {"Accept": accept}))
    assert response.status_code == 200
    assert response.headers["Content-Type"] == JSON


@pytest.mark.usefixtures("nothing_changes")
@pytest.mark.parametrize(
    "headers",
    [
        {"Range": "bytes=0-1"},
        {"Cookie": "session=1"},
        {"X-Forwarded-For": "x" * 1000},
        {"If-None-Match": "é"},
        {"If-None-Match": '"' + "x" * 5000},
        {"If-Modified-Since": "yesterday"},
        {"Cache-Control": "max-age=9999999999999999999999"},
        {"Origin": "null"},
        {"Origin": "x\ty"},
        {"Accept-Encoding": "gzip;q=x"},
        {"Accept-Language": "*" * 1000},
        {"If-Match": '"0123"'},
        {"Content-Length": "0"},
    ],
)
def test_odd_headers_of_a_read_do_no_harm(hostile_app: Flask, headers: dict[str, str]) -> None:
    response = send_row(hostile_app, Row("", "GET", "/books/1", 200, None, headers))
    assert response.status_code == 200
    assert json.loads(response.data)["id"] == 1


@pytest.mark.parametrize("sent", ["", "a b", "x" * 129, "a\tb", "ä", "a/b", "a,b", "<x>", "%0d%0a", "١"])
def test_a_harmful_request_id_is_replaced(hostile_app: Flask, sent: str) -> None:
    # WSGI decodes the bytes of headers as Latin-1.
    headers = {"X-Request-ID": sent.encode().decode("latin-1")}
    response = send_row(hostile_app, Row("", "GET", "/nothing", 404, None, headers))
    document = check_problem(404, response.headers, response.data)
    assert document["request_id"] not in (sent, headers["X-Request-ID"])


def test_an_untrusted_host_is_refused(make_app: Callable[..., Flask], hostile_url: str) -> None:
    app = make_app(DATABASE_URL=hostile_url, TRUSTED_HOSTS=["catalog.example", ".books.example"])
    for host, status in (
        ("catalog.example", 200),
        ("CATALOG.example:8000", 200),
        ("a.books.example", 200),
        ("evil.example", 400),
        ("catalog.example.evil.example", 400),
        ("catalog.example@evil.example", 400),
        ("", 400),
    ):
        response = send_row(app, Row("", "GET", "/health/live", status, None, {"Host": host}))
        assert response.status_code == status, host


@pytest.mark.parametrize(
    "host", ["a b", "a,b", "user@host", "host:port", "host:80:80", "a/b", "[::1", "host:999999", "<x>"]
)
def test_a_malformed_host_is_refused(hostile_app: Flask, host: str) -> None:
    response = send_row(hostile_app, Row("", "GET", "/books/1", 400, None, {"Host": host}))
    document = check_problem(400, response.headers, response.data)
    assert document["errors"][0]["parameter"] == "Host"


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8000", "127.0.0.1:80", "[::1]:8000", "a_b.example", "a.b.c."])
def test_a_well_formed_host_is_served(hostile_app: Flask, host: str) -> None:
    assert send_row(hostile_app, Row("", "GET", "/books/1", 200, None, {"Host": host})).status_code == 200


def test_only_loopback_names_are_served_by_default(make_app: Callable[..., Flask], hostile_url: str) -> None:
    app = make_app(DATABASE_URL=hostile_url, TRUSTED_HOSTS=from_environment({})["TRUSTED_HOSTS"])
    for host, status in (("localhost:8000", 200), ("127.0.0.1", 200), ("[::1]:8000", 200), ("rebound.example", 400)):
        response = send_row(app, Row("", "GET", "/health/live", status, None, {"Host": host}))
        assert response.status_code == status, host
