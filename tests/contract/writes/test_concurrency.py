"""Concurrent writers, each in a thread with its own transactions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from flask import Flask

from tests.support.application import invalidate_cache
from tests.support.catalogs.examples import ISBN
from tests.support.clients.http import Client
from tests.support.clients.parallel import simultaneously
from tests.support.databases import execute
from tests.support.servers.gunicorn import Server

AT_ONCE = 30
FIFTY = 50  # requests at once to a server with several workers


@pytest.fixture(scope="module")
def wide_app(make_app: Callable[..., Flask]) -> Flask:
    """An application with a connection for every thread."""
    return make_app(CONNECTIONS=AT_ONCE + 2)


@pytest.fixture
def catalog(wide_app: Flask, app: Flask) -> Flask:
    """The same, on an empty catalog."""
    invalidate_cache(wide_app)
    return wide_app


def first_column(url: str, sql: str) -> list[Any]:
    """The first column of the rows that a query returns."""
    return [row[0] for row in execute(url, sql)]


@pytest.fixture
def query(database_url: str) -> Callable[[str], list[Any]]:
    return partial(first_column, database_url)


Send = Callable[[Any, int], Any]


def at_once(app: Flask, send: Send, times: int = AT_ONCE) -> list[Any]:
    """The responses to concurrent requests; `send` gets a client and a number."""
    clients = [app.test_client(use_cookies=False) for _ in range(times)]
    return simultaneously(*(partial(send, client, number) for number, client in enumerate(clients)))


def statuses(responses: list[Any]) -> Counter[int]:
    return Counter(response.status_code for response in responses)


def test_concurrent_writes_create_a_new_author_once(catalog: Flask, query: Callable[[str], list[Any]]) -> None:
    responses = at_once(
        catalog,
        lambda client, number: client.post(
            "/books",
            json={"title": f"{number}", "authors": [{"name": "Ada"}, {"name": f"Own {number}"}, {"name": "Bob"}]},
        ),
    )
    assert statuses(responses) == {201: AT_ONCE}
    assert len({tuple(item["id"] for item in response.json["authors"][::2]) for response in responses}) == 1
    assert query("SELECT count(*) FROM authors") == [AT_ONCE + 2]


def test_concurrent_batches_create_each_new_author_once(catalog: Flask, query: Callable[[str], list[Any]]) -> None:
    names = [f"Author {number}" for number in range(40)]
    batches = [names, names[::-1], names[20:] + names[:20], names[::3] + names[1::3] + names[2::3]]
    responses = at_once(
        catalog,
        lambda client, number: client.post(
            "/books", json=[{"title": name, "authors": [{"name": name}]} for name in batches[number % 4]]
        ),
        8,
    )
    assert statuses(responses) == {201: 8}
    assert query("SELECT count(*) FROM authors") == [40]
    assert query("SELECT count(*) FROM books") == [320]


@pytest.mark.parametrize(
    ("method", "path"),
    [("PATCH", "/books/1"), ("PUT", "/books/1"), ("PATCH", "/authors/1"), ("PUT", f"/books/isbn/{ISBN}")],
)
def test_of_writers_with_one_etag_one_wins(catalog: Flask, method: str, path: str) -> None:
    client = catalog.test_client()
    assert client.post("/books", json={"title": "x", "isbn": ISBN, "authors": [{"name": "Ada"}]}).status_code == 201
    tag = client.get(path).headers["ETag"]
    responses = at_once(
        catalog,
        lambda client, number: client.open(
            path,
            method=method,
            json={"name" if "authors" in path else "title": f"Winner {number}"},
            headers={"If-Match": tag},
        ),
    )
    assert statuses(responses) == {200: 1, 412: AT_ONCE - 1}
    winner = next(response for response in responses if response.status_code == 200)
    assert client.get(path).json == winner.json


def test_of_deletes_with_one_etag_one_wins(catalog: Flask) -> None:
    client = catalog.test_client()
    tag = client.post("/books", json={"title": "x"}).headers["ETag"]
    responses = at_once(catalog, lambda client, _: client.delete("/books/1", headers={"If-Match": tag}))
    assert statuses(responses) == {204: 1, 404: AT_ONCE - 1}


def test_an_etag_is_compared_with_the_current_contributors(catalog: Flask) -> None:
    """So that concurrent changes of the contributors are not lost."""
    client = catalog.test_client()
    for number in range(1, 6):
        tag = client.post("/books", json={"title": "x"}).headers["ETag"]
        responses = at_once(
            catalog,
            lambda client, turn, number=number, tag=tag: client.patch(  # type: ignore[misc]
                f"/books/{number}", json={"authors": [{"name": f"Ada {turn}"}]}, headers={"If-Match": tag}
            ),
            6,
        )
        assert statuses(responses) == {200: 1, 412: 5}


def test_concurrent_puts_of_a_new_isbn_create_one_book(catalog: Flask, query: Callable[[str], list[Any]]) -> None:
    responses = at_once(catalog, lambda client, number: client.put(f"/books/isbn/{ISBN}", json={"title": f"{number}"}))
    assert statuses(responses) == {201: 1, 200: AT_ONCE - 1}
    assert len({response.json["id"] for response in responses}) == 1
    assert query(f"SELECT count(*) FROM books WHERE isbn = '{ISBN}'") == [1]


def test_concurrent_posts_of_a_new_isbn_create_one_book(catalog: Flask, query: Callable[[str], list[Any]]) -> None:
    responses = at_once(
        catalog, lambda client, number: client.post("/books", json={"title": f"{number}", "isbn": ISBN})
    )
    assert statuses(responses) == {201: 1, 409: AT_ONCE - 1}
    holder = next(response.json["id"] for response in responses if response.status_code == 201)
    refused = [response for response in responses if response.status_code == 409]
    assert {response.headers["Link"] for response in refused} == {f'</books/{holder}>; rel="related"'}
    assert query("SELECT count(*) FROM books") == [1]


def test_concurrent_patches_of_different_fields_are_all_kept(catalog: Flask) -> None:
    client = catalog.test_client()
    assert client.post("/books", json={"title": "x"}).status_code == 201
    responses = at_once(
        catalog, lambda client, number: client.patch("/books/1", json={"identifiers": {f"s{number}": ["1"]}})
    )
    assert statuses(responses) == {200: AT_ONCE}
    assert set(client.get("/books/1").json["identifiers"]) == {f"s{number}" for number in range(AT_ONCE)}


DANGLING = (
    "SELECT count(*) FROM contributions c WHERE NOT EXISTS (SELECT 1 FROM books b WHERE b.id = c.book_id) "
    "OR NOT EXISTS (SELECT 1 FROM authors a WHERE a.id = c.author_id)"
)


@pytest.mark.parametrize("keep", ["", "?books=keep"])
def test_an_author_can_be_deleted_during_writes_of_their_books(
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

        responses = at_once(catalog, send)
        assert max(statuses(responses)) < 500, statuses(responses)
        assert set(statuses(responses)) <= {200, 201, 204, 404, 422}
        assert [response.status_code for number, response in enumerate(responses) if number % 10 == 5].count(204) == 1
        assert query(DANGLING) == [0]
        assert query(f"SELECT count(*) FROM authors WHERE id = {author}") == [0]
        assert query(f"SELECT count(*) FROM contributions WHERE author_id = {author}") == [0]
        for book in client.get("/books?limit=100", headers={"Cache-Control": "no-cache"}).json["data"]:
            assert author not in [item["id"] for item in book["authors"]]


def test_two_authors_of_shared_books_can_be_deleted_concurrently(
    catalog: Flask, query: Callable[[str], list[Any]]
) -> None:
    client = catalog.test_client()
    for turn in range(3):
        ids = [client.post("/authors", json={"name": f"{name} {turn}"}).json["id"] for name in ("Ada", "Bob")]
        batch = [
            {"title": "x", "authors": [{"id": ids[number % 2]}, {"id": ids[1 - number % 2]}]} for number in range(20)
        ]
        assert client.post("/books", json=batch).status_code == 201
        responses = at_once(catalog, lambda client, number, ids=ids: client.delete(f"/authors/{ids[number]}"), 2)  # type: ignore[misc]
        assert statuses(responses) == {204: 2}
        assert query(DANGLING) == [0]
        assert query("SELECT count(*) FROM books") == [0]  # the second deletion finds the books without contributors


@pytest.fixture(scope="module")
def served(start_server: Callable[..., Server], new_database: Callable[[str], str]) -> tuple[str, int]:
    """The URL of a database, and the port of its server with several workers."""
    url = new_database("one_tag")
    return url, int(start_server(url, WEB_CONCURRENCY="4", LOG_LEVEL="WARNING").port)


@pytest.mark.parametrize(("collection", "field"), [("books", "title"), ("authors", "name")])
def test_of_patches_at_several_workers_one_wins(
    collection: str,
    field: str,
    served: tuple[str, int],
) -> None:
    """The database and every worker show the winner's change afterwards."""
    url, port = served
    document = {field: "Before", **({"authors": [{"name": "Ada"}]} if collection == "books" else {})}
    created = Client(port).request("POST", f"/{collection}", document)
    path = created.headers["location"]
    tag = created.headers["etag"]
    for turn in range(4):
        clients = [Client(port) for _ in range(FIFTY)]
        for client in clients:
            client.get("/health/live")  # connects to one of the workers
        responses = simultaneously(
            *(
                partial(client.request, "PATCH", path, {field: f"Winner {turn} {number}"}, If_Match=tag)
                for number, client in enumerate(clients)
            )
        )
        assert Counter(response.status for response in responses) == {200: 1, 412: FIFTY - 1}
        ((number, winner),) = [
            (number, response) for number, response in enumerate(responses) if response.status == 200
        ]
        assert winner.json[field] == f"Winner {turn} {number}"
        assert first_column(url, f"SELECT {field} FROM {collection} WHERE id = {created.json['id']}") == [
            f"Winner {turn} {number}"
        ]
        shown = [Client(port).get(path) for _ in range(12)]
        assert {(response.body, response.headers["etag"]) for response in shown} == {
            (winner.body, winner.headers["etag"])
        }
        assert winner.headers["etag"] != tag
        for response in responses:
            if response.status == 412:
                assert response.headers["content-type"] == "application/problem+json"
        tag = winner.headers["etag"]
