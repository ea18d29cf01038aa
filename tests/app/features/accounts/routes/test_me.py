"""`/me`: the own account, read with any token and changed with a session."""

from __future__ import annotations

import pytest

from tests.support.databases import execute

COOKIE = "__Host-catalog"


@pytest.fixture
def ann(account):
    return account("reader", "ann@example.com")


@pytest.mark.parametrize("scopes", [(), ("catalog:read",), ("favorites",)], ids=["session", "reading key", "other key"])
def test_any_token_reads_its_account(client, ann, headers_of, scopes):
    response = client.get("/me", headers=headers_of(ann, *scopes))
    assert (response.status_code, response.json["id"], response.json["email"]) == (200, ann.id, ann.email)
    assert response.headers["Cache-Control"] == "private, no-store"
    assert response.headers["ETag"]


def test_the_name_changes(client, ann, headers_of):
    headers = headers_of(ann)
    document = client.get("/me", headers=headers).json
    changed = client.patch("/me", json={**document, "name": "Ann"}, headers=headers)
    assert (changed.status_code, changed.json["name"]) == (200, "Ann")
    assert client.patch("/me", json={"name": None}, headers=headers).json["name"] is None
    stale = {**headers, "If-Match": changed.headers["ETag"]}
    assert client.patch("/me", json={"name": "B"}, headers=stale).status_code == 412


@pytest.mark.parametrize(
    "patch",
    [{"role": "admin"}, {"role": None}, {"role": {"a": 1}}, {"disabled": True}, {"disabled": 0}, {"email": "b@c.de"}],
    ids=str,
)
def test_rights_and_address_stay(client, ann, headers_of, patch):
    response = client.patch("/me", json={"name": "Ann", **patch}, headers=headers_of(ann))
    assert response.status_code == 422
    assert [error["code"] for error in response.json["errors"]] == ["read_only"]
    assert client.get("/me", headers=headers_of(ann)).json["name"] is None


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_a_key_changes_nothing(client, ann, headers_of, method):
    response = client.open("/me", method=method, json={}, headers=headers_of(ann, "admin", "catalog:write"))
    assert response.status_code == 403
    assert "session" in response.json["detail"]


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_an_anonymous_client_has_no_account(client, method):
    assert client.open("/me", method=method).status_code == 401


def test_a_deleted_account_is_gone(client, ann, headers_of, database_url):
    headers = headers_of(ann)
    response = client.delete("/me", headers=headers)
    assert (response.status_code, response.data) == (204, b"")
    assert response.headers["Set-Cookie"].startswith(f"{COOKIE}=; Max-Age=0")
    assert client.get("/me", headers=headers).status_code == 401
    assert execute(database_url, "SELECT * FROM tokens") == []


def test_the_last_administrator_stays(client, account, headers_of):
    headers = headers_of(account("admin"))
    response = client.delete("/me", headers=headers)
    assert response.status_code == 409
    assert "Set-Cookie" not in response.headers
    account("admin")
    assert client.delete("/me", headers=headers).status_code == 204


def test_a_cookie_deletes_its_account_from_own_pages_alone(client, ann, token_of):
    cookie = {"Cookie": f"{COOKIE}={token_of(ann)}"}
    assert client.delete("/me", headers=cookie).status_code == 403
    assert client.delete("/me", headers={**cookie, "Sec-Fetch-Site": "same-origin"}).status_code == 204
