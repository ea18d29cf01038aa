"""Each request has one line, as text or as JSON."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from app.http.middleware.log.access import AccessLog
from app.http.middleware.log.secrets import PersonalPaths
from app.http.middleware.request_record import RequestRecord
from app.http.wsgi import REQUEST_ID
from tests.app.http.middleware.log.conftest import LinesOf, parsed

SECRET = "cat_s_0kFJ3jX1bZq8Vw2YtR7nM5pL9sD4gH6cA0eU3iO1xK8vB2yQmN7zPw"
TRACE, PARENT = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
CALLED = {"traceparent": f"00-{TRACE}-{PARENT}-01", "X-Request-ID": "mine"}


def test_a_line_of_text_names_the_request(app: Flask, client: FlaskClient, lines_of: LinesOf) -> None:
    lines = lines_of("text")
    client.get("/books?limit=1", headers={"X-Request-ID": "mine"})
    pattern = (
        r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} INFO catalog\.access GET /books\?limit=1 200 \d+\.\dms "
        r"catalog; fwd=uri-miss; stored id=mine\n"
    )
    assert len(lines) == 1
    assert re.fullmatch(pattern, lines[0])


def test_a_line_of_json_has_the_fields_of_ecs(app: Flask, client: FlaskClient, lines_of: LinesOf) -> None:
    lines = lines_of("json")
    client.get("/books?limit=1", headers=CALLED)
    line = parsed(lines)[0]
    assert datetime.fromisoformat(line.pop("@timestamp")).tzinfo is not None
    assert line.pop("event.duration") > line.pop("catalog.database.duration") > 0
    assert line.pop("catalog.waiting.duration") > 0
    assert re.fullmatch("[0-9a-f]{16}", line.pop("span.id"))
    assert line == {
        "log.level": "info",
        "message": "GET /books",
        "ecs.version": "8.17.0",
        "log.logger": "catalog.access",
        "http.request.method": "GET",
        "url.path": "/books",
        "url.query": "limit=1",
        "http.request.id": "mine",
        "http.response.status_code": 200,
        "http.response.body.bytes": line["http.response.body.bytes"],
        "trace.id": TRACE,
        "catalog.cache": "miss",
        "catalog.route": "/books",
        "catalog.database.statements": 1,
    }


def test_a_hit_has_its_route_and_trace(app: Flask, client: FlaskClient, lines_of: LinesOf) -> None:
    lines = lines_of("json")
    for _ in range(2):
        client.get("/books", headers=CALLED)
    miss, hit = parsed(lines)
    assert (hit["catalog.cache"], hit["catalog.route"], hit["trace.id"]) == ("hit", "/books", TRACE)
    assert hit["span.id"] != miss["span.id"]


def test_a_request_without_a_trace_begins_one(app: Flask, client: FlaskClient, lines_of: LinesOf) -> None:
    lines = lines_of("json")
    for _ in range(2):
        client.get("/books")
    first, second = (line["trace.id"] for line in parsed(lines))
    assert re.fullmatch("[0-9a-f]{32}", first)
    assert first != second


@pytest.mark.parametrize("log_format", ["text", "json"])
@pytest.mark.parametrize(
    ("path", "headers"),
    [
        (f"/books?q={SECRET}", {}),
        (f"/me/{SECRET}", {}),
        ("/books?q=x", {"X-Request-ID": SECRET}),
        (f"/{SECRET}", {}),
    ],
    ids=["query", "personal path", "request id", "path"],
)
def test_a_line_shows_no_token(
    client: FlaskClient, lines_of: LinesOf, log_format: str, path: str, headers: dict[str, str]
) -> None:
    lines = lines_of(log_format)
    client.get(path, headers=headers)
    assert len(lines) == 1
    assert SECRET not in lines[0]
    assert "[secret]" in lines[0]


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_a_line_shows_no_address(client: FlaskClient, lines_of: LinesOf, log_format: str) -> None:
    lines = lines_of(log_format)
    client.get("/books?q=ann%40example.com&title=x")
    assert "example.com" not in lines[0]
    assert "q=[e-mail]&title=x" in lines[0]


def test_healthy_checks_have_no_line(client: FlaskClient, lines_of: LinesOf) -> None:
    lines = lines_of("json")
    client.get("/health/live")
    assert lines == []


_bytes = st.text(st.characters(max_codepoint=255), max_size=600)


@given(_bytes, _bytes, st.text(max_size=30), st.sampled_from(["", "/api", '/"']))
def test_every_request_is_a_line_of_valid_json(path: str, query: str, method: str, prefix: str) -> None:
    lines: list[str] = []
    log = AccessLog(PersonalPaths(frozenset({"me"}), frozenset({"me", "books"})), "json", lines.append)
    environ: dict[str, Any] = {
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "SCRIPT_NAME": prefix,
        REQUEST_ID: "a-b_c.1",
        "HTTP_TRACEPARENT": query,
    }
    log(RequestRecord(environ, method, 1.0, "404 Not Found", "", "catalog; fwd=bypass"))
    assert lines[0].count("\n") == 1
    line = json.loads(lines[0])
    assert line["http.response.status_code"] == 404
    lines[0].encode()  # no lone surrogate
