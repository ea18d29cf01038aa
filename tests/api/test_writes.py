"""What a write stores, what it answers, and what it leaves alone."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

Add = Callable[..., dict[str, Any]]

BOOK_MEMBERS = [
    "id",
    "title",
    "subtitle",
    "isbn",
    "published",
    "publisher",
    "language",
    "page_count",
    "description",
    "series",
    "series_position",
    "subjects",
    "cover_url",
    "identifiers",
    "authors",
    "created_at",
    "updated_at",
]
AUTHOR_MEMBERS = [
    "id",
    "name",
    "sort_name",
    "alternate_names",
    "birth_date",
    "death_date",
    "biography",
    "identifiers",
    "created_at",
    "updated_at",
]
ROLES = [
    "author",
    "editor",
    "translator",
    "illustrator",
    "narrator",
    "compiler",
    "adapter",
    "photographer",
    "introduction",
    "contributor",
]
ISBN, OTHER_ISBN, THIRD_ISBN = "9780441478125", "9780060125639", "9780156453806"
BOOK = {
    "title": "The Left Hand of Darkness",
    "subtitle": "50th Anniversary Edition",
    "isbn": ISBN,
    "published": "1969-03",
    "publisher": "Ace Books",
    "language": "en",
    "page_count": 304,
    "description": "An envoy.\n\nAlone.",
    "series": "Hainish Cycle",
    "series_position": 1.5,
    "subjects": ["Science fiction", "Gender"],
    "cover_url": "https://covers.example/1.jpg",
    "identifiers": {"openlibrary": ["OL7353617M"], "goodreads": ["1", "2"]},
    "authors": [{"name": "Ursula K. Le Guin"}, {"name": "Ann Other", "role": "editor", "credited_as": "A. O."}],
}
AUTHOR = {
    "name": "Ursula K. Le Guin",
    "sort_name": "Le Guin, Ursula",
    "alternate_names": ["Урсула Ле Гуин", "U. Kroeber"],
    "birth_date": "1929-10-21",
    "death_date": "2018",
    "biography": "A life.\nIn lines.",
    "identifiers": {"wikidata": ["Q181659"]},
}
READ_ONLY = ("id", "created_at", "updated_at")


def writable(document: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name not in READ_ONLY}


def moment(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    assert found.utcoffset() == timedelta(0)
    return found


# Representations


@pytest.mark.parametrize(
    ("path", "document", "members"),
    [
        ("/books", BOOK, BOOK_MEMBERS),
        ("/books", {"title": "Dune"}, BOOK_MEMBERS),
        ("/authors", AUTHOR, AUTHOR_MEMBERS),
        ("/authors", {"name": "Ada"}, AUTHOR_MEMBERS),
    ],
    ids=["a whole book", "a title", "a whole author", "a name"],
)
def test_every_answer_carries_the_same_representation(
    client: FlaskClient, path: str, document: dict[str, Any], members: list[str]
) -> None:
    created = client.post(path, json=document)
    assert created.status_code == 201
    assert list(json.loads(created.text)) == members
    location = created.headers["Location"]
    assert location == f"{path}/{created.json['id']}"
    read = client.get(location)
    assert read.text == created.text
    assert json.loads(client.get(path).text)["data"] == [created.json]
    assert client.put(location, json=writable(created.json)).text == created.text
    assert client.patch(location, json={}).text == created.text
    batch = client.post(path, json=[{"title" if path == "/books" else "name": "Another"}])
    assert [list(item) for item in batch.json["data"]] == [members]


def test_what_is_unknown_is_null_or_empty(add_book: Add, add_author: Add) -> None:
    book = add_book(title="Dune")
    assert {name: value for name, value in book.items() if value not in (None, [], {})} == {
        "id": 1,
        "title": "Dune",
        "created_at": book["created_at"],
        "updated_at": book["created_at"],
    }
    assert (book["subjects"], book["authors"], book["identifiers"]) == ([], [], {})
    author = add_author(name="Ada")
    assert writable(author) == {
        "name": "Ada",
        "sort_name": "Ada",
        "alternate_names": [],
        "birth_date": None,
        "death_date": None,
        "biography": None,
        "identifiers": {},
    }


def test_everything_that_was_sent_is_stored(add_book: Add, add_author: Add) -> None:
    book = add_book(**BOOK)
    assert writable(book) == BOOK | {
        "authors": [
            {"id": book["authors"][0]["id"], "name": "Ursula K. Le Guin", "role": "author", "credited_as": None},
            {"id": book["authors"][1]["id"], "name": "Ann Other", "role": "editor", "credited_as": "A. O."},
        ]
    }
    assert [list(item) for item in book["authors"]] == [["id", "name", "role", "credited_as"]] * 2
    assert writable(add_author(**AUTHOR)) == AUTHOR


def test_timestamps_are_utc_and_begin_alike(add_book: Add, add_author: Add) -> None:
    for record in (add_book(), add_author()):
        assert moment(record["created_at"]) == moment(record["updated_at"])
        assert record["created_at"].endswith(("Z", "+00:00"))


# What is stored of what is sent

NORMALIZED: tuple[tuple[str, str, Any, Any], ...] = (
    ("/books", "title", "  Dune  ", "Dune"),
    ("/books", "title", "Du\t \n ne", "Du ne"),
    ("/books", "title", "a\r\nb", "a b"),
    ("/books", "title", "\u3000a\u00a0\u2003b\u2028c\x85d\u3000", "a b c d"),
    ("/books", "title", "cafe\u0301", "café"),
    ("/books", "title", "\u212b", "Å"),
    ("/books", "title", "\u1100\u1161", "가"),
    ("/books", "title", "a\u200db", "a\u200db"),
    ("/books", "title", "a\u200eb\u200f", "a\u200eb\u200f"),
    ("/books", "title", "ﬁ", "ﬁ"),
    ("/books", "subtitle", " a  b ", "a b"),
    ("/books", "publisher", "A\nB", "A B"),
    ("/books", "series", "\tx", "x"),
    ("/books", "description", "\n  a  \n\n b \n", "a  \n\n b"),
    ("/books", "description", "e\u0301\tx", "é\tx"),
    ("/books", "isbn", "978-0-441-47812-5", ISBN),
    ("/books", "isbn", "0-441-47812-3", ISBN),
    ("/books", "isbn", " 978 0441478125 ", ISBN),
    ("/books", "isbn", "978–0–441–47812–5", ISBN),
    ("/books", "isbn", "080442957x", "9780804429573"),
    ("/books", "isbn", "0-8044-2957-X", "9780804429573"),
    ("/books", "language", "EN", "en"),
    ("/books", "language", "pt-br", "pt-BR"),
    ("/books", "language", "ZH-hANT-tw", "zh-Hant-TW"),
    ("/books", "language", "sl-ROZAJ", "sl-rozaj"),
    ("/books", "subjects", [" b ", "a", "B"], ["b", "a", "B"]),
    ("/books", "subjects", None, []),
    ("/books", "identifiers", None, {}),
    ("/books", "authors", None, []),
    ("/books", "page_count", None, None),
    ("/books", "identifiers", {"x": [" 1 ", "2"]}, {"x": ["1", "2"]}),
    ("/books", "identifiers", {"isbn": ["0-8044-2957-X", "978-0-441-47812-5"]}, {"isbn": ["9780804429573", ISBN]}),
    ("/books", "series_position", 2, 2),
    ("/books", "series_position", 0.1, 0.1),
    ("/books", "series_position", 1e2, 100),
    ("/books", "published", "-0044", "-0044"),
    ("/books", "published", "2024-02", "2024-02"),
    ("/authors", "name", " Ada \n Lovelace ", "Ada Lovelace"),
    ("/authors", "alternate_names", [" A ", "a"], ["A", "a"]),
    ("/authors", "biography", " a\n b ", "a\n b"),
    ("/authors", "identifiers", {"isbn": ["080442957X"]}, {"isbn": ["9780804429573"]}),
)


@pytest.mark.parametrize(("path", "name", "sent", "kept"), NORMALIZED, ids=lambda value: ascii(value)[:40])
def test_values_are_stored_in_their_one_form(client: FlaskClient, path: str, name: str, sent: Any, kept: Any) -> None:
    document = {"title": "Dune"} if path == "/books" else {"name": "Ada"}
    created = client.post(path, json=document | {name: sent})
    assert created.status_code == 201, created.text
    assert created.json[name] == kept
    assert client.get(created.headers["Location"]).json[name] == kept
    assert client.put(created.headers["Location"], json=document | {name: sent}).text == created.text


@pytest.mark.parametrize(
    ("name", "filed"),
    [
        ("Ursula K. Le Guin", "Le Guin, Ursula K."),
        ("Homer", "Homer"),
        ("Frank Herbert", "Herbert, Frank"),
        ("Woolf, Virginia", "Woolf, Virginia"),
        ("Simone de Beauvoir", "Beauvoir, Simone de"),
        ("村上春樹", "村上春樹"),
        ("Martin Luther King Jr.", "King, Martin Luther, Jr."),
    ],
)
def test_a_sort_name_is_made_from_the_name(add_author: Add, name: str, filed: str) -> None:
    assert add_author(name=name)["sort_name"] == filed


def test_a_sort_name_follows_the_name_unless_it_was_given(client: FlaskClient, add_author: Add) -> None:
    made, given = add_author(name="Mary Ann Evans"), add_author(name="Mary Ann Evans", sort_name="Eliot, George")
    change = {"name": "Marian Cross"}
    assert client.patch(f"/authors/{made['id']}", json=change).json["sort_name"] == "Cross, Marian"
    assert client.patch(f"/authors/{given['id']}", json=change).json["sort_name"] == "Eliot, George"
    assert client.patch(f"/authors/{given['id']}", json={"sort_name": None}).json["sort_name"] == "Cross, Marian"
    assert client.patch(f"/authors/{given['id']}", json={"name": "A B"}).json["sort_name"] == "B, A"
    assert client.put(f"/authors/{given['id']}", json={"name": "C D", "sort_name": "x"}).json["sort_name"] == "x"
    assert client.put(f"/authors/{given['id']}", json={"name": "C D"}).json["sort_name"] == "D, C"


# Batches


def test_a_batch_is_answered_in_its_order(client: FlaskClient) -> None:
    titles = [f"Book {number * 7 % 100}" for number in range(100)]
    response = client.post("/books", json=[{"title": title} for title in titles])
    assert response.status_code == 201
    assert list(response.json) == ["data"]
    assert [book["title"] for book in response.json["data"]] == titles
    assert [client.get(f"/books/{book['id']}").json for book in response.json["data"][:5]] == response.json["data"][:5]
    assert "Location" not in response.headers


@pytest.mark.parametrize("path", ["/books", "/authors"])
def test_a_batch_may_have_1000_records(client: FlaskClient, path: str) -> None:
    response = client.post(
        path, json=[{"title" if path == "/books" else "name": f"{number}"} for number in range(1000)]
    )
    assert response.status_code == 201
    assert len(response.json["data"]) == 1000
    assert client.get(f"{path}?total=exact&limit=1").json["meta"]["total"] == 1000


@pytest.mark.parametrize(
    ("bad", "status", "pointer"),
    [
        ({"title": ""}, 422, "/2/title"),
        ({"title": "x", "authors": [{"id": 99}]}, 422, "/2/authors/0/id"),
        ({"title": "x", "isbn": ISBN}, 409, "/2/isbn"),
        ({"title": "x", "isbn": OTHER_ISBN}, 409, "/2/isbn"),
    ],
)
def test_a_batch_with_one_bad_row_stores_nothing(
    client: FlaskClient, add_book: Add, bad: dict[str, Any], status: int, pointer: str
) -> None:
    add_book(isbn=ISBN)
    batch = [{"title": "A", "authors": [{"name": "New"}]}, {"title": "B", "isbn": OTHER_ISBN}, bad, {"title": "C"}]
    response = client.post("/books", json=batch)
    assert response.status_code == status
    assert [error["pointer"] for error in response.json["errors"]] == [pointer]
    assert client.get("/books?total=exact").json["meta"]["total"] == 1
    assert client.get("/authors?total=exact").json["meta"]["total"] == 0


def test_an_isbn_twice_in_a_batch_names_the_other_row(client: FlaskClient) -> None:
    batch = [{"title": "A"}, {"title": "B", "isbn": ISBN}, {"title": "C"}, {"title": "D", "isbn": "0-441-47812-3"}]
    response = client.post("/books", json=batch)
    assert response.status_code == 409
    error = response.json["errors"][0]
    assert (error["pointer"], error["code"]) == ("/3/isbn", "taken")
    assert "index 1" in error["detail"]
    assert "index 1" in response.json["detail"]


def test_a_taken_isbn_names_its_holder(client: FlaskClient, add_book: Add) -> None:
    holder, other = add_book(isbn=ISBN), add_book()
    for response in (
        client.post("/books", json={"title": "x", "isbn": "0441478123"}),
        client.post("/books", json=[{"title": "x", "isbn": ISBN}]),
        client.put(f"/books/{other['id']}", json={"title": "x", "isbn": ISBN}),
        client.patch(f"/books/{other['id']}", json={"isbn": ISBN}),
    ):
        assert response.status_code == 409
        assert response.headers["Link"] == f'</books/{holder["id"]}>; rel="related"'
        assert f"/books/{holder['id']}" in response.json["detail"]
    assert client.get(f"/books/{other['id']}").json == other


def test_an_isbn_is_free_again_after_its_book(client: FlaskClient, add_book: Add) -> None:
    holder = add_book(isbn=ISBN)
    assert client.patch(f"/books/{holder['id']}", json={"isbn": ISBN}).status_code == 200
    assert client.delete(f"/books/{holder['id']}").status_code == 204
    assert add_book(isbn=ISBN)["isbn"] == ISBN


# Contributors


def test_a_name_links_the_one_author_of_that_name_however_it_is_written(
    client: FlaskClient, add_book: Add, add_author: Add
) -> None:
    author = add_author(name="Zoë Čapek", alternate_names=["Zoe"])
    for name in ("Zoë Čapek", "  Zoe\u0308  C\u030capek ", "zoë čapek", "Zoe Capek", "Čapek, Zoë"):
        assert add_book(authors=[{"name": name}])["authors"][0]["id"] == author["id"]
    for name in ("Zoe", "Zoe A. Capek", "Capek Zoe"):
        assert add_book(authors=[{"name": name}])["authors"][0]["id"] != author["id"]
    assert client.get("/authors?total=exact").json["meta"]["total"] == 4


def test_a_name_exactly_as_it_is_stored_goes_before_others_of_its_key(
    client: FlaskClient, add_book: Add, add_author: Add
) -> None:
    spaced, joined = (add_author(name=name)["id"] for name in ("A. A. Milne", "A.A. Milne"))
    assert add_book(authors=[{"name": "A.A. Milne"}])["authors"][0]["id"] == joined
    assert add_book(authors=[{"name": "A. A. Milne"}])["authors"][0]["id"] == spaced
    response = client.post("/books", json={"title": "x", "authors": [{"name": "Milne, A. A."}]})
    assert response.status_code == 422
    assert response.json["errors"][0]["code"] == "ambiguous"
    assert f"{spaced}, {joined}" in response.json["errors"][0]["detail"]


def test_spellings_of_one_new_name_make_one_author_who_is_called_as_the_first(client: FlaskClient) -> None:
    spellings = ("Milne, A. A.", "A.A. Milne", "A. A. Milne")
    books = client.post("/books", json=[{"title": "x", "authors": [{"name": name}]} for name in spellings])
    assert {book["authors"][0]["name"] for book in books.json["data"]} == {"Milne, A. A."}
    assert client.get("/authors?total=exact").json["meta"]["total"] == 1


@pytest.mark.parametrize("known", [False, True])
def test_two_spellings_of_one_name_in_one_role_are_one_author_twice(
    client: FlaskClient, add_author: Add, known: bool
) -> None:
    if known:
        add_author(name="AA Milne")
    document = {"title": "x", "authors": [{"name": "Milne, A. A."}, {"name": "A. A. Milne"}]}
    response = client.post("/books", json=document)
    assert response.status_code == 422
    assert [(fault["pointer"], fault["code"]) for fault in response.json["errors"]] == [("/authors/1", "duplicate")]
    document["authors"][1]["role"] = "editor"
    assert len({author["id"] for author in client.post("/books", json=document).json["authors"]}) == 1


def test_a_new_name_makes_one_author_with_a_sort_name(client: FlaskClient, add_book: Add) -> None:
    book = add_book(authors=[{"name": "Ursula K. Le Guin"}, {"name": "Ursula K. Le Guin", "role": "editor"}])
    assert len({item["id"] for item in book["authors"]}) == 1
    author = client.get(f"/authors/{book['authors'][0]['id']}").json
    assert (author["name"], author["sort_name"]) == ("Ursula K. Le Guin", "Le Guin, Ursula K.")
    batch = client.post("/books", json=[{"title": "A", "authors": [{"name": "New"}]}] * 3).json["data"]
    assert len({item["authors"][0]["id"] for item in batch}) == 1


def test_a_name_of_several_authors_is_refused_with_the_candidates(client: FlaskClient, add_author: Add) -> None:
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


def test_null_is_the_same_as_leaving_out(client: FlaskClient, add_book: Add) -> None:
    nulls = dict.fromkeys(name for name in BOOK if name != "title")
    book = add_book(title="Dune", **nulls)
    assert writable(book) == writable(add_book(title="Dune"))
    authors = [{"id": None, "name": "Ada", "role": None, "credited_as": None}]
    assert add_book(authors=authors)["authors"][0] | {"id": 0} == {
        "id": 0,
        "name": "Ada",
        "role": "author",
        "credited_as": None,
    }
    assert add_book(identifiers={"x": None, "y": ["1"]})["identifiers"].get("y") == ["1"]


# PUT and PATCH


def test_put_clears_what_is_left_out(client: FlaskClient, add_book: Add, add_author: Add) -> None:
    book, author = add_book(**BOOK), add_author(**AUTHOR)
    replaced = client.put(f"/books/{book['id']}", json={"title": "Dune"})
    assert replaced.status_code == 200
    assert [name for name, value in replaced.json.items() if value not in (None, [], {})] == [
        "id",
        "title",
        "created_at",
        "updated_at",
    ]
    assert replaced.json["created_at"] == book["created_at"]
    replaced = client.put(f"/authors/{author['id']}", json={"name": "Ada"})
    assert writable(replaced.json) == {
        "name": "Ada",
        "sort_name": "Ada",
        "alternate_names": [],
        "birth_date": None,
        "death_date": None,
        "biography": None,
        "identifiers": {},
    }
    assert client.get("/authors?total=exact").json["meta"]["total"] == 3  # the book's contributors stay as authors


PATCHES: tuple[tuple[Any, Any], ...] = (
    ({}, {}),
    ({"title": "Dune"}, {"title": "Dune"}),
    ({"subtitle": None, "isbn": None, "page_count": None}, {"subtitle": None, "isbn": None, "page_count": None}),
    ({"subjects": None}, {"subjects": []}),
    ({"subjects": ["x"]}, {"subjects": ["x"]}),
    ({"identifiers": None}, {"identifiers": {}}),
    ({"identifiers": {}}, {}),
    ({"identifiers": {"goodreads": None}}, {"identifiers": {"openlibrary": ["OL7353617M"]}}),
    ({"identifiers": {"nothing": None}}, {}),
    ({"identifiers": {"goodreads": ["3"]}}, {"identifiers": {"openlibrary": ["OL7353617M"], "goodreads": ["3"]}}),
    ({"identifiers": {"oclc": ["9"], "openlibrary": None}}, {"identifiers": {"goodreads": ["1", "2"], "oclc": ["9"]}}),
    ({"authors": None}, {"authors": []}),
    ({"authors": []}, {"authors": []}),
    ({"series_position": 2}, {"series_position": 2}),
)


@pytest.mark.parametrize(("patch", "changed"), PATCHES, ids=[json.dumps(patch) for patch, _ in PATCHES])
@pytest.mark.parametrize("media_type", ["application/json", "application/merge-patch+json"])
def test_patch_is_a_merge_patch(client: FlaskClient, add_book: Add, patch: Any, changed: Any, media_type: str) -> None:
    book = add_book(**BOOK)
    response = client.patch(f"/books/{book['id']}", data=json.dumps(patch), content_type=media_type)
    assert response.status_code == 200
    assert writable(response.json) == writable(book | changed)
    assert (response.json["updated_at"] > book["updated_at"]) == bool(changed)
    assert client.get(f"/books/{book['id']}").json == response.json


def test_patching_contributors_replaces_the_list(client: FlaskClient, add_book: Add) -> None:
    book = add_book(**BOOK)
    response = client.patch(f"/books/{book['id']}", json={"authors": [{"id": book["authors"][1]["id"], "role": None}]})
    assert response.json["authors"] == [
        {"id": book["authors"][1]["id"], "name": "Ann Other", "role": "author", "credited_as": None}
    ]
    assert writable(response.json) | {"authors": 0} == writable(book) | {"authors": 0}


def _unchanging(record: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    """Writes that leave a record as it is."""
    some = "title" if "title" in record else "name"
    found = [
        ("PUT", record),
        ("PUT", writable(record)),
        ("PATCH", record),
        ("PATCH", {}),
        ("PATCH", {some: f" {record[some]} "}),
        ("PATCH", {"identifiers": {}}),
        ("PATCH", {"id": record["id"], "created_at": "x", "updated_at": None}),
        ("PUT", writable(record) | {"id": None, "updated_at": "2000-01-01T00:00:00Z"}),
    ]
    if "isbn" in record:
        names = [{**item, "id": None} for item in record["authors"]]
        found += [
            ("PATCH", {"isbn": "0-441-47812-3"}),
            ("PATCH", {"authors": names}),
            ("PATCH", {"language": "EN"}),
            ("PUT", writable(record) | {"authors": names}),
        ]
    return found


@pytest.mark.parametrize("path", ["/books", "/authors"])
def test_a_write_that_changes_nothing_moves_nothing(client: FlaskClient, path: str) -> None:
    created = client.post(path, json=BOOK if path == "/books" else AUTHOR)
    for method, document in _unchanging(created.json):
        response = client.open(created.headers["Location"], method=method, json=document)
        assert response.status_code == 200, (method, document, response.text)
        assert response.text == created.text, (method, document)
        assert response.headers["ETag"] == created.headers["ETag"]


CHANGES: tuple[tuple[str, Any], ...] = (
    ("subtitle", "x"),
    ("description", None),
    ("subjects", ["Gender", "Science fiction"]),
    ("authors", []),
    ("identifiers", {"openlibrary": None}),
    ("series_position", 1.25),
    ("isbn", OTHER_ISBN),
    ("published", "1969"),
    ("authors", [{"name": "Ann Other", "role": "editor", "credited_as": "A. O."}, {"name": "Ursula K. Le Guin"}]),
    ("authors", [{"name": "Ursula K. Le Guin"}, {"name": "Ann Other", "role": "editor"}]),
    ("authors", [{"name": "Ursula K. Le Guin"}, {"name": "Ann Other", "role": "author", "credited_as": "A. O."}]),
    ("authors", [{"name": "Ursula K. Le Guin"}, {"name": "Somebody New", "role": "editor", "credited_as": "A. O."}]),
    ("authors", [{"name": "Ursula K. Le Guin"}]),
)


@pytest.mark.parametrize(("name", "value"), CHANGES, ids=[ascii(value)[:50] for _, value in CHANGES])
def test_any_change_moves_updated_at_and_the_etag(client: FlaskClient, name: str, value: Any) -> None:
    created = client.post("/books", json=BOOK)
    changed = client.patch(created.headers["Location"], json={name: value})
    assert changed.status_code == 200
    assert moment(changed.json["updated_at"]) > moment(created.json["updated_at"])
    assert changed.json["created_at"] == created.json["created_at"]
    assert changed.headers["ETag"] != created.headers["ETag"]
    again = client.patch(created.headers["Location"], json={name: value})
    assert again.text == changed.text


def test_renaming_a_contributor_shows_in_the_book_and_moves_only_its_etag(client: FlaskClient) -> None:
    created = client.post("/books", json=BOOK)
    author_id = created.json["authors"][0]["id"]
    assert client.patch(f"/authors/{author_id}", json={"name": "U. K. Le Guin"}).status_code == 200
    read = client.get(created.headers["Location"])
    assert read.json["authors"][0]["name"] == "U. K. Le Guin"
    assert read.json["updated_at"] == created.json["updated_at"]
    assert read.headers["ETag"] != created.headers["ETag"]


def test_deleting_a_contributor_moves_the_books_that_stay(client: FlaskClient) -> None:
    created = client.post("/books", json=BOOK).json
    untouched = client.post("/books", json={"title": "x", "authors": [{"name": "Ann Other"}]}).json
    assert client.delete(f"/authors/{created['authors'][0]['id']}").status_code == 204
    read = client.get(f"/books/{created['id']}").json
    assert [item["name"] for item in read["authors"]] == ["Ann Other"]
    assert moment(read["updated_at"]) > moment(created["updated_at"])
    assert client.get(f"/books/{untouched['id']}").json == untouched


# By ISBN


@pytest.mark.parametrize("form", [ISBN, "0441478123", "978-0-441-47812-5", "0-441-47812-3", "%20978%200441478125"])
def test_a_book_is_read_and_written_by_any_form_of_its_isbn(client: FlaskClient, form: str) -> None:
    created = client.put(f"/books/isbn/{form}", json={"title": "A"})
    assert created.status_code == 201
    assert created.headers["Location"] == f"/books/{created.json['id']}"
    assert created.json["isbn"] == ISBN
    read = client.get(f"/books/isbn/{form}")
    assert (read.status_code, read.text) == (200, created.text)
    assert read.headers["ETag"] == created.headers["ETag"]
    replaced = client.put(f"/books/isbn/{form}", json={"title": "B", "isbn": form.replace("%20", " ")})
    assert (replaced.status_code, replaced.json["id"], replaced.json["title"]) == (200, created.json["id"], "B")
    assert "Location" not in replaced.headers
    assert client.put(f"/books/isbn/{form}", json=replaced.json).text == replaced.text


def test_put_by_isbn_clears_what_is_left_out_but_the_isbn(client: FlaskClient, add_book: Add) -> None:
    book = add_book(**BOOK)
    replaced = client.put(f"/books/isbn/{ISBN}", json={"title": "B"}).json
    assert replaced["id"] == book["id"]
    assert replaced["isbn"] == ISBN
    assert replaced["authors"] == []
    assert replaced["subtitle"] is None


def test_put_by_isbn_keeps_if_match(client: FlaskClient) -> None:
    path = f"/books/isbn/{ISBN}"
    assert client.put(path, json={"title": "A"}, headers={"If-Match": "*"}).status_code == 412
    assert client.put(path, json={"title": "A"}, headers={"If-Match": '"x"'}).status_code == 412
    assert client.get(path).status_code == 404
    created = client.put(path, json={"title": "A"}, headers={"If-None-Match": "*"})
    assert created.status_code == 201
    assert client.put(path, json={"title": "B"}, headers={"If-None-Match": "*"}).status_code == 412
    assert client.put(path, json={"title": "B"}, headers={"If-Match": '"x"'}).status_code == 412
    assert client.get(path).json["title"] == "A"
    assert client.put(path, json={"title": "B"}, headers={"If-Match": created.headers["ETag"]}).status_code == 200


def test_a_book_is_found_by_its_further_isbns(client: FlaskClient, add_book: Add) -> None:
    first = add_book(title="first", isbn=ISBN, identifiers={"isbn": [OTHER_ISBN, "0-441-47812-3"]})
    second = add_book(title="second", identifiers={"isbn": ["978-0-06-012563-9", THIRD_ISBN]})
    third = add_book(title="third", isbn=THIRD_ISBN)
    for isbn, found in ((ISBN, first), (OTHER_ISBN, first), (THIRD_ISBN, third), ("0060125632", first)):
        assert client.get(f"/books/isbn/{isbn}").json == found
    client.delete(f"/books/{first['id']}")
    assert client.get(f"/books/isbn/{OTHER_ISBN}").json == second
    assert client.get(f"/books/isbn/{ISBN}").status_code == 404
    created = client.put(f"/books/isbn/{OTHER_ISBN}", json={"title": "its own"})
    assert created.status_code == 201
    assert client.get(f"/books/isbn/{OTHER_ISBN}").json == created.json


# DELETE


def test_deleting_a_book_leaves_its_authors(client: FlaskClient, add_book: Add) -> None:
    book = add_book(**BOOK)
    response = client.delete(f"/books/{book['id']}")
    assert (response.status_code, response.data) == (204, b"")
    assert "Content-Type" not in response.headers
    assert client.get(f"/books/{book['id']}").status_code == 404
    assert client.delete(f"/books/{book['id']}").status_code == 404
    assert client.get("/authors?total=exact").json["meta"]["total"] == 2


@pytest.mark.parametrize("keep", [False, True])
def test_deleting_an_author_takes_the_books_of_no_one_else(
    client: FlaskClient, add_book: Add, add_author: Add, keep: bool
) -> None:
    author, other = add_author(name="Ada"), add_author(name="Bob")
    own = add_book(authors=[{"id": author["id"]}, {"id": author["id"], "role": "editor"}])
    shared = add_book(authors=[{"id": author["id"]}, {"id": other["id"], "role": "translator"}])
    others, nobodys = add_book(authors=[{"id": other["id"]}]), add_book()
    assert client.delete(f"/authors/{author['id']}" + "?books=keep" * keep).status_code == 204
    assert client.get(f"/authors/{author['id']}").status_code == 404
    assert client.get(f"/authors/{author['id']}/books").status_code == 404
    left = {book["id"]: book for book in client.get("/books").json["data"]}
    assert set(left) == {shared["id"], others["id"], nobodys["id"]} | ({own["id"]} if keep else set())
    assert [item["id"] for item in left[shared["id"]]["authors"]] == [other["id"]]
    assert (left[others["id"]], left[nobodys["id"]]) == (others, nobodys)
    if keep:
        assert left[own["id"]]["authors"] == []
        assert moment(left[own["id"]]["updated_at"]) > moment(own["updated_at"])


# The order in which faults are judged


@pytest.fixture(scope="module")
def small_app(make_app: Callable[..., Flask]) -> Flask:
    return make_app(MAX_CONTENT_LENGTH=2048)


# Each fault by itself: the problem it brings.
FAULTS = {
    "path": "not-found",
    "method": "method-not-allowed",
    "query": "invalid-query",
    "accept": "not-acceptable",
    "size": "content-too-large",
    "type": "unsupported-media-type",
    "syntax": "invalid-json",
    "existence": "not-found",
    "precondition": "precondition-failed",
    "schema": "validation-failed",
    "conflict": "conflict",
}
IMPOSSIBLE = {("path", "existence"), ("existence", "precondition")}  # a record that is not there has no ETag


def _faulty(client: FlaskClient, method: str, faults: set[str]) -> Any:
    headers = {"Content-Type": "application/json"}
    document: dict[str, Any] = {"title": "x"}
    path = "/books/1"
    if "path" in faults:
        path = "/books/0001"
    if "existence" in faults:
        path = "/books/99"
    if "query" in faults:
        path += "?nothing=1"
    if "accept" in faults:
        headers["Accept"] = "text/html"
    if "type" in faults:
        headers["Content-Type"] = "text/plain"
    if "precondition" in faults:
        headers["If-Match"] = '"0123"'
    if "schema" in faults:
        document["page_count"] = "12"
    if "conflict" in faults:
        document["isbn"] = ISBN
    body = json.dumps(document)
    if "syntax" in faults:
        body = body[:-1]
    if "size" in faults:
        body += " " * 2048
    return client.open(path, method="POST" if "method" in faults else method, data=body, headers=headers)


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
@pytest.mark.parametrize(("first", "second"), list(itertools.combinations(FAULTS, 2)))
def test_faults_are_judged_in_the_order_of_the_contract(
    small_app: Flask, client: FlaskClient, add_book: Add, method: str, first: str, second: str
) -> None:
    add_book()
    add_book(isbn=ISBN)
    small = small_app.test_client()
    response = _faulty(small, method, {first})
    assert response.json["type"] == f"/problems/{FAULTS[first]}"
    response = _faulty(small, method, {second})
    assert response.json["type"] == f"/problems/{FAULTS[second]}"
    if (first, second) not in IMPOSSIBLE:
        response = _faulty(small, method, {first, second})
        assert response.json["type"] == f"/problems/{FAULTS[first]}"
    assert _faulty(small, method, set()).status_code == 200


def test_a_deleted_record_is_judged_before_the_precondition(client: FlaskClient) -> None:
    for method in ("PUT", "PATCH", "DELETE"):
        body = {} if method == "DELETE" else {"json": {"title": "x"}}
        assert client.open("/books/99", method=method, headers={"If-Match": '"0123"'}, **body).status_code == 404
