"""Counts the facets of a request: one statement for all that leave out the same filters."""

from __future__ import annotations

from typing import NamedTuple

from app.books.resource import BOOKS
from app.core.query.query import Condition, Query
from app.core.sql.facets import Counts, Facet, ValueCount, Wanted, count_facets
from app.core.sql.spelling import suggest_spelling

from .chosen import Chosen, chosen_values
from .declared import OF_CONTRIBUTION
from .request import FacetRequest

Conditions = tuple[Condition, ...]


class Counted(NamedTuple):
    """The counts of a request."""

    query: Query  # with the corrected spelling, if the counts are those of a correction
    books: int  # in the list
    is_exact: bool
    facets: dict[str, list[ValueCount]]  # in the order of the request
    chosen: dict[str, Chosen]


def count(request: FacetRequest) -> Counted:
    """Return the counts of a request. Raises ``DatabaseUnavailable``.

    A search without matches is counted with the suggested spelling, as the list does.
    """
    query = request.query
    chosen = {facet.name: chosen_values(facet, query) for facet in request.facets}
    groups = _groups(request, chosen)
    listed = _count(query, query.conditions, groups, request.limit)
    if query.search and not listed.rows and (suggestion := suggest_spelling(BOOKS, query, 0)):
        query = query.with_spelling(suggestion)
        listed = _count(query, query.conditions, groups, request.limit)
    counts = [listed]
    counts += (_count(query, each, groups, request.limit) for each in groups if each != query.conditions)
    found = {name: values for each in counts for name, values in each.facets.items()}
    facets = {facet.name: _listed(found[facet.name], chosen[facet.name], request.limit) for facet in request.facets}
    return Counted(query, listed.rows, all(each.is_exact for each in counts), facets, chosen)


def _groups(request: FacetRequest, chosen: dict[str, Chosen]) -> dict[Conditions, list[Wanted]]:
    """Return the facets of a request by the conditions of the books among which they are counted."""
    groups: dict[Conditions, list[Wanted]] = {request.query.conditions: []}
    for facet in request.facets:
        conditions, restrictions = _conditions(facet, request.query.conditions)
        groups.setdefault(conditions, []).append(Wanted(facet, restrictions, tuple(chosen[facet.name])))
    return groups


def _conditions(facet: Facet, conditions: Conditions) -> tuple[Conditions, Conditions]:
    """Return the conditions on the books of a facet, and those on the contributions that its values come from.

    With a value of the facet, the other filters by contributors apply to the same contribution. `ne` alone excludes
    books by any of their contributors, but a contribution beside a value of the facet.
    """
    others = tuple(each for each in conditions if each.name not in facet.filters)
    if not set(facet.filters) & set(OF_CONTRIBUTION):
        return others, ()
    restrictions = tuple(each for each in others if each.name in OF_CONTRIBUTION and each.operator != "null")
    if all(each.operator == "ne" for each in restrictions):
        others = tuple(each for each in others if each not in restrictions)
    return others, restrictions


def _count(query: Query, conditions: Conditions, groups: dict[Conditions, list[Wanted]], limit: int) -> Counts:
    selected = Query(query.scope, conditions, query.search)
    return count_facets(BOOKS, selected, groups[conditions], limit, samples=len(groups))


def _listed(found: list[ValueCount], chosen: Chosen, limit: int) -> list[ValueCount]:
    """Return the most frequent values, and after them the chosen ones that are not among them."""
    listed = [each for index, each in enumerate(found) if index < limit or each.value in chosen]
    missing = set(chosen) - {each.value for each in listed}
    return [*listed, *(ValueCount(value, chosen[value], 0) for value in sorted(missing, key=lambda each: each or ""))]
