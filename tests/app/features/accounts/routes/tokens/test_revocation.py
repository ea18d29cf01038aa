"""Revoking tokens: one, the current one, all."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.http.access.credentials import forgotten_cookie
from extensions.cache import CACHE, Area
from tests.support.accounts import StoredAccount

AddAccount = Callable[..., StoredAccount]
HeadersOf = Callable[..., dict[str, str]]


def own_ids(client: FlaskClient, headers: dict[str, str]) -> list[int]:
    return [token["id"] for token in client.get("/tokens", headers=headers).json["data"]]


def works(client: FlaskClient, headers: dict[str, str]) -> bool:
    return client.get("/books", headers=headers).status_code == 200


def test_a_revoked_token_is_refused(client: FlaskClient, account: AddAccount, headers_of: HeadersOf) -> None:
    ann = account()
    key, session = headers_of(ann, "catalog:read"), headers_of(ann)
    assert works(client, key)
    response = client.delete(f"/tokens/{own_ids(client, session)[0]}", headers=session)
    assert (response.status_code, response.data, "Set-Cookie" in response.headers) == (204, b"", False)
    assert (works(client, key), works(client, session)) == (False, True)


def test_a_session_revokes_itself_by_id(client: FlaskClient, account: AddAccount, headers_of: HeadersOf) -> None:
    session = headers_of(account())
    response = client.delete(f"/tokens/{own_ids(client, session)[0]}", headers=session)
    assert response.headers["Set-Cookie"] == forgotten_cookie()[1]
    assert not works(client, session)


@pytest.mark.parametrize("case", ["another account's", "unknown", "revoked"])
def test_only_own_tokens_are_found(client: FlaskClient, account: AddAccount, headers_of: HeadersOf, case: str) -> None:
    ann, bobs = account(), headers_of(account())
    session, second = headers_of(ann), headers_of(ann)
    token_id = {"another account's": own_ids(client, bobs)[0], "unknown": 2**62, "revoked": own_ids(client, second)[1]}
    if case == "revoked":
        client.delete("/tokens/current", headers=second)
    assert client.delete(f"/tokens/{token_id[case]}", headers=session).status_code == 404
    assert works(client, bobs)


@pytest.mark.parametrize("scopes", [(), ("catalog:read",)], ids=["session", "key"])
def test_any_token_ends_itself(client: FlaskClient, account: AddAccount, headers_of: HeadersOf, scopes: Any) -> None:
    ann = account()
    headers, other = headers_of(ann, *scopes), headers_of(ann)
    response = client.delete("/tokens/current", headers=headers)
    assert (response.status_code, response.headers["Set-Cookie"]) == (204, forgotten_cookie()[1])
    assert (works(client, headers), works(client, other)) == (False, True)


def test_signing_out_everywhere_revokes_sessions_and_keys(
    client: FlaskClient, account: AddAccount, headers_of: HeadersOf
) -> None:
    ann, bobs = account(), headers_of(account())
    own = [headers_of(ann), headers_of(ann), headers_of(ann, "catalog:read")]
    assert all(works(client, headers) for headers in own)
    response = client.delete("/tokens", headers=own[0])
    assert (response.status_code, response.headers["Set-Cookie"]) == (204, forgotten_cookie()[1])
    assert not any(works(client, headers) for headers in own)
    assert works(client, bobs)


@pytest.mark.parametrize("path", ["/tokens", "/tokens/1"])
def test_a_key_revokes_no_other_token(
    client: FlaskClient, account: AddAccount, headers_of: HeadersOf, path: str
) -> None:
    assert client.delete(path, headers=headers_of(account("admin"), "admin")).status_code == 403


@pytest.mark.parametrize("path", ["/tokens", "/tokens/1", "/tokens/current"])
def test_a_revocation_needs_a_token(client: FlaskClient, path: str) -> None:
    assert client.delete(path).status_code == 401


@pytest.mark.parametrize("path", ["/tokens", "/tokens/1", "/tokens/current"])
def test_a_revocation_takes_no_parameters(
    client: FlaskClient, account: AddAccount, headers_of: HeadersOf, path: str
) -> None:
    assert client.delete(f"{path}?all=true", headers=headers_of(account())).status_code == 400


@pytest.mark.parametrize("path", ["/tokens", "/tokens/current"])
def test_a_revocation_changes_the_generation_of_accounts(
    app: Flask, client: FlaskClient, account: AddAccount, headers_of: HeadersOf, path: str
) -> None:
    headers, cache = headers_of(account()), app.extensions[CACHE]

    def generations() -> list[bytes]:
        with app.app_context():
            return [cache.generation(area) for area in (Area.ACCOUNTS, Area.CATALOG)]

    before = generations()
    client.delete(path, headers=headers)
    assert [old == new for old, new in zip(before, generations(), strict=True)] == [False, True]
