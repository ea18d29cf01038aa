"""Suggestions for a search box: titles and names.

Those that begin with the typed text come first, then those that contain it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, zip_longest
from typing import Any, ClassVar

from sqlalchemy import (
    BigInteger,
    FromClause,
    Integer,
    Select,
    Text,
    bindparam,
    case,
    func,
    literal_column,
    select,
    union_all,
)

from app.authors.models import Author
from app.authors.resource import AUTHORS
from app.books.models import Contribution
from app.books.resource import BOOKS
from app.core.columns.conditions import Sql
from app.core.columns.search import TIER, heading_length, search_values
from app.core.parameters import RELEVANCE
from app.core.query.query import Query, SortKey
from app.core.resource import Resource
from app.core.sql.compile import compiled
from app.core.sql.search_strategy import choose_strategy
from app.core.sql.where import search_in
from app.values.search_query import SearchForm, SearchQuery
from extensions.database import Statement, fetch

MOST_NAMES = 40  # names that are read; those with the most books are suggested
MOST_COUNTED = 1000  # books of an author that are counted
MOST_AUTHORS = 2  # authors of a book that are shown

_authors, _contributions = Author.__table__, Contribution.__table__


@dataclass(frozen=True)
class Suggestion:
    """A title or a name, with a detail that distinguishes it from similar ones."""

    type: str
    id: int
    text: str
    detail: str | None


class Suggester:
    """Suggests a text column of one resource. A subclass declares the facts."""

    resource: Resource
    column: str
    fits: ClassVar[dict[int, int]]  # how well the matches of a search tier fit, from 0 (best); other tiers are left out

    def detail(self, table: FromClause) -> Sql:
        """Return the SQL of a suggestion's detail."""
        raise NotImplementedError

    def order(self, table: FromClause) -> list[Sql]:
        """Return the sort keys of suggestions that fit equally well, before their length."""
        return []

    def rows_needed(self, limit: int) -> int:
        """Return how many rows to read for `limit` suggestions.

        It is more than the limit, because duplicates are dropped.
        """
        return 2 * limit

    def find(self, query: SearchQuery, limit: int) -> Iterator[tuple[int, Suggestion]]:
        """Yield distinct suggestions, each with how well it fits, best first."""
        ranked = Query("suggest", search=query, sort=(SortKey(RELEVANCE),))
        statement = _statement(self, choose_strategy(self.resource, ranked).form)
        seen = set()
        for fit, record_id, text, detail in fetch(statement, {**search_values(query), "rows": self.rows_needed(limit)}):
            if (text.casefold(), detail) not in seen:
                seen.add((text.casefold(), detail))
                yield fit, Suggestion(self.resource.noun, record_id, text, detail)


class Titles(Suggester):
    """The titles of books, with their authors and year."""

    resource = BOOKS
    column = "title"
    fits: ClassVar[dict[int, int]] = {0: 0, 2: 1, 4: 2, 6: 2}

    def detail(self, table: FromClause) -> Sql:
        """Return the SQL of authors and year, such as ``Ursula K. Le Guin, 1969``."""
        of_book = (
            select(_authors.c.name)
            .join_from(_contributions, _authors, _authors.c.id == _contributions.c.author_id)
            .where(_contributions.c.book_id == table.c.id)
            .group_by(_authors.c.id, _authors.c.name)
            .order_by(func.min(_contributions.c.position))
            .limit(MOST_AUTHORS)
            .correlate(table)
            .subquery()
        )
        names = select(func.string_agg(of_book.c.name, literal_column("', '"))).scalar_subquery()
        return func.nullif(
            func.concat_ws(literal_column("', '"), names, _year(table.c.published)), literal_column("''")
        )


class Names(Suggester):
    """Names of authors with their years, those with the most books first."""

    resource = AUTHORS
    column = "name"
    fits: ClassVar[dict[int, int]] = {0: 0, 1: 0, 2: 1, 3: 1, 4: 2, 5: 2, 6: 2, 7: 2}

    def detail(self, table: FromClause) -> Sql:
        """Return the SQL of the years of birth and death, such as ``1929–2018``."""
        born, died = _year(table.c.birth_date), _year(table.c.death_date)
        return func.nullif(func.concat(born, literal_column("'–'"), died), literal_column("'–'"))

    def order(self, table: FromClause) -> list[Sql]:
        books: Select[Any] = select(literal_column("1")).where(_contributions.c.author_id == table.c.id)
        counted = books.limit(MOST_COUNTED).correlate(table).subquery()
        return [-select(func.count()).select_from(counted).scalar_subquery()]

    def rows_needed(self, limit: int) -> int:
        return MOST_NAMES


SUGGESTERS = (Titles(), Names())


def suggest(query: SearchQuery, limit: int) -> list[Suggestion]:
    """Return at most `limit` suggestions, best first. Titles and names that fit equally well alternate."""
    by_suggester = [list(suggester.find(query, limit)) for suggester in SUGGESTERS]
    suggestions: list[Suggestion] = []
    for fit in range(3):
        turns = zip_longest(*([suggestion for row_fit, suggestion in rows if row_fit == fit] for rows in by_suggester))
        suggestions += (suggestion for suggestion in chain.from_iterable(turns) if suggestion)
    return suggestions[:limit]


@lru_cache(maxsize=64)
def _statement(suggester: Suggester, form: SearchForm) -> Statement:
    """Return the statement of suggestions: rows of (fit, id, text, detail)."""
    table = suggester.resource.table
    search, terms = search_in(suggester.resource, form)
    limit = bindparam("rows", type_=BigInteger)
    parts = []
    for lowest, condition in search.parts(table, terms):
        fit = 0 if form.isbn else suggester.fits.get(lowest // TIER)
        if fit is not None:
            length = heading_length(table).label("length")
            rows = select(table.c.id, literal_column(str(fit), Integer).label("fit"), length)
            parts.append(rows.where(condition).order_by(heading_length(table), table.c.id).limit(limit))
    best = select(union_all(*(select(part.subquery()) for part in parts)).subquery()).limit(limit).subquery("best")
    rows = select(best.c.fit, table.c.id, table.c[suggester.column], suggester.detail(table))
    return compiled(
        rows.join_from(best, table, table.c.id == best.c.id).order_by(
            best.c.fit, *suggester.order(table), best.c.length, table.c.id
        )
    )


def _year(date: Sql) -> Sql:
    """Return the year of a partial date, such as ``1969``, or ``70 BC``."""
    year = func.substring(date, literal_column("'^-?[0-9]{4}'"), type_=Text)
    before_christ = func.ltrim(year, literal_column("'-0'"), type_=Text).concat(literal_column("' BC'"))
    return case((year < literal_column("'0'"), before_christ), else_=year)
