"""Bad input to the routes of favorites gets the problem of the contract, and changes nothing."""

from __future__ import annotations

import contextlib
import json
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

from .bad_favorites import ANN, ATTRIBUTES, READING_KEY, favorite_rows

ROWS = list(favorite_rows())


def fill(client: FlaskClient) -> None:
    """Add the books, accounts, tokens, categories and favorites of the table."""
    for title in ("One", "Two"):
        assert client.post("/books", json={"title": title}).status_code == 201
    url = client.application.config["DATABASE_URL"]
    ann, bob = add_account(url).id, add_account(url).id
    token = (
        "INSERT INTO tokens (account_id, kind, digest, hint, name, scopes, expires_at) "
        "VALUES (%s, %s, %s, 'hint', %s, %s, now() + interval '1 day')"
    )
    execute(url, token, ann, "session", digest_of(ANN), None, None)
    execute(url, token, ann, "key", digest_of(READING_KEY), "A key", ["catalog:read"])
    category = "INSERT INTO categories (account_id, name, attributes) VALUES (%s, %s, %s)"
    execute(url, category, ann, "Novels", json.dumps(ATTRIBUTES))
    execute(url, category, ann, "Other", "[]")
    execute(url, category, bob, "Secret", json.dumps([{**ATTRIBUTES[0], "key": "secret_key"}]))
    favorite = (
        "INSERT INTO favorites (account_id, category_id, ranking, title, book_id, attributes) "
        "VALUES (%s, %s, %s, %s, %s, %s)"
    )
    mood = json.dumps({"mood": "dark"})
    execute(url, favorite, ann, 1, 1, "One", 1, mood)
    execute(url, favorite, ann, 1, 2, "B", None, mood)
    execute(url, favorite, ann, 1, 3, "C", None, mood)
    execute(url, favorite, ann, 2, 1, "One", 1, "{}")
    execute(url, favorite, bob, 3, 1, "Secret", None, mood)


@pytest.fixture(scope="module")
def favorites_app(shared_catalog: Callable[..., FlaskClient]) -> Flask:
    """An application with two books, and the favorites of two accounts."""
    return shared_catalog("hostile_favorites", fill, ANONYMOUS="editor").application


@pytest.fixture(scope="module")
def stored(favorites_app: Flask) -> Iterator[Callable[[], Any]]:
    """Read every category and every favorite that is stored."""

    def read() -> Any:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT (SELECT json_agg(c ORDER BY id) FROM categories c)::text, "
                "(SELECT json_agg(f ORDER BY id) FROM favorites f)::text"
            )
            return cursor.fetchone()

    with contextlib.closing(connect(str(favorites_app.config["DATABASE_URL"]))) as connection:
        yield read


def test_the_table_has_many_rows_with_different_names() -> None:
    assert len(ROWS) >= 200
    assert len({row.name for row in ROWS}) == len(ROWS)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: ascii(row.name)[:90])
def test_a_bad_request_gets_a_clear_problem(favorites_app: Flask, stored: Callable[[], Any], row: Row) -> None:
    before = stored()
    response = send_row(favorites_app, row)
    assert stored() == before
    assert response.status_code == row.status, response.text[:500]
    document = check_problem(row.status, response.headers, response.data)
    assert "secret" not in response.text.lower().replace(row.target, "")
    if row.code or row.at:
        errors = [(each["code"], each.get("pointer") or each.get("parameter") or "") for each in document["errors"]]
        assert any(row.code in (None, code) and row.at in (None, place) for code, place in errors), errors
