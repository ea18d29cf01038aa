"""What each filter operator means in SQL, by the kind of value it is asked of."""

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
    select,
    true,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, array
from sqlalchemy.types import Text

from .expressions import KEY_LENGTH, fold, key_of, like_pattern, number_key, text_key, unknown
from .fields import Asked, Filter
from .vocabulary import Identifiers, Language, Lines

Sql = ColumnElement[Any]
Bool = ColumnElement[bool]

# One code point above all text: `prefix || LAST` bounds everything that begins with the prefix.
LAST = literal_column(r"U&'\+10FFFF'", Text)


def of_column(filter_: Filter, table: FromClause, asked: Asked, *, walked: bool | None, between: bool) -> Bool:
    """The condition of a filter that is a column. `walked`: whether the list is sorted by it, and then whether
    downward, so that a range bounds the same index that the order uses. `between`: whether this is one of two bounds.
    """
    if isinstance(filter_.kind, Identifiers):
        return _identifiers(table.c.identifiers, asked)
    column = table.c[filter_.name]
    if isinstance(filter_.kind, Lines):
        return _lines(column, asked)
    if isinstance(filter_.kind, Language) and asked.operator == "contains":
        return _holding(table, column, asked.values[0])
    if filter_.kind.order == "text":
        return text(table, filter_.name, asked)
    if filter_.kind.order in ("date", "number", "timestamp"):
        ordered = table.c[f"{filter_.name}_key"] if filter_.kind.order == "date" else column
        return number(ordered, asked, walked=walked, between=between)
    return _plain(column, asked)


def text(table: FromClause, name: str, asked: Asked) -> Bool:
    """A text column: equality is exact, and `contains` and `starts` fold both sides."""
    column, key, values = table.c[name], key_of(table, name), asked.values
    match asked.operator:
        case "eq":
            return and_(key == text_key(values[0]), certainly(column == values[0]))
        case "in":
            keys = array([text_key(value) for value in values])
            return and_(key == any_(keys), certainly(column.in_(values)))
        case "ne":
            return column.is_distinct_from(values[0])
        case "contains":
            return like(fold(column), "%", values[0], "%")
        case "starts":
            return _starts(column, key, values[0])
        case "null":
            return key.is_(None) if values[0] else key.is_not(None)
    raise LookupError(asked.operator)


def certainly(condition: Bool) -> Bool:
    """A condition that nearly all rows meet that met the one before it. The planner, who takes them to be independent,
    would multiply their chances; of this form it knows nothing, and takes one in two.
    """
    return case((condition, true()), else_=false())


def _starts(column: Sql, key: Sql, value: Sql) -> Bool:
    """Folded text that begins with `value`: a range of keys, and a look at the text where the key is too short."""
    prefix = text_key(value)
    return and_(
        key >= prefix,
        key < prefix.concat(LAST),
        or_(func.length(fold(value)) <= literal_column(str(KEY_LENGTH)), func.starts_with(fold(column), fold(value))),
    )


def like(folded: Sql, before: str, value: Sql, after: str) -> Bool:
    """`folded` text that holds `value`, folded, between the literal texts `before` and `after`."""
    return folded.like(
        literal_column(f"'{before}'", Text).concat(like_pattern(value)).concat(literal_column(f"'{after}'", Text))
    )


def _holding(table: FromClause, column: Sql, value: Sql) -> Bool:
    """Texts of which there are few, though in many rows, that hold `value`. It may be too short for the index of
    trigrams, so the different texts are read one after the other from the index of their keys.
    """
    key = text_key(column)
    least = select(func.min(key)).where(key.is_not(None)).correlate(None)
    keys = select(least.scalar_subquery().label("key")).cte("keys", recursive=True)
    next_ = select(func.min(key)).select_from(table).where(key > keys.c.key).correlate(keys).scalar_subquery()
    keys = keys.union_all(select(next_).where(keys.c.key.is_not(None)))
    holding = select(keys.c.key).where(like(keys.c.key, "%", value, "%")).scalar_subquery()
    return and_(key == any_(func.array(holding)), like(key, "%", value, "%"))  # of the second the planner knows more


def _plain(column: Sql, asked: Asked) -> Bool:
    match asked.operator:
        case "eq" | "in":
            return column.in_(asked.values)
        case "ne":
            return column.is_distinct_from(asked.values[0])
        case "null":
            return column.is_(None) if asked.values[0] else column.is_not(None)
    raise LookupError(asked.operator)


def number(column: Sql, asked: Asked, *, walked: bool | None = None, between: bool = False) -> Bool:
    """Numbers, and partial dates by their keys: each value is one bound parameter, or the first and the last key of
    its period. `walked`: whether the list is sorted by this column, and then whether downward.

    A range uses the key under which unknown values lie beyond its open end, so that one comparison says all and the
    planner knows how many rows it finds. Where the list is walked by the other key, that one is bounded, too. One of
    two bounds (`between`) uses the key that goes upward, as the other one does: so they are one range of one index, and
    the upper one leaves out what is unknown.
    """
    nullable = bool(getattr(column, "nullable", False))

    def key(*, descending: bool) -> Sql:
        return number_key(column, descending=descending) if nullable else column

    any_key = key(descending=bool(walked))
    spans = [value if isinstance(value, tuple) else (value, value) for value in asked.values]
    first, last = spans[0] if asked.operator != "null" else (None, None)
    match asked.operator:
        case "eq" | "in":
            found = or_(*(any_key == low if low is high else any_key.between(low, high) for low, high in spans))
            if len(spans) > 1 and walked is not None:  # the walk begins at the first of them
                lows, highs = zip(*spans, strict=True)
                found = and_(found, any_key >= func.least(*lows), any_key <= func.greatest(*highs))
            # No value that is asked for is the one that stands for unknown.
            return and_(found, any_key != unknown(column.type, descending=bool(walked))) if nullable else found
        case "ne" if first is last:
            return column.is_distinct_from(first)
        case "ne":
            return not_(any_key.between(first, last))
        case "null":
            nothing = unknown(column.type, descending=bool(walked))
            return any_key == nothing if asked.values[0] else any_key != nothing
    upward = asked.operator in ("gt", "gte")
    descending = upward and not between
    bounded = [key(descending=descending)]
    if nullable and walked is not None and walked != descending:
        bounded.append(key(descending=walked))
    beyond = unknown(column.type, descending=upward) if nullable else None
    return and_(*(_range(one, asked.operator, first, last, beyond) for one in bounded))


def _range(key: Sql, operator: str, first: Sql, last: Sql, beyond: Sql | None) -> Bool:
    """A range of a key that ends before the value `beyond` it, whatever value is asked for."""
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


def _lines(column: Sql, asked: Asked) -> Bool:
    values = cast(array(asked.values), ARRAY(Text))
    match asked.operator:
        case "has":
            return column.contains(values)
        case "in":
            return column.overlap(values)
        case "ne":
            return not_(column.contains(values))
        case "null":
            empty = column == literal_column("'{}'::text[]")
            return empty if asked.values[0] else not_(empty)
    raise LookupError(asked.operator)


def _identifiers(column: Sql, asked: Asked) -> Bool:
    documents = [
        func.jsonb_build_object(cast(scheme, Text), func.jsonb_build_array(cast(value, Text)), type_=JSONB)
        for scheme, value in asked.values
    ]
    holds = or_(*(column.contains(document) for document in documents))
    return not_(holds) if asked.operator == "ne" else holds
