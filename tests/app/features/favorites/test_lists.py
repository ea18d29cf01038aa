"""Lists of favorites: sorts, filters, cursors, streams, and their description in OpenAPI."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from app.core.openapi import document
from tests.app.core.openapi.reader import Reader

from .conftest import MOOD, Document, Person


@pytest.fixture
def filled(ann: Person, add_book: Callable[..., Any]) -> list[int]:
    """Ann's categories One, with B, a and Ä, and Two, with c and d; B is a book."""
    one, two = ann.category("One", MOOD), ann.category("Two")
    ann.favorite(one, "B", book_id=add_book()["id"], attributes={"mood": "dark"})
    for category, title in ((one, "a"), (two, "c"), (one, "Ä"), (two, "d")):
        ann.favorite(category, title)
    return [one, two]


SORTS = [
    ("", "BcadÄ"),
    ("sort=ranking", "BcadÄ"),
    ("sort=-ranking", "ÄdacB"),
    ("sort=title", "aÄBcd"),
    ("sort=-title", "dcBÄa"),
    ("sort=created_at", "BacÄd"),
    ("sort=-created_at", "dÄcaB"),
    ("sort=ranking,title", "BcadÄ"),
    ("sort=ranking,-title", "cBdaÄ"),
]


@pytest.mark.parametrize(("sort", "titles"), SORTS, ids=[sort for sort, _ in SORTS])
def test_cursors_walk_every_sort_in_both_directions(ann: Person, filled: list[int], sort: str, titles: str) -> None:
    assert ann.titles(f"/favorites?{sort}") == titles
    walked, before, target = "", [], f"/favorites?limit=2&fields=title&{sort}"
    while target:
        page = ann.get(target).json
        assert page is not None
        before.append(target)
        walked += "".join(each["title"] for each in page["data"])
        last, target = page, page["links"]["next"]
    assert walked == titles
    assert "".join(each["title"] for each in ann.get(last["links"]["prev"]).json["data"]) == titles[2:4]  # type: ignore[index]


FILTERS = [
    ("category_id=1", "BaÄ"),
    ("category_id=2", "cd"),
    ("category_id[ne]=1", "cd"),
    ("category_id[in]=1,2", "BcadÄ"),
    ("category_id=1&category_id=2", "BcadÄ"),
    ("category_id=999", ""),
    ("book_id=1", "B"),
    ("book_id=2", ""),
    ("book_id[ne]=1", "cadÄ"),
    ("book_id[null]=true", "cadÄ"),
    ("book_id[null]=false", "B"),
    ("book_id[gte]=1", "B"),
    ("book_id[in]=1,7", "B"),
    ("title=a", "a"),
    ("title[starts]=a", "aÄ"),
    ("title[contains]=B", "B"),
    ("title[in]=a,d", "ad"),
    ("ranking=1", "Bc"),
    ("ranking[gt]=1", "adÄ"),
    ("ranking[in]=1,3", "BcÄ"),
    ("created_at[gte]=2020-01-01", "BcadÄ"),
]


@pytest.mark.parametrize(("filter_", "titles"), FILTERS, ids=[filter_ for filter_, _ in FILTERS])
def test_favorites_are_filtered_by_their_fields(ann: Person, filled: list[int], filter_: str, titles: str) -> None:
    assert ann.titles(f"/favorites?{filter_}") == titles


def test_a_list_of_a_category_takes_further_filters(ann: Person, filled: list[int]) -> None:
    assert ann.titles("/categories/1/favorites?ranking[lte]=2&sort=-title") == "Ba"
    assert ann.titles("/categories/1/favorites?category_id=2") == ""
    page = ann.get("/categories/2/favorites?total=exact").json
    assert page is not None
    assert (page["meta"]["total"], page["links"]["self"]) == (2, "/categories/2/favorites?total=exact")


def test_lists_are_streamed_as_tables_and_lines(ann: Person, filled: list[int]) -> None:
    fields = "fields=category,ranking,title,book,attributes"
    table = ann.get(f"/categories/1/favorites?{fields}", Accept="text/csv")
    assert table.text.splitlines() == [
        "category,ranking,title,book,attributes",
        "One,1,B,A book,mood:dark",
        "One,2,a,,",
        "One,3,Ä,,",
    ]
    lines = ann.get("/favorites?format=ndjson&fields=id,book").text.splitlines()
    assert json.loads(lines[0]) == {"id": 1, "book": {"id": 1, "title": "A book"}}
    assert table.headers["Cache-Control"] == "private, no-store"
    assert (
        ann.get("/categories?format=csv&fields=name,attributes").text == "name,attributes\r\nOne,mood:enum\r\nTwo,\r\n"
    )


def test_representations_match_their_description(ann: Person, app: Flask, filled: list[int]) -> None:
    reader = Reader(json.loads(json.dumps(document(app))))

    def faults(name: str, value: Any) -> list[str]:
        return reader.faults(value, {"$ref": f"#/components/schemas/{name}"})

    pages: dict[str, Document] = {}
    for name, path in (("Category", "/categories"), ("Favorite", "/favorites")):
        pages[name] = page = dict(ann.get(path).json or {})
        assert faults(f"{name}Page", page) == []
        for record in page["data"]:
            assert (faults(name, record), faults(f"{name}Patch", record)) == ([], [])
            assert faults(f"New{name}", record)
    assert faults("CategoryReplacement", pages["Category"]["data"][0]) == []
    new = {"category_id": 1, "book_id": 2, "ranking": 1, "attributes": {"mood": "dark", "pages": 7, "gift": None}}
    assert faults("NewFavorite", new) == []
    changes: tuple[Document, ...] = (
        {"ranking": 0},
        {"ranking": "1"},
        {"attributes": []},
        {"category_id": None},
        {"rank": 1},
    )
    for change in changes:
        assert faults("NewFavorite", {**new, **change})
    assert faults("Order", {"favorites": [1, 2]}) == []
    assert faults("Order", {"favorites": [1, 1]})


def test_every_operation_on_favorites_is_private(app: Flask) -> None:
    paths = document(app)["paths"]
    operations = [
        operation
        for path, methods in paths.items()
        if path.startswith(("/categories", "/favorites"))
        for name, operation in methods.items()
        if name != "parameters"
    ]
    assert len(operations) == 13
    for operation in operations:
        assert operation["security"] == [{"token": ["favorites"]}, {"session": []}]
        assert {"401", "403"} <= set(operation["responses"])
