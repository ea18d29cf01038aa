"""What the benchmark of search asks for, and when it calls an answer right."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from benchmarks import quality, typed
from benchmarks.quality import Answer, Question, Record

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
def test_a_word_is_a_run_of_letters_and_digits_in_any_script(text, expected):
    assert typed.words(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("ÉLÈVE", "eleve"), ("Σοφοκλής", "σοφοκλης"), ("Толстой", "толстой"), ("हिन्दी", "हिन्दी"), ("Łódź", "łodz")],
)
def test_accents_are_left_out_where_people_leave_them_out(text, expected):
    assert typed.plain(text) == expected


def test_what_would_be_an_operator_is_left_out_of_a_name():
    assert typed.without_operators('Adams, Capt. "Bruin" -x Jean-Paul') == "Adams, Capt. Bruin x Jean-Paul"


@pytest.mark.parametrize("word", ["a", "aaaa", "Élève", "1865", "толстой", "紅樓", "O"])
def test_a_slip_makes_one_other_word(word):
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


def test_known_items_are_two_words_of_a_title_and_one_of_an_author():
    by_right = {}
    for item, _ in known_items():
        by_right.setdefault(item.right, set()).add(frozenset(typed.plain(item.text).split()))
    assert by_right.keys() == {frozenset({1, 2}), frozenset({3}), frozenset({4})}, "no twins, or a book without words"
    assert by_right[frozenset({1, 2})] == {frozenset({"time", "machine", word}) for word in ("wells", "h", "g")}
    assert by_right[frozenset({4})] == {
        frozenset({"eleve", "maitre", word}) for word in ("ngugi", "wa", "thiong", "o", "σοφοκλης")
    }


def test_a_slip_changes_one_word_of_the_question():
    for item, slip in known_items():
        pairs = zip(item.text.split(), slip.text.split(), strict=True)
        assert sum(one != other for one, other in pairs) == 1
        assert (item.right, item.path, item.limit) == (slip.right, slip.path, slip.limit)


def test_the_seed_decides_what_is_asked():
    assert known_items(seed=1) == known_items(seed=1)
    assert known_items(seed=1) != known_items(seed=2)


@pytest.mark.parametrize("bearers", [1, 5, 6])
def test_of_people_of_one_name_the_one_who_is_meant_is_right_unless_there_is_no_room_for_all(bearers):
    authors = [Record(number, "", f"Author {number}", ("Müller, J.",)) for number in range(1, bearers + 1)]
    authors[-1] = Record(bearers, "", "MULLER J", ("Müller, J.",))
    asked = {question.right for question in quality._aliases(random.Random(1), authors, 200)}
    everybody = frozenset(range(1, bearers + 1))
    assert asked == ({everybody} if bearers > 5 else {frozenset([number]) for number in everybody})


@pytest.mark.parametrize(
    ("found", "asked", "low", "high"),
    [(0, 10, 0.0, 0.2775), (5, 10, 0.2366, 0.7634), (10, 10, 0.7225, 1.0), (955, 1000, 0.9403, 0.9662)],
)
def test_the_interval_is_wilsons(found, asked, low, high):
    assert quality.wilson(found, asked) == pytest.approx((low, high), abs=1e-4)


def test_an_answer_is_right_when_any_of_the_right_ones_is_in_it():
    question = Question("q", "/books", 10, frozenset({1, 2}))
    assert Answer(question, [7, 2], 0.1, 2).found
    assert not Answer(question, [7, 3], 0.1, 2).found
