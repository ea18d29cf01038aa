"""The fixtures of all tests are in the modules of `tests/support`."""

import pytest

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
