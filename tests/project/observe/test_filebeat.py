"""`ops/filebeat.yml` names fields that the lines of the log have."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import yaml

from tests import ROOT
from tests.support.databases import connect, execute
from tests.support.servers.gunicorn import Server
from tests.support.waiting import until

pytestmark = pytest.mark.slow(5)

FILEBEAT = yaml.safe_load((ROOT / "ops/filebeat.yml").read_text("utf-8"))
TYPES: dict[str, type] = {"keyword": str, "long": int, "wildcard": str}


def leaves(conditions: Any, name: str = "") -> set[tuple[str, str]]:
    """The fields of a condition, as pairs of name and value."""
    if not isinstance(conditions, dict):
        return {(name, conditions)}
    return {leaf for key, value in conditions.items() for leaf in leaves(value, f"{name}.{key}".lstrip("."))}


@pytest.fixture(scope="module")
def lines(start_server: Callable[..., Server], database_url: str) -> list[dict[str, Any]]:
    """The lines of the log after a read, a hit, a stream, and a slow statement."""
    server = start_server(database_url, LOG_FORMAT="json", SLOW_MS="1")
    with contextlib.closing(connect(database_url)) as connection, ThreadPoolExecutor(1) as reading:
        connection.autocommit = False
        connection.cursor().execute("LOCK TABLE books")
        slow = reading.submit(server.get, "/books/1")
        until(lambda: execute(database_url, "SELECT count(*) FROM pg_locks WHERE NOT granted")[0][0])
        connection.rollback()
        assert slow.result().status in (200, 404)
    for path in ("/books", "/books", "/books?format=ndjson"):
        assert server.get(path).status == 200
    until(lambda: all(field in server.log.read_text() for field in ('"catalog.stream":"whole"', '"catalog.statement"')))
    return [json.loads(line) for line in server.log.read_text().splitlines() if line.startswith("{")]


def test_fields_of_our_own_have_their_types(lines: list[dict[str, Any]]) -> None:
    logged = {name: type(value) for line in lines for name, value in line.items() if name.startswith("catalog.")}
    mapped = {field["name"]: TYPES[field["type"]] for field in FILEBEAT["setup.template.append_fields"]}
    assert mapped == logged


def test_conditions_compare_fields_of_the_log(lines: list[dict[str, Any]]) -> None:
    conditions = {
        leaf
        for processor in FILEBEAT["processors"]
        for options in processor.values()
        for operator, condition in options.items()
        if operator.startswith("when.equals.")
        for leaf in leaves(condition, operator.removeprefix("when.equals."))
    }
    assert conditions
    assert conditions <= {(name, value) for line in lines for name, value in line.items() if isinstance(value, str)}


def test_a_line_has_the_names_of_the_common_schema(lines: list[dict[str, Any]]) -> None:
    """Those that the dashboards and the runbook of the service begin with."""
    assert all({"@timestamp", "log.level", "message", "ecs.version"} <= line.keys() for line in lines)
    assert {"event.duration", "http.request.id", "trace.id", "url.path"} <= lines[-1].keys()
