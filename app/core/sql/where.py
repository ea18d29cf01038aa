"""The conditions of a statement, from the selection of its shape."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from sqlalchemy import ColumnElement, FromClause, bindparam

from app.core.columns.conditions import column_condition, hide_correlation
from app.core.columns.search import Search, SearchTerms, search_terms
from app.core.fields import Comparison, Filter
from app.core.query.query import SortKey
from app.core.resource import Resource
from app.values.search_query import SearchForm

from .shape import VALUE, ConditionShape, Selection

LOWER, UPPER = ("gt", "gte"), ("lt", "lte")
BY_ID = (SortKey("id"),)


def conditions_of(
    resource: Resource,
    selection: Selection,
    sort: Sequence[SortKey] = BY_ID,
    *,
    filters_by_row: bool = False,
    table: FromClause | None = None,
) -> list[ColumnElement[bool]]:
    """Return the conditions of the selected rows, those of the search first.

    `sort` is the order of the list, whose indexes ranges use. `filters_by_row` keeps filters from using their indexes.
    `table` is the resource's table, or a sample of it.
    """
    table = resource.table if table is None else table
    descending = {key.name: key.descending for key in sort}
    lower, upper = ({each.name for each in selection.conditions if each.operator in side} for side in (LOWER, UPPER))
    conditions: list[ColumnElement[bool]] = []
    shared: dict[Callable[..., Any], dict[str, list[Comparison]]] = {}
    for filter_, comparison in comparisons_of(resource, selection.conditions):
        name = filter_.name
        if filter_.build:
            shared.setdefault(filter_.build, {}).setdefault(name, []).append(comparison)
        else:
            conditions.append(
                column_condition(
                    filter_,
                    table,
                    comparison,
                    descending=descending.get(name),
                    is_bounded=name in lower & upper,
                )
            )
    conditions += [build(table, comparisons) for build, comparisons in shared.items()]
    conditions += resource.owner_conditions
    if filters_by_row:
        conditions = [hide_correlation(condition) for condition in conditions]
    if selection.search is None:
        return conditions
    search, terms = search_in(resource, selection.search)
    return [search.matches(table, terms), *conditions]


def search_in(resource: Resource, form: SearchForm | None) -> tuple[Search, SearchTerms]:
    """Return how a resource is searched, and the parameters of a search of this form."""
    assert resource.search is not None
    assert form is not None
    return resource.search, search_terms(form)


def comparisons_of(
    resource: Resource, conditions: Sequence[ConditionShape], prefix: str = VALUE
) -> Iterator[tuple[Filter, Comparison]]:
    """Yield the filter of each condition, with its comparison.

    The values are the parameters that `shape.condition_values` defines.
    """
    number = 0
    for condition in conditions:
        filter_ = resource.filters[condition.name]
        values: list[Any] = [condition.values] if condition.operator == "null" else []
        while condition.operator != "null" and len(values) < condition.values:
            parts: tuple[Any, ...] = tuple(bindparam(f"{prefix}{number + part}") for part in range(filter_.type.width))
            values.append(parts[0] if len(parts) == 1 else parts)
            number += len(parts)
        # A repeated `ne` excludes each of its values.
        for group in [[value] for value in values] if condition.operator == "ne" else [values]:
            yield filter_, Comparison(condition.operator, group, condition.is_short)
