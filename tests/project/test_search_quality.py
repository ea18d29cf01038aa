"""The benchmark of search quality: its searches, and which responses it counts as right."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from benchmarks import quality, typed
from benchmarks.quality import Record, Result, Search

BOOKS = [
    Record(1, "", "The Time Machine", ("Wells, H. G.",), (10,)),
    Record(2, "", "The Time Machine", ("Wells, H. G.",), (10,)),
    Record(3, "", "The Time Machine", ("Somebody Else",), (11,)),
    Record(4, "", "L'Élève et le Maître, the Élève", ("Ngũgĩ wa Thiong’o", "Σοφοκλής"), (12, 13)),
    Record(5, "", "War and Peace", (), ()),
    Record(6, "", "Emma", ("Austen, Jane",), (14,)),
]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Alice's Adventures, 1865 (2nd ed.)", ["Alice", "s", "Adventures", "1865", "2nd", "ed"]),
        ("ÉLÈVE Σοφοκλής", ["ÉLÈVE", "Σοφοκλής"]),
        ("snake_case-and—dashes", ["snake", "case", "and", "dashes"]),
        ("हिन्दी भाषा", ["हिन्दी", "भाषा"]),
        ("紅樓夢（上）", ["紅樓夢", "上"]),
    ],
)
def test_words_are_runs_of_letters_and_digits(text, expected):
    assert typed.words(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("ÉLÈVE", "eleve"), ("Σοφοκλής", "σοφοκλης"), ("Толстой", "толстой"), ("हिन्दी", "हिन्दी"), ("Łódź", "łodz")],
)
def test_accents_are_left_out_of_latin_greek_and_cyrillic(text, expected):
    assert typed.plain(text) == expected


def test_search_operators_are_left_out_of_names():
    assert typed.without_operators('Adams, Capt. "Bruin" -x Jean-Paul') == "Adams, Capt. Bruin x Jean-Paul"


@pytest.mark.parametrize("word", ["a", "aaaa", "Élève", "1865", "толстой", "紅樓", "O"])
def test_a_typing_slip_changes_one_word(word):
    typist = typed.Typist(random.Random(1), ["Élève eeee", "Толстой", "1234567890", "紅樓夢"])
    slips = [typist.slip(word) for _ in range(400)]
    kinds = {kind for _, kind in slips}
    possible = {"add", "replace"} | ({"drop"} if len(word) > 1 else set()) | ({"swap"} if len(set(word)) > 1 else set())
    assert kinds == possible
    for changed, kind in slips:
        assert typed.plain(changed) != typed.plain(word)
        assert typed.words(changed) == [changed]
        assert len(changed) - len(word) == {"add": 1, "drop": -1}.get(kind, 0)
        assert kind != "swap" or Counter(changed) == Counter(word)


def known_items(seed=1, count=300):
    typist = typed.Typist(random.Random(seed), [book.title for book in BOOKS])
    return list(quality._known_items(random.Random(seed), typist, BOOKS, count))


def test_known_items_combine_words_of_title_and_author():
    by_right = {}
    for item, _ in known_items():
        by_right.setdefault(item.right, set()).add(frozenset(typed.plain(item.text).split()))
    assert by_right.keys() == {frozenset({1, 2}), frozenset({3}), frozenset({4})}, "no twins, or a book without words"
    assert by_right[frozenset({1, 2})] == {frozenset({"time", "machine", word}) for word in ("wells", "h", "g")}
    assert by_right[frozenset({4})] == {
        frozenset({"eleve", "maitre", word}) for word in ("ngugi", "wa", "thiong", "o", "σοφοκλης")
    }


def test_a_slip_changes_one_word_of_the_search():
    for item, slip in known_items():
        pairs = zip(item.text.split(), slip.text.split(), strict=True)
        assert sum(before != after for before, after in pairs) == 1
        assert (item.right, item.path, item.limit) == (slip.right, slip.path, slip.limit)


def test_the_seed_decides_the_searches():
    assert known_items(seed=1) == known_items(seed=1)
    assert known_items(seed=1) != known_items(seed=2)


@pytest.mark.parametrize("homonyms", [1, 5, 6])
def test_among_homonyms_the_intended_author_is_right(homonyms):
    authors = [Record(number, "", f"Author {number}", ("Müller, J.",)) for number in range(1, homonyms + 1)]
    authors[-1] = Record(homonyms, "", "MULLER J", ("Müller, J.",))
    right = {search.right for search in quality._aliases(random.Random(1), authors, 200)}
    everybody = frozenset(range(1, homonyms + 1))
    assert right == ({everybody} if homonyms > 5 else {frozenset([number]) for number in everybody})


@pytest.mark.parametrize(
    ("found", "searches", "low", "high"),
    [(0, 10, 0.0, 0.2775), (5, 10, 0.2366, 0.7634), (10, 10, 0.7225, 1.0), (955, 1000, 0.9403, 0.9662)],
)
def test_the_interval_is_that_of_wilson(found, searches, low, high):
    assert quality.wilson(found, searches) == pytest.approx((low, high), abs=1e-4)


def test_a_response_with_any_right_record_is_right():
    search = Search("q", "/books", 10, frozenset({1, 2}))
    assert Result(search, [7, 2], 0.1, 2).found
    assert not Result(search, [7, 3], 0.1, 2).found
