"""Probable duplicates among books."""

from __future__ import annotations

from itertools import combinations
from typing import Any

from app.books.resource import BOOKS
from extensions.database import Statement

from .search import DuplicateSearch, Facts, Group, share_identifier
from .walks import CANDIDATES_MOST, SLICE_ROWS, Candidates, IdentifierWalk, SliceWalk, read

BY_ISBN, BY_YEAR, BY_IDENTIFIER, BY_TITLE = range(4)  # tiers

_same_titles = Statement(f"""
    SELECT title_key, author_id, (array_agg(id ORDER BY id))[1:{CANDIDATES_MOST}]
    FROM (
        SELECT title_key FROM books WHERE title_key >= %(first)s AND (%(end)s IS NULL OR title_key < %(end)s)
        GROUP BY title_key HAVING count(*) > 1
    ) AS repeated
    JOIN books USING (title_key) JOIN contributions ON book_id = books.id AND role = 'author'
    GROUP BY title_key, author_id HAVING count(*) > 1 ORDER BY title_key, author_id
""")
_crossing_isbns = Statement("""
    SELECT slice.id, others.id
    FROM books AS slice, jsonb_array_elements_text(slice.identifiers -> 'isbn') AS value
    JOIN books AS others ON others.isbn = value
    WHERE slice.id >= %(first)s AND (%(end)s IS NULL OR slice.id < %(end)s)
        AND slice.identifiers ? 'isbn' AND others.id <> slice.id
        AND NOT (others.id < slice.id AND slice.isbn IS NOT NULL AND others.identifiers -> 'isbn' ? slice.isbn)
    ORDER BY 1, 2
""")


def _find_same_titles(first: Any, end: Any) -> Candidates:
    """Return books of one title by one author; those with several common authors only once."""
    candidates: Candidates = []
    known: set[tuple[int, ...]] = set()
    for title, author_id, ids in read(_same_titles, {"first": first, "end": end}):
        if tuple(ids) not in known:
            known.add(tuple(ids))
            candidates.append(([title, author_id, ids[0]], tuple(ids)))
    return candidates


def _find_crossing_isbns(first: Any, end: Any) -> Candidates:
    """Return each book with the one whose ISBN is among its identifiers."""
    rows = read(_crossing_isbns, {"first": first, "end": end})
    return [([book, other], (min(book, other), max(book, other))) for book, other in rows]


def _isbns_cross(book: Facts, other: Facts) -> bool:
    return book["isbn"] in other["identifiers"].get("isbn", ()) or other["isbn"] in book["identifiers"].get("isbn", ())


_titles_walk = SliceWalk("books", "title_key", SLICE_ROWS, _find_same_titles, "")


class BookDuplicates(DuplicateSearch):
    """Duplicates by ISBN, by identifier, and by title and author."""

    resource = BOOKS
    scores = (1.0, 0.9, 0.7, 0.6)
    walks = (
        (BY_ISBN, SliceWalk("books", "id", SLICE_ROWS, _find_crossing_isbns, 0)),
        (BY_YEAR, _titles_walk),
        (BY_IDENTIFIER, IdentifierWalk(BOOKS.table, "isbn")),
        (BY_TITLE, _titles_walk),
    )
    facts = Statement("""
        SELECT id, fold(title) AS title, isbn, published_key / 10000 AS year, language, fold(subtitle) AS subtitle,
            series_position, identifiers,
            ARRAY(SELECT author_id FROM contributions WHERE book_id = books.id AND role = 'author') AS authors
        FROM books WHERE id = ANY(%(ids)s)
    """)
    members = ("id", "title", "isbn", "year", "language", "subtitle", "series_position", "identifiers", "authors")

    def may_be_same(self, record: Facts, other: Facts) -> bool:
        if _isbns_cross(record, other):
            return True
        names = ("isbn", "year", "language", "subtitle", "series_position")
        return all(record[name] is None or other[name] is None or record[name] == other[name] for name in names)

    def judge(self, records: list[Facts]) -> Group | None:
        pairs = list(combinations(records, 2))
        reasons = []
        if any(_isbns_cross(book, other) for book, other in pairs):
            reasons.append((BY_ISBN, "isbn_in_two_forms"))
        if all(
            book["title"] == other["title"] and set(book["authors"]) & set(other["authors"]) for book, other in pairs
        ):
            has_years = all(book["year"] is not None for book in records)
            reasons.append((BY_YEAR, "same_title_author_year") if has_years else (BY_TITLE, "same_title_author"))
        if any(share_identifier(book, other, "isbn") for book, other in pairs):
            reasons.append((BY_IDENTIFIER, "shared_identifier"))
        if not reasons:
            return None
        reasons.sort()
        return Group(tuple(book["id"] for book in records), reasons[0][0], tuple(reason for _, reason in reasons))


BOOK_DUPLICATES = BookDuplicates()
