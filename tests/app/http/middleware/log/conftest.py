"""The lines of the requests of an application."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask

from app.http.access.audience import personal_paths, words_of_paths
from app.http.middleware.log.access import AccessLog
from app.http.middleware.log.secrets import PersonalPaths

LinesOf = Callable[[str], list[str]]


@pytest.fixture
def lines_of(app: Flask) -> Iterator[LinesOf]:
    """Return the list of lines, in a format, that the requests from now on get."""
    front = app.extensions["catalog.front"]
    before = front._observation

    def collect(log_format: str) -> list[str]:
        lines: list[str] = []
        personal = PersonalPaths(personal_paths(app), words_of_paths(app))
        log = AccessLog(personal, log_format, lines.append)
        front._observation = replace(before, observers=(log,), server_timing=True)
        return lines

    yield collect
    front._observation = before


def parsed(lines: list[str]) -> list[dict[str, Any]]:
    """Return lines of JSON as dictionaries."""
    assert all(line.endswith("\n") and line.count("\n") == 1 for line in lines)
    return [json.loads(line) for line in lines]
