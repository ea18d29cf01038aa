"""The vocabulary of problems: closed, documented, and used as it is documented."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

import app as application
from app.problems import CODES, Problem, every_problem

APP = Path(application.__file__).parent
SOURCES = sorted(path for path in APP.rglob("*.py") if "transfer" not in path.relative_to(APP).parts)  # reads files
# Calls that have a code, and the place of it among their arguments.
PLACES = {"Fault": 2, "reject": 0, "Flaw": 0, "add": 1, "fault": 1, "_broken": 0, "of": 0}
BEARERS = {"add": ("faults",), "fault": ("self",), "of": ("InvalidCursor", "cls")}


def codes_in(source: Path) -> Iterator[tuple[str, int]]:
    """The codes written in a source file, with their lines."""
    for node in ast.walk(ast.parse(source.read_text())):
        if not isinstance(node, ast.Call):
            continue
        function = node.func
        name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
        owner = (
            function.value.id if isinstance(function, ast.Attribute) and isinstance(function.value, ast.Name) else ""
        )
        if name not in PLACES or (name in BEARERS and owner not in BEARERS[name]):
            continue
        arguments = [*node.args, *(keyword.value for keyword in node.keywords if keyword.arg == "code")]
        if len(arguments) > PLACES[name]:
            for constant in ast.walk(arguments[PLACES[name]]):
                if isinstance(constant, ast.Constant) and isinstance(constant.value, str):
                    yield constant.value, node.lineno


USED = [(code, f"{path.name}:{line}") for path in SOURCES for code, line in codes_in(path)]


def test_every_code_in_the_source_is_documented() -> None:
    assert len(USED) > 40  # the walk finds what it looks for
    assert [(code, place) for code, place in USED if code not in CODES] == []


def test_every_documented_code_is_used() -> None:
    assert set(CODES) - {code for code, _ in USED} == set()


def test_codes_are_words_with_a_sentence() -> None:
    for code, sentence in CODES.items():
        assert re.fullmatch(r"[a-z]+(_[a-z]+)*", code)
        assert sentence.endswith(".")


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


def test_the_list_of_problems_is_whole(client: FlaskClient) -> None:
    listed = client.get("/problems").json
    assert len(listed["data"]) == len(every_problem()) == len({kind.slug for kind in every_problem()})
    assert listed["codes"] == CODES
    assert {item["status"] for item in listed["data"]} >= {400, 404, 405, 406, 409, 412, 413, 414, 415, 422, 500, 503}
    assert client.get("/").json["links"]["problems"] == "/problems"


def test_the_type_of_any_problem_can_be_read(client: FlaskClient) -> None:
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
def test_a_wrong_name_in_a_query_is_answered_with_the_nearest(
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
def test_a_wrong_name_in_a_body_is_answered_with_the_nearest(
    client: FlaskClient, path: str, document: object, pointer: str, right: str
) -> None:
    response = client.post(path, json=document)
    assert response.status_code == 422
    error = response.json["errors"][0]
    assert (error["in"], error["pointer"], error["code"]) == ("body", pointer, "unknown")
    assert f"Did you mean {right}?" in error["detail"]
    assert "Allowed: " in error["detail"]


def test_a_name_like_no_other_brings_the_allowed_ones_alone(client: FlaskClient) -> None:
    detail = client.get("/books?zzzzzzzz=1").json["detail"]
    assert "Did you mean" not in detail
    assert "Allowed: " in detail


def test_the_instance_is_the_request(client: FlaskClient) -> None:
    problem = client.get("/books?nothing=1").json
    assert problem["instance"].startswith("/books")
    assert problem["request_id"]
