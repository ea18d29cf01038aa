"""Bodies at the limit of 8 MiB: none costs much CPU, and each gets the problem that it should."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

BYTES = 8 * 1024 * 1024
# CPU of this thread. It is some times what an idle machine takes, because processors slow down when they are shared.
CPU_SECONDS = 3.0


def repeated(before: str, item: Callable[[int], str], after: str) -> str:
    """Return `before`, as many items as fit into the limit, and `after`."""
    count = (BYTES - len(before) - len(after)) // (len(item(999_999).encode()) + 1)
    return before + ",".join(map(item, range(count))) + after


def batch(fields: dict[str, Any]) -> str:
    return json.dumps([{"title": "A book", **fields}] * 1000)


BODIES = {
    "unknown members": (lambda: repeated("{", lambda number: f'"m{number}":1', "}"), 422),
    "unknown members in a batch": (lambda: batch({f"titl{number}": 1 for number in range(500)}), 422),
    "unknown members of a contributor": (
        lambda: repeated('{"title":"A","authors":[{"id":1,', lambda number: f'"m{number}":1', "}]}"),
        422,
    ),
    "empty records": (lambda: repeated("[", lambda _: "{}", "]"), 413),
    "a thousand empty records": (lambda: json.dumps([{}] * 1000), 422),
    "small records": (lambda: repeated("[", lambda _: '{"title":"A"}', "]"), 413),
    "empty arrays": (lambda: repeated('{"title":"A","subjects":[', lambda _: "[]", "]}"), 413),
    "numbers": (lambda: repeated("[", lambda _: "1", "]"), 413),
    "a long number": (lambda: '{"title":"A","page_count":' + "9" * (BYTES - 100) + "}", 422),
    "long numbers": (lambda: repeated('{"title":"A","subjects":[', lambda _: "9" * 4200, "]}"), 422),
    "many subjects": (lambda: repeated('{"title":"A","subjects":[', lambda number: f'"s{number}"', "]}"), 422),
    "wrong subjects": (lambda: batch({"subjects": [1] * 200}), 422),
    "equal subjects": (lambda: batch({"subjects": ["one"] * 200}), 422),
    "wrong schemes": (lambda: repeated('{"title":"A","identifiers":{', lambda n: f'"S{n}":""', "}}"), 422),
    "wrong ISBNs": (lambda: batch({"identifiers": {"isbn": ["9780306406158"] * 50}}), 422),
    "a long ISBN": (lambda: '{"title":"A","isbn":"' + "9-" * (BYTES // 2 - 50) + '"}', 422),
    "many contributors": (lambda: batch({"authors": [{}] * 200}), 413),
    "a long title": (lambda: '{"title":"' + "e\u0301 " * (BYTES // 4 - 50) + '"}', 422),
    "a blank title": (lambda: '{"title":"' + " " * (BYTES - 50) + '"}', 422),
    "a title of marks": (lambda: '{"title":"' + ("e" + "\u0301\u0323" * 14) * (BYTES // 57 - 50) + '"}', 422),
    "long descriptions": (
        lambda: json.dumps([{"title": 1, "description": "e\u0301 " * 20_000}] * 90, ensure_ascii=False),
        422,
    ),
    "equal keys": (lambda: repeated("{", lambda _: '"a":1', "}"), 400),
    "one key twice": (lambda: repeated('{"m5":1,', lambda number: f'"m{number}":1', "}"), 400),
    "deep arrays": (lambda: "[" * (BYTES // 2) + "]" * (BYTES // 2), 400),
    "wide and deep arrays": (lambda: repeated("[", lambda _: "[" * 31 + "]" * 31, "]"), 413),
    "strings with brackets": (lambda: '{"title":1,"description":"' + "[,{" * 300_000 + '"}', 422),
}


@pytest.mark.parametrize(("make", "status"), BODIES.values(), ids=BODIES)
def test_a_costly_body_is_refused_fast(make: Callable[[], str], status: int, client: FlaskClient) -> None:
    body = make().encode()
    assert len(body) <= BYTES
    started = time.thread_time()
    response = client.post("/books", data=body, content_type="application/json")
    used = time.thread_time() - started
    assert (response.status_code, used < CPU_SECONDS) == (status, True), (used, response.text[:500])


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
def test_a_missing_record_comes_before_faults(method: str, client: FlaskClient) -> None:
    response = client.open("/books/1", method=method, json={"titel": "A book", "page_count": 0})
    assert response.status_code == 404, response.text


def test_faults_of_fields_and_references_are_listed_together(client: FlaskClient) -> None:
    response = client.post("/books", json={"title": "A book", "page_count": 0, "authors": [{"id": 7}]})
    assert [error["code"] for error in response.json["errors"]] == ["out_of_range", "not_found"]


def test_more_faults_than_are_counted_say_so(client: FlaskClient) -> None:
    response = client.post("/books", json={f"m{number}": 1 for number in range(6000)})
    assert "more than 5,000 errors" in response.json["detail"], response.json["detail"]
