"""The README is short, in order, and names every endpoint and field."""

from __future__ import annotations

import re

import pytest
from flask import Flask

from app.authors.resource import AUTHORS
from app.books.models import ROLES
from app.books.resource import BOOKS
from app.core.resource import Resource
from tests import ROOT
from tests.support.documents import Document

README = Document("README.md")


def test_the_readme_has_at_most_200_lines_in_order() -> None:
    assert len(README.text.splitlines()) <= 200
    assert README.headings() == [
        "Start",
        "Endpoints",
        "Fields",
        "Filters and search",
        "Import and export",
        "Call it from a program",
        "Operate it",
        "Read on",
    ]


def test_the_readme_begins_with_a_picture() -> None:
    (picture,) = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", README.text.partition("\n## ")[0])
    assert (ROOT / picture).read_bytes().startswith(b"\x89PNG")


def test_the_readme_lists_every_endpoint(session_app: Flask) -> None:
    listed = [
        (method, path)
        for row in README.table("Endpoints")
        for path in re.findall(r"`([^`]+)`", row[0])
        for method in re.findall(r"`(GET|POST|PUT|PATCH|DELETE)`", row[1])
    ]
    routes = [
        (method, re.sub(r"<(?:id:)?(?:\w+_)?(\w+)>", r"{\1}", rule.rule))
        for rule in session_app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if not rule.rule.startswith("/docs/")
    ]
    assert sorted(listed) == sorted(routes)


@pytest.mark.parametrize(("resource", "number"), [(BOOKS, 0), (AUTHORS, 1)], ids=["books", "authors"])
def test_the_readme_lists_every_field(resource: Resource, number: int) -> None:
    tables = README.section("Fields").split("\n\n| field")[1:]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in tables[number].splitlines()[2:]]
    rows = [row for row in rows if len(row) == 3]
    assert [row[0].strip("`") for row in rows] == list(resource.fields)
    assert [row[0].strip("`") for row in rows if row[2].startswith("required")] == [
        name for name, field in resource.fields.items() if field.required
    ]
    assert [row[0].strip("`") for row in rows if row[2] == "read-only"] == [
        name for name, field in resource.fields.items() if field.read_only
    ]


def test_the_readme_lists_every_role() -> None:
    (text,) = re.findall(r"^`role` is one of(.*?)\.$", README.section("Fields"), re.MULTILINE | re.DOTALL)
    assert re.findall(r"`(\w+)`", text) == list(ROLES)
