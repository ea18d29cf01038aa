"""The header X-Change-Note: bad ones are refused in due order, odd ones are stored as text."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.http.problems import CODES
from tests.contract.hostile.bad_requests import JSON, Row, encoded
from tests.contract.hostile.problems import check_problem, send_row
from tests.support.databases import execute

BOOK = encoded({"title": "Noted"})


def noted(note: str | bytes, method: str = "POST", target: str = "/books", body: bytes | None = BOOK) -> Row:
    """Return a request with a note. WSGI decodes the bytes of headers as Latin-1."""
    raw = note if isinstance(note, bytes) else note.encode()
    headers = {"X-Change-Note": raw.decode("latin-1")} | ({} if body is None else {"Content-Type": JSON})
    return Row("", method, target, 0, body, headers)


BAD = {
    "501 characters": ("x" * 501, "too_long"),
    "501 characters of four bytes": ("𝔄" * 501, "too_long"),
    "8,000 characters": ("x" * 8000, "too_long"),
    "no character": ("", "blank"),
    "blanks": ("   ", "blank"),
    "an invisible character": ("\u200b", "blank"),
    "a no-break space": ("\u00a0", "blank"),
    "a control character": ("a\x01b", "invalid_character"),
    "an escape": ("\x1b[31mred", "invalid_character"),
    "DEL": ("a\x7f", "invalid_character"),
    "a C1 control character": ("a\u0085\u009fb", "invalid_character"),
    "a bidirectional override": ("a\u202eb", "invalid_character"),
    "Latin-1": ("caf\xe9".encode("latin-1"), "invalid_character"),
    "a sequence that breaks off": (b"caf\xc3", "invalid_character"),
    "an overlong sequence": (b"\xc0\xaf", "invalid_character"),
    "a surrogate": (b"\xed\xa0\x80", "invalid_character"),
    "a NUL": ("a\0b", "invalid_character"),
}
ODD = {
    "500 characters": ("x" * 500, "x" * 500),
    "500 characters of four bytes": ("𝔄" * 500, "𝔄" * 500),
    "NFD": ("Cafe\u0301", "Café"),
    "quotes": ('"it\'s" `so`', '"it\'s" `so`'),
    "SQL": ("'; DROP TABLE books; --", "'; DROP TABLE books; --"),
    "a backslash": ("\\u0000 \\", "\\u0000 \\"),
    "a percent sign": ("100 %(x)s %s {0}", "100 %(x)s %s {0}"),
    "markup": ("<script>alert(1)</script>", "<script>alert(1)</script>"),
    "JSON": ('{"via": "sql"}', '{"via": "sql"}'),
    "white space around and within": ("  a \t b  ", "a b"),
    "other scripts": ("Опечатка ١ 書名", "Опечатка ١ 書名"),
}


def stored_notes(url: str) -> list[Any]:
    return [row[0] for row in execute(url, "SELECT note FROM revisions ORDER BY id")]


@pytest.mark.usefixtures("nothing_changes")
@pytest.mark.parametrize(("note", "code"), BAD.values(), ids=BAD)
@pytest.mark.parametrize(("method", "target"), [("POST", "/books"), ("PATCH", "/books/1"), ("DELETE", "/books/1")])
def test_a_bad_note_refuses_the_write(
    hostile_app: Flask, note: str | bytes, code: str, method: str, target: str
) -> None:
    response = send_row(hostile_app, noted(note, method, target, None if method == "DELETE" else BOOK))
    document = check_problem(400, response.headers, response.data)
    [error] = document["errors"]
    assert (error["in"], error["parameter"], error["code"]) == ("header", "X-Change-Note", code)
    assert code in CODES


@pytest.mark.parametrize(("note", "_code"), BAD.values(), ids=BAD)
def test_a_read_ignores_a_bad_note(hostile_app: Flask, note: str | bytes, _code: str) -> None:
    for method in ("GET", "HEAD", "OPTIONS"):
        assert send_row(hostile_app, noted(note, method, "/books/1", None)).status_code in (200, 204)


@pytest.mark.parametrize(("note", "expected"), ODD.values(), ids=ODD)
def test_an_odd_note_is_stored_as_text(app: Flask, database_url: str, note: str, expected: str) -> None:
    assert send_row(app, noted(note)).status_code == 201
    assert stored_notes(database_url) == [expected]


def test_a_missing_path_and_method_come_before_a_bad_note(hostile_app: Flask) -> None:
    assert send_row(hostile_app, noted("", "POST", "/nothing")).status_code == 404
    assert send_row(hostile_app, noted("", "POST", "/books/1")).status_code == 405


def test_missing_rights_come_before_a_bad_note(
    app: Flask, account: Callable[..., Any], headers_of: Callable[..., dict[str, str]], make_app: Callable[..., Flask]
) -> None:
    reader = headers_of(account("reader"))
    row = noted("x" * 501)
    assert send_row(make_app(ANONYMOUS="reader"), row).status_code == 401
    row.headers.update({"Authorization": "Bearer wrong"})
    assert send_row(app, row).status_code == 401
    row.headers.update(reader)
    assert send_row(app, row).status_code == 403


def test_a_bad_note_comes_before_faults_of_the_body(hostile_app: Flask) -> None:
    response = send_row(hostile_app, noted("", body=b"{"))
    assert check_problem(400, response.headers, response.data)["errors"][0]["parameter"] == "X-Change-Note"


def test_every_write_documents_the_note(client: FlaskClient) -> None:
    document = json.loads(client.get("/openapi.json").data)
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            names = [each.get("name") for each in operation.get("parameters", ())]
            assert ("X-Change-Note" in names) == (method != "get"), (path, method)
            assert method == "get" or "400" in operation["responses"], (path, method)
