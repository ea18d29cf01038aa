"""The values of a facet that a request filters by, and the filters that choose values."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import or_, select

from app.authors.models import AUTHOR_MERGES, Author
from app.books.contributors.filters import has_name
from app.core.fields import Comparison
from app.core.query.query import Condition, Query
from app.core.records.redirects import id_condition
from app.core.sql.compile import compiled
from app.core.sql.facets import Facet
from app.values import partial_date
from extensions.database import fetch

from .declared import PERIODS

Pair = tuple[str, str]
Chosen = dict[str | None, str | None]  # values with their texts; None is the unknown value

EQUALITY = ("eq", "in", "has")
UNKNOWN = {"author": "author_id", "role": "author_id", "decade": "published", "century": "published"}
FIRST_YEAR, LAST_YEAR = -9999, 9999
YEAR = 10_000  # in the key of a partial date
MOST_NAMESAKES = 100

_authors = Author.__table__


def chosen_values(facet: Facet, query: Query) -> Chosen:
    """Return the values of a facet that a query filters by. Raises ``DatabaseUnavailable``."""
    conditions = query.conditions
    chosen: Chosen = {}
    if facet.name == "author":
        chosen |= _authors_of(conditions)
    elif facet.name in PERIODS:
        chosen |= dict.fromkeys(_period(conditions, PERIODS[facet.name]))
    else:
        chosen |= {value: value for value in _equal(conditions, facet.name)}
    if Condition(UNKNOWN.get(facet.name, facet.name), "null", (True,)) in conditions:
        chosen[None] = None
    return chosen


def pairs_with(facet: Facet, pairs: Sequence[Pair], chosen: Iterable[str | None], value: str | None) -> list[Pair]:
    """Return the parameters of a list with one more value of a facet chosen.

    Other filters on the facet's field are left out, as they are for its counts. Values of a period, and the unknown
    value, cannot be combined with others: they replace them.
    """
    own = [pair for pair in pairs if pair[0].partition("[")[0] in facet.filters]
    kept = [pair for pair in pairs if pair not in own]
    if value is None:
        parameter = f"{UNKNOWN.get(facet.name, facet.name)}[null]"
        return [*(pair for pair in kept if pair[0] != parameter), (parameter, "true")]
    if facet.name in PERIODS:
        first, last = _bounds(int(value), PERIODS[facet.name])
        return [*kept, ("published[gte]", first), ("published[lte]", last)]
    values = dict.fromkeys([*(each for each in chosen if each is not None), value])
    has_all = any(parameter == f"{facet.name}[has]" for parameter, _ in own)
    name = "author_id" if facet.name == "author" else f"{facet.name}[has]" if has_all else facet.name
    return [*kept, *((name, each) for each in values)]


def year_label(year: int) -> str:
    """Return a year as in a partial date, such as ``1970`` or ``-0050``."""
    return f"{'-' if year < 0 else ''}{abs(year):04}"


def _equal(conditions: Iterable[Condition], name: str) -> list[Any]:
    return [value for each in conditions if each.name == name and each.operator in EQUALITY for value in each.values]


def _bounds(first: int, years: int) -> tuple[str, str]:
    """Return the first and the last year of a period, as far as there are such years. There is no year 0."""
    low, high = max(first, FIRST_YEAR), min(first + years - 1, LAST_YEAR)
    return year_label(low or 1), year_label(high)


def _period(conditions: Iterable[Condition], years: int) -> list[str]:
    """Return the period that a range of publication dates is, as the text of its first year, if it is one."""
    bounds = {each.operator: each.values for each in conditions if each.name == "published"}
    if set(bounds) != {"gte", "lte"}:
        return []
    [(low, _)], [(_, high)] = bounds["gte"], bounds["lte"]
    first = high // YEAR // years * years
    edges = [partial_date.period(year)[index] for index, year in enumerate(_bounds(first, years))]
    return [str(first)] if [low, high] == edges else []


def _authors_of(conditions: Sequence[Condition]) -> Chosen:
    """Return the authors that conditions name by id, also by an id from before a merge, or by a whole name."""
    ids, names = _equal(conditions, "author_id"), _equal(conditions, "author")
    if not ids and not names:
        return {}
    by_id = [id_condition(AUTHOR_MERGES, _authors.c.id, Comparison("in", ids))] if ids else []
    by_name = [has_name(Comparison("in", names))] if names else []
    known = select(_authors.c.id, _authors.c.name).where(or_(*by_id, *by_name)).order_by(_authors.c.id)
    found: dict[int, str | None] = _fetched(known.limit(len(ids) + MOST_NAMESAKES))
    missing = [each for each in ids if each not in found]
    if missing:
        merged = select(AUTHOR_MERGES.c.old_id, AUTHOR_MERGES.c.survivor_id).where(AUTHOR_MERGES.c.old_id.in_(missing))
        old = _fetched(merged)
        found |= {each: None for each in missing if each not in old}
    return {str(author_id): name for author_id, name in found.items()}


def _fetched(statement: Any) -> dict[int, Any]:
    text = compiled(statement)
    return dict(fetch(text, text.constants))
