"""From a resource and a query's shape to one SQL statement that answers with the JSON text itself.

Each shape is compiled once and kept. Where one plan is good for all values, because each finds few rows by a unique
index or none is filtered by, connections prepare the statement and plan it once.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    CompoundSelect,
    FromClause,
    Integer,
    Select,
    Text,
    bindparam,
    cast,
    func,
    literal_column,
    select,
    true,
    tuple_,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY

from extensions.statement import Statement

from .compilation import compiled
from .expressions import key_of, number_key
from .query import RELEVANCE, SortKey
from .resource import Resource
from .search import length_of
from .selection import question, where
from .shapes import Shape


def record(resource: Resource, fields: tuple[str, ...], met: ColumnElement[bool]) -> Statement:
    """The record that meets a condition that finds one at most: a row of its JSON text, or none."""
    return compiled(_documents(resource, fields, resource.table).where(met), prepared=True)


@lru_cache(maxsize=256)
def one(resource: Resource, fields: tuple[str, ...]) -> Statement:
    """The record of id ``%(id)s``."""
    return record(resource, fields, resource.table.c.id == bindparam("id", type_=BigInteger))


@lru_cache(maxsize=256)
def several(resource: Resource) -> Statement:
    """The records of the ids in the array ``%(ids)s``: rows of JSON text and id, in no order."""
    table = resource.table
    listed = table.c.id == func.any(cast(bindparam("ids"), ARRAY(BigInteger)))
    return compiled(_documents(resource, tuple(resource.fields), table, table.c.id).where(listed), prepared=True)


@lru_cache(maxsize=1024)
def page(resource: Resource, shape: Shape, parent: FromClause | None = None) -> Statement:
    """A page: rows of (JSON text, JSON array of the row's sort keys), in the order asked for.

    With a total or a `parent` (the table of the record ``%(parent)s`` that the list belongs to) each row bears
    the total as its third column, and an empty page is one row of NULLs and the total: no row at all says that
    there is no such parent.
    """
    table = resource.table
    met = where(resource, shape)
    keys = [_key(resource, shape, key) for key in shape.sort]
    downward = [key.descending != shape.backwards for key in shape.sort]
    labels = [key.label(f"_k{place}") for place, key in enumerate(keys)]
    needed = _needed(resource, shape.fields)
    if shape.approach.walks:
        rows = _walked(resource, needed, shape).subquery("found")
    elif _is_found_in_indexes(resource, shape):
        places = _found(select(table.c.id, *labels).where(*met), keys, downward, shape).subquery("places")
        places_keys = [places.c[label.name] for label in labels]
        rows = select(*needed, *places_keys).join_from(places, table, table.c.id == places.c.id).subquery("found")
    else:
        rows = _found(select(*needed, *labels).where(*met), keys, downward, shape).subquery("found")
    row_keys = [rows.c[label.name] for label in labels]
    documents = _documents(resource, shape.fields, rows, func.json_build_array(*row_keys).cast(Text).label("keys"))
    if not shape.total and parent is None:
        return compiled(documents.order_by(*_ordered(row_keys, downward)), prepared=shape.has_one_plan)
    listed = documents.add_columns(*row_keys).lateral("page")
    anchor = _anchor(table, met, shape, parent)
    outer = select(listed.c.document, listed.c["keys"], anchor.c.total).select_from(anchor.outerjoin(listed, true()))
    order = _ordered([listed.c[key.name] for key in labels], downward)
    return compiled(outer.order_by(*order))


@lru_cache(maxsize=256)
def everything(resource: Resource, shape: Shape) -> Statement:
    """All rows of a list, in the order asked for: one column of JSON text."""
    keys = [_key(resource, shape, key) for key in shape.sort]
    downward = [key.descending for key in shape.sort]
    labels = [key.label(f"_k{place}") for place, key in enumerate(keys)]
    rows = select(*_needed(resource, shape.fields), *labels).where(*where(resource, shape))
    # The offset keeps the rows a step of their own: where no index has their order, they are sorted without their JSON.
    found = rows.order_by(*_ordered(keys, downward)).offset(literal_column("0")).subquery("found")
    order = _ordered([found.c[label.name] for label in labels], downward)
    return compiled(_documents(resource, shape.fields, found).order_by(*order))


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


def _is_found_in_indexes(resource: Resource, shape: Shape) -> bool:
    """Whether an index knows all that is asked of a row, so that only those of the page are looked up in the table."""
    asked = {name for name, *_ in shape.conditions}
    return bool(asked) and asked | {key.name for key in shape.sort} <= resource.indexed_together


def _needed(resource: Resource, fields: tuple[str, ...]) -> list[ColumnElement[Any]]:
    columns = {"id", *(name for name in fields if not resource.fields[name].expression)}
    return [column for column in resource.table.c if column.name in columns]


def _anchor(table: FromClause, met: list[Any], shape: Shape, parent: FromClause | None) -> Any:
    """One row that is there although the page is empty."""
    counted: ColumnElement[Any] = literal_column("NULL::bigint")
    if shape.total == "exact":
        counted = select(func.count()).select_from(table).where(*met).scalar_subquery()
    elif shape.total == "estimated":
        counted = func.estimated_count(bindparam("counted", type_=Text), type_=BigInteger)
    rows = select(counted.label("total"))
    if parent is not None:
        rows = rows.select_from(parent).where(parent.c.id == bindparam("parent", type_=BigInteger))
    return rows.subquery("anchor")


def _key(resource: Resource, shape: Shape, key: SortKey) -> ColumnElement[Any]:
    """The never-null expression that a field is sorted by."""
    if key.name == RELEVANCE:
        return resource.searched.rank(resource.table, question(resource, shape))
    field = resource.fields[key.name]
    if field.kind.order == "text":
        return key_of(resource.table, key.name)
    column = resource.table.c[f"{key.name}_key" if field.kind.order == "date" else key.name]
    return number_key(column, descending=key.descending) if column.nullable else column


def _found(
    rows: Select[Any], keys: list[ColumnElement[Any]], downward: list[bool], shape: Shape
) -> Select[Any] | CompoundSelect[Any]:
    """The rows of the page, by the cursor's place in the order of the keys.

    Behind a cursor stand, for two keys and the id, the rows equal to it in both and beyond it in the id, then those
    equal in the first and beyond it in the second, then those beyond it in the first. Of each part the planner knows
    how many rows it holds, and reads it by the index of the key that finds fewest, or in the order of the next key; one
    condition for all would leave the database to sort all rows that are equal in the first.
    """
    limit: Any = bindparam("limit", type_=BigInteger) if shape.limit is None else literal_column(str(shape.limit))
    if not shape.resumes:
        page_ = rows.order_by(*_ordered(keys, downward)).limit(limit)
        return page_.offset(bindparam("offset", type_=BigInteger)) if shape.skips else page_
    edge = [bindparam(f"k{place}", type_=key.type) for place, key in enumerate(keys)]
    if shape.is_one_range:
        beyond = _beyond(keys, edge, down=downward[0], inclusive=shape.inclusive)
        return rows.where(beyond).order_by(*_ordered(keys, downward)).limit(limit)
    parts = []
    for equal in reversed(range(len(keys))):
        same = [key == value for key, value in zip(keys[:equal], edge[:equal], strict=True)]
        inclusive = shape.inclusive and equal == len(keys) - 1
        beyond = _beyond(keys[equal : equal + 1], edge[equal : equal + 1], down=downward[equal], inclusive=inclusive)
        parts.append(rows.where(*same, beyond).order_by(*_ordered(keys[equal:], downward[equal:])).limit(limit))
    union = union_all(*(select(part.subquery()) for part in parts)).subquery()
    order = [union.c[f"_k{place}"] for place in range(len(keys))]
    return select(union).order_by(*_ordered(order, downward)).limit(limit)


def _ordered(keys: Sequence[ColumnElement[Any]], downward: Sequence[bool]) -> list[ColumnElement[Any]]:
    return [key.desc() if down else key for key, down in zip(keys, downward, strict=True)]


def _beyond(
    keys: list[ColumnElement[Any]], edge: Sequence[ColumnElement[Any]], *, down: bool, inclusive: bool
) -> ColumnElement[bool]:
    """The rows whose keys come after the edge in one direction."""
    here, there = (keys[0], edge[0]) if len(keys) == 1 else (tuple_(*keys), tuple_(*edge))
    if inclusive:
        return here <= there if down else here >= there
    return here < there if down else here > there


def _walked(resource: Resource, needed: list[ColumnElement[Any]], shape: Shape) -> Select[Any]:
    """The rows of the page that a search finds, tier by tier, each in the order of an index, or of few rows sorted.

    The parts of a union are read one after the other, and only until there are enough rows: those of the later tiers
    are mostly never looked at. A cursor's rank is the same place in all tiers: behind the end of those before its own,
    before the beginning of those after it.
    """
    table = resource.table
    others = where(resource, shape, "filters")
    limit: Any = bindparam("limit", type_=BigInteger)
    reach = limit + bindparam("offset", type_=BigInteger) if shape.skips else limit
    length, parts = length_of(table), []
    for begins, condition in resource.searched.parts(table, question(resource, shape)):
        rank = literal_column(str(begins), Integer)
        met = [*others, condition]
        if shape.resumes:
            edge = [bindparam("k0", type_=BigInteger) - rank, bindparam("k1", type_=BigInteger)]
            met.append(_beyond([length, table.c.id], edge, down=shape.backwards, inclusive=shape.inclusive))
        rows = select(*needed, (rank + length).label("_k0"), table.c.id.label("_k1")).where(*met)
        parts.append(rows.order_by(*_ordered([length, table.c.id], [shape.backwards] * 2)).limit(reach))
    if shape.backwards:
        parts.reverse()
    found = select(union_all(*(select(part.subquery()) for part in parts)).subquery()).limit(limit)
    return found.offset(bindparam("offset", type_=BigInteger)) if shape.skips else found
