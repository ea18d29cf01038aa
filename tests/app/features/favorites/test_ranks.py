"""Ranks are dense after every write: insertions, moves, deletions, whole orders."""

from __future__ import annotations

import random
from typing import Any

import pytest

from .conftest import Person


@pytest.mark.parametrize(("ranking", "order"), [(None, "ABCDEx"), (1, "xABCDE"), (3, "ABxCDE"), (6, "ABCDEx")], ids=str)
def test_a_new_favorite_moves_others_down(ann: Person, novels: int, ranking: int | None, order: str) -> None:
    ann.favorite(novels, "x", ranking=ranking)
    assert ann.order(novels) == order


@pytest.mark.parametrize(
    ("favorite", "ranking", "order"),
    [(1, 5, "BCDEA"), (5, 1, "EABCD"), (2, 3, "ACBDE"), (3, 3, "ABCDE"), (4, 2, "ADBCE")],
)
def test_a_move_shifts_the_favorites_between(ann: Person, novels: int, favorite: int, ranking: int, order: str) -> None:
    response = ann.send("PATCH", f"/favorites/{favorite}", {"ranking": ranking})
    assert (response.status_code, response.json["ranking"]) == (200, ranking)  # type: ignore[index]
    assert ann.order(novels) == order


@pytest.mark.parametrize(("ranking", "order"), [(None, "xyC"), (1, "Cxy"), (2, "xCy"), (3, "xyC")], ids=str)
def test_a_move_to_another_category_closes_up(ann: Person, novels: int, ranking: int | None, order: str) -> None:
    other = ann.category("Other")
    for title in "xy":
        ann.favorite(other, title)
    moved = ann.send("PATCH", "/favorites/3", {"category_id": other} | ({"ranking": ranking} if ranking else {}))
    assert moved.json["category"] == {"id": other, "name": "Other"}  # type: ignore[index]
    assert (ann.order(novels), ann.order(other)) == ("ABDE", order)


@pytest.mark.parametrize(("favorite", "order"), [(1, "BCDE"), (3, "ABDE"), (5, "ABCD")])
def test_a_deletion_closes_up(ann: Person, novels: int, favorite: int, order: str) -> None:
    assert ann.send("DELETE", f"/favorites/{favorite}").status_code == 204
    assert ann.order(novels) == order


def test_many_writes_equal_those_of_a_list(ann: Person) -> None:
    chance, category, expected = random.Random(7), ann.category(), list[int]()
    for _ in range(60):
        action = chance.choice(["insert", "insert", "move", "delete"]) if expected else "insert"
        if action == "insert":
            ranking = chance.randint(1, len(expected) + 1)
            expected.insert(ranking - 1, ann.favorite(category, "x", ranking=ranking))
            continue
        favorite = chance.choice(expected)
        expected.remove(favorite)
        if action == "move":
            ranking = chance.randint(1, len(expected) + 1)
            assert ann.send("PATCH", f"/favorites/{favorite}", {"ranking": ranking}).status_code == 200
            expected.insert(ranking - 1, favorite)
        else:
            assert ann.send("DELETE", f"/favorites/{favorite}").status_code == 204
    data = ann.get(f"/categories/{category}/favorites?limit=100&fields=id,ranking").json["data"]  # type: ignore[index]
    assert data == [{"id": favorite, "ranking": rank} for rank, favorite in enumerate(expected, 1)]


def test_a_whole_order_returns_its_first_page(ann: Person, novels: int) -> None:
    response = ann.send("PUT", f"/categories/{novels}/order", {"favorites": [5, 3, 1, 2, 4]})
    assert response.status_code == 200
    assert ann.order(novels) == "ECABD"
    page = ann.get(f"/categories/{novels}/favorites")
    assert (response.json, response.headers["ETag"]) == (page.json, page.headers["ETag"])
    assert response.json["meta"] == {"count": 5, "limit": 20}  # type: ignore[index]


def test_an_order_that_changes_nothing_moves_nothing(ann: Person, novels: int) -> None:
    before = ann.get(f"/categories/{novels}").json
    assert ann.send("PUT", f"/categories/{novels}/order", {"favorites": [1, 2, 3, 4, 5]}).status_code == 200
    assert ann.get(f"/categories/{novels}").json == before


@pytest.mark.parametrize("path", ["/categories/{}", "/categories/{}/favorites"])
def test_of_two_orders_with_one_etag_one_wins(ann: Person, novels: int, path: str) -> None:
    etag = ann.get(path.format(novels)).headers["ETag"]
    statuses = [
        ann.send("PUT", f"/categories/{novels}/order", {"favorites": ids}, If_Match=etag).status_code
        for ids in ([5, 4, 3, 2, 1], [1, 2, 3, 5, 4])
    ]
    assert statuses == [200, 412]
    assert ann.order(novels) == "EDCBA"
    refused = ann.send("PUT", f"/categories/{novels}/order", {"favorites": [1]}, If_Match='"wrong"')
    assert refused.status_code == 412


@pytest.mark.parametrize(
    ("method", "path", "document"),
    [
        ("PATCH", "/favorites/1", {"ranking": 2}),
        ("POST", "/favorites", {"category_id": 1, "title": "x"}),
        ("DELETE", "/favorites/5", None),
    ],
    ids=["a move", "an insertion", "a deletion"],
)
def test_a_changed_order_changes_its_category(ann: Person, novels: int, method: str, path: str, document: Any) -> None:
    old = ann.get(f"/categories/{novels}")
    assert ann.send(method, path, document).status_code < 300
    assert ann.get(f"/categories/{novels}").json["updated_at"] > old.json["updated_at"]  # type: ignore[index]
    order = {"favorites": [5, 4, 3, 2, 1]}
    refused = ann.send("PUT", f"/categories/{novels}/order", order, If_Match=old.headers["ETag"])
    assert refused.status_code == 412


ORDERS = [
    ([1, 2, 3, 4], "/favorites", "too_few"),
    ([], "/favorites", "too_few"),
    ([1, 2, 3, 4, 5, 99], "/favorites/5", "not_found"),
    ([1, 2, 3, 4, 5, 5], "/favorites/5", "duplicate"),
    ([1, 2, 3, 4, "5"], "/favorites/4", "type"),
    ([1, 2, 3, 4, 5.0], "/favorites/4", "type"),
    (None, "/favorites", "required"),
    ({"1": 1}, "/favorites", "type"),
]


@pytest.mark.parametrize(("ids", "pointer", "code"), ORDERS, ids=str)
def test_an_order_lists_exactly_the_favorites(ann: Person, novels: int, ids: object, pointer: str, code: str) -> None:
    response = ann.send("PUT", f"/categories/{novels}/order", {"favorites": ids})
    assert response.status_code == 422
    assert (pointer, code) in {(each["pointer"], each["code"]) for each in response.json["errors"]}  # type: ignore[index]
    assert ann.order(novels) == "ABCDE"
