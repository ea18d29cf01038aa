"""Signing in: the members of the response, its secrets, and the cookie for pages of the service."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.core.fields import fields_of
from app.features.accounts.models import Account
from tests.support.accounts import HASH, PASSWORD, StoredAccount, bearer
from tests.support.application import Statements
from tests.support.databases import execute

AddAccount = Callable[..., StoredAccount]
OWN_PAGE = {"Sec-Fetch-Site": "same-origin"}
FOREIGN_PAGE = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}


def sign_in(client: FlaskClient, email: str, password: str = PASSWORD, **headers: str) -> Any:
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.post("/tokens", json={"email": email, "password": password}, headers=sent)


def test_a_sign_in_returns_a_session_of_30_days(client: FlaskClient, account: AddAccount) -> None:
    ann = account("editor", "Ann@example.com")
    response = sign_in(client, "ann@EXAMPLE.com")
    assert response.status_code == 201
    assert list(response.json) == ["id", "token", "kind", "expires_at", "account"]
    assert (response.json["kind"], response.json["token"][:6]) == ("session", "cat_s_")
    valid = datetime.fromisoformat(response.json["expires_at"]) - datetime.now().astimezone()
    assert timedelta(days=29, hours=23) < valid <= timedelta(days=30)
    assert list(response.json["account"]) == list(fields_of(Account))
    assert response.json["account"] | {"id": ann.id, "email": "Ann@example.com"} == response.json["account"]
    assert "no-store" in response.headers["Cache-Control"]


def test_timestamps_have_the_form_of_other_records(client: FlaskClient, account: AddAccount) -> None:
    account(email="ann@example.com")
    book = client.post("/books", json={"title": "A book"}).json
    account_time = sign_in(client, "ann@example.com").json["account"]["created_at"]
    assert book is not None
    form = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?\+00:00")
    assert form.fullmatch(account_time)
    assert form.fullmatch(book["created_at"])


def test_the_token_of_a_session_has_the_rights_of_its_account(client: FlaskClient, account: AddAccount) -> None:
    account("admin")
    account("editor", "ann@example.com")
    headers = bearer(sign_in(client, "ann@example.com").json["token"])
    statuses = [client.post("/books", json={"title": "x"}, headers=sent).status_code for sent in ({}, headers)]
    assert statuses == [401, 201]


@pytest.mark.parametrize(
    ("stored", "sent", "is_one_account"),
    [
        ("ann@example.com", "ANN@Example.COM", True),
        ("ann@example.com", " ann@example.com ", True),
        ("strasse@example.com", "straße@example.com", False),
        ("ann@example.com", "ａｎｎ@example.com", True),
        ("istanbul@example.com", "İstanbul@example.com", False),
    ],
)
def test_addresses_are_compared_folded(
    client: FlaskClient, account: AddAccount, stored: str, sent: str, is_one_account: bool
) -> None:
    account(email=stored)
    assert sign_in(client, sent).status_code == (201 if is_one_account else 401)


def test_wrong_unknown_and_disabled_have_one_response(client: FlaskClient, account: AddAccount) -> None:
    account(email="ann@example.com")
    account(email="off@example.com", disabled=True)
    attempts = [
        ("ann@example.com", "not the password"),
        ("bob@example.com", PASSWORD),
        ("off@example.com", PASSWORD),
        ("not an address", PASSWORD),
        ("ann@example.com", ""),
        ("ann@example.com", "x" * 1_000_000),
        ("ann@example.com", "\0\ud800"),
    ]
    responses = [sign_in(client, *attempt, X_Request_ID="same") for attempt in attempts]
    assert {response.status_code for response in responses} == {401}
    assert len({response.data for response in responses}) == 1
    assert responses[0].json["type"] == "/problems/invalid-credentials"
    assert {response.headers["WWW-Authenticate"] for response in responses} == {'Bearer realm="catalog"'}
    assert not any("Set-Cookie" in response.headers for response in responses)


@pytest.mark.parametrize(
    ("body", "faults"),
    [
        ({}, [("", "required")]),
        ([], [("", "type")]),
        ("x", [("", "type")]),
        ({"email": "ann@example.com"}, [("/password", "required")]),
        ({"password": "x"}, [("/email", "required")]),
        ({"email": ["a"], "password": {}}, [("/email", "type"), ("/password", "type")]),
        ({"email": "a\0b@example.com", "password": "x"}, [("/email", "invalid_character")]),
        ({"email": "a" * 255, "password": "x"}, [("/email", "too_long")]),
        ({"email": "a@b.cd", "password": "x", "pasword": "y"}, [("/pasword", "unknown")]),
        ({"mail": "a@b.cd", "password": "x"}, [("/mail", "unknown"), ("/email", "required")]),
        ({"email": "a@b.cd", "password": "x", "scopes": ["admin"]}, [("", "mismatch")]),
    ],
)
def test_a_body_shows_all_its_faults(client: FlaskClient, body: Any, faults: list[tuple[str, str]]) -> None:
    response = client.post("/tokens", json=body)
    assert response.status_code == 422
    assert [(each["pointer"], each["code"]) for each in response.json["errors"]] == faults


@pytest.mark.parametrize(
    ("options", "status"),
    [
        ({"query_string": {"token": "x"}}, 400),
        ({"headers": {"Accept": "text/html"}}, 406),
        ({"headers": {"Idempotency-Key": "0123456789abcdef"}}, 400),
        ({"headers": {"Authorization": "Bearer wrong"}}, 401),
    ],
)
def test_a_request_is_judged_before_its_body(client: FlaskClient, options: Any, status: int) -> None:
    assert client.post("/tokens", json=[], **options).status_code == status


def test_a_page_of_the_service_gets_a_cookie(client: FlaskClient, account: AddAccount) -> None:
    account(email="ann@example.com")
    response = sign_in(client, "ann@example.com", **OWN_PAGE)
    expected = f"__Host-catalog={response.json['token']}; Max-Age=2592000; Path=/; Secure; HttpOnly; SameSite=Lax"
    assert response.headers.getlist("Set-Cookie") == [expected]


@pytest.mark.parametrize("headers", [{}, FOREIGN_PAGE, {"Sec-Fetch-Site": "same-site"}], ids=str)
def test_other_clients_get_no_cookie(client: FlaskClient, account: AddAccount, headers: dict[str, str]) -> None:
    account(email="ann@example.com")
    response = sign_in(client, "ann@example.com", **headers)
    assert (response.status_code, "Set-Cookie" in response.headers) == (201, False)


@pytest.mark.parametrize(("headers", "status"), [(OWN_PAGE, 204), (FOREIGN_PAGE, 403), ({}, 403)], ids=str)
def test_a_write_with_the_cookie_needs_an_own_page(
    client: FlaskClient, account: AddAccount, headers: dict[str, str], status: int
) -> None:
    account(email="ann@example.com")
    cookie = sign_in(client, "ann@example.com", **OWN_PAGE).headers["Set-Cookie"].partition(";")[0]
    assert client.get("/tokens", headers={"Cookie": cookie}).status_code == 200
    assert client.delete("/tokens/current", headers={"Cookie": cookie, **headers}).status_code == status


def test_a_sign_in_replaces_an_old_hash(client: FlaskClient, account: AddAccount, database_url: str) -> None:
    ann = account(email="ann@example.com")
    assert sign_in(client, ann.email).status_code == 201
    [(stored,)] = execute(database_url, "SELECT password_hash FROM accounts WHERE id = %s", ann.id)
    assert stored != HASH
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert sign_in(client, ann.email).status_code == 201


def test_a_sign_in_keeps_the_cache(client: FlaskClient, account: AddAccount) -> None:
    account(email="ann@example.com")
    client.get("/books")
    sign_in(client, "ann@example.com")
    sign_in(client, "ann@example.com", "not the password")
    assert "hit" in client.get("/books").headers["Cache-Status"]


def test_passwords_are_in_no_statement(client: FlaskClient, account: AddAccount, statements: Statements) -> None:
    account(email="ann@example.com")
    sign_in(client, "ann@example.com", "a wrong password")
    sign_in(client, "ann@example.com")
    assert len(statements) > 3
    assert not [sql for sql in statements if PASSWORD in sql or "a wrong password" in sql]
