"""The codes of an import's warnings: a closed vocabulary, each with its description.

If a value was lost, the record keeps the original in `identifiers`, under ``original.`` and the name of the field.
"""

from __future__ import annotations

from typing import NamedTuple

from app.values.text import showable

MAX_EXCERPT = 40  # characters of an example


class WarningText(NamedTuple):
    """The parts of a description: "2 dates rewritten", an example in brackets, and what the import did."""

    singular: str
    plural: str
    action: str = ""


WARNING_CODES = {
    "author_ambiguous": WarningText(
        "name of several authors", "names of several authors", "linked to the oldest record"
    ),
    "characters": WarningText(
        "text with control characters",
        "texts with control characters",
        "read as Windows-1252 letters, or removed",
    ),
    "date_reduced": WarningText(
        "date reduced to its certain part", "dates reduced to their certain part", "original kept"
    ),
    "date_rewritten": WarningText("date rewritten", "dates rewritten"),
    "date_unreadable": WarningText("unreadable date", "unreadable dates", "left empty, original kept"),
    "duplicate": WarningText("repeated value", "repeated values", "removed"),
    "encoding": WarningText(
        "value with bytes invalid in the encoding of the file",
        "values with bytes invalid in the encoding of the file",
        "read as Windows-1252",
    ),
    "entities": WarningText("text with HTML entities", "texts with HTML entities", "decoded"),
    "isbn_padded": WarningText("ISBN-10 without leading zeros", "ISBN-10s without leading zeros", "zeros restored"),
    "isbn_rounded": WarningText("ISBN rounded by a spreadsheet", "ISBNs rounded by a spreadsheet", "left empty"),
    "isbn_taken": WarningText("ISBN of another book", "ISBNs of other books", "kept under `identifiers`"),
    "isbn_wrong": WarningText("wrong ISBN", "wrong ISBNs", "left empty, original kept"),
    "items_left_out": WarningText(
        "item too long, or above the limit of its list", "items too long, or above the limit of their list", "left out"
    ),
    "language_reduced": WarningText(
        "value with several languages", "values with several languages", "the first is used, original kept"
    ),
    "language_unknown": WarningText("unknown language", "unknown languages", "left empty, original kept"),
    "markup": WarningText("text with HTML markup", "texts with HTML markup", "converted to text"),
    "no_contributor": WarningText(
        "owner, printer or other non-contributor", "owners, printers or other non-contributors", "left out"
    ),
    "no_person": WarningText("name that is not a person's", "names that are not a person's", "left out"),
    "number_unreadable": WarningText(
        "number unreadable or out of range", "numbers unreadable or out of range", "left empty, original kept"
    ),
    "replaced_characters": WarningText(
        "text with U+FFFD", "texts with U+FFFD", "a character was lost before the import"
    ),
    "role_unknown": WarningText("unknown role", "unknown roles", "stored as contributor"),
    "series_reduced": WarningText(
        "value with several series or positions",
        "values with several series or positions",
        "the first is used, original kept",
    ),
    "spaces": WarningText(
        "text with repeated spaces or line breaks", "texts with repeated spaces or line breaks", "collapsed"
    ),
    "unknown_member": WarningText("unknown member", "unknown members", "left out"),
    "url_unusable": WarningText("unusable URL", "unusable URLs", "left empty, original kept"),
}


def describe_warning(code: str, count: int, original: str, result: str) -> str:
    """Return the description of a warning: "2 dates rewritten (`March 1999` → `1999-03`)".

    `original` is the first value with the warning, and `result` the stored value; either may be empty.
    """
    text = WARNING_CODES[code]
    example = f"`{showable(original, MAX_EXCERPT)}`" if original else ""
    if example and result:
        example += f" → `{showable(result, MAX_EXCERPT)}`"
    parts = [f"{count:,} {text.singular if count == 1 else text.plural}"]
    if example:
        parts.append(f" ({example})")
    if text.action:
        parts.append(f"; {text.action}")
    return "".join(parts)
