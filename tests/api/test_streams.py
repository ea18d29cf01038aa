"""Lists that are wanted whole: NDJSON and CSV, by `Accept` or `format`, of one moment."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import psycopg2
import pytest
from flask.testing import FlaskClient
from sqlalchemy.engine import make_url

from app.books.schemas import BOOKS
from extensions import snapshot
from extensions.snapshot import MOST_ROWS

NDJSON, CSV = "application/x-ndjson", "text/csv"


@pytest.fixture
def client(client: FlaskClient) -> FlaskClient:
    """A client that reads an answer to its end at once."""
    ask = client.open
    client.open = lambda *args, **sent: ask(*args, **{"buffered": True, **sent})
    return client


@pytest.fixture
def some(add_book: Any) -> list[dict[str, Any]]:
    """Three books; the first two are one author's."""
    ids = [
        add_book(title="Kindred", published="1979", authors=[{"name": "Octavia E. Butler"}])["id"],
        add_book(title="Dawn", published="1987", authors=[{"name": "Octavia E. Butler"}], subjects=["a;b", "c"])["id"],
        add_book(title="Émile", description='two\nlines, "quoted"', language="fr")["id"],
    ]
    return [{"id": one} for one in ids]


def records(answer: Any) -> list[dict[str, Any]]:
    """The records of an answer in NDJSON."""
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, NDJSON), answer.text
    assert not answer.data or answer.data.endswith(b"\n")
    return [json.loads(line) for line in answer.text.split("\n")[:-1]]


def rows(answer: Any) -> list[dict[str, str]]:
    """The rows of an answer in CSV."""
    assert (answer.status_code, answer.mimetype) == (200, CSV), answer.text
    return list(csv.DictReader(io.StringIO(answer.text, newline="")))


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
def test_a_stream_has_the_rows_of_all_pages_in_their_order_and_their_bytes(client, some, question):
    answer = client.get(question, headers={"Accept": NDJSON})
    assert records(answer) == pages(client, question)
    page = client.get(question).text
    assert page.startswith(f'{{"data":[{",".join(answer.text.splitlines())}]')


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_table_has_the_same_rows_with_the_fields_as_columns(client, some, question):
    answer = client.get(question, headers={"Accept": CSV})
    found, expected = rows(answer), pages(client, question)
    assert len(found) == len(expected)
    for row, record in zip(found, expected, strict=True):
        assert list(row) == list(record)
        for name in row.keys() & {"id", "title", "name", "description"}:
            assert row[name] == ("" if record[name] is None else str(record[name]))


def test_the_cells_of_lists_hold_their_values_as_the_import_reads_them(client, add_book):
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
def test_a_stream_is_for_who_names_it_and_everybody_else_gets_a_page(client, some, accept, media_type):
    client.get("/books")  # so that there is a page at hand
    answer = client.get("/books", headers={"Accept": accept} if accept else {})
    assert (answer.status_code, answer.mimetype) == (200, media_type)
    assert "Accept" in answer.headers["Vary"]


def test_format_goes_before_accept(client, some):
    assert records(client.get("/books?format=ndjson", headers={"Accept": "application/json"}))
    assert rows(client.get("/books?format=csv", headers={"Accept": NDJSON}))


@pytest.mark.parametrize("path", ["/books/1", "/authors/1", "/authors/duplicates", "/suggest?q=x", "/"])
def test_what_is_no_list_of_records_is_not_to_be_had_as_a_stream(client, some, path):
    assert client.get(path, headers={"Accept": CSV}).status_code == 406


@pytest.mark.parametrize("parameter", ["limit=5", "offset=0", "total=exact"])
@pytest.mark.parametrize("accept", [NDJSON, CSV])
def test_parameters_of_pages_do_not_go_with_a_stream(client, some, parameter, accept):
    answer = client.get(f"/books?{parameter}", headers={"Accept": accept})
    assert answer.status_code == 400
    [error] = answer.json["errors"]
    assert (error["parameter"], error["code"]) == (parameter.partition("=")[0], "mismatch")


def test_a_cursor_does_not_go_with_a_stream(client, some):
    link = client.get("/books?limit=1").json["links"]["next"]
    answer = client.get(f"{link}&format=csv")
    assert (answer.status_code, answer.json["errors"][0]["parameter"]) == (400, "cursor")


def test_an_author_who_is_not_there_or_was_merged_is_so_for_a_stream_too(client, some, add_author):
    other = add_author(name="O. Butler")["id"]
    client.post("/authors/1/merge", json={"from": [other]})
    assert client.get("/authors/99/books?format=csv").status_code == 404
    moved = client.get(f"/authors/{other}/books?format=csv")
    assert (moved.status_code, moved.headers["Location"]) == (308, "/authors/1/books?format=csv")
    assert records(client.get("/authors/2/books?format=ndjson", follow_redirects=True))


def test_a_stream_is_kept_by_no_cache_and_has_the_headers_of_every_answer(client, some):
    answer = client.get("/books?format=csv", headers={"Origin": "https://a.example", "X-Request-ID": "mine"})
    assert answer.headers["Cache-Control"] == "no-store"
    assert "ETag" not in answer.headers
    assert "Cache-Status" not in answer.headers
    assert "Content-Length" not in answer.headers
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert (answer.headers["X-Request-ID"], answer.headers["X-Content-Type-Options"]) == ("mine", "nosniff")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="books.csv"'
    assert client.get("/books?format=csv", headers={"If-None-Match": "*"}).status_code == 200


def test_head_says_what_get_would_and_holds_nothing(client, some):
    for _ in range(5):
        answer = client.head("/authors?format=csv")
        assert (answer.status_code, answer.data, answer.headers["Content-Type"]) == (
            *(200, b""),
            "text/csv; charset=utf-8; header=present",
        )


def test_a_stream_sees_the_moment_in_which_it_began(app, client, some, database_url, monkeypatch):
    monkeypatch.setattr(snapshot, "FIRST_ROWS", 1)
    monkeypatch.setattr(snapshot, "MOST_ROWS", 1)
    answer = app.test_client(use_cookies=False).get("/books?format=ndjson&fields=id,title,authors")
    pieces = iter(answer.response)
    first = next(pieces)
    assert client.delete("/authors/1").status_code == 204  # and with the author two of the books
    assert client.post("/books", json={"title": "Later"}).status_code == 201
    found = [json.loads(line) for line in (first + b"".join(pieces)).splitlines()]
    assert [book["title"] for book in found] == ["Kindred", "Dawn", "Émile"]
    assert found[1]["authors"][0]["name"] == "Octavia E. Butler"
    assert [book["title"] for book in records(client.get("/books?format=ndjson"))] == ["Émile", "Later"]


def test_many_rows_come_in_pieces(app, client, database_url):
    count = 5 * MOST_ROWS + 7
    documents = [{"title": f"Book {number}"} for number in range(count)]
    for start in range(0, count, 1000):
        assert client.post("/books", json=documents[start : start + 1000]).status_code == 201
    answer = app.test_client(use_cookies=False).get("/books?format=ndjson&sort=-id")
    pieces = [piece for piece in answer.response if piece]
    assert max(piece.count(b"\n") for piece in pieces) == MOST_ROWS
    titles = [json.loads(line)["title"] for line in b"".join(pieces).splitlines()]
    assert titles == [f"Book {number}" for number in reversed(range(count))]


def test_so_many_streams_at_once_and_no_more_and_pages_go_on_beside_them(app, client, some):
    clients = [app.test_client(use_cookies=False) for _ in range(2)]  # of 8 connections a quarter
    under_way = [one.get("/books?format=csv") for one in clients]
    refused = client.get("/books?format=csv")
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "10")
    assert "stream" in refused.json["detail"]
    assert client.get("/books?limit=1").status_code == 200
    under_way[0].close()
    assert len(rows(client.get("/books?format=csv"))) == 3
    under_way[1].close()


def test_a_stream_that_is_not_read_to_its_end_gives_its_connection_back(app, client, some, database_url, monkeypatch):
    monkeypatch.setattr(snapshot, "FIRST_ROWS", 1)
    answer = app.test_client(use_cookies=False).get("/books?format=ndjson")
    next(iter(answer.response))
    [process] = in_a_transaction(database_url)
    answer.close()
    assert process not in in_a_transaction(database_url)


def in_a_transaction(url: str) -> list[int]:
    """The processes of the server that hold a snapshot for somebody who reads it."""
    connection = psycopg2.connect(make_url(url).set(drivername="postgresql").render_as_string(hide_password=False))
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND state = 'idle in transaction'"
            )
            return [row[0] for row in cursor.fetchall()]
    finally:
        connection.close()


def test_a_database_that_is_away_is_a_problem_as_any_other(make_app, tmp_path):
    away = make_app(DATABASE_URL=f"postgresql://postgres@/catalog?host={tmp_path}").test_client()
    answer = away.get("/books?format=csv")
    assert (answer.status_code, answer.mimetype) == (503, "application/problem+json")


def test_every_field_has_a_column(client, some):
    assert list(rows(client.get("/books?format=csv"))[0]) == list(BOOKS.fields)
