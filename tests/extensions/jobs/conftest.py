"""Kinds of jobs that only tests have, in the application of the tests."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from extensions.database import transaction
from extensions.jobs import KINDS, Kind, RunningJob, enqueue
from tests.support.databases import execute


@pytest.fixture
def add_test_kind(app: Flask) -> Any:
    """Register a kind of this test: `add_test_kind("name", work, lane="a")`."""
    before = dict(app.extensions.get(KINDS, {}))

    def add(name: str, work: Callable[[RunningJob], Any], **attributes: Any) -> None:
        app.extensions[KINDS][name] = Kind(name, work, **attributes)

    app.extensions[KINDS] = dict(before)
    with app.app_context():
        yield add
    app.extensions[KINDS] = before


@pytest.fixture
def add_job(add_test_kind: Any) -> Callable[..., int]:
    """Create a job and return its id."""
    return lambda kind, payload=None, **options: (
        transaction(lambda session: enqueue(session, kind, payload, **options), area=None).id
    )


@pytest.fixture
def read_job(database_url: str) -> Callable[..., tuple[Any, ...]]:
    """Return columns of a job."""
    return lambda job_id, *columns: execute(
        database_url, f"SELECT {', '.join(columns)} FROM jobs WHERE id = %s", job_id
    )[0]
