"""Many writers at once, each in a thread and with transactions of its own."""

from __future__ import annotations

import contextlib
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import psycopg2
import pytest
from flask import Flask

from tests.cache.conftest import Answer, Client

AT_ONCE = 30
FIFTY = 50  # at a server with several workers
ISBN = "9780441478125"


@pytest.fixture(scope="module")
def wide_app(make_app: Callable[..., Flask]) -> Flask:
    """An application with a connection for every thread."""
    return make_app(THREADS=AT_ONCE + 2)


@pytest.fixture
def catalog(wide_app: Flask, app: Flask) -> Flask:
    """The same, on an empty catalog."""
    wide_app.extensions["catalog.on_commit"]()
    return wide_app


@pytest.fixture
def query_of() -> Callable[[str, str], list[Any]]:
    """The first column of what a database answers to a statement."""

    def run(url: str, sql: str) -> list[Any]:
        with contextlib.closing(psycopg2.connect(url.replace("postgresql+psycopg2", "postgresql"))) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(sql)
                return [row[0] for row in cursor.fetchall()]

    return run


@pytest.fixture
def query(database_url: str, query_of: Callable[[str, str], list[Any]]) -> Callable[[str], list[Any]]:
    return partial(query_of, database_url)


Send = Callable[[Any, int], Any]


def at_once(app: Flask, send: Send, times: int = AT_ONCE) -> list[Any]:
    """The answers to requests that start together; `send` gets a client of its own and a number."""
    start = threading.Barrier(times)

    def run(number: int) -> Any:
        client = app.test_client(use_cookies=False)
        start.wait(20)
        return send(client, number)

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(run, range(times)))


def statuses(answers: list[Any]) -> Counter[int]:
    return Counter(answer.status_code for answer in answers)


def test_writes_by_one_new_name_make_one_author(catalog: Flask, query: Callable[[str], list[Any]]) -> None:
    answers = at_once(
        catalog,
        lambda client, number: client.post(
            "/books",
            json={"title": f"{number}", "authors": [{"name": "Ada"}, {"name": f"Own {number}"}, {"name": "Bob"}]},
        ),
    )
    assert statuses(answers) == {201: AT_ONCE}
    assert len({tuple(item["id"] for item in answer.json["authors"][::2]) for answer in answers}) == 1
    assert query("SELECT count(*) FROM authors") == [AT_ONCE + 2]


def test_batches_by_the_same_names_in_other_orders_make_each_author_once(
    catalog: Flask, query: Callable[[str], list[Any]]
) -> None:
    names = [f"Author {number}" for number in range(40)]
    batches = [names, names[::-1], names[20:] + names[:20], names[::3] + names[1::3] + names[2::3]]
    answers = at_once(
        catalog,
        lambda client, number: client.post(
            "/books", json=[{"title": name, "authors": [{"name": name}]} for name in batches[number % 4]]
        ),
        8,
    )
    assert statuses(answers) == {201: 8}
    assert query("SELECT count(*) FROM authors") == [40]
    assert query("SELECT count(*) FROM books") == [320]


@pytest.mark.parametrize(
    ("method", "path"),
    [("PATCH", "/books/1"), ("PUT", "/books/1"), ("PATCH", "/authors/1"), ("PUT", f"/books/isbn/{ISBN}")],
)
def test_of_writers_with_one_tag_one_wins(catalog: Flask, method: str, path: str) -> None:
    client = catalog.test_client()
    assert client.post("/books", json={"title": "x", "isbn": ISBN, "authors": [{"name": "Ada"}]}).status_code == 201
    tag = client.get(path).headers["ETag"]
    answers = at_once(
        catalog,
        lambda client, number: client.open(
            path,
            method=method,
            json={"name" if "authors" in path else "title": f"Winner {number}"},
            headers={"If-Match": tag},
        ),
    )
    assert statuses(answers) == {200: 1, 412: AT_ONCE - 1}
    winner = next(answer for answer in answers if answer.status_code == 200)
    assert client.get(path).json == winner.json


def test_of_deletes_with_one_tag_one_wins(catalog: Flask) -> None:
    client = catalog.test_client()
    tag = client.post("/books", json={"title": "x"}).headers["ETag"]
    answers = at_once(catalog, lambda client, _: client.delete("/books/1", headers={"If-Match": tag}))
    assert statuses(answers) == {204: 1, 404: AT_ONCE - 1}


def test_a_tag_is_judged_by_the_contributors_of_the_moment(catalog: Flask) -> None:
    """Two fields of one book, its contributors among them: no change is lost."""
    client = catalog.test_client()
    for number in range(1, 6):
        tag = client.post("/books", json={"title": "x"}).headers["ETag"]
        answers = at_once(
            catalog,
            lambda client, turn, number=number, tag=tag: client.patch(  # type: ignore[misc]
                f"/books/{number}", json={"authors": [{"name": f"Ada {turn}"}]}, headers={"If-Match": tag}
            ),
            6,
        )
        assert statuses(answers) == {200: 1, 412: 5}


def test_puts_of_one_new_isbn_make_one_book(catalog: Flask, query: Callable[[str], list[Any]]) -> None:
    answers = at_once(catalog, lambda client, number: client.put(f"/books/isbn/{ISBN}", json={"title": f"{number}"}))
    assert statuses(answers) == {201: 1, 200: AT_ONCE - 1}
    assert len({answer.json["id"] for answer in answers}) == 1
    assert query(f"SELECT count(*) FROM books WHERE isbn = '{ISBN}'") == [1]


def test_posts_of_one_new_isbn_make_one_book(catalog: Flask, query: Callable[[str], list[Any]]) -> None:
    answers = at_once(catalog, lambda client, number: client.post("/books", json={"title": f"{number}", "isbn": ISBN}))
    assert statuses(answers) == {201: 1, 409: AT_ONCE - 1}
    holder = next(answer.json["id"] for answer in answers if answer.status_code == 201)
    refused = [answer for answer in answers if answer.status_code == 409]
    assert {answer.headers["Link"] for answer in refused} == {f'</books/{holder}>; rel="related"'}
    assert query("SELECT count(*) FROM books") == [1]


def test_patches_of_different_fields_are_all_kept(catalog: Flask) -> None:
    client = catalog.test_client()
    assert client.post("/books", json={"title": "x"}).status_code == 201
    answers = at_once(
        catalog, lambda client, number: client.patch("/books/1", json={"identifiers": {f"s{number}": ["1"]}})
    )
    assert statuses(answers) == {200: AT_ONCE}
    assert set(client.get("/books/1").json["identifiers"]) == {f"s{number}" for number in range(AT_ONCE)}


DANGLING = (
    "SELECT count(*) FROM contributions c WHERE NOT EXISTS (SELECT 1 FROM books b WHERE b.id = c.book_id) "
    "OR NOT EXISTS (SELECT 1 FROM authors a WHERE a.id = c.author_id)"
)


@pytest.mark.parametrize("keep", ["", "?books=keep"])
def test_an_author_may_be_deleted_while_books_of_theirs_are_written(
    catalog: Flask, query: Callable[[str], list[Any]], keep: str
) -> None:
    client = catalog.test_client()
    for turn in range(4):
        author = client.post("/authors", json={"name": f"Ada {turn}"}).json["id"]
        other = client.post("/authors", json={"name": f"Bob {turn}"}).json["id"]
        books = [
            client.post(
                "/books", json={"title": "x", "authors": [{"id": author}, {"id": other, "role": "editor"}]}
            ).json["id"]
            for _ in range(3)
        ]

        def send(client: Any, number: int, author: int = author, other: int = other, books: list[int] = books) -> Any:
            if number % 10 == 5:
                return client.delete(f"/authors/{author}{keep}")
            if number % 3 == 0:
                return client.post("/books", json={"title": "new", "authors": [{"id": author}]})
            if number % 3 == 1:
                return client.put(
                    f"/books/{books[number % 3]}", json={"title": "put", "authors": [{"id": other}, {"id": author}]}
                )
            return client.patch(f"/books/{books[number % 3]}", json={"authors": [{"id": author}]})

        answers = at_once(catalog, send)
        assert max(statuses(answers)) < 500, statuses(answers)
        assert set(statuses(answers)) <= {200, 201, 204, 404, 422}
        assert [answer.status_code for number, answer in enumerate(answers) if number % 10 == 5].count(204) == 1
        assert query(DANGLING) == [0]
        assert query(f"SELECT count(*) FROM authors WHERE id = {author}") == [0]
        assert query(f"SELECT count(*) FROM contributions WHERE author_id = {author}") == [0]
        for book in client.get("/books?limit=100", headers={"Cache-Control": "no-cache"}).json["data"]:
            assert author not in [item["id"] for item in book["authors"]]


def test_two_authors_of_shared_books_may_be_deleted_at_once(catalog: Flask, query: Callable[[str], list[Any]]) -> None:
    client = catalog.test_client()
    for turn in range(3):
        ids = [client.post("/authors", json={"name": f"{name} {turn}"}).json["id"] for name in ("Ada", "Bob")]
        batch = [
            {"title": "x", "authors": [{"id": ids[number % 2]}, {"id": ids[1 - number % 2]}]} for number in range(20)
        ]
        assert client.post("/books", json=batch).status_code == 201
        answers = at_once(catalog, lambda client, number, ids=ids: client.delete(f"/authors/{ids[number]}"), 2)  # type: ignore[misc]
        assert statuses(answers) == {204: 2}
        assert query(DANGLING) == [0]
        assert query("SELECT count(*) FROM books") == [0]  # the second takes what the first left to it


@pytest.fixture(scope="module")
def served(start_server: Callable[..., Any], new_database: Callable[[str], str]) -> tuple[str, int]:
    """The URL of a database, and the port of a server on it with several workers."""
    url = new_database("one_tag")
    return url, int(start_server(url, WEB_CONCURRENCY="4", LOG_LEVEL="WARNING").port)


@pytest.mark.parametrize(("collection", "field"), [("books", "title"), ("authors", "name")])
def test_of_fifty_patches_with_one_tag_at_several_workers_one_wins(
    collection: str,
    field: str,
    served: tuple[str, int],
    query_of: Callable[[str, str], list[Any]],
) -> None:
    """The stored row is the winner's, and so is what every worker shows afterwards."""
    url, port = served
    document = {field: "Before", **({"authors": [{"name": "Ada"}]} if collection == "books" else {})}
    created = Client(port).ask("POST", f"/{collection}", document)
    path = created.headers["location"]
    tag = created.headers["etag"]
    for turn in range(4):
        start = threading.Barrier(FIFTY)

        def patch(number: int, start: threading.Barrier = start, tag: str = tag, turn: int = turn) -> Answer:
            client = Client(port)
            client.get("/health/live")  # the connection stands, at one of the workers
            start.wait(20)
            return client.ask("PATCH", path, {field: f"Winner {turn} {number}"}, If_Match=tag)

        with ThreadPoolExecutor(FIFTY) as pool:
            answers = list(pool.map(patch, range(FIFTY)))
        assert Counter(answer.status for answer in answers) == {200: 1, 412: FIFTY - 1}
        ((number, winner),) = [(number, answer) for number, answer in enumerate(answers) if answer.status == 200]
        assert winner.json[field] == f"Winner {turn} {number}"
        assert query_of(url, f"SELECT {field} FROM {collection} WHERE id = {created.json['id']}") == [
            f"Winner {turn} {number}"
        ]
        shown = [Client(port).get(path) for _ in range(12)]
        assert {(answer.body, answer.headers["etag"]) for answer in shown} == {(winner.body, winner.headers["etag"])}
        assert winner.headers["etag"] != tag
        for answer in answers:
            if answer.status == 412:
                assert answer.headers["content-type"] == "application/problem+json"
        tag = winner.headers["etag"]
