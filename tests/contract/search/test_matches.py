"""What a search finds: records with all words, in any field and spelling."""

from __future__ import annotations

from urllib.parse import quote

import pytest

FOUND = [
    ("tolkien ring", ["The Lord of the Rings"]),
    ("dostoyevsky crime", ["Crime and Punishment"]),
    ("DOSTOEVSKY Punishment", ["Crime and Punishment"]),
    ("Достоевский", ["Crime and Punishment"]),
    ("достоевский crime", ["Crime and Punishment"]),
    ("garcia marquez", ["Cien años de soledad"]),
    ("Gárcia SOLEDÁD", ["Cien años de soledad"]),
    ("三体", ["三体"]),
    ("体", ["三体"]),
    ("刘慈欣", ["三体"]),
    ("慈欣 三", ["三体"]),
    ("hainish", ["The Left Hand of Darkness"]),
    ("chilton", ["Dune"]),
    ("murder guilt", ["Crime and Punishment"]),
    ("fellowship", ["The Lord of the Rings"]),
    ("myles", ["The Third Policeman"]),
    ("o'brien", ["The Third Policeman"]),
    ("O’Brien", ["The Third Policeman"]),
    ("obrien", ["The Third Policeman"]),
    ("jrr tolkien hobbit", ["The Hobbit"]),
    ("j.r.r. tolkien hobbit", ["The Hobbit"]),
    ("email", ["E-mail for Beginners"]),
    ("e-mail", ["E-mail for Beginners"]),
    ("twentyone", ["E-mail for Beginners"]),
    ("philosophers stone", ["Harry Potter and the Philosopher's Stone"]),
    ("hobb", ["The Hobbit"]),
    ("the hob", ["The Hobbit"]),
    ("hob the", []),
    ("left hand of d", ["The Left Hand of Darkness"]),
    ("tolkien crime", []),
    ("9780261102385", ["The Lord of the Rings"]),
    ("978-0-261-10238-5", ["The Lord of the Rings"]),
    ("0261102380", []),
    ("0-441-17271-7", ["Dune"]),
    ("ISBN 0-441-17271-7", ["Dune"]),
    ("ISBN: 9780441172719.", ["Dune"]),
    ('"978-0-441-17271-9"', ["Dune"]),
    ("-9780441172719 messiah", ["Dune Messiah"]),
    ("9780441172719", ["Dune"]),
    ('"left hand"', ["The Left Hand of Darkness"]),
    ('"hand left"', []),
    ('"Lord of the Rings" tolkien', ["The Lord of the Rings"]),
    ('"of the rings the fellowship"', []),
    ("tolkien -ring", ["The Hobbit"]),
    ("tolkien -rings", ["The Hobbit"]),
    ('tolkien -"the lord"', ["The Hobbit"]),
    ("tolkien -hobbit -lord", []),
    ("tolkien hob*", ["The Hobbit"]),
]


@pytest.mark.parametrize(("q", "expected"), FOUND, ids=[q for q, _ in FOUND])
def test_a_search_finds_all_words_in_any_spelling(titles, q, expected):
    assert titles(q) == expected


@pytest.mark.parametrize(
    ("q", "expected"),
    [
        ("tolkien", ["J. R. R. Tolkien"]),
        ("Tolkien, J.R.R.", ["J. R. R. Tolkien"]),
        ("jrr", ["J. R. R. Tolkien"]),
        ("dostoevsky", ["Fyodor Dostoyevsky"]),
        ("Фёдор", ["Fyodor Dostoyevsky"]),
        ("刘慈欣", ["Liu Cixin"]),
        ("le guin", ["Ursula K. Le Guin"]),
        ("guin ursula", ["Ursula K. Le Guin"]),
        ("hobbit", []),
    ],
)
def test_a_search_finds_an_author_by_any_name(names, q, expected):
    assert names(q) == expected


def test_matches_in_headings_and_titles_rank_higher(titles):
    assert titles("dune") == ["Dune", "Dune Messiah", "Deserts", "Children of Dune", "Sand"]
    assert titles("king") == ["It", "The King of Elfland's Daughter", "Of Kings"]


@pytest.mark.writes
def test_authors_are_ranked_by_the_same_rules(library, names):
    library.post("/authors", json=[{"name": "King"}, {"name": "Martin Luther King"}, {"name": "Kingsley Amis"}])
    assert names("king") == ["King", "Kingsley Amis", "Stephen King", "Martin Luther King"]


def test_a_search_may_consist_of_exclusions(titles):
    assert set(titles("-the -dune", limit="100")) & {"The Hobbit", "Dune", "Sand"} == set()
    assert "Of Kings" in titles("-the -dune", limit="100")


NOTHING = ["ʼ", "-ʼ ʼ", "%%%", "***", "\\", '"', '""', "-", "--", "'", "&|!:*()<->", "😀", "-😀", "( )", "a:b:*"]
HARD = [
    "x" * 3000,
    " ".join(["dune"] * 500),
    " ".join(f"word{n}" for n in range(400)),
    " ".join(first + second for first in "abcdefghijklmnopqrstuvwxyz" for second in "abcdefghijklmnopqrs"),
    "tolkien ʼ",
    '"' * 500,
    "-" * 500,
    "- " * 500,
    "%" * 1000,
    "\\" * 1000,
    "a " * 1000,
    "😀" * 200,
    "é" * 400,
    "三" * 300,
    "a-" * 600,
    "'" * 600,
    "(((((" * 100,
    "a & b | !c <-> d:*",
    "'); DROP TABLE books; --",
    "$1 %s %(q)s {0}",
    "\u202cx\u200b",
    "\ue000 dune",
]


@pytest.mark.parametrize("path", ["/books", "/authors", "/suggest"])
@pytest.mark.parametrize("q", [*NOTHING, *HARD], ids=range(len(NOTHING + HARD)))
def test_odd_searches_are_answered_in_time(library, path, q):
    response = library.get(f"{path}?q={quote(q)}")
    assert response.status_code in (200, 400, 414), response.text  # a statement that takes 3 s would be a 503
    if response.status_code != 200:
        assert response.status_code == (414 if len(quote(q)) > 3000 else 400)
        assert response.json["errors"] or response.status_code == 414


@pytest.mark.parametrize("q", NOTHING)
def test_a_search_without_words_finds_nothing(titles, q):
    assert titles(q) == []


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("q=", "blank"),
        ("q=%20", "blank"),
        ("q=a&q=b", "repeated"),
        ("q[contains]=a", "unknown"),
        ("q=%00", "invalid_character"),
    ],
)
def test_a_bad_search_is_refused(library, query, code):
    for path in ("/books", "/authors", "/suggest"):
        response = library.get(f"{path}?{query}")
        assert response.status_code == 400
        assert code in [error["code"] for error in response.json["errors"]]


def test_a_search_combines_with_filters_fields_and_totals(page):
    results = page("the", language="en", fields="id,title", total="exact")
    assert [book["title"] for book in results["data"]] == ["The Hobbit"]
    assert set(results["data"][0]) == {"id", "title"}
    assert results["meta"] == {"count": 1, "limit": 20, "total": 1, "total_is": "exact", "match": "exact"}
    assert page("the", total="estimated", limit="2")["meta"]["total"] == 6


def test_a_search_combines_with_a_sort(titles):
    assert titles("tolkien", sort="title") == ["The Hobbit", "The Lord of the Rings"]
    assert titles("tolkien", sort="-title") == ["The Lord of the Rings", "The Hobbit"]


def test_the_books_of_an_author_can_be_searched(library, titles):
    author = library.get("/authors?name=Frank Herbert").json["data"][0]["id"]
    assert titles("dune", path=f"/authors/{author}/books") == ["Dune", "Dune Messiah", "Children of Dune"]
    assert titles("hobbit", path=f"/authors/{author}/books") == []
    assert library.get("/authors/999/books?q=dune").status_code == 404


def test_a_page_without_a_search_has_no_match(library):
    assert set(library.get("/books").json["meta"]) == {"count", "limit"}
