"""One-time links to set up the first administrator, and links that are no longer needed."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from flask import Flask

from app.features.accounts.credentials.one_time_links import create_reset, create_setup, use_setup
from extensions.database import transaction
from tests.support.accounts import HASH, StoredAccount
from tests.support.clients.parallel import simultaneously
from tests.support.databases import execute
from tests.support.servers.jobs import run_due_jobs


@pytest.fixture
def context(app: Flask) -> Iterator[None]:
    with app.app_context():
        yield


def use(token: str) -> bool:
    return transaction(lambda session: use_setup(session, token), area=None)


@pytest.mark.usefixtures("context")
def test_a_setup_works_once() -> None:
    secret = create_setup().secret
    assert secret.text.startswith("cat_f_")
    assert [use(secret.text), use(secret.text)] == [True, False]


@pytest.mark.usefixtures("context")
def test_only_the_newest_setup_works() -> None:
    secrets = [create_setup().secret, create_setup().secret]
    assert [use(secret.text) for secret in secrets] == [False, True]


@pytest.mark.usefixtures("context")
def test_a_setup_works_for_a_day(database_url: str) -> None:
    secret = create_setup().secret
    execute(database_url, "UPDATE one_time_links SET expires_at = expires_at - interval '24 hours'")
    assert not use(secret.text)


@pytest.mark.parametrize(
    ("role", "disabled", "works"), [("admin", False, False), ("admin", True, True), ("editor", False, True)]
)
def test_a_setup_works_while_there_is_no_administrator(
    context: None, account: Callable[..., StoredAccount], role: str, disabled: bool, works: bool
) -> None:
    secret = create_setup().secret
    account(role, disabled=disabled)
    assert use(secret.text) is works


def test_two_setups_at_once_make_one_administrator(app: Flask, database_url: str) -> None:
    with app.app_context():
        token = create_setup().secret.text

    def set_up() -> bool:
        def work(session: object) -> bool:
            is_valid = use_setup(session, token)  # type: ignore[arg-type]
            if is_valid:
                values = ("admin@example.com", "admin@example.com", HASH)
                sql = "INSERT INTO accounts (email, email_key, role, password_hash) VALUES (%s, %s, 'admin', %s)"
                session.connection().exec_driver_sql(sql, values)  # type: ignore[attr-defined]
            return is_valid

        with app.app_context():
            return transaction(work, area=None)

    assert sorted(simultaneously(set_up, set_up, set_up)) == [False, False, True]


@pytest.mark.parametrize(("minutes", "count"), [(29, 1), (31, 0)])
def test_a_job_deletes_expired_links(
    app: Flask, context: None, account: Callable[..., StoredAccount], database_url: str, minutes: int, count: int
) -> None:
    create_reset(account().id)
    execute(database_url, "UPDATE one_time_links SET expires_at = expires_at - make_interval(mins => %s)", minutes)
    run_due_jobs(app)
    assert execute(database_url, "SELECT count(*) FROM one_time_links") == [(count,)]


def test_the_expiry_has_the_form_of_json(context: None, account: Callable[..., StoredAccount]) -> None:
    assert "T" in create_reset(account().id).expires_at
