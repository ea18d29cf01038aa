"""How the rows of a search are best found: by its words, by the filters beside them, or by a walk along the best ones.

The planner's own estimates decide. Left alone it would look up both words and filters in their indexes and intersect
what these find, which is right where both find alike many rows, and dear where one of them finds most of the catalog.
"""

from __future__ import annotations

from extensions.database import fetch

from . import statements
from .query import Query
from .resource import Resource
from .statements import Approach, Part

MANY = 3000  # rows, above which they are walked instead of sorted
BROADER = 8  # times, by which what finds more is no help to what finds less


def of(resource: Resource, asked: Query) -> Approach:
    """The approach to a query that searches for something and is sorted by relevance."""
    wanted = statements.shape_of(resource, asked).conditions
    parts: tuple[Part, ...] = ("all",) if len(wanted) == 1 else ("all", "question", "filters")
    counted = {part: statements.rows_of(resource, wanted, part) for part in parts}
    values = statements.values_of(asked)
    for statement in counted.values():
        values |= statement.constants
    [planned] = fetch(
        statements.planned_rows(parts), values, {part: statement.sql for part, statement in counted.items()}
    )
    rows = dict(zip(parts, planned, strict=True))
    walks = rows["all"] > MANY
    if len(parts) == 1:
        return Approach(walks)
    if rows["filters"] > rows["question"] * BROADER:
        return Approach(walks, "filters")
    return Approach(walks, "question" if rows["question"] > rows["filters"] * BROADER else None)
