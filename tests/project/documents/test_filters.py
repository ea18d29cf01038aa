"""`docs/filters.md` names every operator, filter and sort key."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.authors.resource import AUTHORS
from app.books.resource import BOOKS
from app.core.resource import Resource
from tests.support.documents import Document

FILTERS = Document("docs/filters.md")


def test_the_table_of_operators_names_all() -> None:
    named = {name for row in FILTERS.table("Operators") for name in re.findall(r"\w+", row[0])}
    operators = {name for resource in (BOOKS, AUTHORS) for f in resource.filters.values() for name in f.operators}
    assert named == operators


@pytest.mark.parametrize("example", [row[2].strip("`") for row in FILTERS.table("Operators")])
def test_every_example_of_an_operator_is_accepted(client: FlaskClient, example: str) -> None:
    assert client.get(f"/books?{example}").status_code == 200


@pytest.mark.parametrize("resource", [BOOKS, AUTHORS], ids=["books", "authors"])
def test_the_tables_of_filters_name_all_operators(resource: Resource) -> None:
    table = FILTERS.section("Fields").partition(f"| filter of {resource.name} |")[2].partition("\n\n")[0]
    named = {
        name: operators
        for names, operators in re.findall(r"^\| (`\w.*?) \| (.*?) \|$", table, re.MULTILINE)
        for name in re.findall(r"\w+", names)
    }
    expected = {name: f.operators for name, f in resource.filters.items() if name != "q"}
    assert {name: tuple(re.findall(r"\w+", text)) for name, text in named.items()} == expected


@pytest.mark.parametrize("resource", [BOOKS, AUTHORS], ids=["books", "authors"])
def test_the_table_of_sorts_names_all_keys(resource: Resource) -> None:
    (keys,) = [row[1] for row in FILTERS.table("Order, fields, pages") if row[0] == resource.name]
    assert re.findall(r"\w+", keys) == list(resource.sorts)


def test_a_role_beside_an_author_describes_one_contribution(client: FlaskClient, add_book: Callable[..., Any]) -> None:
    add_book(authors=[{"name": "Liu Cixin"}, {"name": "Ken Liu", "role": "translator"}])
    add_book(authors=[{"name": "Ken Liu"}])
    assert client.get("/books?author=Ken Liu&role=translator&total=exact").json["meta"]["total"] == 1
