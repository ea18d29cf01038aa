"""What the tests of a record's history share: positions, and requests to restore."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse


@pytest.fixture
def positions(client: FlaskClient) -> Callable[[str], list[int]]:
    """Return the positions of a record's changes, oldest first."""

    def read(path: str) -> list[int]:
        response = client.get(f"{path}/changes?limit=100")
        assert response.status_code == 200, response.text
        return [change["position"] for change in reversed(response.json["data"])]

    return read


@pytest.fixture
def restore(client: FlaskClient) -> Callable[..., TestResponse]:
    """Send a POST to restore a version, or to undo a change; return the response."""

    def send(path: str, query: str = "", headers: dict[str, str] | None = None, **body: Any) -> TestResponse:
        return client.post(f"{path}/restore{query}", json=body, headers=headers)

    return send


@pytest.fixture
def problem_of() -> Callable[[TestResponse, int], dict[str, Any]]:
    """Check the status of a problem, and return its document."""

    def check(response: TestResponse, status: int) -> dict[str, Any]:
        assert response.status_code == status, response.text
        return dict(response.json or {})

    return check
