"""Problems: their titles and pages, and sentences that say what to do next."""

from __future__ import annotations

import re
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.http.problems import CODES, Problem, every_problem

TITLES = {
    "bad-request": "Bad request",
    "conflict": "Conflict",
    "content-too-large": "Content too large",
    "unauthenticated": "Authentication required",
    "invalid-credentials": "Invalid credentials",
    "forbidden": "Forbidden",
    "request-in-progress": "Request in progress",
    "key-reused": "Idempotency key reused",
    "too-many-requests": "Too many requests",
    "cross-origin-write": "Cross-origin write refused",
    "gone": "Gone",
    "internal-error": "Internal error",
    "invalid-cursor": "Invalid cursor",
    "invalid-isbn": "Invalid ISBN",
    "invalid-json": "Invalid JSON",
    "invalid-query": "Invalid query",
    "method-not-allowed": "Method not allowed",
    "not-acceptable": "Not acceptable",
    "not-found": "Not found",
    "position-expired": "Position expired",
    "precondition-failed": "Precondition failed",
    "unavailable": "Service unavailable",
    "unsupported-media-type": "Unsupported media type",
    "uri-too-long": "URI too long",
    "validation-failed": "Validation failed",
}


def test_every_type_has_its_title() -> None:
    assert {kind.slug: kind.title for kind in every_problem()} == TITLES


@pytest.mark.parametrize("kind", every_problem(), ids=lambda kind: kind.slug)
def test_every_type_of_problem_has_a_page(client: FlaskClient, kind: type[Problem]) -> None:
    page = client.get(f"/problems/{kind.slug}")
    assert page.status_code == 200
    assert page.json == {
        "type": f"/problems/{kind.slug}",
        "title": kind.title,
        "status": kind.status,
        "help": kind.help,
    }
    assert page.json["title"]
    assert page.json["help"].endswith(".")
    assert page.json in client.get("/problems").json["data"]


def test_the_list_of_problems_is_complete(client: FlaskClient) -> None:
    listed = client.get("/problems").json
    assert len(listed["data"]) == len(every_problem()) == len({kind.slug for kind in every_problem()})
    assert listed["codes"] == CODES
    assert {item["status"] for item in listed["data"]} >= {400, 404, 405, 406, 409, 412, 413, 414, 415, 422, 500, 503}
    assert client.get("/").json["links"]["problems"] == "/problems"


def test_the_type_of_a_problem_is_an_address(client: FlaskClient) -> None:
    for response in (
        client.get("/nothing"),
        client.get("/books?x=1"),
        client.delete("/books"),
        client.get("/books/isbn/1"),
        client.get("/books?cursor=x"),
        client.post("/books", json={}),
        client.post("/books", data="x"),
    ):
        page = client.get(response.json["type"])
        assert (page.status_code, page.json["status"]) == (200, response.status_code)


@pytest.mark.parametrize(
    ("path", "wrong", "right", "listed"),
    [
        ("/books?titel=x", "titel", "title", "publisher"),
        ("/books?pagecount=1", "pagecount", "page_count", "cursor"),
        ("/books?sort=titles", "titles", "title", "published"),
        ("/books?fields=auhtors", "auhtors", "authors", "subtitle"),
        ("/books?title[contain]=x", "contain", "contains", "starts"),
        ("/authors?nam=x", "nam", "name", "birth_date"),
        ("/authors?sort=birthdate", "birthdate", "birth_date", "sort_name"),
        ("/books?limits=5", "limits", "limit", "offset"),
        ("/books/1?field=id", "field", "fields", "fields"),
        ("/books?authorid=1", "authorid", "author_id", "role"),
    ],
)
def test_a_misspelt_parameter_gets_the_nearest_name(
    client: FlaskClient, path: str, wrong: str, right: str, listed: str
) -> None:
    response = client.get(path)
    assert response.status_code == 400
    detail = response.json["errors"][0]["detail"]
    assert f"'{wrong}'" in detail
    assert f"Did you mean {right}?" in detail
    assert re.search(rf"Allowed: .*\b{listed}\b", detail)


@pytest.mark.parametrize(
    ("path", "document", "pointer", "right"),
    [
        ("/books", {"title": "x", "titles": "x"}, "/titles", "title"),
        ("/books", {"title": "x", "isbn_13": "x"}, "/isbn_13", "isbn"),
        ("/books", {"title": "x", "authors": [{"id": 1, "roles": "x"}]}, "/authors/0/roles", "role"),
        ("/authors", {"name": "x", "birthdate": "x"}, "/birthdate", "birth_date"),
        ("/authors", [{"name": "x", "sortname": "x"}], "/0/sortname", "sort_name"),
    ],
)
def test_a_misspelt_field_gets_the_nearest_name(
    client: FlaskClient, path: str, document: object, pointer: str, right: str
) -> None:
    response = client.post(path, json=document)
    assert response.status_code == 422
    error = response.json["errors"][0]
    assert (error["in"], error["pointer"], error["code"]) == ("body", pointer, "unknown")
    assert f"Did you mean {right}?" in error["detail"]
    assert "Allowed: " in error["detail"]


def test_an_unknown_name_gets_the_allowed_names(client: FlaskClient) -> None:
    detail = client.get("/books?zzzzzzzz=1").json["detail"]
    assert "Did you mean" not in detail
    assert "Allowed: " in detail


def test_the_instance_of_a_problem_is_its_request(client: FlaskClient) -> None:
    problem = client.get("/books?nothing=1").json
    assert problem["instance"].startswith("/books")
    assert problem["request_id"]


@pytest.mark.parametrize(
    "document", [{}, {"title": None}, {"title": ""}, {"title": " \n"}, {"title": "\u200b"}], ids=str
)
def test_a_title_without_a_value_is_required(client: FlaskClient, document: dict[str, Any]) -> None:
    [error] = client.post("/books", json=document).json["errors"]
    assert error["detail"] == "title is required; send a value."


@pytest.mark.parametrize("name", ["publisher", "isbn", "published", "language", "page_count", "cover_url", "subjects"])
def test_a_blank_optional_field_may_be_null_or_left_out(client: FlaskClient, name: str) -> None:
    [error] = client.post("/books", json={"title": "x", name: ""}).json["errors"]
    assert error["detail"] == f"{name} is blank; send a value or null, or leave it out."


def test_a_blank_item_of_a_list_asks_for_text(client: FlaskClient) -> None:
    [error] = client.post("/books", json={"title": "x", "subjects": ["a", ""]}).json["errors"]
    assert error["detail"] == "This is blank; send text with a visible character."
