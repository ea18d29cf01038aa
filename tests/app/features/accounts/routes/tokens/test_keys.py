"""Keys: how they are created, and the list of tokens."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient

from app.features.accounts.credentials.tokens import KEYS_MOST, SESSIONS_MOST
from tests.support.accounts import StoredAccount, bearer
from tests.support.databases import execute
from tests.support.servers.jobs import run_due_jobs

from .test_signing_in import sign_in

AddAccount = Callable[..., StoredAccount]
HeadersOf = Callable[..., dict[str, str]]
KEY = {"name": "Nightly import", "scopes": ["catalog:read"]}
DAYS = timedelta(days=1)


def add_tokens(url: str, account: StoredAccount, kind: str, count: int) -> None:
    execute(
        url,
        "INSERT INTO tokens (account_id, kind, digest, hint, name, scopes, expires_at) "
        "SELECT %s, %s, sha256(n::text::bytea), 'hint', CASE %s WHEN 'key' THEN 'a key' END, "
        "CASE %s WHEN 'key' THEN ARRAY['admin'] END, now() + interval '1 day' FROM generate_series(1, %s) AS n",
        *(account.id, kind, kind, kind, count),
    )


def test_a_session_creates_a_key(client: FlaskClient, account: AddAccount, headers_of: HeadersOf) -> None:
    body = {"name": " Nightly  import", "scopes": ["catalog:write", "catalog:read"]}
    response = client.post("/tokens", json=body, headers=headers_of(account("editor")))
    assert response.status_code == 201
    key = response.json
    assert (key["kind"], key["name"], key["scopes"]) == ("key", "Nightly import", ["catalog:read", "catalog:write"])
    assert (key["token"][:6], key["token"][-4:]) == ("cat_k_", key["hint"])
    assert "no-store" in response.headers["Cache-Control"]
    assert client.get("/tokens", headers=bearer(key["token"])).json["data"][-1]["current"] is True


@pytest.mark.parametrize(
    ("sent", "valid"),
    [({}, 90 * DAYS), ({"expires_in": None}, 90 * DAYS), ({"expires_in": 60}, timedelta(seconds=60))],
)
def test_a_key_expires(
    client: FlaskClient, account: AddAccount, headers_of: HeadersOf, sent: Any, valid: timedelta
) -> None:
    key = client.post("/tokens", json={**KEY, **sent}, headers=headers_of(account())).json
    assert datetime.fromisoformat(key["expires_at"]) - datetime.fromisoformat(key["created_at"]) == valid


@pytest.mark.parametrize(
    ("changed", "faults"),
    [
        ({"expires_in": 31_536_000}, []),
        ({"expires_in": 31_536_001}, [("/expires_in", "out_of_range")]),
        ({"expires_in": 0}, [("/expires_in", "out_of_range")]),
        ({"expires_in": 1.5}, [("/expires_in", "type")]),
        ({"expires_in": "60"}, [("/expires_in", "type")]),
        ({"expires_in": 10**30}, [("/expires_in", "out_of_range")]),
        ({"name": ""}, [("/name", "blank")]),
        ({"name": None}, [("/name", "required")]),
        ({"name": "a" * 1001}, [("/name", "too_long")]),
        ({"name": "a\0b"}, [("/name", "invalid_character")]),
        ({"scopes": []}, [("/scopes", "too_few")]),
        ({"scopes": None}, [("/scopes", "required")]),
        ({"scopes": "admin"}, [("/scopes", "type")]),
        ({"scopes": ["catalog:reed", 7]}, [("/scopes/0", "not_allowed"), ("/scopes/1", "type")]),
        ({"scopes": ["admin", "admin"]}, [("/scopes/1", "duplicate")]),
        ({"scopes": ["admin"] * 6}, [("/scopes", "too_many")]),
        ({"scope": "admin", "name": 1}, [("/scope", "unknown"), ("/name", "type")]),
    ],
    ids=str,
)
def test_a_body_shows_all_its_faults(
    client: FlaskClient, account: AddAccount, headers_of: HeadersOf, changed: Any, faults: Any
) -> None:
    response = client.post("/tokens", json={**KEY, **changed}, headers=headers_of(account()))
    assert response.status_code == (422 if faults else 201)
    assert [(each["pointer"], each["code"]) for each in response.json.get("errors", [])] == faults


def test_a_wrong_scope_names_the_nearest(client: FlaskClient, account: AddAccount, headers_of: HeadersOf) -> None:
    response = client.post("/tokens", json={**KEY, "scopes": ["catalog:reed"]}, headers=headers_of(account()))
    assert "Did you mean catalog:read?" in response.json["detail"]


def test_a_key_needs_a_session(client: FlaskClient, account: AddAccount, headers_of: HeadersOf) -> None:
    ann = account("admin")
    responses = [client.post("/tokens", json=KEY, headers=sent) for sent in ({}, headers_of(ann, "admin"))]
    assert [response.status_code for response in responses] == [401, 403]
    assert [response.json["type"] for response in responses] == ["/problems/unauthenticated", "/problems/forbidden"]


def test_an_account_has_at_most_200_keys(
    client: FlaskClient, account: AddAccount, headers_of: HeadersOf, database_url: str
) -> None:
    ann = account()
    add_tokens(database_url, ann, "key", KEYS_MOST - 1)
    responses = [client.post("/tokens", json=KEY, headers=headers_of(ann)) for _ in range(2)]
    assert [response.status_code for response in responses] == [201, 409]
    assert "DELETE /tokens" in responses[1].json["detail"]


def test_an_account_keeps_its_newest_sessions(client: FlaskClient, account: AddAccount, database_url: str) -> None:
    ann = account()
    add_tokens(database_url, ann, "key", 3)
    oldest = bearer(sign_in(client, ann.email).json["token"])
    assert client.get("/tokens", headers=oldest).status_code == 200
    execute(database_url, "DELETE FROM tokens WHERE kind = 'key'")
    add_tokens(database_url, ann, "session", SESSIONS_MOST - 1)
    newest = bearer(sign_in(client, ann.email).json["token"])
    assert client.get("/tokens", headers=oldest).status_code == 401
    assert len(client.get("/tokens", headers=newest).json["data"]) == SESSIONS_MOST


def test_a_job_deletes_expired_tokens(
    client: FlaskClient, account: AddAccount, headers_of: HeadersOf, database_url: str
) -> None:
    live = headers_of(account())
    headers_of(account(), seconds=-1)
    run_due_jobs(client.application)
    assert client.get("/tokens", headers=live).status_code == 200
    assert execute(database_url, "SELECT count(*) FROM tokens WHERE expires_at <= now()") == [(0,)]


def test_the_list_has_the_own_live_tokens(client: FlaskClient, account: AddAccount, headers_of: HeadersOf) -> None:
    ann = account()
    headers_of(account())
    headers_of(ann, seconds=-1)
    headers_of(ann, "favorites")
    response = client.get("/tokens", headers=headers_of(ann))
    members = ["id", "kind", "name", "hint", "scopes", "created_at", "expires_at", "last_used_at", "current"]
    assert [list(token) for token in response.json["data"]] == [members] * 2
    shown = [(token["kind"], token["scopes"], token["current"]) for token in response.json["data"]]
    assert shown == [("key", ["favorites"], False), ("session", None, True)]
    assert response.headers["Cache-Control"] == "private, no-store"


def test_the_list_shows_when_a_token_was_used(client: FlaskClient, account: AddAccount, headers_of: HeadersOf) -> None:
    headers = headers_of(account())
    client.get("/tokens", headers=headers)
    [token] = client.get("/tokens", headers=headers).json["data"]
    assert datetime.now().astimezone() - datetime.fromisoformat(token["last_used_at"]) < timedelta(minutes=1)


def test_the_list_takes_no_parameters(client: FlaskClient, account: AddAccount, headers_of: HeadersOf) -> None:
    headers = headers_of(account())
    assert [client.get(f"/tokens?{query}", headers=headers).status_code for query in ("limit=1", "hint=a")] == [400] * 2


def test_the_list_needs_a_token(client: FlaskClient) -> None:
    assert client.get("/tokens").status_code == 401


def test_the_list_shows_no_secret(client: FlaskClient, account: AddAccount, headers_of: HeadersOf) -> None:
    headers = headers_of(account(), "admin")
    shown = client.get("/tokens", headers=headers).text
    assert headers["Authorization"][13:-4] not in shown
    assert "digest" not in shown
