"""The cache of a real server with four workers, each of which has a memory of its own."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import until

from .conftest import Answer, Client
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


def everywhere(port: int, path: str, times: int = 12) -> list[Answer]:
    """Answers over connections of their own, so that every worker gives some."""
    return [Client(port).get(path) for _ in range(times)]


def test_a_hit_says_what_it_is(port: int) -> None:
    created = Client(port).ask("POST", "/books", {"title": "A hit"})
    path = f"/books/{created.json['id']}"
    answers: list[Answer] = []

    def all_hits() -> bool:
        answers[:] = everywhere(port, path)
        return {answer.cache for answer in answers} == {"hit"}

    until(all_hits)
    answer = answers[-1]
    assert re.fullmatch(r"catalog; hit; ttl=\d+", answer.headers["cache-status"])
    assert 0 <= int(answer.headers["age"]) <= 10
    assert answer.json == created.json
    assert answer.headers["etag"] == created.headers["etag"]
    assert answer.headers["cache-control"] == "public, max-age=0, s-maxage=10"


def test_no_reader_of_any_worker_gets_an_answer_from_before_an_acknowledged_write(
    port: int, url: str, instance: Path, tmp_path: Path
) -> None:
    loader = Loader(tmp_path, DATABASE_URL=url, INSTANCE_PATH=str(instance), REDIS_URL="")
    outcome = rewritten_while_read([port], [port], 10_000, loader, loads=3)
    assert_nothing_stale(outcome)


def test_the_command_line_beside_the_server_makes_its_answers_worthless(
    port: int, url: str, instance: Path, tmp_path: Path
) -> None:
    path = f"/books?title={LOADED}&total=exact"
    until(lambda: {answer.cache for answer in everywhere(port, path)} == {"hit"})
    before = Client(port).get(path).json["meta"]["total"]
    Loader(tmp_path, DATABASE_URL=url, INSTANCE_PATH=str(instance), REDIS_URL="")()
    assert {answer.json["meta"]["total"] for answer in everywhere(port, path)} == {before + ROWS}


def test_errors_of_a_worker_are_not_kept_by_it(port: int) -> None:
    for path in ("/books/999999", "/books?limt=1", "/nothing"):
        answers = everywhere(port, path, 6)
        assert {answer.status for answer in answers} <= {400, 404}
        assert "hit" not in {answer.cache for answer in answers}


def test_a_write_is_acknowledged_where_the_shared_file_was_deleted(port: int, instance: Path) -> None:
    (instance / "generation").unlink()
    created = Client(port).ask("POST", "/books", {"title": "Without the file"})
    assert created.status == 201, created.body
    path = f"/books/{created.json['id']}"
    everywhere(port, path)
    assert Client(port).ask("PATCH", path, {"title": "Changed"}).status == 200
    assert {answer.json["title"] for answer in everywhere(port, path)} == {"Changed"}
