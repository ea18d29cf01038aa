"""The log lines of health checks."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator

import pytest
from flask import Flask

from extensions.telemetry.line_writer import LINES


@pytest.fixture
def logged(make_app: Callable[..., Flask], capfd: pytest.CaptureFixture[str]) -> Iterator[Callable[..., str]]:
    """Send a GET request to an application with these settings, and return its status and the log."""

    def send(path: str, **settings: str) -> str:
        status = make_app(LOG_LEVEL="INFO", **settings).test_client().get(path).status_code
        LINES.flush()
        return f"{status}\n{capfd.readouterr().err}"

    yield send
    logging.getLogger("catalog").setLevel("WARNING")


@pytest.mark.parametrize(("path", "is_logged"), [("/health/live", False), ("/health/ready", False), ("/books", True)])
def test_successful_health_checks_are_not_logged(logged: Callable[..., str], path: str, is_logged: bool) -> None:
    log = logged(path)
    assert log.startswith("200\n")
    assert (f"GET {path} 200" in log) == is_logged


def test_failing_health_checks_are_logged(logged: Callable[..., str]) -> None:
    assert "GET /health/ready 503" in logged("/health/ready", DATABASE_URL="postgresql://nobody@127.0.0.1:1/none")
