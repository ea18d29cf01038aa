"""The fixtures of all tests are in the modules of `tests/support`."""

import pytest
from hypothesis import HealthCheck, settings

# A slow machine fails no test.
settings.register_profile("catalog", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("catalog")

pytest.register_assert_rewrite("tests.support")

pytest_plugins = [
    "tests.support.accounts",
    "tests.support.application",
    "tests.support.catalogs.library",
    "tests.support.clients.parallel",
    "tests.support.databases",
    "tests.support.schedule",
    "tests.support.servers.gunicorn",
    "tests.support.servers.redis",
]
