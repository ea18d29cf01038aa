"""``catalog favorites``: favorites on the command line."""

from __future__ import annotations

import click
from sqlalchemy.orm import Session

from app.features.accounts.registration import find_account
from app.features.favorites.sample import add_sample
from app.transfer.cli.failure import CommandFailed
from app.transfer.preconditions import require_tables
from app.values.text import escaped
from extensions.database import transaction

from .account import AccountGroup, email_argument, valid_email

favorites = AccountGroup("favorites", help="Add favorites to accounts.")


@favorites.command()
@email_argument
def sample(email: str) -> None:
    """Add sample favorites to an account that has no categories yet."""
    require_tables()
    address = valid_email(email, "The e-mail address")

    def work(session: Session) -> int:
        account = find_account(session, address)
        if account is None:
            raise CommandFailed(f"There is no account of {escaped(address)}.")
        return add_sample(session, account.id)

    added = transaction(work, area=None)
    if added == 0:
        raise CommandFailed(f"{escaped(address)} has categories already, so nothing was added.")
    click.echo(f"{escaped(address)} has {added} favorites.")
