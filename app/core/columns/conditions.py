"""The SQL of each filter operator, by the type of the field."""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    and_,
    any_,
    case,
    cast,
    false,
    func,
    literal_column,
    not_,
    or_,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, array
from sqlalchemy.types import Text

from app.core.fields import Comparison, Filter, Identifiers, Lines

from .expressions import KEY_LENGTH, fold, like_pattern, null_key, number_key, sort_key, text_key

Sql = ColumnElement[Any]
Predicate = ColumnElement[bool]

# The highest code point: all text that begins with a prefix is below `prefix || LAST`.
LAST = literal_column(r"U&'\+10FFFF'", Text)


def column_condition(
    filter_: Filter, table: FromClause, comparison: Comparison, *, descending: bool | None, is_bounded: bool
) -> Predicate:
    """Return the condition of a filter by its column.

    `descending`: whether the list is sorted downwards by this column, None if it is not sorted by it. A range then uses
    the index of the sort. `is_bounded`: whether the query has both a lower and an upper bound for this column.
    """
    if isinstance(filter_.type, Identifiers):
        return _identifiers_condition(table.c.identifiers, comparison)
    column = table.c[filter_.name]
    if isinstance(filter_.type, Lines):
        return _array_condition(column, comparison)
    if filter_.type.order == "text":
        return text_condition(table, filter_.name, comparison)
    if filter_.type.order in ("date", "number", "timestamp"):
        number = table.c[f"{filter_.name}_key"] if filter_.type.order == "date" else column
        return number_condition(number, comparison, descending=descending, is_bounded=is_bounded)
    return _equality_condition(column, comparison)


def text_condition(table: FromClause, name: str, comparison: Comparison) -> Predicate:
    """Return the condition of a text column.

    Equality is exact; `contains` and `starts` compare folded text.
    """
    column, key, values = table.c[name], sort_key(table, name), comparison.values
    match comparison.operator:
        case "eq":
            return and_(key == text_key(values[0]), hide_correlation(column == values[0]))
        case "in":
            keys = array([text_key(value) for value in values])
            return and_(key == any_(keys), hide_correlation(column.in_(values)))
        case "ne":
            return column.is_distinct_from(values[0])
        case "contains":
            return like(fold(column), "%", values[0], "%")
        case "starts":
            return _prefix_condition(column, key, values[0])
        case "null":
            return key.is_(None) if values[0] else key.is_not(None)
    raise LookupError(comparison.operator)


def hide_correlation(condition: Predicate) -> Predicate:
    """Hide a correlated condition from the planner.

    Rows that pass the previous condition nearly always pass this one, but Postgres assumes independence and multiplies
    the selectivities. Wrapped in CASE it is estimated at 50 %.
    """
    return case((condition, true()), else_=false())


def _prefix_condition(column: Sql, key: Sql, value: Sql) -> Predicate:
    """Return whether folded text begins with `value`.

    The condition is a range of keys, and a comparison of the whole text if the key is truncated.
    """
    prefix = text_key(value)
    return and_(
        key >= prefix,
        key < prefix.concat(LAST),
        or_(func.length(fold(value)) <= literal_column(str(KEY_LENGTH)), func.starts_with(fold(column), fold(value))),
    )


def like(folded: Sql, before: str, value: Sql, after: str) -> Predicate:
    """Return whether `folded` text is like `value`, folded, between two literal patterns."""
    return folded.like(
        literal_column(f"'{before}'", Text).concat(like_pattern(value)).concat(literal_column(f"'{after}'", Text))
    )


def _equality_condition(column: Sql, comparison: Comparison) -> Predicate:
    match comparison.operator:
        case "eq" | "in":
            return column.in_(comparison.values)
        case "ne":
            return column.is_distinct_from(comparison.values[0])
        case "null":
            return column.is_(None) if comparison.values[0] else column.is_not(None)
    raise LookupError(comparison.operator)


def number_condition(
    column: Sql, comparison: Comparison, *, descending: bool | None = None, is_bounded: bool = False
) -> Predicate:
    """Return the condition of a column of numbers, or of the keys of partial dates.

    A value is one parameter, or the first and the last key of a period. `descending` and `is_bounded` are those of
    `column_condition`.

    A range uses the sort key that puts unknown values beyond its open end, so that it is one comparison and the planner
    can estimate it. If the list is sorted by the other key, that key is bounded too. With two bounds, both use the
    ascending key, so that they are one range of one index; the upper bound then excludes unknown values.
    """
    is_nullable = bool(getattr(column, "nullable", False))

    def key(*, descending: bool) -> Sql:
        return number_key(column, descending=descending) if is_nullable else column

    any_key = key(descending=bool(descending))
    spans = [value if isinstance(value, tuple) else (value, value) for value in comparison.values]
    first, last = spans[0] if comparison.operator != "null" else (None, None)
    match comparison.operator:
        case "eq" | "in":
            equals = or_(*(any_key == low if low is high else any_key.between(low, high) for low, high in spans))
            if len(spans) > 1 and descending is not None:  # so that the scan of the sort index starts there
                lows, highs = zip(*spans, strict=True)
                equals = and_(equals, any_key >= func.least(*lows), any_key <= func.greatest(*highs))
            # No value equals the one that replaces NULL.
            return (
                and_(equals, any_key != null_key(column.type, descending=bool(descending))) if is_nullable else equals
            )
        case "ne" if first is last:
            return column.is_distinct_from(first)
        case "ne":
            return not_(any_key.between(first, last))
        case "null":
            null = null_key(column.type, descending=bool(descending))
            return any_key == null if comparison.values[0] else any_key != null
    is_lower = comparison.operator in ("gt", "gte")
    key_descends = is_lower and not is_bounded
    keys = [key(descending=key_descends)]
    if is_nullable and descending is not None and descending != key_descends:
        keys.append(key(descending=descending))
    beyond = null_key(column.type, descending=is_lower) if is_nullable else None
    return and_(*(_range(key, comparison.operator, first, last, beyond) for key in keys))


def _range(key: Sql, operator: str, first: Sql, last: Sql, beyond: Sql | None) -> Predicate:
    """Return a range of keys that excludes `beyond`, the key of unknown values."""
    match operator:
        case "lt":
            return key < (first if beyond is None else func.least(first, beyond))
        case "lte":
            return key <= last if beyond is None else and_(key <= last, key < beyond)
        case "gt":
            return key > (last if beyond is None else func.greatest(last, beyond))
        case "gte":
            return key >= first if beyond is None else and_(key >= first, key > beyond)
    raise LookupError(operator)


def _array_condition(column: Sql, comparison: Comparison) -> Predicate:
    values = cast(array(comparison.values), ARRAY(Text))
    match comparison.operator:
        case "has":
            return column.contains(values)
        case "in":
            return column.overlap(values)
        case "ne":
            return not_(column.contains(values))
        case "null":
            is_empty = column == literal_column("'{}'::text[]")
            return is_empty if comparison.values[0] else not_(is_empty)
    raise LookupError(comparison.operator)


def _identifiers_condition(column: Sql, comparison: Comparison) -> Predicate:
    documents = [
        func.jsonb_build_object(cast(scheme, Text), func.jsonb_build_array(cast(value, Text)), type_=JSONB)
        for scheme, value in comparison.values
    ]
    contains = or_(*(column.contains(document) for document in documents))
    return not_(contains) if comparison.operator == "ne" else contains
