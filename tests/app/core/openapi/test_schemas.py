"""Schemas: every field with its limits."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from flask.testing import FlaskClient

from tests.support.catalogs.examples import ROLES

from .reader import RESOURCES, Reader, Schema

TEXT_FACETS = {
    "title": 4000,
    "subtitle": 1000,
    "publisher": 1000,
    "series": 1000,
    "description": 100_000,
    "cover_url": 1000,
    "name": 1000,
    "sort_name": 1000,
    "biography": 100_000,
}


@pytest.mark.parametrize("noun", ["Author", "Book"])
@pytest.mark.parametrize("form", ["{}", "Partial{}", "New{}", "{}Replacement", "{}Patch"])
def test_text_fields_document_their_length_and_pattern(reader: Reader, noun: str, form: str) -> None:
    properties = reader.spec["components"]["schemas"][form.format(noun)]["properties"]
    lengths = {name: properties[name]["maxLength"] for name in properties if name in TEXT_FACETS}
    assert lengths == {name: TEXT_FACETS[name] for name in lengths}
    assert len(lengths) == (6 if noun == "Book" else 3)
    assert all("pattern" in properties[name] for name in lengths)


FACETS = [
    ("NewBook", "/isbn/pattern", None),
    ("Book", "/isbn/pattern", "^97[89][0-9]{10}$"),
    ("NewBook", "/published/pattern", None),
    ("NewBook", "/language/pattern", None),
    ("NewBook", "/page_count/minimum", 1),
    ("NewBook", "/page_count/maximum", 100_000),
    ("NewBook", "/page_count/type", ["integer", "null"]),
    ("NewBook", "/series_position/minimum", 0),
    ("NewBook", "/series_position/maximum", 100_000),
    ("NewBook", "/subjects/maxItems", 200),
    ("NewBook", "/subjects/items/maxLength", 500),
    ("NewBook", "/cover_url/format", "uri"),
    ("NewBook", "/identifiers/maxProperties", 50),
    ("NewBook", "/identifiers/additionalProperties/maxItems", 50),
    ("NewBook", "/identifiers/additionalProperties/items/maxLength", 200),
    ("NewBook", "/authors/maxItems", 200),
    ("Book", "/authors/items/properties/role/enum", ROLES),
    ("Book", "/id/minimum", 1),
    ("Book", "/created_at/format", "date-time"),
    ("NewAuthor", "/alternate_names/maxItems", 200),
    ("NewAuthor", "/alternate_names/items/maxLength", 1000),
    ("NewAuthor", "/birth_date/pattern", None),
    ("NewAuthor", "/death_date/pattern", None),
    ("BookPatch", "/created_at/readOnly", True),
    ("BookReplacement", "/id/readOnly", True),
]


@pytest.mark.parametrize(
    ("schema", "pointer", "value"), FACETS, ids=[f"{name}{pointer}" for name, pointer, _ in FACETS]
)
def test_a_field_documents_its_limit(reader: Reader, schema: str, pointer: str, value: Any) -> None:
    node: Any = reader.spec["components"]["schemas"][schema]["properties"]
    for step in pointer.split("/")[1:]:
        node = node[step]
    assert node == value if value is not None else re.compile(node)


@pytest.mark.parametrize("resource", RESOURCES, ids=[resource.name for resource in RESOURCES])
def test_schemas_hold_the_fields_of_their_resource(reader: Reader, resource: Any) -> None:
    schemas, noun = reader.spec["components"]["schemas"], resource.noun.title()
    fields = set(resource.fields)
    read_only = {"id", "created_at", "updated_at"}
    required = {"Author": ["name"], "Book": ["title"]}[noun]
    assert set(schemas[noun]["required"]) == set(schemas[noun]["properties"]) == fields
    assert "required" not in schemas[f"Partial{noun}"]
    assert set(schemas[f"New{noun}"]["properties"]) == fields - read_only
    assert schemas[f"New{noun}"]["required"] == schemas[f"{noun}Replacement"]["required"] == required
    assert set(schemas[f"{noun}Patch"]["properties"]) == set(schemas[f"{noun}Replacement"]["properties"]) == fields
    assert "required" not in schemas[f"{noun}Patch"]


CAN_BE_NULL = {
    "subtitle",
    "isbn",
    "published",
    "publisher",
    "language",
    "page_count",
    "description",
    "series",
    "series_position",
    "cover_url",
    "birth_date",
    "death_date",
    "biography",
}


@pytest.mark.parametrize("resource", RESOURCES, ids=[resource.name for resource in RESOURCES])
def test_every_field_is_described_and_nullable_where_it_can_be(reader: Reader, resource: Any) -> None:
    properties = reader.spec["components"]["schemas"][resource.noun.title()]["properties"]
    assert all(schema["description"] for schema in properties.values())
    unknown = {name for name, schema in properties.items() if "null" in schema["type"]}
    assert unknown == CAN_BE_NULL & set(properties)


BAD_CONTRIBUTORS = [
    {},
    {"role": "author"},
    {"name": "N", "role": "writer"},
    {"id": 0},
    {"id": "1"},
    {"nmae": "N"},
    {"name": ""},
]


@pytest.mark.parametrize("contributor", BAD_CONTRIBUTORS, ids=json.dumps)
def test_the_schema_refuses_a_contributor_that_the_service_refuses(
    client: FlaskClient, reader: Reader, contributor: Schema
) -> None:
    book = {"title": "A book", "authors": [contributor]}
    assert reader.faults(book, {"$ref": "#/components/schemas/NewBook"})
    assert client.post("/books", json=book).status_code == 422
