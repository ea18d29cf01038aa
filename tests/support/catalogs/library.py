"""A small catalog to search in, and what a search finds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from flask.testing import FlaskClient

from tests.support.application import invalidate_cache

AUTHORS: list[dict[str, Any]] = [
    {"name": "J. R. R. Tolkien", "birth_date": "1892-01-03", "death_date": "1973"},
    {"name": "Fyodor Dostoyevsky", "alternate_names": ["Fyodor Dostoevsky", "Фёдор Достоевский"]},
    {"name": "Ursula K. Le Guin", "birth_date": "1929"},
    {"name": "Gabriel García Márquez"},
    {"name": "J. K. Rowling"},
    {"name": "Liu Cixin", "alternate_names": ["刘慈欣"]},
    {"name": "Flann O'Brien"},
    {"name": "Stephen King"},
    {"name": "Dune Fremen"},
    {"name": "Frank Herbert"},
]
BOOKS: list[dict[str, Any]] = [
    {"title": "The Hobbit", "authors": [{"name": "J. R. R. Tolkien"}], "language": "en", "published": "1937"},
    {
        "title": "The Lord of the Rings",
        "authors": [{"name": "J. R. R. Tolkien"}],
        "subtitle": "The Fellowship of the Ring",
        "isbn": "9780261102385",
    },
    {"title": "Crime and Punishment", "authors": [{"name": "Fyodor Dostoyevsky"}], "subjects": ["Murder", "Guilt"]},
    {"title": "The Left Hand of Darkness", "authors": [{"name": "Ursula K. Le Guin"}], "series": "Hainish Cycle"},
    {"title": "Cien años de soledad", "authors": [{"name": "Gabriel García Márquez"}], "language": "es"},
    {"title": "Harry Potter and the Philosopher's Stone", "authors": [{"name": "J. K. Rowling"}]},
    {"title": "三体", "authors": [{"name": "Liu Cixin"}], "language": "zh"},
    {"title": "The Third Policeman", "authors": [{"name": "Flann O'Brien", "credited_as": "Myles"}]},
    {"title": "It", "authors": [{"name": "Stephen King"}]},
    {"title": "Children of Dune", "authors": [{"name": "Frank Herbert"}]},
    {"title": "Dune Messiah", "authors": [{"name": "Frank Herbert"}]},
    {
        "title": "Dune",
        "authors": [{"name": "Frank Herbert"}],
        "publisher": "Chilton",
        "identifiers": {"isbn": ["0441172717"]},
    },
    {"title": "Deserts", "authors": [{"name": "Dune Fremen"}]},
    {"title": "Sand", "subjects": ["Dune landscapes"]},
    {"title": "E-mail for Beginners", "publisher": "Twenty-One Press"},
    {"title": "The King of Elfland's Daughter"},
    {"title": "Of Kings"},
]


def fill(client: FlaskClient) -> None:
    assert client.post("/authors", json=AUTHORS).status_code == 201
    assert client.post("/books", json=BOOKS).status_code == 201


@pytest.fixture(scope="session")
def shared_library(shared_catalog: Callable[..., FlaskClient]) -> FlaskClient:
    return shared_catalog("library", fill)


@pytest.fixture
def library(request: pytest.FixtureRequest) -> FlaskClient:
    """A client of the catalog.

    A test with the mark ``writes`` has one of its own.
    """
    if request.node.get_closest_marker("writes"):
        client: FlaskClient = request.getfixturevalue("client")
        fill(client)
    else:
        client = request.getfixturevalue("shared_library")
        invalidate_cache(client.application)
    return client


@pytest.fixture
def page(library: FlaskClient) -> Callable[..., Any]:
    """Read the page of a search."""

    def search(q: str, path: str = "/books", **further: str) -> Any:
        rest = "".join(f"&{name}={quote(value)}" for name, value in further.items())
        response = library.get(f"{path}?q={quote(q)}{rest}", headers={"Cache-Control": "no-cache"})
        assert response.status_code == 200, response.text
        return response.json

    return search


@pytest.fixture
def titles(page: Callable[..., Any]) -> Callable[..., list[str]]:
    """Search books; return the titles of exact matches, in their order."""

    def search(q: str, **further: str) -> list[str]:
        results = page(q, **further)
        return [book["title"] for book in results["data"]] if results["meta"]["match"] == "exact" else []

    return search


@pytest.fixture
def names(page: Callable[..., Any]) -> Callable[..., list[str]]:
    """Search authors; return the names of exact matches, in their order."""

    def search(q: str, **further: str) -> list[str]:
        results = page(q, "/authors", **further)
        return [author["name"] for author in results["data"]] if results["meta"]["match"] == "exact" else []

    return search
