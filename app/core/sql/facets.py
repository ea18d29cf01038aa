"""Statements that count the values of fields among the selected rows: facets.

Up to `MOST_EXACT` rows are counted one by one. More rows, as the planner estimates them, are counted in a sample of the
table: whole blocks, the same ones each time, so that a count repeats as long as the table stays as it is. One statement
counts all facets of a selection.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    Float,
    FromClause,
    Select,
    Text,
    any_,
    bindparam,
    cast,
    collate,
    func,
    literal_column,
    select,
    tablesample,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY

from app.core.fields import Comparison
from app.core.parameters import RELEVANCE
from app.core.query.query import Condition, Query, SortKey
from app.core.resource import Resource
from extensions.database import Share, Statement, fetch

from .compile import compiled
from .counts import selected_rows
from .search_strategy import choose_strategy
from .shape import (
    ConditionShape,
    SearchStrategy,
    Selection,
    condition_shapes,
    condition_values,
    selection_of,
    values_of,
)
from .where import comparisons_of, conditions_of

MOST_EXACT = 20_000  # rows, as the planner estimates them, that are counted one by one
LEAST_EXACT = 10_000  # the same, however many statements a request has
MOST_COST = 60_000  # of reading them, in the planner's units
MOST_COUNTED = 60_000  # rows after which counting one by one is given up, because the estimate was far too low
SAMPLE = 30_000  # rows of the table in the samples of a request
LEAST_SAMPLE = 10_000  # rows of one sample
THIN = 40  # selected rows of a sample below which the rows are counted one by one after all
ALL = -1  # in the column `facet` of a statement: the number of all selected rows

Restriction = tuple[str, Comparison]
Rows = Callable[[FromClause, Sequence[Restriction]], Select[Any]]


@dataclass(frozen=True, eq=False)
class Facet:
    """A field whose values are counted."""

    name: str
    filters: tuple[str, ...]  # on its own field, which its counts leave out
    columns: tuple[str, ...]  # of a row, beside the id, that `values` reads
    values: Callable[[FromClause], Select[Any]]  # selects `value`: distinct ones of each row, NULL if it has none
    source: Rows | None = None  # the rows that `values` reads instead, which several facets share
    text: Callable[[ColumnElement[Any]], ColumnElement[str]] = lambda value: value  # by which equal counts are ordered


class Wanted(NamedTuple):
    """A facet of a statement, with the conditions that its values themselves must meet."""

    facet: Facet
    restrictions: tuple[Condition, ...] = ()
    chosen: tuple[str | None, ...] = ()  # values that are counted, however rare


class ValueCount(NamedTuple):
    """A value of a facet, its text, and the number of rows."""

    value: str | None
    text: str | None
    rows: int


@dataclass(frozen=True)
class Counts:
    """The number of selected rows, and the counts of each facet by name, the most frequent value first."""

    rows: int
    is_exact: bool
    facets: dict[str, list[ValueCount]]

    def scaled(self, scale: float) -> Counts:
        """Return the estimates for the whole table from the counts of a sample."""
        return Counts(
            round(self.rows * scale),
            False,
            {
                name: [each._replace(rows=round(each.rows * scale)) for each in values]
                for name, values in self.facets.items()
            },
        )


class WantedShape(NamedTuple):
    """A `Wanted` without its values."""

    facet: Facet
    restrictions: tuple[ConditionShape, ...]
    has_chosen: bool


def count_facets(resource: Resource, query: Query, wanted: Sequence[Wanted], limit: int, samples: int = 1) -> Counts:
    """Return the counts of facets among the rows of a query, at most `limit` values each, and the chosen ones.

    `samples` is the number of calls that share the rows of a sample. Raises ``DatabaseUnavailable``.
    """
    selection = selection_of(resource, query)
    rows, cost, all_rows = _estimated(resource, selection, values_of(query))
    values = _values(query, wanted) | {"values": limit, "most": MOST_COUNTED + 1}
    shapes = tuple(
        WantedShape(each.facet, condition_shapes(resource, each.restrictions), bool(each.chosen)) for each in wanted
    )

    def exact() -> Counts:
        strategy = _strategy(resource, query) if query.search else None
        return _run(exact_counts(resource, selection, shapes, strategy), values, wanted)

    is_quick = rows <= max(MOST_EXACT / samples, min(MOST_EXACT, LEAST_EXACT)) and cost <= MOST_COST / samples
    if is_quick:
        counts = exact()
        if counts.rows <= MOST_COUNTED:
            return counts
    share = min(1.0, max(SAMPLE / samples, LEAST_SAMPLE) / max(all_rows, 1))
    sampled = _run(sampled_counts(resource, selection, shapes), values | {"percent": 100 * share}, wanted)
    if share == 1:
        return sampled
    if sampled.rows < THIN and not is_quick:
        counts = exact()
        if counts.rows <= MOST_COUNTED:
            return counts
    is_whole = not (selection.conditions or selection.search)
    return sampled.scaled(all_rows / max(sampled.rows, 1) if is_whole else 1 / share)


def _estimated(resource: Resource, selection: Selection, values: dict[str, Any]) -> tuple[float, float, float]:
    """Return the planner's estimates: the selected rows, the cost of reading them, and all rows of the table."""
    plans = []
    for each in (selection, Selection()):
        rows = selected_rows(resource, each)
        explained = Statement(f"EXPLAIN (FORMAT JSON) {rows.sql}", rows.constants)
        [[[document]]] = fetch(explained, values, share=Share.SLOW_READS)
        plans.append(document["Plan"])
    return plans[0]["Plan Rows"], plans[0]["Total Cost"], plans[1]["Plan Rows"]


def _strategy(resource: Resource, query: Query) -> SearchStrategy:
    """Return how the list looks up the words of its search."""
    return choose_strategy(resource, replace(query, sort=(SortKey(RELEVANCE),), cursor=None))


def _values(query: Query, wanted: Sequence[Wanted]) -> dict[str, Any]:
    values = values_of(query)
    for each in wanted:
        values |= condition_values(each.restrictions, _prefix(each.facet))
        values[f"chosen_{each.facet.name}"] = [value for value in each.chosen if value is not None]
    return values


def _prefix(facet: Facet) -> str:
    """Return the beginning of the names of a facet's parameters."""
    return f"{facet.name}_"


def _run(statement: Statement, values: dict[str, Any], wanted: Sequence[Wanted]) -> Counts:
    facets: dict[str, set[ValueCount]] = {each.facet.name: set() for each in wanted}
    count = 0
    for number, value, text, rows in fetch(statement, values | statement.constants, share=Share.SLOW_READS):
        if number == ALL:
            count = rows
        else:
            facets[wanted[number].facet.name].add(ValueCount(value, text, rows))
    return Counts(count, True, {name: sorted(found, key=_order) for name, found in facets.items()})


def _order(each: ValueCount) -> tuple[int, bool, str, int, str]:
    """Return the sort key: the most frequent first, then by code point, then by id."""
    value = each.value or ""
    return -each.rows, each.text is None, each.text or "", len(value), value


@lru_cache(maxsize=256)
def exact_counts(
    resource: Resource, selection: Selection, wanted: tuple[WantedShape, ...], strategy: SearchStrategy | None = None
) -> Statement:
    """Return the statement that counts facets among the first ``%(most)s`` selected rows.

    Its rows are the number of a facet (`ALL`: all selected rows), a value, its text, and a count.
    """
    if strategy:
        selection = selection._replace(search=strategy.form)
    conditions = conditions_of(resource, selection, filters_by_row=strategy is not None and strategy.filters_by_row)
    rows = select(*_columns(resource.table, wanted)).where(*conditions).limit(bindparam("most", type_=BigInteger))
    return _counts(resource, rows, wanted)


@lru_cache(maxsize=256)
def sampled_counts(resource: Resource, selection: Selection, wanted: tuple[WantedShape, ...]) -> Statement:
    """Return the statement that counts facets among the selected rows of ``%(percent)s`` % of the table's blocks.

    Its rows are those of `exact_counts`.
    """
    percent = func.system(bindparam("percent", type_=Float))
    sample = tablesample(resource.table, percent, name="sampled", seed=literal_column("1"))
    conditions = conditions_of(resource, selection, table=sample)
    return _counts(resource, select(*_columns(sample, wanted)).where(*conditions), wanted)


def _columns(table: FromClause, wanted: Sequence[WantedShape]) -> list[ColumnElement[Any]]:
    names = dict.fromkeys(("id", *(name for each in wanted for name in each.facet.columns)))
    return [table.c[name] for name in names]


def _counts(resource: Resource, rows: Select[Any], wanted: Sequence[WantedShape]) -> Statement:
    selected = rows.cte("selected").prefix_with("MATERIALIZED")
    nothing: ColumnElement[Any] = literal_column("NULL::text")
    all_rows = select(
        literal_column(str(ALL)).label("facet"),
        nothing.label("value"),
        nothing.label("text"),
        func.count().label("count"),
    )
    parts: list[Any] = [all_rows.select_from(selected)]
    sources: dict[Any, CTE] = {}
    for number, each in enumerate(wanted):
        parts += _parts(number, each, _source(resource, each, selected, sources))
    union = union_all(*(select(part.subquery()) for part in parts))
    return compiled(select(union.subquery()))


def _source(resource: Resource, wanted: WantedShape, selected: CTE, sources: dict[Any, CTE]) -> CTE:
    """Return the rows that a facet reads its values from. Those without restrictions are read once for all facets."""
    facet = wanted.facet
    if facet.source is None:
        return selected
    key = (facet.source, wanted.restrictions and facet)
    if key not in sources:
        comparisons = comparisons_of(resource, wanted.restrictions, _prefix(facet))
        rows = facet.source(selected, [(filter_.name, comparison) for filter_, comparison in comparisons])
        sources[key] = rows.cte(f"{facet.name}_rows").prefix_with("MATERIALIZED")
    return sources[key]


def _parts(number: int, wanted: WantedShape, rows: CTE) -> list[Select[Any]]:
    """Return the selects of a facet: its most frequent values, and the chosen ones."""
    facet = wanted.facet
    values = facet.values(rows).subquery()
    counts = select(values.c.value, func.count().label("count")).group_by(values.c.value).cte(f"{facet.name}_counts")
    limit = bindparam("values", type_=BigInteger)
    # With ties, because only these are ordered by their text, which may have to be looked up.
    frequent = select(counts).order_by(counts.c.count.desc()).fetch(limit, with_ties=True).subquery()
    found = _row(number, facet, frequent)
    text = found.selected_columns.text
    parts = [found.order_by(frequent.c.count.desc(), collate(text, "C").nulls_last(), frequent.c.value).limit(limit)]
    if wanted.has_chosen:
        chosen = cast(bindparam(f"chosen_{facet.name}"), ARRAY(Text))
        is_chosen = cast(counts.c.value, Text) == any_(chosen)
        parts.append(_row(number, facet, counts).where(is_chosen | counts.c.value.is_(None)))
    return parts


def _row(number: int, facet: Facet, counts: FromClause) -> Select[Any]:
    return select(
        literal_column(str(number)).label("facet"),
        cast(counts.c.value, Text).label("value"),
        cast(facet.text(counts.c.value), Text).label("text"),
        counts.c.count.label("count"),
    )
