"""The codes of an import's warnings: a closed vocabulary, each with its description.

If a value was lost, the record keeps the original in `identifiers`, under ``original.`` and the name of the field. The
console prints an example after the description.
"""

from __future__ import annotations

WARNING_CODES = {
    "author_ambiguous": "Several authors have this name; linked to the oldest record",
    "characters": "Control characters read as Windows-1252 letters, or removed",
    "date_reduced": "Only part of the date is certain; original kept",
    "date_rewritten": "Dates rewritten as YYYY, YYYY-MM or YYYY-MM-DD",
    "date_unreadable": "Not a date; left empty, original kept",
    "duplicate": "Repeated values removed",
    "encoding": "Bytes invalid in the encoding of the file, read as Windows-1252",
    "entities": "HTML entities decoded",
    "isbn_padded": "Leading zeros restored in ISBN-10s",
    "isbn_rounded": "ISBNs rounded by a spreadsheet (9.78E+12); left empty",
    "isbn_taken": "Another book has the ISBN; kept under `identifiers`",
    "isbn_wrong": "Not an ISBN, or a wrong check digit; left empty, original kept",
    "items_left_out": "Items too long, or more than a list may have; left out",
    "language_reduced": "Several languages; the first is used, original kept",
    "language_unknown": "Unknown language; left empty, original kept",
    "markup": "HTML markup converted to text",
    "no_contributor": "Not a contributor (owner, printer, seller …); left out",
    "no_person": "Not a person (“Various”, “Anonymous”, “et al.”); left out",
    "number_unreadable": "Not a number, or out of range; left empty, original kept",
    "replaced_characters": "U+FFFD in the text: a character was lost before the import",
    "role_unknown": "Unknown role; stored as contributor",
    "series_reduced": "Several series or positions; the first is used, original kept",
    "spaces": "Repeated spaces and line breaks collapsed",
    "unknown_member": "Members that the API does not have; left out",
    "url_unusable": "Not an absolute http or https URL; left empty, original kept",
}
