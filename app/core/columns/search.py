"""Search: which records `q` matches, and their order of relevance.

A search matches the words of a record (an indexed column): those of its *heading* (a book's title, an author's name),
of other *names* (of contributors; alternate names), and further ones. Matches are ranked by tier, and within a tier by
the length of the heading, because a match that covers more of a heading is more likely the intended one:

0. the heading equals the query      4. the heading contains all words
1. a name equals it                  5. all words occur somewhere
2. the heading begins with it        6. the heading contains all words, the last one as a prefix
3. a name begins with it             7. the rest: all words occur somewhere, the last one as a prefix

The query's `SearchForm` decides which words are looked up in the index, and which are checked in the rows found. A
*rank* is tier and length in one number. A search with few matches ranks and sorts all of them; one with many scans each
tier in the order of the length until the page is full. Both return the same rows in the same order.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from typing import Any

from sqlalchemy import (
    BindParameter,
    Boolean,
    Computed,
    FromClause,
    Integer,
    Text,
    and_,
    bindparam,
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

from app.values.search_query import SearchForm, SearchQuery

from .conditions import LAST, Predicate, Sql

TIER = 1000  # distance between the ranks of two tiers; a heading has at most 200 characters
RANK_MOST = 10 * TIER


@dataclass(frozen=True)
class SearchTerms:
    """The parts of a search query as SQL parameters, with its form."""

    form: SearchForm
    words: BindParameter[str]
    finished: BindParameter[str]
    last: BindParameter[str]
    phrases: BindParameter[str]
    without: BindParameter[str]


def search_terms(form: SearchForm) -> SearchTerms:
    """Return the terms of a form; `search_values` gives the values of their parameters."""
    return SearchTerms(form, **{name: bindparam(f"q_{name}") for name in SearchQuery._fields})


def search_values(query: SearchQuery) -> dict[str, str]:
    """Return the values of the parameters of `search_terms`."""
    return {f"q_{name}": part for name, part in zip(SearchQuery._fields, query, strict=True)}


@dataclass(frozen=True)
class Search:
    """How rows of a resource are searched."""

    isbn: Callable[[FromClause, Sql], Predicate] | None = None  # the condition of the rows that have an ISBN

    def matches(self, table: FromClause, terms: SearchTerms) -> Predicate:
        """Return the condition of all matches."""
        if terms.form.isbn:
            return self.isbn(table, terms.words) if self.isbn else false()
        conditions = [*_all_words(table, "", terms), *self.phrase_conditions(table, terms)]
        return and_(*conditions) if conditions else false()

    def phrase_conditions(self, table: FromClause, terms: SearchTerms) -> list[Predicate]:
        """Return the conditions of the phrases and of the words to exclude."""
        return [_has(table, func.phrases_query(terms.phrases, terms.without))] if terms.form.phrases else []

    def rank(self, table: FromClause, terms: SearchTerms) -> Sql:
        """Return the number that `matches` are sorted by."""
        tiers = self._tiers(table, terms)
        length = heading_length(table)
        if not tiers:
            return length
        tier = case(*((condition, number) for number, condition in enumerate(tiers)), else_=len(tiers))
        return tier * literal_column(str(TIER), Integer) + length

    def parts(self, table: FromClause, terms: SearchTerms) -> list[tuple[int, Predicate]]:
        """Return the tiers in order: the lowest rank and the condition of each."""
        tiers = self._tiers(table, terms)
        phrases = self.phrase_conditions(table, terms)
        parts = [
            (number * TIER, and_(condition, *phrases, *map(_not, tiers[:number])))
            for number, condition in enumerate(tiers)
        ]
        return [*parts, (len(tiers) * TIER, and_(self.matches(table, terms), *map(_not, tiers)))]

    def _tiers(self, table: FromClause, terms: SearchTerms) -> list[Predicate]:
        """Return the conditions of all tiers but the last, which has the remaining matches."""
        if not terms.form.has_words:
            return []
        words = terms.words
        start = func.left(func.plain_words(words), literal_column("200"), type_=Text)
        is_something = start != literal_column("''", Text)
        return [
            and_(table.c.heading == start, is_something),
            _has(table, func.name_query(words)),
            and_(table.c.heading >= start, table.c.heading < start.concat(LAST), is_something),
            _has(table, func.name_beginning_query(words)),
            _has(table, _words_query("=", words)),
            _has(table, _words_query("", words)),
            and_(*_all_words(table, "=", terms)),
        ]


def heading_column(name: str) -> MappedColumn[str]:
    """Return the column of the plain words of a text column, cut for comparison."""
    plain = func.left(func.plain_words(column(name)), literal_column("200"), type_=Text)
    return mapped_column(Text(collation="C"), Computed(plain, persisted=True), deferred=True)


def words_column(expression: str) -> MappedColumn[str]:
    """Return the column of a record's words; `expression` calls ``search_words``, a function of the database."""
    return mapped_column(TSVECTOR, Computed(expression, persisted=True), deferred=True)


def heading_length(table: FromClause) -> Sql:
    """Return the length of a heading, the sort key within a tier."""
    return func.length(table.c.heading, type_=Integer)


def _not(condition: Predicate) -> Predicate:
    """Return the negation that the planner estimates well.

    A plain NOT of a range becomes two comparisons joined by OR, which Postgres takes to be independent.
    """
    return condition.is_not(true())


def _all_words(table: FromClause, mark: str, terms: SearchTerms) -> list[Predicate]:
    """Return the conditions of the rows that have all words, each with a mark.

    The last word may be a prefix.
    """
    form = terms.form
    parts = [
        (part, by_row)
        for part, is_present, by_row in (
            (terms.finished, form.finished, form.finished_by_row),
            (terms.last, form.last, form.last_by_row),
        )
        if is_present
    ]
    indexed, checked = [[part for part, by_row in parts if by_row == wanted] for wanted in (False, True)]
    conditions = [_has(table, _words_query(mark, _joined(indexed)))] if indexed else []
    return [*conditions, _has_by_row(table, _words_query(mark, _joined(checked)))] if checked else conditions


def _joined(parts: list[BindParameter[str]]) -> Sql:
    """Return words joined by spaces. Not by ``concat_ws``, which the planner does not evaluate beforehand."""
    first, *rest = (cast(part, Text) for part in parts)
    return reduce(lambda before, part: before.concat(literal_column("' '", Text)).concat(part), rest, first)


def _words_query(mark: str, words: Any) -> Sql:
    return func.words_query(literal_column(f"'{mark}'", Text), words)


def _has(table: FromClause, query: Any) -> Predicate:
    return table.c.words.op("@@", is_comparison=True, return_type=Boolean())(query)


def _has_by_row(table: FromClause, query: Any) -> Predicate:
    """Return the condition `_has` in a form that no index serves."""
    return func.ts_match_vq(table.c.words, query, type_=Boolean)
