"""The document as a whole: valid, served, free of loose ends."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

from flask.testing import FlaskClient
from jsonschema import Draft202012Validator
from openapi_spec_validator import OpenAPIV31SpecValidator

from tests import ROOT

from .reader import Reader, Schema, examples_of


def test_the_document_is_valid_openapi_3_1(spec: Schema) -> None:
    assert spec["openapi"].startswith("3.1.")
    assert [error.message for error in OpenAPIV31SpecValidator(spec).iter_errors()] == []


def test_the_service_serves_the_document(client: FlaskClient, spec: Schema) -> None:
    response = client.get("/openapi.json")
    assert (response.status_code, response.content_type) == (200, "application/json")
    assert response.json == spec


def test_the_command_prints_the_document(database_url: str, spec: Schema, tmp_path: Any) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "flask", "--app", "wsgi", "catalog", "openapi"],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", "DATABASE_URL": database_url, "INSTANCE_PATH": str(tmp_path)},
        capture_output=True,
        timeout=240,
        check=True,
    )
    assert json.loads(done.stdout) == spec


def test_every_schema_is_valid_json_schema(reader: Reader) -> None:
    def walk(node: Any) -> Iterator[Schema]:
        if isinstance(node, dict):
            if isinstance(node.get("schema"), dict):
                yield node["schema"]
            for value in node.values():
                yield from walk(value)
        elif isinstance(node, list):
            for value in node:
                yield from walk(value)

    schemas = [*walk(reader.spec), *reader.spec["components"]["schemas"].values()]
    assert len(schemas) > 200
    for schema in schemas:
        Draft202012Validator.check_schema(schema)


def test_every_reference_resolves_and_every_component_is_used(spec: Schema) -> None:
    targets = set(re.findall(r'"\$ref": "#/components/([^"]+)"', json.dumps(spec)))
    targets |= {f"securitySchemes/{name}" for name in required_schemes(spec)}
    components = {f"{group}/{name}" for group, members in spec["components"].items() for name in members}
    # Any address may return these, so no operation lists them.
    anywhere = {"responses/Problem405", "responses/Problem500"}
    assert targets == components - anywhere


def required_schemes(spec: Schema) -> set[str]:
    """The names of the security schemes that operations require."""
    operations = (operation for methods in spec["paths"].values() for operation in methods.values())
    return {name for operation in operations for way in operation.get("security", []) for name in way}


def test_every_example_matches_its_schema(reader: Reader) -> None:
    def walk(node: Any, path: str) -> Iterator[tuple[str, Any, Schema]]:
        if isinstance(node, dict):
            schema = node.get("schema")
            if isinstance(schema, dict):
                yield from ((path, example, schema) for example in examples_of(node))
            elif "type" in node or "properties" in node:
                own = node.get("examples") if isinstance(node.get("examples"), list) else []
                own = [*own, node["example"]] if "example" in node else own
                yield from ((path, example, node) for example in own)
            for name, value in node.items():
                if name not in ("example", "examples"):
                    yield from walk(value, f"{path}/{name}")
        elif isinstance(node, list):
            for index, value in enumerate(node):
                yield from walk(value, f"{path}/{index}")

    examples = list(walk(reader.spec, ""))
    assert len(examples) > 150
    wrong = {path: reader.faults(example, schema) for path, example, schema in examples}
    assert {path: faults for path, faults in wrong.items() if faults} == {}
