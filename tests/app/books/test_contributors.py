"""The contributors of a book: resolved by name or id, and kept in their order."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.support.catalogs.examples import (
    BOOK,
    ROLES,
    timestamp,
    writable,
)

Add = Callable[..., dict[str, Any]]


def test_a_name_in_any_spelling_links_its_only_author(client: FlaskClient, add_book: Add, add_author: Add) -> None:
    author = add_author(name="Zoë Čapek", alternate_names=["Zoe"])
    for name in ("Zoë Čapek", "  Zoe\u0308  C\u030capek ", "zoë čapek", "Zoe Capek", "Čapek, Zoë"):
        assert add_book(authors=[{"name": name}])["authors"][0]["id"] == author["id"]
    for name in ("Zoe", "Zoe A. Capek", "Capek Zoe"):
        assert add_book(authors=[{"name": name}])["authors"][0]["id"] != author["id"]
    assert client.get("/authors?total=exact").json["meta"]["total"] == 4


def test_an_exact_name_wins_over_others_with_its_key(client: FlaskClient, add_book: Add, add_author: Add) -> None:
    spaced, joined = (add_author(name=name)["id"] for name in ("A. A. Milne", "A.A. Milne"))
    assert add_book(authors=[{"name": "A.A. Milne"}])["authors"][0]["id"] == joined
    assert add_book(authors=[{"name": "A. A. Milne"}])["authors"][0]["id"] == spaced
    response = client.post("/books", json={"title": "x", "authors": [{"name": "Milne, A. A."}]})
    assert response.status_code == 422
    assert response.json["errors"][0]["code"] == "ambiguous"
    assert f"{spaced}, {joined}" in response.json["errors"][0]["detail"]


def test_spellings_of_a_new_name_create_one_author(client: FlaskClient) -> None:
    spellings = ("Milne, A. A.", "A.A. Milne", "A. A. Milne")
    books = client.post("/books", json=[{"title": "x", "authors": [{"name": name}]} for name in spellings])
    assert {book["authors"][0]["name"] for book in books.json["data"]} == {"Milne, A. A."}
    assert client.get("/authors?total=exact").json["meta"]["total"] == 1


@pytest.mark.parametrize("known", [False, True])
def test_two_spellings_of_a_name_in_one_role_are_duplicates(client: FlaskClient, add_author: Add, known: bool) -> None:
    if known:
        add_author(name="AA Milne")
    document = {"title": "x", "authors": [{"name": "Milne, A. A."}, {"name": "A. A. Milne"}]}
    response = client.post("/books", json=document)
    assert response.status_code == 422
    assert [(fault["pointer"], fault["code"]) for fault in response.json["errors"]] == [("/authors/1", "duplicate")]
    document["authors"][1]["role"] = "editor"
    assert len({author["id"] for author in client.post("/books", json=document).json["authors"]}) == 1


def test_a_new_name_creates_one_author_with_a_sort_name(client: FlaskClient, add_book: Add) -> None:
    book = add_book(authors=[{"name": "Ursula K. Le Guin"}, {"name": "Ursula K. Le Guin", "role": "editor"}])
    assert len({item["id"] for item in book["authors"]}) == 1
    author = client.get(f"/authors/{book['authors'][0]['id']}").json
    assert (author["name"], author["sort_name"]) == ("Ursula K. Le Guin", "Le Guin, Ursula K.")
    batch = client.post("/books", json=[{"title": "A", "authors": [{"name": "New"}]}] * 3).json["data"]
    assert len({item["authors"][0]["id"] for item in batch}) == 1


def test_an_ambiguous_name_is_refused_with_its_candidates(client: FlaskClient, add_author: Add) -> None:
    first, second = (add_author(name="John Smith")["id"] for _ in range(2))
    response = client.post("/books", json={"title": "x", "authors": [{"name": "John Smith"}]})
    assert response.status_code == 422
    error = response.json["errors"][0]
    assert (error["pointer"], error["code"]) == ("/authors/0/name", "ambiguous")
    assert f"{first}, {second}" in error["detail"]
    linked = client.post("/books", json={"title": "x", "authors": [{"id": second, "name": "John Smith"}]})
    assert linked.json["authors"][0]["id"] == second


def test_a_name_beside_an_id_is_ignored(client: FlaskClient, add_book: Add, add_author: Add) -> None:
    author = add_author(name="Ada")
    book = add_book(authors=[{"id": author["id"], "name": "Somebody else"}])
    assert book["authors"] == [{"id": author["id"], "name": "Ada", "role": "author", "credited_as": None}]
    assert client.get("/authors?total=exact").json["meta"]["total"] == 1


def test_contributors_keep_their_order_and_may_have_several_roles(
    client: FlaskClient, add_book: Add, add_author: Add
) -> None:
    ids = [add_author(name=name)["id"] for name in "cab"]
    sent = [{"id": author_id, "role": role} for role in reversed(ROLES) for author_id in ids]
    book = add_book(authors=sent)
    assert [{"id": item["id"], "role": item["role"]} for item in book["authors"]] == sent
    patched = client.patch(f"/books/{book['id']}", json={"authors": sent[::-1]}).json
    assert [{"id": item["id"], "role": item["role"]} for item in patched["authors"]] == sent[::-1]


def test_patching_contributors_replaces_the_list(client: FlaskClient, add_book: Add) -> None:
    book = add_book(**BOOK)
    response = client.patch(f"/books/{book['id']}", json={"authors": [{"id": book["authors"][1]["id"], "role": None}]})
    assert response.json["authors"] == [
        {"id": book["authors"][1]["id"], "name": "Ann Other", "role": "author", "credited_as": None}
    ]
    assert writable(response.json) | {"authors": 0} == writable(book) | {"authors": 0}


def test_renaming_a_contributor_changes_only_the_etag_of_the_book(client: FlaskClient) -> None:
    created = client.post("/books", json=BOOK)
    author_id = created.json["authors"][0]["id"]
    assert client.patch(f"/authors/{author_id}", json={"name": "U. K. Le Guin"}).status_code == 200
    read = client.get(created.headers["Location"])
    assert read.json["authors"][0]["name"] == "U. K. Le Guin"
    assert read.json["updated_at"] == created.json["updated_at"]
    assert read.headers["ETag"] != created.headers["ETag"]


def test_deleting_a_contributor_updates_the_remaining_books(client: FlaskClient) -> None:
    created = client.post("/books", json=BOOK).json
    untouched = client.post("/books", json={"title": "x", "authors": [{"name": "Ann Other"}]}).json
    assert client.delete(f"/authors/{created['authors'][0]['id']}").status_code == 204
    read = client.get(f"/books/{created['id']}").json
    assert [item["name"] for item in read["authors"]] == ["Ann Other"]
    assert timestamp(read["updated_at"]) > timestamp(created["updated_at"])
    assert client.get(f"/books/{untouched['id']}").json == untouched
