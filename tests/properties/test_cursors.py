"""Cursors are decoded as they were encoded, and any other text is refused."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.core.query.cursor import Cursor
from app.http.problems import InvalidCursor

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
def test_a_cursor_is_decoded_as_it_was_encoded(cursor: Cursor) -> None:
    word = cursor.encode()
    assert set(word) <= set(ALPHABET)
    assert Cursor.decode(word) == cursor
    assert Cursor.decode(word).encode() == word


@settings(deadline=None, max_examples=300)
@given(st.one_of(st.text(), st.text(ALPHABET), st.text(ALPHABET + "=+/. \n")))
def test_other_text_is_no_cursor(word: str) -> None:
    with pytest.raises(InvalidCursor):
        Cursor.decode(word)


@settings(deadline=None, max_examples=300)
@given(cursors, st.data())
def test_a_cursor_with_a_wrong_letter_is_refused(cursor: Cursor, data: st.DataObject) -> None:
    word = cursor.encode()
    index = data.draw(st.integers(0, len(word) - 1))
    letter = data.draw(st.sampled_from(ALPHABET).filter(lambda letter: letter != word[index]))
    for damaged in (
        word[:index] + letter + word[index + 1 :],
        word[:index] + word[index + 1 :],
        word[:index] + letter + word[index:],
    ):
        with pytest.raises(InvalidCursor):
            Cursor.decode(damaged)


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cursors, st.sampled_from(["id", "title", "-published", "series_position", "created_at", "page_count,-title"]))
def test_a_forged_cursor_is_a_page_or_a_400(client: FlaskClient, cursor: Cursor, sort: str) -> None:
    forged: list[Any] = [cursor, Cursor("books", (("sort", sort),), cursor.keys, cursor.backwards, cursor.inclusive)]
    for forged_cursor in forged:
        assert client.get(f"/books?cursor={forged_cursor.encode()}").status_code in (200, 400, 414)
