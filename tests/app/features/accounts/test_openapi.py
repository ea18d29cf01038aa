"""The OpenAPI document shows the responses that the routes of accounts send."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient

from app.features.accounts.routes import accounts, passwords


@pytest.mark.parametrize(
    ("path", "sent"),
    [("/accounts", accounts.ACCEPTED), ("/password-resets", {"detail": passwords.ACCEPTED})],
    ids=["sign-up", "reset"],
)
def test_an_accepted_request_has_its_example(client: FlaskClient, path: str, sent: dict[str, str]) -> None:
    document: Any = client.get("/openapi.json").json
    accepted = document["paths"][path]["post"]["responses"]["202"]
    assert accepted["content"]["application/json"]["example"] == sent
