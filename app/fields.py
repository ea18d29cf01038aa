"""A field of a resource: what is said once, beside its column, and followed by everything else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, FromClause
from sqlalchemy.orm import DeclarativeBase

from .vocabulary import Kind


@dataclass(frozen=True)
class Field:
    """A member of the representation.

    Beside a column it is the column's ``info`` (see `described`), which gives it its `name` and whether it can be
    unknown. A field that is no column has an `expression`: from the table it makes the SQL of the field's JSON.
    """

    kind: Kind
    help: str
    example: Any = None
    required: bool = False
    read_only: bool = False
    filters: bool = False
    sorts: bool = False
    nullable: bool = True
    name: str = ""
    expression: Callable[[FromClause], ColumnElement[Any]] | None = None


@dataclass(frozen=True)
class Asked:
    """One condition of a query, as SQL is made from it: `values` are bound parameters, one or several a value; `form`
    is that of the first (see `Kind.form`).
    """

    operator: str
    values: Sequence[Any]
    form: str = ""


@dataclass(frozen=True)
class Filter:
    """A name that a query may filter by.

    Without `build` it is the column of that name. `build` takes the table and the conditions asked of each filter
    that shares it, by name, and makes one condition that is true or false, never NULL: filters that share one
    speak of the same thing.
    """

    name: str
    kind: Kind
    operators: tuple[str, ...]
    help: str
    example: Any = None
    build: Callable[[FromClause, dict[str, list[Asked]]], ColumnElement[bool]] | None = None


def described(field: Field) -> dict[str, Field]:
    """The ``info`` of a `mapped_column` that carries its field."""
    return {"field": field}


def fields_of(model: type[DeclarativeBase]) -> dict[str, Field]:
    """The fields that a model declares beside its columns, by name, in their order."""
    return {
        column.name: replace(column.info["field"], name=column.name, nullable=bool(column.nullable))
        for column in model.__table__.columns
        if "field" in column.info
    }


def filter_of(field: Field) -> Filter:
    """The filter that a field declares."""
    operators = (*field.kind.operators, "null") if field.nullable else field.kind.operators
    return Filter(field.name, field.kind, operators, field.help, field.example)
