"""From a resource and a query's shape to one SQL statement that answers with the JSON text itself.

A *shape* is a query without its values: it is compiled once and kept, and only values change. Every value is a
bound parameter: ``v0``, ``v1`` … in the order of the conditions, ``k0`` … for a cursor's keys. Where one plan is good
for all values, because each finds few rows by a unique index or none is filtered by, connections prepare the statement
and plan it once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, NamedTuple

from sqlalchemy import (
    BigInteger,
    BindParameter,
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
from sqlalchemy.dialects.postgresql import ARRAY, TSQUERY
from sqlalchemy.dialects.postgresql.base import PGDialect
from sqlalchemy.dialects.postgresql.psycopg2 import PGDialect_psycopg2
from sqlalchemy.types import NullType

from extensions.statement import Statement

from . import conditions
from .expressions import key_of, number_key
from .fields import Asked, Filter
from .query import RELEVANCE, SEARCH, Query, SortKey
from .resource import Resource
from .search import length_of

LOWER, UPPER = ("gt", "gte"), ("lt", "lte")
USUAL_LIMITS = (10, 20, 25, 50, 100)  # lists of which have statements of their own
MOST_AMONG = 200  # rows looked at to tell which search finds most

_driver = PGDialect_psycopg2()
_server = PGDialect(paramstyle="numeric_dollar")


Part = Literal["all", "question", "filters"]  # of the conditions of a query


class Wanted(NamedTuple):
    """What of a condition makes another statement. `values`: how many, or for `null` the value itself; `form`: that
    of the first value (see `Kind.form`).
    """

    name: str
    operator: str
    values: int | bool
    form: str


class Approach(NamedTuple):
    """How the rows of a search are found. `walks`: tier by tier, instead of sorting all. `spares_filters`: they are
    judged row by row, without their indexes. `form`: that of the question, if it is another than its own.
    """

    walks: bool = False
    spares_filters: bool = False
    form: str = ""


USUAL = Approach()


@dataclass(frozen=True)
class Shape:
    """What of a query makes another statement. `limit`: the number of rows where it is a part of the statement, so that
    one plan is made for it (and is good for all values, where nothing is filtered by them); else it is a value.
    """

    fields: tuple[str, ...]
    conditions: tuple[Wanted, ...] = ()
    sort: tuple[SortKey, ...] = (SortKey("id"),)
    resumes: bool = False
    inclusive: bool = False
    backwards: bool = False
    skips: bool = False
    total: str | None = None
    limit: int | None = None
    approach: Approach = USUAL

    @property
    def has_one_plan(self) -> bool:
        """Whether one plan is good for all values."""
        return self.limit is not None and (self.is_one_range or not self.resumes)

    @property
    def is_one_range(self) -> bool:
        """Whether what stands behind a cursor is one range of an index: of a key and the id, in one direction."""
        return len(self.sort) <= 2 and len({key.descending for key in self.sort}) == 1


def shape_of(resource: Resource, query: Query, approach: Approach = USUAL) -> Shape:
    """The shape of a list's query."""
    cursor = query.cursor
    return Shape(
        fields=query.fields,
        conditions=tuple(
            Wanted(
                condition.name,
                condition.operator,
                condition.values[0] if condition.operator == "null" else len(condition.values),
                (condition.name == SEARCH and approach.form)
                or resource.filters[condition.name].kind.form(condition.values[0]),
            )
            for condition in query.conditions
        ),
        sort=query.sort_keys(),
        resumes=cursor is not None,
        inclusive=cursor is not None and cursor.inclusive,
        backwards=cursor is not None and cursor.backwards,
        skips=query.offset > 0,
        total=query.total,
        limit=query.limit + 1 if query.limit in USUAL_LIMITS and not (query.conditions or query.offset) else None,
        approach=approach,
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
    """The record that meets a condition that finds one at most: a row of its JSON text, or none."""
    return compiled(_documents(resource, fields, resource.table).where(where), prepared=True)


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
    where = _where(resource, shape)
    keys = [_key(resource, shape, key) for key in shape.sort]
    downward = [key.descending != shape.backwards for key in shape.sort]
    labels = [key.label(f"_k{place}") for place, key in enumerate(keys)]
    needed = _needed(resource, shape.fields)
    if shape.approach.walks:
        rows = _walked(resource, needed, shape).subquery("found")
    elif _is_found_in_indexes(resource, shape):
        places = _found(select(table.c.id, *labels).where(*where), keys, downward, shape).subquery("places")
        places_keys = [places.c[label.name] for label in labels]
        rows = select(*needed, *places_keys).join_from(places, table, table.c.id == places.c.id).subquery("found")
    else:
        rows = _found(select(*needed, *labels).where(*where), keys, downward, shape).subquery("found")
    row_keys = [rows.c[label.name] for label in labels]
    documents = _documents(resource, shape.fields, rows, func.json_build_array(*row_keys).cast(Text).label("keys"))
    if not shape.total and parent is None:
        return compiled(documents.order_by(*_ordered(row_keys, downward)), prepared=shape.has_one_plan)
    listed = documents.add_columns(*row_keys).lateral("page")
    anchor = _anchor(table, where, shape, parent)
    outer = select(listed.c.document, listed.c["keys"], anchor.c.total).select_from(anchor.outerjoin(listed, true()))
    order = _ordered([listed.c[key.name] for key in labels], downward)
    return compiled(outer.order_by(*order))


@lru_cache(maxsize=256)
def everything(resource: Resource, shape: Shape) -> Statement:
    """All rows of a list, in the order asked for: one column of JSON text."""
    keys = [_key(resource, shape, key) for key in shape.sort]
    downward = [key.descending for key in shape.sort]
    labels = [key.label(f"_k{place}") for place, key in enumerate(keys)]
    rows = select(*_needed(resource, shape.fields), *labels).where(*_where(resource, shape))
    # The offset keeps the rows a step of their own: where no index has their order, they are sorted without their JSON.
    found = rows.order_by(*_ordered(keys, downward)).offset(literal_column("0")).subquery("found")
    order = _ordered([found.c[label.name] for label in labels], downward)
    return compiled(_documents(resource, shape.fields, found).order_by(*order))


@lru_cache(maxsize=256)
def rows_of(resource: Resource, wanted: tuple[Wanted, ...], part: Part = "all") -> Statement:
    """The rows that meet the conditions, or a part of them, to be counted or estimated."""
    where = _where(resource, Shape(fields=(), conditions=wanted), part)
    return compiled(select(literal_column("1")).select_from(resource.table).where(*where))


@lru_cache(maxsize=256)
def among(resource: Resource, wanted: tuple[Wanted, ...]) -> Statement:
    """Which of the searches in the array ``%(searches)s`` find rows that meet the conditions beside the question: rows
    of the place of each, from 1, and of how many of the first that any of them finds. ``%(any)s`` is one search for
    what any of them finds.
    """
    table = resource.table
    where = _where(resource, Shape(fields=(), conditions=wanted), "filters")
    some = table.c.words.op("@@")(cast(bindparam("any"), TSQUERY))
    beside = resource.searched.beside(table, _question(resource, Shape(fields=(), conditions=wanted)))
    found = select(table.c.words).where(some, *beside, *where).limit(MOST_AMONG).subquery("found")
    listed = func.unnest(cast(bindparam("searches"), ARRAY(TSQUERY))).table_valued("search", with_ordinality="place")
    searches = listed.render_derived(name="listed")
    counted = select(searches.c.place, func.count()).select_from(
        found.join(searches, found.c.words.op("@@")(searches.c.search))
    )
    return compiled(counted.group_by(searches.c.place))


@lru_cache(maxsize=256)
def first_rows(resource: Resource, wanted: tuple[Wanted, ...], first: int) -> Statement:
    """How many of the `first` rows in the order of a walk meet the conditions."""
    table = resource.table
    walked = select(table.c.id).order_by(length_of(table), table.c.id).limit(literal_column(str(first)))
    where = map(conditions.certainly, _where(resource, Shape(fields=(), conditions=wanted)))
    return compiled(select(func.count()).select_from(table).where(table.c.id.in_(walked), *where))


@lru_cache(maxsize=8)
def planned_rows(names: tuple[str, ...]) -> Statement:
    """How many rows the planner takes each of several statements to answer, which are quoted by name."""
    return Statement(f"SELECT {', '.join(f'planned_rows(%({name})s)' for name in names)}")


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


def _key(resource: Resource, shape: Shape, key: SortKey) -> ColumnElement[Any]:
    """The never-null expression that a field is sorted by."""
    if key.name == RELEVANCE:
        return resource.searched.rank(resource.table, _question(resource, shape))
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
    others = _where(resource, shape, "filters")
    limit: Any = bindparam("limit", type_=BigInteger)
    reach = limit + bindparam("offset", type_=BigInteger) if shape.skips else limit
    length, parts = length_of(table), []
    for begins, condition in resource.searched.parts(table, _question(resource, shape)):
        rank = literal_column(str(begins), Integer)
        where = [*others, condition]
        if shape.resumes:
            edge = [bindparam("k0", type_=BigInteger) - rank, bindparam("k1", type_=BigInteger)]
            where.append(_beyond([length, table.c.id], edge, down=shape.backwards, inclusive=shape.inclusive))
        rows = select(*needed, (rank + length).label("_k0"), table.c.id.label("_k1")).where(*where)
        parts.append(rows.order_by(*_ordered([length, table.c.id], [shape.backwards] * 2)).limit(reach))
    if shape.backwards:
        parts.reverse()
    found = select(union_all(*(select(part.subquery()) for part in parts)).subquery()).limit(limit)
    return found.offset(bindparam("offset", type_=BigInteger)) if shape.skips else found


def _question(resource: Resource, shape: Shape) -> Asked:
    """What is searched for."""
    return next(asked for filter_, asked in _asked(resource, shape) if filter_.name == SEARCH)


def _where(resource: Resource, shape: Shape, part: Part = "all") -> list[ColumnElement[bool]]:
    """The conditions of a shape, or a part of them; filters that share a `build` are handed to it together."""
    walked = {key.name: key.descending for key in shape.sort}
    lower, upper = ({one.name for one in shape.conditions if one.operator in side} for side in (LOWER, UPPER))
    searched: list[ColumnElement[bool]] = []
    found: list[ColumnElement[bool]] = []
    together: dict[Callable[..., Any], dict[str, list[Asked]]] = {}
    for filter_, asked in _asked(resource, shape):
        if filter_.name == SEARCH:
            searched.append(resource.searched.matches(resource.table, asked))
        elif filter_.build:
            together.setdefault(filter_.build, {}).setdefault(filter_.name, []).append(asked)
        else:
            name = filter_.name
            between = name in lower & upper
            found.append(conditions.of_column(filter_, resource.table, asked, walked=walked.get(name), between=between))
    found += [build(resource.table, asked) for build, asked in together.items()]
    if shape.approach.spares_filters:
        found = [conditions.certainly(condition) for condition in found]
    return [*(searched if part != "filters" else ()), *(found if part != "question" else ())]


def _asked(resource: Resource, shape: Shape) -> Iterator[tuple[Filter, Asked]]:
    """The filters of a shape, each with its condition, whose values are the parameters ``v0``, ``v1`` and so on."""
    place = 0
    for name, operator, count, form in shape.conditions:
        filter_ = resource.filters[name]
        values: list[Any] = [count] if operator == "null" else []
        while operator != "null" and len(values) < count:
            parts: tuple[Any, ...] = tuple(bindparam(f"v{place + part}") for part in range(filter_.kind.width))
            values.append(parts[0] if len(parts) == 1 else parts)
            place += len(parts)
        yield filter_, Asked(operator, values, form)


def compiled(statement: Select[*tuple[Any, ...]], *, prepared: bool = False) -> Statement:
    """A statement as text; `prepared`: one plan is good for all its values."""
    for_driver = statement.compile(dialect=_driver, compile_kwargs={"render_postcompile": True})
    constants = {name: value for name, value in for_driver.params.items() if value is not None}
    if not prepared:
        return Statement(str(for_driver), constants)
    for_server = statement.compile(dialect=_server, compile_kwargs={"render_postcompile": True})
    parameters = {name: _type_of(for_server.binds[name]) for name in for_server.positiontup or ()}
    return Statement(str(for_driver), constants, str(for_server), parameters)


def _type_of(parameter: BindParameter[Any]) -> str:
    """The type of a parameter for the server, which would take the column's: too small for some of the numbers that a
    column can be compared with.
    """
    match parameter.type:
        case Integer():
            return "bigint"
        case Text():
            return "text"
        case NullType():
            return "unknown"
    return parameter.type.compile(_server)
