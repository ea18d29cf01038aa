"""Bad requests about the history of a record get the problem of the contract and change nothing."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.contract.hostile.bad_requests import AUTHORS, BOOKS, Row
from tests.contract.hostile.problems import check_problem, send_row
from tests.support.databases import execute

from .bad_requests import rows

ROWS = list(rows())
STORED = """
    SELECT (SELECT json_agg(b ORDER BY id) FROM books b)::text, (SELECT json_agg(a ORDER BY id) FROM authors a)::text,
        (SELECT json_agg(c ORDER BY revision_id, ordinal) FROM changes c)::text
"""


def fill(client: FlaskClient) -> None:
    assert client.post("/authors", json=AUTHORS).status_code == 201
    assert client.post("/books", json=BOOKS).status_code == 201


@pytest.fixture(scope="session")
def history_app(shared_catalog: Callable[..., FlaskClient]) -> Flask:
    """An application with a small catalog, which no request may change."""
    return shared_catalog("bad_history", fill).application


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_bad_request_gets_a_clear_problem_and_changes_nothing(history_app: Flask, row: Row) -> None:
    url = str(history_app.config["DATABASE_URL"])
    before = execute(url, STORED)
    response = send_row(history_app, row)
    assert response.status_code == row.status, response.text
    document = check_problem(row.status, response.headers, response.data)
    if row.code is not None:
        found = [(error["code"], error.get("pointer", error.get("parameter"))) for error in document["errors"]]
        assert row.code in [code for code, _ in found]
        assert row.at is None or (row.code, row.at) in found
    assert execute(url, STORED) == before


def test_each_row_has_a_name_of_its_own() -> None:
    assert len({row.name for row in ROWS}) == len(ROWS) > 50
