"""Changing a password."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.features.accounts.credentials.one_time_links import create_reset
from tests.support.accounts import PASSWORD, StoredAccount
from tests.support.databases import execute

from .test_limits import attempt, fail
from .test_revocation import works
from .test_signing_in import sign_in

AddAccount = Callable[..., StoredAccount]
HeadersOf = Callable[..., dict[str, str]]
NEW = "battery staple horse"


def change(client: FlaskClient, headers: dict[str, str], current: Any = PASSWORD, new: Any = NEW) -> Any:
    return client.put("/me/password", json={"current": current, "new": new}, headers=headers)


def test_a_new_password_replaces_the_old_one(client: FlaskClient, account: AddAccount, headers_of: HeadersOf) -> None:
    ann = account()
    response = change(client, headers_of(ann))
    assert (response.status_code, response.data) == (204, b"")
    assert [sign_in(client, ann.email, password).status_code for password in (PASSWORD, NEW)] == [401, 201]


def test_a_new_password_ends_all_other_sessions(
    client: FlaskClient, account: AddAccount, headers_of: HeadersOf
) -> None:
    ann, bobs = account(), headers_of(account())
    own, other, key = headers_of(ann), headers_of(ann), headers_of(ann, "catalog:read")
    assert works(client, other)
    change(client, own)
    assert [works(client, headers) for headers in (own, other, key, bobs)] == [True, False, True, True]


def test_a_new_password_makes_links_worthless(client: FlaskClient, account: AddAccount, headers_of: HeadersOf) -> None:
    ann = account()
    with client.application.app_context():
        link = create_reset(ann.id).secret
    change(client, headers_of(ann))
    assert client.put(f"/password-resets/{link.text}", json={"password": NEW}).status_code == 404


def test_a_wrong_current_password_changes_nothing(
    client: FlaskClient, account: AddAccount, headers_of: HeadersOf
) -> None:
    ann = account()
    own, other = headers_of(ann), headers_of(ann)
    response = change(client, own, "not the password")
    assert response.status_code == 422
    assert [(each["pointer"], each["code"]) for each in response.json["errors"]] == [("/current", "mismatch")]
    assert works(client, other)
    assert sign_in(client, ann.email).status_code == 201


@pytest.mark.parametrize(
    ("body", "faults"),
    [
        ({}, [("/current", "required"), ("/new", "required")]),
        ({"current": 1, "new": "short"}, [("/current", "type"), ("/new", "too_short")]),
        ({"current": PASSWORD, "new": "justinbieber"}, [("/new", "too_common")]),
        ({"current": PASSWORD, "new": "ann.smith@example.com"}, [("/new", "too_common")]),
        ({"current": PASSWORD, "new": "x" * 257}, [("/new", "too_long")]),
        ({"current": PASSWORD, "new": "x" * 1_000_000}, [("/new", "too_long")]),
        ({"current": PASSWORD, "new": NEW, "old": ""}, [("/old", "unknown")]),
        ([], [("", "type")]),
    ],
    ids=lambda value: str(value)[:60],
)
def test_a_body_shows_all_its_faults(
    client: FlaskClient, account: AddAccount, headers_of: HeadersOf, body: Any, faults: Any
) -> None:
    headers = headers_of(account(email="ann.smith@example.com"))
    response = client.put("/me/password", json=body, headers=headers)
    assert response.status_code == 422
    assert [(each["pointer"], each["code"]) for each in response.json["errors"]] == faults
    assert PASSWORD not in response.text


def test_wrong_current_passwords_are_limited(client: FlaskClient, account: AddAccount, headers_of: HeadersOf) -> None:
    ann = account()
    headers = headers_of(ann)
    statuses = [change(client, headers, "not the password").status_code for _ in range(11)]
    assert statuses == [422] * 10 + [429]
    assert change(client, headers).status_code == 429
    assert attempt(client, ann.email, PASSWORD, "198.51.100.1").status_code == 429
    assert works(client, headers)


def test_failed_sign_ins_do_not_keep_the_owner_from_a_change(
    client: FlaskClient, account: AddAccount, headers_of: HeadersOf, database_url: str
) -> None:
    ann = account()
    fail(database_url, 30, ann.email, "127.0.0.1")
    assert sign_in(client, ann.email).status_code == 429
    assert change(client, headers_of(ann)).status_code == 204


def test_a_key_changes_no_password(client: FlaskClient, account: AddAccount, headers_of: HeadersOf) -> None:
    responses = [change(client, headers) for headers in ({}, headers_of(account("admin"), "admin"))]
    assert [response.status_code for response in responses] == [401, 403]


def test_a_change_stores_only_a_hash(
    client: FlaskClient, account: AddAccount, headers_of: HeadersOf, database_url: str
) -> None:
    ann = account()
    change(client, headers_of(ann))
    [(row,)] = execute(database_url, "SELECT accounts::text FROM accounts WHERE id = %s", ann.id)
    assert "$argon2id$" in row
    assert NEW not in row
