"""Parameters: every filter, sort and field of a list, with examples that work."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from itertools import groupby
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.books.resource import BOOKS
from app.core.formats import LIST_FORMATS
from app.core.openapi import describe, document
from app.core.openapi.operations import CreateRecords
from app.core.parameters import LIMIT_MOST, OFFSET_MOST
from app.http.access.rights import ENTRY, SIGN_IN, requires
from app.http.headers.idempotency_key import PATTERN
from tests.contract.writes.test_idempotency import INVALID, VALID

from .reader import LISTS, Reader, examples_of


def test_every_parameter_has_a_description_and_an_example(reader: Reader) -> None:
    without = {
        f"{path}: {parameter['name']}"
        for path, _, operation in reader.operations()
        for parameter in reader.parameters(operation)
        if not parameter.get("description") or (not examples_of(parameter) and parameter["name"] != "cursor")
    }
    assert without == set()


def test_optional_parameters_have_examples_only_in_their_schemas(reader: Reader) -> None:
    """The docs page would prefill parameters with an `example`, and send a hundred filters."""
    filled = {
        parameter["name"]
        for _, _, operation in reader.operations()
        for parameter in reader.parameters(operation)
        if parameter["in"] != "path" and ("example" in parameter or "examples" in parameter)
    }
    assert filled == set()


@pytest.mark.parametrize(("path", "resource"), LISTS, ids=[path for path, _ in LISTS])
def test_a_list_documents_exactly_its_filters_and_page_parameters(reader: Reader, path: str, resource: Any) -> None:
    parameters = reader.parameters(reader.spec["paths"][path]["get"])
    names = [parameter["name"] for parameter in parameters if parameter["in"] == "query"]
    filters = {
        filter_.name if operator == "eq" else f"{filter_.name}[{operator}]"
        for filter_ in resource.filters.values()
        for operator in filter_.operators
    }
    assert len(names) == len(set(names))
    assert set(names) == filters | {"limit", "cursor", "offset", "total", "sort", "fields", "format"}


@pytest.mark.parametrize(("path", "resource"), LISTS, ids=[path for path, _ in LISTS])
def test_a_list_documents_its_common_parameters_before_the_filters(reader: Reader, path: str, resource: Any) -> None:
    parameters = reader.parameters(reader.spec["paths"][path]["get"])
    names = [parameter["name"] for parameter in parameters if parameter["in"] == "query"]
    assert names[:8] == ["q", "sort", "fields", "limit", "cursor", "total", "format", "offset"]
    fields = [name.partition("[")[0] for name in names[8:]]
    assert list(dict.fromkeys(fields)) == [field for field, _ in groupby(fields)], "operators of a field are apart"


@pytest.mark.parametrize(("path", "resource"), LISTS, ids=[path for path, _ in LISTS])
def test_a_list_enumerates_its_sorts_and_fields(reader: Reader, path: str, resource: Any) -> None:
    listed = {parameter["name"]: parameter for parameter in reader.parameters(reader.spec["paths"][path]["get"])}
    assert set(listed["sort"]["schema"]["items"]["enum"]) == {
        sign + key for key in resource.sorts for sign in ("", "-")
    }
    assert listed["fields"]["schema"]["items"]["enum"] == list(resource.fields)
    for name in ("sort", "fields"):
        assert (listed[name]["style"], listed[name]["explode"]) == ("form", False)


@pytest.mark.parametrize(("path", "resource"), LISTS, ids=[path for path, _ in LISTS])
def test_only_the_description_documents_media_types_of_streams(reader: Reader, path: str, resource: Any) -> None:
    operation = reader.spec["paths"][path]["get"]
    assert list(operation["responses"]["200"]["content"]) == ["application/json"]
    for name, form in LIST_FORMATS.items():
        assert f"`Accept: {form.media_type}` or `format={name}`" in operation["description"]
    assert f"All {resource.name} " in operation["description"]


def test_page_parameters_document_their_limits(reader: Reader) -> None:
    listed = {
        parameter["name"]: parameter["schema"] for parameter in reader.parameters(reader.spec["paths"]["/books"]["get"])
    }
    assert (listed["limit"]["minimum"], listed["limit"]["maximum"], listed["limit"]["default"]) == (
        1,
        LIMIT_MOST,
        20,
    )
    assert (listed["offset"]["minimum"], listed["offset"]["maximum"]) == (0, OFFSET_MOST)
    assert listed["total"]["enum"] == ["exact", "estimated"]
    assert listed["format"]["enum"] == ["ndjson", "csv"]


@pytest.mark.parametrize("path", ["/authors", "/books"])
def test_the_service_accepts_the_example_of_every_parameter(client: FlaskClient, reader: Reader, path: str) -> None:
    refused = {}
    for parameter in reader.parameters(reader.spec["paths"][path]["get"]):
        for example in examples_of(parameter):
            if parameter["in"] == "query" and parameter["name"] != "cursor":
                text = ",".join(example) if isinstance(example, list) and isinstance(example[0], str) else example
                text = str(text[0]) if isinstance(text, list) else text
                text = json.dumps(text) if isinstance(text, bool) else text
                response = client.get(path, query_string={parameter["name"]: text})
                if response.status_code != 200:
                    refused[parameter["name"]] = response.text
    assert refused == {}


CONDITIONAL = [
    (method, path, "If-None-Match" if method == "get" else "If-Match")
    for path in ("/books/{book_id}", "/authors/{author_id}")
    for method in ("get", "put", "patch", "delete")
] + [
    ("get", "/books", "If-None-Match"),
    ("get", "/authors", "If-None-Match"),
    ("get", "/authors/{author_id}/books", "If-None-Match"),
    ("get", "/books/isbn/{isbn}", "If-None-Match"),
    ("put", "/books/isbn/{isbn}", "If-Match"),
]


@pytest.mark.parametrize(("method", "path", "name"), CONDITIONAL)
def test_conditional_headers_are_documented_where_they_work(reader: Reader, method: str, path: str, name: str) -> None:
    operation = reader.spec["paths"][path][method]
    assert name in [parameter["name"] for parameter in reader.parameters(operation) if parameter["in"] == "header"]
    assert ("304" if method == "get" else "412") in operation["responses"]


# Their responses hold a secret, or tell nothing.
WITH_SECRET = ("/tokens", "/password-resets", "/accounts/{account_id}/password-resets")


def test_exactly_the_posts_take_an_idempotency_key(reader: Reader) -> None:
    takes_key = {
        (path, method)
        for path, method, operation in reader.operations()
        if "Idempotency-Key" in [parameter["name"] for parameter in reader.parameters(operation)]
    }
    posts = {(path, method) for path, method, _ in reader.operations() if method == "post"}
    assert takes_key == {(path, method) for path, method in posts if path not in WITH_SECRET}


def test_an_operation_that_refuses_keys_documents_none(make_app: Callable[..., Flask]) -> None:
    app = make_app()
    for path, right in (("/refusing", SIGN_IN), ("/accepting", ENTRY)):
        described = describe(CreateRecords(BOOKS), id=path.strip("/"))(lambda: "")
        app.add_url_rule(path, path, requires(right)(described), methods=["POST"])
    paths = document(app)["paths"]
    parameters = {path: paths[path]["post"].get("parameters", []) for path in ("/refusing", "/accepting")}
    assert [[parameter["name"] for parameter in each] for each in parameters.values()] == [
        ["X-Change-Note"],
        ["Idempotency-Key", "X-Change-Note"],
    ]
    assert "Idempotent-Replayed" not in paths["/refusing"]["post"]["responses"]["201"]["headers"]


@pytest.mark.parametrize("key", VALID)
def test_the_pattern_of_a_key_matches_valid_ones(key: str) -> None:
    assert re.search(PATTERN, key)


@pytest.mark.parametrize("key", INVALID)
def test_the_pattern_of_a_key_matches_no_invalid_one(key: str) -> None:
    assert not re.search(PATTERN, key)
