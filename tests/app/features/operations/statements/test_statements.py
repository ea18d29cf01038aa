"""``GET /ops/statements`` on a real ``pg_stat_statements``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.support.accounts import StoredAccount
from tests.support.databases import execute

SECRET = "Unmistakable Zanzibar"


@pytest.fixture
def report(
    app: Flask, account: Callable[..., StoredAccount], headers_of: Callable[..., dict[str, str]]
) -> Callable[..., Any]:
    """Read the report as an administrator."""
    headers = headers_of(account("admin"))

    def read(query: str = "limit=100", status: int = 200) -> Any:
        response = app.test_client(use_cookies=False).get(f"/ops/statements?{query}", headers=headers)
        assert response.status_code == status, response.text
        return response.json

    return read


@pytest.fixture
def editor(account: Callable[..., StoredAccount], headers_of: Callable[..., dict[str, str]]) -> dict[str, str]:
    return headers_of(account("editor"))


def _of(report: Any, text: str) -> dict[str, Any]:
    """The only statement of a report with this text."""
    (statement,) = [each for each in report["data"] if text in each["query"]]
    return dict(statement)


def _uncached(client: FlaskClient, path: str, **headers: str) -> None:
    response = client.get(path, headers={"Cache-Control": "no-cache", **headers})
    assert response.status_code == 200
    assert response.data


def test_a_statement_has_its_route(statistics: None, report: Callable[..., Any], client: FlaskClient) -> None:
    _uncached(client, "/suggest?q=zanzibar")
    routes = [each["routes"] for each in report()["data"] if "best" in each["query"]]
    assert routes
    assert all(each == ["GET /suggest"] for each in routes)


def test_a_shared_statement_has_all_its_routes(
    statistics: None, report: Callable[..., Any], client: FlaskClient, editor: dict[str, str]
) -> None:
    client.post("/books", json={"title": "A book"}, headers=editor)
    _uncached(client, "/books/1")
    client.patch("/books/1", json={"page_count": 80}, headers=editor)
    shared = [
        each for each in report()["data"] if {"GET /books/{book_id}", "PATCH /books/{book_id}"} <= {*each["routes"]}
    ]
    assert [each["calls"] for each in shared if each["query"].startswith("PREPARE")]


def test_a_stream_counts_as_one_statement(
    statistics: None, report: Callable[..., Any], client: FlaskClient, editor: dict[str, str]
) -> None:
    client.post("/books", json=[{"title": f"Book {number}"} for number in range(100)], headers=editor)
    _uncached(client, "/books", Accept="application/x-ndjson")
    stream = _of(report(), "DECLARE")
    assert (stream["routes"], stream["calls"], stream["rows"]) == (["GET /books"], 1, 100)


def test_the_report_has_no_values(
    statistics: None, report: Callable[..., Any], client: FlaskClient, editor: dict[str, str]
) -> None:
    client.post("/books", json={"title": SECRET, "authors": [{"name": SECRET}]}, headers=editor)
    for path in (f"/books?title={SECRET}", f"/books?title[contains]={SECRET}", f"/books?q={SECRET}"):
        _uncached(client, path)
    _uncached(client, f"/books?title[contains]={SECRET}", Accept="text/csv")
    queries = " ".join(each["query"] for each in report()["data"]).lower()
    assert "select" in queries
    assert "zanzibar" not in queries


def test_commands_of_other_kinds_are_left_out(statistics: None, report: Callable[..., Any], database_url: str) -> None:
    execute(database_url, f"CREATE ROLE catalog_test_role PASSWORD '{SECRET}'")
    execute(database_url, "DROP ROLE catalog_test_role")
    assert not [each for each in report()["data"] if "ROLE" in each["query"]]


@pytest.mark.parametrize(("sort", "member"), [("total", "total_ms"), ("mean", "mean_ms")])
def test_statements_are_sorted_by_time(
    statistics: None, report: Callable[..., Any], client: FlaskClient, sort: str, member: str
) -> None:
    _uncached(client, "/books?q=zanzibar")
    times = [each[member] for each in report(f"sort={sort}")["data"]]
    assert len(times) > 2
    assert times == sorted(times, reverse=True)


def test_a_limit_bounds_the_report(statistics: None, report: Callable[..., Any], client: FlaskClient) -> None:
    _uncached(client, "/books?q=zanzibar")
    limited = report("limit=2")
    assert len(limited["data"]) == 2 < limited["meta"]["count"]
    assert sum(each["share"] for each in report()["data"]) == pytest.approx(1, abs=0.01)


def test_a_missing_extension_is_explained(report: Callable[..., Any]) -> None:
    assert "CREATE EXTENSION pg_stat_statements" in report(status=503)["detail"]


@pytest.mark.parametrize("query", ["sort=calls", "limit=0", "limit=101", "limit=x", "sort=mean&sort=total", "page=2"])
def test_an_invalid_query_is_refused(report: Callable[..., Any], query: str) -> None:
    assert report(query, status=400)["type"] == "/problems/invalid-query"
