"""How many rows there are of what is asked for: counted, some of them, or as the planner expects."""

from __future__ import annotations

from functools import lru_cache

from sqlalchemy import bindparam, cast, func, literal_column, select
from sqlalchemy.dialects.postgresql import ARRAY, TSQUERY

from extensions.statement import Statement

from . import conditions
from .compilation import compiled
from .resource import Resource
from .search import length_of
from .selection import Part, question, where
from .shapes import Shape, Wanted

MOST_AMONG = 200  # rows looked at to tell which search finds most


@lru_cache(maxsize=256)
def rows_of(resource: Resource, wanted: tuple[Wanted, ...], part: Part = "all") -> Statement:
    """The rows that meet the conditions, or a part of them, to be counted or estimated."""
    met = where(resource, Shape(fields=(), conditions=wanted), part)
    return compiled(select(literal_column("1")).select_from(resource.table).where(*met))


@lru_cache(maxsize=256)
def among(resource: Resource, wanted: tuple[Wanted, ...]) -> Statement:
    """Which of the searches in the array ``%(searches)s`` find rows that meet the conditions beside the question: rows
    of the place of each, from 1, and of how many of the first that any of them finds. ``%(any)s`` is one search for
    what any of them finds.
    """
    table = resource.table
    met = where(resource, Shape(fields=(), conditions=wanted), "filters")
    some = table.c.words.op("@@")(cast(bindparam("any"), TSQUERY))
    beside = resource.searched.beside(table, question(resource, Shape(fields=(), conditions=wanted)))
    found = select(table.c.words).where(some, *beside, *met).limit(MOST_AMONG).subquery("found")
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
    met = map(conditions.certainly, where(resource, Shape(fields=(), conditions=wanted)))
    return compiled(select(func.count()).select_from(table).where(table.c.id.in_(walked), *met))


@lru_cache(maxsize=8)
def planned_rows(names: tuple[str, ...]) -> Statement:
    """How many rows the planner takes each of several statements to answer, which are quoted by name."""
    return Statement(f"SELECT {', '.join(f'planned_rows(%({name})s)' for name in names)}")
