"""Corrections: what a search finds when nothing matches exactly."""

from __future__ import annotations

import pytest

from app.core.sql.spelling import distance


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
def test_a_misspelt_search_finds_the_intended_books(page, q, meant, first):
    results = page(q)
    assert results["data"][0]["title"] == first
    assert results["meta"]["match"] == "fuzzy"
    if meant:
        assert results["meta"]["did_you_mean"] == meant
    assert page(results["meta"]["did_you_mean"])["meta"]["match"] == "exact"


def test_a_misspelt_name_finds_the_author(page):
    results = page("Tolkein", "/authors")
    assert [author["name"] for author in results["data"]] == ["J. R. R. Tolkien"]


@pytest.mark.parametrize("q", ["qqqqqqqq", "zzz xxx", "tolkien crime", "9780000000002"])
def test_words_without_near_words_find_nothing(page, q):
    results = page(q)
    assert results["data"] == []
    assert results["meta"]["match"] == "exact"
    assert "did_you_mean" not in results["meta"]


@pytest.mark.writes
def test_few_exact_matches_come_with_a_correction(library, page):
    library.post("/books", json=[{"title": "Tolkein, a Slip"}, *({"title": f"Tolkien {n}"} for n in range(20))])
    results = page("tolkein")
    assert [book["title"] for book in results["data"]] == ["Tolkein, a Slip"]
    assert (results["meta"]["match"], results["meta"]["did_you_mean"]) == ("exact", "tolkien")
    assert "did_you_mean" not in page("hobbit")["meta"]


def test_filters_apply_to_corrected_searches(page):
    assert page("Tolkein", language="en")["meta"] == {
        "count": 1,
        "limit": 20,
        "match": "fuzzy",
        "did_you_mean": "tolkien",
    }
    assert page("Tolkein", language="zh")["data"] == []


def test_corrections_keep_exclusions(page):
    results = page('Tolkein -hobbit -"no such"')
    assert [book["title"] for book in results["data"]] == ["The Lord of the Rings"]
    assert results["meta"]["did_you_mean"] == 'tolkien -hobbit -"no such"'
    assert page("Hary Poter -stone")["meta"] == {"count": 0, "limit": 20, "match": "exact"}


def test_phrases_are_not_corrected(page):
    assert page('"Poter Hary"')["meta"] == {"count": 0, "limit": 20, "match": "exact"}


@pytest.mark.parametrize("q", ["istanbul", "a" * 300, "harrypotterandthestone"])
def test_words_far_from_all_others_are_not_corrected(page, q):
    assert page(q)["data"] == []


def test_corrected_searches_have_pages_by_offset(page):
    assert [book["title"] for book in page("Tolkein", offset="1")["data"]] == ["The Lord of the Rings"]
    assert page("Tolkein", offset="5")["meta"]["match"] == "fuzzy"


def test_corrected_searches_have_pages_by_cursor(library):
    first = library.get("/books?q=Tolkein&limit=1").json
    second = library.get(first["links"]["next"]).json
    assert [first["data"][0]["title"], second["data"][0]["title"]] == ["The Hobbit", "The Lord of the Rings"]
    assert second["meta"]["match"] == "fuzzy"
    assert second["links"]["next"] is None
    assert library.get(second["links"]["prev"]).json["data"] == first["data"]


def test_a_page_behind_the_end_is_not_corrected(library):
    assert library.get("/books?q=tolkien&offset=50").json["meta"]["match"] == "exact"


@pytest.mark.writes
def test_new_words_are_used_for_corrections_at_once(library, add_book, page):
    assert page("Quidditch")["data"] == []
    add_book(title="Quidditch Through the Ages")
    assert page("Quiddich")["meta"]["did_you_mean"] == "quidditch"


@pytest.mark.parametrize(
    ("first", "second", "edits"),
    [
        ("tolkein", "tolkien", 1),
        ("hary", "harry", 1),
        ("a", "a", 0),
        ("abc", "", 3),
        ("abcd", "badc", 2),
        ("ca", "abc", 3),
    ],
)
def test_the_distance_counts_edits_between_words(first, second, edits):
    assert distance(first, second) == distance(second, first) == edits
