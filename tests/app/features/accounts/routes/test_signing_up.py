"""`POST /accounts`: signing up with and without a mail server, and accounts that administrators add."""

from __future__ import annotations

import uuid

import pytest

from tests.support.databases import execute
from tests.support.servers.jobs import run_due_jobs

from .conftest import PASSWORD

MEMBERS = ["id", "email", "name", "role", "disabled", "created_at", "updated_at"]
ANN = {"email": "Ann@Example.com", "password": PASSWORD}


def test_a_sign_up_creates_a_reader(client):
    response = client.post("/accounts", json={**ANN, "name": " Ann  Lee "})
    assert response.status_code == 201
    account = response.json
    assert list(account) == MEMBERS
    assert (account["email"], account["name"], account["role"], account["disabled"]) == (
        *("Ann@Example.com", "Ann Lee", "reader"),
        False,
    )
    assert response.headers["Location"] == f"/accounts/{account['id']}"
    assert response.headers["Cache-Control"] == "private, no-store"


def test_a_password_is_stored_as_a_hash(client, database_url):
    client.post("/accounts", json=ANN)
    [[stored]] = execute(database_url, "SELECT password_hash FROM accounts")
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("ann@example.com", "ann@example.com"),
        ("ann@example.com", "ANN@Example.COM"),
        ("straße@example.com", "STRAßE@example.com"),
        ("ﬁona@example.com", "fiona@example.com"),
        ("ann@example.com", "  ann@example.com "),
    ],
    ids=["equal", "case", "sharp s", "ligature", "white space"],
)
def test_an_address_has_one_account(client, first, second):
    assert client.post("/accounts", json={"email": first, "password": PASSWORD}).status_code == 201
    response = client.post("/accounts", json={"email": second, "password": PASSWORD})
    assert response.status_code == 409
    assert [(error["pointer"], error["code"]) for error in response.json["errors"]] == [("/email", "taken")]


@pytest.mark.parametrize(
    ("body", "faults"),
    [
        ({}, [("/email", "required"), ("/password", "required")]),
        ([], [("", "type")]),
        ({**ANN, "email": "ann"}, [("/email", "invalid_email")]),
        ({**ANN, "email": ["ann@example.com"]}, [("/email", "type")]),
        ({**ANN, "email": f"{'a' * 250}@example.com"}, [("/email", "too_long")]),
        ({**ANN, "email": "a\0nn@example.com"}, [("/email", "invalid_character")]),
        ({**ANN, "password": "short"}, [("/password", "too_short")]),
        ({**ANN, "password": "p" * 257}, [("/password", "too_long")]),
        ({**ANN, "password": "p" * 1_000_000}, [("/password", "too_long")]),
        ({**ANN, "password": "justinbieber"}, [("/password", "too_common")]),
        ({**ANN, "password": "ANN@example.com"}, [("/password", "too_common")]),
        ({**ANN, "password": 123456789012}, [("/password", "type")]),
        ({**ANN, "name": "n" * 1001}, [("/name", "too_long")]),
        ({**ANN, "admin": True}, [("/admin", "unknown")]),
        ({**ANN, "id": 1}, [("/id", "unknown")]),
        ({**ANN, "password_hash": "x"}, [("/password_hash", "unknown")]),
    ],
)
def test_an_invalid_sign_up_is_refused(client, database_url, body, faults):
    response = client.post("/accounts", json=body)
    assert response.status_code == 422
    assert [(error["pointer"], error["code"]) for error in response.json["errors"]] == faults
    assert execute(database_url, "SELECT * FROM accounts") == []


@pytest.mark.parametrize("role", ["admin", "reader", "king"])
def test_a_sign_up_takes_no_role(client, database_url, role):
    response = client.post("/accounts", json={**ANN, "role": role})
    assert (response.status_code, response.json["title"]) == (403, "Forbidden")
    assert execute(database_url, "SELECT * FROM accounts") == []


@pytest.mark.parametrize("role", ["reader", "editor", "admin"])
def test_an_administrator_gives_a_role(client, account, headers_of, role):
    response = client.post("/accounts", json={**ANN, "role": role}, headers=headers_of(account("admin")))
    assert (response.status_code, response.json["role"]) == (201, role)


def test_a_role_must_exist(client, account, headers_of):
    response = client.post("/accounts", json={**ANN, "role": "king"}, headers=headers_of(account("admin")))
    assert response.status_code == 422
    assert response.json["errors"][0]["pointer"] == "/role"


@pytest.mark.parametrize(
    ("role", "scopes", "status"),
    [
        (None, (), 403),
        ("reader", (), 403),
        ("editor", (), 403),
        ("admin", ("catalog:write",), 403),
        ("admin", ("admin",), 201),
        ("admin", (), 201),
    ],
    ids=["anonymous", "reader", "editor", "key without the scope", "key with the scope", "administrator"],
)
def test_only_administrators_add_accounts_where_registration_is_closed(
    closed, account, headers_of, role, scopes, status
):
    headers = headers_of(account(role), *scopes) if role else {}
    response = closed.post("/accounts", json=ANN, headers=headers)
    assert response.status_code == status
    if status == 403:
        assert response.json["detail"] == (
            "Only administrators create accounts here. Ask one of them, or send the token of an administrator."
        )


def test_a_closed_registration_reads_no_body(closed):
    assert closed.post("/accounts?x=1", data=b"{", content_type="text/plain").status_code == 403


def test_a_sign_up_with_its_key_is_repeated_once(client, database_url):
    headers = {"Idempotency-Key": str(uuid.uuid4())}
    first, second = (client.post("/accounts", json=ANN, headers=headers) for _ in range(2))
    assert (first.status_code, second.status_code, first.data) == (201, 201, second.data)
    assert execute(database_url, "SELECT count(*) FROM accounts") == [(1,)]


def test_a_mail_answers_a_sign_up(mailing, mailbox, account):
    account(email="old@example.com")
    free = mailing.post("/accounts", json=ANN)
    taken = mailing.post("/accounts", json={**ANN, "email": "OLD@example.com"})
    assert (free.status_code, taken.status_code) == (202, 202)
    assert free.data == taken.data
    assert {name for name, _ in free.headers} == {name for name, _ in taken.headers}
    run_due_jobs(mailing.application)
    assert [(message["To"], message["Subject"]) for message in mailbox.messages] == [
        ("Ann@example.com", "Welcome to the catalog"),
        ("old@example.com", "You already have an account"),
    ]
    assert "https://books.example" in mailbox.messages[0].get_content()


def test_an_account_of_a_mailed_sign_up_exists(mailing, client, database_url):
    mailing.post("/accounts", json=ANN)
    assert execute(database_url, "SELECT email, role FROM accounts") == [("Ann@Example.com", "reader")]


def test_a_repeated_sign_up_sends_one_mail(mailing, mailbox):
    headers = {"Idempotency-Key": str(uuid.uuid4())}
    first, second = (mailing.post("/accounts", json=ANN, headers=headers) for _ in range(2))
    assert second.headers["Idempotent-Replayed"] == "true"
    assert first.data == second.data
    run_due_jobs(mailing.application)
    assert len(mailbox.messages) == 1


def test_an_invalid_sign_up_sends_no_mail(mailing, mailbox):
    assert mailing.post("/accounts", json={**ANN, "password": "short"}).status_code == 422
    run_due_jobs(mailing.application)
    assert mailbox.messages == []


def test_an_administrator_needs_no_mail(mailing, mailbox, account, headers_of):
    headers = headers_of(account("admin"))
    responses = [mailing.post("/accounts", json=ANN, headers=headers) for _ in range(2)]
    assert [response.status_code for response in responses] == [201, 409]
    run_due_jobs(mailing.application)
    assert mailbox.messages == []
