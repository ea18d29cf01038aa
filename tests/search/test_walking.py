"""Pages of a search: by relevance, forwards and back, each row once, however many are found."""

from __future__ import annotations

import pytest

from app import approach

WORDS = ["Sea", "Sea of Salt", "Salt Sea", "The Sea", "A Book"]


@pytest.fixture
def shelf(client):
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


def prefer(monkeypatch, way):
    """Let every search find its rows in one way."""
    monkeypatch.setattr(approach, "MANY", 10**9 if way == "sorted" else -1)
    monkeypatch.setattr(approach, "_is_as_planned", lambda *_: True)


@pytest.fixture(params=["sorted", "walked"])
def way(request, monkeypatch):
    """Few rows are sorted, many are walked: both ways of finding a page give the same."""
    prefer(monkeypatch, request.param)
    return request.param


def ids(response):
    assert response.status_code == 200, response.text
    return [row["id"] for row in response.json["data"]]


def walk(client, address, direction="next"):
    """The ids of all pages from an address on, and the last address."""
    found, pages = [], 0
    while address:
        response = client.get(address)
        rows = ids(response)
        found = found + rows if direction == "next" else rows + found
        last, address = address, response.json["links"][direction]
        pages += 1
        assert pages < 200
    return found, last


@pytest.mark.parametrize(
    "q", ["sea", "se", "s", "the sea", "sea salt", "press sea", "-salt", "sea -salt", '"salt sea"']
)
@pytest.mark.parametrize("rest", ["", "&language=fr"])
def test_a_walk_sees_each_row_once_and_the_way_back_is_the_same(shelf, way, q, rest):
    whole = ids(shelf.get(f"/books?q={q}{rest}&limit=100"))
    assert len(set(whole)) == len(whole) > 0
    there, last = walk(shelf, f"/books?q={q}{rest}&limit=7")
    assert there == whole
    back, _ = walk(shelf, last, "prev")
    assert back == whole


@pytest.mark.parametrize("q", ["sea", "s", "the sea", "sea sa", "press", "x", "-salt"])
def test_both_ways_give_the_same_rows_in_the_same_order(shelf, monkeypatch, q):
    prefer(monkeypatch, "sorted")
    one = ids(shelf.get(f"/books?q={q}&limit=100", headers={"Cache-Control": "no-cache"}))
    prefer(monkeypatch, "walked")
    monkeypatch.setattr(approach, "FIRST", 0)
    assert ids(shelf.get(f"/books?q={q}&limit=100", headers={"Cache-Control": "no-cache"})) == one


def test_an_offset_skips(shelf, way):
    whole = ids(shelf.get("/books?q=sea&limit=100"))
    assert ids(shelf.get("/books?q=sea&limit=5&offset=7")) == whole[7:12]


def test_the_same_question_has_the_same_answer(shelf, way):
    first = shelf.get("/books?q=sea")
    again = shelf.get("/books?q=sea", headers={"Cache-Control": "no-cache"})
    assert again.headers["ETag"] == first.headers["ETag"]


def test_a_walk_goes_on_while_books_come_and_go(shelf, way):
    whole = ids(shelf.get("/books?q=sea&limit=100"))
    first = shelf.get("/books?q=sea&limit=10")
    shelf.post("/books", json={"title": "Sea"})
    shelf.delete(f"/books/{whole[3]}")
    rest, _ = walk(shelf, first.json["links"]["next"])
    assert ids(first) + [one for one in rest if one in whole] == whole


def test_a_cursor_holds_for_its_question_alone(shelf):
    link = shelf.get("/books?q=sea&limit=3").json["links"]["next"]
    assert shelf.get(f"{link}&q=sea").status_code == 200
    assert shelf.get(f"{link}&q=salt").json["errors"][0]["code"] == "mismatch"
