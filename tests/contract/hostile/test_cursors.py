"""Cursors that are damaged, forged, or sent to another list."""

from __future__ import annotations

import base64
import json
import re
import zlib
from collections.abc import Callable

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from app.core.query.cursor import Cursor

from .bad_requests import (
    Row,
)
from .problems import check_problem, parts, send_row

LISTS = ("/books?sort=title&limit=1", "/books?limit=1", "/books?sort=-published,page_count&limit=1&title[ne]=x")


@pytest.fixture(scope="module")
def cursor_of(hostile_app: Flask) -> Callable[[str], str]:
    """The cursor to the second page of a list."""

    def read(target: str) -> str:
        link = json.loads(send_row(hostile_app, Row("", "GET", target, 200)).data)["links"]["next"]
        return re.search("cursor=([^&]+)", link)[1]  # type: ignore[index]

    return read


def send(app: Flask, target: str) -> TestResponse:
    return send_row(app, Row("", "GET", target, 400))


@pytest.mark.parametrize("target", LISTS)
def test_a_cursor_with_any_character_changed_is_refused(
    hostile_app: Flask, cursor_of: Callable[[str], str], target: str
) -> None:
    cursor = cursor_of(target)
    assert send(hostile_app, f"/books?cursor={cursor}").status_code == 200
    for index, letter in enumerate(cursor):
        for other in {"A", "B", "z", "-", "%00", "."} - {letter}:
            changed = cursor[:index] + other + cursor[index + 1 :]
            response = send(hostile_app, f"/books?cursor={changed}")
            assert response.status_code == 400, changed
            assert json.loads(response.data)["errors"][0]["code"] == "damaged"
        for changed in (cursor[:index], cursor[:index] + cursor[index + 1 :], cursor[:index] + "A" + cursor[index:]):
            assert send(hostile_app, f"/books?cursor={changed}").status_code == 400, changed


@pytest.mark.parametrize(
    ("made_for", "sent_to"),
    [
        ("/books?sort=title&limit=1", "/books?sort=-title&cursor="),
        ("/books?sort=title&limit=1", "/books?sort=id&cursor="),
        ("/books?limit=1", "/books?sort=title&cursor="),
        ("/books?limit=1", "/books?title=Dune&cursor="),
        ("/books?limit=1&title[ne]=x", "/books?title[ne]=y&cursor="),
        ("/books?limit=1", "/authors?cursor="),
        ("/authors?limit=1", "/books?cursor="),
        ("/books?limit=1", "/authors/1/books?cursor="),
    ],
)
def test_a_cursor_of_another_query_is_refused(
    hostile_app: Flask, cursor_of: Callable[[str], str], made_for: str, sent_to: str
) -> None:
    response = send(hostile_app, sent_to + cursor_of(made_for))
    problem = check_problem(*parts(response))
    assert problem["status"] == 400
    assert problem["type"] == "/problems/invalid-cursor"
    assert problem["errors"][0]["code"] == "mismatch"


def test_a_cursor_of_another_author_is_refused(hostile_app: Flask) -> None:
    cursor = Cursor("authors/1/books", (), (0,)).encode()
    assert send(hostile_app, f"/authors/1/books?cursor={cursor}").status_code == 200
    assert send(hostile_app, f"/authors/2/books?cursor={cursor}").status_code == 400


def test_a_cursor_beside_an_offset_is_refused(hostile_app: Flask, cursor_of: Callable[[str], str]) -> None:
    response = send(hostile_app, f"/books?offset=0&cursor={cursor_of('/books?limit=1')}")
    problem = check_problem(*parts(response))
    assert (problem["status"], problem["errors"][0]["parameter"]) == (400, "offset")


FORGED = (
    Cursor("books", (), ()),
    Cursor("books", (), (1, 2)),
    Cursor("books", (), ("1",)),
    Cursor("books", (), (1.5,)),
    Cursor("books", (), (True,)),
    Cursor("books", (), (None,)),
    Cursor("books", (), ([1],)),
    Cursor("books", (), ({},)),
    Cursor("books", (), (2**63,)),
    Cursor("books", (), (-(2**64),)),
    Cursor("books", (), (float("nan"),)),
    Cursor("books", (("sort", "title"),), (1, 1)),
    Cursor("books", (("sort", "title"),), ("a\0", 1)),
    Cursor("books", (("sort", "title"),), ("a",)),
    Cursor("books", (("sort", "nothing"),), ("a", 1)),
    Cursor("books", (("sort", "created_at"),), ("yesterday", 1)),
    Cursor("books", (("sort", "created_at"),), (1, 1)),
    Cursor("books", (("sort", "created_at"),), ("2024-02-30T00:00:00Z", 1)),
    Cursor("books", (("sort", "published"),), ("1990", 1)),
    Cursor("books", (("sort", "page_count"),), (1e308, 1)),
    Cursor("books", (("sort", "series_position"),), (float("nan"), 1)),
    Cursor("books", (("sort", "series_position"),), (10**400, 1)),
    Cursor("books", (("sort", "page_count"),), (10**400, 1)),
    Cursor("books", (("sort", "published"),), (2**31, 1)),
    Cursor("books", (("sort", "series_position"),), ("1", 1)),
    Cursor("books", (("nothing", "1"),), (1,)),
    Cursor("books", (("title[like]", "1"),), (1,)),
    Cursor("books", (("limit", "101"),), (1,)),
    Cursor("books", (("title", "a\0"),), (1,)),
    Cursor("books", (("fields", "nothing"),), (1,)),
)

FORGED_CONTENT = (
    b"",
    b"null",
    b"[]",
    b"{}",
    b"1",
    b'["books", [], [1]]',
    b'["books", [], [1], 4]',
    b'["books", [], [1], "0"]',
    b'["books", ["title"], [1], 0]',
    b'["books", [1, 2], [1], 0]',
    b"[1, [], [1], 0]",
    b'["books", [], 1, 0]',
    b'["books", [], [NaN], 0]',
    b'["books", [], [Infinity], 0]',
    b'["books", [], [1], 0, 0]',
    b"\xff\xfe",
    b'["books", null, [1], 0]',
    b"[" * 50_000,
    b'["books", [], [' + b"9" * 5000 + b"], 0]",
    b'["books", [], "1", 0]',
    b'["books", {"a": 1}, [1], 0]',
    b'["books", [], [[[]]], 0]',
    b" " * 1_000_000 + b'["books", [], [1], 0]',
)


@pytest.mark.parametrize("cursor", FORGED, ids=repr)
def test_a_forged_cursor_is_refused(hostile_app: Flask, cursor: Cursor) -> None:
    response = send(hostile_app, f"/books?cursor={cursor.encode()}")
    problem = check_problem(*parts(response))
    assert (problem["status"], problem["type"]) == (400, "/problems/invalid-cursor")


@pytest.mark.parametrize("content", FORGED_CONTENT, ids=lambda content: ascii(content[:40]))
def test_a_cursor_with_foreign_content_is_refused(hostile_app: Flask, content: bytes) -> None:
    for packed in (b"1" + zlib.compress(content, 9, wbits=-9), b"0" + content[:2000], b"2" + content[:2000]):
        checked = zlib.crc32(packed).to_bytes(4) + packed
        word = base64.urlsafe_b64encode(checked).rstrip(b"=").decode()
        assert len(word) < 4000
        problem = check_problem(*parts(send(hostile_app, f"/books?cursor={word}")))
        assert (problem["status"], problem["type"]) == (400, "/problems/invalid-cursor")
