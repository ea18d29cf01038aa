"""Bad input to the routes of accounts gets the problem of the contract, and changes nothing."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.features.accounts.credentials.secret import digest_of
from tests.contract.hostile.bad_requests import Row
from tests.contract.hostile.problems import check_problem, send_row
from tests.support.accounts import add_account
from tests.support.databases import connect, execute

from .bad_accounts import ADMIN, DISABLED, EDITOR, EXPIRED, PASSWORD, READER, READING_KEY, account_rows

ROWS = list(account_rows())
SECRETS = (ADMIN, EDITOR, READER, DISABLED, READING_KEY, EXPIRED, PASSWORD, "$argon2")


def fill(client: FlaskClient) -> None:
    """Add a book, and the accounts and tokens of the table."""
    assert client.post("/books", json={"title": "A book"}).status_code == 201
    url = client.application.config["DATABASE_URL"]
    accounts = {role: add_account(url, role, f"{role}@example.com").id for role in ("admin", "editor", "reader")}
    accounts["disabled"] = add_account(url, "editor", "disabled@example.com", disabled=True).id
    sessions = {ADMIN: "admin", EDITOR: "editor", READER: "reader", DISABLED: "disabled", EXPIRED: "reader"}
    for token, role in sessions.items():
        _add_token(url, accounts[role], token, "session", None, None, -1 if token == EXPIRED else 3600)
    _add_token(url, accounts["admin"], READING_KEY, "key", "A key", ["catalog:read"], 3600)


def _add_token(url: str, account: int, token: str, kind: str, name: str | None, scopes: Any, seconds: int) -> None:
    execute(
        url,
        "INSERT INTO tokens (account_id, kind, digest, hint, name, scopes, expires_at) "
        "VALUES (%s, %s, %s, %s, %s, %s, now() + make_interval(secs => %s))",
        *(account, kind, digest_of(token), token[-4:], name, scopes, seconds),
    )


@pytest.fixture(scope="module")
def accounts_app(shared_catalog: Callable[..., FlaskClient]) -> Flask:
    """An application with a book and accounts; clients without an account may write."""
    return shared_catalog("hostile_accounts", fill, ANONYMOUS="editor").application


@pytest.fixture(scope="module")
def stored(accounts_app: Flask) -> Iterator[Callable[[], Any]]:
    """Read everything of accounts that is stored, and forget failed sign-ins."""

    def read() -> Any:
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM failed_sign_ins")
            cursor.execute(
                "SELECT (SELECT json_agg(a ORDER BY id) FROM accounts a)::text, "
                "(SELECT json_agg(json_build_array(id, account_id, expires_at) ORDER BY id) FROM tokens)::text, "
                "(SELECT count(*) FROM one_time_links), (SELECT json_agg(b ORDER BY id) FROM books b)::text"
            )
            return cursor.fetchone()

    with contextlib.closing(connect(str(accounts_app.config["DATABASE_URL"]))) as connection:
        yield read


def test_the_table_has_many_rows_with_different_names() -> None:
    assert len(ROWS) >= 180
    assert len({row.name for row in ROWS}) == len(ROWS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: ascii(row.name)[:90])
def test_a_bad_request_gets_a_clear_problem(accounts_app: Flask, stored: Callable[[], Any], row: Row) -> None:
    before = stored()
    response = send_row(accounts_app, row)
    assert stored() == before
    assert response.status_code == row.status, response.text[:500]
    document = check_problem(row.status, response.headers, response.data)
    assert [secret for secret in SECRETS if secret in response.text.replace(row.target, "")] == []
    assert ("WWW-Authenticate" in response.headers) >= (row.status == 401)
    if row.code or row.at:
        errors = document["errors"]
        locations = {(error["code"], error.get("pointer") or error.get("parameter") or "") for error in errors}
        assert row.code is None or row.code in {code for code, _ in locations}, errors
        assert row.at is None or row.at in {location for _, location in locations}, errors
