"""Each facet has the counts of the lists that its values lead to."""

from __future__ import annotations

import random

import pytest

from app.core.sql import facets as counting
from tests.contract.filters.cases import CASES, probes, with_implicit_operator
from tests.contract.filters.meaning import OF_CONTRIBUTION, Condition, FilteredCatalog

from .meaning import FACETS, expected_counts


def random_conditions(catalog: FilteredCatalog, choose: random.Random) -> list[Condition]:
    """Zero to four conditions, no two on one parameter; every second time all of them on contributors."""
    among = choose.choice((OF_CONTRIBUTION, {name for _, name, _ in CASES}))
    cases = [(name, operator) for resource, name, operator in CASES if resource == "books" and name in among]
    return [
        (name, operator, choose.choice(probes(catalog, "books", name, operator)))
        for name, operator in choose.sample(cases, choose.choice((0, 1, 1, 2, 3, 4)))
    ]


def check_counts(catalog: FilteredCatalog, seed: int) -> None:
    choose = random.Random(seed)
    conditions = random_conditions(catalog, choose)
    facets, limit = choose.sample(FACETS, choose.randint(1, 8)), choose.choice((1, 3, 10, 100))
    pairs = [(f"{name}[{operator}]" if operator else name, values) for name, operator, values in conditions]
    sent = [(name, value) for name, values in pairs for value in values]
    response = catalog.client.get(
        "/books/facets", query_string=[*sent, ("fields", ",".join(facets)), ("limit", str(limit))]
    )
    assert response.status_code == 200, (sent, response.text)
    meant = [with_implicit_operator(*condition) for condition in conditions]
    assert response.json["meta"] == {"count": len(catalog.expected("books", meant)), "counted": "exact"}, sent
    assert list(response.json["data"]) == facets
    for facet, values in response.json["data"].items():
        counts = expected_counts(catalog, facet, meant)
        frequent = counts[:limit]
        assert [(each["value"], each["count"]) for each in values[: len(frequent)]] == frequent, (facet, sent)
        rest = values[len(frequent) :]
        assert all(each["chosen"] for each in rest), (facet, sent)
        assert all(each["count"] == dict(counts).get(each["value"], 0) for each in rest), (facet, sent)


@pytest.mark.parametrize("seed", range(40))
def test_counts_are_those_of_the_contract(catalog: FilteredCatalog, seed: int) -> None:
    check_counts(catalog, seed)


@pytest.mark.parametrize("seed", range(40, 60))
def test_a_sample_of_the_whole_table_has_the_same_counts(
    catalog: FilteredCatalog, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(counting, "MOST_EXACT", -1)
    check_counts(catalog, seed)
