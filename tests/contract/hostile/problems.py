"""Requests as bytes, and what every problem must look like."""

from __future__ import annotations

import io
import json
import re
from typing import Any
from urllib.parse import unquote_to_bytes

from flask import Flask
from werkzeug.test import EnvironBuilder, TestResponse, run_wsgi_app
from werkzeug.wrappers import Request

from app.http.problems import CODES, every_problem

from .bad_requests import (
    Row,
)

MEMBERS = ["type", "title", "status", "detail", "instance", "request_id", "errors"]

# Words of drivers, databases and interpreters, which no response may contain.
LEAKS = re.compile(
    r"psycopg|sqlalchemy|werkzeug|flask|gunicorn|traceback|file \"|\.py\", line|sqlstate|violates|syntax error at|"
    r"select |insert into|update books|delete from|uq_|fk_|ck_|pk_|relation \"|constraint \"|line 1:|python|"
    r"object at 0x",
    re.IGNORECASE,
)


def send_row(app: Flask, row: Row) -> TestResponse:
    """Send a request unchanged, because the test client would normalize it."""
    path, _, query = row.target.partition("?")
    headers = {name: value for name, value in row.headers.items() if name != "Content-Type"}
    environ = EnvironBuilder(method=row.method, headers=headers).get_environ()
    if "Content-Type" in row.headers:  # the builder would add a boundary to a form
        environ["CONTENT_TYPE"] = row.headers["Content-Type"]
    environ |= {
        "REQUEST_METHOD": row.method,
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": query,
        "RAW_URI": row.target,
        "wsgi.input": io.BytesIO(row.body or b""),
    }
    if row.body is not None:
        environ["CONTENT_LENGTH"] = str(len(row.body))
    body, status, headers = run_wsgi_app(app, environ, buffered=True)
    return TestResponse(body, status, headers, Request(environ))


def check_problem(status: int, headers: Any, body: bytes) -> dict[str, Any]:
    """Check every member and header of a problem; return its document."""
    assert headers["Content-Type"] == "application/problem+json"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"
    assert headers["Access-Control-Allow-Origin"] == "*"
    assert "X-Request-ID" in headers["Access-Control-Expose-Headers"]
    assert re.fullmatch(r"[A-Za-z0-9._-]{1,128}", headers["X-Request-ID"])
    assert "ETag" not in headers
    assert int(headers["Content-Length"]) == len(body)
    document = json.loads(body.decode("utf-8"))
    assert list(document) == MEMBERS
    kinds = {f"/problems/{kind.slug}": kind for kind in every_problem()}
    assert document["type"] in kinds
    assert document["title"] == kinds[document["type"]].title
    assert document["status"] == status == kinds[document["type"]].status
    assert document["detail"]
    assert document["instance"].startswith(("/", "*"))
    assert document["request_id"] == headers["X-Request-ID"]
    for error in document["errors"]:
        index = "pointer" if error["in"] == "body" else "parameter"
        assert list(error) == ["in", index, "code", "detail"]
        assert error["in"] in ("body", "query", "path", "header")
        assert error["code"] in CODES
        assert error["detail"]
        assert index != "pointer" or error["pointer"] == "" or error["pointer"].startswith("/")
    assert len(document["errors"]) <= 100
    shown = [document["detail"], *(error["detail"] for error in document["errors"])]
    for text in shown:
        assert not LEAKS.search(text), text
        assert not re.search("[\0-\x08\x0e-\x1f\x7f\ud800-\udfff\u202a-\u202e]", text)
    return document


def parts(response: TestResponse) -> tuple[int, Any, bytes]:
    return response.status_code, response.headers, response.data
