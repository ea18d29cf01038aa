"""The query of a list: filters, search, sort, fields and page."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from app.core.parameters import LIMIT_DEFAULT, RELEVANCE
from app.values import search_query
from app.values.search_query import SearchQuery

from .cursor import Cursor


@dataclass(frozen=True)
class Condition:
    """A filter with an operator and parsed values."""

    name: str
    operator: str
    values: tuple[Any, ...]


@dataclass(frozen=True)
class SortKey:
    """A field to sort by, and the direction."""

    name: str
    descending: bool = False


@dataclass(frozen=True)
class Query:
    """The parsed query string of a list."""

    scope: str  # the path of the list, such as ``authors/7/books``
    conditions: tuple[Condition, ...] = ()
    search: SearchQuery | None = None
    sort: tuple[SortKey, ...] = (SortKey("id"),)
    fields: tuple[str, ...] = ()
    limit: int = LIMIT_DEFAULT
    offset: int = 0
    total: str | None = None
    format: str | None = None
    cursor: Cursor | None = None
    corrected: str = ""  # the spelling to search for, if `q` itself matches nothing
    pairs: tuple[tuple[str, str], ...] = ()  # the parameters that a cursor repeats: filters, search and sort
    sent: tuple[tuple[str, str], ...] = ()  # all parameters, sorted

    def sort_keys(self) -> tuple[SortKey, ...]:
        """Return the sort keys, of which the last is the id, which breaks ties.

        Keys after the id are dropped, because ids are unique. If the client did not request the id, it is added in the
        direction of the last key.
        """
        for index, key in enumerate(self.sort):
            if key.name == "id":
                return self.sort[: index + 1]
        return (*self.sort, SortKey("id", self.sort[-1].descending))

    @property
    def is_ranked(self) -> bool:
        """Whether the rows are sorted by relevance."""
        return self.sort[0].name == RELEVANCE

    def with_spelling(self, corrected: str) -> Query:
        """Return this query with another text to search for. Raises ``SchemaError`` if it is invalid."""
        return replace(self, search=search_query.parse(corrected), corrected=corrected)

    def with_condition(self, condition: Condition) -> Query:
        """Return this query with one more condition, which is not part of the page's links."""
        return replace(self, conditions=(*self.conditions, condition))
