"""A field of a resource, declared beside its column."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, FromClause
from sqlalchemy.orm import DeclarativeBase

from .base import FieldType


@dataclass(frozen=True)
class Field:
    """A member of the representation.

    Declared in a column's ``info`` (see `described`), it gets `name` and `nullable` from the column. A field without a
    column has an `expression`, which makes the SQL of its JSON from the table.
    """

    type: FieldType
    help: str
    example: Any = None
    required: bool = False
    read_only: bool = False
    filters: bool = False  # whether lists can be filtered by it
    sorts: bool = False  # whether lists can be sorted by it
    nullable: bool = True
    name: str = ""
    expression: Callable[[FromClause], ColumnElement[Any]] | None = None

    def as_filter(self) -> Filter:
        """Return the filter of this field's column."""
        operators = (*self.type.operators, "null") if self.nullable else self.type.operators
        return Filter(self.name, self.type, operators, self.help, self.example)


@dataclass(frozen=True)
class Comparison:
    """A filter's operator, with its values as SQL parameters.

    Each value is one parameter, or a tuple of them (`FieldType.width`).
    """

    operator: str
    values: Sequence[Any]
    is_short: bool = False  # `FieldType.is_short` of the first value


@dataclass(frozen=True)
class Filter:
    """A filter of a list.

    Without `build` it compares the column of its name. `build` takes the table, and the comparisons of all filters that
    share it, by name, because these concern the same related row. It returns one condition that is never NULL.
    """

    name: str
    type: FieldType
    operators: tuple[str, ...]
    help: str
    example: Any = None
    build: Callable[[FromClause, dict[str, list[Comparison]]], ColumnElement[bool]] | None = None


def described(field: Field) -> dict[str, Field]:
    """Return the ``info`` of a `mapped_column` that declares its field."""
    return {"field": field}


def fields_of(model: type[DeclarativeBase]) -> dict[str, Field]:
    """Return the fields that a model declares, by name, in the order of its columns."""
    return {
        column.name: replace(column.info["field"], name=column.name, nullable=bool(column.nullable))
        for column in model.__table__.columns
        if "field" in column.info
    }
