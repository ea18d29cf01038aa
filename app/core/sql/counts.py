"""Statements that count or estimate rows."""

from __future__ import annotations

from functools import lru_cache

from sqlalchemy import bindparam, cast, func, literal_column, select
from sqlalchemy.dialects.postgresql import ARRAY, TSQUERY

from app.core.columns.conditions import hide_correlation
from app.core.columns.search import heading_length
from app.core.resource import Resource
from extensions.database import Statement

from .compile import compiled
from .shape import Selection
from .where import conditions_of, search_in

MOST_SAMPLED = 200  # rows that are read to compare searches


@lru_cache(maxsize=256)
def selected_rows(resource: Resource, selection: Selection) -> Statement:
    """Return the statement of the selected rows, without columns, to count or to estimate them."""
    conditions = conditions_of(resource, selection)
    return compiled(select(literal_column("1")).select_from(resource.table).where(*conditions))


@lru_cache(maxsize=256)
def count_of_searches(resource: Resource, selection: Selection) -> Statement:
    """Return the statement that counts the matches of several searches.

    All have the filters and the phrases of the selection. The searches are the array ``%(searches)s``; ``%(any)s`` is
    their union. Rows: the number of a search, from 1, and its matches among the first rows that any of them matches. A
    search without matches has no row.
    """
    table = resource.table
    search, terms = search_in(resource, selection.search)
    some = table.c.words.op("@@")(cast(bindparam("any"), TSQUERY))
    filters = conditions_of(resource, selection._replace(search=None))
    matches = select(table.c.words).where(some, *search.phrase_conditions(table, terms), *filters)
    sample = matches.limit(MOST_SAMPLED).subquery("matches")
    numbered = func.unnest(cast(bindparam("searches"), ARRAY(TSQUERY))).table_valued("search", with_ordinality="number")
    searches = numbered.render_derived(name="searches")
    counts = select(searches.c.number, func.count()).select_from(
        sample.join(searches, sample.c.words.op("@@")(searches.c.search))
    )
    return compiled(counts.group_by(searches.c.number))


@lru_cache(maxsize=256)
def count_of_first(resource: Resource, selection: Selection, first: int) -> Statement:
    """Return the statement that counts selected rows among the `first` rows by heading length."""
    table = resource.table
    candidates = select(table.c.id).order_by(heading_length(table), table.c.id).limit(literal_column(str(first)))
    conditions = map(hide_correlation, conditions_of(resource, selection))
    return compiled(select(func.count()).select_from(table).where(table.c.id.in_(candidates), *conditions))


@lru_cache(maxsize=8)
def estimates(names: tuple[str, ...]) -> Statement:
    """Return the statement of the planner's estimates for several statements.

    Their texts are its values, by name.
    """
    return Statement(f"SELECT {', '.join(f'planned_rows(%({name})s)' for name in names)}")
