"""Bad input of every kind gets the answer that the contract gives it, in one shape, and changes nothing."""

from __future__ import annotations

import base64
import contextlib
import http.client
import io
import json
import re
import socket
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_to_bytes

import psycopg2
import pytest
from flask import Flask
from werkzeug.test import EnvironBuilder, TestResponse, run_wsgi_app
from werkzeug.wrappers import Request

from app.cursor import Cursor
from app.problems import CODES, every_problem
from tests.api.hostile import (
    AUTHORS,
    BOOKS,
    DECOMPOSED,
    FREE_ISBN,
    HARMLESS,
    ISBN,
    JSON,
    MERGE_PATCH,
    METHODS,
    Row,
    encoded,
    rows,
)

ROWS = list(rows())
MEMBERS = ["type", "title", "status", "detail", "instance", "request_id", "errors"]
# What a driver, a database or an interpreter says when it breaks.
LEAKS = re.compile(
    r"psycopg|sqlalchemy|werkzeug|flask|gunicorn|traceback|file \"|\.py\", line|sqlstate|violates|syntax error at|"
    r"select |insert into|update books|delete from|uq_|fk_|ck_|pk_|relation \"|constraint \"|line 1:|python|"
    r"object at 0x",
    re.IGNORECASE,
)
SMALL = 64 * 1024  # bytes that a body may have in the server of the protocol's rows


@pytest.fixture(scope="module")
def hostile_url(new_database: Callable[[str], str]) -> str:
    return new_database("hostile")


@pytest.fixture(scope="module")
def hostile_app(make_app: Callable[..., Flask], hostile_url: str) -> Flask:
    """An application with a small catalog, which no request of this module may change."""
    app = make_app(DATABASE_URL=hostile_url)
    client = app.test_client(use_cookies=False)
    assert client.post("/authors", json=AUTHORS).status_code == 201
    assert client.post("/books", json=BOOKS).status_code == 201
    return app


@pytest.fixture(scope="module")
def stored(hostile_app: Flask, hostile_url: str) -> Iterator[Callable[[], Any]]:
    """Tell everything that is stored."""
    connection = psycopg2.connect(hostile_url.replace("postgresql+psycopg2", "postgresql"))
    connection.autocommit = True

    def read() -> Any:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT (SELECT json_agg(a ORDER BY id) FROM authors a)::text, "
                "(SELECT json_agg(b ORDER BY id) FROM books b)::text, "
                "(SELECT json_agg(c ORDER BY book_id, position) FROM contributions c)::text"
            )
            return cursor.fetchone()

    yield read
    connection.close()


@pytest.fixture
def nothing_changes(stored: Callable[[], Any]) -> Iterator[None]:
    """Whatever a test sends, the catalog is the same afterwards."""
    before = stored()
    assert None not in before
    yield
    assert stored() == before


def ask(app: Flask, row: Row) -> TestResponse:
    """Send a request as its bytes are; the test client would tidy them first."""
    path, _, query = row.target.partition("?")
    headers = {name: value for name, value in row.headers.items() if name != "Content-Type"}
    environ = EnvironBuilder(method=row.method, headers=headers).get_environ()
    if "Content-Type" in row.headers:  # the builder would give a form a boundary
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
    """The document of a problem, once it is one in every respect."""
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
        place = "pointer" if error["in"] == "body" else "parameter"
        assert list(error) == ["in", place, "code", "detail"]
        assert error["in"] in ("body", "query", "path", "header")
        assert error["code"] in CODES
        assert error["detail"]
        assert place != "pointer" or error["pointer"] == "" or error["pointer"].startswith("/")
    assert len(document["errors"]) <= 100
    shown = [document["detail"], *(error["detail"] for error in document["errors"])]
    for text in shown:
        assert not LEAKS.search(text), text
        assert not re.search("[\0-\x08\x0e-\x1f\x7f\ud800-\udfff\u202a-\u202e]", text)
    return document


@pytest.mark.usefixtures("nothing_changes")
@pytest.mark.parametrize("row", ROWS, ids=lambda row: ascii(row.name))
def test_bad_input_gets_a_clear_problem_and_changes_nothing(hostile_app: Flask, row: Row) -> None:
    response = ask(hostile_app, row)
    assert response.status_code == row.status, response.text[:500]
    if row.method == "HEAD":
        assert response.data == b""
        return
    document = check_problem(row.status, response.headers, response.data)
    if row.code is not None:
        found = [error for error in document["errors"] if error["code"] == row.code]
        assert found, document["errors"]
        if row.at is not None:
            # What is not fit to be shown is replaced in an answer.
            found = [error for error in found if row.at in (error.get("pointer"), error.get("parameter"))]
            assert found, document["errors"]
        assert any(row.says in error["detail"] for error in found), found
    if row.status == 405:
        assert response.headers["Allow"] == METHODS.get(row.target, METHODS["/books/1"])


def test_the_table_is_large_and_names_each_row_once() -> None:
    assert len(ROWS) >= 150
    assert len({row.name for row in ROWS}) == len(ROWS)
    assert {row.status for row in ROWS} >= {400, 404, 405, 406, 409, 412, 413, 414, 415, 422}


@pytest.mark.usefixtures("nothing_changes")
@pytest.mark.parametrize(("target", "status"), HARMLESS)
def test_what_only_looks_bad_is_answered(hostile_app: Flask, target: str, status: int) -> None:
    response = ask(hostile_app, Row("", "GET", target, status))
    assert response.status_code == status, response.text[:500]


@pytest.mark.usefixtures("nothing_changes")
@pytest.mark.parametrize(("length", "status"), [(4096, 200), (4097, 414)])
def test_a_url_may_have_4096_bytes(hostile_app: Flask, length: int, status: int) -> None:
    target = "/books?title=x&publisher=" + "x" * 900 + "&series=" + "y" * 900 + "&subtitle=" + "z" * 900 + "&id="
    target += ",".join(["1"] * 600)
    target = target.replace("&id=", "&id[in]=")
    target += "1" * (length - len(target))
    while len(target.rpartition(",")[2]) > 10:
        place = target.rfind(",") + 11
        target = target[:place] + "," + target[place + 1 :]
    assert len(target) == length
    assert ask(hostile_app, Row("", "GET", target, status)).status_code == status


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
def test_a_header_accept_that_takes_json_gets_it(hostile_app: Flask, accept: str) -> None:
    response = ask(hostile_app, Row("", "GET", "/books/1", 200, None, {"Accept": accept}))
    assert response.status_code == 200
    assert response.headers["Content-Type"] == JSON


@pytest.mark.usefixtures("nothing_changes")
@pytest.mark.parametrize(
    "headers",
    [
        {"Range": "bytes=0-1"},
        {"Cookie": "session=1"},
        {"Authorization": "Basic eDp5"},
        {"X-Forwarded-For": "x" * 1000},
        {"If-None-Match": "é"},
        {"If-None-Match": '"' + "x" * 5000},
        {"If-Modified-Since": "yesterday"},
        {"Cache-Control": "max-age=9999999999999999999999"},
        {"Origin": "null"},
        {"Origin": "x\ty"},
        {"Host": "'; --"},
        {"Accept-Encoding": "gzip;q=x"},
        {"Accept-Language": "*" * 1000},
        {"If-Match": '"0123"'},
        {"Content-Length": "0"},
    ],
)
def test_odd_headers_of_a_read_do_no_harm(hostile_app: Flask, headers: dict[str, str]) -> None:
    response = ask(hostile_app, Row("", "GET", "/books/1", 200, None, headers))
    assert response.status_code == 200
    assert json.loads(response.data)["id"] == 1


@pytest.mark.parametrize("sent", ["", "a b", "x" * 129, "a\tb", "ä", "a/b", "a,b", "<x>", "%0d%0a", "١"])
def test_a_request_id_that_could_do_harm_is_replaced(hostile_app: Flask, sent: str) -> None:
    # A header's bytes come as Latin-1 to the application.
    headers = {"X-Request-ID": sent.encode().decode("latin-1")}
    response = ask(hostile_app, Row("", "GET", "/nothing", 404, None, headers))
    document = check_problem(404, response.headers, response.data)
    assert document["request_id"] not in (sent, headers["X-Request-ID"])


def test_every_fault_is_listed_up_to_100(hostile_app: Flask) -> None:
    document = {f"x{number}": 1 for number in range(149)}
    response = ask(hostile_app, Row("", "POST", "/books", 422, encoded(document), {"Content-Type": JSON}))
    problem = check_problem(422, response.headers, response.data)
    assert len(problem["errors"]) == 100
    assert "150" in problem["detail"]


def test_faults_of_several_fields_stand_together(hostile_app: Flask) -> None:
    document = [
        {"title": "Dune", "isbn": "1"},
        {"page_count": "12", "x": 1, "authors": [{"id": 1, "role": "king"}, {}]},
    ]
    response = ask(hostile_app, Row("", "POST", "/books", 422, encoded(document), {"Content-Type": JSON}))
    problem = check_problem(422, response.headers, response.data)
    assert {(error["pointer"], error["code"]) for error in problem["errors"]} == {
        ("/0/isbn", "invalid_isbn"),
        ("/1/title", "required"),
        ("/1/page_count", "type"),
        ("/1/x", "unknown"),
        ("/1/authors/0/role", "not_allowed"),
        ("/1/authors/1", "required"),
    }
    problem = check_problem(
        *_parts(ask(hostile_app, Row("", "GET", "/books?limit=0&sort=x&nothing=1&page_count=y", 400)))
    )
    assert {error["parameter"] for error in problem["errors"]} == {"limit", "sort", "nothing", "page_count"}


def _parts(response: TestResponse) -> tuple[int, Any, bytes]:
    return response.status_code, response.headers, response.data


# Cursors

LISTS = ("/books?sort=title&limit=1", "/books?limit=1", "/books?sort=-published,page_count&limit=1&title[ne]=x")


@pytest.fixture(scope="module")
def cursor_of(hostile_app: Flask) -> Callable[[str], str]:
    """The cursor to the second page of a list."""

    def read(target: str) -> str:
        link = json.loads(ask(hostile_app, Row("", "GET", target, 200)).data)["links"]["next"]
        return re.search("cursor=([^&]+)", link)[1]  # type: ignore[index]

    return read


def _page(app: Flask, target: str) -> TestResponse:
    return ask(app, Row("", "GET", target, 400))


@pytest.mark.parametrize("target", LISTS)
def test_a_cursor_with_any_character_changed_is_refused(
    hostile_app: Flask, cursor_of: Callable[[str], str], target: str
) -> None:
    cursor = cursor_of(target)
    assert _page(hostile_app, f"/books?cursor={cursor}").status_code == 200
    for place, letter in enumerate(cursor):
        for other in {"A", "B", "z", "-", "%00", "."} - {letter}:
            changed = cursor[:place] + other + cursor[place + 1 :]
            response = _page(hostile_app, f"/books?cursor={changed}")
            assert response.status_code == 400, changed
            assert json.loads(response.data)["errors"][0]["code"] == "damaged"
        for changed in (cursor[:place], cursor[:place] + cursor[place + 1 :], cursor[:place] + "A" + cursor[place:]):
            assert _page(hostile_app, f"/books?cursor={changed}").status_code == 400, changed


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
def test_a_cursor_of_another_question_is_refused(
    hostile_app: Flask, cursor_of: Callable[[str], str], made_for: str, sent_to: str
) -> None:
    response = _page(hostile_app, sent_to + cursor_of(made_for))
    problem = check_problem(*_parts(response))
    assert problem["status"] == 400
    assert problem["type"] == "/problems/invalid-cursor"
    assert problem["errors"][0]["code"] == "mismatch"


def test_a_cursor_of_another_author_is_refused(hostile_app: Flask) -> None:
    cursor = Cursor("authors/1/books", (), (0,)).encode()
    assert _page(hostile_app, f"/authors/1/books?cursor={cursor}").status_code == 200
    assert _page(hostile_app, f"/authors/2/books?cursor={cursor}").status_code == 400


def test_a_cursor_beside_an_offset_is_refused(hostile_app: Flask, cursor_of: Callable[[str], str]) -> None:
    response = _page(hostile_app, f"/books?offset=0&cursor={cursor_of('/books?limit=1')}")
    problem = check_problem(*_parts(response))
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
    response = _page(hostile_app, f"/books?cursor={cursor.encode()}")
    problem = check_problem(*_parts(response))
    assert (problem["status"], problem["type"]) == (400, "/problems/invalid-cursor")


@pytest.mark.parametrize("content", FORGED_CONTENT, ids=lambda content: ascii(content[:40]))
def test_a_cursor_of_other_content_is_refused(hostile_app: Flask, content: bytes) -> None:
    for packed in (b"1" + zlib.compress(content, 9, wbits=-9), b"0" + content[:2000], b"2" + content[:2000]):
        checked = zlib.crc32(packed).to_bytes(4) + packed
        word = base64.urlsafe_b64encode(checked).rstrip(b"=").decode()
        assert len(word) < 4000
        problem = check_problem(*_parts(_page(hostile_app, f"/books?cursor={word}")))
        assert (problem["status"], problem["type"]) == (400, "/problems/invalid-cursor")


def test_a_host_that_is_not_trusted_is_refused(make_app: Callable[..., Flask], hostile_url: str) -> None:
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
        response = ask(app, Row("", "GET", "/health/live", status, None, {"Host": host}))
        assert response.status_code == status, host


# The protocol, on a real server


@dataclass(frozen=True)
class Exchange:
    """Bytes on a connection, and the statuses that come back before it ends (none: it just ends)."""

    name: str
    sent: bytes
    statuses: tuple[int, ...]
    half_closed: bool = False  # the client says that it sends no more
    is_problem: bool = False  # the last answer is one of the application


def _post(body: bytes, *lines: str, target: str = "/books", close: bool = True) -> bytes:
    lines = (*lines, "Connection: close") if close else lines
    head = [f"POST {target} HTTP/1.1", "Host: x", "Content-Type: application/json", *lines, "", ""]
    return "\r\n".join(head).encode("latin-1") + body


def _get(target: str = "/books/1", *lines: str, version: str = "HTTP/1.1", close: bool = True) -> bytes:
    head = [f"GET {target} {version}", "Host: x", *lines, *(["Connection: close"] if close else []), "", ""]
    return "\r\n".join(head).encode("latin-1")


BAD = b'{"title": ""}'
CHUNKED = "Transfer-Encoding: chunked"
EXCHANGES = (
    Exchange("half a body", _post(b'{"ti', "Content-Length: 100"), (400,), True, True),
    Exchange("no body of one announced", _post(b"", "Content-Length: 100"), (400,), True, True),
    Exchange("half a head", b"GET /books HTTP/1.1\r\nHost:", (), True),
    Exchange("a length too short", _post(BAD, "Content-Length: 5"), (400,), False, True),
    Exchange("no length", _post(BAD), (400,), False, True),
    Exchange("a length of 0", _post(BAD, "Content-Length: 0"), (400,), False, True),
    Exchange("a length that is no number", _post(BAD, "Content-Length: ten"), (400,)),
    Exchange("a negative length", _post(BAD, "Content-Length: -1"), (400,)),
    Exchange("a length with a plus", _post(BAD, "Content-Length: +13"), (400,)),
    Exchange("a length in hexadecimal", _post(BAD, "Content-Length: 0xd"), (400,)),
    Exchange("a length with a fraction", _post(BAD, "Content-Length: 13.0"), (400,)),
    Exchange("a length in superscript", _post(BAD, "Content-Length: \xb2"), (400,)),
    Exchange("two lengths", _post(BAD, "Content-Length: 13", "Content-Length: 2"), (400,)),
    Exchange("a list of lengths", _post(BAD, "Content-Length: 13, 13"), (400,)),
    Exchange("a length past the cap", _post(BAD, f"Content-Length: {SMALL + 1}"), (413,), False, True),
    Exchange("a length past every cap", _post(BAD, "Content-Length: " + "9" * 40), (413,), False, True),
    Exchange("a body past the cap", _post(b" " * (SMALL + 1), f"Content-Length: {SMALL + 1}"), (413,), False, True),
    Exchange("a body of the cap", _post(b" " * SMALL, f"Content-Length: {SMALL}"), (400,), False, True),
    Exchange(
        "a body past the cap to nowhere", _post(b"", "Content-Length: 99999999", target="/nothing"), (404,), False, True
    ),
    Exchange(
        "a body past the cap to a page",
        _post(b"", "Content-Length: 99999999", target="/health/live"),
        (405,),
        False,
        True,
    ),
    Exchange("chunks", _post(b"d\r\n" + BAD + b"\r\n0\r\n\r\n", CHUNKED), (422,), False, True),
    Exchange(
        "chunks past the cap",
        _post((b"ffff\r\n" + b" " * 65535 + b"\r\n") * 2 + b"0\r\n\r\n", CHUNKED),
        (413,),
        False,
        True,
    ),
    Exchange("chunks of garbage", _post(b"zz\r\n" + BAD + b"\r\n0\r\n\r\n", CHUNKED), (400,)),
    Exchange("a chunk of negative size", _post(b"-1\r\n" + BAD + b"\r\n0\r\n\r\n", CHUNKED), (400,)),
    Exchange("a chunk of size 0x", _post(b"0xd\r\n" + BAD + b"\r\n0\r\n\r\n", CHUNKED), (400,)),
    Exchange("a chunk longer than its size", _post(b"1\r\n" + BAD + b"\r\n0\r\n\r\n", CHUNKED), (400,)),
    Exchange("a chunk that breaks off", _post(b"ff\r\n" + BAD, CHUNKED), (400,), True),
    Exchange("chunks without an end", _post(b"d\r\n" + BAD + b"\r\n", CHUNKED), (400,), True),
    Exchange("a length beside chunks", _post(b"d\r\n" + BAD + b"\r\n0\r\n\r\n", CHUNKED, "Content-Length: 4"), (400,)),
    Exchange("chunks in chunks", _post(b"0\r\n\r\n", "Transfer-Encoding: chunked, chunked"), (400,)),
    Exchange("compressed chunks", _post(b"0\r\n\r\n", "Transfer-Encoding: gzip, chunked"), (400,)),
    Exchange("an unknown coding", _post(b"0\r\n\r\n", "Transfer-Encoding: cow"), (501,)),
    Exchange("a hidden coding", _post(b"0\r\n\r\n", "Transfer-Encoding : chunked"), (400,)),
    Exchange(
        "100-continue past the cap",
        _post(b"", "Expect: 100-continue", "Content-Length: 99999999"),
        (100, 413),
        False,
        True,
    ),
    Exchange("100-continue", _post(BAD, "Expect: 100-continue", "Content-Length: 13"), (100, 422), False, True),
    Exchange(
        "100-continue of another type",
        _post(BAD, "Expect: 100-continue", "Content-Length: 13").replace(b"n/j", b"n/x"),
        (100, 415),
        False,
        True,
    ),
    Exchange("another expectation", _post(BAD, "Expect: a-miracle", "Content-Length: 13"), (417,)),
    Exchange("a body of a GET", _get("/books/1", "Content-Length: 5").rstrip() + b"\r\n\r\nhello", (200,)),
    Exchange("pipelining", _get(close=False) + _get("/nothing", close=False) + _get(), (200, 404, 200)),
    Exchange("pipelining behind a body", _post(BAD, "Content-Length: 13", close=False) + _get(), (422, 200)),
    Exchange("a request hidden in a body", _post(_get("/authors/1"), "Content-Length: 0", close=False), (400, 200)),
    Exchange("the absolute form", _get("http://x/books/1"), (200,)),
    Exchange("the absolute form of nothing", _get("http://evil.example/nothing"), (404,), False, True),
    Exchange("an absolute form with garbage", _get("http://[/books"), (400,)),
    Exchange("the asterisk form", b"OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", (404,), False, True),
    Exchange("the authority form", b"CONNECT x:443 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", (404,)),
    Exchange("a target without a slash", _get("books"), (400,)),
    Exchange("a fragment in the target", _get("/books/1#x"), (200,)),
    Exchange("two slashes", _get("//books"), (200,)),
    Exchange("a space in the target", _get("/books/ 1"), (400,)),
    Exchange("a NUL in the target", _get("/books/\0"), (400,), False, True),
    Exchange("a tab in the target", _get("/books/\t1"), (400,), False, True),
    Exchange("UTF-8 in the target", _get("/books/\xc3\xa9"), (404,), False, True),
    Exchange("a byte that is no UTF-8 in the query", _get("/books?title=\xff"), (400,), False, True),
    Exchange("4,096 bytes of URL", _get("/nothing?" + "x" * 4087), (404,), False, True),
    Exchange("4,097 bytes of URL", _get("/nothing?" + "x" * 4088), (414,), False, True),
    Exchange("8,000 bytes of URL", _get("/" + "x" * 7999), (414,), False, True),
    Exchange("20,000 bytes of URL", _get("/" + "x" * 20_000), (414,), False, True),
    Exchange("a long header", _get("/books/1", "X-Long: " + "x" * 20_000), (431,)),
    Exchange("200 headers", _get("/books/1", *(f"X-{number}: 1" for number in range(200))), (431,)),
    Exchange("HTTP/1.0", b"GET /books/1 HTTP/1.0\r\n\r\n", (200,)),
    Exchange(
        "HTTP/1.0 with a bad body",
        b"POST /books HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: 13\r\n\r\n" + BAD,
        (422,),
        False,
        True,
    ),
    Exchange("HTTP/0.9", b"GET /books\r\n\r\n", (400,)),
    Exchange("HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", (400,)),
    Exchange("HTTP/9.9", _get(version="HTTP/9.9"), (400,)),
    Exchange("no version at all", b"GET /books/1 \r\nHost: x\r\n\r\n", (400,)),
    Exchange("a version in lower case", _get(version="http/1.1"), (400,)),
    Exchange("TLS", bytes.fromhex("16030100c8010000c40303") + b"\r\n\r\n", (400,)),
    Exchange("noise", bytes(range(256)) + b"\r\n\r\n", (400,)),
    Exchange("nothing at all", b"", (), True),
    Exchange("an empty head", b"\r\n\r\n", (400,), True),
    Exchange("a method in lower case", b"get /books HTTP/1.1\r\nHost: x\r\n\r\n", (400,)),
    Exchange("a method of signs", b"G@T /books HTTP/1.1\r\nHost: x\r\n\r\n", (400,)),
    Exchange("an unknown method", b"BREW /books HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", (405,), False, True),
    Exchange("TRACE", b"TRACE /books HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", (405,), False, True),
    Exchange("a header without a colon", _get("/books/1", "nonsense"), (400,)),
    Exchange("a header without a name", _get("/books/1", ": x"), (400,)),
    Exchange("a space before the colon", _get("/books/1", "Accept : text/html"), (400,)),
    Exchange("a NUL in a header", _get("/books/1", "X-Y: a\0b"), (400,)),
    Exchange("a carriage return in a header", _get("/books/1", "X-Y: a\rb"), (400,)),
    Exchange("the accept of a byte", _get("/books/1", "Accept: \xff"), (406,), False, True),
    Exchange("a websocket", _get("/books/1", "Upgrade: websocket", "Sec-WebSocket-Key: x"), (200,)),
    Exchange("two hosts", _get("/books/1", "Host: evil.example"), (400,)),
    Exchange("no host", b"GET /books/1 HTTP/1.1\r\nConnection: close\r\n\r\n", (200,)),
    Exchange("a host of garbage", b"GET /books/1 HTTP/1.1\r\nHost: a b/c?\r\nConnection: close\r\n\r\n", (200,)),
    Exchange(
        "the path in a header",
        _get("/books/1", "X-Original-URL: /authors", "X-HTTP-Method: DELETE", "Path_Info: /authors"),
        (200,),
    ),
    Exchange("a root in a header", _get("/books/1", "Script_Name: /books"), (200,)),
    Exchange("a proxy's headers", _get("/books/1", "Forwarded: for=x", "X-Forwarded-Proto: javascript"), (200,)),
)


@pytest.fixture(scope="module")
def server(start_server: Callable[..., Any], hostile_app: Flask, hostile_url: str) -> Any:
    return start_server(hostile_url, MAX_CONTENT_LENGTH=str(SMALL))


class Received:
    """Bytes as a socket, for ``http.client`` to read."""

    def __init__(self, data: bytes) -> None:
        self.file = io.BytesIO(data)

    def makefile(self, *_: Any) -> io.BytesIO:
        return self.file


def exchanged(server: Any, sent: bytes, *, half_closed: bool) -> bytes:
    with socket.create_connection(("127.0.0.1", server.port), timeout=15) as connection:
        with contextlib.suppress(ConnectionError):
            connection.sendall(sent)
            if half_closed:
                connection.shutdown(socket.SHUT_WR)
        received = b""
        with contextlib.suppress(ConnectionError):
            while chunk := connection.recv(65536):
                received += chunk
        return received


def answers(received: bytes, method: str = "GET") -> list[tuple[int, Any, bytes]]:
    """The answers that stand one behind the other in the bytes of a connection."""
    found = []
    while received:
        if received.startswith(b"HTTP/1.1 100 "):
            found.append((100, {}, b""))
            received = received.partition(b"\r\n\r\n")[2]
            continue
        source = Received(received)
        response = http.client.HTTPResponse(source, method=method)  # type: ignore[arg-type]
        response.begin()
        found.append((response.status, response.headers, response.read()))
        received = received[received.index(b"\r\n\r\n") + 4 + len(found[-1][2]) :]
    return found


@pytest.mark.usefixtures("nothing_changes")
@pytest.mark.parametrize("exchange", EXCHANGES, ids=lambda exchange: exchange.name)
def test_a_bad_use_of_the_protocol_is_refused(server: Any, exchange: Exchange) -> None:
    logged = server.log.stat().st_size
    received = exchanged(server, exchange.sent, half_closed=exchange.half_closed)
    found = answers(received)
    assert tuple(status for status, _, _ in found) == exchange.statuses, received[:1000]
    if exchange.is_problem:
        check_problem(*found[-1])
    if found and found[-1][0] != 200:
        assert not LEAKS.search(found[-1][2].decode(errors="replace"))
    assert b"200 OK" in server.raw(_get("/health/live"))
    assert b"Traceback" not in server.log.read_bytes()[logged:]


@pytest.mark.usefixtures("nothing_changes")
def test_a_real_server_answers_the_whole_table_alike(server: Any) -> None:
    different = []
    for row in ROWS:
        if len(row.body or b"") > SMALL or row.method in ("CONNECT", "GETS") or len(row.target) > 8000:
            continue
        first = f"{row.method} {row.target} HTTP/1.1\r\n".encode("latin-1")
        head = ["Host: x", *(f"{name}: {value}" for name, value in row.headers.items())]
        if row.body is not None:
            head.append(f"Content-Length: {len(row.body)}")
        sent = first + "\r\n".join([*head, "Connection: close", "", ""]).encode() + (row.body or b"")
        (status, headers, body), *_ = answers(exchanged(server, sent, half_closed=False))
        if status != row.status:
            different.append((row.name, row.status, status))
        else:
            check_problem(status, headers, body)
    assert different == []


ACCEPTED: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("plain", "POST", {"Content-Type": JSON}),
    ("capitals", "POST", {"Content-Type": "Application/JSON"}),
    ("a charset", "POST", {"Content-Type": "application/json; charset=utf-8"}),
    ("a charset in capitals", "POST", {"Content-Type": "application/json;charset=UTF-8"}),
    ("a charset in quotes", "POST", {"Content-Type": 'application/json; charset="utf-8"'}),
    ("another parameter", "POST", {"Content-Type": "application/json; x=y"}),
    ("no coding", "POST", {"Content-Type": JSON, "Content-Encoding": "identity"}),
    ("a merge patch", "PATCH", {"Content-Type": MERGE_PATCH}),
    ("a merge patch with a charset", "PATCH", {"Content-Type": f"{MERGE_PATCH}; charset=utf-8"}),
)


@pytest.mark.parametrize(("method", "headers"), [row[1:] for row in ACCEPTED], ids=[row[0] for row in ACCEPTED])
def test_a_body_of_a_good_type_is_taken(client: Any, add_book: Any, method: str, headers: dict[str, str]) -> None:
    target = "/books" if method == "POST" else f"/books/{add_book()['id']}"
    response = client.open(target, method=method, data=b'{"title": "Dune"}', headers=headers)
    assert response.status_code == (201 if method == "POST" else 200)
    assert response.json["title"] == "Dune"


LIMITS: tuple[tuple[str, Any], ...] = (
    ("title", "x" * 4000),
    ("title", DECOMPOSED * 4000),
    ("title", "😀" * 4000),
    ("subtitle", "x" * 1000),
    ("description", "x" * 100_000),
    ("subjects", [str(number) for number in range(200)]),
    ("subjects", ["x" * 500]),
    ("identifiers", {f"s{number}": ["1"] for number in range(50)}),
    ("identifiers", {"x": [str(n) for n in range(50)]}),
    ("identifiers", {"a-z_0.9": ["1" * 200]}),
    ("identifiers", {"x" * 50: []}),
    ("page_count", 1),
    ("page_count", 100_000),
    ("series_position", 0),
    ("series_position", 1.5),
    ("series_position", 100_000),
    ("published", "0001"),
    ("published", "9999-12-31"),
    ("published", "2024-02-29"),
    ("published", "2000-02-29"),
    ("published", "-0001"),
    ("published", "-9999"),
    ("language", "zh-Hant-TW"),
    ("cover_url", "HTTPS://covers.example:443/a?b=%20#c"),
    ("authors", [{"name": f"Author {number}"} for number in range(200)]),
    ("title", "מדריך\u200f \u200e"),
    ("title", "👩\u200d🚀"),
    ("title", "می\u200cخواهم"),
    ("isbn", FREE_ISBN),
    ("isbn", ISBN),
)


@pytest.mark.parametrize(("name", "value"), LIMITS, ids=lambda value: ascii(value)[:30])
def test_a_value_at_its_limit_is_taken(client: Any, name: str, value: Any) -> None:
    response = client.post("/books", json={"title": "Dune", name: value})
    assert response.status_code == 201, response.text[:500]
    assert client.get(response.headers["Location"]).json == response.json
