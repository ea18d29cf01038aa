"""Responses have the header Server-Timing, if the setting is on."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.config import from_environment

ENTRY = re.compile(r'[a-z]+(;dur=\d+(\.\d+)?)?(;desc=([a-z]+|"[^"]*"))?')


@pytest.fixture(autouse=True)
def _timed(app: Flask) -> Iterator[None]:
    front = app.extensions["catalog.front"]
    before, front._observation = front._observation, replace(front._observation, server_timing=True)
    yield
    front._observation = before


def entries(response: Any) -> dict[str, str]:
    """Return the entries of the header by their names."""
    found = response.headers["Server-Timing"].split(", ")
    assert all(ENTRY.fullmatch(entry) for entry in found)
    return {entry.partition(";")[0]: entry.partition(";")[2] for entry in found}


def test_a_miss_names_its_statements(book: Any, client: FlaskClient) -> None:
    timing = entries(client.get("/books/1"))
    assert float(timing["total"].removeprefix("dur=")) > 0
    assert re.fullmatch(r'dur=\d+\.\d+;desc="1 statement"', timing["db"])
    assert timing["cache"] == "desc=miss"


def test_a_hit_is_timed_anew(book: Any, client: FlaskClient) -> None:
    client.get("/books/1")
    timing = entries(client.get("/books/1"))
    assert timing["db"] == 'dur=0;desc="0 statements"' or timing["db"] == 'dur=0.00;desc="0 statements"'
    assert timing["cache"] == "desc=hit"


@pytest.mark.parametrize(
    ("method", "path"),
    [("HEAD", "/books/1"), ("DELETE", "/books/1"), ("GET", "/nothing"), ("OPTIONS", "/books")],
)
def test_every_response_is_timed(book: Any, client: FlaskClient, method: str, path: str) -> None:
    assert {"total", "db"} <= entries(client.open(path, method=method)).keys()


def test_not_modified_is_timed(book: Any, client: FlaskClient) -> None:
    tag = client.get("/books/1").headers["ETag"]
    response = client.get("/books/1", headers={"If-None-Match": tag})
    assert response.status_code == 304
    assert "total" in entries(response)


def test_waiting_is_shown_if_it_took_long(app: Flask, client: FlaskClient) -> None:
    from extensions.telemetry.server_timing import server_timing

    assert "wait;dur=2.00" in server_timing(0.01, 0.001, 1, 0.002, "miss")
    assert "wait" not in server_timing(0.01, 0.001, 1, 0.0001, "miss")


def test_the_header_can_be_off(make_app: Callable[..., Flask]) -> None:
    client = make_app(SERVER_TIMING="off").test_client()
    assert "Server-Timing" not in client.get("/").headers


@pytest.mark.parametrize(
    ("environment", "is_on"),
    [({}, True), ({"HOST": "0.0.0.0"}, False), ({"HOST": "0.0.0.0", "SERVER_TIMING": "on"}, True)],
    ids=["loopback", "another address", "set"],
)
def test_the_header_is_on_for_loopback_addresses(environment: dict[str, str], is_on: bool) -> None:
    assert from_environment(environment)["SERVER_TIMING"] is is_on
