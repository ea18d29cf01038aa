"""Text from files: entities, control characters, stray bytes, doubled spaces."""

from __future__ import annotations

import html
import re

from app.values.cell import split
from app.values.text import INVISIBLE, WHITE_SPACE

# Letters, digits and punctuation that stand for themselves in NFC, whatever is beside them: Latin, Greek, Cyrillic,
# Hebrew, kana, Han and Hangul, and the general punctuation. No marks, and nothing that does not show.
_steady = re.compile(
    "[ -~\u00a1-\u00ac\u00ae-\u02ff\u0391-\u03a1\u03a3-\u03ce\u0400-\u0482\u048a-\u052f\u05d0-\u05ea\u2010-\u2027"
    "\u2030-\u205e\u3041-\u3096\u30a1-\u30fc\u4e00-\u9fff\uac00-\ud7a3]+"
)
_entity = re.compile(r"&(#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});")
_between_semicolons = re.compile(rf"(?:{_entity.pattern.replace('(', '(?:', 1)}|[^;])+")
_stray_bytes = re.compile("[\udc80-\udcff]+")
_surrogates = re.compile("[\ud800-\udfff]")
_c1_controls = re.compile("[\x80-\x84\x86-\x9f]")  # U+0085 is a line break, thus white space
_no_letters = re.compile("[\x00-\x08\x0e-\x1f\x7f\u202a-\u202e\u2066-\u2069]")
_visible = re.compile(rf"[^{INVISIBLE}{WHITE_SPACE}\U000e0000-\U000e0fff]")
_markup = re.compile(
    r"<(?P<name>/?(?:p|br|div|span|b|i|u|em|strong|ul|ol|li|h[1-6]|blockquote|a))(?:\s[^<>]*)?/?>", re.I
)
_PARAGRAPHS = frozenset({"/p", "/div", "/ul", "/ol", "/blockquote", *(f"/h{level}" for level in "123456")})
_blank_lines = re.compile(r"\n{3,}")
_runs = re.compile(r"\s\s|[^\S ]")


def is_clean(value: str) -> bool:
    """Whether `value` is certainly a line of text as it is stored: a quick look.

    True means that `app.values.text.line` gives it back unchanged; False means nothing.
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


def is_clean_text(value: str) -> bool:
    """The same for text of several lines, and `app.values.text.paragraphs`."""
    plain = value.replace("\n", "") if "\n" in value else value
    return (
        plain != ""
        and plain.isprintable()
        and value[0] not in " \n"
        and value[-1] not in " \n"
        and (plain.isascii() or _steady.fullmatch(plain) is not None)
        and ("&" not in value or _entity.search(value) is None)
    )


def mended(value: str) -> tuple[str, list[str]]:
    """Text without entities, control characters and stray bytes, and the kinds of what was mended.

    Its lines and spaces are kept, since paragraphs have them.
    """
    kinds = []
    if _surrogates.search(value):
        value = _surrogates.sub("\ufffd", _stray_bytes.sub(_from_windows, value))
        kinds.append("encoding")
    if "&" in value and _entity.search(value):
        unescaped = _entity.sub(_unescaped, value)
        unescaped = _entity.sub(_unescaped, unescaped)  # "&amp;amp;" was escaped twice
        if unescaped != value:
            value = unescaped
            kinds.append("entities")
    if _c1_controls.search(value) or _no_letters.search(value):
        value = _no_letters.sub("", _c1_controls.sub(_from_c1, value))
        kinds.append("characters")
    if "\ufffd" in value:
        kinds.append("replaced_characters")
    return value, kinds


def has_markup(value: str) -> bool:
    """Whether HTML elements of text stand in it."""
    return "<" in value and _markup.search(value) is not None


def without_markup(value: str) -> str:
    """The text of HTML: its paragraphs with blank lines between them, and lines where it breaks them."""
    lines = _markup.sub(_break, value).split("\n")
    return _blank_lines.sub("\n\n", "\n".join(line.strip() for line in lines)).strip()


def _break(tag: re.Match[str]) -> str:
    name = tag["name"].lower()
    return "\n\n" if name in _PARAGRAPHS else "\n" if name in ("br", "/li") else ""


def parts(cell: str, mark: str) -> list[str]:
    """What stands between marks; the semicolon of an entity is none: "Tom &amp; Jerry; Spike" has two parts. Nor is one
    behind a backslash, as our own tables have it.
    """
    if mark != ";":
        return cell.split(mark)
    if "&" in cell and _entity.search(cell):
        return _between_semicolons.findall(cell)
    return split(cell)


def has_runs(value: str) -> bool:
    """Whether white space within the text would be joined to one space."""
    return _runs.search(value.strip()) is not None


def _unescaped(found: re.Match[str]) -> str:
    text = html.unescape(found[0])
    # What is no entity stays; a reference to no character, or to half of one, is nothing.
    return _surrogates.sub("\ufffd", text)


def _from_windows(found: re.Match[str]) -> str:
    """Bytes that UTF-8 could not read, which Python keeps as lone surrogates."""
    return found[0].encode("utf-8", "surrogateescape").decode("cp1252", "replace")


def _from_c1(found: re.Match[str]) -> str:
    return found[0].encode("latin-1").decode("cp1252", "ignore")


def shows(value: str) -> bool:
    """Whether there is anything to see."""
    return bool(value) and ((value.isascii() and not value.isspace()) or _visible.search(value) is not None)
