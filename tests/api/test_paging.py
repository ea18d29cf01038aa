"""Walks by links, forwards and back: every row that stood throughout comes exactly once, under every sort."""

from __future__ import annotations

import base64
import json
import random
import zlib
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient

from tests.api.varied_catalog import Row, in_order, store, varied_authors, varied_books

LIMIT = 7
SORTS = {
    "books": ("id", "title", "published", "page_count", "series_position", "created_at", "updated_at"),
    "authors": ("id", "name", "sort_name", "birth_date", "created_at", "updated_at"),
}
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


class Catalog:
    """A client of a catalog that stands still, and all its rows."""

    def __init__(self, client: FlaskClient) -> None:
        self.client = client
        store(client, "/authors", varied_authors(60, seed=5))
        store(client, "/books", varied_books(120, [1, 2, 3], seed=6))
        self.rows: dict[str, list[Row]] = {
            "books": page(client, "/books?limit=100")["data"] + page(client, "/books?limit=100&offset=100")["data"],
            "authors": page(client, "/authors?limit=100")["data"],
        }


@pytest.fixture(scope="module")
def catalog(make_app: Callable[..., Any], new_database: Callable[[str], str]) -> Iterator[Catalog]:
    return Catalog(make_app(DATABASE_URL=new_database("paging")).test_client(use_cookies=False))


def page(client: FlaskClient, address: str) -> Row:
    response = client.get(address)
    assert response.status_code == 200, f"{address}: {response.text}"
    return dict(response.json or {})


def walk(client: FlaskClient, address: str, link: str = "next") -> list[Row]:
    """The pages from `address` on."""
    pages = [page(client, address)]
    while pages[-1]["links"][link]:
        assert len(pages) < 200, "the walk does not end"
        pages.append(page(client, pages[-1]["links"][link]))
    return pages


def ids(pages: list[Row]) -> list[int]:
    return [row["id"] for page in pages for row in page["data"]]


def forged(content: Any) -> str:
    """A cursor with a right checksum and any content."""
    packed = b"0" + json.dumps(content).encode()
    return base64.urlsafe_b64encode(zlib.crc32(packed).to_bytes(4) + packed).rstrip(b"=").decode()


def cursor_of(link: str) -> str:
    return parse_qs(urlsplit(link).query)["cursor"][0]


@pytest.mark.parametrize(("path", "sort"), [*SINGLE, *SEVERAL])
def test_a_walk_sees_every_row_once_forwards_and_back(catalog: Catalog, path: str, sort: str) -> None:
    expected = [row["id"] for row in in_order(catalog.rows[path], sort)]
    forwards = walk(catalog.client, f"/{path}?sort={sort}&limit={LIMIT}&fields=id")
    assert ids(forwards) == expected
    assert [page["links"]["prev"] is None for page in forwards] == [True] + [False] * (len(forwards) - 1)
    back = walk(catalog.client, forwards[-1]["links"]["prev"], "prev")
    assert [page["data"] for page in reversed(back)] == [page["data"] for page in forwards[:-1]]
    assert all(page["links"]["next"] for page in back)
    again = walk(catalog.client, back[-1]["links"]["next"])
    assert [page["data"] for page in again] == [page["data"] for page in forwards[1:]]


@pytest.mark.parametrize(("path", "sort"), [*SINGLE, *SEVERAL])
def test_a_walk_sees_every_row_that_stood_throughout_once_while_others_come_and_go(
    client: FlaskClient, path: str, sort: str
) -> None:
    authors = store(client, "/authors", varied_authors(60, seed=7))
    rows = store(client, "/books", varied_books(60, [1, 2, 3], seed=8)) if path == "books" else authors
    choose = random.Random(sort)
    gone: set[int] = set()
    fresh = iter(varied_books(200, [], seed=9) if path == "books" else varied_authors(200, seed=9))

    def disturb(seen: Row) -> None:
        """Insert three rows anywhere, delete the one at the page's edge and one anywhere."""
        documents = [{**next(fresh), "isbn": None} if path == "books" else next(fresh) for _ in range(3)]
        assert client.post(f"/{path}", json=documents).status_code == 201
        standing = [row["id"] for row in rows if row["id"] not in gone]
        edge = [row["id"] for row in (seen["data"][:1] + seen["data"][-1:])]
        for victim in {*edge[-1:], choose.choice(standing)}:
            assert (
                client.delete(f"/{path}/{victim}?books=keep" if path == "authors" else f"/{path}/{victim}").status_code
                == 204
            )
            gone.add(victim)

    first = page(client, f"/{path}?sort={sort}&limit={LIMIT}&fields=id")
    seen, here = [first], first
    for _ in range(5):
        disturb(here)
        here = page(client, here["links"]["next"])
        seen.append(here)
    while here["links"]["next"]:
        here = page(client, here["links"]["next"])
        seen.append(here)
    once = [row_id for row_id in ids(seen) if row_id in {row["id"] for row in rows} - gone]
    assert once == [row["id"] for row in in_order(rows, sort) if row["id"] not in gone]

    stood = set(once)
    turns = 0
    back = [] if here["links"]["prev"] is None else [page(client, here["links"]["prev"])]
    while back[-1]["links"]["prev"]:
        if turns < 4 and len(back[-1]["data"]) > 1:
            disturb(back[-1])
            turns += 1
        back.append(page(client, back[-1]["links"]["prev"]))
    stood -= gone
    backwards = [row["id"] for found in back for row in reversed(found["data"])]
    last = {row["id"] for row in here["data"]}
    assert [row_id for row_id in backwards if row_id in stood] == [
        row["id"] for row in reversed(in_order(rows, sort)) if row["id"] in stood - last
    ]


def test_a_cursor_keeps_filters_sort_fields_limit_and_total(catalog: Catalog) -> None:
    query = "sort=-published,title&language[ne]=en&author_id[null]=false&fields=id,title&limit=3&total=exact"
    pages = walk(catalog.client, f"/books?{query}")
    kept = [row for row in catalog.rows["books"] if row["language"] != "en" and row["authors"]]
    expected = [{"id": row["id"], "title": row["title"]} for row in in_order(kept, "-published,title")]
    assert [row for found in pages for row in found["data"]] == expected
    assert {found["meta"]["limit"] for found in pages} == {3}
    assert {found["meta"]["total"] for found in pages} == {len(expected)}
    assert len(pages) > 5


def test_a_link_with_a_cursor_holds_all_the_rest_in_it(catalog: Catalog) -> None:
    query = "limit=2&publisher[in]=Ace, B, ACE&sort=-published,title&title[ne]=a&fields=id"
    link = page(catalog.client, f"/books?{query}")["links"]["next"]
    assert list(parse_qs(urlsplit(link).query)) == ["cursor"]
    assert len(link) < 300


def test_limit_and_fields_beside_a_cursor_win(catalog: Catalog) -> None:
    first = page(catalog.client, "/books?sort=title&limit=3&fields=id")
    expected = in_order(catalog.rows["books"], "title")
    wider = page(catalog.client, first["links"]["next"] + "&limit=11&fields=title,id")
    assert wider["data"] == [{"id": row["id"], "title": row["title"]} for row in expected[3:14]]
    assert wider["meta"]["limit"] == 11
    following = page(catalog.client, wider["links"]["next"])
    assert following["data"] == [{"id": row["id"], "title": row["title"]} for row in expected[14:25]]
    assert page(catalog.client, following["links"]["prev"])["data"] == wider["data"]


def test_a_total_beside_a_cursor_is_counted(catalog: Catalog) -> None:
    link = page(catalog.client, "/books?limit=3&language=en")["links"]["next"]
    count = sum(row["language"] == "en" for row in catalog.rows["books"])
    assert page(catalog.client, f"{link}&total=exact")["meta"]["total"] == count
    assert page(catalog.client, f"{link}&total=estimated")["meta"]["total"] == count


@pytest.mark.parametrize(
    "beside",
    [
        "sort=-published,title",
        "language[ne]=en",
        "subjects=Fiction",
        "sort=-published,title&language[ne]=en&subjects=Fiction",
        "subjects=Fiction&limit=2",
        "fields=id",
    ],
)
def test_the_same_sort_and_filters_may_stand_beside_a_cursor(catalog: Catalog, beside: str) -> None:
    link = page(catalog.client, "/books?sort=-published,title&language[ne]=en&subjects=Fiction&limit=2")["links"][
        "next"
    ]
    with_it = page(catalog.client, f"{link}&{beside}")["data"]
    assert [row["id"] for row in with_it] == ids([page(catalog.client, link)])


@pytest.mark.parametrize(
    ("beside", "parameter"),
    [
        ("sort=published,title", "cursor"),
        ("sort=id", "cursor"),
        ("language[ne]=fr", "cursor"),
        ("language=en", "cursor"),
        ("subjects=Gender", "cursor"),
        ("page_count=1", "cursor"),
        ("offset=0", "offset"),
        ("offset=3", "offset"),
        ("limit=0", "limit"),
        ("fields=x", "fields"),
        ("colour=red", "colour"),
        ("cursor=", "cursor"),
    ],
)
def test_anything_else_beside_a_cursor_is_400(catalog: Catalog, beside: str, parameter: str) -> None:
    link = page(catalog.client, "/books?sort=-published,title&language[ne]=en&subjects=Fiction&limit=2")["links"][
        "next"
    ]
    response = catalog.client.get(f"{link}&{beside}")
    assert response.status_code == 400
    assert parameter in [error["parameter"] for error in response.json["errors"]]


@pytest.mark.parametrize("other", ["/authors", "/authors/1/books", "/authors/2/books"])
def test_a_cursor_holds_for_its_own_list_alone(catalog: Catalog, other: str) -> None:
    for path in ("/books", "/authors/3/books"):
        link = page(catalog.client, f"{path}?limit=2")["links"]["next"]
        response = catalog.client.get(f"{other}?cursor={cursor_of(link)}")
        assert response.status_code == 400
        assert response.json["type"] == "/problems/invalid-cursor"


def test_a_damaged_cursor_is_400(catalog: Catalog) -> None:
    word = cursor_of(page(catalog.client, "/books?limit=2&sort=title")["links"]["next"])
    assert page(catalog.client, f"/books?cursor={word}")["data"]
    damaged = [
        word[:-1],
        word[1:],
        word + "A",
        word[::-1],
        word.swapcase(),
        "",
        "x",
        "é",
        "%00",
        word[:20] + "!" + word[20:],
        *(
            word[:place] + ("A" if word[place] != "A" else "B") + word[place + 1 :]
            for place in range(0, len(word) - 1, 9)
        ),
    ]
    for text in damaged:
        response = catalog.client.get("/books", query_string={"cursor": text})
        assert response.status_code == 400, text
        assert response.json["errors"][0]["parameter"] == "cursor"


@pytest.mark.parametrize(
    ("sort", "keys"),
    [
        ("", ()),
        ("", (1, 2)),
        ("", ("1",)),
        ("", (None,)),
        ("", (True,)),
        ("", (1.5,)),
        ("", (2**70,)),
        ("", ({},)),
        ("title", ("a",)),
        ("title", (1, 1)),
        ("title", ("a\0", 1)),
        ("title", ("\ud800", 1)),
        ("title", (None, 1)),
        ("published", ("1990", 1)),
        ("published", (2**40, 1)),
        ("published", (1e400, 1)),
        ("series_position", ("x", 1)),
        ("series_position", (float("nan"), 1)),
        ("created_at", ("yesterday", 1)),
        ("created_at", (1, 1)),
        ("created_at", ("2024-02-30T00:00:00Z", 1)),
        ("page_count", ([1], 1)),
        ("colour", (1, 1)),
        ("title,title", ("a", "a", 1)),
    ],
)
def test_a_forged_cursor_is_never_more_than_400(catalog: Catalog, sort: str, keys: tuple[Any, ...]) -> None:
    word = forged(["books", ["sort", sort] if sort else [], keys, 0])
    assert catalog.client.get(f"/books?cursor={word}").status_code == 400


@pytest.mark.parametrize(
    "content",
    [
        ["books", ["limit", "1000"], [1], 0],
        ["books", ["offset", "-5"], [1], 0],
        ["books", ["total", "x"], [1], 0],
        ["books", ["limit", "1", "limit", "2"], [1], 0],
        ["books", ["sort"], [1], 0],
        ["books", ["id", 1], [1], 0],
        ["books", ["title", "\ud800"], [1], 0],
        ["books", [], [1], 7],
        ["books", [], [1], None],
        ["books", [], 1, 0],
        ["books", [], {"a": 1}, 0],
        ["books", {}, [1], 0],
        [1, [], [1], 0],
        ["authors", [], [1], 0],
        ["books", [], [1]],
        {},
        1,
        None,
        "books",
        [[[[]]]],
    ],
)
def test_a_cursor_forged_with_what_no_cursor_holds_is_400(catalog: Catalog, content: Any) -> None:
    assert catalog.client.get(f"/books?cursor={forged(content)}").status_code == 400


@pytest.mark.parametrize("sort", ["id", "-published,title", "title"])
def test_an_empty_page_after_deletions_still_leads_back(client: FlaskClient, sort: str) -> None:
    rows = in_order(store(client, "/books", varied_books(20, [], seed=11)), sort)
    first = page(client, f"/books?sort={sort}&limit=7&fields=id")
    second = page(client, first["links"]["next"])
    for row in rows[7:]:
        assert client.delete(f"/books/{row['id']}").status_code == 204
    empty = page(client, first["links"]["next"])
    assert (empty["data"], empty["links"]["next"]) == ([], None)
    back = page(client, empty["links"]["prev"])
    assert back["data"] == first["data"]
    assert back["links"]["prev"] is None

    for row in rows[:7]:
        assert client.delete(f"/books/{row['id']}").status_code == 204
    before = page(client, second["links"]["prev"])
    assert (before["data"], before["links"]["prev"]) == ([], None)
    new = client.post("/books", json={"title": "zzz", "published": "2020", "page_count": 1}).json
    later = page(client, before["links"]["next"])
    # It stands behind the place of the cursor in the one order, before it in the others.
    found = later["data"] or page(client, later["links"]["prev"])["data"]
    assert [row["id"] for row in found] == [new["id"]]


@pytest.mark.parametrize("sort", ["id", "-page_count,title"])
def test_pages_by_offset_lead_on_and_back_by_cursor(catalog: Catalog, sort: str) -> None:
    expected = [row["id"] for row in in_order(catalog.rows["books"], sort)]
    for offset in (0, 1, 50, 113, 119):
        here = page(catalog.client, f"/books?sort={sort}&offset={offset}&limit={LIMIT}&fields=id")
        assert ids([here]) == expected[offset : offset + LIMIT]
        assert (here["links"]["prev"] is None) == (offset == 0)
        assert (here["links"]["next"] is None) == (offset + LIMIT >= 120)
        if here["links"]["next"]:
            assert "offset" not in here["links"]["next"]
            assert ids(walk(catalog.client, here["links"]["next"])) == expected[offset + LIMIT :]
        if here["links"]["prev"]:
            back = walk(catalog.client, here["links"]["prev"], "prev")
            assert ids(list(reversed(back))) == expected[:offset]
    behind = page(catalog.client, f"/books?sort={sort}&offset=120")
    assert behind["data"] == []
    assert behind["links"]["next"] is None


def test_an_authors_books_are_walked_by_links(catalog: Catalog) -> None:
    own = [row for row in catalog.rows["books"] if 2 in [one["id"] for one in row["authors"]]]
    pages = walk(catalog.client, f"/authors/2/books?sort=-series_position&limit={LIMIT}&fields=id")
    assert ids(pages) == [row["id"] for row in in_order(own, "-series_position")]
    back = walk(catalog.client, pages[-1]["links"]["prev"], "prev")
    assert ids(list(reversed(back))) == ids(pages[:-1])


def test_a_cursor_of_a_deleted_authors_books_is_404(client: FlaskClient) -> None:
    store(client, "/authors", [{"name": "A"}])
    store(client, "/books", [{"title": str(number), "authors": [{"id": 1}]} for number in range(3)])
    link = page(client, "/authors/1/books?limit=1")["links"]["next"]
    assert client.delete("/authors/1").status_code == 204
    assert client.get(link).status_code == 404
