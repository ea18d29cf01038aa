"""The key of a name: the same for all its spellings, different for other names."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.databases import connect

Key = Callable[[str], str]

SAME = [
    ("A. A. Milne", "A.A. Milne", "AA Milne", "A A Milne", "Milne, A. A.", "MILNE, A.A.", "Milne,A.A"),
    ("Ngũgĩ wa Thiong'o", "Ngugi wa Thiong\u2019o", "NGUGI WA THIONG\u02bcO", "Ngugi wa Thiongo"),
    ("Martin Luther King, Jr.", "King, Martin Luther, Jr.", "King, Martin Luther Jr", "King, Jr., Martin Luther"),
    ("William H. Gates III", "Gates, William H., III", "Gates, William H. III"),
    ("Simone de Beauvoir", "Beauvoir, Simone de"),
    ("Alexandre Dumas père", "Dumas, Alexandre, pere"),
    ("Jean-Paul Sartre", "Jean Paul Sartre", "Sartre, Jean\u2010Paul", "jean\u00a0paul  sartre"),
    ("Gabriel García Márquez", "Garcia Marquez, Gabriel"),
    ("Straße", "Strasse", "STRASSE"),
    ("Ὅμηρος", "ὍΜΗΡΟΣ", "Ομηρος"),
    ("نجيب محفوظ", "محفوظ، نجيب"),
    ("J. R. R. Tolkien", "J.R.R. Tolkien", "Tolkien, J. R. R.", "JRR Tolkien"),
    ("毛泽东", "毛 泽 东"),
    ("Plato", "Plato,", "(Plato)"),
    ("Ahmad Khan", "Ahmad\u200d Khan"),
]
DIFFERENT = [
    ("A. E. Taylor", "E. A. Taylor"),
    ("Mao Zedong", "Zedong Mao"),
    ("John Smith", "John Smyth", "Jon Smith", "John A. Smith", "John Smith Jr."),
    ("Martin Luther King, Jr.", "Martin Luther King", "Martin Luther King Sr."),
    ("!!!", "???", "\u0301", "Anonymous"),
    ("Henry IV", "Henry V", "Henry 4"),
    ("夏目漱石", "夏目", "なつめ"),
    ("सूरदास", "सरदास"),
    ("Ҳофиз", "Шафиъ"),
    ("x" * 300, "x" * 301, "x" * 200),
    ("O'Brien", "O Brien"),
    ("John 3 4", "John 34"),
]


@pytest.fixture(scope="module")
def key(database_url: str) -> Iterator[Key]:
    connection = connect(database_url)

    def key_of(name: str) -> str:
        with connection.cursor() as cursor:
            cursor.execute("SELECT name_key(%s)", (name,))
            return str(cursor.fetchone()[0])

    yield key_of
    connection.close()


@pytest.mark.parametrize("names", SAME, ids=lambda names: names[0])
def test_every_spelling_of_a_name_has_the_same_key(key: Key, names: tuple[str, ...]) -> None:
    assert {key(name) for name in names} == {key(names[0])}


@pytest.mark.parametrize("names", DIFFERENT, ids=lambda names: names[0][:20])
def test_different_names_have_different_keys(key: Key, names: tuple[str, ...]) -> None:
    assert len({key(name) for name in names}) == len(names)


def test_keys_of_long_names_fit_an_index_and_differ(key: Key) -> None:
    keys = {key("\u20ac漢" * 500), key("漢" * 1000), key("漢" * 999)}
    assert len(keys) == 3
    assert max(len(text) for text in keys) <= 200


letters = st.text(
    st.one_of(
        st.sampled_from(" ,.-'\u2019()&aAéÉßıİIΣσςbcjriv,, "),
        st.characters(exclude_categories=("Cs", "Cc", "Cn", "Co")),
    ),
    min_size=1,
    max_size=40,
)
names = letters.map(lambda name: unicodedata.normalize("NFC", name)).filter(lambda name: name.strip())


@settings(deadline=None)
@given(name=names)
def test_the_key_of_a_key_is_the_key(key: Key, name: str) -> None:
    assert key(name) != ""
    assert key(key(name)) == key(name)


latin = st.text("abcdefghijklmnopqrstuvwxyzäéñçøł ,.'-", min_size=1, max_size=30).filter(str.strip)


@settings(deadline=None)
@given(name=latin)
def test_case_and_accents_do_not_change_a_key(key: Key, name: str) -> None:
    plain = name.translate(str.maketrans("äéñçøł", "aencol"))
    assert key(name.upper()) == key(name.title()) == key(plain) == key(name)


@settings(deadline=None)
@given(
    given_names=st.lists(st.sampled_from(["A.", "b.", "Ann", "de", "É.", "John"]), min_size=1, max_size=4),
    family=st.sampled_from(["Milne", "Le Guin", "O'Brien", "García Márquez", "Li"]),
    suffix=st.sampled_from(["", "Jr.", "III"]),
    space=st.sampled_from([" ", "  ", "\u00a0"]),
)
def test_order_and_spaced_initials_do_not_change_a_key(
    key: Key, given_names: list[str], family: str, suffix: str, space: str
) -> None:
    straight = " ".join([*given_names, family, *filter(None, [suffix])])
    turned = f"{family},{space}{space.join(given_names)}" + (f", {suffix}" if suffix else "")
    assert key(turned) == key(straight)
    assert key(straight.replace(". ", ".")) == key(straight)
