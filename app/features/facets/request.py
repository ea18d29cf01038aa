"""The parameters of a request for facets."""

from __future__ import annotations

from typing import NamedTuple

from app.books.resource import BOOKS
from app.core.parameters import LIMIT_MOST, LIST_PARAMETERS, SEARCH
from app.core.query.pairs import Pairs
from app.core.query.query import Query
from app.core.query.reader import ParameterReader
from app.core.sql.facets import Facet
from app.http.problems import unknown_name

from .declared import FACETS

LIMIT_DEFAULT = 10  # values of a facet
OWN_PARAMETERS = ("fields", "limit")


class FacetRequest(NamedTuple):
    """The facets to count, and the query of the list that they are for."""

    facets: tuple[Facet, ...]
    limit: int
    query: Query


def parse_request(pairs: Pairs) -> FacetRequest:
    """Return the request of a query string. Raises ``InvalidQuery`` with every fault."""
    reader = ParameterReader(sorted(pairs))
    names = reader.names("fields", FACETS, "facet")
    if not any(name == "fields" for name, _ in pairs):
        detail = f"fields is required; send facets such as fields=language,subjects. Allowed: {', '.join(FACETS)}."
        reader.add_fault("fields", "required", detail)
    limit = reader.integer("limit", 1, LIMIT_MOST)
    conditions = reader.conditions(BOOKS.filters)
    of_lists = [name for name in LIST_PARAMETERS if name not in OWN_PARAMETERS]
    for parameter in dict.fromkeys(name for name, _ in pairs if name in of_lists):
        allowed = unknown_name(parameter, [*OWN_PARAMETERS, *BOOKS.filters], "parameter")
        detail = f"{parameter} is a parameter of /books, not of its facets; leave it out. {allowed}"
        reader.add_fault(parameter, "unknown", detail)
    rest = ParameterReader([pair for pair in reader.pairs if pair[0] not in of_lists], reader.faults)
    rest.refuse_rest(OWN_PARAMETERS, BOOKS.filters)
    rest.raise_faults()
    query = Query(
        BOOKS.name,
        tuple(condition for condition in conditions if condition.name != SEARCH),
        next((condition.values[0] for condition in conditions if condition.name == SEARCH), None),
        sent=tuple(pair for pair in reader.pairs if pair[0] not in OWN_PARAMETERS),
    )
    return FacetRequest(tuple(FACETS[name] for name in names), LIMIT_DEFAULT if limit is None else limit, query)
