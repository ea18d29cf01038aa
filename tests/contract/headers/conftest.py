"""A catalog with one book and one author."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

Add = Callable[..., dict[str, Any]]


@pytest.fixture
def filled(client: FlaskClient, add_book: Add) -> FlaskClient:
    """A client of a catalog with book 1, by author 1."""
    add_book(title="Dune", isbn="9780441478125", authors=[{"name": "Frank Herbert"}])
    return client
