"""What the audit shows of accounts, tokens and failed sign-ins, and that no secret is in history."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.features.accounts.fields import email_key
from tests.support.accounts import HASH, PASSWORD, StoredAccount, bearer
from tests.support.databases import execute

from .conftest import Read

NEW_PASSWORD = "another long sentence"
HISTORY = ("revisions", "changes", "change_feed")


def kinds(changes: list[dict[str, Any]]) -> list[tuple[str, str]]:
    return [(change["op"], change["resource"]) for change in changes]


def sign_in(client: FlaskClient, email: str, password: str = PASSWORD) -> dict[str, str]:
    """Sign in and return the headers of the session."""
    response = client.post("/tokens", json={"email": email, "password": password})
    assert response.status_code == 201, response.text
    return bearer((response.json or {})["token"])


def test_a_sign_up_names_the_new_account_and_nobody_who_made_it(client: FlaskClient, changes: Read) -> None:
    body = {"email": "new@example.com", "password": PASSWORD}
    account = client.post("/accounts", json=body, headers={"X-Request-ID": "up-1"}).json or {}
    [change] = changes()
    assert (change["op"], change["resource"], change["id"]) == ("created", "accounts", account["id"])
    assert (change["by"], change["via"], change["request_id"]) == (None, "api", "up-1")
    assert (change["before"], change["after"], change["changed"]) == ({}, {}, [])


def test_changes_of_an_account_have_values(
    client: FlaskClient, changes: Read, admin: StoredAccount, editor: StoredAccount, as_admin: dict[str, str]
) -> None:
    client.patch(
        f"/accounts/{editor.id}",
        json={"role": "reader", "name": "Ed"},
        headers={**as_admin, "X-Change-Note": "Asked for it"},
    )
    client.patch(f"/accounts/{editor.id}", json={"disabled": True}, headers=as_admin)
    first, second = [change for change in changes() if change["op"] == "updated"]
    assert first["before"] == {"role": "editor", "name": None}
    assert first["after"] == {"role": "reader", "name": "Ed"}
    assert first["by"] == {"id": admin.id, "name": None}
    assert (first["note"], second["note"]) == ("Asked for it", None)
    assert second["after"] == {"disabled": True}


def test_a_new_password_is_recorded_without_its_value(
    client: FlaskClient, changes: Read, editor: StoredAccount
) -> None:
    session = sign_in(client, editor.email)
    sign_in(client, editor.email)
    changed = client.put("/me/password", json={"current": PASSWORD, "new": NEW_PASSWORD}, headers=session)
    assert changed.status_code == 204
    *_, signed_in, again, password, ended = changes()
    assert kinds([signed_in, again]) == [("created", "tokens")] * 2
    assert (password["resource"], password["id"], password["by"]["id"]) == ("accounts", editor.id, editor.id)
    assert (password["before"], password["after"]) == ({"password": None}, {"password": "changed"})
    assert (ended["op"], ended["id"], ended["before"]["kind"]) == ("deleted", again["id"], "session")


def test_a_sign_in_names_the_account_of_its_session(
    client: FlaskClient, changes: Read, editor: StoredAccount, database_url: str
) -> None:
    sign_in(client, editor.email)
    # The password is hashed anew, because the hash was weak; that is no new password.
    assert execute(database_url, "SELECT password_hash FROM accounts WHERE id = %s", editor.id) != [(HASH,)]
    *_, change = changes()
    assert kinds(changes())[-1:] == [("created", "tokens")]
    assert "updated" not in [change["op"] for change in changes()]
    assert change["by"] is None
    assert change["after"]["account_id"] == editor.id
    assert change["after"].keys() == {"account_id", "kind", "name", "scopes", "expires_at"}


def test_keys_and_their_revocation_are_recorded(
    client: FlaskClient, changes: Read, admin: StoredAccount, as_admin: dict[str, str]
) -> None:
    key = client.post("/tokens", json={"name": "Shop", "scopes": ["catalog:write"]}, headers=as_admin).json or {}
    client.delete(f"/tokens/{key['id']}", headers=as_admin)
    created, revoked = changes()
    assert created["after"] | {"expires_at": ""} == {
        "account_id": admin.id,
        "kind": "key",
        "name": "Shop",
        "scopes": ["catalog:write"],
        "expires_at": "",
    }
    assert (revoked["op"], revoked["id"], revoked["before"]) == ("deleted", key["id"], created["after"])
    assert {change["by"]["id"] for change in (created, revoked)} == {admin.id}


def test_uses_of_tokens_and_their_expiry_are_not_recorded(
    client: FlaskClient, changes: Read, editor: StoredAccount, token_of: Callable[..., str], database_url: str
) -> None:
    token = token_of(editor)
    token_of(editor, seconds=-1)
    before = changes()
    client.get("/me", headers=bearer(token))
    execute(database_url, "DELETE FROM tokens WHERE expires_at < now()")
    assert changes() == before


@pytest.mark.parametrize("is_known", [True, False], ids=["known address", "unknown address"])
def test_a_failed_sign_in_names_the_account_of_the_address(
    client: FlaskClient, changes: Read, editor: StoredAccount, is_known: bool
) -> None:
    before = len(changes())
    email = editor.email.upper() if is_known else "nobody@example.com"
    assert client.post("/tokens", json={"email": email, "password": "wrong password"}).status_code == 401
    [change] = changes()[before:]
    assert (change["op"], change["resource"], change["by"]) == ("created", "failed_sign_ins", None)
    assert change["after"] == {"client": "127.0.0.1", "account_id": editor.id if is_known else None}


def test_a_wrong_current_password_is_one_failed_sign_in(
    client: FlaskClient, changes: Read, editor: StoredAccount, as_editor: dict[str, str]
) -> None:
    before = len(changes())
    client.put("/me/password", json={"current": "wrong password", "new": NEW_PASSWORD}, headers=as_editor)
    [change] = changes()[before:]
    assert change["after"] == {"client": "127.0.0.1", "account_id": editor.id}
    assert change["by"]["id"] == editor.id


def test_attempts_that_are_refused_are_not_recorded(client: FlaskClient, changes: Read) -> None:
    for _ in range(12):
        client.post("/tokens", json={"email": "nobody@example.com", "password": "wrong password"})
    assert kinds(changes()) == [("created", "failed_sign_ins")] * 10


def test_commands_are_recorded_as_of_the_command_line(app: Flask, changes: Read, database_url: str) -> None:
    runner = app.test_cli_runner()
    add = ["catalog", "account", "add", "cli@example.com", "--password-stdin"]
    for args, sent in (
        (add, PASSWORD),
        (["catalog", "account", "role", "cli@example.com", "editor"], None),
        (["catalog", "account", "disable", "cli@example.com"], None),
    ):
        done = runner.invoke(args=args, input=sent)
        assert done.exit_code == 0, done.output
    found = changes()
    assert kinds(found) == [("created", "accounts"), ("updated", "accounts"), ("updated", "accounts")]
    assert {(change["via"], change["by"], change["request_id"]) for change in found} == {("cli", None, None)}


def test_a_deleted_account_is_erased_from_history(
    client: FlaskClient,
    changes: Read,
    as_admin: dict[str, str],
    admin: StoredAccount,
    editor: StoredAccount,
    headers_of: Callable[..., dict[str, str]],
) -> None:
    client.patch(f"/accounts/{editor.id}", json={"name": "Secret Name"}, headers=as_admin)
    session = headers_of(editor)
    client.post("/tokens", json={"name": "Private key", "scopes": ["catalog:write"]}, headers=session)
    key = client.post("/tokens", json={"name": "Kept", "scopes": ["catalog:write"]}, headers=as_admin).json or {}
    client.post("/books", json={"title": "Stays"}, headers={**session, "X-Change-Note": "From my shelf"})
    client.post("/tokens", json={"email": editor.email, "password": "wrong password"})
    assert client.delete("/me", headers=session).status_code == 204
    found = changes()
    of_account = [each for each in found if (each["resource"], each["id"]) == ("accounts", editor.id)]
    assert kinds(of_account)[-2:] == [("updated", "accounts"), ("deleted", "accounts")]
    assert {str(each["before"]) + str(each["after"]) for each in of_account} == {"{}{}"}
    tokens = [each for each in found if each["resource"] == "tokens" and each["id"] != key["id"]]
    assert {str(each["before"]) + str(each["after"]) for each in tokens} == {"{}{}"}
    assert [each["after"]["name"] for each in found if each["after"] and each["id"] == key["id"]] == ["Kept"]
    [book] = [each for each in found if each["resource"] == "books"]
    assert book["by"] == {"id": editor.id, "name": "deleted account"}
    assert book["note"] == "From my shelf"
    [failed] = [each for each in found if each["resource"] == "failed_sign_ins"]
    assert failed["after"]["account_id"] == editor.id
    assert "Secret Name" not in str(found)
    assert of_account[0]["by"] is None or of_account[0]["by"]["id"] == admin.id


def test_an_account_that_an_administrator_deletes_is_erased(
    client: FlaskClient, changes: Read, as_admin: dict[str, str], editor: StoredAccount, token_of: Callable[..., str]
) -> None:
    token_of(editor, "catalog:write")
    client.patch(f"/accounts/{editor.id}", json={"name": "Secret Name"}, headers=as_admin)
    assert client.delete(f"/accounts/{editor.id}", headers=as_admin).status_code == 204
    found = [each for each in changes() if each["id"] == editor.id or each["resource"] == "tokens"]
    assert {str(each["before"]) + str(each["after"]) for each in found} == {"{}{}"}
    assert sorted(set(kinds(found))) == [
        ("created", "accounts"),
        ("created", "tokens"),
        ("deleted", "accounts"),
        ("deleted", "tokens"),
        ("updated", "accounts"),
    ]


def test_no_secret_is_in_history(
    app: Flask,
    client: FlaskClient,
    changes: Read,
    as_admin: dict[str, str],
    database_url: str,
) -> None:
    emails = ["Typed.Address@Example.com", "unknown.address@example.com", "cli.address@example.com"]
    passwords = [PASSWORD, NEW_PASSWORD, "a password by reset", "a wrong password", "by command line"]
    tokens: list[str] = []

    def send(method: str, path: str, headers: dict[str, str] | None = None, **body: Any) -> dict[str, Any]:
        response = client.open(path, method=method, json=body or None, headers=headers or {})
        document = dict(response.get_json(silent=True) or {})
        tokens.extend(value for name in ("token", "url") if (value := document.get(name)))
        tokens.extend(value.rpartition("/")[2] for name in ("url",) if (value := document.get(name)))
        return document

    account = send("POST", "/accounts", email=emails[0], password=PASSWORD)
    session = bearer(send("POST", "/tokens", email=emails[0], password=PASSWORD)["token"])
    for email in emails[:2]:
        send("POST", "/tokens", email=email, password=passwords[3])
        send("POST", "/password-resets", email=email)
    key = send("POST", "/tokens", session, name="Key", scopes=["catalog:write"])
    send("POST", "/books", bearer(key["token"]), title="Written")
    send("PUT", "/me/password", session, current=passwords[3], new=NEW_PASSWORD)
    send("PUT", "/me/password", session, current=PASSWORD, new=NEW_PASSWORD)
    send("PATCH", "/me", session, name="Typed")
    reset = send("POST", f"/accounts/{account['id']}/password-resets", as_admin)
    send("PUT", f"/password-resets/{reset['url'].rpartition('/')[2]}", password=passwords[2])
    send("POST", "/tokens", email=emails[0], password=passwords[2])
    send("DELETE", f"/tokens/{key['id']}", session)
    add = ["catalog", "account", "add", emails[2], "--password-stdin"]
    assert app.test_cli_runner().invoke(args=add, input=passwords[4]).exit_code == 0
    tokens.append(app.test_cli_runner().invoke(args=["catalog", "account", "key", emails[2]]).output.strip())
    hashes = [row[0] for row in execute(database_url, "SELECT password_hash FROM accounts")]
    digests = [hashlib.sha256(text.encode()).hexdigest() for text in [*tokens, *map(email_key, emails), *passwords]]
    send("DELETE", f"/accounts/{account['id']}", as_admin)

    assert len(tokens) >= 6
    assert len(hashes) == 3
    stored = "\n".join(
        row[0] for table in HISTORY for row in execute(database_url, f"SELECT (t.*)::text FROM {table} AS t")
    )
    shown = str(changes("resource[in]=accounts,tokens,failed_sign_ins"))
    secrets = [*passwords, *tokens, *hashes, *digests, *emails, *map(email_key, emails)]
    assert [text for text in secrets if text and text.lower() in (stored + shown).lower()] == []
    assert account["id"]
