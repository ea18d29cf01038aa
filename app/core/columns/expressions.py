"""SQL expressions that indexes, filters and sorts share.

An index serves a query only if both use the same expression.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Text, collate, func, literal_column
from sqlalchemy.types import Float, Integer, TypeEngine

KEY_LENGTH = 200  # characters of a text's sort key, because longer index entries do not fit a page


def fold(value: Any) -> ColumnElement[str]:
    """Return text without case and accents, independent of the locale.

    ``fold`` is a function of the database.
    """
    return func.fold(value, type_=Text)


def text_key(value: Any) -> ColumnElement[str]:
    """Return the sort key of a text.

    It is the first 200 characters of its folded form, sorted by code point.
    """
    return collate(func.left(fold(value), literal_column(str(KEY_LENGTH)), type_=Text), "C")


def name_identity(value: Any) -> ColumnElement[str]:
    """Return the key that all spellings of a name share.

    It is not a sort key. ``name_key`` is a function of the database.
    """
    return collate(func.name_key(value, type_=Text), "C")


def sort_key(table: Any, name: str) -> ColumnElement[str]:
    """Return the sort key of a text column.

    It is a stored column if lists are sorted by it, else an indexed expression.
    """
    return table.c[f"{name}_key"] if f"{name}_key" in table.c else text_key(table.c[name])


def like_pattern(value: Any) -> ColumnElement[str]:
    """Return `value` folded, with the wildcards of LIKE escaped (a function of the database)."""
    return func.like_escape(fold(value), type_=Text)


def null_key(column_type: TypeEngine[Any], *, descending: bool) -> ColumnElement[Any]:
    """Return the key that replaces NULL, so that unknown values come last."""
    if isinstance(column_type, Float):
        return literal_column("'-Infinity'::float8" if descending else "'Infinity'::float8", column_type)
    if isinstance(column_type, Integer):
        return literal_column("(-2147483648)" if descending else "2147483647", column_type)
    raise TypeError(f"no order for {column_type!r}")


def number_key(column: ColumnElement[Any], *, descending: bool) -> ColumnElement[Any]:
    """Return the sort key of a nullable number.

    It is never NULL, so that a keyset condition is one row comparison.
    """
    return func.coalesce(column, null_key(column.type, descending=descending), type_=column.type)
