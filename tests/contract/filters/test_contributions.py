"""Filters by contributors, which apply to the same contribution."""

from __future__ import annotations

from itertools import product

import pytest

from .cases import probes
from .meaning import Condition, FilteredCatalog

CONTRIBUTION_CASES = [
    (first, second)
    for (first, first_operator), (second, second_operator) in product(
        [("author_id", ""), ("author_id", "ne"), ("author_id", "gt"), ("author_id", "in"), ("author_id", "null")],
        [("role", ""), ("role", "ne"), ("role", "in"), ("author", ""), ("author", "ne"), ("author", "contains")],
    )
    for first, second in [((first, first_operator), (second, second_operator))]
]


@pytest.mark.parametrize(("first", "second"), CONTRIBUTION_CASES)
def test_filters_of_contributors_apply_to_the_same_contribution(
    catalog: FilteredCatalog, first: tuple[str, str], second: tuple[str, str]
) -> None:
    for values in probes(catalog, "books", *first):
        for others in probes(catalog, "books", *second)[:8]:
            conditions = [(*first, values), (*second, others)]
            assert catalog.matching("books", conditions) == catalog.expected("books", conditions), conditions


@pytest.mark.parametrize("author_id", [1, 2, 3, 14])
@pytest.mark.parametrize(
    "condition",
    [
        ("role", "", ("translator",)),
        ("role", "ne", ("author",)),
        ("author", "", ("ellis bell",)),
        ("author", "ne", ("homer",)),
        ("author_id", "", ("2",)),
        ("published", "", ("1990",)),
    ],
)
def test_the_author_of_the_path_counts_as_author_id(
    catalog: FilteredCatalog, author_id: int, condition: Condition
) -> None:
    own = ("author_id", "", (str(author_id),))
    assert catalog.matching(f"authors/{author_id}/books", [condition]) == catalog.expected("books", [own, condition])
    assert catalog.expected("books", [own]), "the author has books"
