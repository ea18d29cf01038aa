"""The catalog whose facets are counted."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from tests.contract.filters.conftest import fill
from tests.contract.filters.meaning import FilteredCatalog


@pytest.fixture(scope="session")
def catalog(shared_catalog: Callable[..., FlaskClient]) -> FilteredCatalog:
    return FilteredCatalog(shared_catalog("filters", fill))
