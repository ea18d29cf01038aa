"""The filters `author_id`, `author` and `role` of books.

Used together, they must match the same contribution.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from sqlalchemy import (
    FromClause,
    Select,
    and_,
    cast,
    exists,
    func,
    literal_column,
    not_,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY, array
from sqlalchemy.types import Text

from app.authors.models import AUTHOR_MERGES, Author, folded_names
from app.books.models import Contribution
from app.core.columns.conditions import Predicate, like
from app.core.columns.expressions import fold, name_identity
from app.core.fields import Comparison
from app.core.records.redirects import id_condition

WHOLE_NAME = ("eq", "in")  # operators that compare a whole name

_contributions = Contribution.__table__
_authors = Author.__table__


def contribution_condition(books: FromClause, comparisons: dict[str, list[Comparison]]) -> Predicate:
    """Return the condition of the books with a contribution that meets all comparisons at once.

    If all of them are `ne`, no contribution of the book may equal any of the values, and books without contributors
    match: `ne` alone negates equality.
    """
    nulls = [comparison for comparison in comparisons.get("author_id", ()) if comparison.operator == "null"]
    others = [(name, each) for name, several in comparisons.items() for each in several if each.operator != "null"]
    conditions: list[Predicate] = [
        not_(_any(books, true())) if comparison.values[0] else _any(books, true()) for comparison in nulls
    ]
    if all(comparison.operator == "ne" for _, comparison in others):
        return and_(*conditions, *(not_(_any(books, _condition(name, comparison))) for name, comparison in others))
    names = [comparison for name, comparison in others if name == "author" and comparison.operator != "ne"]
    single_name = names[0] if len(names) == 1 else None
    on_contribution = restrictions((name, each) for name, each in others if each is not single_name)
    if single_name:
        return and_(*conditions, _any_by_name(books, single_name, on_contribution))
    return and_(*conditions, _any(books, and_(*on_contribution)))


def restrictions(comparisons: Iterable[tuple[str, Comparison]]) -> list[Predicate]:
    """Return the conditions of comparisons on a row of ``contributions``, each by itself."""
    return [
        not_(_condition(name, comparison)) if comparison.operator == "ne" else _condition(name, comparison)
        for name, comparison in comparisons
    ]


def _any(books: FromClause, condition: Predicate) -> Predicate:
    """Return whether a book has a contribution that meets a condition."""
    return exists(select(literal_column("1")).where(_contributions.c.book_id == books.c.id, condition).correlate(books))


def _condition(name: str, comparison: Comparison) -> Predicate:
    """Return the condition of one filter on a row of ``contributions``.

    For `ne` it is that of equality.
    """
    operator = "eq" if comparison.operator == "ne" else comparison.operator
    return _CONDITIONS[name](Comparison(operator, comparison.values))


def _by_id(comparison: Comparison) -> Predicate:
    return id_condition(AUTHOR_MERGES, _contributions.c.author_id, comparison)


def _by_role(comparison: Comparison) -> Predicate:
    return _contributions.c.role.in_(comparison.values)


def _by_name(comparison: Comparison) -> Predicate:
    """Return whether the contributor has a name, or was credited by it on this book."""
    authors = select(_authors.c.id).where(has_name(comparison))
    return or_(_contributions.c.author_id.in_(authors), _is_credited(comparison))


def _any_by_name(books: FromClause, comparison: Comparison, others: list[Predicate]) -> Predicate:
    """Return whether a book has a contribution by a name that also meets other conditions.

    Either the author has the name or is credited by it on this book; each has its own index. Most names match few
    books, so these are looked up first. A few letters may match most names, so they are checked book by book.
    """
    if comparison.operator in WHOLE_NAME or not comparison.is_short:
        authors = select(_authors.c.id).where(has_name(comparison))
        book_ids = select(_contributions.c.book_id)
        by_author = book_ids.where(_contributions.c.author_id.in_(authors), *others)
        return books.c.id.in_(union_all(by_author, book_ids.where(_is_credited(comparison), *others)))
    is_author = and_(_authors.c.id == _contributions.c.author_id, _contributions.c.book_id == books.c.id)
    rows: Select[Any] = select(literal_column("1")).select_from(_contributions, _authors)
    by_name = exists(rows.where(is_author, has_name(comparison), *others).correlate(books))
    return or_(by_name, _any(books, and_(_is_credited(comparison), *others)))


def has_name(comparison: Comparison) -> Predicate:
    """Return whether a name of a row of ``authors`` matches in any spelling."""
    if comparison.operator in WHOLE_NAME:
        keys = [func.name_key(value, type_=Text) for value in comparison.values]  # in the collation of the index
        alternate = _authors.c.alternate_identities.overlap(cast(array(keys), ARRAY(Text)))
        return or_(_authors.c.identity.in_([name_identity(value) for value in comparison.values]), alternate)
    before = "%\n" if comparison.operator == "starts" else "%"
    return like(folded_names(_authors.c.name, _authors.c.alternate_names), before, comparison.values[0], "%")


def _is_credited(comparison: Comparison) -> Predicate:
    """Return whether the credited name of a row of ``contributions`` matches."""
    credited = _contributions.c.credited_as
    if comparison.operator in WHOLE_NAME:
        is_match: Predicate = name_identity(credited).in_([name_identity(value) for value in comparison.values])
    else:
        is_match = like(fold(credited), "" if comparison.operator == "starts" else "%", comparison.values[0], "%")
    return and_(credited.is_not(None), is_match)


_CONDITIONS: dict[str, Callable[[Comparison], Predicate]] = {
    "author_id": _by_id,
    "author": _by_name,
    "role": _by_role,
}
