"""The filters of favorites: by book, and by the attributes that the account's categories define."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Numeric,
    Text,
    and_,
    case,
    cast,
    false,
    func,
    literal,
    literal_column,
    not_,
    or_,
)
from sqlalchemy.types import Boolean as SqlBoolean
from sqlalchemy.types import Integer

from app.books.models import BOOK_MERGES
from app.core.columns.conditions import like
from app.core.columns.expressions import fold
from app.core.fields import Comparison, Filter
from app.core.records.redirects import id_condition

from .definitions import Attribute

PREFIX = "attributes."

Sql = ColumnElement[Any]
Predicate = ColumnElement[bool]
Build = Callable[[FromClause, dict[str, list[Comparison]]], Predicate]


def book_condition(favorites: FromClause, comparisons: dict[str, list[Comparison]]) -> Predicate:
    """Return the condition of `book_id`, where the id of a merged book equals that of the survivor."""
    return and_(*(_book_condition(favorites.c.book_id, comparison) for comparison in comparisons["book_id"]))


def _book_condition(column: Sql, comparison: Comparison) -> Predicate:
    if comparison.operator == "null":
        return column.is_(None) if comparison.values[0] else column.is_not(None)
    if comparison.operator in ("eq", "in"):
        return func.coalesce(id_condition(BOOK_MERGES, column, comparison), false())
    if comparison.operator == "ne":
        return not_(_book_condition(column, Comparison("eq", comparison.values)))
    return _ordered(column, comparison)


def attribute_filter(attribute: Attribute) -> Filter:
    """Return the filter by an attribute. Favorites without a value of it are unknown."""
    name, type_ = f"{PREFIX}{attribute.key}", attribute.field_type
    value = _VALUES[attribute.type]

    def build(favorites: FromClause, comparisons: dict[str, list[Comparison]]) -> Predicate:
        stored = favorites.c.attributes.op("->")(cast(literal(attribute.key), Text))
        return and_(*(_condition(value(stored), comparison) for comparison in comparisons[name]))

    return Filter(name, type_, (*type_.operators, "null"), f"The attribute {attribute.key}", build=build)


def _condition(value: Sql, comparison: Comparison) -> Predicate:
    """Return the condition of an attribute's value, which is NULL if it is unknown."""
    match comparison.operator:
        case "null":
            return value.is_(None) if comparison.values[0] else value.is_not(None)
        case "ne":
            return not_(_condition(value, Comparison("eq", comparison.values)))
        case "contains":
            found: Predicate = like(fold(value), "%", comparison.values[0], "%")
        case "starts":
            found = like(fold(value), "", comparison.values[0], "%")
        case "eq" | "in":
            found = or_(*(_equals(value, each) for each in comparison.values))
        case _:
            found = _ordered(value, comparison)
    return func.coalesce(found, false())


def _equals(value: Sql, wanted: Any) -> Predicate:
    """Return whether a value is the wanted one, or within its period."""
    return value.between(*wanted) if isinstance(wanted, tuple) else value == cast(wanted, value.type)


def _ordered(value: Sql, comparison: Comparison) -> Predicate:
    wanted = comparison.values[0]
    first, last = wanted if isinstance(wanted, tuple) else (wanted, wanted)
    match comparison.operator:
        case "lt":
            return value < first
        case "lte":
            return value <= last
        case "gt":
            return value > last
        case "gte":
            return value >= first
    raise LookupError(comparison.operator)


def _text(stored: Sql) -> Sql:
    return _if_stored_as("string", stored, stored.op("#>>", return_type=Text())(literal_column("'{}'::text[]")), Text())


def _number(stored: Sql) -> Sql:
    return _if_stored_as("number", stored, cast(stored, Numeric), Numeric())


def _boolean(stored: Sql) -> Sql:
    return _if_stored_as("boolean", stored, cast(stored, SqlBoolean), SqlBoolean())


def _date(stored: Sql) -> Sql:
    return func.partial_date_key(_text(stored), type_=Integer)


def _if_stored_as(kind: str, stored: Sql, value: Sql, type_: Any) -> Sql:
    """Return a value if it has a JSON type.

    Another category may define the key with another type, and Postgres may convert its values before it compares the
    category. CASE is evaluated in order.
    """
    return cast(case((func.jsonb_typeof(stored) == literal(kind), value)), type_)


_VALUES: dict[str, Callable[[Sql], Sql]] = {
    "text": _text,
    "number": _number,
    "integer": _number,
    "boolean": _boolean,
    "date": _date,
    "enum": _text,
    "url": _text,
}
