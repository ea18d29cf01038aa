"""The filters that speak of a contribution: `author_id`, `author`, `role`. Given together, of the same one."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import ColumnElement, FromClause, and_, exists, literal_column, not_, or_, select, true

from app import conditions
from app.authors.models import Author, names_of
from app.expressions import fold
from app.fields import Asked

from .models import Contribution

Bool = ColumnElement[bool]

_contributions = Contribution.__table__
_authors = Author.__table__


def of_contributions(books: FromClause, asked: dict[str, list[Asked]]) -> Bool:
    """Books with a contribution that meets all conditions at once.

    Where all of them say what must not be (`ne`), none of the book's contributions may be so, and a book without
    any is among the found: `ne` alone is the opposite of equality.
    """
    nothing = [one for one in asked.get("author_id", ()) if one.operator == "null"]
    conditions_ = [(name, one) for name, several in asked.items() for one in several if one.operator != "null"]
    positive = any(one.operator != "ne" for _, one in conditions_)
    found: list[Bool] = [not_(_some(books, true())) if one.values[0] else _some(books, true()) for one in nothing]
    if positive:
        met = [not_(_met(name, one)) if one.operator == "ne" else _met(name, one) for name, one in conditions_]
        found.append(_some(books, and_(*met)))
    else:
        found += [not_(_some(books, _met(name, one))) for name, one in conditions_]
    return and_(*found)


def _some(books: FromClause, condition: Bool) -> Bool:
    """Whether a book has a contribution that meets a condition."""
    return exists(select(literal_column("1")).where(_contributions.c.book_id == books.c.id, condition).correlate(books))


def _met(name: str, asked: Asked) -> Bool:
    """The condition of one filter on a row of ``contributions``; for `ne`, that of the equality it denies."""
    operator = "eq" if asked.operator == "ne" else asked.operator
    return _CONDITIONS[name](Asked(operator, asked.values))


def _by_id(asked: Asked) -> Bool:
    return conditions.number(_contributions.c.author_id, asked)


def _by_role(asked: Asked) -> Bool:
    return _contributions.c.role.in_(asked.values)


def _by_name(asked: Asked) -> Bool:
    """A name that the contributor bears, or bore on this book."""
    before, after = {"contains": ("%", "%"), "starts": ("%\n", "%")}.get(asked.operator, ("%\n", "\n%"))
    credited_before, credited_after = {"contains": ("%", "%"), "starts": ("", "%")}.get(asked.operator, ("", ""))
    names = names_of(_authors.c.name, _authors.c.alternate_names)
    authors = select(_authors.c.id).where(
        or_(*(conditions.like(names, before, value, after) for value in asked.values))
    )
    credited = fold(_contributions.c.credited_as)
    return or_(
        _contributions.c.author_id.in_(authors),
        and_(
            _contributions.c.credited_as.is_not(None),
            or_(*(conditions.like(credited, credited_before, value, credited_after) for value in asked.values)),
        ),
    )


_CONDITIONS: dict[str, Callable[[Asked], Bool]] = {"author_id": _by_id, "author": _by_name, "role": _by_role}
