"""Probable duplicates: which groups are found, why, in which order, and by page."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import duplicates

Row = dict[str, Any]
Add = Callable[..., Row]
Group = tuple[float, tuple[str, ...], tuple[int, ...]]

FIRST, SECOND = "9780441478125", "9780306406157"


def groups(client: FlaskClient, path: str) -> list[Group]:
    """All groups, page by page: score, reasons and ids."""
    found: list[Group] = []
    url: str | None = path
    while url:
        page = client.get(url).json
        name = path.split("/")[1]
        found += [
            (one["score"], tuple(one["reasons"]), tuple(record["id"] for record in one[name])) for one in page["data"]
        ]
        url = page["links"]["next"]
    return found


def reasons(client: FlaskClient, path: str) -> list[tuple[str, ...]]:
    return [group[1] for group in groups(client, path)]


AUTHORS: list[tuple[list[Row], list[tuple[str, ...]]]] = [
    ([{"name": "A. A. Milne"}, {"name": "Milne, A.A."}], [("same_name",)]),
    ([{"name": "A. E. Taylor"}, {"name": "E. A. Taylor"}], []),
    ([{"name": "John Smith", "birth_date": "1850"}, {"name": "John Smith", "birth_date": "1851-02"}], []),
    ([{"name": "John Smith", "birth_date": "1850-01"}, {"name": "John Smith", "death_date": "1900"}], [("same_name",)]),
    (
        [{"name": "J. S.", "birth_date": "1850-01"}, {"name": "J.S.", "birth_date": "1850"}],
        [("same_name", "same_dates")],
    ),
    ([{"name": "J. S.", "birth_date": "-0043"}, {"name": "J.S.", "birth_date": "-0044"}], []),
    (
        [
            {"name": "X", "identifiers": {"viaf": ["1", "2"]}},
            {"name": "Y", "identifiers": {"viaf": ["2"], "isni": ["1"]}},
        ],
        [("shared_identifier",)],
    ),
    ([{"name": "X", "identifiers": {"viaf": ["1"]}}, {"name": "Y", "identifiers": {"isni": ["1"]}}], []),
    (
        [
            {"name": "X", "identifiers": {"viaf": ["1"]}, "birth_date": "1900"},
            {"name": "Y", "identifiers": {"viaf": ["1"]}, "birth_date": "1901"},
        ],
        [],
    ),
    ([{"name": "Mark Twain"}, {"name": "Samuel Clemens", "alternate_names": ["Twain, Mark"]}], [("alternate_name",)]),
    (
        [
            {"name": "A B", "alternate_names": ["C D"]},
            {"name": "C D", "alternate_names": ["A B"], "birth_date": "1900"},
        ],
        [("alternate_name",)],
    ),
    ([{"name": "Fyodor Dostoevsky"}, {"name": "Fyodor Dostoyevsky"}], [("near_spelling",)]),
    ([{"name": "J. R. R. Tolkien"}, {"name": "Tolkein, J.R.R."}], [("near_spelling",)]),
    ([{"name": "H. C. Andersen"}, {"name": "H. C. Anderson"}], []),
    (
        [{"name": "H. C. Andersen", "death_date": "1875"}, {"name": "H. C. Anderson", "death_date": "1875-08"}],
        [("near_spelling", "same_dates")],
    ),
    ([{"name": "Dostoevsky", "birth_date": "1821"}, {"name": "Dostoyevsky", "birth_date": "1881"}], []),
]


@pytest.mark.parametrize(("authors", "expected"), AUTHORS, ids=str)
def test_authors_who_may_be_one_are_found_with_the_reasons(
    client: FlaskClient, authors: list[Row], expected: list[tuple[str, ...]]
) -> None:
    made = client.post("/authors", json=[*authors, {"name": "Somebody Else"}])
    assert made.status_code == 201
    assert reasons(client, "/authors/duplicates") == expected
    assert {ids for _, _, ids in groups(client, "/authors/duplicates")} <= {(1, 2)}


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (("A. A. Milne", "AA Milne"), [("same_name", "shared_books")]),
        (("Hans Hansen", "Hans Hanson"), [("near_spelling", "shared_books")]),
        (("Hans Hansen", "Jens Hansen"), []),
    ],
)
def test_books_of_one_title_speak_for_their_authors_being_one(
    client: FlaskClient, add_author: Add, add_book: Add, names: tuple[str, str], expected: list[tuple[str, ...]]
) -> None:
    for name in names:
        add_book(title="The Title", authors=[{"id": add_author(name=name)["id"]}])
    assert reasons(client, "/authors/duplicates") == expected


BOOKS: list[tuple[Row, Row, list[tuple[str, ...]]]] = [
    ({"isbn": FIRST}, {"title": "Other", "identifiers": {"isbn": [FIRST]}}, [("isbn_in_two_forms",)]),
    (
        {"isbn": FIRST, "identifiers": {"isbn": [SECOND]}},
        {"isbn": SECOND, "identifiers": {"isbn": [FIRST]}},
        [("isbn_in_two_forms",)],
    ),
    ({"identifiers": {"isbn": [FIRST]}}, {"identifiers": {"isbn": [FIRST]}}, []),
    ({"identifiers": {"oclc": ["1"]}}, {"title": "Other", "identifiers": {"oclc": ["1"]}}, [("shared_identifier",)]),
    ({"by": "A", "published": "1990"}, {"by": "A", "published": "1990-05"}, [("same_title_author_year",)]),
    ({"by": "A", "published": "1990"}, {"by": "A", "published": "1991"}, []),
    ({"by": "A", "published": "1990"}, {"by": "A"}, [("same_title_author",)]),
    ({"by": "A"}, {"by": "B"}, []),
    ({}, {}, []),
    ({"by": "A", "title": "Émile"}, {"by": "A", "title": "EMILE"}, [("same_title_author",)]),
    ({"by": "A", "title": "x" * 300}, {"by": "A", "title": "x" * 301}, []),
    ({"by": "A", "isbn": FIRST}, {"by": "A", "isbn": SECOND}, []),
    ({"by": "A", "isbn": FIRST}, {"by": "A"}, [("same_title_author",)]),
    ({"by": "A", "language": "en"}, {"by": "A", "language": "fr"}, []),
    ({"by": "A", "subtitle": "Volume 1"}, {"by": "A", "subtitle": "Volume 2"}, []),
    ({"by": "A", "series_position": 1}, {"by": "A", "series_position": 2}, []),
    (
        {"by": "A", "published": "1990", "identifiers": {"oclc": ["1"]}},
        {"by": "A", "published": "1990", "identifiers": {"oclc": ["1"]}},
        [("same_title_author_year", "shared_identifier")],
    ),
]


@pytest.mark.parametrize(("one", "other", "expected"), BOOKS, ids=str)
def test_books_that_may_be_one_are_found_with_the_reasons(
    client: FlaskClient, one: Row, other: Row, expected: list[tuple[str, ...]]
) -> None:
    for book in (one, other):
        authors = [{"name": book["by"]}, {"name": f"{book['by']} B"}] if "by" in book else []
        sent = {"title": "The Title", **{name: value for name, value in book.items() if name != "by"}}
        assert client.post("/books", json={**sent, "authors": authors}).status_code == 201
    assert reasons(client, "/books/duplicates") == expected


@pytest.fixture
def many(client: FlaskClient) -> list[Group]:
    """Duplicates of several kinds among many authors."""
    authors: list[Row] = [{"name": f"Same {letter} Name"} for letter in "abcdefg" for _ in range(2)]
    authors += [{"name": f"Slipofthepen{letter * 4} Author{letter}"} for letter in "abc"]
    authors += [{"name": f"Slipofhtepen{letter * 4} Author{letter}"} for letter in "abc"]
    authors += [{"name": f"Other {place}x", "identifiers": {"viaf": [str(place // 3)]}} for place in range(9)]
    authors += [{"name": "Homonym", "birth_date": str(1900 + place % 4)} for place in range(9)]
    assert client.post("/authors", json=authors).status_code == 201
    return groups(client, "/authors/duplicates?limit=100")


def test_the_best_come_first(many: list[Group]) -> None:
    scores = [score for score, _, _ in many]
    assert scores == sorted(scores, reverse=True)
    assert len(set(scores)) == 4
    assert len(many) == 7 + 3 + 3 + 4


def test_homonyms_are_apart_by_their_years(many: list[Group], client: FlaskClient) -> None:
    found = [ids for _, said, ids in many if said == ("same_name", "same_dates")]
    assert sorted(map(len, found)) == [2, 2, 2, 3]
    for ids in found:
        years = {client.get(f"/authors/{one}").json["birth_date"] for one in ids}
        assert len(years) == 1


@pytest.mark.parametrize("limit", [1, 2, 3, 7])
def test_pages_forth_and_back_hold_every_group_once(client: FlaskClient, many: list[Group], limit: int) -> None:
    assert groups(client, f"/authors/duplicates?limit={limit}") == many
    pages, url = [], f"/authors/duplicates?limit={limit}"
    while url:
        pages.append(client.get(url).json)
        url = pages[-1]["links"]["next"]
    assert {len(page["data"]) for page in pages[:-1]} <= {limit}
    assert all(page["meta"] == {"count": len(page["data"]), "limit": limit} for page in pages)
    assert pages[0]["links"]["prev"] is None
    for before, page in pairwise(pages):
        assert client.get(page["links"]["prev"]).json["data"] == before["data"]
    back = client.get(pages[1]["links"]["prev"]).json
    assert back["links"] == pages[0]["links"]


def test_a_page_whose_time_is_over_leads_on(
    client: FlaskClient, many: list[Group], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(duplicates, "SECONDS", 0)
    monkeypatch.setattr(duplicates, "JUDGED_AT_ONCE", 2)
    found, url, pages = 0, "/authors/duplicates?limit=100", 0
    while url:
        page = client.get(url, headers={"Cache-Control": "no-cache"}).json
        found, pages, url = found + len(page["data"]), pages + 1, page["links"]["next"]
    assert found == len(many)
    assert pages > len(many) / 2


def test_a_slice_holds_whole_keys_and_all_is_walked(app: Flask, client: FlaskClient, many: list[Group]) -> None:
    seen: list[Any] = []

    def between(first: Any, end: Any) -> duplicates.Candidates:
        seen.append((first, end))
        return []

    walk = duplicates.sliced("authors", "identity", 3, between, "")
    place: duplicates.Place | None = []
    with app.app_context():
        while place is not None:
            _, place = walk.find(place)
    assert seen[0][0] == ""
    assert seen[-1][1] is None
    assert [end for _, end in seen[:-1]] == [first for first, _ in seen[1:]]
    assert len(seen) > 7


def test_a_group_holds_whole_records_of_which_the_first_are_shown(client: FlaskClient) -> None:
    made = client.post("/authors", json=[{"name": "Same Name"}] * 25).json["data"]
    [group] = client.get("/authors/duplicates").json["data"]
    assert (group["count"], group["authors"]) == (25, made[:20])


def test_a_merged_group_is_gone(client: FlaskClient, many: list[Group]) -> None:
    _, _, (first, *others) = many[0]
    assert client.post(f"/authors/{first}/merge", json={"from": others}).status_code == 200
    assert groups(client, "/authors/duplicates") == many[1:]


@pytest.mark.parametrize("path", ["/authors/duplicates", "/books/duplicates"])
def test_an_answer_is_that_of_any_list(client: FlaskClient, path: str) -> None:
    empty = client.get(path)
    assert empty.json == {
        "data": [],
        "meta": {"count": 0, "limit": 20},
        "links": {"self": path, "next": None, "prev": None},
    }
    assert empty.headers["Cache-Control"] == "public, max-age=0, s-maxage=10"
    assert client.get(path, headers={"If-None-Match": empty.headers["ETag"]}).status_code == 304
    assert "hit" in client.get(path).headers["Cache-Status"]
    assert client.head(path).status_code == 200
    assert client.post(path, json={}).status_code == 405


def test_the_link_header_says_what_links_does(client: FlaskClient, many: list[Group]) -> None:
    second = client.get(client.get("/authors/duplicates?limit=2").json["links"]["next"])
    links = second.json["links"]
    assert second.headers["Link"] == ", ".join(f'<{links[name]}>; rel="{name}"' for name in ("self", "next", "prev"))


@pytest.mark.parametrize(
    ("query", "parameter", "code"),
    [
        ("limit=0", "limit", "out_of_range"),
        ("limit=101", "limit", "out_of_range"),
        ("limit=1&limit=2", "limit", "repeated"),
        ("sort=id", "sort", "unknown"),
        ("fields=id", "fields", "unknown"),
        ("name=x", "name", "unknown"),
        ("cursor=x", "cursor", "damaged"),
    ],
)
def test_what_is_no_parameter_of_it_is_refused(client: FlaskClient, query: str, parameter: str, code: str) -> None:
    response = client.get(f"/books/duplicates?{query}")
    assert response.status_code == 400
    assert [(fault["parameter"], fault["code"]) for fault in response.json["errors"]] == [(parameter, code)]


@pytest.mark.parametrize(
    "keys",
    [
        (),
        (1,),
        ([],),
        ([0],),
        ([99, 0],),
        ([-1, 0],),
        ([0, -1],),
        ([0, 0, 1],),
        ([0, 0, "a\0", 1],),
        ([0, 0, "a", "b"],),
        ([0, 0, "a", 2**63],),
        ([0, 0, "a", 1, 1, 1],),
        ([True, 0],),
        ([1, 0, "a"],),
        ([0, 0, None],),
    ],
)
def test_a_forged_cursor_is_refused(client: FlaskClient, keys: tuple[Any, ...]) -> None:
    word = duplicates.Cursor("authors/duplicates", (), keys).encode()
    response = client.get(f"/authors/duplicates?cursor={word}")
    assert response.status_code == 400
    assert response.json["errors"][0]["code"] == "damaged"


def test_a_cursor_of_another_list_is_refused(client: FlaskClient, many: list[Group]) -> None:
    page = client.get("/authors/duplicates?limit=1").json
    cursor = page["links"]["next"].partition("cursor=")[2]
    for path in ("/books/duplicates", "/authors"):
        assert client.get(f"{path}?cursor={cursor}").json["errors"][0]["code"] == "mismatch"
    other = client.get("/authors?limit=1").json["links"]["next"].partition("cursor=")[2]
    assert client.get(f"/authors/duplicates?cursor={other}").json["errors"][0]["code"] == "mismatch"
