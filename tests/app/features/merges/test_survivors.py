"""What a survivor takes over from the records that are merged into it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from .records import FIRST, SECOND, THIRD, Add, Row, ids


def test_an_author_takes_over_books_names_and_unknown_fields(
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


def test_contributions_keep_their_order_without_duplicates(
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
    assert [(author["id"], author["role"], author["credited_as"]) for author in found] == [
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
    assert [(author["name"], author["role"], author["credited_as"]) for author in merged["authors"]] == [
        ("Jane Austen", "author", "A Lady"),
        ("An Editor", "editor", None),
        ("A Translator", "translator", None),
    ]
    for isbn in (FIRST, SECOND, THIRD):
        assert client.get(f"/books/isbn/{isbn}").json["id"] == survivor["id"]


def test_a_survivor_without_an_isbn_takes_the_first(add_book: Add, merge: Callable[..., Row]) -> None:
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
def test_a_merge_beyond_the_limits_of_a_record_is_refused(
    client: FlaskClient, rows: Callable[[], Any], path: str, mine: Row, other: Row, named: str
) -> None:
    needed = {"name": "S"} if path == "/authors" else {"title": "S"}
    survivor, old = (client.post(path, json=needed | document).json["id"] for document in (mine, other))
    before = rows()
    response = client.post(f"{path}/{survivor}/merge", json={"from": [old]})
    assert response.status_code == 409
    assert f" {named}, " in response.json["detail"]
    assert rows() == before
