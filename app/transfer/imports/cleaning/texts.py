"""Cleaning text: HTML entities and markup, control characters, stray bytes, repeated spaces."""

from __future__ import annotations

import html
import re

from app.values.cell import split
from app.values.text import INVISIBLE, WHITE_SPACE

# Letters, digits and punctuation that NFC never changes in any context: Latin, Greek, Cyrillic, Hebrew,
# kana, Han and Hangul, and general punctuation. No combining marks, no invisible characters.
_steady = re.compile(
    "[ -~\u00a1-\u00ac\u00ae-\u02ff\u0391-\u03a1\u03a3-\u03ce\u0400-\u0482\u048a-\u052f\u05d0-\u05ea\u2010-\u2027"
    "\u2030-\u205e\u3041-\u3096\u30a1-\u30fc\u4e00-\u9fff\uac00-\ud7a3]+"
)
_entity = re.compile(r"&(#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_between_semicolons = re.compile(rf"(?:{_entity.pattern.replace('(', '(?:', 1)}|[^;])+")
_stray_bytes = re.compile("[\udc80-\udcff]+")
_surrogates = re.compile("[\ud800-\udfff]")
_c1_controls = re.compile("[\x80-\x84\x86-\x9f]")  # without U+0085, which is white space
_no_letters = re.compile("[\x00-\x08\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069]")
_visible = re.compile(rf"[^{INVISIBLE}{WHITE_SPACE}\U000e0000-\U000e0fff]")
_markup = re.compile(
    r"<(?P<name>/?(?:p|br|div|span|b|i|u|em|strong|ul|ol|li|h[1-6]|blockquote|a))(?:\s[^<>]*)?/?>", re.I
)
_PARAGRAPHS = frozenset({"/p", "/div", "/ul", "/ol", "/blockquote", *(f"/h{level}" for level in "123456")})
_blank_lines = re.compile(r"\n{3,}")
_runs = re.compile(r"\s\s|[^\S ]")


def is_clean_line(value: str) -> bool:
    """Return whether `value` is certainly a line in stored form (a quick test).

    If True, `app.values.text.line` returns it unchanged; if False, it may do so nevertheless.
    """
    return (
        value != ""
        and value.isprintable()
        and "  " not in value
        and value[0] != " "
        and value[-1] != " "
        and (value.isascii() or _steady.fullmatch(value) is not None)
        and ("&" not in value or _entity.search(value) is None)
    )


def is_clean_paragraphs(value: str) -> bool:
    """Return the same for text of several lines and `app.values.text.paragraphs`."""
    plain = value.replace("\n", "") if "\n" in value else value
    return (
        plain != ""
        and plain.isprintable()
        and value[0] not in " \n"
        and value[-1] not in " \n"
        and (plain.isascii() or _steady.fullmatch(plain) is not None)
        and ("&" not in value or _entity.search(value) is None)
    )


def clean_text(value: str) -> tuple[str, list[str]]:
    """Return text without entities, control characters and stray bytes, and the warnings.

    Line breaks and spaces are kept, because paragraphs need them.
    """
    warnings = []
    if _surrogates.search(value):
        value = _surrogates.sub("\ufffd", _stray_bytes.sub(_from_windows, value))
        warnings.append("encoding")
    if "&" in value and _entity.search(value):
        unescaped = _entity.sub(_unescaped, value)
        unescaped = _entity.sub(_unescaped, unescaped)  # "&amp;amp;" was escaped twice
        if unescaped != value:
            value = unescaped
            warnings.append("entities")
    if _c1_controls.search(value) or _no_letters.search(value):
        value = _no_letters.sub("", _c1_controls.sub(_from_c1, value))
        warnings.append("characters")
    if "\ufffd" in value:
        warnings.append("replaced_characters")
    return value, warnings


def has_markup(value: str) -> bool:
    """Return whether text contains HTML elements."""
    return "<" in value and _markup.search(value) is not None


def strip_markup(value: str) -> str:
    """Return the text of HTML, with a blank line between paragraphs and its line breaks."""
    lines = _markup.sub(_break, value).split("\n")
    return _blank_lines.sub("\n\n", "\n".join(line.strip() for line in lines)).strip()


def _break(tag: re.Match[str]) -> str:
    name = tag["name"].lower()
    return "\n\n" if name in _PARAGRAPHS else "\n" if name in ("br", "/li") else ""


def split_cell(cell: str, separator: str) -> list[str]:
    """Split a cell at a separator.

    The semicolon of an entity is not a separator: "Tom &amp; Jerry; Spike" has two parts. Neither is one after a
    backslash, which our own exports write.
    """
    if separator != ";":
        return cell.split(separator)
    if "&" in cell and _entity.search(cell):
        return _between_semicolons.findall(cell)
    return split(cell)


def has_repeated_spaces(value: str) -> bool:
    """Return whether white space within the text would be collapsed to one space."""
    return _runs.search(value.strip()) is not None


def _unescaped(entity: re.Match[str]) -> str:
    text = html.unescape(entity[0])
    # Unknown entities are kept. A reference to a surrogate is not a character.
    return _surrogates.sub("\ufffd", text)


def _from_windows(stray: re.Match[str]) -> str:
    """Decode bytes that are not UTF-8, which Python keeps as lone surrogates."""
    return stray[0].encode("utf-8", "surrogateescape").decode("cp1252", "replace")


def _from_c1(controls: re.Match[str]) -> str:
    return controls[0].encode("latin-1").decode("cp1252", "ignore")


def is_visible(value: str) -> bool:
    """Return whether text has a visible character."""
    return bool(value) and ((value.isascii() and not value.isspace()) or _visible.search(value) is not None)
