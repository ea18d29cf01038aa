"""The sort name of a person, and the distance between names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.values import person_name

NAMES = [
    ("Ursula K. Le Guin", "Le Guin, Ursula K."),
    ("Jane Austen", "Austen, Jane"),
    ("Homer", "Homer"),
    ("Voltaire", "Voltaire"),
    ("J. R. R. Tolkien", "Tolkien, J. R. R."),
    ("Daphne Du Maurier", "Du Maurier, Daphne"),
    ("Simone de Beauvoir", "Beauvoir, Simone de"),
    ("Johann Wolfgang von Goethe", "Goethe, Johann Wolfgang von"),
    ("Vincent van Gogh", "Gogh, Vincent van"),
    ("Martin Luther King Jr.", "King, Martin Luther, Jr."),
    ("Kurt Vonnegut Jr", "Vonnegut, Kurt, Jr"),
    ("Alexandre Dumas fils", "fils, Alexandre Dumas"),
    ("Oliver Wendell Holmes Sr.", "Holmes, Oliver Wendell, Sr."),
    ("Thurston Howell III", "Howell, Thurston, III"),
    ("夏目漱石", "夏目漱石"),
    ("村上 春樹", "村上 春樹"),
    ("한강", "한강"),
    ("김 영하", "김 영하"),
    ("Le Guin, Ursula K.", "Le Guin, Ursula K."),
    ("World Health Organization, Geneva", "World Health Organization, Geneva"),
    ("Лев Толстой", "Толстой, Лев"),
    ("Émile Zola", "Zola, Émile"),
    ("Jean de La Fontaine", "La Fontaine, Jean de"),
    ("Walter de la Mare", "Mare, Walter de la"),
    ("Miguel de Cervantes", "Cervantes, Miguel de"),
    ("Antoine de Saint-Exupéry", "Saint-Exupéry, Antoine de"),
    ("George Sand", "Sand, George"),
    ("Ludwig van Beethoven", "Beethoven, Ludwig van"),
    ("Le Corbusier", "Corbusier, Le"),
    ("Laozi", "Laozi"),
    ("Ibn Battuta", "Battuta, Ibn"),
    ("Flann O'Brien", "O'Brien, Flann"),
    ("Robert Louis Stevenson", "Stevenson, Robert Louis"),
]


@pytest.mark.parametrize(("name", "filed"), NAMES)
def test_a_sort_name_begins_with_the_family_name(name: str, filed: str) -> None:
    assert person_name.sort_name(name) == filed


words = st.text(st.characters(exclude_categories=("Cc", "Cs", "Z")), min_size=1, max_size=12)


@given(
    st.lists(st.one_of(words, st.sampled_from(["de", "van", "Le", "Jr.", "III", "von"])), min_size=1, max_size=6).map(
        " ".join
    )
)
def test_a_sort_name_keeps_every_word(name: str) -> None:
    filed = person_name.sort_name(name)
    assert filed
    if "," not in name:
        assert sorted(filed.replace(",", " ").split()) == sorted(name.replace(",", " ").split())
    assert person_name.sort_name(filed) == filed or "," not in filed


@given(st.integers(1, 500), st.integers(1, 500))
def test_a_sort_name_is_no_longer_than_a_name(first: int, second: int) -> None:
    assert len(person_name.sort_name("a" * first + " " + "b" * (999 - first) + " Jr.")) <= 1000
    assert len(person_name.sort_name("a " * second + "b Jr.")) <= 1000 + 0 * first


NEAR = [
    (2, "fyodor dostoevsky", "fyodor dostoyevsky"),
    (2, "jrr tolkien", "jrr tolkein"),
    (2, "walter de la mare", "walter delamare"),
    (2, "gabriel garcia marquez", "gabriel garcia marquezz"),
    (1, "hc andersen", "hc anderson"),
    (1, "john smith", "john smyth"),
    (0, "jon smithson", "john smithson"),
    (1, "anne smith", "annie smith"),
    (0, "ae taylor", "ea taylor"),
    (0, "a taylor", "b taylor"),
    (0, "henry iii", "henry iiii"),
    (0, "king 1880", "king 1881"),
    (0, "john smith", "john smith"),
    (0, "john smith", "smith john"),
    (0, "john smith", "jane smyth"),
    (0, "john smith", "john smithers"),
    (0, "john smith", "john a smith"),
    (0, "x", "y"),
]


@pytest.mark.parametrize(("expected", "first", "second"), NEAR)
def test_a_misspelling_is_distinguished_from_another_name(expected, first, second):
    assert person_name.similarity(first, second) == person_name.similarity(second, first) == expected
