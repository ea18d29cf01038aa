"""What is found where nothing matches: what somebody may have meant."""

from __future__ import annotations

import pytest

from app.correction import distance


@pytest.mark.parametrize(
    ("q", "meant", "first"),
    [
        ("Tolkein", "tolkien", "The Hobbit"),
        ("Dostoevski", "dostoevsky", "Crime and Punishment"),
        ("Hary Poter", "harry potter", "Harry Potter and the Philosopher's Stone"),
        ("hobbti tolkien", "hobbit tolkien", "The Hobbit"),
        ("lord of teh ringz", None, "The Lord of the Rings"),
        ("garcia markez", "garcia marquez", "Cien años de soledad"),
    ],
)
def test_a_misspelt_question_finds_what_was_meant(page, q, meant, first):
    found = page(q)
    assert found["data"][0]["title"] == first
    assert found["meta"]["match"] == "fuzzy"
    if meant:
        assert found["meta"]["did_you_mean"] == meant
    assert page(found["meta"]["did_you_mean"])["meta"]["match"] == "exact"


def test_an_author_is_found_by_a_misspelt_name(page):
    found = page("Tolkein", "/authors")
    assert [author["name"] for author in found["data"]] == ["J. R. R. Tolkien"]


@pytest.mark.parametrize("q", ["qqqqqqqq", "zzz xxx", "tolkien crime", "9780000000002"])
def test_where_nothing_is_near_nothing_is_found(page, q):
    found = page(q)
    assert found["data"] == []
    assert found["meta"]["match"] == "exact"
    assert "did_you_mean" not in found["meta"]


def test_where_few_rows_match_what_finds_many_more_is_named(library, page):
    library.post("/books", json=[{"title": "Tolkein, a Slip"}, *({"title": f"Tolkien {n}"} for n in range(20))])
    found = page("tolkein")
    assert [book["title"] for book in found["data"]] == ["Tolkein, a Slip"]
    assert (found["meta"]["match"], found["meta"]["did_you_mean"]) == ("exact", "tolkien")
    assert "did_you_mean" not in page("hobbit")["meta"]


def test_filters_hold_for_the_second_look_too(page):
    assert page("Tolkein", language="en")["meta"] == {
        "count": 1,
        "limit": 20,
        "match": "fuzzy",
        "did_you_mean": "tolkien",
    }
    assert page("Tolkein", language="zh")["data"] == []


def test_what_is_not_wanted_stays_so(page):
    found = page('Tolkein -hobbit -"no such"')
    assert [book["title"] for book in found["data"]] == ["The Lord of the Rings"]
    assert found["meta"]["did_you_mean"] == 'tolkien -hobbit -"no such"'
    assert page("Hary Poter -stone")["meta"] == {"count": 0, "limit": 20, "match": "exact"}


def test_a_phrase_is_meant_as_it_stands(page):
    assert page('"Poter Hary"')["meta"] == {"count": 0, "limit": 20, "match": "exact"}


@pytest.mark.parametrize("q", ["istanbul", "a" * 300, "harrypotterandthestone"])
def test_what_is_far_from_every_word_is_no_slip(page, q):
    assert page(q)["data"] == []


def test_a_second_look_has_further_pages_by_offset_too(page):
    assert [book["title"] for book in page("Tolkein", offset="1")["data"]] == ["The Lord of the Rings"]
    assert page("Tolkein", offset="5")["meta"]["match"] == "fuzzy"


def test_the_pages_of_a_second_look_go_on(library):
    first = library.get("/books?q=Tolkein&limit=1").json
    second = library.get(first["links"]["next"]).json
    assert [first["data"][0]["title"], second["data"][0]["title"]] == ["The Hobbit", "The Lord of the Rings"]
    assert second["meta"]["match"] == "fuzzy"
    assert second["links"]["next"] is None
    assert library.get(second["links"]["prev"]).json["data"] == first["data"]


def test_a_page_behind_the_end_takes_no_second_look(library):
    assert library.get("/books?q=tolkien&offset=50").json["meta"]["match"] == "exact"


def test_a_word_is_known_as_soon_as_it_is_written(library, add_book, page):
    assert page("Quidditch")["data"] == []
    add_book(title="Quidditch Through the Ages")
    assert page("Quiddich")["meta"]["did_you_mean"] == "quidditch"


@pytest.mark.parametrize(
    ("one", "other", "steps"),
    [
        ("tolkein", "tolkien", 1),
        ("hary", "harry", 1),
        ("a", "a", 0),
        ("abc", "", 3),
        ("abcd", "badc", 2),
        ("ca", "abc", 3),
    ],
)
def test_the_distance_of_words(one, other, steps):
    assert distance(one, other) == distance(other, one) == steps
