"""Values at their limits, and media types in all forms, are accepted."""

from __future__ import annotations

from typing import Any

import pytest

from .bad_requests import (
    DECOMPOSED,
    FREE_ISBN,
    ISBN,
    JSON,
    MERGE_PATCH,
)

ACCEPTED: tuple[tuple[str, str, dict[str, str]], ...] = (
    ("plain", "POST", {"Content-Type": JSON}),
    ("capitals", "POST", {"Content-Type": "Application/JSON"}),
    ("a charset", "POST", {"Content-Type": "application/json; charset=utf-8"}),
    ("a charset in capitals", "POST", {"Content-Type": "application/json;charset=UTF-8"}),
    ("a charset in quotes", "POST", {"Content-Type": 'application/json; charset="utf-8"'}),
    ("another parameter", "POST", {"Content-Type": "application/json; x=y"}),
    ("no coding", "POST", {"Content-Type": JSON, "Content-Encoding": "identity"}),
    ("a merge patch", "PATCH", {"Content-Type": MERGE_PATCH}),
    ("a merge patch with a charset", "PATCH", {"Content-Type": f"{MERGE_PATCH}; charset=utf-8"}),
)


@pytest.mark.parametrize(("method", "headers"), [row[1:] for row in ACCEPTED], ids=[row[0] for row in ACCEPTED])
def test_every_form_of_a_json_type_is_accepted(
    client: Any, add_book: Any, method: str, headers: dict[str, str]
) -> None:
    target = "/books" if method == "POST" else f"/books/{add_book()['id']}"
    response = client.open(target, method=method, data=b'{"title": "Dune"}', headers=headers)
    assert response.status_code == (201 if method == "POST" else 200)
    assert response.json["title"] == "Dune"


LIMITS: tuple[tuple[str, Any], ...] = (
    ("title", "x" * 4000),
    ("title", DECOMPOSED * 4000),
    ("title", "😀" * 4000),
    ("subtitle", "x" * 1000),
    ("description", "x" * 100_000),
    ("subjects", [str(number) for number in range(200)]),
    ("subjects", ["x" * 500]),
    ("identifiers", {f"s{number}": ["1"] for number in range(50)}),
    ("identifiers", {"x": [str(n) for n in range(50)]}),
    ("identifiers", {"a-z_0.9": ["1" * 200]}),
    ("identifiers", {"x" * 50: []}),
    ("page_count", 1),
    ("page_count", 100_000),
    ("series_position", 0),
    ("series_position", 1.5),
    ("series_position", 100_000),
    ("published", "0001"),
    ("published", "9999-12-31"),
    ("published", "2024-02-29"),
    ("published", "2000-02-29"),
    ("published", "-0001"),
    ("published", "-9999"),
    ("language", "zh-Hant-TW"),
    ("cover_url", "HTTPS://covers.example:443/a?b=%20#c"),
    ("authors", [{"name": f"Author {number}"} for number in range(200)]),
    ("title", "מדריך\u200f \u200e"),
    ("title", "👩\u200d🚀"),
    ("title", "می\u200cخواهم"),
    ("isbn", FREE_ISBN),
    ("isbn", ISBN),
)


@pytest.mark.parametrize(("name", "value"), LIMITS, ids=lambda value: ascii(value)[:30])
def test_a_value_at_its_limit_is_accepted(client: Any, name: str, value: Any) -> None:
    response = client.post("/books", json={"title": "Dune", name: value})
    assert response.status_code == 201, response.text[:500]
    assert client.get(response.headers["Location"]).json == response.json
