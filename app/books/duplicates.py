"""Probable duplicates among books, and why they are thought so."""

from __future__ import annotations

from itertools import combinations
from typing import Any

from app.duplicates import (
    CANDIDATES_MOST,
    Candidates,
    Finding,
    Judge,
    Judged,
    Record,
    of_identifiers,
    share_identifier,
    sliced,
)
from extensions.database import fetch
from extensions.statement import Statement

from .schemas import BOOKS

SCORES = (1.0, 0.9, 0.7, 0.6)
BY_ISBN, BY_YEAR, BY_IDENTIFIER, BY_TITLE = range(4)

_facts = Statement("""
    SELECT id, fold(title) AS title, isbn, published_key / 10000 AS year, language, fold(subtitle) AS subtitle,
        series_position, identifiers,
        ARRAY(SELECT author_id FROM contributions WHERE book_id = books.id AND role = 'author') AS authors
    FROM books WHERE id = ANY(%(ids)s)
""")
_MEMBERS = ("id", "title", "isbn", "year", "language", "subtitle", "series_position", "identifiers", "authors")
_titles = Statement(f"""
    SELECT title_key, author_id, (array_agg(id ORDER BY id))[1:{CANDIDATES_MOST}]
    FROM (
        SELECT title_key FROM books WHERE title_key >= %(first)s AND (%(end)s IS NULL OR title_key < %(end)s)
        GROUP BY title_key HAVING count(*) > 1
    ) AS repeated
    JOIN books USING (title_key) JOIN contributions ON book_id = books.id AND role = 'author'
    GROUP BY title_key, author_id HAVING count(*) > 1 ORDER BY title_key, author_id
""")
_isbns = Statement("""
    SELECT slice.id, others.id
    FROM books AS slice, jsonb_array_elements_text(slice.identifiers -> 'isbn') AS value
    JOIN books AS others ON others.isbn = value
    WHERE slice.id >= %(first)s AND (%(end)s IS NULL OR slice.id < %(end)s)
        AND slice.identifiers ? 'isbn' AND others.id <> slice.id
        AND NOT (others.id < slice.id AND slice.isbn IS NOT NULL AND others.identifiers -> 'isbn' ? slice.isbn)
    ORDER BY 1, 2
""")


def _by_title(first: Any, end: Any) -> Candidates:
    """Books of one title by one author; those who wrote it together find them once."""
    found: Candidates = []
    known: set[tuple[int, ...]] = set()
    for title, author_id, ids in fetch(_titles, {"first": first, "end": end}):
        if tuple(ids) not in known:
            known.add(tuple(ids))
            found.append(([title, author_id, ids[0]], tuple(ids)))
    return found


def _by_isbn(first: Any, end: Any) -> Candidates:
    """A book, and the one whose ISBN stands among its identifiers."""
    rows = fetch(_isbns, {"first": first, "end": end})
    return [([book, other], (min(book, other), max(book, other))) for book, other in rows]


def _may_be_same(one: Record, other: Record) -> bool:
    """Whether nothing that is known of two books tells them apart."""
    if _isbns_cross(one, other):
        return True
    names = ("isbn", "year", "language", "subtitle", "series_position")
    return all(one[name] is None or other[name] is None or one[name] == other[name] for name in names)


def _isbns_cross(one: Record, other: Record) -> bool:
    return one["isbn"] in other["identifiers"].get("isbn", ()) or other["isbn"] in one["identifiers"].get("isbn", ())


def _of(books: list[Record]) -> Judged | None:
    """What speaks for some books' being one, None where nothing does."""
    pairs = list(combinations(books, 2))
    reasons = []
    if any(_isbns_cross(one, other) for one, other in pairs):
        reasons.append((BY_ISBN, "isbn_in_two_forms"))
    if all(one["title"] == other["title"] and set(one["authors"]) & set(other["authors"]) for one, other in pairs):
        known = all(book["year"] is not None for book in books)
        reasons.append((BY_YEAR, "same_title_author_year") if known else (BY_TITLE, "same_title_author"))
    if any(share_identifier(one, other, "isbn") for one, other in pairs):
        reasons.append((BY_IDENTIFIER, "shared_identifier"))
    if not reasons:
        return None
    reasons.sort()
    return Judged(tuple(book["id"] for book in books), reasons[0][0], tuple(reason for _, reason in reasons))


_titles_walk = sliced("books", "title_key", 10_000, _by_title, "")

BOOK_DUPLICATES = Finding(
    BOOKS,
    SCORES,
    (
        (BY_ISBN, sliced("books", "id", 10_000, _by_isbn, 0)),
        (BY_YEAR, _titles_walk),
        (BY_IDENTIFIER, of_identifiers(BOOKS.table, "isbn")),
        (BY_TITLE, _titles_walk),
    ),
    Judge(_facts, _MEMBERS, _may_be_same, _of),
)
