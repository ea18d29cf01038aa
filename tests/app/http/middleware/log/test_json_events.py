"""Events are lines of JSON, whatever they contain."""

from __future__ import annotations

import json
import logging
import logging.config
import sys
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from app.http.middleware.log.formats import JsonFormatter
from app.http.middleware.log.setup import json_event, json_logging
from app.http.wsgi import REQUEST_ID, ROUTE
from extensions.telemetry import timing

SECRET = "cat_s_0kFJ3jX1bZq8Vw2YtR7nM5pL9sD4gH6cA0eU3iO1xK8vB2yQmN7zPw"


def formatted(message: str, *arguments: Any, exc_info: Any = None) -> dict[str, Any]:
    """Return the line of an event."""
    record = logging.LogRecord("catalog.errors", logging.ERROR, "", 0, message, arguments, exc_info)
    line = JsonFormatter().format(record)
    assert "\n" not in line
    return dict(json.loads(line))


def raised(error: Exception) -> Any:
    try:
        raise error
    except Exception:
        return sys.exc_info()


@given(st.text(), st.text())
def test_every_event_is_valid_json(message: str, error: str) -> None:
    line = formatted("%s", message, exc_info=raised(ValueError(error)))
    assert line["error.type"] == "ValueError"
    json.dumps(line, ensure_ascii=False).encode()  # no lone surrogate


def test_an_error_has_type_message_and_stack() -> None:
    line = formatted("failed", exc_info=raised(LookupError("no such row")))
    assert (line["log.level"], line["error.type"], line["error.message"]) == ("error", "LookupError", "no such row")
    assert "raise error" in line["error.stack_trace"]


def test_no_field_shows_a_token_or_an_address() -> None:
    line = formatted(f"{SECRET} of ann@example.com", exc_info=raised(ValueError(f"ann@example.com, {SECRET}")))
    assert SECRET not in str(line)
    assert "ann@" not in str(line)


def test_an_error_without_readable_message_is_logged() -> None:
    class Unreadable(Exception):
        def __str__(self) -> str:
            raise RuntimeError

    assert formatted("failed", exc_info=(Unreadable, Unreadable(), None))["error.message"].startswith("(an error")


def test_an_event_within_a_request_names_it() -> None:
    header = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    request = {REQUEST_ID: "mine", ROUTE: "/books", "HTTP_TRACEPARENT": header}
    token = timing.begin(timing.Timing(request))
    try:
        line = formatted("failed")
    finally:
        timing.end(token)
    assert (line["http.request.id"], line["catalog.route"]) == ("mine", "/books")
    assert line["trace.id"] == "0af7651916cd43dd8448eb211c80319c"
    assert "http.request.id" not in formatted("failed later")


def test_lines_of_gunicorn_are_json(capfd: pytest.CaptureFixture[str]) -> None:
    logger = logging.getLogger("gunicorn.error")
    before = logger.handlers, logger.level, logger.propagate, logging.root.handlers, logging.root.level
    try:
        logging.config.dictConfig(dict(json_logging("error")))
        logger.error("Worker (pid:%s) was sent SIGKILL!", 7)
    finally:
        logger.handlers, logger.level, logger.propagate, logging.root.handlers, logging.root.level = before
    line = json.loads(capfd.readouterr().err)
    assert (line["log.logger"], line["message"]) == ("gunicorn.error", "Worker (pid:7) was sent SIGKILL!")


def test_a_message_of_the_start_is_json() -> None:
    assert json.loads(json_event("Starting Postgres ..."))["message"] == "Starting Postgres ..."


def test_the_format_of_the_setting_holds_for_events(app: Flask, make_app: Any) -> None:
    try:
        make_app(LOG_FORMAT="json")
        assert isinstance(logging.getLogger("catalog").handlers[0].formatter, JsonFormatter)
    finally:
        make_app(LOG_FORMAT="text")
