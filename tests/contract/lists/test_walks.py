"""Walks by links return every unchanged row once, in both directions and all sorts."""

from __future__ import annotations

import random

import pytest
from flask.testing import FlaskClient

from tests.support.catalogs.varied import SORTS, Row, VariedCatalog, in_order, store, varied_authors, varied_books
from tests.support.clients.pages import ids, read_page, walk

pytestmark = pytest.mark.slow(12)

LIMIT = 7
SINGLE = [(path, sign + name) for path, names in SORTS.items() for name in names for sign in ("", "-")]

SEVERAL = [
    *(
        ("books", sort)
        for sort in (
            "published,title",
            "-published,title",
            "published,-title",
            "-published,-title",
            "-page_count,series_position",
            "series_position,-page_count",
            "title,-published",
            "-title,id",
            "page_count,-id",
            "-created_at,published",
            "updated_at,-page_count",
            "-series_position,published,-title",
            "published,-page_count,series_position,title",
        )
    ),
    *(
        ("authors", sort)
        for sort in (
            "-birth_date,name",
            "birth_date,-sort_name",
            "name,-birth_date",
            "-created_at,-name",
            "sort_name,-id",
            "-name,birth_date,-updated_at",
        )
    ),
]


@pytest.mark.parametrize(("path", "sort"), [*SINGLE, *SEVERAL])
def test_a_walk_sees_every_row_once_forwards_and_back(long_catalog: VariedCatalog, path: str, sort: str) -> None:
    expected = [row["id"] for row in in_order(long_catalog.rows[path], sort)]
    forwards = walk(long_catalog.client, f"/{path}?sort={sort}&limit={LIMIT}&fields=id")
    assert ids(forwards) == expected
    assert [page["links"]["prev"] is None for page in forwards] == [True] + [False] * (len(forwards) - 1)
    back = walk(long_catalog.client, forwards[-1]["links"]["prev"], "prev")
    assert [page["data"] for page in reversed(back)] == [page["data"] for page in forwards[:-1]]
    assert all(page["links"]["next"] for page in back)
    again = walk(long_catalog.client, back[-1]["links"]["next"])
    assert [page["data"] for page in again] == [page["data"] for page in forwards[1:]]


@pytest.mark.parametrize(("path", "sort"), [*SINGLE, *SEVERAL])
def test_a_walk_sees_every_lasting_row_once_during_writes(client: FlaskClient, path: str, sort: str) -> None:
    authors = store(client, "/authors", varied_authors(60, seed=7))
    rows = store(client, "/books", varied_books(60, [1, 2, 3], seed=8)) if path == "books" else authors
    choose = random.Random(sort)
    gone: set[int] = set()
    fresh = iter(varied_books(200, [], seed=9) if path == "books" else varied_authors(200, seed=9))

    def disturb(seen: Row) -> None:
        """Insert three rows anywhere, delete the one at the page's edge and one anywhere."""
        documents = [{**next(fresh), "isbn": None} if path == "books" else next(fresh) for _ in range(3)]
        assert client.post(f"/{path}", json=documents).status_code == 201
        present = [row["id"] for row in rows if row["id"] not in gone]
        edge = [row["id"] for row in (seen["data"][:1] + seen["data"][-1:])]
        for victim in {*edge[-1:], choose.choice(present)}:
            assert (
                client.delete(f"/{path}/{victim}?books=keep" if path == "authors" else f"/{path}/{victim}").status_code
                == 204
            )
            gone.add(victim)

    first = read_page(client, f"/{path}?sort={sort}&limit={LIMIT}&fields=id")
    seen, page = [first], first
    for _ in range(5):
        disturb(page)
        page = read_page(client, page["links"]["next"])
        seen.append(page)
    while page["links"]["next"]:
        page = read_page(client, page["links"]["next"])
        seen.append(page)
    once = [row_id for row_id in ids(seen) if row_id in {row["id"] for row in rows} - gone]
    assert once == [row["id"] for row in in_order(rows, sort) if row["id"] not in gone]

    remaining = set(once)
    turns = 0
    back = [] if page["links"]["prev"] is None else [read_page(client, page["links"]["prev"])]
    while back[-1]["links"]["prev"]:
        if turns < 4 and len(back[-1]["data"]) > 1:
            disturb(back[-1])
            turns += 1
        back.append(read_page(client, back[-1]["links"]["prev"]))
    remaining -= gone
    backwards = [row["id"] for found in back for row in reversed(found["data"])]
    last = {row["id"] for row in page["data"]}
    assert [row_id for row_id in backwards if row_id in remaining] == [
        row["id"] for row in reversed(in_order(rows, sort)) if row["id"] in remaining - last
    ]


@pytest.mark.parametrize("sort", ["id", "-published,title", "title"])
def test_an_empty_page_after_deletions_has_links_back(client: FlaskClient, sort: str) -> None:
    rows = in_order(store(client, "/books", varied_books(20, [], seed=11)), sort)
    first = read_page(client, f"/books?sort={sort}&limit=7&fields=id")
    second = read_page(client, first["links"]["next"])
    for row in rows[7:]:
        assert client.delete(f"/books/{row['id']}").status_code == 204
    empty = read_page(client, first["links"]["next"])
    assert (empty["data"], empty["links"]["next"]) == ([], None)
    back = read_page(client, empty["links"]["prev"])
    assert back["data"] == first["data"]
    assert back["links"]["prev"] is None

    for row in rows[:7]:
        assert client.delete(f"/books/{row['id']}").status_code == 204
    before = read_page(client, second["links"]["prev"])
    assert (before["data"], before["links"]["prev"]) == ([], None)
    new = client.post("/books", json={"title": "zzz", "published": "2020", "page_count": 1}).json
    later = read_page(client, before["links"]["next"])
    # In some orders it comes after the position of the cursor, in others before.
    found = later["data"] or read_page(client, later["links"]["prev"])["data"]
    assert [row["id"] for row in found] == [new["id"]]


@pytest.mark.parametrize("sort", ["id", "-page_count,title"])
def test_pages_by_offset_have_links_by_cursor(long_catalog: VariedCatalog, sort: str) -> None:
    expected = [row["id"] for row in in_order(long_catalog.rows["books"], sort)]
    for offset in (0, 1, 50, 113, 119):
        page = long_catalog.get(f"/books?sort={sort}&offset={offset}&limit={LIMIT}&fields=id")
        assert ids([page]) == expected[offset : offset + LIMIT]
        assert (page["links"]["prev"] is None) == (offset == 0)
        assert (page["links"]["next"] is None) == (offset + LIMIT >= 120)
        if page["links"]["next"]:
            assert "offset" not in page["links"]["next"]
            assert ids(walk(long_catalog.client, page["links"]["next"])) == expected[offset + LIMIT :]
        if page["links"]["prev"]:
            back = walk(long_catalog.client, page["links"]["prev"], "prev")
            assert ids(list(reversed(back))) == expected[:offset]
    behind = long_catalog.get(f"/books?sort={sort}&offset=120")
    assert behind["data"] == []
    assert behind["links"]["next"] is None


def test_a_walk_sees_all_books_of_an_author(long_catalog: VariedCatalog) -> None:
    own = [row for row in long_catalog.rows["books"] if 2 in [author["id"] for author in row["authors"]]]
    pages = walk(long_catalog.client, f"/authors/2/books?sort=-series_position&limit={LIMIT}&fields=id")
    assert ids(pages) == [row["id"] for row in in_order(own, "-series_position")]
    back = walk(long_catalog.client, pages[-1]["links"]["prev"], "prev")
    assert ids(list(reversed(back))) == ids(pages[:-1])
