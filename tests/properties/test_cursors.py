"""Cursors: what is put in comes out, and nothing but a cursor is taken."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.cursor import Cursor
from app.problems import InvalidCursor

texts = st.text(st.characters(codec="utf-8"), max_size=30)
keys = st.one_of(texts, st.integers(-(2**63), 2**63 - 1), st.floats(allow_nan=False))
cursors = st.builds(
    Cursor,
    st.sampled_from(["books", "authors", "authors/7/books"]),
    st.lists(st.tuples(texts, texts), max_size=4).map(tuple),
    st.lists(keys, max_size=4).map(tuple),
    st.booleans(),
    st.booleans(),
)
ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


@settings(deadline=None, max_examples=200)
@given(cursors)
def test_a_cursor_is_read_as_it_was_made(cursor: Cursor) -> None:
    word = cursor.encode()
    assert set(word) <= set(ALPHABET)
    assert Cursor.decode(word) == cursor
    assert Cursor.decode(word).encode() == word


@settings(deadline=None, max_examples=300)
@given(st.one_of(st.text(), st.text(ALPHABET), st.text(ALPHABET + "=+/. \n")))
def test_any_other_word_is_refused(word: str) -> None:
    with pytest.raises(InvalidCursor):
        Cursor.decode(word)


@settings(deadline=None, max_examples=300)
@given(cursors, st.data())
def test_a_cursor_with_one_letter_changed_added_or_left_out_is_refused(cursor: Cursor, data: st.DataObject) -> None:
    word = cursor.encode()
    place = data.draw(st.integers(0, len(word) - 1))
    letter = data.draw(st.sampled_from(ALPHABET).filter(lambda letter: letter != word[place]))
    for damaged in (
        word[:place] + letter + word[place + 1 :],
        word[:place] + word[place + 1 :],
        word[:place] + letter + word[place:],
    ):
        with pytest.raises(InvalidCursor):
            Cursor.decode(damaged)


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cursors, st.sampled_from(["id", "title", "-published", "series_position", "created_at", "page_count,-title"]))
def test_a_forged_cursor_is_a_page_or_a_400(client: FlaskClient, cursor: Cursor, sort: str) -> None:
    forged: list[Any] = [cursor, Cursor("books", (("sort", sort),), cursor.keys, cursor.backwards, cursor.inclusive)]
    for one in forged:
        assert client.get(f"/books?cursor={one.encode()}").status_code in (200, 400, 414)
