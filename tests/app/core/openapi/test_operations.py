"""Operations: every route, with names, tags, statuses and headers."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from app.http.problems import CODES, every_problem

from .reader import Reader, examples_of


def test_every_route_is_documented(session_app: Flask, reader: Reader) -> None:
    routes = {
        (re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), method.lower())
        for rule in session_app.url_map.iter_rules()
        if not rule.rule.startswith(("/docs/assets", "/docs/page"))
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    assert {(path, method) for path, method, _ in reader.operations()} == routes


def test_every_operation_has_a_unique_summary(reader: Reader) -> None:
    summaries = [operation["summary"] for _, _, operation in reader.operations()]
    assert all(len(summary) > 5 and not summary.endswith(".") for summary in summaries)
    assert len(set(summaries)) == len(summaries)


def test_operation_ids_are_unique_names(reader: Reader) -> None:
    ids = [operation["operationId"] for _, _, operation in reader.operations()]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-z_]+", name) for name in ids)


def test_every_tag_of_an_operation_is_described(reader: Reader) -> None:
    described = {tag["name"] for tag in reader.spec["tags"] if tag["description"]}
    assert {tag for _, _, operation in reader.operations() for tag in operation["tags"]} == described


def test_every_request_and_response_body_has_an_example(reader: Reader) -> None:
    without = [
        f"{method.upper()} {path}"
        for path, method, operation in reader.operations()
        for content in reader.contents(operation)
        if not examples_of(content)
    ]
    assert without == []


PROBLEM_STATUSES = (400, 401, 403, 404, 405, 406, 409, 410, 412, 413, 414, 415, 422, 429, 500, 503)


@pytest.mark.parametrize("status", PROBLEM_STATUSES)
def test_every_problem_status_has_an_example(reader: Reader, status: int) -> None:
    response = reader.spec["components"]["responses"][f"Problem{status}"]
    content = response["content"]["application/problem+json"]
    assert content["example"]["status"] == status
    assert content["schema"] == {"$ref": "#/components/schemas/Problem"}
    assert response["description"]
    assert "X-Request-ID" in response["headers"]


def test_types_and_codes_of_problems_are_enumerated(reader: Reader) -> None:
    problem = reader.spec["components"]["schemas"]["Problem"]["properties"]
    assert set(problem["type"]["enum"]) == {f"/problems/{kind.slug}" for kind in every_problem()}
    assert set(problem["errors"]["items"]["properties"]["code"]["enum"]) == set(CODES)
    assert problem["errors"]["maxItems"] == 100


ACCESS = {"401", "403", "429"}
STATUSES = [
    ("get", "/books", {"200", "304", "400", "406", "414", "503"} | ACCESS),
    ("get", "/authors/{author_id}/books", {"200", "304", "308", "400", "404", "406", "414", "503"} | ACCESS),
    ("post", "/books", {"201", "400", "403", "406", "409", "413", "414", "415", "422", "503"} | ACCESS),
    ("get", "/books/{book_id}", {"200", "304", "308", "400", "404", "406", "414", "503"} | ACCESS),
    (
        "put",
        "/books/{book_id}",
        {"200", "400", "403", "404", "406", "409", "412", "413", "414", "415", "422", "503"} | ACCESS,
    ),
    (
        "patch",
        "/books/{book_id}",
        {"200", "400", "403", "404", "406", "409", "412", "413", "414", "415", "422", "503"} | ACCESS,
    ),
    ("delete", "/books/{book_id}", {"204", "400", "403", "404", "406", "409", "412", "414", "503"} | ACCESS),
    ("get", "/books/isbn/{isbn}", {"200", "304", "400", "404", "406", "414", "503"} | ACCESS),
    (
        "put",
        "/books/isbn/{isbn}",
        {"200", "201", "400", "403", "406", "409", "412", "413", "414", "415", "422", "503"} | ACCESS,
    ),
    ("delete", "/authors/{author_id}", {"204", "400", "403", "404", "406", "409", "412", "414", "503"} | ACCESS),
    (
        "post",
        "/books/{book_id}/merge",
        {"200", "400", "403", "404", "406", "409", "412", "413", "414", "415", "422", "503"} | ACCESS,
    ),
    ("get", "/changes", {"200", "400", "406", "410", "414", "503"} | ACCESS),
    ("get", "/openapi.json", {"200", "304", "401", "406", "414", "429", "503"}),
    ("get", "/health/ready", {"200", "406", "414", "503"}),
    ("get", "/health/live", {"200", "406", "414"}),
]


@pytest.mark.parametrize(("method", "path", "statuses"), STATUSES)
def test_an_operation_lists_all_its_statuses(reader: Reader, method: str, path: str, statuses: set[str]) -> None:
    assert set(reader.spec["paths"][path][method]["responses"]) == statuses


def test_patch_documents_both_media_types(reader: Reader) -> None:
    for path in ("/books/{book_id}", "/authors/{author_id}"):
        body = reader.spec["paths"][path]["patch"]["requestBody"]
        assert body["required"] is True
        assert set(body["content"]) == {"application/json", "application/merge-patch+json"}


HEADERS = [
    ("get", "/books", "200", {"ETag", "Cache-Control", "Cache-Status", "Link", "X-Total-Count", "X-Request-ID"}),
    ("get", "/books/{book_id}", "200", {"ETag", "Cache-Control", "Cache-Status", "X-Request-ID"}),
    ("get", "/books/{book_id}", "304", {"ETag", "Cache-Control"}),
    ("post", "/books", "201", {"Location", "ETag", "X-Request-ID", "Idempotent-Replayed"}),
    ("put", "/books/isbn/{isbn}", "201", {"Location", "ETag", "X-Request-ID"}),
    ("patch", "/authors/{author_id}", "200", {"ETag", "X-Request-ID"}),
    ("get", "/books/{book_id}", "308", {"Location", "Cache-Control", "X-Request-ID"}),
    ("post", "/authors/{author_id}/merge", "200", {"ETag", "X-Request-ID", "Idempotent-Replayed"}),
    ("delete", "/books/{book_id}", "204", {"X-Request-ID"}),
    ("post", "/books", "409", {"Link", "X-Request-ID", "Retry-After"}),
    ("get", "/books", "401", {"WWW-Authenticate", "X-Request-ID"}),
    ("get", "/books", "403", {"WWW-Authenticate", "X-Request-ID"}),
    ("get", "/books", "429", {"Retry-After", "RateLimit", "RateLimit-Policy", "X-Request-ID"}),
    ("get", "/books", "503", {"Retry-After", "X-Request-ID"}),
]


@pytest.mark.parametrize(("method", "path", "status", "names"), HEADERS)
def test_a_response_documents_its_headers(reader: Reader, method: str, path: str, status: str, names: set[str]) -> None:
    response = reader.responses(reader.spec["paths"][path][method])[status]
    assert names <= set(response["headers"])
    assert all(reader.resolve(response["headers"][name])["description"] for name in names)


def test_the_405_response_documents_the_header_allow(reader: Reader) -> None:
    assert "Allow" in reader.spec["components"]["responses"]["Problem405"]["headers"]
