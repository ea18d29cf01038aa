"""The search follows every write at once, whoever writes."""

from __future__ import annotations

import threading

import psycopg2
import pytest
from sqlalchemy.engine import make_url


@pytest.fixture
def sql(app, database_url):
    connection = psycopg2.connect(
        make_url(database_url).set(drivername="postgresql").render_as_string(hide_password=False)
    )
    connection.autocommit = True
    with connection.cursor() as cursor:
        yield cursor.execute
    connection.close()


def test_a_new_title_is_found_and_the_old_one_is_not(add_book, client, find):
    book = add_book(title="Before")
    client.patch(f"/books/{book['id']}", json={"title": "After"})
    assert (find("after"), find("before")) == ([book["id"]], [])


@pytest.fixture
def find(client):
    def ask(q, path="/books"):
        found = client.get(f"{path}?q={q}", headers={"Cache-Control": "no-cache"}).json
        return [row["id"] for row in found["data"]] if found["meta"]["match"] == "exact" else []

    return ask


def test_the_books_of_a_renamed_author_are_found_by_the_new_name(add_book, client, find):
    book = add_book(title="X", authors=[{"name": "Old Name"}])
    author = book["authors"][0]["id"]
    client.patch(f"/authors/{author}", json={"name": "Fresh Pseudonym"})
    assert (find("pseudonym"), find("old")) == ([book["id"]], [])
    client.patch(f"/authors/{author}", json={"alternate_names": ["Nom de Plume"]})
    assert find("plume") == [book["id"]]
    client.patch(f"/authors/{author}", json={"sort_name": "Zyx"})
    assert find("zyx") == [book["id"]]
    assert find("pseudonym", "/authors") == [author]


def test_a_book_follows_its_contributors(add_book, add_author, client, find):
    book = add_book(title="X", authors=[{"name": "Anna First"}])
    other = add_author(name="Bela Second")
    client.patch(f"/books/{book['id']}", json={"authors": [{"id": other["id"], "credited_as": "B. S. Third"}]})
    assert (find("second"), find("third"), find("first")) == ([book["id"]], [book["id"]], [])
    client.delete(f"/authors/{other['id']}?books=keep")
    assert (find("second"), find("x")) == ([], [book["id"]])


def test_whoever_writes_to_the_tables_is_followed(sql, find):
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
def test_a_book_made_while_its_author_is_renamed_has_the_new_name(add_author, app, find, number):
    author = add_author(name=f"Aaa Number{number}")["id"]
    made = []

    def make():
        made.append(app.test_client().post("/books", json={"title": "T", "authors": [{"id": author}]}))

    def rename():
        app.test_client().patch(f"/authors/{author}", json={"name": f"Bbb Changed{number}"})

    threads = [threading.Thread(target=make), threading.Thread(target=rename)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert find(f"changed{number}") == [made[0].json["id"]]
    assert find(f"aaa number{number}") == []


def test_what_is_inserted_with_the_names_is_what_the_triggers_would_say(add_author, add_book, database_url):
    first = add_author(name="Ann B. C. O'Neil", alternate_names=["Anna Neil", "Ann-Marie"])
    add_book(title="One", authors=[{"id": first["id"], "credited_as": "A. N."}, {"name": "Zed"}])
    add_book(title="None")
    connection = psycopg2.connect(
        make_url(database_url).set(drivername="postgresql").render_as_string(hide_password=False)
    )
    with connection, connection.cursor() as cursor:
        cursor.execute("SELECT contributors, contributor_names(id) FROM books ORDER BY id")
        rows = cursor.fetchall()
    connection.close()
    assert all(stored == computed for stored, computed in rows)
    assert "\nann bc oneil\n" in rows[0][0]
    assert "\na n\n" in rows[0][0]


@pytest.mark.parametrize("round_", range(5))
def test_a_rename_and_writes_to_the_books_never_wait_for_each_other(add_author, add_book, app, find, round_):
    author = add_author(name=f"Old{round_}")["id"]
    books = [add_book(title=f"B{n}", authors=[{"id": author}, {"name": "Other"}])["id"] for n in range(4)]
    answers = []

    def send(path, document):
        answers.append(app.test_client().patch(path, json=document).status_code)

    threads = [threading.Thread(target=send, args=(f"/authors/{author}", {"name": f"New{round_}"}))]
    threads += [
        threading.Thread(target=send, args=(f"/books/{book}", {"authors": [{"name": "Other"}, {"id": author}]}))
        for book in books
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(answers) == {200}
    assert sorted(find(f"new{round_}")) == books
