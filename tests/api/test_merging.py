"""Merging authors and books that are one and the same, and undoing it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg2
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy.engine import make_url

Row = dict[str, Any]
Add = Callable[..., Row]

TABLES = {
    "authors": "id",
    "books": "id",
    "contributions": "book_id, position, author_id, role",
    "author_merges": "old_id",
    "book_merges": "old_id",
}
FIRST, SECOND, THIRD = "9780441478125", "9780306406157", "9780804429573"


@pytest.fixture
def rows(app: Flask, database_url: str) -> Iterator[Callable[[], dict[str, list[Any]]]]:
    """Every row of every table, whole."""
    connection = psycopg2.connect(make_url(database_url).set(drivername="postgresql").render_as_string(False))
    connection.autocommit = True

    def read() -> dict[str, list[Any]]:
        with connection.cursor() as cursor:
            found = {}
            for table, order in TABLES.items():
                cursor.execute(f"SELECT * FROM {table} ORDER BY {order}")
                found[table] = cursor.fetchall()
            return found

    yield read
    connection.close()


def ids(rows: list[Row]) -> list[int]:
    return [row["id"] for row in rows]


@pytest.fixture
def merge(client: FlaskClient) -> Callable[..., Row]:
    """Merge records into one, which must go well; its representation."""

    def send(path: str, *old: int, action: str = "merge") -> Row:
        response = client.post(f"{path}/{action}", json={"from": list(old)})
        assert response.status_code == 200, response.text
        return dict(response.json or {})

    return send


# What a survivor gets


def test_an_author_takes_over_books_names_and_all_that_is_known(
    client: FlaskClient, add_author: Add, add_book: Add, merge: Callable[..., Row]
) -> None:
    survivor = add_author(
        name="A. A. Milne", alternate_names=["Alan Milne"], identifiers={"viaf": ["1"], "isni": ["2"]}
    )
    other = add_author(
        name="Milne, A. A.",
        alternate_names=["Alan Milne", "Milne", "A. A. Milne"],
        birth_date="1882",
        biography="English author.",
        identifiers={"viaf": ["1", "9"], "wikidata": ["Q207036"]},
    )
    mine, his = add_book(authors=[{"id": survivor["id"]}]), add_book(authors=[{"id": other["id"]}])
    merged = merge(f"/authors/{survivor['id']}", other["id"])
    assert merged == client.get(f"/authors/{survivor['id']}").json
    assert merged | {"updated_at": ""} == survivor | {
        "alternate_names": ["Alan Milne", "Milne, A. A.", "Milne"],
        "birth_date": "1882",
        "biography": "English author.",
        "identifiers": {"viaf": ["1", "9"], "isni": ["2"], "wikidata": ["Q207036"]},
        "updated_at": "",
    }
    assert merged["updated_at"] > survivor["updated_at"]
    assert ids(client.get(f"/authors/{survivor['id']}/books").json["data"]) == [mine["id"], his["id"]]
    assert client.get(f"/books/{his['id']}").json["updated_at"] > his["updated_at"]
    assert client.get(f"/books/{mine['id']}").json == mine


def test_contributions_keep_their_order_and_are_not_doubled(
    client: FlaskClient, add_author: Add, add_book: Add, merge: Callable[..., Row]
) -> None:
    survivor, other, third = ids([add_author(name=name) for name in ("S", "O", "T")])
    book = add_book(
        authors=[
            {"id": third, "role": "editor"},
            {"id": other, "credited_as": "Old O"},
            {"id": third},
            {"id": survivor},
            {"id": survivor, "role": "translator", "credited_as": "S. T."},
            {"id": other, "role": "translator", "credited_as": "O. T."},
            {"id": other, "role": "editor"},
        ]
    )
    merge(f"/authors/{survivor}", other)
    found = client.get(f"/books/{book['id']}").json["authors"]
    assert [(one["id"], one["role"], one["credited_as"]) for one in found] == [
        (third, "editor", None),
        (survivor, "author", "Old O"),
        (third, "author", None),
        (survivor, "translator", "S. T."),
        (survivor, "editor", None),
    ]


def test_positions_are_dense_after_a_merge(
    client: FlaskClient, add_author: Add, add_book: Add, merge: Callable[..., Row], rows: Callable[[], Any]
) -> None:
    survivor, other, gone, last = ids([add_author(name=name) for name in "SOGL"])
    add_book(authors=[{"id": gone}, {"id": other}, {"id": survivor}, {"id": last}])
    client.delete(f"/authors/{gone}?books=keep")
    merge(f"/authors/{survivor}", other)
    assert [(row[1], row[3]) for row in rows()["contributions"]] == [(survivor, 0), (last, 1)]


def test_a_book_takes_over_contributors_subjects_identifiers_and_isbn(
    client: FlaskClient, add_book: Add, merge: Callable[..., Row]
) -> None:
    survivor = add_book(
        title="Emma",
        isbn=FIRST,
        subjects=["Novel"],
        identifiers={"goodreads": ["1"], "isbn": [SECOND]},
        authors=[{"name": "Jane Austen"}, {"name": "An Editor", "role": "editor"}],
    )
    other = add_book(
        title="EMMA",
        isbn=SECOND,
        published="1815",
        series_position=1.5,
        subjects=["Novel", "England"],
        identifiers={"goodreads": ["2"], "isbn": [FIRST, THIRD]},
        authors=[{"name": "A Translator", "role": "translator"}, {"name": "Jane Austen", "credited_as": "A Lady"}],
    )
    merged = merge(f"/books/{survivor['id']}", other["id"])
    assert (merged["title"], merged["isbn"], merged["published"]) == ("Emma", FIRST, "1815")
    assert (merged["series_position"], merged["subjects"]) == (1.5, ["Novel", "England"])
    assert merged["identifiers"] == {"goodreads": ["1", "2"], "isbn": [SECOND, THIRD]}
    assert [(one["name"], one["role"], one["credited_as"]) for one in merged["authors"]] == [
        ("Jane Austen", "author", "A Lady"),
        ("An Editor", "editor", None),
        ("A Translator", "translator", None),
    ]
    for isbn in (FIRST, SECOND, THIRD):
        assert client.get(f"/books/isbn/{isbn}").json["id"] == survivor["id"]


def test_a_survivor_without_an_isbn_gets_that_of_the_other(add_book: Add, merge: Callable[..., Row]) -> None:
    survivor, other, third = add_book(identifiers={"isbn": [FIRST]}), add_book(isbn=FIRST), add_book(isbn=SECOND)
    merged = merge(f"/books/{survivor['id']}", other["id"], third["id"])
    assert (merged["isbn"], merged["identifiers"]) == (FIRST, {"isbn": [SECOND]})


@pytest.mark.parametrize(
    ("path", "mine", "other", "named"),
    [
        ("/authors", {"alternate_names": [f"A {n}" for n in range(200)]}, {"name": "O"}, "alternate_names"),
        (
            "/authors",
            {"identifiers": {"x": [f"{n}" for n in range(50)]}},
            {"identifiers": {"x": ["a"]}},
            "identifiers.x",
        ),
        ("/authors", {"identifiers": {f"x{n}": [] for n in range(50)}}, {"identifiers": {"y": ["a"]}}, "identifiers"),
        (
            "/books",
            {"subjects": [f"A {n}" for n in range(150)]},
            {"subjects": [f"B {n}" for n in range(51)]},
            "subjects",
        ),
        (
            "/books",
            {"authors": [{"name": f"A {n}"} for n in range(150)]},
            {"authors": [{"name": f"B {n}"} for n in range(51)]},
            "contributors",
        ),
    ],
)
def test_what_would_be_more_than_a_record_holds_is_refused(
    client: FlaskClient, rows: Callable[[], Any], path: str, mine: Row, other: Row, named: str
) -> None:
    needed = {"name": "S"} if path == "/authors" else {"title": "S"}
    survivor, old = (client.post(path, json=needed | document).json["id"] for document in (mine, other))
    before = rows()
    response = client.post(f"{path}/{survivor}/merge", json={"from": [old]})
    assert response.status_code == 409
    assert f" {named};" in response.json["detail"]
    assert rows() == before


# Old ids


@pytest.fixture
def merged_author(add_author: Add, add_book: Add, merge: Callable[..., Row]) -> tuple[int, int, int]:
    """The ids of a survivor, of an author merged into them, and of that one's book."""
    survivor, old = add_author(name="Survivor")["id"], add_author(name="Old")["id"]
    book = add_book(authors=[{"id": old}])["id"]
    merge(f"/authors/{survivor}", old)
    return survivor, old, book


@pytest.mark.parametrize("method", ["get", "head"])
@pytest.mark.parametrize(
    ("below", "query"),
    [("", ""), ("", "?fields=id,name"), ("/books", ""), ("/books", "?sort=-title&title%5Bcontains%5D=a%20b")],
)
def test_a_read_by_an_old_id_is_sent_to_the_survivor(
    client: FlaskClient, merged_author: tuple[int, int, int], method: str, below: str, query: str
) -> None:
    survivor, old, _ = merged_author
    response = getattr(client, method)(f"/authors/{old}{below}{query}", headers={"Origin": "http://a.example"})
    assert response.status_code == 308
    assert response.headers["Location"] == f"/authors/{survivor}{below}{query}"
    assert response.headers["Cache-Control"] == "no-store"
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert "Location" in response.headers["Access-Control-Expose-Headers"]
    assert "ETag" not in response.headers
    assert response.data == b""
    assert getattr(client, method)(response.headers["Location"]).status_code == 200


def test_a_book_by_its_old_id_is_there_too(client: FlaskClient, add_book: Add, merge: Callable[..., Row]) -> None:
    survivor, old = add_book()["id"], add_book()["id"]
    merge(f"/books/{survivor}", old)
    response = client.get(f"/books/{old}?fields=title")
    assert (response.status_code, response.headers["Location"]) == (308, f"/books/{survivor}?fields=title")


def test_the_faults_of_an_address_go_before_its_redirect(
    client: FlaskClient, merged_author: tuple[int, int, int]
) -> None:
    _, old, _ = merged_author
    assert client.get(f"/authors/{old}?fields=nothing").status_code == 400
    assert client.get(f"/authors/{old}", headers={"Accept": "text/html"}).status_code == 406
    assert client.post(f"/authors/{old}").status_code == 405
    assert client.options(f"/authors/{old}").status_code == 204


@pytest.mark.parametrize(
    ("method", "below", "body"),
    [
        ("put", "", {"name": "X"}),
        ("patch", "", {"name": "X"}),
        ("patch", "", {"nothing": 1}),
        ("delete", "", None),
        ("post", "/merge", {"from": [1]}),
        ("post", "/unmerge", None),
    ],
)
def test_a_write_to_an_old_id_is_refused_and_names_the_survivor(
    client: FlaskClient,
    merged_author: tuple[int, int, int],
    rows: Callable[[], Any],
    method: str,
    below: str,
    body: Any,
) -> None:
    survivor, old, _ = merged_author
    before = rows()
    response = getattr(client, method)(f"/authors/{old}{below}", json=body, headers={"If-Match": '"x"'})
    assert response.status_code == 409
    assert response.json["type"] == "/problems/conflict"
    assert f"/authors/{survivor}." in response.json["detail"]
    assert response.headers["Link"] == f'</authors/{survivor}>; rel="related"'
    assert rows() == before


def test_filters_by_an_old_id_find_what_the_survivors_does(
    client: FlaskClient, add_author: Add, add_book: Add, merged_author: tuple[int, int, int]
) -> None:
    survivor, old, book = merged_author
    other = add_author(name="Another")["id"]
    others = add_book(authors=[{"id": other, "role": "editor"}])["id"]

    def found(path: str, **query: Any) -> list[int]:
        return ids(client.get(path, query_string=query).json["data"])

    for author in (survivor, old):
        assert found("/books", author_id=author) == [book]
        assert found("/books", author_id=author, role="author") == [book]
        assert found("/books", **{"author_id[ne]": author}) == [others]
        assert found("/books", **{"author_id[in]": f"{author},{other}"}) == [book, others]
        assert found("/authors", id=author) == [survivor]
        assert found("/authors", **{"id[in]": f"{author},{other}"}) == [survivor, other]
        assert found("/authors", **{"id[in]": f"{author},{other}", "sort": "-id"}) == [other, survivor]
        assert found("/authors", **{"id[ne]": author}) == [other]
    assert found("/authors", **{"id[gte]": old}) == [other]


def test_filters_of_books_by_an_old_id(client: FlaskClient, add_book: Add, merge: Callable[..., Row]) -> None:
    survivor, old, other = ids([add_book() for _ in range(3)])
    merge(f"/books/{survivor}", old)
    assert ids(client.get(f"/books?id={old}&sort=title").json["data"]) == [survivor]
    assert ids(client.get(f"/books?id[in]={old},{other}").json["data"]) == [survivor, other]
    assert ids(client.get(f"/books?id[ne]={old}").json["data"]) == [other]


def test_an_old_id_in_a_books_authors_is_the_survivor(
    client: FlaskClient, add_book: Add, merged_author: tuple[int, int, int]
) -> None:
    survivor, old, _ = merged_author
    assert [one["id"] for one in add_book(authors=[{"id": old}])["authors"]] == [survivor]
    twice = client.post("/books", json={"title": "x", "authors": [{"id": old}, {"id": survivor}]})
    assert twice.status_code == 422
    assert twice.json["errors"][0]["code"] == "duplicate"


def test_old_ids_go_with_their_survivor(client: FlaskClient, merged_author: tuple[int, int, int]) -> None:
    survivor, old, _ = merged_author
    assert client.delete(f"/authors/{survivor}").status_code == 204
    assert client.get(f"/authors/{old}").status_code == 404
    assert client.patch(f"/authors/{old}", json={}).status_code == 404
    assert client.get(f"/books?author_id={old}").json["data"] == []


# What is refused


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({}, "/from", "required"),
        ({"from": None}, "/from", "required"),
        ({"from": []}, "/from", "too_few"),
        ({"from": 2}, "/from", "type"),
        ({"from": ["2"]}, "/from/0", "type"),
        ({"from": [0]}, "/from/0", "out_of_range"),
        ({"from": [2, 2]}, "/from/1", "duplicate"),
        ({"from": [1]}, "/from/0", "mismatch"),
        ({"from": [2, 99]}, "/from/1", "not_found"),
        ({"from": [2], "into": 1}, "/into", "unknown"),
        ({"from": list(range(2, 103))}, "/from", "too_many"),
        ([2], "", "type"),
    ],
)
@pytest.mark.parametrize("path", ["/authors", "/books"])
def test_a_body_that_names_nothing_to_merge_is_refused(
    client: FlaskClient, rows: Callable[[], Any], path: str, body: Any, pointer: str, code: str
) -> None:
    client.post(path, json=[{"name": "A"} if path == "/authors" else {"title": "A"}] * 2)
    before = rows()
    response = client.post(f"{path}/1/merge", json=body)
    assert response.status_code == 422
    assert [(fault["pointer"], fault["code"]) for fault in response.json["errors"]] == [(pointer, code)]
    assert rows() == before


def test_faults_are_judged_in_the_order_of_every_write(client: FlaskClient, add_author: Add) -> None:
    stale = {"If-Match": '"x"'}
    assert client.post("/authors/1/merge?dry=1", data="{").status_code == 400
    assert client.post("/authors/1/merge?dry_run=yes", json={"from": [2]}).json["errors"][0]["parameter"] == "dry_run"
    assert client.post("/authors/1/merge", data="{", headers={"Accept": "text/html"}).status_code == 406
    assert client.post("/authors/1/merge", data="{").status_code == 415
    assert client.post("/authors/1/merge").status_code == 415
    assert client.post("/authors/1/merge", data="{", content_type="application/json").status_code == 400
    assert client.post("/authors/1/merge", json={}, headers=stale).status_code == 404
    add_author()
    assert client.post("/authors/1/merge", json={}, headers=stale).status_code == 412
    assert client.post("/authors/1/merge", json={}).status_code == 422
    assert client.post("/authors/1/unmerge", json={"from": [1]}, headers=stale).status_code == 412
    assert client.post("/authors/1/unmerge", json={"from": [9]}).json["errors"][0]["code"] == "not_found"
    assert client.post("/authors/1/unmerge").status_code == 409


@pytest.mark.parametrize("action", ["merge", "unmerge"])
def test_if_match_is_honoured(client: FlaskClient, add_author: Add, merge: Callable[..., Row], action: str) -> None:
    survivor, old = add_author(name="S")["id"], add_author(name="O")["id"]
    if action == "unmerge":
        merge(f"/authors/{survivor}", old)
    tag = client.get(f"/authors/{survivor}").headers["ETag"]
    done = client.post(f"/authors/{survivor}/{action}", json={"from": [old]}, headers={"If-Match": tag})
    assert done.status_code == 200
    assert done.headers["ETag"] == client.get(f"/authors/{survivor}").headers["ETag"] != tag
    assert (
        client.post(f"/authors/{survivor}/{action}", json={"from": [old]}, headers={"If-Match": tag}).status_code == 412
    )


def test_loops_and_second_merges_are_refused(client: FlaskClient, add_author: Add, merge: Callable[..., Row]) -> None:
    first, second, third = ids([add_author(name=name) for name in "ABC"])
    merge(f"/authors/{first}", second)
    for survivor, old in ((second, first), (third, second), (first, second)):
        response = client.post(f"/authors/{survivor}/merge", json={"from": [old]})
        assert response.status_code == 409
        assert response.headers["Link"] == f'</authors/{first}>; rel="related"'


# Dry runs


@pytest.mark.parametrize("path", ["/authors", "/books"])
def test_a_dry_run_shows_the_result_and_changes_nothing(
    client: FlaskClient, add_author: Add, add_book: Add, rows: Callable[[], Any], path: str
) -> None:
    add = add_author if path == "/authors" else add_book
    survivor, old = add()["id"], add(identifiers={"viaf": ["1"]})["id"]
    before = rows()
    shown = client.post(f"{path}/{survivor}/merge?dry_run=true", json={"from": [old]})
    assert (shown.status_code, "ETag" in shown.headers, shown.headers["Cache-Control"]) == (200, False, "no-store")
    assert rows() == before
    done = client.post(f"{path}/{survivor}/merge?dry_run=false", json={"from": [old]}).json
    assert shown.json | {"updated_at": ""} == done | {"updated_at": ""}
    after = rows()
    shown = client.post(f"{path}/{survivor}/unmerge?dry_run=true")
    assert (shown.status_code, rows()) == (200, after)
    assert shown.json == client.post(f"{path}/{survivor}/unmerge").json
    assert rows() == before


# Undoing


def varied(client: FlaskClient) -> None:
    """Authors 1 to 4 and books 1 to 6 that have much in common."""
    authors = [
        {"name": "A. A. Milne", "identifiers": {"viaf": ["1"]}, "biography": "Two\nlines."},
        {
            "name": "Milne, A. A.",
            "alternate_names": ["Alan"],
            "birth_date": "1882-01-18",
            "identifiers": {"viaf": ["2"]},
        },
        {"name": "Alan Milne", "alternate_names": ["Alan", "A. A. Milne"], "death_date": "1956", "sort_name": "M"},
        {"name": "E. H. Shepard"},
    ]
    assert client.post("/authors", json=authors).status_code == 201
    credits = [[1], [2, 4], [4, 2, 1], [3, 2], [1, 2, 3, 4], []]
    books = [
        {
            "title": f"Book {place}",
            "isbn": (FIRST, SECOND, None)[place % 3] if place < 3 else None,
            "series_position": 0.1 * place,
            "subjects": [f"S{place}", "Bears"],
            "identifiers": {"x": [f"{place}"], "isbn": [THIRD]} if place % 2 else {},
            "authors": [
                {"id": author, "role": role, "credited_as": f"C{author}" if author == 2 else None}
                for author in of_book
                for role in (("author", "editor") if author == 2 else ("author",))
            ],
        }
        for place, of_book in enumerate(credits)
    ]
    assert client.post("/books", json=books).status_code == 201


MERGES: list[list[tuple[str, list[int]]]] = [
    [("/authors/1", [2])],
    [("/authors/4", [1, 2, 3])],
    [("/authors/1", [2]), ("/authors/1", [3])],
    [("/authors/2", [1]), ("/authors/3", [2]), ("/authors/4", [3])],
    [("/authors/2", [1]), ("/authors/4", [3]), ("/authors/4", [2])],
    [("/books/6", [1, 2, 3])],
    [("/books/2", [1]), ("/books/5", [2]), ("/books/6", [5, 4])],
    [("/authors/1", [2, 3]), ("/books/1", [2, 3, 4, 5]), ("/authors/4", [1])],
    [("/books/5", [3]), ("/authors/3", [2]), ("/books/4", [5])],
]


@pytest.mark.parametrize("merges", MERGES, ids=str)
def test_undone_in_reverse_every_row_is_as_it_was(
    client: FlaskClient, merge: Callable[..., Row], rows: Callable[[], Any], merges: list[tuple[str, list[int]]]
) -> None:
    varied(client)
    states = [rows()]
    for path, old in merges:
        merge(path, *old)
        states.append(rows())
    for path, old in reversed(merges):
        assert rows() == states.pop()
        response = client.post(f"{path}/unmerge", json={"from": old})
        assert response.status_code == 200, response.text
        assert response.json == client.get(path).json
    assert rows() == states.pop()


def test_without_a_body_the_latest_request_is_undone(
    client: FlaskClient, merge: Callable[..., Row], rows: Callable[[], Any]
) -> None:
    varied(client)
    before = rows()
    merge("/authors/1", 2)
    between = rows()
    merge("/authors/1", 3, 4)
    assert client.post("/authors/1/unmerge").status_code == 200
    assert rows() == between
    assert client.post("/authors/1/unmerge", json={}).status_code == 200
    assert rows() == before
    assert client.post("/authors/1/unmerge", json={"from": None}).status_code == 409


def test_old_ids_go_straight_to_the_last_survivor(client: FlaskClient, merge: Callable[..., Row]) -> None:
    varied(client)
    merge("/authors/2", 1)
    merge("/authors/3", 2)
    merge("/authors/4", 3)
    for old in (1, 2, 3):
        assert client.get(f"/authors/{old}").headers["Location"] == "/authors/4"
    client.post("/authors/4/unmerge")
    assert client.get("/authors/3").status_code == 200
    for old in (1, 2):
        assert client.get(f"/authors/{old}").headers["Location"] == "/authors/3"


@pytest.mark.parametrize(
    ("merges", "path", "old", "said"),
    [
        ([("/authors/1", [2]), ("/authors/1", [3])], "/authors/1", [2], "author 3 was merged into author 1 later"),
        ([("/authors/1", [2, 3])], "/authors/1", [2], "author 3 was merged into author 1 later"),
        ([("/authors/2", [1]), ("/authors/3", [2])], "/authors/3", [1], "merged into another author"),
        ([("/authors/2", [1]), ("/authors/3", [2])], "/authors/2", [1], "author 2 was merged into author 3"),
        ([("/authors/1", [2])], "/authors/3", [2], "Nothing is merged into author 3"),
        ([("/authors/1", [2]), ("/authors/3", [4])], "/authors/3", [2], "author 2 was merged into author 1"),
        ([("/authors/1", [2]), ("/books/3", [2])], "/authors/1", [2], "book 2 was merged into book 3 since"),
        ([("/books/3", [2]), ("/authors/1", [2])], "/books/3", [2], "the contributors of book 3 changed since"),
    ],
)
def test_what_was_merged_later_must_be_undone_first(
    client: FlaskClient,
    merge: Callable[..., Row],
    rows: Callable[[], Any],
    merges: list[tuple[str, list[int]]],
    path: str,
    old: list[int],
    said: str,
) -> None:
    varied(client)
    for survivor, from_ in merges:
        merge(survivor, *from_)
    before = rows()
    response = client.post(f"{path}/unmerge", json={"from": old})
    assert response.status_code == 409
    assert said in response.json["detail"]
    assert rows() == before


@pytest.mark.parametrize(
    ("method", "path", "body", "said"),
    [
        ("patch", "/authors/1", {"alternate_names": []}, "alternate_names of author 1 was changed since"),
        ("patch", "/authors/1", {"birth_date": "1883"}, "birth_date of author 1 was changed since"),
        ("patch", "/books/2", {"authors": [{"id": 4}]}, "the contributors of book 2 changed since"),
        ("delete", "/authors/4", None, "the contributors of book 2 changed since"),
    ],
)
def test_a_later_change_of_what_was_merged_makes_undoing_impossible(
    client: FlaskClient,
    merge: Callable[..., Row],
    rows: Callable[[], Any],
    method: str,
    path: str,
    body: Any,
    said: str,
) -> None:
    varied(client)
    merge("/authors/1", 2)
    assert getattr(client, method)(path, json=body).status_code in (200, 204)
    before = rows()
    response = client.post("/authors/1/unmerge")
    assert response.status_code == 409
    assert said in response.json["detail"]
    assert rows() == before


def test_a_later_change_of_something_else_stays(client: FlaskClient, merge: Callable[..., Row]) -> None:
    varied(client)
    before = {path: client.get(path).json for path in ("/authors/1", "/authors/2", "/books/2", "/books/3", "/books/4")}
    merge("/authors/1", 2)
    client.patch("/authors/1", json={"biography": "Another life."})
    client.patch("/books/2", json={"title": "Another title"})
    client.delete("/books/4")
    new = client.post("/books", json={"title": "New", "authors": [{"id": 2}]}).json
    assert client.post("/authors/1/unmerge").status_code == 200
    after = {path: client.get(path).json for path in before}
    for path, changed in (("/authors/1", {"biography": "Another life."}), ("/books/2", {"title": "Another title"})):
        assert after[path] | {"updated_at": ""} == before[path] | changed | {"updated_at": ""}
        assert after[path]["updated_at"] > before[path]["updated_at"]
    assert [after[path] for path in ("/authors/2", "/books/3")] == [before[path] for path in ("/authors/2", "/books/3")]
    assert client.get("/books/4").status_code == 404
    assert client.get(f"/books/{new['id']}").json["authors"][0]["id"] == 1


def test_an_isbn_that_was_taken_since_makes_undoing_impossible(
    client: FlaskClient, add_book: Add, merge: Callable[..., Row], rows: Callable[[], Any]
) -> None:
    survivor, old = add_book(isbn=FIRST)["id"], add_book(isbn=SECOND)["id"]
    merge(f"/books/{survivor}", old)
    taken = add_book(isbn=SECOND)["id"]
    before = rows()
    response = client.post(f"/books/{survivor}/unmerge")
    assert (response.status_code, response.headers["Link"]) == (409, f'</books/{taken}>; rel="related"')
    assert rows() == before


# The cache


def test_a_kept_answer_of_a_merged_author_is_a_redirect_at_once(
    client: FlaskClient, add_author: Add, merge: Callable[..., Row]
) -> None:
    survivor, old = add_author(name="S")["id"], add_author(name="O")["id"]
    for _ in range(2):
        kept = client.get(f"/authors/{old}")
    assert "hit" in kept.headers["Cache-Status"]
    merge(f"/authors/{survivor}", old)
    for _ in range(2):
        moved = client.get(f"/authors/{old}", headers={"If-None-Match": kept.headers["ETag"]})
        assert (moved.status_code, moved.headers.get("Cache-Status")) == (308, None)
    client.post(f"/authors/{survivor}/unmerge")
    back = client.get(f"/authors/{old}", headers={"If-None-Match": kept.headers["ETag"]})
    assert back.status_code == 304


# At once


def at_once(app: Flask, *requests: tuple[str, str, Any]) -> list[Any]:
    """Send requests at the same time, each from a thread of its own; their answers in order."""
    ready = threading.Barrier(len(requests))

    def send(method: str, path: str, body: Any) -> Any:
        client = app.test_client(use_cookies=False)
        ready.wait()
        return client.open(path, method=method, json=body)

    with ThreadPoolExecutor(len(requests)) as pool:
        return [task.result() for task in [pool.submit(send, *request) for request in requests]]


ROUNDS = 8


def test_two_merges_at_once_never_wait_for_each_other_in_vain(app: Flask, client: FlaskClient) -> None:
    for _ in range(ROUNDS):
        first, second, third = ids(client.post("/authors", json=[{"name": "X"}] * 3).json["data"])
        both = [{"title": "B", "authors": [{"id": first}, {"id": second}, {"id": third}]}] * 3
        books = ids(client.post("/books", json=both).json["data"])
        answers = at_once(
            app,
            ("POST", f"/authors/{first}/merge", {"from": [second]}),
            ("POST", f"/authors/{second}/merge", {"from": [third]}),
            ("POST", f"/authors/{third}/merge", {"from": [first]}),
        )
        done = [answer.status_code for answer in answers]
        assert set(done) == {200, 409}, [answer.text for answer in answers]
        left = ids(client.get(f"/authors?id[in]={first},{second},{third}").json["data"])
        assert len(left) == 3 - done.count(200)
        for author in (first, second, third):
            found = client.get(f"/authors/{author}", follow_redirects=True)
            assert (found.status_code, found.json["id"] in left) == (200, True)
        for book in books:
            credited = [one["id"] for one in client.get(f"/books/{book}").json["authors"]]
            assert sorted(credited) == left


def test_a_write_beside_a_merge_is_refused_or_lands_in_the_survivor(app: Flask, client: FlaskClient) -> None:
    for _ in range(ROUNDS):
        survivor, old = ids(client.post("/authors", json=[{"name": "S"}, {"name": "O"}]).json["data"])
        merged, patched, written = at_once(
            app,
            ("POST", f"/authors/{survivor}/merge", {"from": [old]}),
            ("PATCH", f"/authors/{old}", {"biography": "Late."}),
            ("POST", "/books", {"title": "Late", "authors": [{"id": old}]}),
        )
        assert (merged.status_code, written.status_code) == (200, 201)
        assert patched.status_code in (200, 409)
        found = client.get(f"/authors/{survivor}").json
        assert found["biography"] == ("Late." if patched.status_code == 200 else None)
        assert ids(client.get(f"/authors/{survivor}/books").json["data"]) == [written.json["id"]]


def test_a_deletion_beside_a_merge_leaves_no_id_that_leads_nowhere(app: Flask, client: FlaskClient) -> None:
    for _ in range(ROUNDS):
        survivor, old = ids(client.post("/authors", json=[{"name": "S"}, {"name": "O"}]).json["data"])
        merged, deleted = at_once(
            app, ("POST", f"/authors/{survivor}/merge", {"from": [old]}), ("DELETE", f"/authors/{survivor}", None)
        )
        assert deleted.status_code == 204
        assert merged.status_code in (200, 404)
        assert client.get(f"/authors/{survivor}").status_code == 404
        assert client.get(f"/authors/{old}").status_code == (404 if merged.status_code == 200 else 200)


@pytest.mark.parametrize("round_", range(4))
def test_two_merges_at_once_in_opposite_directions_end_in_one(app, add_author, add_book, round_):
    one, other = (add_author(name=f"{name}{round_}")["id"] for name in ("One", "Other"))
    for author in (one, other, one, other):
        add_book(title="T", authors=[{"id": author}])
    answers = []

    def merge(into, old):
        answers.append(app.test_client().post(f"/authors/{into}/merge", json={"from": [old]}).status_code)

    threads = [threading.Thread(target=merge, args=pair) for pair in ((one, other), (other, one))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == [200, 409]
