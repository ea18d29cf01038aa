"""Many duplicates of several kinds."""

from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from .groups import Group, Row, groups


@pytest.fixture
def many(client: FlaskClient) -> list[Group]:
    """Duplicates of several kinds among many authors."""
    authors: list[Row] = [{"name": f"Same {letter} Name"} for letter in "abcdefg" for _ in range(2)]
    authors += [{"name": f"Slipofthepen{letter * 4} Author{letter}"} for letter in "abc"]
    authors += [{"name": f"Slipofhtepen{letter * 4} Author{letter}"} for letter in "abc"]
    authors += [{"name": f"Other {index}x", "identifiers": {"viaf": [str(index // 3)]}} for index in range(9)]
    authors += [{"name": "Homonym", "birth_date": str(1900 + index % 4)} for index in range(9)]
    assert client.post("/authors", json=authors).status_code == 201
    return groups(client, "/authors/duplicates?limit=100")
