"""Clients of applications whose settings differ, on the accounts of the fixture `app`."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.app.features.accounts.mail.conftest import Mailbox, serve  # noqa: F401 - a fixture

PASSWORD = "four words or more"


@pytest.fixture(scope="session")
def app_with(make_app: Callable[..., Flask]) -> Callable[..., Flask]:
    """Create an application with some settings, once."""
    return lru_cache(maxsize=None)(lambda **settings: make_app(**settings))


@pytest.fixture
def closed(app: Flask, app_with: Callable[..., Flask]) -> FlaskClient:
    """A client of a service where administrators alone create accounts."""
    return app_with(REGISTRATION="closed").test_client(use_cookies=False)


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox()


@pytest.fixture
def mailing(
    app: Flask,
    make_app: Callable[..., Flask],
    mailbox: Mailbox,
    serve: Callable[..., int],  # noqa: F811
) -> FlaskClient:
    """A client of a service with a mail server, which keeps the messages in `mailbox`."""
    service = make_app(SMTP_URL=f"smtp://127.0.0.1:{serve(mailbox)}", PUBLIC_URL="https://books.example")
    return service.test_client(use_cookies=False)
