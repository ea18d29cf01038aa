"""Lists of favorites, filtered by the attributes of the account's categories."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask import Response

from app.core.fields import Id
from app.core.query.cursor import Cursor
from app.core.query.pairs import Pairs, request_pairs
from app.core.query.parse import parse_query
from app.core.query.query import Condition, Query
from app.core.records import read
from app.core.records.stream import requested_format
from app.core.sql.plan import plan_record
from app.features.favorites.attributes.definitions import Attribute, attributes_of
from app.features.favorites.attributes.filters import PREFIX
from app.features.favorites.categories import CATEGORIES
from app.features.favorites.ranking.ranks import own_account
from app.features.favorites.resource import FAVORITES, Favorites
from app.http.problems import Fault, InvalidCursor, InvalidQuery, NotFound
from extensions.database import Statement, fetch

_DEFINED = "FROM categories, jsonb_array_elements(attributes) AS defined WHERE account_id = %(account)s"
_definitions = Statement(f"SELECT id, defined {_DEFINED} AND defined ->> 'key' = ANY(%(keys)s) ORDER BY id")
_keys = Statement(f"SELECT id, defined ->> 'key' {_DEFINED}")


def list_favorites() -> Response:
    """Return the response to a GET of all favorites of the account."""
    pairs = request_pairs()
    resource, query = _parsed(FAVORITES.name, pairs, _category_ids(pairs))
    return read.list_records(resource, query)


def list_of_category(category_id: int) -> Response:
    """Return the response to a GET of the favorites in a category. Raises `NotFound`."""
    resource, query = _parsed(scope_of(category_id), request_pairs(), {category_id})
    requested_format(query)  # a wrong Accept precedes a missing category
    if not plan_record(CATEGORIES, ("id",), category_id).run():
        raise missing_category(category_id)
    return read.list_records(resource, in_category(query, category_id))


def scope_of(category_id: int) -> str:
    """Return the path of the list of a category's favorites."""
    return f"{CATEGORIES.name}/{category_id}/{FAVORITES.name}"


def in_category(query: Query, category_id: int) -> Query:
    """Return a query that is limited to a category."""
    return query.with_condition(Condition("category_id", "eq", (category_id,)))


def missing_category(category_id: int) -> NotFound:
    """Return the problem of a category that does not exist, or belongs to another account."""
    return NotFound(f"There is no category {category_id}; check the URL.")


def _parsed(scope: str, pairs: Pairs, categories: set[int] | None) -> tuple[Favorites, Query]:
    """Return the query of a list, and the resource with the filters by attribute that it has.

    `categories` are those that define the attributes, None for all. Raises `InvalidQuery`.
    """
    sent = [*pairs, *_pairs_of_cursor(pairs)]
    keys = sorted({key for name, _ in sent if (key := _key_in(name)) is not None})
    if not keys:
        return FAVORITES, parse_query(FAVORITES, scope, pairs)
    if categories is None:
        categories = _category_ids(sent)
    rows = fetch(_definitions, {"account": own_account(), "keys": keys})
    attributes = _united(stored for category_id, stored in rows if categories is None or category_id in categories)
    _refuse_ambiguous(attributes, sent)
    # Parsed queries and statements are cached by resource, so it has no attributes but these.
    resource = Favorites(tuple(each for each in attributes.values() if each is not None))
    if attributes.keys() == set(keys):
        return resource, parse_query(resource, scope, pairs)
    named = fetch(_keys, {"account": own_account()})
    others = {key for category_id, key in named if categories is None or category_id in categories} - set(keys)
    # It has a filter for each attribute, because the error about an unknown one names the others.
    parse_query(Favorites((*resource.attributes, *(Attribute(key, "text") for key in sorted(others)))), scope, pairs)
    raise AssertionError("unreachable")  # an attribute is unknown


def _key_in(parameter: str) -> str | None:
    """Return the key of a parameter that is a filter by an attribute."""
    name = parameter.partition("[")[0]
    return name.removeprefix(PREFIX) if name.startswith(PREFIX) else None


def _united(definitions: Iterable[dict[str, Any]]) -> dict[str, Attribute | None]:
    """Return the attributes of several categories by key, None for one that has several types."""
    united: dict[str, Attribute | None] = {}
    for key, attribute in (each for stored in definitions for each in attributes_of([stored]).items()):
        known = united.get(key, attribute)
        if known is None or known.type != attribute.type:
            united[key] = None
        else:
            values = tuple(dict.fromkeys([*known.values, *attribute.values]))
            united[key] = Attribute(key, known.type, values)
    return united


def _refuse_ambiguous(attributes: dict[str, Attribute | None], sent: Pairs) -> None:
    """Raise `InvalidQuery` if the query compares an attribute that has several types."""
    faults = []
    for name in dict.fromkeys(name for name, _ in sent):
        key = _key_in(name)
        if key is not None and attributes.get(key, True) is None:
            detail = f"Your categories define {key} with different types; add category_id, such as category_id=5."
            faults.append(Fault("query", name, "mismatch", detail))
    if faults:
        raise InvalidQuery.from_faults(faults)


def _pairs_of_cursor(pairs: Pairs) -> Pairs:
    """Return the parameters that a cursor repeats; none of an invalid one, which `parse_query` refuses."""
    for name, value in pairs:
        if name == "cursor":
            try:
                return list(Cursor.decode(value).pairs)
            except InvalidCursor:
                return []
    return []


def _category_ids(pairs: Pairs) -> set[int] | None:
    """Return the categories that a query is limited to by their ids, None if it is not."""
    values = [
        item.strip() for name, value in pairs if name in ("category_id", "category_id[in]") for item in value.split(",")
    ]
    return {int(value) for value in values if Id.PLAIN.fullmatch(value)} if values else None
