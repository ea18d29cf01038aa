"""Which records are probable duplicates, and for which reasons."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from .groups import Add, Group, Row, groups, reasons

FIRST, SECOND = "9780441478125", "9780306406157"

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
def test_duplicate_authors_are_found_with_reasons(
    client: FlaskClient, authors: list[Row], expected: list[tuple[str, ...]]
) -> None:
    made = client.post("/authors", json=[*authors, {"name": "Another Name"}])
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
def test_books_with_one_title_are_a_reason_for_their_authors(
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


@pytest.mark.parametrize(("first", "second", "expected"), BOOKS, ids=str)
def test_duplicate_books_are_found_with_reasons(
    client: FlaskClient, first: Row, second: Row, expected: list[tuple[str, ...]]
) -> None:
    for book in (first, second):
        authors = [{"name": book["by"]}, {"name": f"{book['by']} B"}] if "by" in book else []
        document = {"title": "The Title", **{name: value for name, value in book.items() if name != "by"}}
        assert client.post("/books", json={**document, "authors": authors}).status_code == 201
    assert reasons(client, "/books/duplicates") == expected


def test_homonyms_with_different_years_are_in_different_groups(many: list[Group], client: FlaskClient) -> None:
    found = [ids for _, reasons, ids in many if reasons == ("same_name", "same_dates")]
    assert sorted(map(len, found)) == [2, 2, 2, 3]
    for ids in found:
        years = {client.get(f"/authors/{author_id}").json["birth_date"] for author_id in ids}
        assert len(years) == 1


def test_a_group_shows_its_first_records_and_their_count(client: FlaskClient) -> None:
    made = client.post("/authors", json=[{"name": "Same Name"}] * 25).json["data"]
    [group] = client.get("/authors/duplicates").json["data"]
    assert (group["count"], group["authors"]) == (25, made[:20])


def test_a_merged_group_disappears(client: FlaskClient, many: list[Group]) -> None:
    _, _, (first, *others) = many[0]
    assert client.post(f"/authors/{first}/merge", json={"from": others}).status_code == 200
    assert groups(client, "/authors/duplicates") == many[1:]
