"""Chooses how a search is executed: by words, filters or tiers.

The choice is based on the planner's estimates. By itself, the planner looks up both words and filters in their indexes
and intersects the results, which is fast if both match similar numbers of rows, and slow if one matches most of them.
"""

from __future__ import annotations

from typing import Any

from app.core.query.query import Query
from app.core.resource import Resource
from app.values.search_query import SearchForm
from extensions.database import Share, Statement, fetch

from .counts import count_of_first, estimates, selected_rows
from .shape import SearchStrategy, Selection, selection_of, values_of

MANY = 3000  # matches above which tiers are scanned in order instead of sorted
BROADER = 8  # ratio of matched rows up to which a second index lookup helps the first
FIRST = 2000  # rows that are checked before tiers are scanned
BROAD_PREFIX = 20_000  # rows above which the prefix of a last word is too costly to look up, as an index gathers all


def choose_strategy(resource: Resource, query: Query) -> SearchStrategy:
    """Return the strategy for a query that searches and is sorted by relevance."""
    selection = selection_of(resource, query)
    form = selection.search
    assert form is not None
    if form.single and not selection.conditions:  # each tier is one index lookup or scan
        return SearchStrategy(form, walks_tiers=True)
    statements = {"all": selected_rows(resource, selection), "table": selected_rows(resource, Selection())}
    if selection.conditions:
        statements["search"] = selected_rows(resource, Selection(search=form))
        statements["filters"] = selected_rows(resource, Selection(selection.conditions))
    if form.finished and form.last:
        statements["finished"] = selected_rows(resource, Selection(search=SearchForm(finished=True)))
        statements["last"] = selected_rows(resource, Selection(search=SearchForm(last=True)))
    rows = _estimated(statements, values_of(query))
    if rows.get("last", 0) > max(rows.get("finished", 0) * BROADER, BROAD_PREFIX):
        form = form._replace(last_by_row=True)
    if rows.get("search", 0) > rows.get("filters", 0) * BROADER:
        form = form._replace(finished_by_row=form.finished, last_by_row=form.last)
    return SearchStrategy(
        form,
        walks_tiers=rows["all"] > MANY and _is_as_estimated(resource, query, selection, rows["all"] / rows["table"]),
        filters_by_row=rows.get("filters", 0) > rows.get("search", 0) * BROADER,
    )


def _is_as_estimated(resource: Resource, query: Query, selection: Selection, share: float) -> bool:
    """Whether the first rows match as often as estimated.

    The estimate assumes that words and filters are independent. If they exclude each other, it is far too high, and a
    scan would read the whole catalog without filling the page.
    """
    statement = count_of_first(resource, selection, FIRST)
    [[count]] = fetch(statement, values_of(query) | statement.constants, share=Share.SLOW_READS)
    return bool(count * BROADER >= share * FIRST)


def _estimated(statements: dict[str, Statement], values: dict[str, Any]) -> dict[str, int]:
    """Return the planner's estimates of the rows of statements."""
    for statement in statements.values():
        values |= statement.constants
    names = tuple(statements)
    quoted = {name: statements[name].sql for name in names}
    [row] = fetch(estimates(names), values, quoted, Share.SLOW_READS)
    return dict(zip(names, row, strict=True))
