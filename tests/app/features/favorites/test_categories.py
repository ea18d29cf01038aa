"""Categories: names, definitions of attributes, and changes that concern the values of favorites."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import MOOD, Person

PAGES = {"key": "pages", "type": "integer"}


def test_a_category_has_every_member(ann: Person) -> None:
    sent = {"name": " Sci-Fi ", "attributes": [MOOD, {"key": "stars", "label": "Stars", "type": "number"}]}
    response = ann.send("POST", "/categories", sent)
    assert (response.status_code, response.headers["Location"]) == (201, "/categories/1")
    assert {name: value for name, value in (response.json or {}).items() if not name.endswith("_at")} == {
        "id": 1,
        "name": "Sci-Fi",
        "description": None,
        "attributes": [
            {"key": "mood", "label": None, "type": "enum", "values": ["hopeful", "dark"], "required": False},
            {"key": "stars", "label": "Stars", "type": "number", "values": [], "required": False},
        ],
        "favorites_count": 0,
    }
    assert ann.get("/categories/1").headers["ETag"] == response.headers["ETag"]


def test_categories_are_listed_like_other_records(ann: Person) -> None:
    for name in ("b", "Ä", "c"):
        ann.category(name)
    page = ann.get("/categories?sort=name&fields=name&limit=2").json
    assert page is not None
    assert page["data"] == [{"name": "Ä"}, {"name": "b"}]
    assert ann.get(page["links"]["next"]).json["data"] == [{"name": "c"}]  # type: ignore[index]
    assert ann.get("/categories?name[starts]=a&total=exact").json["meta"]["total"] == 1  # type: ignore[index]
    assert ann.get("/categories?format=csv&fields=name").text == "name\r\nb\r\nÄ\r\nc\r\n"


@pytest.mark.parametrize("name", ["NOVELS", " novels ", "Nóvels"])
def test_a_name_is_unique_for_an_account(ann: Person, bob: Person, name: str) -> None:
    ann.category("Novels")
    other = ann.category("Other")
    for method, path in (("POST", "/categories"), ("PATCH", f"/categories/{other}"), ("PUT", f"/categories/{other}")):
        response = ann.send(method, path, {"name": name})
        assert (response.status_code, response.headers["Link"]) == (409, '</categories/1>; rel="related"')
    assert ann.send("PATCH", "/categories/1", {"name": name}).status_code == 200
    assert bob.send("POST", "/categories", {"name": name}).status_code == 201


def test_a_batch_has_a_name_once(ann: Person) -> None:
    response = ann.send("POST", "/categories", [{"name": "A"}, {"name": "á"}])
    assert (response.status_code, response.json["errors"][0]["pointer"]) == (409, "/1/name")  # type: ignore[index]


def test_long_names_may_begin_alike(ann: Person) -> None:
    ann.category("x" * 999 + "a")
    ann.category("x" * 999 + "b")
    assert ann.send("POST", "/categories", {"name": "X" * 999 + "B"}).status_code == 409


def test_an_account_has_two_hundred_categories(ann: Person, bob: Person) -> None:
    ann.add("/categories", [{"name": f"Category {number}"} for number in range(199)])
    assert ann.send("POST", "/categories", [{"name": "A"}, {"name": "B"}]).status_code == 409
    ann.category("The last one")
    response = ann.send("POST", "/categories", {"name": "One more"})
    assert (response.status_code, "200" in response.json["detail"]) == (409, True)  # type: ignore[index]
    assert ann.send("PATCH", "/categories/1", {"description": "Still changes"}).status_code == 200
    bob.category()


def test_a_category_with_favorites_is_only_deleted_with_them(ann: Person, novels: int) -> None:
    response = ann.send("DELETE", f"/categories/{novels}")
    assert (response.status_code, "5 favorites" in response.json["detail"]) == (409, True)  # type: ignore[index]
    assert ann.send("DELETE", f"/categories/{novels}?favorites=delete").status_code == 204
    assert ann.get("/favorites").json["data"] == []  # type: ignore[index]
    assert ann.send("DELETE", f"/categories/{ann.category('Empty')}").status_code == 204


def test_two_puts_with_one_etag_conflict(ann: Person, novels: int) -> None:
    etag = ann.get(f"/categories/{novels}").headers["ETag"]
    statuses = [
        ann.send("PUT", f"/categories/{novels}", {"name": name}, If_Match=etag).status_code for name in ("New", "Newer")
    ]
    assert statuses == [200, 412]


LOSSES: list[tuple[list[Any], int, dict[str, Any]]] = [
    ([PAGES], 2, {"pages": 300}),
    ([MOOD], 1, {"mood": "dark"}),
    ([], 3, {}),
    ([{**MOOD, "values": ["hopeful"]}, PAGES], 1, {"pages": 300}),
    ([{**MOOD, "type": "text", "values": []}, PAGES], 2, {"pages": 300}),
    ([MOOD, {**PAGES, "type": "number"}], 1, {"mood": "dark"}),
]


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
@pytest.mark.parametrize(("attributes", "count", "left"), LOSSES, ids=range(len(LOSSES)))
def test_a_change_loses_values_only_on_demand(ann: Person, method: str, attributes: Any, count: int, left: Any) -> None:
    category = ann.category("Novels", MOOD, PAGES)
    favorite = ann.favorite(category, "A", attributes={"mood": "dark", "pages": 300})
    ann.favorite(category, "B", attributes={"mood": "hopeful"})
    before = ann.get(f"/favorites/{favorite}").json
    sent = {"name": "Novels", "attributes": attributes}
    response = ann.send(method, f"/categories/{category}", sent)
    assert response.status_code == 409
    assert f"lose {count} value" in response.json["detail"]  # type: ignore[index]
    assert ann.get(f"/favorites/{favorite}").json == before
    response = ann.send(method, f"/categories/{category}?values=drop", sent)
    assert (response.status_code, len(response.json["attributes"])) == (200, len(attributes))  # type: ignore[index]
    after = ann.get(f"/favorites/{favorite}").json
    assert after is not None
    assert before is not None
    assert after["attributes"] == left
    assert after["updated_at"] > before["updated_at"]


def test_a_change_that_loses_nothing_needs_no_parameter(ann: Person) -> None:
    category = ann.category("Novels", MOOD, PAGES)
    favorite = ann.favorite(category, "A", attributes={"mood": "dark"})
    attributes = [{"key": "read_on", "type": "date"}, {**MOOD, "label": "How it feels", "values": ["dark", "light"]}]
    response = ann.send("PATCH", f"/categories/{category}", {"attributes": attributes})
    assert response.status_code == 200
    assert ann.get(f"/favorites/{favorite}").json["attributes"] == {"mood": "dark"}  # type: ignore[index]


@pytest.mark.parametrize(
    "attributes",
    [
        [{**MOOD, "required": True}, {**PAGES, "required": True}],
        [{**MOOD, "required": True, "values": ["hopeful"]}, PAGES],
        [MOOD, PAGES, {"key": "new", "type": "text", "required": True}],
    ],
    ids=["required", "a lost value", "new"],
)
def test_no_favorite_lacks_a_required_value(ann: Person, attributes: Any) -> None:
    category = ann.category("Novels", {**MOOD, "required": True}, PAGES)
    ann.favorite(category, "A", attributes={"mood": "dark"})
    response = ann.send("PATCH", f"/categories/{category}?values=drop", {"attributes": attributes})
    assert (response.status_code, "1 favorite" in response.json["detail"]) == (409, True)  # type: ignore[index]
    assert ann.get("/favorites/1").json["attributes"] == {"mood": "dark"}  # type: ignore[index]
