"""Every operator of every filter matches the same rows as its definition in plain Python."""

from __future__ import annotations

import random

import pytest

from app.authors.resource import AUTHORS
from app.books.resource import BOOKS

from .cases import CASES, probes, with_implicit_operator
from .meaning import FilteredCatalog


@pytest.mark.parametrize(("resource", "name", "operator"), CASES)
def test_an_operator_finds_the_rows_of_the_contract(
    catalog: FilteredCatalog, resource: str, name: str, operator: str
) -> None:
    matches_some, excludes_some = False, False
    for values in probes(catalog, resource, name, operator):
        try:
            expected = catalog.expected(resource, [with_implicit_operator(name, operator, values)])
        except (KeyError, ValueError):
            raise AssertionError(f"{name}[{operator}] has no definition in meaning.py") from None
        assert catalog.matching(resource, [(name, operator, values)]) == expected, values
        matches_some = matches_some or bool(expected)
        excludes_some = excludes_some or len(expected) < len(catalog.rows[resource])
    assert matches_some, "the values must match a row"
    assert excludes_some, "the values must exclude a row"


@pytest.mark.parametrize("name", [name for _, name, operator in CASES if operator == "in"])
def test_a_repeated_parameter_matches_any_of_its_values(catalog: FilteredCatalog, name: str) -> None:
    resource = "books" if name in BOOKS.filters else "authors"
    for values in probes(catalog, resource, name, "in")[:2]:
        expected = catalog.expected(resource, [(name, "in", values)])
        assert catalog.matching(resource, [(name, "", values)]) == expected
        assert catalog.matching(resource, [(name, "in", values)]) == expected


@pytest.mark.parametrize(
    ("resource", "name"), [(resource, name) for resource, name, operator in CASES if operator == "ne"]
)
def test_a_repeated_ne_excludes_each_of_its_values(catalog: FilteredCatalog, resource: str, name: str) -> None:
    values = tuple(value for (value,) in probes(catalog, resource, name, "ne")[:3])
    excluded = [set(catalog.expected(resource, [(name, "ne", (value,))])) for value in values]
    assert catalog.matching(resource, [(name, "ne", values)]) == sorted(set.intersection(*excluded))


@pytest.mark.parametrize("seed", range(20))
def test_several_filters_find_the_rows_that_meet_all(catalog: FilteredCatalog, seed: int) -> None:
    choose = random.Random(seed)
    found_some = False
    for _ in range(25):
        resource = choose.choice(("books", "books", "authors"))
        cases = [case for case in CASES if case[0] == resource]
        conditions, meanings = [], []
        for _, name, operator in choose.sample(cases, choose.choice((2, 2, 2, 3))):
            values = choose.choice(probes(catalog, resource, name, operator))
            if any((name, operator) == other[:2] for other in conditions):
                continue
            conditions.append((name, operator, values))
            meanings.append(with_implicit_operator(name, operator, values))
        expected = catalog.expected(resource, meanings)
        found_some = found_some or bool(expected)
        assert catalog.matching(resource, conditions) == expected, conditions
    assert found_some


def test_the_resources_have_the_filters_of_the_contract() -> None:
    assert set(BOOKS.filters) == {
        "q",
        "id",
        "title",
        "subtitle",
        "isbn",
        "published",
        "publisher",
        "language",
        "page_count",
        "series",
        "series_position",
        "subjects",
        "identifier",
        "author_id",
        "author",
        "role",
        "created_at",
        "updated_at",
    }
    assert set(AUTHORS.filters) == {
        "q",
        "id",
        "name",
        "sort_name",
        "birth_date",
        "death_date",
        "identifier",
        "created_at",
        "updated_at",
    }
