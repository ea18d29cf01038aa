"""The counts of facets, in plain Python on representations."""

from __future__ import annotations

from collections import Counter
from typing import Any

from tests.contract.filters.meaning import Condition, FilteredCatalog
from tests.support.catalogs.varied import Row, date_key

FACETS = ("language", "publisher", "series", "subjects", "role", "author", "decade", "century")
OWN = {"author": {"author", "author_id"}, "decade": {"published"}, "century": {"published"}}
YEARS = {"decade": 10, "century": 100}

Counts = list[tuple[Any, int]]


def expected_counts(catalog: FilteredCatalog, facet: str, conditions: list[Condition]) -> Counts:
    """All values of a facet with their counts, in order: a value's count is that of the list filtered by it."""
    others = [condition for condition in conditions if condition[0] not in OWN.get(facet, {facet})]
    counts: Counter[Any] = Counter()
    if facet in ("role", "author"):
        counts = _of_contributions(catalog, facet, others)
    else:
        for book in _books(catalog, others):
            counts.update(values_of(book, facet))
    return sorted(counts.items(), key=lambda item: (-item[1], *_text(catalog, facet, item[0])))


def values_of(book: Row, facet: str) -> list[Any]:
    if facet == "subjects":
        return book["subjects"] or [None]
    if facet not in YEARS:
        return [book[facet]]
    if book["published"] is None:
        return [None]
    first = date_key(book["published"])[0] // YEARS[facet] * YEARS[facet]
    return [f"{first:04}" if first >= 0 else f"-{-first:04}"]


def _books(catalog: FilteredCatalog, conditions: list[Condition]) -> list[Row]:
    ids = set(catalog.expected("books", conditions))
    return [book for book in catalog.rows["books"] if book["id"] in ids]


def _of_contributions(catalog: FilteredCatalog, facet: str, others: list[Condition]) -> Counter[Any]:
    key, name = ("role", "role") if facet == "role" else ("id", "author_id")
    values = {contribution[key] for book in catalog.rows["books"] for contribution in book["authors"]}
    chosen: dict[Any, Condition] = {value: (name, "", (str(value),)) for value in values}
    chosen[None] = ("author_id", "null", ("true",))
    counts = {value: len(catalog.expected("books", [*others, condition])) for value, condition in chosen.items()}
    return Counter({value: count for value, count in counts.items() if count})


def _text(catalog: FilteredCatalog, facet: str, value: Any) -> tuple[bool, str, int]:
    """The order among equal counts: by code point, authors by name, then by id; the unknown value last."""
    if facet == "author" and value is not None:
        return False, catalog.names[value][0], value
    return value is None, value or "", 0
