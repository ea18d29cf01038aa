"""The first administrator: `catalog prepare` creates it from the settings, or prints a one-time link."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import click

from app.config import command_line, is_loopback
from app.features.accounts.credentials.identities import HAS_ADMIN
from app.features.accounts.credentials.one_time_links import create_setup
from app.features.accounts.registration import find_account
from app.http.access.rights import Role
from app.transfer.cli.failure import CommandFailed
from app.values.text import escaped
from extensions.database import fetch, transaction

from .account import hash_allowed_password, store_account, valid_email
from .hints import address_of


def create_from_settings(settings: Mapping[str, Any]) -> None:
    """Create the administrator of ADMIN_EMAIL, unless the address has an account. Raises `CommandFailed`."""
    email, password = settings["ADMIN_EMAIL"], settings["ADMIN_PASSWORD"]
    if not email:
        return
    email = valid_email(email, "ADMIN_EMAIL")
    account = transaction(lambda session: find_account(session, email), area=None)
    if account is not None:
        state = f"role {account.role}, disabled" if account.disabled else f"role {account.role}"
        click.echo(escaped(f"{email} has an account already ({state}); it stays as it is."))
        return
    if not password:
        raise CommandFailed("ADMIN_PASSWORD must be set if ADMIN_EMAIL is; it is the password of the administrator.")
    store_account(email, hash_allowed_password(password, email, "ADMIN_PASSWORD"), None, Role.ADMIN)
    click.echo(escaped(f"{email} is an administrator now."))


def invitation(settings: Mapping[str, Any]) -> str:
    """Return how to create the first administrator, with a new one-time link.

    Empty if an administrator exists, or if HOST is not a loopback address, because logs would contain the link.
    """
    address = address_of(settings)
    if address is None or not is_loopback(settings["HOST"]) or fetch(HAS_ADMIN, {})[0][0]:
        return ""
    url = f"{address}{settings['URL_PREFIX']}/setup/{create_setup().secret.text}"
    # The placeholder is too short for a password, so that no administrator has one that is printed here.
    body = '{"email": "you@example.com", "password": "PASSWORD"}'
    return "\n".join(
        [
            "There is no administrator yet. To create one, once:",
            f"  curl -X PUT '{url}' -H 'Content-Type: application/json' -d '{body}'",
            f"  or {command_line('account add EMAIL --role admin')}",
        ]
    )
