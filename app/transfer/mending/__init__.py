"""Mending: pure functions from what files hold to what the catalog stores, and the kinds of warnings that they give.

Each returns what is certain, with the mends it took. Nothing is invented, and what is not certain is left out.
"""

# Warnings, counted by these names. Where something was lost, the record's `identifiers` keep what stood there under
# `original.` and the name of the field.
KINDS = {
    "author_ambiguous": "Several authors bear the name; the one known longest is taken.",
    "characters": "Control characters: read as Windows-1252 where that gives letters, else left out.",
    "date_reduced": "Only a part of the date is certain; what stood there is kept.",
    "date_rewritten": "A date in another form.",
    "date_unreadable": "No date can be read; what stood there is kept.",
    "duplicate": "The same thing stood twice.",
    "encoding": "Bytes that are not of the file's encoding, read as Windows-1252.",
    "entities": "HTML entities.",
    "isbn_padded": "An ISBN-10 without its leading zeros.",
    "isbn_rounded": "An ISBN that a spreadsheet rounded (9.78E+12); nothing can be made of it.",
    "isbn_taken": "Another book has the ISBN; it is kept under `identifiers`.",
    "isbn_wrong": "An ISBN with a wrong check digit, or none at all; what stood there is kept.",
    "items_left_out": "More items than a list may have, or items that are too long.",
    "language_reduced": "Several languages; the first is taken, and what stood there is kept.",
    "language_unknown": "No known language; what stood there is kept.",
    "markup": "HTML markup, turned into text.",
    "no_contributor": "Owners, printers, sellers and others who made nothing of the book, left out.",
    "no_person": "“Various”, “Anonymous”, “et al.”: nobody.",
    "number_unreadable": "No number within the limits; what stood there is kept.",
    "replaced_characters": "A character was lost before (U+FFFD stands for it).",
    "role_unknown": "A role that the catalog does not have: contributor.",
    "series_reduced": "Several series, or several places in it; the first is taken, and what stood there is kept.",
    "spaces": "Doubled spaces and line breaks within a line.",
    "unknown_member": "A member that the representation does not have, left out.",
    "url_unusable": "No absolute http or https address; what stood there is kept.",
}
