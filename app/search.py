"""Search: which records `q` finds, and which of them come first.

A record is found by its words (a column, and an index): those of its *heading* (the title of a book, the name of an
author), of other *names* (of contributors; that an author is also known by), and further ones. The rows come by tiers,
and within one by the length of the heading, since the more of it was asked for, the surer it is the one that was meant:

0. the heading is what was asked     4. all words stand in the heading
1. a name is                         5. all words stand somewhere
2. the heading begins with it        6. all stand in the heading, the last one as the beginning of a word
3. a name does                       7. the rest: all stand somewhere, the last one as the beginning of a word

What is asked has a form (see `Question.form`), which says what is looked up in the index, and what in the rows that the
rest finds. A `rank` is tier and length in one number. Where a question finds few rows, all are ranked and sorted. Where
it finds many, each tier is walked in the order of the length until the page is full; both give the same rows in the
same order.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from typing import Any

from sqlalchemy import (
    Boolean,
    ColumnElement,
    Computed,
    FromClause,
    Integer,
    Text,
    and_,
    case,
    cast,
    column,
    false,
    func,
    literal_column,
    true,
)
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import MappedColumn, mapped_column

from .conditions import LAST
from .fields import Asked
from .vocabulary import NUMBER

Sql = ColumnElement[Any]
Bool = ColumnElement[bool]

TIER = 1000  # between the ranks of two tiers; a heading is no longer than 200
RANK_MOST = 10 * TIER


@dataclass(frozen=True)
class Search:
    """How the rows of a resource are found by a question. `number`: the condition of a row that bears an ISBN."""

    number: Callable[[FromClause, Sql], Bool] | None = None

    def matches(self, table: FromClause, asked: Asked) -> Bool:
        """The condition of the rows that a question finds."""
        words = asked.values[0][0]
        if asked.form == NUMBER:
            return self.number(table, words) if self.number else false()
        found = [*_all(table, "", asked), *self.beside(table, asked)]
        return and_(*found) if found else false()

    def beside(self, table: FromClause, asked: Asked) -> list[Bool]:
        """The conditions of a question beside its words: its phrases, and what is not wanted."""
        _, _, _, phrases, without = asked.values[0]
        return [_holds(table, func.phrases_query(phrases, without))] if "x" in asked.form else []

    def rank(self, table: FromClause, asked: Asked) -> Sql:
        """The number that the rows which `matches` are sorted by."""
        tiers = self._tiers(table, asked)
        length = length_of(table)
        if not tiers:
            return length
        tier = case(*((condition, place) for place, condition in enumerate(tiers)), else_=len(tiers))
        return tier * literal_column(str(TIER), Integer) + length

    def parts(self, table: FromClause, asked: Asked) -> list[tuple[int, Bool]]:
        """The tiers in their order: each as the rank at which it begins, and the condition of its rows."""
        tiers = self._tiers(table, asked)
        beside = self.beside(table, asked)
        if not asked.form:
            return [(0, false())]
        found = [
            (place * TIER, and_(condition, *beside, *map(_not, tiers[:place]))) for place, condition in enumerate(tiers)
        ]
        return [*found, (len(tiers) * TIER, and_(self.matches(table, asked), *map(_not, tiers)))]

    def _tiers(self, table: FromClause, asked: Asked) -> list[Bool]:
        """The conditions of all tiers but the last one, which is for the rows that meet none of them."""
        if asked.form in (NUMBER, "x", ""):
            return []
        words = asked.values[0][0]
        start = func.left(func.plain_words(words), literal_column("200"), type_=Text)
        something = start != literal_column("''", Text)
        return [
            and_(table.c.heading == start, something),
            _holds(table, func.name_query(words)),
            and_(table.c.heading >= start, table.c.heading < start.concat(LAST), something),
            _holds(table, func.name_beginning_query(words)),
            _holds(table, _words("=", words)),
            _holds(table, _words("", words)),
            and_(*_all(table, "=", asked)),
        ]


def heading_of(name: str) -> MappedColumn[str]:
    """The column of the plain words of a text column, as far as they are compared."""
    plain = func.left(func.plain_words(column(name)), literal_column("200"), type_=Text)
    return mapped_column(Text(collation="C"), Computed(plain, persisted=True), deferred=True)


def words_of(expression: str) -> MappedColumn[str]:
    """The column of what a record is found by; `expression`: a call of ``search_words``, a function of the database."""
    return mapped_column(TSVECTOR, Computed(expression, persisted=True), deferred=True)


def length_of(table: FromClause) -> Sql:
    """The length of a heading, by which rows are sorted within a tier."""
    return func.length(table.c.heading, type_=Integer)


def _not(condition: Bool) -> Bool:
    """The opposite of a condition, in the form of which the planner knows the chances: a simple NOT of a range becomes
    two comparisons joined by OR, which it takes to be independent.
    """
    return condition.is_not(true())


def _all(table: FromClause, mark: str, asked: Asked) -> list[Bool]:
    """The conditions of the rows that hold all words, each with a mark, the last one perhaps unfinished."""
    _, finished, last, *_ = asked.values[0]
    sought = [part for letter, part in (("f", finished), ("l", last)) if letter in asked.form]
    looked_for = [part for letter, part in (("r", finished), ("q", last)) if letter in asked.form]
    found = [_holds(table, _words(mark, _joined(sought)))] if sought else []
    return [*found, _holds_without_index(table, _words(mark, _joined(looked_for)))] if looked_for else found


def _joined(parts: list[Sql]) -> Sql:
    """Words after one another. Not by ``concat_ws``, which the planner does not compute beforehand."""
    first, *rest = (cast(part, Text) for part in parts)
    return reduce(lambda before, part: before.concat(literal_column("' '", Text)).concat(part), rest, first)


def _words(mark: str, words: Any) -> Sql:
    return func.words_query(literal_column(f"'{mark}'", Text), words)


def _holds(table: FromClause, query: Any) -> Bool:
    return table.c.words.op("@@", is_comparison=True, return_type=Boolean())(query)


def _holds_without_index(table: FromClause, query: Any) -> Bool:
    return func.ts_match_vq(table.c.words, query, type_=Boolean)
