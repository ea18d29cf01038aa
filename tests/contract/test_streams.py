"""Whole lists as streams of NDJSON or CSV, from one snapshot."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.books.resource import BOOKS
from extensions.database import snapshot
from extensions.database.snapshot import MOST_ROWS
from tests.support.databases import execute
from tests.support.waiting import until

NDJSON, CSV = "application/x-ndjson", "text/csv"


@pytest.fixture
def client(client: FlaskClient) -> FlaskClient:
    """A client that reads each response to its end at once."""
    send = client.open
    client.open = lambda *args, **sent: send(*args, **{"buffered": True, **sent})
    return client


@pytest.fixture
def some(add_book: Any) -> list[dict[str, Any]]:
    """Three books, the first two by the same author."""
    ids = [
        add_book(title="Kindred", published="1979", authors=[{"name": "Octavia E. Butler"}])["id"],
        add_book(title="Dawn", published="1987", authors=[{"name": "Octavia E. Butler"}], subjects=["a;b", "c"])["id"],
        add_book(title="Émile", description='two\nlines, "quoted"', language="fr")["id"],
    ]
    return [{"id": book_id} for book_id in ids]


def records(response: Any) -> list[dict[str, Any]]:
    """The records of a response in NDJSON."""
    assert (response.status_code, response.headers["Content-Type"]) == (200, NDJSON), response.text
    assert not response.data or response.data.endswith(b"\n")
    return [json.loads(line) for line in response.text.split("\n")[:-1]]


def rows(response: Any) -> list[dict[str, str]]:
    """The rows of a response in CSV."""
    assert (response.status_code, response.mimetype) == (200, CSV), response.text
    return list(csv.DictReader(io.StringIO(response.text, newline="")))


def pages(client: FlaskClient, target: str) -> list[dict[str, Any]]:
    """The records of all pages of a list."""
    found = []
    while target:
        page = client.get(target).json
        found += page["data"]
        target = page["links"]["next"]
    return found


QUESTIONS = [
    "/books",
    "/books?sort=-title",
    "/books?sort=-published,title",
    "/books?published[lte]=1979",
    "/books?published[null]=true&fields=id,title",
    "/books?author=butler, octavia e.&sort=title",
    "/books?q=dawn",
    "/books?q=d",
    "/books?q=nothing+whatever",
    "/books?title=none",
    "/authors",
    "/authors?fields=name&sort=-name",
    "/authors/1/books",
    "/authors/1/books?sort=-id&fields=title",
]


@pytest.mark.parametrize("question", QUESTIONS)
def test_ndjson_has_the_rows_of_all_pages(client, some, question):
    response = client.get(question, headers={"Accept": NDJSON})
    assert records(response) == pages(client, question)
    page = client.get(question).text
    assert page.startswith(f'{{"data":[{",".join(response.text.splitlines())}]')


@pytest.mark.parametrize("question", QUESTIONS)
def test_csv_has_the_rows_of_all_pages(client, some, question):
    response = client.get(question, headers={"Accept": CSV})
    found, expected = rows(response), pages(client, question)
    assert len(found) == len(expected)
    for row, record in zip(found, expected, strict=True):
        assert list(row) == list(record)
        for name in row.keys() & {"id", "title", "name", "description"}:
            assert row[name] == ("" if record[name] is None else str(record[name]))


def test_csv_cells_of_lists_are_in_the_form_of_imports(client, add_book):
    add_book(
        subjects=["a;b", "c"],
        identifiers={"openlibrary": ["OL1M"]},
        authors=[{"name": "Homer"}, {"name": "Emily Wilson", "role": "translator", "credited_as": "E. Wilson"}],
    )
    [row] = rows(client.get("/books?format=csv"))
    assert (row["subjects"], row["identifiers"]) == (r"a\;b;c", "openlibrary:OL1M")
    assert row["authors"] == "Homer;Emily Wilson [translator as E. Wilson]"


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("", "application/json"),
        ("*/*", "application/json"),
        ("application/json", "application/json"),
        ("application/*", "application/json"),
        ("text/html, */*;q=0.8", "application/json"),
        ("application/json, text/csv", "application/json"),
        ("text/csv;q=0.5, application/json;q=0.9", "application/json"),
        ("text/csv;q=0, */*", "application/json"),
        ("text/csv", CSV),
        ("TEXT/CSV; charset=utf-8", CSV),
        ("text/csv, */*", CSV),
        ("text/csv, application/json;q=0.9", CSV),
        ("application/x-ndjson", NDJSON),
        ("application/x-ndjson;q=0.2, text/csv;q=0.1", NDJSON),
        ("application/json;q=0, application/x-ndjson", NDJSON),
    ],
)
def test_accept_chooses_between_a_page_and_a_stream(client, some, accept, media_type):
    client.get("/books")  # so that the page is in the response cache
    response = client.get("/books", headers={"Accept": accept} if accept else {})
    assert (response.status_code, response.mimetype) == (200, media_type)
    assert "Accept" in response.headers["Vary"]


def test_format_overrides_accept(client, some):
    assert records(client.get("/books?format=ndjson", headers={"Accept": "application/json"}))
    assert rows(client.get("/books?format=csv", headers={"Accept": NDJSON}))


@pytest.mark.parametrize("path", ["/books/1", "/authors/1", "/authors/duplicates", "/suggest?q=x", "/"])
def test_only_lists_of_records_can_be_streamed(client, some, path):
    assert client.get(path, headers={"Accept": CSV}).status_code == 406


@pytest.mark.parametrize("parameter", ["limit=5", "offset=0", "total=exact"])
@pytest.mark.parametrize("accept", [NDJSON, CSV])
def test_page_parameters_are_refused_for_a_stream(client, some, parameter, accept):
    response = client.get(f"/books?{parameter}", headers={"Accept": accept})
    assert response.status_code == 400
    [error] = response.json["errors"]
    assert (error["parameter"], error["code"]) == (parameter.partition("=")[0], "mismatch")


def test_a_cursor_is_refused_for_a_stream(client, some):
    link = client.get("/books?limit=1").json["links"]["next"]
    response = client.get(f"{link}&format=csv")
    assert (response.status_code, response.json["errors"][0]["parameter"]) == (400, "cursor")


def test_a_stream_below_a_missing_or_merged_author_is_refused(client, some, add_author):
    other = add_author(name="O. Butler")["id"]
    client.post("/authors/1/merge", json={"from": [other]})
    assert client.get("/authors/99/books?format=csv").status_code == 404
    moved = client.get(f"/authors/{other}/books?format=csv")
    assert (moved.status_code, moved.headers["Location"]) == (308, "/authors/1/books?format=csv")
    assert records(client.get("/authors/2/books?format=ndjson", follow_redirects=True))


def test_a_stream_has_the_common_headers_and_is_not_cacheable(client, some):
    response = client.get("/books?format=csv", headers={"Origin": "https://a.example", "X-Request-ID": "mine"})
    assert response.headers["Cache-Control"] == "no-store"
    assert "ETag" not in response.headers
    assert "Cache-Status" not in response.headers
    assert "Content-Length" not in response.headers
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert (response.headers["X-Request-ID"], response.headers["X-Content-Type-Options"]) == ("mine", "nosniff")
    assert response.headers["Content-Disposition"] == 'attachment; filename="books.csv"'
    assert client.get("/books?format=csv", headers={"If-None-Match": "*"}).status_code == 200


def test_head_of_a_stream_has_headers_and_no_body(client, some):
    for _ in range(5):
        response = client.head("/authors?format=csv")
        assert (response.status_code, response.data, response.headers["Content-Type"]) == (
            *(200, b""),
            "text/csv; charset=utf-8; header=present",
        )


def test_a_stream_reads_one_snapshot(app, client, some, database_url, monkeypatch):
    monkeypatch.setattr(snapshot, "FIRST_ROWS", 1)
    monkeypatch.setattr(snapshot, "MOST_ROWS", 1)
    response = app.test_client(use_cookies=False).get("/books?format=ndjson&fields=id,title,authors")
    pieces = iter(response.response)
    first = next(pieces)
    assert client.delete("/authors/1").status_code == 204  # which deletes two of the books
    assert client.post("/books", json={"title": "Later"}).status_code == 201
    found = [json.loads(line) for line in (first + b"".join(pieces)).splitlines()]
    assert [book["title"] for book in found] == ["Kindred", "Dawn", "Émile"]
    assert found[1]["authors"][0]["name"] == "Octavia E. Butler"
    assert [book["title"] for book in records(client.get("/books?format=ndjson"))] == ["Émile", "Later"]


def test_many_rows_are_streamed_in_batches(app, client, database_url):
    count = 5 * MOST_ROWS + 7
    documents = [{"title": f"Book {number}"} for number in range(count)]
    for start in range(0, count, 1000):
        assert client.post("/books", json=documents[start : start + 1000]).status_code == 201
    response = app.test_client(use_cookies=False).get("/books?format=ndjson&sort=-id")
    pieces = [piece for piece in response.response if piece]
    assert max(piece.count(b"\n") for piece in pieces) == MOST_ROWS
    titles = [json.loads(line)["title"] for line in b"".join(pieces).splitlines()]
    assert titles == [f"Book {number}" for number in reversed(range(count))]


def test_the_number_of_concurrent_streams_is_limited(app, client, some):
    clients = [app.test_client(use_cookies=False) for _ in range(2)]  # a quarter of the 8 connections
    under_way = [client.get("/books?format=csv") for client in clients]
    refused = client.get("/books?format=csv")
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "10")
    assert "stream" in refused.json["detail"]
    assert client.get("/books?limit=1").status_code == 200
    under_way[0].close()
    assert len(rows(client.get("/books?format=csv"))) == 3
    under_way[1].close()


def test_an_abandoned_stream_returns_its_connection(app, client, some, database_url, monkeypatch):
    monkeypatch.setattr(snapshot, "FIRST_ROWS", 1)
    response = app.test_client(use_cookies=False).get("/books?format=ndjson")
    next(iter(response.response))
    [process] = in_a_transaction(database_url)
    response.close()
    until(lambda: process not in in_a_transaction(database_url))


def in_a_transaction(url: str) -> list[int]:
    """The backends of Postgres that hold a snapshot for a reader."""
    sql = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle in transaction'"
    return [row[0] for row in execute(url, sql)]


def test_a_stream_without_a_database_is_503(make_app, tmp_path):
    away = make_app(DATABASE_URL=f"postgresql://postgres@/catalog?host={tmp_path}").test_client()
    response = away.get("/books?format=csv")
    assert (response.status_code, response.mimetype) == (503, "application/problem+json")


def test_every_field_is_a_csv_column(client, some):
    assert list(rows(client.get("/books?format=csv"))[0]) == list(BOOKS.fields)
