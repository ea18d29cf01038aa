"""The cache of a real server with four workers, each with its own memory."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.clients.http import Client, Response
from tests.support.waiting import until

from .freshness import LOADED, ROWS, Loader, assert_nothing_stale, rewritten_while_read


@pytest.fixture(scope="module")
def url(new_database: Callable[[str], str]) -> str:
    return new_database("workers")


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("shared_instance")


@pytest.fixture(scope="module")
def port(start_server: Callable[..., Any], url: str, instance: Path) -> int:
    return int(start_server(url, INSTANCE_PATH=str(instance), WEB_CONCURRENCY="4", LOG_LEVEL="WARNING").port)


def everywhere(port: int, path: str, times: int = 12) -> list[Response]:
    """Return responses over new connections, so that every worker sends some."""
    return [Client(port).get(path) for _ in range(times)]


def test_a_hit_has_its_cache_status(port: int) -> None:
    created = Client(port).request("POST", "/books", {"title": "A hit"})
    path = f"/books/{created.json['id']}"
    responses: list[Response] = []

    def all_hits() -> bool:
        responses[:] = everywhere(port, path)
        return {response.cache for response in responses} == {"hit"}

    until(all_hits)
    response = responses[-1]
    assert re.fullmatch(r"catalog; hit; ttl=\d+", response.headers["cache-status"])
    assert 0 <= int(response.headers["age"]) <= 10
    assert response.json == created.json
    assert response.headers["etag"] == created.headers["etag"]
    assert response.headers["cache-control"] == "public, max-age=0, must-revalidate"


def test_no_reader_gets_a_response_older_than_an_acknowledged_write(
    port: int, url: str, instance: Path, tmp_path: Path
) -> None:
    loader = Loader(tmp_path, DATABASE_URL=url, INSTANCE_PATH=str(instance), REDIS_URL="")
    outcome = rewritten_while_read([port], [port], 10_000, loader, loads=3)
    assert_nothing_stale(outcome)


def test_the_command_line_invalidates_the_cache_of_the_server(
    port: int, url: str, instance: Path, tmp_path: Path
) -> None:
    path = f"/books?title={LOADED}&total=exact"
    until(lambda: {response.cache for response in everywhere(port, path)} == {"hit"})
    before = Client(port).get(path).json["meta"]["total"]
    Loader(tmp_path, DATABASE_URL=url, INSTANCE_PATH=str(instance), REDIS_URL="")()
    assert {response.json["meta"]["total"] for response in everywhere(port, path)} == {before + ROWS}


def test_workers_store_no_errors(port: int) -> None:
    for path in ("/books/999999", "/books?limt=1", "/nothing"):
        responses = everywhere(port, path, 6)
        assert {response.status for response in responses} <= {400, 404}
        assert "hit" not in {response.cache for response in responses}


def test_a_write_succeeds_without_the_shared_file(port: int, instance: Path) -> None:
    (instance / "generation").unlink()
    created = Client(port).request("POST", "/books", {"title": "Without the file"})
    assert created.status == 201, created.body
    path = f"/books/{created.json['id']}"
    everywhere(port, path)
    assert Client(port).request("PATCH", path, {"title": "Changed"}).status == 200
    assert {response.json["title"] for response in everywhere(port, path)} == {"Changed"}
