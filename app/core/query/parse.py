"""Parses query strings. All functions raise `InvalidQuery` with every fault."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

from schema import SchemaError

from app.core.fields import Filter, SearchText
from app.core.parameters import (
    FORMATS,
    LIMIT_DEFAULT,
    LIMIT_MOST,
    LIST_PARAMETERS,
    OFFSET_MOST,
    PAGE_PARAMETERS,
    RELEVANCE,
    SEARCH,
    TOTALS,
)
from app.core.resource import Resource
from app.http.problems import Fault, InvalidCursor, InvalidQuery
from app.values.search_query import SearchQuery

from .cursor import Cursor
from .pairs import Pairs
from .query import Query, SortKey
from .reader import ParameterReader

START_AGAIN = "start again without a cursor"
DRY_RUN = "dry_run"


def parse_options(pairs: Pairs, allowed: Sequence[str] = ()) -> dict[str, str]:
    """Return the parameters of a request that takes only those in `allowed`, each once."""
    reader = ParameterReader(pairs)
    values = {name: reader.single(name) for name in allowed}
    reader.refuse_rest(allowed)
    reader.raise_faults()
    return {name: value for name, value in values.items() if value is not None}


def parse_dry_run(pairs: Pairs) -> bool:
    """Return whether a request that takes only `dry_run` is to change nothing."""
    choice = parse_options(pairs, (DRY_RUN,)).get(DRY_RUN, "false")
    if choice not in ("true", "false"):
        raise InvalidQuery.from_fault(Fault("query", DRY_RUN, "not_allowed", f"{DRY_RUN} takes true or false."))
    return choice == "true"


def parse_fields(resource: Resource, pairs: Pairs) -> tuple[str, ...]:
    """Return the `fields` of a request for one record, by default all."""
    reader = ParameterReader(pairs)
    fields = reader.fields(resource)
    reader.refuse_rest(("fields",))
    reader.raise_faults()
    return fields or tuple(resource.fields)


def parse_search(type_: SearchText, pairs: Pairs, *, default: int, most: int) -> tuple[SearchQuery, int]:
    """Return the search query and the limit of a request for the best matches."""
    reader = ParameterReader(pairs)
    text, query = reader.single(SEARCH), None
    if text is None:
        reader.add_fault(SEARCH, "required", f"{SEARCH} is required; send text such as {SEARCH}=le%20guin.")
    else:
        query = reader.value(Filter(SEARCH, type_, type_.operators, ""), text)
    limit = reader.integer("limit", 1, most)
    reader.refuse_rest((SEARCH, "limit"))
    reader.raise_faults()
    assert query is not None
    return query, default if limit is None else limit


def parse_page(scope: str, pairs: Pairs) -> Query:
    """Return the `Query` of a list that takes only `limit` and `cursor`. Raises `InvalidCursor`."""
    reader = ParameterReader(pairs)
    limit, word = reader.integer("limit", 1, LIMIT_MOST), reader.single("cursor")
    reader.refuse_rest(("limit", "cursor"))
    reader.raise_faults()
    cursor = Cursor.decode(word) if word is not None else None
    if cursor and cursor.scope != scope:
        raise InvalidCursor.mismatch(f"This cursor was made for another list; {START_AGAIN}.")
    if cursor and limit is None:
        repeated = ParameterReader(cursor.pairs)
        limit = repeated.integer("limit", 1, LIMIT_MOST)
        if repeated.faults:
            raise InvalidCursor.damaged()
    return Query(scope, limit=limit or LIMIT_DEFAULT, cursor=cursor, sent=tuple(sorted(pairs)))


def parse_query(resource: Resource, scope: str, pairs: Pairs) -> Query:
    """Return the `Query` of a list. Raises `InvalidCursor`."""
    pairs = sorted(pairs)  # the same statement, links and ETag for all orders
    words = [value for name, value in pairs if name == "cursor"]
    others = tuple(pair for pair in pairs if pair[0] != "cursor")
    query = _parse(resource, scope, others, _cursor_faults(words, others))
    return _resume(resource, query, Cursor.decode(words[0]), tuple(pairs)) if words else query


def refuse_pages(query: Query) -> None:
    """Raise `InvalidQuery` if the query of a streamed list has parameters of pages."""
    faults = [
        Fault("query", name, "mismatch", f"{name} is for pages, but NDJSON and CSV are not paged; leave it out.")
        for name in PAGE_PARAMETERS
        if any(sent == name for sent, _ in query.sent)
    ]
    if faults:
        raise InvalidQuery.from_faults(faults)


def _cursor_faults(words: list[str], others: tuple[tuple[str, str], ...]) -> tuple[Fault, ...]:
    """Return the faults of the parameter `cursor`, without decoding it."""
    faults = []
    if len(words) > 1:
        faults.append(Fault("query", "cursor", "repeated", f"cursor was sent {len(words)} times; send it once."))
    if words and any(name == "offset" for name, _ in others):
        detail = "offset and cursor cannot be combined; leave one of them out."
        faults.append(Fault("query", "offset", "mismatch", detail))
    return tuple(faults)


@lru_cache(maxsize=256)
def _parse(resource: Resource, scope: str, pairs: tuple[tuple[str, str], ...], faults: tuple[Fault, ...] = ()) -> Query:
    """Return the query of pairs without a cursor.

    Raises `InvalidQuery` with the given `faults` and all others.
    """
    reader = ParameterReader(pairs, faults)
    limit = reader.integer("limit", 1, LIMIT_MOST)
    offset = reader.integer("offset", 0, OFFSET_MOST)
    conditions = reader.conditions(resource.filters)
    search: SearchQuery | None = next((each.values[0] for each in conditions if each.name == SEARCH), None)
    query = Query(
        scope=scope,
        conditions=tuple(condition for condition in conditions if condition.name != SEARCH),
        search=search,
        sort=("sort" in resource.parameters and reader.sort(resource))
        or (SortKey(resource.default_sort if search is None else RELEVANCE),),
        fields=reader.fields(resource) or tuple(resource.fields),
        limit=LIMIT_DEFAULT if limit is None else limit,
        offset=offset or 0,
        total=reader.choice("total", TOTALS),
        format=reader.choice("format", FORMATS),
        sent=pairs,
        pairs=tuple(pair for pair in pairs if pair[0] == "sort" or pair[0] not in LIST_PARAMETERS),
    )
    reader.refuse_rest(resource.parameters, resource.filters)
    reader.raise_faults()
    return query


def _resume(resource: Resource, others: Query, cursor: Cursor, sent: tuple[tuple[str, str], ...]) -> Query:
    """Return the query of a cursor, positioned at the cursor's row.

    `others` is the query of the other parameters.
    """
    if cursor.scope != others.scope:
        raise InvalidCursor.mismatch(f"This cursor was made for another list; {START_AGAIN}.")
    try:
        query = _parse(resource, others.scope, cursor.pairs)
    except InvalidQuery:
        raise InvalidCursor.damaged() from None
    names = {name for name, _ in sent}
    if "sort" in names and others.sort != query.sort:
        raise InvalidCursor.mismatch(f"This cursor was made for another sort; leave sort out, or {START_AGAIN}.")
    if others.search not in (None, query.search) or not set(others.conditions) <= set(query.conditions):
        raise InvalidCursor.mismatch(f"This cursor was made for other filters; leave them out, or {START_AGAIN}.")
    if cursor.corrected:
        if query.search is None:
            raise InvalidCursor.damaged()
        try:
            query = query.with_spelling(cursor.corrected)
        except SchemaError:
            raise InvalidCursor.damaged() from None
    types = [resource.sort_type(key.name) for key in query.sort_keys()]
    if len(types) != len(cursor.keys):
        raise InvalidCursor.damaged()
    if not all(type_.is_sort_key(key) for type_, key in zip(types, cursor.keys, strict=True)):
        raise InvalidCursor.damaged()
    return replace(
        query,
        limit=others.limit if "limit" in names else query.limit,
        fields=others.fields if "fields" in names else query.fields,
        total=others.total,
        format=others.format,
        cursor=cursor,
        sent=sent,
    )
