"""The order in which the faults of a write are reported."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.support.catalogs.examples import (
    ISBN,
)

Add = Callable[..., dict[str, Any]]


@pytest.fixture(scope="module")
def small_app(make_app: Callable[..., Flask]) -> Flask:
    return make_app(MAX_CONTENT_LENGTH=2048)


# The problem that each fault causes alone.
FAULTS = {
    "path": "not-found",
    "method": "method-not-allowed",
    "query": "invalid-query",
    "accept": "not-acceptable",
    "size": "content-too-large",
    "type": "unsupported-media-type",
    "syntax": "invalid-json",
    "existence": "not-found",
    "precondition": "precondition-failed",
    "schema": "validation-failed",
    "conflict": "conflict",
}

IMPOSSIBLE = {("path", "existence"), ("existence", "precondition")}  # a record that is not there has no ETag


def _faulty(client: FlaskClient, method: str, faults: set[str]) -> Any:
    headers = {"Content-Type": "application/json"}
    document: dict[str, Any] = {"title": "x"}
    path = "/books/1"
    if "path" in faults:
        path = "/books/0001"
    if "existence" in faults:
        path = "/books/99"
    if "query" in faults:
        path += "?nothing=1"
    if "accept" in faults:
        headers["Accept"] = "text/html"
    if "type" in faults:
        headers["Content-Type"] = "text/plain"
    if "precondition" in faults:
        headers["If-Match"] = '"0123"'
    if "schema" in faults:
        document["page_count"] = "12"
    if "conflict" in faults:
        document["isbn"] = ISBN
    body = json.dumps(document)
    if "syntax" in faults:
        body = body[:-1]
    if "size" in faults:
        body += " " * 2048
    return client.open(path, method="POST" if "method" in faults else method, data=body, headers=headers)


@pytest.mark.parametrize("method", ["PUT", "PATCH"])
@pytest.mark.parametrize(("first", "second"), list(itertools.combinations(FAULTS, 2)))
def test_faults_are_reported_in_the_order_of_the_contract(
    small_app: Flask, client: FlaskClient, add_book: Add, method: str, first: str, second: str
) -> None:
    add_book()
    add_book(isbn=ISBN)
    small = small_app.test_client()
    response = _faulty(small, method, {first})
    assert response.json["type"] == f"/problems/{FAULTS[first]}"
    response = _faulty(small, method, {second})
    assert response.json["type"] == f"/problems/{FAULTS[second]}"
    if (first, second) not in IMPOSSIBLE:
        response = _faulty(small, method, {first, second})
        assert response.json["type"] == f"/problems/{FAULTS[first]}"
    assert _faulty(small, method, set()).status_code == 200


def test_a_missing_record_is_reported_before_a_precondition(client: FlaskClient) -> None:
    for method in ("PUT", "PATCH", "DELETE"):
        body = {} if method == "DELETE" else {"json": {"title": "x"}}
        assert client.open("/books/99", method=method, headers={"If-Match": '"0123"'}, **body).status_code == 404
