"""Limits of failed sign-ins: by e-mail address and by network address."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app.features.accounts.credentials import passwords
from tests.support.accounts import PASSWORD, StoredAccount
from tests.support.clients.parallel import simultaneously
from tests.support.databases import execute
from tests.support.servers.jobs import run_due_jobs

AddAccount = Callable[..., StoredAccount]
WRONG = "not the password"


def attempt(client: FlaskClient, email: str, password: str = WRONG, address: str = "192.0.2.1") -> Any:
    body = {"email": email, "password": password}
    return client.post("/tokens", json=body, environ_base={"REMOTE_ADDR": address})


def fail(url: str, count: int, email: str = "", address: str = "192.0.2.1", seconds: float = 0) -> None:
    """Store failures of a client that happened some seconds ago."""
    execute(
        url,
        "INSERT INTO failed_sign_ins (email_digest, client, failed_at) "
        "SELECT sha256(%s::bytea), %s, now() - make_interval(secs => %s) FROM generate_series(1, %s)",
        *(email.encode(), address, seconds, count),
    )


@pytest.mark.parametrize("email", ["ann@example.com", "unknown@example.com"])
def test_ten_failures_of_an_address_end_its_sign_ins(client: FlaskClient, account: AddAccount, email: str) -> None:
    account(email="ann@example.com")
    statuses = [attempt(client, email, address=f"192.0.2.{number}").status_code for number in range(11)]
    assert statuses == [401] * 10 + [429]
    response = attempt(client, email.upper(), PASSWORD, "198.51.100.1")
    assert response.status_code == 429
    assert response.json["type"] == "/problems/too-many-requests"
    assert 290 <= int(response.headers["Retry-After"]) <= 300


def test_other_addresses_sign_in_meanwhile(client: FlaskClient, account: AddAccount, database_url: str) -> None:
    account(email="ann@example.com")
    fail(database_url, 10, "bob@example.com")
    assert attempt(client, "ann@example.com", PASSWORD).status_code == 201


@pytest.mark.parametrize(
    ("others", "status"),
    [("192.0.2.1", 429), ("192.0.2.2", 201), ("2001:db8::/64", 201)],
)
def test_thirty_failures_of_a_client_end_its_sign_ins(
    client: FlaskClient, account: AddAccount, database_url: str, others: str, status: int
) -> None:
    account(email="ann@example.com")
    for number in range(30):
        fail(database_url, 1, f"{number}@example.com", others)
    assert attempt(client, "ann@example.com", PASSWORD).status_code == status


def test_ipv6_neighbors_are_one_client(client: FlaskClient, account: AddAccount) -> None:
    account(email="ann@example.com")
    for number in range(30):
        attempt(client, f"{number}@example.com", address=f"2001:db8::{number:x}")
    statuses = [attempt(client, "ann@example.com", PASSWORD, net).status_code for net in ("2001:db8::ff", "2001:db9::")]
    assert statuses == [429, 201]


def test_successes_do_not_count(client: FlaskClient, account: AddAccount) -> None:
    account(email="ann@example.com")
    assert {attempt(client, "ann@example.com", PASSWORD).status_code for _ in range(12)} == {201}


@pytest.mark.parametrize(("seconds", "status"), [(299, 429), (301, 201)])
def test_failures_count_for_five_minutes(
    client: FlaskClient, account: AddAccount, database_url: str, seconds: int, status: int
) -> None:
    account(email="ann@example.com")
    fail(database_url, 10, "ann@example.com", seconds=seconds)
    assert attempt(client, "ann@example.com", PASSWORD).status_code == status


def test_retry_after_waits_for_the_oldest_that_counts(client: FlaskClient, database_url: str) -> None:
    fail(database_url, 3, "ann@example.com", seconds=200)
    fail(database_url, 9, "ann@example.com", seconds=50)
    seconds = int(attempt(client, "ann@example.com").headers["Retry-After"])
    assert 90 <= seconds <= 100


def test_a_job_deletes_failures_that_no_longer_count(client: FlaskClient, database_url: str) -> None:
    fail(database_url, 20, "bob@example.com", seconds=301)
    attempt(client, "ann@example.com")
    run_due_jobs(client.application)
    assert execute(database_url, "SELECT count(*) FROM failed_sign_ins") == [(1,)]


@pytest.mark.parametrize("email", ["ann@example.com", "unknown@example.com"])
def test_forty_failures_at_once_are_ten(
    app: Flask, account: AddAccount, email: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A busy machine takes longer than four seconds for forty hashes, after which the last ones would be a 503.
    monkeypatch.setattr(passwords._slots, "longest_wait", 60)
    account(email="ann@example.com")
    calls = [
        lambda number=number: attempt(app.test_client(), email, address=f"192.0.2.{number}").status_code
        for number in range(40)
    ]
    assert Counter(simultaneously(*calls)) == {401: 10, 429: 30}
