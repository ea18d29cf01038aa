"""Concurrent writes: ranks stay dense, favorites fit their definitions, and no request fails."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.support.clients.parallel import simultaneously
from tests.support.databases import execute

from .conftest import Person

CLIENTS, WRITES = 8, 60
# 422: a rank that a deletion has removed meanwhile. 404: a favorite that is deleted.
EXPECTED = {200, 201, 204, 404, 422}


@pytest.fixture
def busy_app(app: Flask, make_app: Callable[..., Flask]) -> Flask:
    """An application on the same catalog, whose writers wait for one another in the database alone."""
    return make_app(CONNECTIONS=4 * CLIENTS)


def of_other_thread(person: Person, app: Flask) -> Person:
    """The same account with a client of its own."""
    client: FlaskClient = app.test_client(use_cookies=False)
    return Person(client, person.account, person.headers)


@pytest.mark.slow(20)
def test_ranks_stay_dense_under_concurrent_writes(ann: Person, busy_app: Flask, database_url: str) -> None:
    categories = [ann.category("One"), ann.category("Two")]
    favorites = [ann.favorite(category, str(number)) for number in range(10) for category in categories]

    def work(number: int) -> Counter[int]:
        chance, person, statuses = random.Random(number), of_other_thread(ann, busy_app), Counter[int]()
        for _ in range(WRITES):
            favorite, category, ranking = chance.choice(favorites), chance.choice(categories), chance.randint(1, 8)
            place = {"category_id": category, "ranking": ranking}
            requests: list[tuple[str, str, Any]] = [
                ("PATCH", f"/favorites/{favorite}", place),
                ("PATCH", f"/favorites/{favorite}", {"category_id": category}),
                ("PATCH", f"/favorites/{favorite}", {"ranking": ranking}),
                ("POST", "/favorites", {**place, "title": "x"}),
                ("DELETE", f"/favorites/{favorite + 20}", None),
            ]
            statuses[person.send(*chance.choice(requests)).status_code] += 1
        return statuses

    statuses = sum(simultaneously(*(partial(work, number) for number in range(CLIENTS))), Counter[int]())
    assert sum(statuses.values()) == CLIENTS * WRITES
    assert set(statuses) <= EXPECTED, statuses
    assert statuses[200] > CLIENTS * WRITES / 3
    ranks = "SELECT array_agg(ranking ORDER BY ranking) FROM favorites GROUP BY category_id"
    stored = [row[0] for row in execute(database_url, ranks)]
    assert stored == [list(range(1, len(each) + 1)) for each in stored]
    assert len(stored) == 2


@pytest.mark.slow(10)
def test_no_favorite_violates_definitions_that_change(ann: Person, busy_app: Flask, database_url: str) -> None:
    enum = {"key": "a", "type": "enum", "values": ["red", "blue"]}
    definitions: list[tuple[dict[str, Any], Any]] = [
        (enum, "red"),
        ({**enum, "values": ["blue"]}, "blue"),
        ({"key": "a", "type": "integer"}, 7),
        ({"key": "a", "type": "text"}, "seven"),
        ({"key": "b", "type": "boolean"}, None),
    ]
    category, others = ann.category("One", enum), ann.category("Two", {"key": "a", "type": "integer"})
    moving = ann.favorite(others, "M", attributes={"a": 7})

    def define(number: int) -> set[int]:
        chance, person = random.Random(number), of_other_thread(ann, busy_app)
        path = f"/categories/{category}?values=drop"
        changes = [chance.choice(definitions)[0] for _ in range(25)]
        return {person.send("PATCH", path, {"attributes": [change]}).status_code for change in changes}

    def write(number: int) -> set[int]:
        chance, person, statuses = random.Random(number), of_other_thread(ann, busy_app), set[int]()
        for _ in range(25):
            value = chance.choice(definitions)[1]
            sent = {"category_id": category, "title": "x", "attributes": {"a": value}}
            statuses.add(person.send("POST", "/favorites", sent).status_code)
            target = {"category_id": chance.choice([category, others]), "attributes": {"a": chance.choice([7, None])}}
            statuses.add(person.send("PATCH", f"/favorites/{moving}", target).status_code)
        return statuses

    calls = [*(partial(define, number) for number in range(2)), *(partial(write, number) for number in range(2, 6))]
    statuses = set().union(*simultaneously(*calls))
    assert {200, 201} <= statuses <= {200, 201, 422}
    rows = execute(
        database_url,
        "SELECT definitions.attributes, favorites.attributes FROM favorites "
        "JOIN categories AS definitions ON definitions.id = category_id",
    )
    assert len(rows) > 20
    kinds = {"enum": str, "text": str, "integer": int, "boolean": bool}
    for attributes, values in rows:
        by_key = {each["key"]: each for each in attributes}
        assert values.keys() <= by_key.keys()
        for key, value in values.items():
            assert type(value) is kinds[by_key[key]["type"]]
            assert value in by_key[key]["values"] or by_key[key]["type"] != "enum"


@pytest.mark.slow(10)
def test_merges_and_favorites_of_the_same_books_never_fail(ann: Person, editor: Person, busy_app: Flask) -> None:
    books = [editor.add("/books", {"title": title})["id"] for title in "ABC"]
    categories = [ann.category("One"), ann.category("Two")]
    favorites = [ann.favorite(category, book_id=book) for category in categories for book in books]
    before = [ann.get(f"/favorites/{favorite}").json["book"] for favorite in favorites]  # type: ignore[index]

    def merge() -> set[int]:
        person = of_other_thread(editor, busy_app)
        statuses = set()
        for _ in range(15):
            statuses.add(person.send("POST", f"/books/{books[0]}/merge", {"from": books[1:]}).status_code)
            statuses.add(person.send("POST", f"/books/{books[0]}/unmerge").status_code)
        return statuses

    def write(number: int) -> set[int]:
        chance, person = random.Random(number), of_other_thread(ann, busy_app)
        return {
            person.send(
                "PATCH", f"/favorites/{chance.choice(favorites)}", {"ranking": chance.randint(1, 3)}
            ).status_code
            for _ in range(40)
        }

    assert set().union(*simultaneously(merge, *(partial(write, number) for number in range(4)))) == {200}
    assert [ann.get(f"/favorites/{favorite}").json["book"] for favorite in favorites] == before  # type: ignore[index]


def test_one_of_two_books_at_once_is_refused(ann: Person, busy_app: Flask, add_book: Callable[..., Any]) -> None:
    category, book = ann.category(), add_book()["id"]

    def add() -> int:
        sent = {"category_id": category, "book_id": book}
        return of_other_thread(ann, busy_app).send("POST", "/favorites", sent).status_code

    assert sorted(simultaneously(add, add, add, add)) == [201, 409, 409, 409]


def test_one_of_two_categories_at_once_gets_the_name(ann: Person, busy_app: Flask) -> None:
    def add() -> int:
        return of_other_thread(ann, busy_app).send("POST", "/categories", {"name": "Novels"}).status_code

    assert sorted(simultaneously(add, add, add, add)) == [201, 409, 409, 409]
