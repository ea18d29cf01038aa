"""Many writers at once, each in a thread and with transactions of its own."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg2
import pytest
from flask import Flask

AT_ONCE = 30
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
def query(database_url: str) -> Iterator[Callable[[str], list[Any]]]:
    connection = psycopg2.connect(database_url.replace("postgresql+psycopg2", "postgresql"))
    connection.autocommit = True

    def run(sql: str) -> list[Any]:
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return [row[0] for row in cursor.fetchall()]

    yield run
    connection.close()


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
