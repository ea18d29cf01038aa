"""Statements that return the JSON text of records, from a resource and a query's shape.

Each is compiled once and cached. If one plan suits all values, because of a unique index or because nothing is
filtered, connections prepare the statement and plan it once.
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
    case,
    cast,
    func,
    literal_column,
    select,
    true,
    tuple_,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY

from app.core.columns.expressions import number_key, sort_key
from app.core.columns.search import heading_length
from app.core.parameters import RELEVANCE
from app.core.query.query import SortKey
from app.core.resource import Resource
from extensions.database import Statement

from .compile import compiled
from .shape import Shape
from .where import conditions_of, search_in


def record_where(resource: Resource, fields: tuple[str, ...], condition: ColumnElement[bool]) -> Statement:
    """Return the statement of the record of a condition.

    It returns a row of JSON text, or none.
    """
    documents = _documents(resource, fields, resource.table).where(condition, *resource.owner_conditions)
    return compiled(documents, prepared=True)


@lru_cache(maxsize=256)
def record_by_id(resource: Resource, fields: tuple[str, ...]) -> Statement:
    """Return the statement of the record of id ``%(id)s``."""
    return record_where(resource, fields, resource.table.c.id == bindparam("id", type_=BigInteger))


@lru_cache(maxsize=256)
def records_by_ids(resource: Resource, *, is_bounded: bool = False) -> Statement:
    """Return the statement of the records of the ids ``%(ids)s``.

    It returns rows of JSON text and id, in no order; if it `is_bounded`, also the bytes of the text, and NULL for a
    text of more than ``%(most)s`` bytes.
    """
    table = resource.table
    is_wanted = table.c.id == func.any(cast(bindparam("ids"), ARRAY(BigInteger)))
    documents = _documents(resource, tuple(resource.fields), table, table.c.id).where(is_wanted)
    if not is_bounded:
        return compiled(documents, prepared=True)
    records = documents.offset(literal_column("0")).subquery("records")
    return compiled(select(*_bounded(records, "id")), prepared=True)


@lru_cache(maxsize=256)
def whole_list(resource: Resource, shape: Shape) -> Statement:
    """Return the statement of a whole list, in order: a column of JSON text."""
    keys = [_sort_key(resource, shape, key) for key in shape.sort]
    downward = [key.descending for key in shape.sort]
    labels = [key.label(f"_k{index}") for index, key in enumerate(keys)]
    rows = select(*_needed_columns(resource, shape.fields), *labels).where(*_conditions(resource, shape))
    # OFFSET 0 makes the rows a subquery that Postgres does not merge: without an index they are sorted before their
    # JSON is built.
    ordered = rows.order_by(*_ordered(keys, downward)).offset(literal_column("0")).subquery("ordered")
    order = _ordered([ordered.c[label.name] for label in labels], downward)
    return compiled(_documents(resource, shape.fields, ordered).order_by(*order))


@lru_cache(maxsize=1024)
def list_page(resource: Resource, shape: Shape, parent: FromClause | None = None) -> Statement:
    """Return the statement of a page.

    Its rows are the JSON text of a record, the JSON array of its sort keys, and the bytes of the text, in order. A text
    of more than ``%(most)s`` bytes is NULL. With a total or a `parent` (the table of the record ``%(parent)s`` that the
    list belongs to), each row has the total as its fourth column, and an empty page is one row of NULLs and the total.
    No row means that there is no such parent.
    """
    table = resource.table
    conditions = _conditions(resource, shape)
    keys = [_sort_key(resource, shape, key) for key in shape.sort]
    downward = [key.descending != shape.backwards for key in shape.sort]
    labels = [key.label(f"_k{index}") for index, key in enumerate(keys)]
    needed = _needed_columns(resource, shape.fields)
    if shape.walks_tiers:
        rows = _tier_rows(resource, needed, shape).subquery("rows")
    elif _is_covered(resource, shape):
        ids = _page_rows(select(table.c.id, *labels).where(*conditions), keys, downward, shape).subquery("ids")
        id_keys = [ids.c[label.name] for label in labels]
        rows = select(*needed, *id_keys).join_from(ids, table, table.c.id == ids.c.id).subquery("rows")
    else:
        rows = _page_rows(select(*needed, *labels).where(*conditions), keys, downward, shape).subquery("rows")
    row_keys = [rows.c[label.name] for label in labels]
    documents = _documents(resource, shape.fields, rows, func.json_build_array(*row_keys).cast(Text).label("keys"))
    if not shape.total and parent is None:
        # OFFSET 0 makes a subquery that Postgres does not merge: it would build the JSON of each row twice.
        page = documents.order_by(*_ordered(row_keys, downward)).offset(literal_column("0")).subquery("page")
        return compiled(select(*_bounded(page, "keys")), prepared=shape.has_one_plan)
    listed = documents.add_columns(*row_keys).offset(literal_column("0")).lateral("page")
    anchor = _anchor(table, conditions, shape, parent)
    outer = select(*_bounded(listed, "keys"), anchor.c.total).select_from(anchor.outerjoin(listed, true()))
    order = _ordered([listed.c[key.name] for key in labels], downward)
    return compiled(outer.order_by(*order))


def _bounded(records: FromClause, column: str) -> list[ColumnElement[Any]]:
    """Return the columns of records: the JSON text, NULL if it is too long to be read, a further one, and the size."""
    size = func.octet_length(records.c.document)
    text = case((size <= bindparam("most", type_=BigInteger), records.c.document)).label("document")
    return [text, records.c[column], size.label("size")]


def _documents(
    resource: Resource, fields: tuple[str, ...], rows: FromClause, *columns: ColumnElement[Any]
) -> Select[Any]:
    """Return the JSON text of each of the `rows`, and further columns."""
    members = [
        field.expression(rows).label(name) if field.expression else rows.c[name]
        for name, field in resource.fields.items()
        if name in fields
    ]
    document = select(*members).correlate(rows).lateral("document")
    text = func.row_to_json(literal_column("document")).cast(Text).label("document")
    return select(text, *columns).select_from(rows.join(document, true()))


def _conditions(resource: Resource, shape: Shape) -> list[ColumnElement[bool]]:
    return conditions_of(resource, shape.selection, shape.sort, filters_by_row=shape.filters_by_row)


def _is_covered(resource: Resource, shape: Shape) -> bool:
    """Whether an index has all columns that a query compares and sorts by.

    Then only the page's rows are read.
    """
    selection = shape.selection
    if selection.search or not selection.conditions:
        return False
    names = {condition.name for condition in selection.conditions} | {key.name for key in shape.sort}
    return names <= resource.covered


def _needed_columns(resource: Resource, fields: tuple[str, ...]) -> list[ColumnElement[Any]]:
    columns = {"id", *(name for name in fields if not resource.fields[name].expression)}
    return [column for column in resource.table.c if column.name in columns]


def _anchor(table: FromClause, conditions: list[Any], shape: Shape, parent: FromClause | None) -> Any:
    """Return the one row, with the total, that exists even if the page is empty."""
    total: ColumnElement[Any] = literal_column("NULL::bigint")
    if shape.total == "exact":
        total = select(func.count()).select_from(table).where(*conditions).scalar_subquery()
    elif shape.total == "estimated":
        total = func.estimated_count(bindparam("counted", type_=Text), type_=BigInteger)
    rows = select(total.label("total"))
    if parent is not None:
        rows = rows.select_from(parent).where(parent.c.id == bindparam("parent", type_=BigInteger))
    return rows.subquery("anchor")


def _sort_key(resource: Resource, shape: Shape, key: SortKey) -> ColumnElement[Any]:
    """Return the expression that a list is sorted by, which is never NULL."""
    if key.name == RELEVANCE:
        search, terms = search_in(resource, shape.selection.search)
        return search.rank(resource.table, terms)
    field = resource.fields[key.name]
    if field.type.order == "text":
        return sort_key(resource.table, key.name)
    column = resource.table.c[f"{key.name}_key" if field.type.order == "date" else key.name]
    return number_key(column, descending=key.descending) if column.nullable else column


def _page_rows(
    rows: Select[Any], keys: list[ColumnElement[Any]], downward: list[bool], shape: Shape
) -> Select[Any] | CompoundSelect[Any]:
    """Return the rows of a page: by offset, or after the cursor's keys (keyset pagination).

    For two keys and the id, the rows after a cursor are three ranges: equal in both keys and past it in the id, equal
    in the first key and past it in the second, past it in the first. Postgres estimates each of them well, and reads it
    by the most selective index or in the order of its next key. With one condition for all three it would sort all rows
    that are equal in the first key.
    """
    limit: Any = bindparam("limit", type_=BigInteger) if shape.limit is None else literal_column(str(shape.limit))
    if not shape.has_cursor:
        by_offset = rows.order_by(*_ordered(keys, downward)).limit(limit)
        return by_offset.offset(bindparam("offset", type_=BigInteger)) if shape.has_offset else by_offset
    edge = [bindparam(f"k{index}", type_=key.type) for index, key in enumerate(keys)]
    if shape.is_one_range:
        after = _after(keys, edge, downward=downward[0], inclusive=shape.inclusive)
        return rows.where(after).order_by(*_ordered(keys, downward)).limit(limit)
    parts = []
    for equal in reversed(range(len(keys))):
        same = [key == value for key, value in zip(keys[:equal], edge[:equal], strict=True)]
        is_inclusive = shape.inclusive and equal == len(keys) - 1
        after = _after([keys[equal]], [edge[equal]], downward=downward[equal], inclusive=is_inclusive)
        parts.append(rows.where(*same, after).order_by(*_ordered(keys[equal:], downward[equal:])).limit(limit))
    union = union_all(*(select(part.subquery()) for part in parts)).subquery()
    order = [union.c[f"_k{index}"] for index in range(len(keys))]
    return select(union).order_by(*_ordered(order, downward)).limit(limit)


def _ordered(keys: Sequence[ColumnElement[Any]], downward: Sequence[bool]) -> list[ColumnElement[Any]]:
    return [key.desc() if down else key for key, down in zip(keys, downward, strict=True)]


def _after(
    keys: list[ColumnElement[Any]], edge: Sequence[ColumnElement[Any]], *, downward: bool, inclusive: bool
) -> ColumnElement[bool]:
    """Return the condition of the rows after the edge, all keys in one direction."""
    row, limit = (keys[0], edge[0]) if len(keys) == 1 else (tuple_(*keys), tuple_(*edge))
    if inclusive:
        return row <= limit if downward else row >= limit
    return row < limit if downward else row > limit


def _tier_rows(resource: Resource, needed: list[ColumnElement[Any]], shape: Shape) -> Select[Any]:
    """Return the rows of a page of a search, tier by tier.

    A tier is in the order of an index, or a few sorted rows. Postgres reads the parts of a union one after the other,
    and stops when there are enough rows, so it rarely reaches the later tiers. A cursor's rank is compared in every
    tier: it is past the end of the earlier tiers, and before the beginning of the later ones.
    """
    table = resource.table
    search, terms = search_in(resource, shape.selection.search)
    filters = conditions_of(
        resource, shape.selection._replace(search=None), shape.sort, filters_by_row=shape.filters_by_row
    )
    limit: Any = bindparam("limit", type_=BigInteger)
    reach = limit + bindparam("offset", type_=BigInteger) if shape.has_offset else limit
    length, parts = heading_length(table), []
    for lowest, condition in search.parts(table, terms):
        rank = literal_column(str(lowest), Integer)
        conditions = [*filters, condition]
        if shape.has_cursor:
            edge = [bindparam("k0", type_=BigInteger) - rank, bindparam("k1", type_=BigInteger)]
            conditions.append(_after([length, table.c.id], edge, downward=shape.backwards, inclusive=shape.inclusive))
        rows = select(*needed, (rank + length).label("_k0"), table.c.id.label("_k1")).where(*conditions)
        parts.append(rows.order_by(*_ordered([length, table.c.id], [shape.backwards] * 2)).limit(reach))
    if shape.backwards:
        parts.reverse()
    union = select(union_all(*(select(part.subquery()) for part in parts)).subquery()).limit(limit)
    return union.offset(bindparam("offset", type_=BigInteger)) if shape.has_offset else union
