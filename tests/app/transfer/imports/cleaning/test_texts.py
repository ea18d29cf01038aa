"""Text of files: entities, control characters, stray bytes, markup."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.transfer.imports.cleaning import texts
from app.transfer.warning_codes import WARNING_CODES
from app.values import text


@pytest.mark.parametrize(
    ("written", "cleaned", "kinds"),
    [
        ("plain", "plain", []),
        ("AT&T", "AT&T", []),
        ("Q&A; more", "Q&A; more", []),
        ("Tom &amp; Jerry", "Tom & Jerry", ["entities"]),
        ("Tom &amp;amp; Jerry", "Tom & Jerry", ["entities"]),
        ("d&#8217;Arc", "d’Arc", ["entities"]),
        ("The \x9cuvre \x97 a life", "The œuvre — a life", ["characters"]),
        ("a\x00b\u202ec", "abc", ["characters"]),
        (b"caf\xe9".decode("utf-8", "surrogateescape"), "café", ["encoding"]),
        ("caf\ufffd", "caf\ufffd", ["replaced_characters"]),
    ],
)
def test_clean_text_returns_text_and_warnings(written, cleaned, kinds):
    assert texts.clean_text(written) == (cleaned, kinds)
    assert set(kinds) <= WARNING_CODES.keys()


@given(st.text(min_size=1))
def test_clean_lines_are_in_stored_form(value):
    if texts.is_clean_line(value):
        assert text.line(value) == value


@given(st.text(st.characters(max_codepoint=0x3100), min_size=1) | st.text("a &amp;é\n\r\u2028"))
def test_clean_paragraphs_are_in_stored_form(value):
    if texts.is_clean_line(value):
        assert text.line(value) == value
    if texts.is_clean_paragraphs(value):
        assert text.paragraphs(value) == value


@given(st.text(max_size=30))
def test_cleaned_text_is_valid(value):
    cleaned, _ = texts.clean_text(value)
    if texts.is_visible(cleaned):
        assert text.paragraphs(cleaned)


@pytest.mark.parametrize(
    ("written", "text"),
    [
        ("<div><p>One &amp; two.</p><p>Three</p></div>", "One &amp; two.\n\nThree"),
        ("One<br/>two<br>three", "One\ntwo\nthree"),
        ("<b>Bold</b> and <a href='x'>linked</a>", "Bold and linked"),
    ],
)
def test_strip_markup_returns_text(written, text):
    assert texts.has_markup(written)
    assert texts.strip_markup(written) == text


@pytest.mark.parametrize("written", ["a < b > c", "x <y> z", "1 <2", "plain"])
def test_other_angle_brackets_are_no_markup(written):
    assert not texts.has_markup(written)
