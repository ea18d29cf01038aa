"""The shape of a query: what of it makes another statement, and the values that go with it.

A shape is a query without its values: its statement is compiled once and kept, and only values change. Every value is a
bound parameter: ``v0``, ``v1`` … in the order of the conditions, ``k0`` … for a cursor's keys.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from .query import SEARCH, Query, SortKey
from .resource import Resource

USUAL_LIMITS = (10, 20, 25, 50, 100)  # lists of which have statements of their own


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


def of(resource: Resource, query: Query, approach: Approach = USUAL) -> Shape:
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
    """The values that go with the shape of the same query. One row more than the page shows whether it is the last."""
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
