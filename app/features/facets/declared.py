"""The facets of books."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Integer,
    Select,
    Text,
    and_,
    case,
    cast,
    false,
    func,
    literal_column,
    select,
    true,
)

from app.authors.models import Author
from app.books.contributors.filters import restrictions
from app.books.models import Contribution
from app.core.sql.facets import Facet, Restriction

DECADE, CENTURY = 10, 100  # years
Values = Callable[[FromClause], Select[Any]]

OF_CONTRIBUTION = ("author_id", "author", "role")  # filters that apply to the same contribution

_contributions = Contribution.__table__
_authors = Author.__table__


def _column(name: str) -> Values:
    return lambda books: select(books.c[name].label("value"))


def _subjects(books: FromClause) -> Select[Any]:
    # In the list of columns, because there a set is expanded in half the time that it takes after FROM.
    none: ColumnElement[Any] = literal_column("'{}'::text[]")
    known = case((books.c.subjects == none, literal_column("'{NULL}'::text[]")), else_=books.c.subjects)
    return select(func.unnest(known).label("value"))


def _contributors(books: FromClause, restricted: Sequence[Restriction]) -> Select[Any]:
    """Return the contributions to books that meet restrictions, and a row of NULLs for a book without contributors."""
    conditions = restrictions(restricted)
    is_listed = func.coalesce(and_(*conditions), false()) if conditions else true()
    of_book = select(_contributions.c.author_id, _contributions.c.role, is_listed.label("is_listed")).where(
        _contributions.c.book_id == books.c.id
    )
    # OFFSET 0 makes a subquery that is run for each book, by the primary key. Postgres would read the whole table.
    each = of_book.offset(literal_column("0")).lateral("contribution")
    rows = select(books.c.id, each.c.author_id, each.c.role).select_from(books.outerjoin(each, true()))
    return rows.where(each.c.is_listed.is_not(false())) if conditions else rows


def _of_contributors(name: str) -> Values:
    return lambda rows: select(rows.c.id, rows.c[name].label("value")).distinct()


def _periods(years: int) -> Values:
    """Return the first year of the period of each book's publication. Years BC are negative."""

    def values(books: FromClause) -> Select[Any]:
        year = books.c.published_key / literal_column("10000.0::float8")
        period = func.floor(func.floor(year) / literal_column(str(years))) * literal_column(str(years))
        return select(cast(period, Integer).label("value"))

    return values


def _name(author_id: ColumnElement[Any]) -> ColumnElement[str]:
    name: ColumnElement[str] = select(_authors.c.name).where(_authors.c.id == author_id).scalar_subquery()
    return name


def _label(year: ColumnElement[Any]) -> ColumnElement[str]:
    """Return a year as in a partial date: four digits or more, with a ``-`` before those BC."""
    digits = cast(func.abs(year), Text)
    padded = func.lpad(digits, func.greatest(func.length(digits), literal_column("4")), literal_column("'0'"))
    return func.concat(case((year < literal_column("0"), literal_column("'-'"))), padded, type_=Text)


def _label_or_null(year: ColumnElement[Any]) -> ColumnElement[str]:
    return case((year.is_not(None), _label(year)))


FACETS = {
    facet.name: facet
    for facet in (
        Facet("language", ("language",), ("language",), _column("language")),
        Facet("publisher", ("publisher",), ("publisher",), _column("publisher")),
        Facet("series", ("series",), ("series",), _column("series")),
        Facet("subjects", ("subjects",), ("subjects",), _subjects),
        Facet("role", ("role",), (), _of_contributors("role"), _contributors),
        Facet("author", ("author", "author_id"), (), _of_contributors("author_id"), _contributors, _name),
        Facet("decade", ("published",), ("published_key",), _periods(DECADE), text=_label_or_null),
        Facet("century", ("published",), ("published_key",), _periods(CENTURY), text=_label_or_null),
    )
}
PERIODS = {"decade": DECADE, "century": CENTURY}
