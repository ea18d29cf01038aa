"""A slow statement is logged by its text, without its values."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from app.http.middleware.log.formats import JsonFormatter
from app.http.middleware.log.slow import MOST_LINES, SlowLog
from app.http.wsgi import REQUEST_ID, ROUTE
from extensions.database import Statement, fetch
from extensions.telemetry import timing

REQUEST = {REQUEST_ID: "mine", ROUTE: "/books"}


@pytest.fixture
def events(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    """The events of the log of slow statements."""
    monkeypatch.setattr(logging.getLogger("catalog"), "propagate", True)
    return caplog


@pytest.fixture
def within_request(app: Flask) -> Callable[..., Any]:
    """Run something in a request whose statements are all slow."""

    def run(work: Callable[[], Any]) -> Any:
        token = timing.begin(timing.Timing(REQUEST, 0.0, SlowLog()))
        try:
            with app.app_context():
                return work()
        finally:
            timing.end(token)

    return run


@pytest.mark.parametrize(
    "statement",
    [
        Statement("SELECT %(value)s"),
        Statement("SELECT %(value)s::text", prepared="SELECT $1", parameters={"value": "text"}),
    ],
    ids=["sent as text", "prepared"],
)
def test_a_slow_read_is_logged_without_values(
    within_request: Callable[..., Any], events: Any, statement: Statement
) -> None:
    for _ in range(2):  # the first one also prepares it
        within_request(lambda: fetch(statement, {"value": "private"}))
    assert len(events.records) == 2
    for record in events.records:
        message = record.getMessage()
        assert "private" not in message
        assert "SELECT %(value)s" in message or "SELECT $1" in message
        assert "route=/books id=mine" in message


def test_a_planned_text_shows_no_value(within_request: Callable[..., Any], events: Any) -> None:
    statement = Statement("SELECT %(planned)s")
    within_request(lambda: fetch(statement, {"value": "private"}, {"planned": "SELECT %(value)s"}))
    assert "private" not in events.text


def test_a_slow_write_is_logged_without_values(app: Flask, add_book: Any, events: Any) -> None:
    from dataclasses import replace

    front = app.extensions["catalog.front"]
    before = front._observation
    front._observation = replace(before, slow_seconds=0.0, on_slow=SlowLog())
    try:
        add_book(title="Private words")
    finally:
        front._observation = before
    assert "INSERT INTO books" in events.text
    assert "route=/books id=" in events.text
    assert "Private words" not in events.text


def test_a_failed_statement_is_logged(within_request: Callable[..., Any], events: Any) -> None:
    with pytest.raises(Exception, match="division"):
        within_request(lambda: fetch(Statement("SELECT 1 / %(zero)s"), {"zero": 0}))
    assert "SELECT 1 / %(zero)s" in events.text


def test_a_slow_database_does_not_flood_the_log(events: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    moment = 1000.0
    monkeypatch.setattr("app.http.middleware.log.slow.time.monotonic", lambda: moment)
    log = SlowLog()
    for _ in range(1000):
        log("SELECT 1", 1.0, REQUEST)
    assert len(events.records) == MOST_LINES
    moment += 60
    log("SELECT 1", 1.0, REQUEST)
    assert "(990 slow statements before it were not logged)" in events.records[-1].getMessage()


def test_the_line_of_json_has_duration_and_statement(events: Any) -> None:
    SlowLog()("SELECT   1\n", 1.5, REQUEST)
    line = json.loads(JsonFormatter().format(events.records[0]))
    assert (line["event.duration"], line["catalog.statement"]) == (1_500_000_000, "SELECT 1")
    assert (line["http.request.id"], line["catalog.route"]) == ("mine", "/books")


def test_a_very_long_statement_is_cut(events: Any) -> None:
    SlowLog()("INSERT " + "(%s), " * 10_000, 1.0, REQUEST)
    assert len(events.records[0].getMessage()) < 3_000
