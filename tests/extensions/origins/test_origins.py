"""Marks of statements, and the file of routes that processes share."""

from __future__ import annotations

from pathlib import Path

import pytest

from extensions.origins import Origins, key_of, unmarked
from extensions.origins.origins import FILE, FILE_BYTES

NAME = "catalog_0123456789abcdef01234567"


@pytest.fixture
def origins(tmp_path: Path) -> Origins:
    return Origins(tmp_path, lambda: "GET /books")


def test_a_mark_ends_a_statement(origins: Origins) -> None:
    assert origins.marked("SELECT 1", "GET /books").startswith("SELECT 1 /* GET /books ")


def test_a_mark_is_removed_from_a_statement(origins: Origins) -> None:
    marked = origins.marked("SELECT 1", "GET /books/{book_id}")
    assert unmarked(marked) == ("SELECT 1", "GET /books/{book_id}", key_of("SELECT 1"))


def test_a_statement_without_a_route_stays_unmarked(origins: Origins) -> None:
    assert origins.marked("SELECT 1", "") == "SELECT 1"


@pytest.mark.parametrize(
    "sql",
    [
        pytest.param(f"PREPARE {NAME}(bigint) AS SELECT $1; EXECUTE {NAME}(%s)", id="prepared"),
        pytest.param(f"DEALLOCATE catalog_{24 * 'f'}; PREPARE {NAME} AS SELECT 1; EXECUTE {NAME}", id="replaced"),
        pytest.param(f"EXECUTE {NAME}(%s)", id="executed"),
        pytest.param(f"DECLARE {NAME}_1 NO SCROLL CURSOR FOR SELECT 1", id="cursor"),
        pytest.param(f"FETCH 20 FROM {NAME}_1", id="fetch"),
    ],
)
def test_a_statement_has_the_key_of_its_name(sql: str) -> None:
    assert key_of(sql) == "0123456789ab"


def test_processes_share_the_routes_of_a_statement(tmp_path: Path) -> None:
    for route in ("GET /books", "PATCH /books/{book_id}"):
        Origins(tmp_path, str).marked("SELECT 1", route)
    assert Origins(tmp_path, str).routes() == {key_of("SELECT 1"): {"GET /books", "PATCH /books/{book_id}"}}


def test_a_repeated_statement_adds_nothing_to_the_file(origins: Origins, tmp_path: Path) -> None:
    origins.marked("SELECT 1", "GET /books")
    size = (tmp_path / FILE).stat().st_size
    for _ in range(100):
        origins.marked("SELECT 1", "GET /books")
    assert (tmp_path / FILE).stat().st_size == size


def test_a_full_file_grows_no_further(origins: Origins, tmp_path: Path) -> None:
    (tmp_path / FILE).write_bytes(b"x" * FILE_BYTES)
    assert "GET /books" in origins.marked("SELECT 1", "GET /books")
    assert (tmp_path / FILE).stat().st_size == FILE_BYTES


def test_routes_of_dropped_statements_are_forgotten(origins: Origins) -> None:
    for sql in ("SELECT 1", "SELECT 2"):
        origins.marked(sql, "GET /books")
    origins.keep({key_of("SELECT 2")})
    assert set(origins.routes()) == {key_of("SELECT 2")}


def test_a_missing_folder_does_not_fail_a_statement(tmp_path: Path) -> None:
    assert "GET /books" in Origins(tmp_path / "none", str).marked("SELECT 1", "GET /books")
