"""Accounts and tokens, stored by SQL, because hashing a password for each account would take most of a test's time."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from flask import Flask

from app.features.accounts.credentials.secret import Kind, new_secret
from app.features.accounts.fields import email_key
from extensions.cache import Area
from extensions.database.engine import ON_COMMIT

from .databases import execute

PASSWORD = "correct horse battery"
# The hash of the password, with parameters that cost next to nothing. A sign-in replaces it.
HASH = "$argon2id$v=19$m=8,t=1,p=1$9ij+9kNH3z3gzqk8MUvpvA$wxCRP4B82Y/C7PYNcHD9/HNcwX+Qbd3iDBy+pDdd4T8"

_numbers = itertools.count(1)


@dataclass(frozen=True)
class StoredAccount:
    """A row of ``accounts`` whose password is `PASSWORD`."""

    id: int
    email: str
    role: str


def add_account(url: str, role: str = "reader", email: str = "", *, disabled: bool = False) -> StoredAccount:
    """Store an account in a database; its e-mail is by default a new one."""
    email = email or f"{role}-{next(_numbers)}@example.com"
    rows = execute(
        url,
        "INSERT INTO accounts (email, email_key, role, password_hash, disabled) VALUES (%s, %s, %s, %s, %s) "
        "RETURNING id",
        *(email, email_key(email), role, HASH, disabled),
    )
    return StoredAccount(rows[0][0], email, role)


def add_token(url: str, account: StoredAccount, *scopes: str, seconds: float = 3600) -> str:
    """Store a key with some scopes, or a session without any, and return its text.

    It expires after `seconds`; a negative number is that of an expired one.
    """
    secret = new_secret(Kind.KEY if scopes else Kind.SESSION)
    execute(
        url,
        "INSERT INTO tokens (account_id, kind, digest, hint, name, scopes, expires_at) "
        "VALUES (%s, %s, %s, %s, %s, %s, now() + make_interval(secs => %s))",
        *(account.id, "key" if scopes else "session", secret.digest, secret.hint),
        *("A key" if scopes else None, list(scopes) or None, seconds),
    )
    return secret.text


def bearer(token: str) -> dict[str, str]:
    """The headers of a request with a token."""
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture
def account(app: Flask, database_url: str) -> Callable[..., StoredAccount]:
    """Store an account in the catalog of the fixture `app`, with the arguments of `add_account`."""

    def add(role: str = "reader", email: str = "", *, disabled: bool = False) -> StoredAccount:
        stored = add_account(database_url, role, email, disabled=disabled)
        with app.app_context():
            app.extensions[ON_COMMIT](Area.ACCOUNTS)  # a process remembers that there is no administrator
        return stored

    return add


@pytest.fixture
def token_of(app: Flask, database_url: str) -> Callable[..., str]:
    """Store a token of an account, with the arguments of `add_token`."""
    return lambda account, *scopes, seconds=3600: add_token(database_url, account, *scopes, seconds=seconds)


@pytest.fixture
def headers_of(token_of: Callable[..., str]) -> Callable[..., dict[str, str]]:
    """Store a token of an account, and return the headers of a request with it."""
    return lambda account, *scopes, seconds=3600: bearer(token_of(account, *scopes, seconds=seconds))
