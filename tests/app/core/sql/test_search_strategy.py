"""Pages of a search by relevance contain each row once, forwards and backwards."""

from __future__ import annotations

import pytest

from app.core.sql import search_strategy

WORDS = ["Sea", "Sea of Salt", "Salt Sea", "The Sea", "A Book"]


@pytest.fixture
def sea_books(client):
    """A client of a catalog in which most books match `sea`."""
    books = [
        {
            "title": f"{WORDS[n % 5]} {'x' * (n % 3)}".strip(),
            "publisher": "Sea Press" if n % 5 == 4 else None,
            "language": "en" if n % 2 else "fr",
        }
        for n in range(60)
    ]
    assert client.post("/books", json=books).status_code == 201
    return client


def prefer(monkeypatch, strategy):
    """Make every search use one strategy."""
    monkeypatch.setattr(search_strategy, "MANY", 10**9 if strategy == "sorted" else -1)
    monkeypatch.setattr(search_strategy, "_is_as_estimated", lambda *_: True)


@pytest.fixture(params=["sorted", "scanned"])
def strategy(request, monkeypatch):
    """The strategy: few matches are sorted; for many, the tiers are scanned in order."""
    prefer(monkeypatch, request.param)
    return request.param


def ids(response):
    assert response.status_code == 200, response.text
    return [row["id"] for row in response.json["data"]]


def walk(client, url, direction="next"):
    """The ids on all pages from a URL on, and the URL of the last page."""
    found, pages = [], 0
    while url:
        response = client.get(url)
        rows = ids(response)
        found = found + rows if direction == "next" else rows + found
        last, url = url, response.json["links"][direction]
        pages += 1
        assert pages < 200
    return found, last


@pytest.mark.parametrize(
    "q", ["sea", "se", "s", "the sea", "sea salt", "press sea", "-salt", "sea -salt", '"salt sea"']
)
@pytest.mark.parametrize("rest", ["", "&language=fr"])
def test_a_walk_sees_each_row_once_in_both_directions(sea_books, strategy, q, rest):
    whole = ids(sea_books.get(f"/books?q={q}{rest}&limit=100"))
    assert len(set(whole)) == len(whole) > 0
    forwards, last = walk(sea_books, f"/books?q={q}{rest}&limit=7")
    assert forwards == whole
    backwards, _ = walk(sea_books, last, "prev")
    assert backwards == whole


@pytest.mark.parametrize("q", ["sea", "s", "the sea", "sea sa", "press", "x", "-salt"])
def test_both_strategies_return_the_same_rows_in_the_same_order(sea_books, monkeypatch, q):
    prefer(monkeypatch, "sorted")
    by_sorting = ids(sea_books.get(f"/books?q={q}&limit=100", headers={"Cache-Control": "no-cache"}))
    prefer(monkeypatch, "scanned")
    monkeypatch.setattr(search_strategy, "FIRST", 0)
    assert ids(sea_books.get(f"/books?q={q}&limit=100", headers={"Cache-Control": "no-cache"})) == by_sorting


def test_an_offset_skips_rows(sea_books, strategy):
    whole = ids(sea_books.get("/books?q=sea&limit=100"))
    assert ids(sea_books.get("/books?q=sea&limit=5&offset=7")) == whole[7:12]


def test_repeated_searches_have_the_same_etag(sea_books, strategy):
    first = sea_books.get("/books?q=sea")
    again = sea_books.get("/books?q=sea", headers={"Cache-Control": "no-cache"})
    assert again.headers["ETag"] == first.headers["ETag"]


def test_a_walk_continues_while_books_are_added_and_deleted(sea_books, strategy):
    whole = ids(sea_books.get("/books?q=sea&limit=100"))
    first = sea_books.get("/books?q=sea&limit=10")
    sea_books.post("/books", json={"title": "Sea"})
    sea_books.delete(f"/books/{whole[3]}")
    rest, _ = walk(sea_books, first.json["links"]["next"])
    assert ids(first) + [row_id for row_id in rest if row_id in whole] == whole


def test_a_cursor_is_refused_with_another_search(sea_books):
    link = sea_books.get("/books?q=sea&limit=3").json["links"]["next"]
    assert sea_books.get(f"{link}&q=sea").status_code == 200
    assert sea_books.get(f"{link}&q=salt").json["errors"][0]["code"] == "mismatch"
