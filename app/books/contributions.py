"""The filters that speak of a contribution: `author_id`, `author`, `role`. Given together, of the same one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import (
    ColumnElement,
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

from app import conditions, survivors
from app.authors.models import AUTHOR_MERGES, Author, names_of
from app.expressions import fold, identity_of
from app.fields import Asked
from app.vocabulary import SHORT

from .models import Contribution

Bool = ColumnElement[bool]

WHOLE = ("eq", "in")  # operators that ask for a whole name

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
        names = [one for name, one in conditions_ if name == "author" and one.operator != "ne"]
        alone = names[0] if len(names) == 1 else None
        met = [
            not_(_met(name, one)) if one.operator == "ne" else _met(name, one)
            for name, one in conditions_
            if one is not alone
        ]
        found.append(_some_by_name(books, alone, met) if alone else _some(books, and_(*met)))
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
    return survivors.same(AUTHOR_MERGES, _contributions.c.author_id, asked)


def _by_role(asked: Asked) -> Bool:
    return _contributions.c.role.in_(asked.values)


def _by_name(asked: Asked) -> Bool:
    """A name that the contributor bears, or bore on this book."""
    return or_(_contributions.c.author_id.in_(select(_authors.c.id).where(_bears(asked))), _is_credited(asked))


def _some_by_name(books: FromClause, asked: Asked, others: list[Bool]) -> Bool:
    """Whether a book has a contribution by that name that meets the other conditions, too.

    The author bears the name, or bore it on this book alone: each of the two questions has an index. Most names are of
    few books, which are found first; a part of few letters may be in most names, so that it is looked for book by book.
    """
    if asked.operator in WHOLE or asked.form != SHORT:
        bearers = select(_authors.c.id).where(_bears(asked))
        of_book = select(_contributions.c.book_id)
        by_author = of_book.where(_contributions.c.author_id.in_(bearers), *others)
        return books.c.id.in_(union_all(by_author, of_book.where(_is_credited(asked), *others)))
    of_author = and_(_authors.c.id == _contributions.c.author_id, _contributions.c.book_id == books.c.id)
    one: Select[Any] = select(literal_column("1")).select_from(_contributions, _authors)
    by_name = exists(one.where(of_author, _bears(asked), *others).correlate(books))
    return or_(by_name, _some(books, and_(_is_credited(asked), *others)))


def _bears(asked: Asked) -> Bool:
    """A row of ``authors`` whose name, or one of the alternate names, is the one asked for, however it is written."""
    if asked.operator in WHOLE:
        plain = [func.name_key(value, type_=Text) for value in asked.values]  # of the collation of the index
        alternate = _authors.c.alternate_identities.overlap(cast(array(plain), ARRAY(Text)))
        return or_(_authors.c.identity.in_([identity_of(value) for value in asked.values]), alternate)
    before = "%\n" if asked.operator == "starts" else "%"
    return conditions.like(names_of(_authors.c.name, _authors.c.alternate_names), before, asked.values[0], "%")


def _is_credited(asked: Asked) -> Bool:
    """A row of ``contributions`` whose credited name is the one asked for."""
    credited = _contributions.c.credited_as
    if asked.operator in WHOLE:
        found: Bool = identity_of(credited).in_([identity_of(value) for value in asked.values])
    else:
        found = conditions.like(fold(credited), "" if asked.operator == "starts" else "%", asked.values[0], "%")
    return and_(credited.is_not(None), found)


_CONDITIONS: dict[str, Callable[[Asked], Bool]] = {"author_id": _by_id, "author": _by_name, "role": _by_role}
