"""Cursors: what they contain, which parameters may accompany them, and which cursors are rejected."""

from __future__ import annotations

import base64
import json
import zlib
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from flask.testing import FlaskClient

from tests.support.catalogs.varied import VariedCatalog, in_order, store
from tests.support.clients.pages import ids, read_page, walk


def forged(content: Any) -> str:
    """A cursor with a valid checksum and any content."""
    packed = b"0" + json.dumps(content).encode()
    return base64.urlsafe_b64encode(zlib.crc32(packed).to_bytes(4) + packed).rstrip(b"=").decode()


def cursor_of(link: str) -> str:
    return parse_qs(urlsplit(link).query)["cursor"][0]


def test_a_cursor_keeps_filters_sort_fields_limit_and_total(long_catalog: VariedCatalog) -> None:
    query = "sort=-published,title&language[ne]=en&author_id[null]=false&fields=id,title&limit=3&total=exact"
    pages = walk(long_catalog.client, f"/books?{query}")
    kept = [row for row in long_catalog.rows["books"] if row["language"] != "en" and row["authors"]]
    expected = [{"id": row["id"], "title": row["title"]} for row in in_order(kept, "-published,title")]
    assert [row for each in pages for row in each["data"]] == expected
    assert {each["meta"]["limit"] for each in pages} == {3}
    assert {each["meta"]["total"] for each in pages} == {len(expected)}
    assert len(pages) > 5


def test_a_link_by_cursor_has_no_other_parameter(long_catalog: VariedCatalog) -> None:
    query = "limit=2&publisher[in]=Ace, B, ACE&sort=-published,title&title[ne]=a&fields=id"
    link = long_catalog.get(f"/books?{query}")["links"]["next"]
    assert list(parse_qs(urlsplit(link).query)) == ["cursor"]
    assert len(link) < 300


def test_limit_and_fields_beside_a_cursor_override_it(long_catalog: VariedCatalog) -> None:
    first = long_catalog.get("/books?sort=title&limit=3&fields=id")
    expected = in_order(long_catalog.rows["books"], "title")
    wider = long_catalog.get(first["links"]["next"] + "&limit=11&fields=title,id")
    assert wider["data"] == [{"id": row["id"], "title": row["title"]} for row in expected[3:14]]
    assert wider["meta"]["limit"] == 11
    following = long_catalog.get(wider["links"]["next"])
    assert following["data"] == [{"id": row["id"], "title": row["title"]} for row in expected[14:25]]
    assert long_catalog.get(following["links"]["prev"])["data"] == wider["data"]


def test_a_total_beside_a_cursor_is_counted(long_catalog: VariedCatalog) -> None:
    link = long_catalog.get("/books?limit=3&language=en")["links"]["next"]
    count = sum(row["language"] == "en" for row in long_catalog.rows["books"])
    assert long_catalog.get(f"{link}&total=exact")["meta"]["total"] == count
    assert long_catalog.get(f"{link}&total=estimated")["meta"]["total"] == count


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
def test_the_same_sort_and_filters_are_accepted_beside_a_cursor(long_catalog: VariedCatalog, beside: str) -> None:
    link = long_catalog.get("/books?sort=-published,title&language[ne]=en&subjects=Fiction&limit=2")["links"]["next"]
    with_it = long_catalog.get(f"{link}&{beside}")["data"]
    assert [row["id"] for row in with_it] == ids([long_catalog.get(link)])


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
def test_anything_else_beside_a_cursor_is_400(long_catalog: VariedCatalog, beside: str, parameter: str) -> None:
    link = long_catalog.get("/books?sort=-published,title&language[ne]=en&subjects=Fiction&limit=2")["links"]["next"]
    response = long_catalog.client.get(f"{link}&{beside}")
    assert response.status_code == 400
    assert parameter in [error["parameter"] for error in response.json["errors"]]


@pytest.mark.parametrize("other", ["/authors", "/authors/1/books", "/authors/2/books"])
def test_a_cursor_is_refused_by_another_list(long_catalog: VariedCatalog, other: str) -> None:
    for path in ("/books", "/authors/3/books"):
        link = long_catalog.get(f"{path}?limit=2")["links"]["next"]
        response = long_catalog.client.get(f"{other}?cursor={cursor_of(link)}")
        assert response.status_code == 400
        assert response.json["type"] == "/problems/invalid-cursor"


def test_a_damaged_cursor_is_400(long_catalog: VariedCatalog) -> None:
    word = cursor_of(long_catalog.get("/books?limit=2&sort=title")["links"]["next"])
    assert long_catalog.get(f"/books?cursor={word}")["data"]
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
            word[:index] + ("A" if word[index] != "A" else "B") + word[index + 1 :]
            for index in range(0, len(word) - 1, 9)
        ),
    ]
    for text in damaged:
        response = long_catalog.client.get("/books", query_string={"cursor": text})
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
def test_a_cursor_with_forged_keys_is_400(long_catalog: VariedCatalog, sort: str, keys: tuple[Any, ...]) -> None:
    word = forged(["books", ["sort", sort] if sort else [], keys, 0])
    assert long_catalog.client.get(f"/books?cursor={word}").status_code == 400


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
def test_a_cursor_with_forged_content_is_400(long_catalog: VariedCatalog, content: Any) -> None:
    assert long_catalog.client.get(f"/books?cursor={forged(content)}").status_code == 400


def test_a_cursor_of_a_deleted_author_is_404(client: FlaskClient) -> None:
    store(client, "/authors", [{"name": "A"}])
    store(client, "/books", [{"title": str(number), "authors": [{"id": 1}]} for number in range(3)])
    link = read_page(client, "/authors/1/books?limit=1")["links"]["next"]
    assert client.delete("/authors/1").status_code == 204
    assert client.get(link).status_code == 404
