"""The OpenAPI document says everything that a client may rely on, and says it right."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator, FormatChecker
from openapi_spec_validator import OpenAPIV31SpecValidator
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

from app.authors.schemas import AUTHORS
from app.books.schemas import BOOKS
from app.openapi import document
from app.problems import CODES, every_problem
from app.query import LIMIT_MOST, OFFSET_MOST
from app.representations import OF_LISTS
from tests.conftest import ROOT, empty

Schema = dict[str, Any]

METHODS = ("get", "post", "put", "patch", "delete")
RESOURCES = (AUTHORS, BOOKS)
LISTS = (("/authors", AUTHORS), ("/books", BOOKS), ("/authors/{author_id}/books", BOOKS))
FULL_BOOK = {
    "title": "The Left Hand of Darkness",
    "subtitle": "A novel",
    "isbn": "0-441-47812-3",
    "published": "1969-03",
    "publisher": "Ace Books",
    "language": "EN-us",
    "page_count": 304,
    "description": "Two lines\nof text",
    "series": "Hainish Cycle",
    "series_position": 4.5,
    "subjects": ["Gender", "Winter"],
    "cover_url": "https://covers.example/1.jpg",
    "identifiers": {"openlibrary": ["OL7353617M"], "isbn": ["0441478123"]},
    "authors": [{"name": "Ursula K. Le Guin"}, {"name": "Lana Novak", "role": "translator", "credited_as": "L. N."}],
}
FULL_AUTHOR = {
    "name": "Ursula K. Le Guin",
    "sort_name": "Le Guin, Ursula",
    "alternate_names": ["Ursula Kroeber"],
    "birth_date": "1929-10-21",
    "death_date": "2018",
    "biography": "Lines\nof a life",
    "identifiers": {"wikidata": ["Q181659"]},
}


@pytest.fixture(scope="module")
def spec(session_app: Flask) -> Schema:
    """The document, as a client gets it."""
    return json.loads(json.dumps(document(session_app)))


class Reader:
    """Looks things up in the document, following references."""

    def __init__(self, spec: Schema) -> None:
        self.spec = spec
        root = Resource.from_contents(spec, default_specification=DRAFT202012)
        self.registry = Registry().with_resource("urn:spec", root)

    def resolve(self, found: Schema) -> Schema:
        while "$ref" in found:
            target: Any = self.spec
            for step in found["$ref"].removeprefix("#/").split("/"):
                target = target[step.replace("~1", "/").replace("~0", "~")]
            found = target
        return found

    def operations(self) -> Iterator[tuple[str, str, Schema]]:
        for path, methods in self.spec["paths"].items():
            for method in METHODS:
                if method in methods:
                    yield path, method, methods[method]

    def parameters(self, operation: Schema) -> list[Schema]:
        return [self.resolve(parameter) for parameter in operation.get("parameters", [])]

    def responses(self, operation: Schema) -> dict[str, Schema]:
        return {status: self.resolve(response) for status, response in operation["responses"].items()}

    def contents(self, operation: Schema) -> Iterator[Schema]:
        """The media type objects of what is sent and answered."""
        for holder in (operation.get("requestBody", {}), *self.responses(operation).values()):
            yield from holder.get("content", {}).values()

    def faults(self, value: Any, schema: Schema) -> list[str]:
        """What is wrong with a value by a schema of the document; numbers are those of JSON."""
        absolute = json.loads(json.dumps(schema).replace('"$ref": "#/', '"$ref": "urn:spec#/'))
        formats = FormatChecker(["date-time", "date"])
        validator = Draft202012Validator(absolute, registry=self.registry, format_checker=formats)
        return [f"{error.json_path}: {error.message}" for error in validator.iter_errors(value)]


@pytest.fixture(scope="module")
def reader(spec: Schema) -> Reader:
    return Reader(spec)


def examples_of(holder: Schema) -> list[Any]:
    """The examples of a parameter or media type object, and those of its schema."""
    found = [holder["example"]] if "example" in holder else []
    found += [example["value"] for example in holder.get("examples", {}).values()]
    return found + holder.get("schema", {}).get("examples", [])


# ── the document itself ─────────────────────────────────────────────────────────────────────────────────────────────


def test_the_document_is_valid_openapi_3_1(spec: Schema) -> None:
    assert spec["openapi"].startswith("3.1.")
    assert [error.message for error in OpenAPIV31SpecValidator(spec).iter_errors()] == []


def test_the_document_is_served_as_it_is_made(client: FlaskClient, spec: Schema) -> None:
    answer = client.get("/openapi.json")
    assert (answer.status_code, answer.content_type) == (200, "application/json")
    assert answer.json == spec


def test_the_command_prints_the_document(database_url: str, spec: Schema, tmp_path: Any) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "wsgi", "catalog", "openapi"],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "DATABASE_URL": database_url, "INSTANCE_PATH": str(tmp_path)},
        capture_output=True,
        timeout=60,
        check=True,
    )
    assert json.loads(done.stdout) == spec


def test_every_schema_is_one(reader: Reader) -> None:
    def walk(found: Any) -> Iterator[Schema]:
        if isinstance(found, dict):
            if isinstance(found.get("schema"), dict):
                yield found["schema"]
            for value in found.values():
                yield from walk(value)
        elif isinstance(found, list):
            for value in found:
                yield from walk(value)

    schemas = [*walk(reader.spec), *reader.spec["components"]["schemas"].values()]
    assert len(schemas) > 200
    for schema in schemas:
        Draft202012Validator.check_schema(schema)


def test_every_reference_leads_somewhere_and_every_component_is_used(spec: Schema) -> None:
    targets = set(re.findall(r'"\$ref": "#/components/([^"]+)"', json.dumps(spec)))
    components = {f"{group}/{name}" for group, members in spec["components"].items() for name in members}
    anywhere = {"responses/Problem405", "responses/Problem500"}  # any address may answer so, and no operation says it
    assert targets == components - anywhere


# ── operations ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_every_route_stands_in_the_document(session_app: Flask, reader: Reader) -> None:
    routes = {
        (re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), method.lower())
        for rule in session_app.url_map.iter_rules()
        if not rule.endpoint.endswith("static")
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    assert {(path, method) for path, method, _ in reader.operations()} == routes


def test_every_operation_has_a_summary_of_its_own(reader: Reader) -> None:
    summaries = [operation["summary"] for _, _, operation in reader.operations()]
    assert all(len(summary) > 5 and not summary.endswith(".") for summary in summaries)
    assert len(set(summaries)) == len(summaries)


def test_operation_ids_are_unique_names(reader: Reader) -> None:
    ids = [operation["operationId"] for _, _, operation in reader.operations()]
    assert len(set(ids)) == len(ids)
    assert all(re.fullmatch(r"[a-z_]+", name) for name in ids)


def test_every_operation_has_a_tag_that_is_described(reader: Reader) -> None:
    described = {tag["name"] for tag in reader.spec["tags"] if tag["description"]}
    assert {tag for _, _, operation in reader.operations() for tag in operation["tags"]} == described


def test_every_answer_and_every_body_has_an_example(reader: Reader) -> None:
    without = [
        f"{method.upper()} {path}"
        for path, method, operation in reader.operations()
        for content in reader.contents(operation)
        if not examples_of(content)
    ]
    assert without == []


def test_every_parameter_is_explained_and_has_an_example(reader: Reader) -> None:
    without = {
        f"{path}: {parameter['name']}"
        for path, _, operation in reader.operations()
        for parameter in reader.parameters(operation)
        if not parameter.get("description") or (not examples_of(parameter) and parameter["name"] != "cursor")
    }
    assert without == set()


def test_what_may_be_left_out_has_its_example_in_the_schema(reader: Reader) -> None:
    """The docs page fills in a parameter's own `example`, and would send a hundred filters at once."""
    filled = {
        parameter["name"]
        for _, _, operation in reader.operations()
        for parameter in reader.parameters(operation)
        if parameter["in"] != "path" and ("example" in parameter or "examples" in parameter)
    }
    assert filled == set()


def test_every_example_is_valid_by_its_own_schema(reader: Reader) -> None:
    def walk(found: Any, place: str) -> Iterator[tuple[str, Any, Schema]]:
        if isinstance(found, dict):
            schema = found.get("schema")
            if isinstance(schema, dict):
                yield from ((place, example, schema) for example in examples_of(found))
            elif "type" in found or "properties" in found:
                own = found.get("examples") if isinstance(found.get("examples"), list) else []
                own = [*own, found["example"]] if "example" in found else own
                yield from ((place, example, found) for example in own)
            for name, value in found.items():
                if name not in ("example", "examples"):
                    yield from walk(value, f"{place}/{name}")
        elif isinstance(found, list):
            for index, value in enumerate(found):
                yield from walk(value, f"{place}/{index}")

    examples = list(walk(reader.spec, ""))
    assert len(examples) > 150
    wrong = {place: reader.faults(example, schema) for place, example, schema in examples}
    assert {place: faults for place, faults in wrong.items() if faults} == {}


# ── parameters ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("path", "resource"), LISTS, ids=[path for path, _ in LISTS])
def test_a_list_takes_every_filter_with_every_operator_and_nothing_else(
    reader: Reader, path: str, resource: Any
) -> None:
    parameters = reader.parameters(reader.spec["paths"][path]["get"])
    names = [parameter["name"] for parameter in parameters if parameter["in"] == "query"]
    filters = {
        filter_.name if operator == "eq" else f"{filter_.name}[{operator}]"
        for filter_ in resource.filters.values()
        for operator in filter_.operators
    }
    assert len(names) == len(set(names))
    assert set(names) == filters | {"limit", "cursor", "offset", "total", "sort", "fields"}


@pytest.mark.parametrize(("path", "resource"), LISTS, ids=[path for path, _ in LISTS])
def test_a_list_says_what_it_sorts_by_and_what_fields_there_are(reader: Reader, path: str, resource: Any) -> None:
    found = {parameter["name"]: parameter for parameter in reader.parameters(reader.spec["paths"][path]["get"])}
    assert set(found["sort"]["schema"]["items"]["enum"]) == {sign + key for key in resource.sorts for sign in ("", "-")}
    assert found["fields"]["schema"]["items"]["enum"] == list(resource.fields)
    for name in ("sort", "fields"):
        assert (found[name]["style"], found[name]["explode"]) == ("form", False)


@pytest.mark.parametrize(("path", "resource"), LISTS, ids=[path for path, _ in LISTS])
def test_a_list_is_json_for_typed_clients_and_tells_in_words_how_it_is_had_whole(
    reader: Reader, path: str, resource: Any
) -> None:
    operation = reader.spec["paths"][path]["get"]
    assert list(operation["responses"]["200"]["content"]) == ["application/json"]
    for name, form in OF_LISTS.items():
        assert f"`Accept: {form.media_type}` or `format={name}`" in operation["description"]
    assert f"All {resource.name} " in operation["description"]


def test_a_page_says_its_limits(reader: Reader) -> None:
    found = {
        parameter["name"]: parameter["schema"] for parameter in reader.parameters(reader.spec["paths"]["/books"]["get"])
    }
    assert (found["limit"]["minimum"], found["limit"]["maximum"], found["limit"]["default"]) == (1, LIMIT_MOST, 20)
    assert (found["offset"]["minimum"], found["offset"]["maximum"]) == (0, OFFSET_MOST)
    assert found["total"]["enum"] == ["exact", "estimated"]


@pytest.mark.parametrize("path", ["/authors", "/books"])
def test_the_example_of_every_parameter_is_answered_with_200(client: FlaskClient, reader: Reader, path: str) -> None:
    refused = {}
    for parameter in reader.parameters(reader.spec["paths"][path]["get"]):
        for example in examples_of(parameter):
            if parameter["in"] == "query" and parameter["name"] != "cursor":
                text = ",".join(example) if isinstance(example, list) and isinstance(example[0], str) else example
                text = str(text[0]) if isinstance(text, list) else text
                text = json.dumps(text) if isinstance(text, bool) else text
                answer = client.get(path, query_string={parameter["name"]: text})
                if answer.status_code != 200:
                    refused[parameter["name"]] = answer.text
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
def test_conditional_headers_stand_where_they_work(reader: Reader, method: str, path: str, name: str) -> None:
    operation = reader.spec["paths"][path][method]
    assert name in [parameter["name"] for parameter in reader.parameters(operation) if parameter["in"] == "header"]
    assert ("304" if method == "get" else "412") in operation["responses"]


# ── schemas ─────────────────────────────────────────────────────────────────────────────────────────────────────────

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
ROLES = [
    "author",
    "editor",
    "translator",
    "illustrator",
    "narrator",
    "compiler",
    "adapter",
    "photographer",
    "introduction",
    "contributor",
]


@pytest.mark.parametrize("noun", ["Author", "Book"])
@pytest.mark.parametrize("form", ["{}", "Partial{}", "New{}", "{}Replacement", "{}Patch"])
def test_text_says_its_length_and_its_characters(reader: Reader, noun: str, form: str) -> None:
    properties = reader.spec["components"]["schemas"][form.format(noun)]["properties"]
    found = {name: properties[name]["maxLength"] for name in properties if name in TEXT_FACETS}
    assert found == {name: TEXT_FACETS[name] for name in found}
    assert len(found) == (6 if noun == "Book" else 3)
    assert all("pattern" in properties[name] for name in found)


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
def test_a_field_says_its_facet(reader: Reader, schema: str, pointer: str, value: Any) -> None:
    found: Any = reader.spec["components"]["schemas"][schema]["properties"]
    for step in pointer.split("/")[1:]:
        found = found[step]
    assert found == value if value is not None else re.compile(found)


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
def test_every_field_is_explained_and_unknown_exactly_where_it_can_be(reader: Reader, resource: Any) -> None:
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


# ── problems and headers ────────────────────────────────────────────────────────────────────────────────────────────

PROBLEM_STATUSES = (400, 404, 405, 406, 409, 412, 413, 414, 415, 422, 500, 503)


@pytest.mark.parametrize("status", PROBLEM_STATUSES)
def test_every_problem_status_is_described_with_an_example(reader: Reader, status: int) -> None:
    response = reader.spec["components"]["responses"][f"Problem{status}"]
    content = response["content"]["application/problem+json"]
    assert content["example"]["status"] == status
    assert content["schema"] == {"$ref": "#/components/schemas/Problem"}
    assert response["description"]
    assert "X-Request-ID" in response["headers"]


def test_types_and_codes_of_problems_are_closed_vocabularies(reader: Reader) -> None:
    problem = reader.spec["components"]["schemas"]["Problem"]["properties"]
    assert set(problem["type"]["enum"]) == {f"/problems/{kind.slug}" for kind in every_problem()}
    assert set(problem["errors"]["items"]["properties"]["code"]["enum"]) == set(CODES)
    assert problem["errors"]["maxItems"] == 100


STATUSES = [
    ("get", "/books", {"200", "304", "400", "406", "414", "503"}),
    ("get", "/authors/{author_id}/books", {"200", "304", "308", "400", "404", "406", "414", "503"}),
    ("post", "/books", {"201", "400", "406", "409", "413", "414", "415", "422", "503"}),
    ("get", "/books/{book_id}", {"200", "304", "308", "400", "404", "406", "414", "503"}),
    ("put", "/books/{book_id}", {"200", "400", "404", "406", "409", "412", "413", "414", "415", "422", "503"}),
    ("patch", "/books/{book_id}", {"200", "400", "404", "406", "409", "412", "413", "414", "415", "422", "503"}),
    ("delete", "/books/{book_id}", {"204", "400", "404", "406", "409", "412", "414", "503"}),
    ("get", "/books/isbn/{isbn}", {"200", "304", "400", "404", "406", "414", "503"}),
    ("put", "/books/isbn/{isbn}", {"200", "201", "400", "406", "409", "412", "413", "414", "415", "422", "503"}),
    ("delete", "/authors/{author_id}", {"204", "400", "404", "406", "409", "412", "414", "503"}),
    ("post", "/books/{book_id}/merge", {"200", "400", "404", "406", "409", "412", "413", "414", "415", "422", "503"}),
    ("get", "/health/ready", {"200", "406", "414", "503"}),
    ("get", "/health/live", {"200", "406", "414"}),
]


@pytest.mark.parametrize(("method", "path", "statuses"), STATUSES)
def test_an_operation_says_every_status_it_can_end_with(
    reader: Reader, method: str, path: str, statuses: set[str]
) -> None:
    assert set(reader.spec["paths"][path][method]["responses"]) == statuses


def test_a_patch_takes_both_media_types(reader: Reader) -> None:
    for path in ("/books/{book_id}", "/authors/{author_id}"):
        body = reader.spec["paths"][path]["patch"]["requestBody"]
        assert body["required"] is True
        assert set(body["content"]) == {"application/json", "application/merge-patch+json"}


HEADERS = [
    ("get", "/books", "200", {"ETag", "Cache-Control", "Cache-Status", "Link", "X-Total-Count", "X-Request-ID"}),
    ("get", "/books/{book_id}", "200", {"ETag", "Cache-Control", "Cache-Status", "X-Request-ID"}),
    ("get", "/books/{book_id}", "304", {"ETag", "Cache-Control"}),
    ("post", "/books", "201", {"Location", "ETag", "X-Request-ID"}),
    ("put", "/books/isbn/{isbn}", "201", {"Location", "ETag", "X-Request-ID"}),
    ("patch", "/authors/{author_id}", "200", {"ETag", "X-Request-ID"}),
    ("get", "/books/{book_id}", "308", {"Location", "Cache-Control", "X-Request-ID"}),
    ("post", "/authors/{author_id}/merge", "200", {"ETag", "X-Request-ID"}),
    ("delete", "/books/{book_id}", "204", {"X-Request-ID"}),
    ("post", "/books", "409", {"Link", "X-Request-ID"}),
    ("get", "/books", "503", {"Retry-After", "X-Request-ID"}),
]


@pytest.mark.parametrize(("method", "path", "status", "names"), HEADERS)
def test_an_answer_says_its_headers(reader: Reader, method: str, path: str, status: str, names: set[str]) -> None:
    response = reader.responses(reader.spec["paths"][path][method])[status]
    assert names <= set(response["headers"])
    assert all(reader.resolve(response["headers"][name])["description"] for name in names)


def test_a_405_says_its_header_allow(reader: Reader) -> None:
    assert "Allow" in reader.spec["components"]["responses"]["Problem405"]["headers"]


# ── what is really answered ─────────────────────────────────────────────────────────────────────────────────────────

Call = tuple[str, str, str, dict[str, Any]]
CALLS: list[Call] = [
    # the operation's path, the method, the path that is asked, what is sent
    ("/", "get", "/", {}),
    ("/docs", "get", "/docs", {}),
    ("/openapi.json", "get", "/openapi.json", {}),
    ("/health/live", "get", "/health/live", {}),
    ("/health/ready", "get", "/health/ready", {}),
    ("/problems", "get", "/problems", {}),
    ("/problems/{slug}", "get", "/problems/not-found", {}),
    ("/problems/{slug}", "get", "/problems/none", {}),
    ("/books", "get", "/books", {}),
    ("/books", "get", "/books?limit=1&total=exact", {}),
    ("/books", "get", "/books?limit=1&offset=1&total=estimated", {}),
    ("/books", "get", "/books?fields=id,authors", {}),
    ("/books", "get", "/books?format=csv&limit=1", {}),
    ("/books", "get", "/books?title=none", {}),
    ("/books", "get", "/books?titel=x&limit=0", {}),
    ("/books", "get", "/books?cursor=damaged", {}),
    ("/books", "get", "/books", {"headers": {"Accept": "text/html"}}),
    ("/books", "get", "/books?title=" + "x" * 4100, {}),
    ("/books", "post", "/books", {"json": {"title": "Another"}}),
    ("/books", "post", "/books", {"json": [{"title": "One"}, {"title": "Two", "authors": [{"id": 1}]}]}),
    ("/books", "post", "/books", {"json": {"page_count": "12", "colour": "red", "authors": [{"id": 999}]}}),
    ("/books", "post", "/books", {"json": {"title": "Again", "isbn": "9780441478125"}}),
    ("/books", "post", "/books", {"json": [{"title": "x"}] * 1001}),
    ("/books", "post", "/books", {"data": "{", "content_type": "application/json"}),
    ("/books", "post", "/books", {"data": "{}", "content_type": "text/plain"}),
    ("/books/{book_id}", "get", "/books/1", {}),
    ("/books/{book_id}", "get", "/books/2", {}),
    ("/books/{book_id}", "get", "/books/1?fields=title", {}),
    ("/books/{book_id}", "get", "/books/1", {"headers": {"If-None-Match": "*"}}),
    ("/books/{book_id}", "get", "/books/999", {}),
    ("/books/{book_id}", "put", "/books/2", {"json": {"title": "Replaced"}}),
    ("/books/{book_id}", "put", "/books/2", {"json": {"title": "Replaced"}, "headers": {"If-Match": '"other"'}}),
    ("/books/{book_id}", "patch", "/books/1", {"json": {"subtitle": None}}),
    ("/books/{book_id}", "patch", "/books/1", {"json": {"title": None}}),
    ("/books/{book_id}", "delete", "/books/1", {}),
    ("/books/{book_id}", "delete", "/books/999", {}),
    ("/books/isbn/{isbn}", "get", "/books/isbn/0441478123", {}),
    ("/books/isbn/{isbn}", "get", "/books/isbn/0441478124", {}),
    ("/books/isbn/{isbn}", "put", "/books/isbn/9780441478125", {"json": {"title": "Replaced"}}),
    ("/books/isbn/{isbn}", "put", "/books/isbn/9780140449136", {"json": {"title": "New"}}),
    ("/authors", "get", "/authors?limit=2", {}),
    ("/authors", "post", "/authors", {"json": {"name": "N"}}),
    ("/authors", "post", "/authors", {"json": [{"name": "N"}, {"name": "M"}]}),
    ("/authors/{author_id}", "get", "/authors/3", {}),
    ("/authors/{author_id}", "get", "/authors/4", {}),
    ("/authors/{author_id}", "put", "/authors/4", {"json": {"name": "M"}}),
    ("/authors/{author_id}", "patch", "/authors/4", {"json": {"birth_date": "-0428"}}),
    ("/authors/{author_id}", "delete", "/authors/4", {}),
    ("/authors/{author_id}/books", "get", "/authors/1/books", {}),
    ("/authors/{author_id}/books", "get", "/authors/999/books", {}),
]
# What a browser's page may read (CORS) must be described; what every answer has besides need not be.
DESCRIBED = {"ETag", "Link", "Location", "X-Total-Count", "X-Request-ID", "Cache-Status", "Retry-After", "Allow"}


def named(call: Call) -> str:
    _, method, asked, sent = call
    return f"{method} {asked} {json.dumps(sent)}"[:90]


@pytest.mark.parametrize("call", CALLS, ids=named)
def test_an_answer_is_as_it_is_described(
    client: FlaskClient, reader: Reader, add_book: Callable[..., Schema], add_author: Callable[..., Schema], call: Call
) -> None:
    add_book(**FULL_BOOK)
    add_book()
    add_author(**FULL_AUTHOR)
    add_author()
    path, method, asked, sent = call
    answer = client.open(asked, method=method.upper(), **sent)

    described = reader.responses(reader.spec["paths"][path][method])
    assert str(answer.status_code) in described, answer.text
    response = described[str(answer.status_code)]
    if "content" not in response:
        assert answer.data == b""
        assert answer.status_code in (204, 304)
    else:
        content = response["content"][answer.mimetype]
        value = answer.json if answer.mimetype.endswith(("/json", "+json")) else answer.text
        assert reader.faults(value, content["schema"]) == []

    headers = response.get("headers", {})
    assert {name for name in DESCRIBED if name in answer.headers} <= set(headers)
    for name in set(headers) & set(answer.headers.keys()):
        schema = reader.resolve(headers[name])["schema"]
        text = answer.headers[name]
        assert reader.faults(int(text) if schema["type"] == "integer" else text, schema) == []


def test_a_405_is_as_it_is_described(client: FlaskClient, reader: Reader) -> None:
    answer = client.delete("/books")
    assert answer.status_code == 405
    assert reader.faults(answer.json, {"$ref": "#/components/schemas/Problem"}) == []


def test_what_was_read_may_be_sent_back_by_the_schema_too(client: FlaskClient, reader: Reader, add_book: Any) -> None:
    book = client.get(f"/books/{add_book(**FULL_BOOK)['id']}").json
    for schema in ("Book", "PartialBook", "BookReplacement", "BookPatch"):
        assert reader.faults(book, {"$ref": f"#/components/schemas/{schema}"}) == []
    assert reader.faults(book, {"$ref": "#/components/schemas/NewBook"})


def test_the_example_of_every_body_is_accepted(app: Flask, database_url: str, reader: Reader) -> None:
    client = app.test_client(use_cookies=False)
    refused = {}
    for path, method, operation in reader.operations():
        for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
            for example in examples_of(content):
                empty(database_url)
                app.extensions["catalog.on_commit"]()
                books = [{"title": "A book", "authors": [{"name": name}]} for name in "NOP"]
                assert client.post("/books", json=books).status_code == 201
                asked = re.sub(r"{\w+_id}", "1", path).replace("{isbn}", "9780441478125")
                if path.endswith("/unmerge"):
                    assert client.post(asked.replace("unmerge", "merge"), json=example).status_code == 200
                answer = client.open(asked, method=method.upper(), data=json.dumps(example), content_type=media_type)
                if answer.status_code not in (200, 201):
                    refused[f"{method} {path}"] = answer.text
    assert refused == {}
