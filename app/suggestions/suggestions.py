"""What somebody may be about to type: the titles and the names that begin with it, then those that hold it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import chain, zip_longest
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
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

from app import approach
from app.authors.models import Author
from app.authors.schemas import AUTHORS
from app.books.models import Contribution
from app.books.schemas import BOOKS
from app.compilation import compiled
from app.fields import Asked
from app.query import RELEVANCE, SEARCH, Condition, Query, SortKey
from app.resource import Resource
from app.search import TIER, length_of
from app.values.question import Question
from app.vocabulary import NUMBER
from extensions.database import fetch
from extensions.statement import Statement

LOOKED_AT = 40  # names, among which those of the most books are chosen
COUNTED = 1000  # books of an author
NAMED = 2  # authors of a book

Sql = ColumnElement[Any]
_authors, _contributions = Author.__table__, Contribution.__table__


@dataclass(frozen=True)
class Suggestion:
    """`text` is a title or a name, `detail` what tells it from others like it."""

    type: str
    id: int
    text: str
    detail: str | None


@dataclass(frozen=True)
class Source:
    """Where suggestions of one type come from. `text`: the column that is suggested; `fits`: the tiers of a search that
    speak of it, each with how well they fit, from 0; `weight`: which go before others that fit as well.
    """

    resource: Resource
    text: str
    fits: tuple[tuple[int, int], ...]
    detail: Callable[[FromClause], Sql]
    weight: Callable[[FromClause], list[Sql]] = lambda table: []


def suggest(question: Question, limit: int) -> list[Suggestion]:
    """At most `limit` suggestions: what is as it was typed, what begins with it, what holds it. Of those that fit
    alike, titles and names take turns, so that neither hide the other.
    """
    values = {f"v{place}": part for place, part in enumerate(question)}
    asked = Query("suggest", (Condition(SEARCH, "eq", (question,)),), (SortKey(RELEVANCE),))
    by_source = []
    for source in (TITLES, NAMES):
        form = approach.of(source.resource, asked).form
        looked_at = LOOKED_AT if source.weight(source.resource.table) else 2 * limit  # some titles read alike
        rows = fetch(_statement(source, form), {**values, "looked_at": looked_at})
        by_source.append(list(_distinct(source, rows)))
    found: list[Suggestion] = []
    for fit in range(3):
        turns = zip_longest(*([suggestion for at, suggestion in rows if at == fit] for rows in by_source))
        found += (suggestion for suggestion in chain.from_iterable(turns) if suggestion)
    return found[:limit]


def _distinct(source: Source, rows: list[tuple[Any, ...]]) -> Iterator[tuple[int, Suggestion]]:
    """Each suggestion with how well it fits; of those that read alike only the first."""
    seen = set()
    for fit, record_id, text, detail in rows:
        if (text.casefold(), detail) not in seen:
            seen.add((text.casefold(), detail))
            yield fit, Suggestion(source.resource.noun, record_id, text, detail)


@lru_cache(maxsize=64)
def _statement(source: Source, form: str) -> Statement:
    """Rows of (how well it fits, id, text, detail), best first."""
    table = source.resource.table
    asked = Asked("eq", [tuple(bindparam(f"v{place}") for place in range(len(Question._fields)))], form)
    fits = dict(source.fits)
    limit = bindparam("looked_at", type_=BigInteger)
    parts = []
    for begins, condition in source.resource.searched.parts(table, asked):
        fit = 0 if form == NUMBER else fits.get(begins // TIER)
        if fit is not None:
            rows = select(table.c.id, literal_column(str(fit), Integer).label("fit"), length_of(table).label("length"))
            parts.append(rows.where(condition).order_by(length_of(table), table.c.id).limit(limit))
    found = select(union_all(*(select(part.subquery()) for part in parts)).subquery()).limit(limit).subquery("found")
    rows = select(found.c.fit, table.c.id, table.c[source.text], source.detail(table))
    return compiled(
        rows.join_from(found, table, table.c.id == found.c.id).order_by(
            found.c.fit, *source.weight(table), found.c.length, table.c.id
        )
    )


def _authors_and_year(books: FromClause) -> Sql:
    """Such as ``Ursula K. Le Guin, 1969``."""
    of_book = (
        select(_authors.c.name)
        .join_from(_contributions, _authors, _authors.c.id == _contributions.c.author_id)
        .where(_contributions.c.book_id == books.c.id)
        .group_by(_authors.c.id, _authors.c.name)
        .order_by(func.min(_contributions.c.position))
        .limit(NAMED)
        .correlate(books)
        .subquery()
    )
    names = select(func.string_agg(of_book.c.name, literal_column("', '"))).scalar_subquery()
    return func.nullif(func.concat_ws(literal_column("', '"), names, _year(books.c.published)), literal_column("''"))


def _life(authors: FromClause) -> Sql:
    """Such as ``1929–2018``."""
    born, died = _year(authors.c.birth_date), _year(authors.c.death_date)
    return func.nullif(func.concat(born, literal_column("'–'"), died), literal_column("'–'"))


def _year(date: Sql) -> Sql:
    """Such as ``1969``, or ``70 BC``."""
    year = func.substring(date, literal_column("'^-?[0-9]{4}'"), type_=Text)
    before_christ = func.ltrim(year, literal_column("'-0'"), type_=Text).concat(literal_column("' BC'"))
    return case((year < literal_column("'0'"), before_christ), else_=year)


def _books_of(authors: FromClause) -> list[Sql]:
    """Less for an author of more books."""
    some: Select[Any] = select(literal_column("1")).where(_contributions.c.author_id == authors.c.id).limit(COUNTED)
    return [-select(func.count()).select_from(some.correlate(authors).subquery()).scalar_subquery()]


TITLES = Source(BOOKS, "title", ((0, 0), (2, 1), (4, 2), (6, 2)), _authors_and_year)
NAMES = Source(AUTHORS, "name", ((0, 0), (1, 0), (2, 1), (3, 1), (4, 2), (5, 2), (6, 2), (7, 2)), _life, _books_of)
