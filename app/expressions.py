"""The SQL expressions that indexes, filters and sorts share: an index serves a query only if both say the same."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Text, collate, func, literal_column
from sqlalchemy.types import Float, Integer, TypeEngine

KEY_LENGTH = 200  # characters of a text's sort key: longer index entries do not fit a page


def fold(value: Any) -> ColumnElement[str]:
    """Text without case and accents, the same on every machine (a function of the database)."""
    return func.fold(value, type_=Text)


def text_key(value: Any) -> ColumnElement[str]:
    """What text is ordered by: the first 200 characters of its folded form, by code point."""
    return collate(func.left(fold(value), literal_column(str(KEY_LENGTH)), type_=Text), "C")


def identity_of(value: Any) -> ColumnElement[str]:
    """What is the same for all ways to write one name (a function of the database); not what names are ordered by."""
    return collate(func.name_key(value, type_=Text), "C")


def key_of(table: Any, name: str) -> ColumnElement[str]:
    """The key of a text column: stored beside it where lists are sorted by it, else an expression (and an index)."""
    return table.c[f"{name}_key"] if f"{name}_key" in table.c else text_key(table.c[name])


def like_pattern(value: Any) -> ColumnElement[str]:
    """`value` folded, and with the characters that LIKE treats specially escaped (a function of the database)."""
    return func.like_escape(fold(value), type_=Text)


def unknown(column_type: TypeEngine[Any], *, descending: bool) -> ColumnElement[Any]:
    """The value that stands for NULL in an order in which unknown values come last."""
    if isinstance(column_type, Float):
        return literal_column("'-Infinity'::float8" if descending else "'Infinity'::float8", column_type)
    if isinstance(column_type, Integer):
        return literal_column("(-2147483648)" if descending else "2147483647", column_type)
    raise TypeError(f"no order for {column_type!r}")


def number_key(column: ColumnElement[Any], *, descending: bool) -> ColumnElement[Any]:
    """A nullable number made never-null, so that a page's keyset stays one comparison of rows."""
    return func.coalesce(column, unknown(column.type, descending=descending), type_=column.type)
