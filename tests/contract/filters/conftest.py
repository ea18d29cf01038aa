"""The catalog that is filtered."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from tests.support.catalogs.varied import store, varied_authors, varied_books

from .meaning import FilteredCatalog


def fill(client: FlaskClient) -> None:
    store(client, "/authors", varied_authors(40))
    store(client, "/books", varied_books(90, list(range(1, 15))))


@pytest.fixture(scope="session")
def catalog(shared_catalog: Callable[..., FlaskClient]) -> FilteredCatalog:
    return FilteredCatalog(shared_catalog("filters", fill))
