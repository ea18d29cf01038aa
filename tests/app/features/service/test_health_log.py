"""The log lines of health checks."""

from __future__ import annotations

import logging

import pytest


@pytest.fixture
def lines(caplog):
    logger = logging.getLogger("catalog.access")
    logger.setLevel(logging.INFO)
    logger.addHandler(caplog.handler)
    yield caplog
    logger.removeHandler(caplog.handler)
    logger.setLevel(logging.NOTSET)


@pytest.mark.parametrize(("path", "is_logged"), [("/health/live", False), ("/health/ready", False), ("/books", True)])
def test_successful_health_checks_are_not_logged(client, lines, path, is_logged):
    assert client.get(path).status_code == 200
    assert any(path in line for line in lines.messages) == is_logged


def test_failing_health_checks_are_logged(make_app, lines):
    client = make_app(DATABASE_URL="postgresql://nobody@127.0.0.1:1/none").test_client()
    assert client.get("/health/ready").status_code == 503
    assert any("/health/ready 503" in line for line in lines.messages)
