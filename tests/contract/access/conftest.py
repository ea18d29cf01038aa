"""Applications under each setting ANONYMOUS, and clients with each kind of credentials."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from tests.support.accounts import add_account, add_token, bearer
from tests.support.databases import execute

from .rules import AUTO_WITHOUT_ADMIN, SETTINGS

Callers = dict[str, dict[str, str]]  # the headers of each caller

SCOPES = ("catalog:read", "catalog:write", "favorites", "imports", "admin")


def add_callers(url: str, *, with_admin: bool) -> Callers:
    """Store the accounts and tokens of all callers in a database."""
    reader, editor, disabled = add_account(url), add_account(url, "editor"), add_account(url, "editor", disabled=True)
    revoked = add_token(url, editor)
    execute(url, "DELETE FROM tokens")
    callers = {
        "anonymous": {},
        "wrong token": bearer("wrong"),
        "expired token": bearer(add_token(url, editor, seconds=-1)),
        "revoked token": bearer(revoked),
        "disabled account": bearer(add_token(url, disabled)),
        "reader": bearer(add_token(url, reader)),
        "editor": bearer(add_token(url, editor)),
        "session cookie": {"Cookie": f"__Host-catalog={add_token(url, editor)}", "Origin": "http://localhost"},
    }
    if with_admin:
        admin = add_account(url, "admin")
        callers["admin"] = bearer(add_token(url, admin))
        callers["key without the scope"] = bearer(add_token(url, admin, "of-no-route"))
        callers["key with all scopes"] = bearer(add_token(url, admin, *SCOPES))
    return callers


@pytest.fixture(scope="session")
def with_admin(new_database: Callable[[str], str]) -> tuple[str, Callers]:
    """The URL of a database with an administrator, and all callers."""
    url = new_database("access")
    return url, add_callers(url, with_admin=True)


@pytest.fixture(scope="session")
def without_admin(new_database: Callable[[str], str]) -> tuple[str, Callers]:
    """The URL of a database without an administrator, and the callers who need none."""
    url = new_database("access_without_admin")
    return url, add_callers(url, with_admin=False)


@pytest.fixture(scope="session")
def apps(
    make_app: Callable[..., Flask], with_admin: tuple[str, Callers], without_admin: tuple[str, Callers]
) -> dict[str, tuple[Flask, Callers]]:
    """The application under each setting, with its callers."""
    return {
        setting: (make_app(DATABASE_URL=url, ANONYMOUS=setting.partition(" ")[0]), callers)
        for setting in SETTINGS
        for url, callers in [without_admin if setting == AUTO_WITHOUT_ADMIN else with_admin]
    }
