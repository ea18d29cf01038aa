"""An administrator who reads the audit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.support.accounts import StoredAccount

Read = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def admin(account: Callable[..., StoredAccount]) -> StoredAccount:
    return account("admin", "admin@example.com")


@pytest.fixture
def editor(account: Callable[..., StoredAccount]) -> StoredAccount:
    return account("editor", "editor@example.com")


@pytest.fixture
def as_admin(admin: StoredAccount, headers_of: Callable[..., dict[str, str]]) -> dict[str, str]:
    """The headers of a session of the administrator."""
    return headers_of(admin)


@pytest.fixture
def as_editor(editor: StoredAccount, headers_of: Callable[..., dict[str, str]]) -> dict[str, str]:
    return headers_of(editor)


@pytest.fixture
def changes(app: Flask, client: FlaskClient, as_admin: dict[str, str]) -> Read:
    """Return the changes of a page of the audit, of a query string, oldest first.

    Without a query, only the changes since the fixtures.
    """
    begun: list[int] = []

    def read(query: str = "") -> list[dict[str, Any]]:
        response = client.get(f"/audit?limit=100&{query}", headers=as_admin)
        assert response.status_code == 200, response.text
        rows = list(reversed((response.json or {})["data"]))
        begun.append(rows[-1]["position"] if rows and not begun else 0)
        return [row for row in rows if query or row["position"] > begun[0]]

    read()
    return read
