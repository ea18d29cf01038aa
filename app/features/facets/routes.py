"""``/books/facets``."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from flask import Blueprint, Response

from app.books.resource import BOOKS
from app.core.openapi import describe
from app.core.parameters import SEARCH
from app.core.query.pairs import canonical, request_pairs
from app.core.records.scans import refuse_scans
from app.core.sql.facets import Facet, ValueCount
from app.http.access.rights import READ, requires
from app.http.headers.negotiation import require_acceptable
from app.http.responses import read_response
from app.http.urls import URL_LONGEST, link

from .chosen import Pair, pairs_with, year_label
from .counting import Counted, count
from .declared import FACETS, PERIODS
from .openapi import CountFacets
from .request import parse_request

facets = Blueprint("facets", __name__)


@facets.get("/books/facets")
@describe(CountFacets(BOOKS), id="books_facets", link="book_facets")
@requires(READ)
def book_facets() -> Response:
    """Count the books of a list by the values of their fields.

    A facet leaves out the filters on its own field, so that it shows which other values there are to choose.
    """
    request = parse_request(request_pairs())
    require_acceptable()
    refuse_scans(BOOKS, request.query)
    document = _document(count(request))
    return read_response(json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode())


def _document(counted: Counted) -> dict[str, Any]:
    query = counted.query
    # With the corrected spelling, each list has the number of books that was counted for it.
    pairs = [(name, query.corrected if query.corrected and name == SEARCH else value) for name, value in query.sent]
    meta: dict[str, Any] = {"count": counted.books, "counted": "exact" if counted.is_exact else "estimated"}
    if query.corrected:
        meta |= {"match": "fuzzy", "did_you_mean": query.corrected}
    return {
        "data": {
            name: [_value(FACETS[name], each, counted, pairs) for each in values]
            for name, values in counted.facets.items()
        },
        "meta": meta,
        "links": {"books": _url(query.sent)},
    }


def _value(facet: Facet, each: ValueCount, counted: Counted, pairs: list[Pair]) -> dict[str, Any]:
    chosen = counted.chosen[facet.name]
    url = _url(pairs_with(facet, pairs, chosen, each.value))
    return {
        **_named(facet, each),
        "count": each.rows,
        "chosen": each.value in chosen,
        "href": url if len(url) <= URL_LONGEST else None,
    }


def _named(facet: Facet, each: ValueCount) -> dict[str, Any]:
    if each.value is not None and facet.name in PERIODS:
        return {"value": year_label(int(each.value))}
    if facet.name != "author":
        return {"value": each.value}
    author_id = int(each.value) if each.value is not None else None
    return {"value": author_id, "id": author_id, "name": each.text}


def _url(pairs: Iterable[Pair]) -> str:
    text = canonical(pairs)
    return link("/books") + (f"?{text}" if text else "")
