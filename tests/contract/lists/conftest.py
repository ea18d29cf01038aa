"""The catalogs that the tests of lists read."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from tests.support.catalogs.varied import VariedCatalog, store, varied_authors, varied_books


def fill(client: FlaskClient) -> None:
    store(client, "/authors", varied_authors(45, seed=3))
    store(client, "/books", varied_books(90, [1, 2, 3, 4, 5], seed=4))
    for record_id in (3, 40, 17):  # so that the order by updated_at is not that by created_at
        assert client.patch(f"/books/{record_id}", json={"description": "changed"}).status_code == 200
        assert client.patch(f"/authors/{record_id}", json={"biography": "changed"}).status_code == 200


def fill_more(client: FlaskClient) -> None:
    store(client, "/authors", varied_authors(60, seed=5))
    store(client, "/books", varied_books(120, [1, 2, 3], seed=6))


@pytest.fixture(scope="session")
def catalog(shared_catalog: Callable[..., FlaskClient]) -> VariedCatalog:
    """A catalog of which a page may hold every record."""
    return VariedCatalog(shared_catalog("lists", fill))


@pytest.fixture(scope="session")
def long_catalog(shared_catalog: Callable[..., FlaskClient]) -> VariedCatalog:
    """A catalog with more books than a page may hold."""
    return VariedCatalog(shared_catalog("long_lists", fill_more))
