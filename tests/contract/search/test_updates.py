"""A search sees every write at once, by the API and by plain SQL."""

from __future__ import annotations

from functools import partial

import pytest

from tests.support.clients.parallel import simultaneously
from tests.support.databases import execute


@pytest.fixture
def sql(app, database_url):
    return partial(execute, database_url)


def test_a_search_follows_a_change_of_title(add_book, client, find):
    book = add_book(title="Before")
    client.patch(f"/books/{book['id']}", json={"title": "After"})
    assert (find("after"), find("before")) == ([book["id"]], [])


@pytest.fixture
def find(client):
    def search(q, path="/books"):
        page = client.get(f"{path}?q={q}", headers={"Cache-Control": "no-cache"}).json
        return [row["id"] for row in page["data"]] if page["meta"]["match"] == "exact" else []

    return search


def test_a_search_follows_the_name_of_an_author(add_book, client, find):
    book = add_book(title="X", authors=[{"name": "Old Name"}])
    author = book["authors"][0]["id"]
    client.patch(f"/authors/{author}", json={"name": "Fresh Pseudonym"})
    assert (find("pseudonym"), find("old")) == ([book["id"]], [])
    client.patch(f"/authors/{author}", json={"alternate_names": ["Nom de Plume"]})
    assert find("plume") == [book["id"]]
    client.patch(f"/authors/{author}", json={"sort_name": "Zyx"})
    assert find("zyx") == [book["id"]]
    assert find("pseudonym", "/authors") == [author]


def test_a_search_follows_the_contributors_of_a_book(add_book, add_author, client, find):
    book = add_book(title="X", authors=[{"name": "Anna First"}])
    other = add_author(name="Bela Second")
    client.patch(f"/books/{book['id']}", json={"authors": [{"id": other["id"], "credited_as": "B. S. Third"}]})
    assert (find("second"), find("third"), find("first")) == ([book["id"]], [book["id"]], [])
    client.delete(f"/authors/{other['id']}?books=keep")
    assert (find("second"), find("x")) == ([], [book["id"]])


def test_a_search_follows_writes_by_plain_sql(sql, find):
    sql("INSERT INTO authors (id, name, sort_name) VALUES (7001, 'Direct Writer', 'Writer, Direct')")
    sql("INSERT INTO books (id, title) VALUES (7002, 'Straight')")
    sql("INSERT INTO contributions (book_id, author_id, role, position) VALUES (7002, 7001, 'author', 0)")
    assert find("straight writer") == [7002]
    sql("UPDATE contributions SET credited_as = 'Pen' WHERE book_id = 7002")
    assert find("pen straight") == [7002]
    sql("UPDATE authors SET name = 'Someone Else' WHERE id = 7001")
    assert find("someone straight") == [7002]
    sql("DELETE FROM contributions WHERE book_id = 7002")
    assert find("someone straight") == []


@pytest.mark.parametrize("number", range(8))
def test_a_book_created_during_a_rename_has_the_new_name(add_author, app, find, number):
    author = add_author(name=f"Aaa Number{number}")["id"]
    created, _ = simultaneously(
        lambda: app.test_client().post("/books", json={"title": "T", "authors": [{"id": author}]}),
        lambda: app.test_client().patch(f"/authors/{author}", json={"name": f"Bbb Changed{number}"}),
    )
    assert find(f"changed{number}") == [created.json["id"]]
    assert find(f"aaa number{number}") == []


def test_inserted_contributor_names_equal_those_of_the_triggers(add_author, add_book, database_url):
    first = add_author(name="Ann B. C. O'Neil", alternate_names=["Anna Neil", "Ann-Marie"])
    add_book(title="One", authors=[{"id": first["id"], "credited_as": "A. N."}, {"name": "Zed"}])
    add_book(title="None")
    rows = execute(database_url, "SELECT contributors, contributor_names(id) FROM books ORDER BY id")
    assert all(stored == computed for stored, computed in rows)
    assert "\nann bc oneil\n" in rows[0][0]
    assert "\na n\n" in rows[0][0]


@pytest.mark.parametrize("round_", range(5))
def test_a_rename_and_writes_to_its_books_do_not_deadlock(add_author, add_book, app, find, round_):
    author = add_author(name=f"Old{round_}")["id"]
    books = [add_book(title=f"B{n}", authors=[{"id": author}, {"name": "Other"}])["id"] for n in range(4)]
    credits = {"authors": [{"name": "Other"}, {"id": author}]}
    requests = [(f"/authors/{author}", {"name": f"New{round_}"}), *((f"/books/{book}", credits) for book in books)]
    responses = simultaneously(*(partial(app.test_client().patch, path, json=document) for path, document in requests))
    assert {response.status_code for response in responses} == {200}
    assert sorted(find(f"new{round_}")) == books
