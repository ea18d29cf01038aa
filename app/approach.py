"""How the rows of a search are best found: by its words, by the filters beside them, or by a walk along the best ones.

The planner's own estimates decide. Left alone it would look up both words and filters in their indexes and intersect
what these find, which is right where both find alike many rows, and dear where one of them finds most of the catalog.
"""

from __future__ import annotations

from typing import Any

from extensions.database import fetch
from extensions.statement import Statement

from . import counts, shapes
from .query import SEARCH, Query
from .resource import Resource
from .shapes import Approach, Wanted

MANY = 3000  # rows, above which they are walked instead of sorted
BROADER = 8  # times, by which what finds more is no help to what finds less
FIRST = 2000  # rows of a walk that are looked at before it is taken
BROAD_BEGINNING = 20_000  # rows with words that begin as the last one does, which an index gathers all


def of(resource: Resource, asked: Query) -> Approach:
    """The approach to a query that searches for something and is sorted by relevance."""
    wanted = shapes.of(resource, asked).conditions
    [question] = (one for one in wanted if one.name == SEARCH)
    form = question.form
    if len(wanted) == 1 and "1" in form:  # each tier is found by one look into an index, or walked
        return Approach(walks=True, form=form)
    counted = {"all": counts.rows_of(resource, wanted), "table": counts.rows_of(resource, ())}
    if len(wanted) > 1:
        counted |= {part: counts.rows_of(resource, wanted, part) for part in ("question", "filters")}
    if "f" in form and "l" in form:
        for letter in "fl":
            part = tuple(one._replace(form=letter) if one is question else one for one in wanted)
            counted[letter] = counts.rows_of(resource, part, "question")
    rows = _planned(counted, shapes.values_of(asked))
    if rows.get("l", 0) > max(rows.get("f", 0) * BROADER, BROAD_BEGINNING):
        form = form.replace("l", "q")
    if rows.get("question", 0) > rows.get("filters", 0) * BROADER:
        form = form.replace("f", "r").replace("l", "q")
    return Approach(
        walks=rows["all"] > MANY and _is_as_planned(resource, asked, wanted, rows["all"] / rows["table"]),
        spares_filters=rows.get("filters", 0) > rows.get("question", 0) * BROADER,
        form=form,
    )


def _is_as_planned(resource: Resource, asked: Query, wanted: tuple[Wanted, ...], share: float) -> bool:
    """Whether the first rows of a walk are found about as often as the planner takes all to be. It takes words and
    filters to be independent of each other: of those that avoid each other it expects many rows, and a walk would pass
    over the whole catalog in vain.
    """
    statement = counts.first_rows(resource, wanted, FIRST)
    [[found]] = fetch(statement, shapes.values_of(asked) | statement.constants)
    return bool(found * BROADER >= share * FIRST)


def _planned(counted: dict[str, Statement], values: dict[str, Any]) -> dict[str, int]:
    """How many rows the planner takes each of some statements to answer."""
    for statement in counted.values():
        values |= statement.constants
    names = tuple(counted)
    [planned] = fetch(counts.planned_rows(names), values, {name: counted[name].sql for name in names})
    return dict(zip(names, planned, strict=True))
