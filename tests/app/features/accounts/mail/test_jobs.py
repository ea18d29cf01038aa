"""Mails as jobs: retries, permanent failures, and what the table and the log do not show."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask

from app.features.accounts.mail.jobs import RETRIES
from tests.support.accounts import StoredAccount
from tests.support.databases import execute
from tests.support.servers.jobs import run_due_jobs

from .conftest import Mailbox, RefusingRecipients

ADDRESS = "ann@example.com"
Ask = Callable[[Mailbox], Flask]


@pytest.fixture
def ask(
    app: Flask, make_app: Callable[..., Flask], serve: Callable[..., int], account: Callable[..., StoredAccount]
) -> Ask:
    """Ask for a reset from a service whose mail server has this mailbox, and return the service."""

    def create(mailbox: Mailbox) -> Flask:
        service = make_app(SMTP_URL=f"smtp://127.0.0.1:{serve(mailbox)}", PUBLIC_URL="https://books.example")
        account(email=ADDRESS)
        assert service.test_client().post("/password-resets", json={"email": ADDRESS}).status_code == 202
        return service

    return create


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Iterator[Callable[[], str]]:
    """The log of the jobs and the mails."""
    loggers = [logging.getLogger(name) for name in ("catalog.jobs", "catalog.mail")]
    for logger in loggers:
        logger.addHandler(caplog.handler)
    yield lambda: caplog.text
    for logger in loggers:
        logger.removeHandler(caplog.handler)


def state(url: str) -> Any:
    return execute(url, "SELECT state, failures FROM jobs WHERE kind = 'mail'")[0]


def make_due(url: str) -> None:
    execute(url, "UPDATE jobs SET due_at = now()")


def test_a_mail_waits_for_a_worker(ask: Ask, database_url: str) -> None:
    mailbox = Mailbox()
    service = ask(mailbox)
    assert (state(database_url), mailbox.messages) == (("queued", 0), [])
    run_due_jobs(service)
    assert (state(database_url), len(mailbox.messages)) == (("succeeded", 0), 1)


def test_a_retry_sends_another_link(ask: Ask, database_url: str, lines: Callable[[], str]) -> None:
    mailbox = Mailbox("451 try again, ann@example.com")
    service = ask(mailbox)
    run_due_jobs(service)
    assert state(database_url) == ("queued", 1)
    assert execute(database_url, "SELECT count(*) FROM one_time_links") == [(1,)]
    make_due(database_url)
    run_due_jobs(service)
    assert (state(database_url), len(mailbox.messages)) == (("succeeded", 1), 1)
    assert execute(database_url, "SELECT count(*) FROM one_time_links") == [(2,)]
    logged = lines()
    assert "SMTPDataError 451" in logged
    assert ADDRESS not in logged


def test_a_mail_is_given_up_after_its_retries(ask: Ask, database_url: str) -> None:
    mailbox = Mailbox(*["451 try again"] * 9)
    service = ask(mailbox)
    for _ in range(len(RETRIES) + 2):
        run_due_jobs(service)
        make_due(database_url)
    assert (state(database_url)[0], mailbox.attempts) == ("failed", len(RETRIES) + 1)


def test_a_permanent_failure_ends_the_job(ask: Ask, database_url: str, lines: Callable[[], str]) -> None:
    mailbox = RefusingRecipients()
    service = ask(mailbox)
    run_due_jobs(service)
    assert (state(database_url), mailbox.attempts) == (("failed", 0), 1)
    logged = lines()
    assert "SMTPRecipientsRefused 550" in logged
    assert ADDRESS not in logged


@pytest.mark.parametrize("change", ["DELETE FROM accounts", "UPDATE accounts SET disabled = true"])
def test_an_account_that_is_gone_gets_no_mail(ask: Ask, database_url: str, change: str) -> None:
    mailbox = Mailbox()
    service = ask(mailbox)
    execute(database_url, change)
    run_due_jobs(service)
    assert (state(database_url)[0], mailbox.attempts) == ("succeeded", 0)


def test_jobs_hold_no_secret(ask: Ask, database_url: str) -> None:
    mailbox = Mailbox()
    run_due_jobs(ask(mailbox))
    [token] = re.findall(r"/password-resets/(cat_r_\w+)\s", mailbox.messages[0].get_content())
    [(stored,)] = execute(database_url, "SELECT string_agg(j::text, '') FROM jobs AS j")
    assert token not in stored
    assert ADDRESS not in stored
