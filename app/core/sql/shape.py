"""The shape of a query: everything that determines its SQL.

Queries of one shape share a statement, which is compiled once and cached; only the values differ. Every
value is a parameter: ``v0``, ``v1`` … in the order of the conditions, ``q_words`` … for a search, ``k0`` … for a
cursor's keys.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from app.core.columns.search import search_values
from app.core.query.query import Condition, Query, SortKey
from app.core.resource import Resource
from app.values.search_query import SearchForm

VALUE = "v"  # before the number of a parameter for a condition's value
USUAL_LIMITS = (10, 20, 25, 50, 100)  # page sizes with statements of their own


class ConditionShape(NamedTuple):
    """A condition without its values."""

    name: str
    operator: str
    values: int | bool  # how many; for `null` the value itself
    is_short: bool = False  # `FieldType.is_short` of the first value


class Selection(NamedTuple):
    """Which rows a statement selects: conditions, and the form of a search."""

    conditions: tuple[ConditionShape, ...] = ()
    search: SearchForm | None = None


class SearchStrategy(NamedTuple):
    """How a search is executed."""

    form: SearchForm
    walks_tiers: bool = False  # tier by tier until the page is full, instead of sorting all matches
    filters_by_row: bool = False  # filters are checked on the rows that the search matches, not in indexes


class Shape(NamedTuple):
    """A query without its values."""

    fields: tuple[str, ...]
    selection: Selection = Selection()
    sort: tuple[SortKey, ...] = (SortKey("id"),)
    has_cursor: bool = False
    inclusive: bool = False
    backwards: bool = False
    has_offset: bool = False
    total: str | None = None
    # The number of rows, if it is part of the statement, so that one plan suits all values; else a parameter.
    limit: int | None = None
    walks_tiers: bool = False
    filters_by_row: bool = False

    @property
    def has_one_plan(self) -> bool:
        """Whether one plan suits all values, so that the statement can be prepared."""
        return self.limit is not None and (self.is_one_range or not self.has_cursor)

    @property
    def is_one_range(self) -> bool:
        """Whether the rows after a cursor are one range of an index.

        It is, for one key and the id in one direction.
        """
        return len(self.sort) <= 2 and len({key.descending for key in self.sort}) == 1


def selection_of(resource: Resource, query: Query) -> Selection:
    """Return which rows a query selects."""
    conditions = condition_shapes(resource, query.conditions)
    return Selection(conditions, query.search.form if query.search else None)


def condition_shapes(resource: Resource, conditions: Iterable[Condition]) -> tuple[ConditionShape, ...]:
    """Return conditions without their values."""
    return tuple(_condition_shape(resource, condition) for condition in conditions)


def _condition_shape(resource: Resource, condition: Condition) -> ConditionShape:
    name, operator, values = condition.name, condition.operator, condition.values
    if operator == "null":
        return ConditionShape(name, operator, values[0])
    return ConditionShape(name, operator, len(values), resource.filters[name].type.is_short(values[0]))


def shape_of(resource: Resource, query: Query, strategy: SearchStrategy | None = None) -> Shape:
    """Return the shape of a list's query, with the strategy of a ranked search."""
    cursor = query.cursor
    selection = selection_of(resource, query)
    is_usual = query.limit in USUAL_LIMITS and not (query.conditions or query.search or query.offset)
    return Shape(
        fields=query.fields,
        selection=selection._replace(search=strategy.form) if strategy else selection,
        sort=query.sort_keys(),
        has_cursor=cursor is not None,
        inclusive=cursor is not None and cursor.inclusive,
        backwards=cursor is not None and cursor.backwards,
        has_offset=query.offset > 0,
        total=query.total,
        limit=query.limit + 1 if is_usual else None,
        walks_tiers=strategy is not None and strategy.walks_tiers,
        filters_by_row=strategy is not None and strategy.filters_by_row,
    )


def values_of(query: Query) -> dict[str, Any]:
    """Return the values of a query's parameters.

    The limit is one more than the page has, to know whether more rows follow.
    """
    values: dict[str, Any] = {"limit": query.limit + 1}
    if query.offset:
        values["offset"] = query.offset
    if query.cursor:
        values |= {f"k{index}": key for index, key in enumerate(query.cursor.keys)}
    if query.search:
        values |= search_values(query.search)
    return values | condition_values(query.conditions)


def condition_values(conditions: Iterable[Condition], prefix: str = VALUE) -> dict[str, Any]:
    """Return the values of the parameters of conditions, which are numbered behind a prefix."""
    parts = (
        part
        for condition in conditions
        if condition.operator != "null"
        for value in condition.values
        for part in (value if isinstance(value, tuple) else (value,))
    )
    return {f"{prefix}{number}": part for number, part in enumerate(parts)}
