"""Suggestions for a search box."""

from __future__ import annotations

import pytest


@pytest.fixture
def suggest(library):
    def read(query):
        response = library.get(f"/suggest?{query}")
        assert response.status_code == 200, response.text
        return [(suggestion["type"], suggestion["text"]) for suggestion in response.json["data"]]

    return read


def test_suggestions_mix_titles_and_names(suggest):
    assert suggest("q=dun") == [
        ("book", "Dune"),
        ("author", "Dune Fremen"),
        ("book", "Dune Messiah"),
        ("book", "Children of Dune"),
    ]


def test_a_surname_or_alternate_name_suggests_the_author(suggest):
    assert suggest("q=tol") == [("author", "J. R. R. Tolkien")]
    assert suggest("q=Достоев") == [("author", "Fyodor Dostoyevsky")]


def test_a_suggestion_has_distinguishing_details(library):
    [book] = library.get("/suggest?q=hobbit").json["data"]
    assert book == {"type": "book", "id": book["id"], "text": "The Hobbit", "detail": "J. R. R. Tolkien, 1937"}
    assert library.get(f"/books/{book['id']}").json["title"] == "The Hobbit"
    [author] = library.get("/suggest?q=tolk").json["data"]
    assert author["detail"] == "1892–1973"
    assert library.get("/suggest?q=le guin").json["data"][0]["detail"] == "1929–"
    assert library.get("/suggest?q=sand").json["data"][0]["detail"] is None


@pytest.mark.writes
def test_details_name_contributors_once_and_write_bc_years(library):
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


def test_the_limit_bounds_the_suggestions(suggest):
    assert len(suggest("q=the&limit=2")) == 2
    assert len(suggest("q=t&limit=20")) <= 20


@pytest.mark.writes
def test_twins_are_suggested_once(library, suggest):
    for _ in range(3):
        library.post("/books", json={"title": "Twin", "published": "1999"})
    assert suggest("q=twin") == [("book", "Twin")]


@pytest.mark.writes
def test_authors_of_more_books_are_suggested_first(library, suggest):
    library.post("/authors", json=[{"name": "Smyth A"}, {"name": "Smyth Bbbbbb"}])
    library.post("/books", json=[{"title": f"Book {n}", "authors": [{"name": "Smyth Bbbbbb"}]} for n in range(3)])
    assert suggest("q=smy") == [("author", "Smyth Bbbbbb"), ("author", "Smyth A")]


@pytest.mark.parametrize(
    ("query", "code"),
    [("", "required"), ("q=a&limit=0", "out_of_range"), ("q=a&limit=21", "out_of_range"), ("q=a&x=1", "unknown")],
)
def test_a_bad_parameter_is_refused(library, query, code):
    response = library.get(f"/suggest?{query}")
    assert response.status_code == 400
    assert response.json["errors"][0]["code"] == code


@pytest.mark.writes
def test_suggestions_are_cached_and_conditional(library):
    first = library.get("/suggest?q=dune")
    assert library.get("/suggest?q=dune", headers={"If-None-Match": first.headers["ETag"]}).status_code == 304
    assert first.headers["Cache-Control"] == "public, max-age=0, must-revalidate"
    library.post("/books", json={"title": "Dune World"})
    assert any(suggestion["text"] == "Dune World" for suggestion in library.get("/suggest?q=dune").json["data"])
