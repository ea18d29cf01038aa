"""The attributes of favorites: values by type, and filters with the operators of the type."""

from __future__ import annotations

from typing import Any

import pytest

from .conftest import Document, Person

TYPES = ("text", "number", "integer", "boolean", "date", "url")
ALL: list[Document] = [
    *({"key": type_, "type": type_} for type_ in TYPES),
    {"key": "enum", "type": "enum", "values": ["caf\u00e9", "two words"]},
]

VALUES = [
    ("text", " two  words ", "two words"),
    ("text", "e\u0301", "\u00e9"),
    ("number", 1.5, 1.5),
    ("number", -3, -3),
    ("number", 4.0, 4),
    ("integer", 2**53 - 1, 2**53 - 1),
    ("integer", 0, 0),
    ("boolean", False, False),
    ("date", "2024-02-29", "2024-02-29"),
    ("date", "-0044", "-0044"),
    ("enum", "cafe\u0301", "caf\u00e9"),
    ("enum", " two words ", "two words"),
    ("url", "https://example.com/a?b#c", "https://example.com/a?b#c"),
]


@pytest.mark.parametrize(("key", "sent", "stored"), VALUES, ids=ascii)
def test_a_value_is_stored_as_its_type_does(ann: Person, key: str, sent: Any, stored: Any) -> None:
    favorite = ann.favorite(ann.category("All", *ALL), "A", attributes={key: sent})
    value = ann.get(f"/favorites/{favorite}").json["attributes"][key]  # type: ignore[index]
    assert (value, type(value)) == (stored, type(stored))


def test_a_patch_changes_single_attributes(ann: Person) -> None:
    favorite = ann.favorite(ann.category("All", *ALL), "A", attributes={"text": "x", "integer": 1, "boolean": True})
    response = ann.send("PATCH", f"/favorites/{favorite}", {"attributes": {"integer": 2, "text": None}})
    assert response.json["attributes"] == {"integer": 2, "boolean": True}  # type: ignore[index]
    assert ann.send("PATCH", f"/favorites/{favorite}", {"attributes": None}).json["attributes"] == {}  # type: ignore[index]


def test_another_category_judges_the_attributes(ann: Person) -> None:
    favorite = ann.favorite(ann.category("All", *ALL), "A", attributes={"text": "x", "integer": 1})
    other = ann.category("Other", {"key": "integer", "type": "text"}, {"key": "mood", "type": "text", "required": True})
    response = ann.send("PATCH", f"/favorites/{favorite}", {"category_id": other})
    assert response.status_code == 422
    assert {(error["pointer"], error["code"]) for error in response.json["errors"]} == {  # type: ignore[index]
        ("/attributes/text", "unknown"),
        ("/attributes/integer", "type"),
        ("/attributes/mood", "required"),
    }
    attributes = {"text": None, "integer": "one", "mood": "dark"}
    response = ann.send("PATCH", f"/favorites/{favorite}", {"category_id": other, "attributes": attributes})
    assert (response.status_code, response.json["attributes"]) == (  # type: ignore[index]
        200,
        {"integer": "one", "mood": "dark"},
    )


ROWS: dict[str, Document] = {
    "A": {"text": "Über uns", "number": 1.5, "integer": 1, "boolean": True, "date": "1990", "enum": "café"},
    "B": {"text": "50% off, now", "number": 2, "integer": 2, "boolean": False, "date": "1990-05", "enum": "two words"},
    "C": {"text": "plain", "number": -1, "integer": -7, "date": "1991", "url": "https://example.com/"},
    "D": {},
}
FILTERS = [
    ("text=plain", "C"),
    ("text=PLAIN", ""),
    ("text[ne]=plain", "ABD"),
    ("text[in]=plain,other", "C"),
    ("text=plain&attributes.text=50%25%20off,%20now", "BC"),
    ("text[contains]=uber", "A"),
    ("text[contains]=%25", "B"),
    ("text[starts]=PL", "C"),
    ("text[null]=true", "D"),
    ("text[null]=false", "ABC"),
    ("number=2", "B"),
    ("number=2.0", "B"),
    ("number[ne]=2", "ACD"),
    ("number[gt]=-1", "AB"),
    ("number[lte]=1.5", "AC"),
    ("number[in]=1.5,-1", "AC"),
    ("integer[gte]=1&attributes.integer[lt]=2", "A"),
    ("integer[lt]=0", "C"),
    ("boolean=true", "A"),
    ("boolean[ne]=true", "BCD"),
    ("boolean[null]=true", "CD"),
    ("date=1990", "AB"),
    ("date[ne]=1990", "CD"),
    ("date[gt]=1990", "C"),
    ("date[lte]=1990", "AB"),
    ("date[gte]=1990-05", "BC"),
    ("date[in]=1990-05,1991", "BC"),
    ("enum=caf%C3%A9", "A"),
    ("enum=cafe%CC%81", "A"),
    ("enum[in]=caf%C3%A9,two%20words", "AB"),
    ("enum[null]=true", "CD"),
    ("url[null]=false", "C"),
    ("url=https://example.com/", "C"),
    ("url[contains]=EXAMPLE", "C"),
]


@pytest.mark.parametrize(("filter_", "titles"), FILTERS, ids=[filter_ for filter_, _ in FILTERS])
def test_filters_compare_as_the_type_does(ann: Person, filter_: str, titles: str) -> None:
    category = ann.category("All", *ALL)
    for title, attributes in ROWS.items():
        ann.favorite(category, title, attributes=attributes)
    for path in ("/favorites", f"/categories/{category}/favorites"):
        assert ann.titles(f"{path}?attributes.{filter_}") == titles


def test_cursors_and_streams_keep_filters_by_attributes(ann: Person) -> None:
    category = ann.category("All", *ALL)
    for title, integer in zip("ABCDE", (1, 2, 1, 1, 1), strict=True):
        ann.favorite(category, title, attributes={"integer": integer})
    for path in ("/favorites", f"/categories/{category}/favorites"):
        page = ann.get(f"{path}?attributes.integer=1&limit=2").json
        assert page is not None
        after = ann.get(page["links"]["next"]).json
        assert after is not None
        assert [each["title"] for each in page["data"] + after["data"]] == ["A", "C", "D", "E"]
        assert ann.get(after["links"]["prev"]).json["data"] == page["data"]  # type: ignore[index]
        assert ann.get(f"{path}?attributes.integer=2&format=ndjson&fields=title").text == '{"title":"B"}\n'
        assert ann.get(f"{path}?attributes.integer=2&total=estimated").json["meta"]["total"] == 1  # type: ignore[index]


def test_a_key_with_several_types_needs_a_category(ann: Person) -> None:
    numbers = ann.category("Numbers", {"key": "a", "type": "integer"}, {"key": "b", "type": "text"})
    texts = ann.category("Texts", {"key": "a", "type": "text"}, {"key": "b", "type": "text"})
    ann.favorite(numbers, "N", attributes={"a": 7, "b": "x"})
    ann.favorite(texts, "T", attributes={"a": "seven", "b": "x"})
    response = ann.get("/favorites?attributes.a=7")
    assert response.status_code == 400
    error = response.json["errors"][0]  # type: ignore[index]
    assert (error["parameter"], "category_id" in error["detail"]) == ("attributes.a", True)
    assert ann.titles(f"/favorites?attributes.a[gt]=6&category_id={numbers}") == "N"
    assert ann.titles(f"/favorites?attributes.a[starts]=SEV&category_id[in]={texts}") == "T"
    assert ann.titles(f"/categories/{numbers}/favorites?attributes.a=7") == "N"
    assert ann.titles("/favorites?attributes.b=x") == "NT"


def test_enums_of_several_categories_are_united(ann: Person) -> None:
    for name, value in (("One", "red"), ("Two", "blue")):
        category = ann.category(name, {"key": "color", "type": "enum", "values": [value]})
        ann.favorite(category, name, attributes={"color": value})
    assert ann.titles("/favorites?attributes.color[in]=red,blue") == "OneTwo"
    assert ann.get("/favorites?attributes.color=green").status_code == 400


def test_an_unknown_attribute_names_the_nearest(ann: Person) -> None:
    category = ann.category("All", *ALL)
    for path in ("/favorites", f"/categories/{category}/favorites"):
        response = ann.get(f"{path}?attributes.numbr=1")
        assert response.status_code == 400
        detail = response.json["errors"][0]["detail"]  # type: ignore[index]
        assert "Did you mean attributes.number?" in detail
        assert "attributes.url" in detail.partition("Allowed:")[2]
