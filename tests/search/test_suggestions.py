"""Suggestions for a search box."""

from __future__ import annotations

import pytest


@pytest.fixture
def suggest(library):
    def ask(query):
        response = library.get(f"/suggest?{query}")
        assert response.status_code == 200, response.text
        return [(one["type"], one["text"]) for one in response.json["data"]]

    return ask


def test_titles_and_names_are_mixed(suggest):
    assert suggest("q=dun") == [
        ("book", "Dune"),
        ("author", "Dune Fremen"),
        ("book", "Dune Messiah"),
        ("book", "Children of Dune"),
    ]


def test_a_name_is_suggested_by_the_surname_and_by_other_names(suggest):
    assert suggest("q=tol") == [("author", "J. R. R. Tolkien")]
    assert suggest("q=Достоев") == [("author", "Fyodor Dostoyevsky")]


def test_each_bears_what_tells_it_from_others(library):
    [book] = library.get("/suggest?q=hobbit").json["data"]
    assert book == {"type": "book", "id": book["id"], "text": "The Hobbit", "detail": "J. R. R. Tolkien, 1937"}
    assert library.get(f"/books/{book['id']}").json["title"] == "The Hobbit"
    [author] = library.get("/suggest?q=tolk").json["data"]
    assert author["detail"] == "1892–1973"
    assert library.get("/suggest?q=le guin").json["data"][0]["detail"] == "1929–"
    assert library.get("/suggest?q=sand").json["data"][0]["detail"] is None


def test_whoever_did_two_things_is_named_once_and_years_before_christ_are_written_so(library):
    library.post(
        "/books",
        json={
            "title": "Aeneid",
            "authors": [{"name": "Virgil"}, {"name": "Virgil", "role": "editor"}, {"name": "B C"}],
        },
    )
    author = library.get("/authors?name=Virgil").json["data"][0]["id"]
    library.patch(f"/authors/{author}", json={"birth_date": "-0070", "death_date": "-0019"})
    assert library.get("/suggest?q=aeneid").json["data"][0]["detail"] == "Virgil, B C"
    assert library.get("/suggest?q=virgil").json["data"][0]["detail"] == "70 BC–19 BC"


def test_an_isbn_suggests_its_book(suggest):
    assert suggest("q=9780261102385") == [("book", "The Lord of the Rings")]


def test_the_limit_holds(suggest):
    assert len(suggest("q=the&limit=2")) == 2
    assert len(suggest("q=t&limit=20")) <= 20


def test_twins_are_suggested_once(library, suggest):
    for _ in range(3):
        library.post("/books", json={"title": "Twin", "published": "1999"})
    assert suggest("q=twin") == [("book", "Twin")]


def test_the_author_of_more_books_comes_first(library, suggest):
    library.post("/authors", json=[{"name": "Smyth A"}, {"name": "Smyth Bbbbbb"}])
    library.post("/books", json=[{"title": f"Book {n}", "authors": [{"name": "Smyth Bbbbbb"}]} for n in range(3)])
    assert suggest("q=smy") == [("author", "Smyth Bbbbbb"), ("author", "Smyth A")]


@pytest.mark.parametrize(
    ("query", "code"),
    [("", "required"), ("q=a&limit=0", "out_of_range"), ("q=a&limit=21", "out_of_range"), ("q=a&x=1", "unknown")],
)
def test_a_bad_request_is_told(library, query, code):
    response = library.get(f"/suggest?{query}")
    assert response.status_code == 400
    assert response.json["errors"][0]["code"] == code


def test_suggestions_are_cached_and_conditional(library):
    first = library.get("/suggest?q=dune")
    assert library.get("/suggest?q=dune", headers={"If-None-Match": first.headers["ETag"]}).status_code == 304
    assert "s-maxage" in first.headers["Cache-Control"]
    library.post("/books", json={"title": "Dune World"})
    assert any(one["text"] == "Dune World" for one in library.get("/suggest?q=dune").json["data"])
