"""Resetting a forgotten password by a link: by mail, or from an administrator."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.features.accounts.credentials.secret import Kind, secret_of
from tests.app.features.accounts.mail.conftest import Mailbox, serve
from tests.support.accounts import PASSWORD, StoredAccount
from tests.support.clients.parallel import simultaneously
from tests.support.databases import execute
from tests.support.servers.jobs import run_due_jobs

from .test_revocation import works
from .test_signing_in import sign_in

__all__ = ["serve"]

AddAccount = Callable[..., StoredAccount]
HeadersOf = Callable[..., dict[str, str]]
NEW = "battery staple horse"
URL = "https://books.example.org"


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
def mailing(app: Flask, make_app: Callable[..., Flask], serve: Callable[..., int], mailbox: Mailbox) -> FlaskClient:
    """A client of an application with a mail server."""
    settings = {"SMTP_URL": f"smtp://127.0.0.1:{serve(mailbox)}", "MAIL_FROM": "catalog@example.org"}
    return make_app(**settings, PUBLIC_URL=URL).test_client(use_cookies=False)


def ask(client: FlaskClient, email: str, **headers: str) -> Any:
    return client.post("/password-resets", json={"email": email}, headers=headers)


def received(client: FlaskClient, mailbox: Mailbox) -> list[tuple[str, str]]:
    """The recipient and the token of each mail that the service has sent."""
    run_due_jobs(client.application)
    tokens = [re.findall(r"/password-resets/(cat_r_\w+)\s", message.get_content()) for message in mailbox.messages]
    return [(message["To"], found[0]) for message, found in zip(mailbox.messages, tokens, strict=True)]


def reset(client: FlaskClient, token: str, password: Any = NEW) -> Any:
    return client.put(f"/password-resets/{token}", json={"password": password})


@pytest.fixture
def link_of(client: FlaskClient, account: AddAccount, headers_of: HeadersOf) -> Callable[[StoredAccount], str]:
    """Create a link as an administrator, and return its token."""
    headers = headers_of(account("admin"))

    def create(owner: StoredAccount) -> str:
        response = client.post(f"/accounts/{owner.id}/password-resets", headers=headers)
        assert response.status_code == 201, response.text
        return str(response.json["url"].rpartition("/")[2])

    return create


def test_a_mail_resets_a_password(mailing: FlaskClient, mailbox: Mailbox, account: AddAccount) -> None:
    account(email="Ann@example.com")
    response = ask(mailing, "ann@example.com")
    assert response.status_code == 202
    [(recipient, token)] = received(mailing, mailbox)
    assert recipient == "Ann@example.com"
    assert f"{URL}/password-resets/{token}" in mailbox.messages[0].get_content()
    assert reset(mailing, token).status_code == 204
    assert [sign_in(mailing, "ann@example.com", password).status_code for password in (PASSWORD, NEW)] == [401, 201]


@pytest.mark.parametrize("email", ["bob@example.com", "off@example.com"], ids=["unknown", "disabled"])
def test_no_mail_has_the_same_response(mailing: FlaskClient, mailbox: Mailbox, account: AddAccount, email: str) -> None:
    account(email="ann@example.com")
    account(email="off@example.com", disabled=True)
    responses = [ask(mailing, address, **{"X-Request-ID": "same"}) for address in ("ann@example.com", email)]
    assert [response.status_code for response in responses] == [202, 202]
    assert responses[0].data == responses[1].data
    assert list(responses[0].headers) == list(responses[1].headers)
    assert [recipient for recipient, _ in received(mailing, mailbox)] == ["ann@example.com"]


@pytest.mark.parametrize("email", ["ann@example.com", "unknown@example.com"])
def test_every_request_creates_a_job(mailing: FlaskClient, account: AddAccount, database_url: str, email: str) -> None:
    account(email="ann@example.com")
    assert ask(mailing, email).status_code == 202
    assert execute(database_url, "SELECT kind, state, key, payload FROM jobs") == [
        ("mail", "queued", None, {"purpose": "reset"})
    ]


def test_an_account_gets_five_mails_in_an_hour(
    mailing: FlaskClient, mailbox: Mailbox, account: AddAccount, database_url: str
) -> None:
    account(email="ann@example.com")
    account(email="bob@example.com")
    calls = [lambda: ask(mailing.application.test_client(), "ann@example.com").status_code for _ in range(7)]
    assert simultaneously(*calls) == [202] * 7
    assert len(received(mailing, mailbox)) == 5
    ask(mailing, "bob@example.com")
    assert len(received(mailing, mailbox)) == 6
    execute(database_url, "UPDATE jobs SET created_at = created_at - interval '61 minutes'")
    ask(mailing, "ann@example.com")
    assert len(received(mailing, mailbox)) == 7


def test_every_mailed_link_works_until_one_is_used(mailing: FlaskClient, mailbox: Mailbox, account: AddAccount) -> None:
    account(email="ann@example.com")
    for _ in range(3):
        ask(mailing, "ann@example.com")
    tokens = [token for _, token in received(mailing, mailbox)]
    assert [reset(mailing, token).status_code for token in tokens] == [204, 404, 404]


def test_a_request_does_not_wait_for_the_mail_server(
    mailing: FlaskClient, mailbox: Mailbox, account: AddAccount
) -> None:
    account(email="ann@example.com")
    mailbox.is_open.clear()
    started = time.monotonic()
    assert ask(mailing, "ann@example.com").status_code == 202
    assert not mailbox.messages, time.monotonic() - started
    mailbox.is_open.set()
    assert len(received(mailing, mailbox)) == 1


@pytest.mark.parametrize(
    ("body", "faults"),
    [
        ({}, [("/email", "required")]),
        ({"email": "ann"}, [("/email", "invalid_email")]),
        ({"email": "a\0@example.com"}, [("/email", "invalid_character")]),
        ({"email": ["ann@example.com"]}, [("/email", "type")]),
        ({"email": "a" * 243 + "@example.com"}, [("/email", "too_long")]),
        ({"mail": "ann@example.com"}, [("/mail", "unknown"), ("/email", "required")]),
        ("ann@example.com", [("", "type")]),
    ],
    ids=lambda value: str(value)[:60],
)
def test_a_request_shows_all_its_faults(client: FlaskClient, body: Any, faults: Any) -> None:
    response = client.post("/password-resets", json=body)
    assert response.status_code == 422
    assert [(each["pointer"], each["code"]) for each in response.json["errors"]] == faults


@pytest.mark.parametrize(
    ("password", "code"),
    [("short", "too_short"), ("justinbieber", "too_common"), ("ann.smith@example.com", "too_common"), (1, "type")],
)
def test_a_refused_password_does_not_use_the_link(
    client: FlaskClient, account: AddAccount, link_of: Callable[..., str], password: Any, code: str
) -> None:
    token = link_of(account(email="ann.smith@example.com"))
    response = reset(client, token, password)
    assert response.status_code == 422
    assert [(each["pointer"], each["code"]) for each in response.json["errors"]] == [("/password", code)]
    assert reset(client, token).status_code == 204


def test_a_reset_ends_all_sessions(
    client: FlaskClient, account: AddAccount, headers_of: HeadersOf, link_of: Callable[..., str]
) -> None:
    ann, bobs = account(), headers_of(account())
    own = [headers_of(ann), headers_of(ann), headers_of(ann, "catalog:read")]
    assert all(works(client, headers) for headers in own)
    assert reset(client, link_of(ann)).status_code == 204
    assert [works(client, headers) for headers in (*own, bobs)] == [False, False, True, True]


def test_a_link_works_once_also_at_once(app: Flask, account: AddAccount, link_of: Callable[..., str]) -> None:
    token = link_of(account())
    calls = [lambda: reset(app.test_client(), token).status_code for _ in range(6)]
    assert sorted(simultaneously(*calls)) == [204, 404, 404, 404, 404, 404]


@pytest.mark.parametrize(("minutes", "status"), [(29, 204), (31, 404)])
def test_a_link_works_for_30_minutes(
    client: FlaskClient, account: AddAccount, link_of: Callable[..., str], database_url: str, minutes: int, status: int
) -> None:
    token = link_of(account())
    execute(database_url, "UPDATE one_time_links SET expires_at = expires_at - make_interval(mins => %s)", minutes)
    assert reset(client, token).status_code == status


@pytest.mark.parametrize(
    "token",
    ["x", "cat_r_x", "%00", "%FF", "a%2Fb", "ü" * 200, secret_of(Kind.RESET, 1).text, secret_of(Kind.SESSION, 1).text],
    ids=lambda token: token[:12],
)
@pytest.mark.parametrize("password", [NEW, "short"])
def test_a_wrong_link_is_not_found(client: FlaskClient, token: str, password: str) -> None:
    assert reset(client, token, password).status_code == 404


def test_a_disabled_account_is_not_reset(
    client: FlaskClient, account: AddAccount, headers_of: HeadersOf, link_of: Callable[..., str], database_url: str
) -> None:
    ann = account()
    token = link_of(ann)
    execute(database_url, "UPDATE accounts SET disabled = true WHERE id = %s", ann.id)
    assert reset(client, token).status_code == 404
    response = client.post(f"/accounts/{ann.id}/password-resets", headers=headers_of(account("admin")))
    assert response.status_code == 409


def test_an_administrator_gets_a_link(client: FlaskClient, account: AddAccount, headers_of: HeadersOf) -> None:
    ann = account()
    response = client.post(f"/accounts/{ann.id}/password-resets", headers=headers_of(account("admin")))
    assert response.status_code == 201
    assert list(response.json) == ["url", "expires_at"]
    valid = datetime.fromisoformat(response.json["expires_at"]) - datetime.now().astimezone()
    assert timedelta(minutes=29) < valid <= timedelta(minutes=30)


@pytest.mark.parametrize(
    ("role", "scopes", "status"),
    [("editor", (), 403), ("admin", ("imports",), 403), ("admin", ("admin",), 403), ("admin", (), 404)],
)
def test_only_administrators_get_links(
    client: FlaskClient, account: AddAccount, headers_of: HeadersOf, role: str, scopes: Any, status: int
) -> None:
    headers = headers_of(account(role), *scopes)
    assert client.post(f"/accounts/{2**62}/password-resets", headers=headers).status_code == status


def test_links_take_no_idempotency_key(client: FlaskClient, account: AddAccount, headers_of: HeadersOf) -> None:
    ann = account("admin")
    headers = {**headers_of(ann), "Idempotency-Key": "0123456789abcdef"}
    assert client.post(f"/accounts/{ann.id}/password-resets", headers=headers).status_code == 400


def test_links_are_stored_as_digests(
    client: FlaskClient, account: AddAccount, link_of: Callable[..., str], database_url: str
) -> None:
    token = link_of(account())
    assert not [row for row in execute(database_url, "SELECT l::text FROM one_time_links AS l") if token in row[0]]
