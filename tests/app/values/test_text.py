"""Text as it is stored: NFC, trimmed, harmless, visible."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from schema import SchemaError

from app.values import text
from app.values.error_detail import detail_in

# The Unicode property White_Space (PropList.txt).
WHITE_SPACE = "\t\n\v\f\r \x85\xa0\u1680" + "".join(map(chr, range(0x2000, 0x200B))) + "\u2028\u2029\u202f\u205f\u3000"
CONTROLS = [chr(code) for code in [*range(0x20), *range(0x7F, 0xA0)] if chr(code) not in WHITE_SPACE]
OVERRIDES = [chr(code) for code in [*range(0x202A, 0x202F), *range(0x2066, 0x206A)]]
SURROGATES = ["\ud800", "\udbff", "\udc00", "\udfff"]
INVISIBLE = [
    "\u200b",
    "\u200c",
    "\u200d",
    "\u200e",
    "\u200f",
    "\u00ad",
    "\u2060",
    "\ufeff",
    "\u034f",
    "\u061c",
    "\u115f",
    "\u3164",
    "\uffa0",
    "\ufe0f",
    "\u2800",
    "\U000e0020",
    "\U000e0100",
    "\u180e",
]
BOTH = pytest.mark.parametrize("read", [text.line, text.paragraphs])

Read = Callable[[str], str]


def refused(read: Read, value: str) -> str:
    """The code with which a text is refused."""
    with pytest.raises(SchemaError) as error:
        read(value)
    return detail_in(error.value).code


@BOTH
@pytest.mark.parametrize("value", ["e\u0301", "A\u030a", "\u1112\u1161\u11ab", "q\u0323\u0307", "\u212b"])
def test_text_is_stored_as_nfc(read: Read, value: str) -> None:
    assert read(value) == unicodedata.normalize("NFC", value)


@BOTH
@pytest.mark.parametrize("space", WHITE_SPACE)
def test_white_space_around_text_is_trimmed(read: Read, space: str) -> None:
    assert read(f"{space}{space}a b{space}") == "a b"


@pytest.mark.parametrize("space", WHITE_SPACE)
def test_white_space_within_a_line_becomes_one_space(space: str) -> None:
    assert text.line(f"a{space}b{space} {space}c") == "a b c"


def test_paragraphs_keep_their_lines() -> None:
    assert text.paragraphs("\n one\n\n\ttwo  three\r\nfour \n") == "one\n\n\ttwo  three\r\nfour"


@BOTH
@pytest.mark.parametrize("character", [*CONTROLS, *OVERRIDES, *SURROGATES])
def test_harmful_characters_are_refused(read: Read, character: str) -> None:
    for value in (f"a{character}b", f"{character}a", f"a{character}", character):
        assert refused(read, value) == "invalid_character"


@BOTH
@pytest.mark.parametrize("value", ["", *WHITE_SPACE, *INVISIBLE, " \u200b\n", "\u200d\ufe0f", WHITE_SPACE])
def test_invisible_text_is_refused(read: Read, value: str) -> None:
    assert refused(read, value) == "blank"


@BOTH
@pytest.mark.parametrize(
    "value", [f"a{character}b" for character in INVISIBLE] + ["می\u200cخواهم", "👩\u200d👩\u200d👧", "a\u200fb"]
)
def test_marks_and_joiners_inside_text_are_accepted(read: Read, value: str) -> None:
    assert read(value) == value


@BOTH
@pytest.mark.parametrize(
    "value", ["<b>&amp;", "'; DROP TABLE books;--", "\\", '"', "%_", "😀", "雪国", "Ⅷ", "\ue000", "a\u0300\u0301"]
)
def test_other_characters_are_kept(read: Read, value: str) -> None:
    assert read(value) == unicodedata.normalize("NFC", value)


def test_a_fragment_keeps_its_trailing_space() -> None:
    assert text.fragment("The\n ") == "The "
    assert text.fragment("  a") == " a"


@given(st.text(st.characters()))
def test_a_stored_line_does_not_change_again(value: str) -> None:
    try:
        stored = text.line(value)
    except SchemaError as error:
        code = detail_in(error).code
        assert code in ("invalid_character", "blank")
        return
    assert text.line(stored) == stored
    assert unicodedata.is_normalized("NFC", stored)
    assert stored == " ".join(re.split(f"[{WHITE_SPACE}]+", stored)).strip(" ")
    assert not set(stored) & {*CONTROLS, *OVERRIDES}


@given(st.text(st.characters()))
def test_the_pattern_of_the_schema_accepts_what_is_accepted(value: str) -> None:
    """The pattern may match more texts.

    It cannot express lone surrogates, or invisible characters beyond the basic plane.
    """
    try:
        text.paragraphs(value)
    except SchemaError:
        return
    assert re.search(text.PATTERN, unicodedata.normalize("NFC", value))


@given(st.text(st.characters()), st.integers(1, 50))
def test_text_in_an_error_is_short_and_harmless(value: str, longest: int) -> None:
    shown = text.showable(value, longest)
    assert len(shown) <= longest
    assert not set(shown) & {*CONTROLS, *OVERRIDES}
    assert shown.encode().decode() == shown
