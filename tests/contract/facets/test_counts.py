"""Each facet has the counts of the lists that its values lead to."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from tests.contract.filters.cases import CASES, probes, with_implicit_operator
from tests.contract.filters.conftest import fill
from tests.contract.filters.meaning import Condition, FilteredCatalog

from .meaning import FACETS, expected_counts


@pytest.fixture(scope="session")
def catalog(shared_catalog: Callable[..., FlaskClient]) -> FilteredCatalog:
    return FilteredCatalog(shared_catalog("filters", fill))


def random_conditions(catalog: FilteredCatalog, choose: random.Random) -> list[Condition]:
    """Zero to four conditions, no two on one parameter."""
    cases = [(name, operator) for resource, name, operator in CASES if resource == "books"]
    return [
        (name, operator, choose.choice(probes(catalog, "books", name, operator)))
        for name, operator in choose.sample(cases, choose.choice((0, 1, 1, 2, 3, 4)))
    ]


def pairs_of(conditions: list[Condition]) -> list[tuple[str, str]]:
    return [
        (f"{name}[{operator}]" if operator else name, value)
        for name, operator, values in conditions
        for value in values
    ]


@pytest.mark.parametrize("seed", range(60))
def test_counts_are_those_of_the_contract(catalog: FilteredCatalog, seed: int) -> None:
    choose = random.Random(seed)
    for _ in range(5):
        conditions = random_conditions(catalog, choose)
        facets, limit = choose.sample(FACETS, choose.randint(1, 8)), choose.choice((1, 3, 10, 100))
        sent = [*pairs_of(conditions), ("fields", ",".join(facets)), ("limit", str(limit))]
        response = catalog.client.get("/books/facets", query_string=sent)
        assert response.status_code == 200, (sent, response.text)
        meant = [with_implicit_operator(*condition) for condition in conditions]
        assert response.json["meta"] == {"count": len(catalog.expected("books", meant)), "counted": "exact"}, sent
        assert list(response.json["data"]) == facets
        for facet, values in response.json["data"].items():
            expected = expected_counts(catalog, facet, meant)
            found = [(each["value"], each["count"]) for each in values]
            assert found[:limit] == expected[: limit] or found[: len(expected)] == expected, (facet, sent)
            assert all(each["chosen"] for each in values[len(expected[:limit]) :]), (facet, sent)
