"""From a resource and a query's shape to one SQL statement that answers with the JSON text itself.

A *shape* is a query without its values: it is compiled once and kept, and only values change. Every value is a
bound parameter: ``v0``, ``v1`` … in the order of the conditions, ``k0`` … for a cursor's keys.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BigInteger, ColumnElement, FromClause, Select, Text, and_, bindparam, func, literal_column, or_, select, true,
    tuple_,
)  # fmt: skip
from sqlalchemy.dialects.postgresql.psycopg2 import PGDialect_psycopg2

from . import conditions
from .expressions import number_key, text_key
from .fields import Asked
from .query import Query, SortKey
from .resource import Resource

_dialect = PGDialect_psycopg2()


@dataclass(frozen=True)
class Statement:
    """SQL in psycopg2's form, and the values that stand in it for good."""

    sql: str
    constants: dict[str, Any]


@dataclass(frozen=True)
class Shape:
    """What of a query makes another statement. `conditions`: (filter, operator, number of values)."""

    fields: tuple[str, ...]
    conditions: tuple[tuple[str, str, int | bool], ...] = ()
    sort: tuple[SortKey, ...] = (SortKey("id"),)
    resumes: bool = False
    inclusive: bool = False
    backwards: bool = False
    skips: bool = False
    total: str | None = None
    parent: bool = False


def sort_keys(sort: Sequence[SortKey]) -> tuple[SortKey, ...]:
    """The keys that decide the order: those asked for, up to the id, which breaks ties in the last direction."""
    keys: list[SortKey] = []
    for key in sort:
        keys.append(key)
        if key.name == "id":
            return tuple(keys)
    return (*keys, SortKey("id", keys[-1].descending))


def shape_of(query: Query, *, parent: bool = False) -> Shape:
    """The shape of a list's query; `parent`: the list belongs to a record that must exist."""
    cursor = query.cursor
    return Shape(
        fields=query.fields,
        conditions=tuple(
            (condition.name, condition.operator, condition.values[0] if condition.operator == "null" else
             len(condition.values)) for condition in query.conditions
        ),  # fmt: skip
        sort=sort_keys(query.sort),
        resumes=cursor is not None,
        inclusive=cursor is not None and cursor.inclusive,
        backwards=cursor is not None and cursor.backwards,
        skips=query.offset > 0,
        total=query.total,
        parent=parent,
    )


def values_of(query: Query) -> dict[str, Any]:
    """The values that go with `shape_of` the same query. One row more than the page shows whether it is the last."""
    values: dict[str, Any] = {"limit": query.limit + 1}
    if query.offset:
        values["offset"] = query.offset
    if query.cursor:
        values |= {f"k{place}": key for place, key in enumerate(query.cursor.keys)}
    place = 0
    for condition in query.conditions:
        if condition.operator == "null":
            continue
        for value in condition.values:
            for part in value if isinstance(value, tuple) else (value,):
                values[f"v{place}"] = part
                place += 1
    return values


def record(resource: Resource, fields: tuple[str, ...], where: ColumnElement[bool]) -> Statement:
    """The record that meets a condition: a row of its JSON text, or none."""
    return _compiled(_documents(resource, fields, resource.table).where(where))


@lru_cache(maxsize=256)
def one(resource: Resource, fields: tuple[str, ...]) -> Statement:
    """The record of id ``%(id)s``."""
    return record(resource, fields, resource.table.c.id == bindparam("id", type_=BigInteger))


@lru_cache(maxsize=256)
def several(resource: Resource) -> Statement:
    """The records of the ids in the array ``%(ids)s``: rows of JSON text and id, in no order."""
    table = resource.table
    listed = table.c.id == func.any(bindparam("ids"))
    return _compiled(_documents(resource, tuple(resource.fields), table, table.c.id).where(listed))


@lru_cache(maxsize=1024)
def page(resource: Resource, shape: Shape, parent: FromClause | None = None) -> Statement:
    """A page: rows of (JSON text, JSON array of the row's sort keys), in the order asked for.

    With a total or a `parent` (the table of the record ``%(parent)s`` that the list belongs to) each row bears
    the total as its third column, and an empty page is one row of NULLs and the total: no row at all says that
    there is no such parent.
    """
    table = resource.table
    where = _where(resource, shape)
    keys = [_key(resource, key) for key in shape.sort]
    downward = [key.descending != shape.backwards for key in shape.sort]
    labels = [key.label(f"_k{place}") for place, key in enumerate(keys)]
    found = (
        select(*_needed(resource, shape.fields), *labels)
        .where(*where)
        .order_by(*(key.desc() if down else key for key, down in zip(keys, downward, strict=True)))
        .limit(bindparam("limit", type_=BigInteger))
    )
    if shape.resumes:
        found = found.where(_beyond(keys, downward, inclusive=shape.inclusive))
    if shape.skips:
        found = found.offset(bindparam("offset", type_=BigInteger))
    rows = found.subquery("found")
    row_keys = [rows.c[label.name] for label in labels]
    order = [key.desc() if down else key for key, down in zip(row_keys, downward, strict=True)]
    documents = _documents(resource, shape.fields, rows, func.json_build_array(*row_keys).cast(Text).label("keys"))
    if not shape.total and not shape.parent:
        return _compiled(documents.order_by(*order))
    listed = documents.add_columns(*row_keys).lateral("page")
    anchor = _anchor(table, where, shape, parent)
    outer = select(listed.c.document, listed.c["keys"], anchor.c.total).select_from(
        anchor.outerjoin(listed, true())
    )
    order = [listed.c[key.name].desc() if down else listed.c[key.name]
             for key, down in zip(labels, downward, strict=True)]  # fmt: skip
    return _compiled(outer.order_by(*order))


@lru_cache(maxsize=256)
def rows_of(resource: Resource, conditions_: tuple[tuple[str, str, int | bool], ...]) -> Statement:
    """The rows that meet the conditions, to be counted or estimated."""
    where = _where(resource, Shape(fields=(), conditions=conditions_))
    return _compiled(select(literal_column("1")).select_from(resource.table).where(*where))


def _documents(
    resource: Resource, fields: tuple[str, ...], rows: FromClause, *columns: ColumnElement[Any]
) -> Select[Any]:
    """Each row of `rows` as the JSON text of its representation, with further columns around it."""
    members = [
        field.expression(rows).label(name) if field.expression else rows.c[name]
        for name, field in resource.fields.items()
        if name in fields
    ]
    document = select(*members).correlate(rows).lateral("document")
    text = func.row_to_json(literal_column("document")).cast(Text).label("document")
    return select(text, *columns).select_from(rows.join(document, true()))


def _needed(resource: Resource, fields: tuple[str, ...]) -> list[ColumnElement[Any]]:
    columns = {"id", *(name for name in fields if not resource.fields[name].expression)}
    return [column for column in resource.table.c if column.name in columns]


def _anchor(table: FromClause, where: list[Any], shape: Shape, parent: FromClause | None) -> Any:
    """One row that is there although the page is empty."""
    counted: ColumnElement[Any] = literal_column("NULL::bigint")
    if shape.total == "exact":
        counted = select(func.count()).select_from(table).where(*where).scalar_subquery()
    elif shape.total == "estimated":
        counted = func.estimated_count(bindparam("counted", type_=Text), type_=BigInteger)
    rows = select(counted.label("total"))
    if parent is not None:
        rows = rows.select_from(parent).where(parent.c.id == bindparam("parent", type_=BigInteger))
    return rows.subquery("anchor")


def _key(resource: Resource, key: SortKey) -> ColumnElement[Any]:
    """The never-null expression that a field is sorted by."""
    field = resource.fields[key.name]
    if field.kind.order == "text":
        return text_key(resource.table.c[key.name])
    column = resource.table.c[f"{key.name}_key" if field.kind.order == "date" else key.name]
    return number_key(column, descending=key.descending) if column.nullable else column


def _beyond(keys: list[ColumnElement[Any]], downward: list[bool], *, inclusive: bool) -> ColumnElement[bool]:
    """The rows behind the cursor's keys: one comparison of rows where all keys go the same way."""
    edge = [bindparam(f"k{place}", type_=key.type) for place, key in enumerate(keys)]
    if len(set(downward)) == 1:
        here, there = (keys[0], edge[0]) if len(keys) == 1 else (tuple_(*keys), tuple_(*edge))
        if inclusive:
            return here <= there if downward[0] else here >= there
        return here < there if downward[0] else here > there
    further: ColumnElement[bool] | None = None
    for place in reversed(range(len(keys))):
        key, value = keys[place], edge[place]
        passed = key < value if downward[place] else key > value
        if further is None:
            further = or_(passed, key == value) if inclusive else passed
        else:
            further = or_(passed, and_(key == value, further))
    # The first key alone bounds the index; the rest decides among equals.
    bound = keys[0] <= edge[0] if downward[0] else keys[0] >= edge[0]
    assert further is not None
    return and_(bound, further)


def _where(resource: Resource, shape: Shape) -> list[ColumnElement[bool]]:
    """The conditions of a shape; filters that share a `build` are handed to it together."""
    descending = {key.name: key.descending for key in shape.sort}
    found: list[ColumnElement[bool]] = []
    together: dict[Callable[..., Any], dict[str, list[Asked]]] = {}
    place = 0
    for name, operator, count in shape.conditions:
        filter_ = resource.filters[name]
        if operator == "null":
            asked = Asked(operator, [count])
        else:
            asked = Asked(operator, [])
            width = filter_.kind.width
            for _ in range(count):
                parts = [bindparam(f"v{place + part}") for part in range(width)]
                asked.values.append(parts[0] if width == 1 else tuple(parts))
                place += width
        if filter_.build:
            together.setdefault(filter_.build, {}).setdefault(name, []).append(asked)
        else:
            walked = descending.get(name, False)
            found.append(conditions.of_column(filter_, resource.table, asked, descending=walked))
    return found + [build(resource.table, asked) for build, asked in together.items()]


def _compiled(statement: Select[Any]) -> Statement:
    compiled = statement.compile(dialect=_dialect, compile_kwargs={"render_postcompile": True})
    return Statement(str(compiled), {name: value for name, value in compiled.params.items() if value is not None})
