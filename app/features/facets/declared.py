"""The facets of books."""

from __future__ import annotations

from collections.abc import Sequence
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
    func,
    literal_column,
    select,
    true,
)

from app.authors.models import Author
from app.books.contributors.filters import restrictions
from app.books.models import Contribution
from app.core.sql.facets import Facet, Restriction, Values

DECADE, CENTURY = 10, 100  # years
OF_CONTRIBUTION = ("author_id", "author", "role")  # filters that apply to the same contribution

_contributions = Contribution.__table__
_authors = Author.__table__


def _column(name: str) -> Values:
    return lambda books, _: select(books.c[name].label("value"))


def _subjects(books: FromClause, _: Sequence[Restriction]) -> Select[Any]:
    subject = func.unnest(books.c.subjects).table_valued("value").render_derived(name="subject").lateral()
    return select(subject.c.value).select_from(books.outerjoin(subject, true()))


def _of_contributions(name: str) -> Values:
    """Return the values of a column of the contributions that meet the restrictions.

    A book without any contributor has the value NULL. One without such a contribution has none.
    """

    def values(books: FromClause, restricted: Sequence[Restriction]) -> Select[Any]:
        column = _contributions.c[name].label("value")
        rows = books.outerjoin(_contributions, _contributions.c.book_id == books.c.id)
        conditions = restrictions(restricted)
        is_listed = [_contributions.c.book_id.is_(None) | and_(*conditions)] if conditions else []
        return select(books.c.id, column).select_from(rows).where(*is_listed).distinct()

    return values


def _periods(years: int) -> Values:
    """Return the first year of the period of each book's publication. Years BC are negative."""

    def values(books: FromClause, _: Sequence[Restriction]) -> Select[Any]:
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
        Facet("role", ("role",), (), _of_contributions("role")),
        Facet("author", ("author", "author_id"), (), _of_contributions("author_id"), _name),
        Facet("decade", ("published",), ("published_key",), _periods(DECADE), _label_or_null),
        Facet("century", ("published",), ("published_key",), _periods(CENTURY), _label_or_null),
    )
}
PERIODS = {"decade": DECADE, "century": CENTURY}
