"""``catalog account``: accounts on the command line, also beside a running service."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

import click
from flask import current_app
from flask.cli import AppGroup
from rich.console import Console
from rich.table import Table
from rich.text import Text
from schema import SchemaError
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.config import command_line
from app.core.fields import FieldType, Line
from app.features.accounts.credentials.one_time_links import create_reset
from app.features.accounts.credentials.passwords import hash_password, password_fault
from app.features.accounts.credentials.tokens import DAY, KEY_SECONDS, KEY_SECONDS_MOST, issue_key
from app.features.accounts.fields import Email
from app.features.accounts.mail.messages import RESET_MINUTES, base_url, reset_link
from app.features.accounts.models import NAME_LONGEST, Account
from app.features.accounts.registration import area_of_new, create_account, find_account
from app.features.accounts.resource import last_administrator_stays
from app.http.access.rights import ROLES, SCOPES, Role
from app.http.problems import Conflict, Problem
from app.transfer.cli.failure import CommandFailed
from app.transfer.errors import NoTables
from app.transfer.preconditions import require_tables
from app.values.error_detail import detail_in
from app.values.text import escaped
from extensions.cache import Area
from extensions.database import DatabaseUnavailable, transaction

WIDTH = 1000  # columns of a table that is not for a terminal, so that no line is broken
USUAL_SCOPES = tuple(scope for scope in SCOPES if scope != "admin")  # of a key; a script seldom manages accounts


class Word(click.Choice[str]):
    """One of a few words, which the error about a missing one lists in one line."""

    def get_missing_message(self, param: click.Parameter, ctx: click.Context | None) -> str:
        return f"Choose one of {', '.join(self.choices)}."


class AccountGroup(AppGroup):
    """The group; turns problems and database errors into messages."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except Problem as problem:
            raise CommandFailed(problem.detail) from None
        except NoTables as error:
            raise CommandFailed(str(error)) from None
        except DatabaseUnavailable:
            raise CommandFailed("The database does not respond. Start it, or correct DATABASE_URL.") from None


account = AccountGroup("account", help="Add, list and change accounts.")
email_argument = click.argument("email")


@account.command()
@email_argument
@click.option("--role", type=click.Choice(ROLES), default=Role.READER.word, show_default=True, help="What it may do.")
@click.option("--name", help="The name to show for the account.")
@click.option("--password-stdin", is_flag=True, help="Read the password from standard input, one line.")
def add(email: str, role: str, name: str | None, password_stdin: bool) -> None:
    """Add an account. Prompts for its password."""
    require_tables()
    address = valid_email(email, "The e-mail address")
    shown = None if name is None else _valid("The name", Line(NAME_LONGEST), name)
    hashed = hash_allowed_password(_read_password(from_stdin=password_stdin), address, "The password")
    store_account(address, hashed, shown, Role[role.upper()])
    click.echo(escaped(f"{address} has an account with the role {role}."))


@account.command("list")
def list_accounts() -> None:
    """List all accounts."""
    require_tables()
    accounts = transaction(lambda session: session.scalars(select(Account).order_by(Account.id)).all(), area=None)
    _print_table(accounts)


@account.command()
@email_argument
@click.argument("role", type=Word(ROLES))
def role(email: str, role: str) -> None:
    """Change the role of an account."""

    def change(account: Account) -> None:
        account.role = role

    click.echo(escaped(f"{_change(email, change)} has the role {role}."))


@account.command()
@email_argument
def disable(email: str) -> None:
    """Disable an account: it can neither sign in nor use its tokens."""
    changed = _change(email, lambda account: setattr(account, "disabled", True))
    click.echo(escaped(f"{changed} is disabled."))


@account.command()
@email_argument
def enable(email: str) -> None:
    """Enable a disabled account."""
    changed = _change(email, lambda account: setattr(account, "disabled", False))
    click.echo(escaped(f"{changed} is enabled."))


@account.command()
@email_argument
def reset(email: str) -> None:
    """Print a link that sets a new password, once."""
    account_id = _id_of_enabled(email)
    link = reset_link(base_url(current_app.config), create_reset(account_id).secret.text)
    click.echo(f"Within {RESET_MINUTES} minutes, PUT the new password to this link:", err=True)
    click.echo(link)
    click.echo(f"""  curl -X PUT '{link}' -H 'Content-Type: application/json' -d '{{"password": "…"}}'""", err=True)


@account.command()
@email_argument
@click.option("--scope", "scopes", type=click.Choice(list(SCOPES)), multiple=True, help="A scope; may be repeated.")
@click.option("--name", default="Command line", show_default=True, help="The name of the key.")
@click.option(
    "--days",
    type=click.IntRange(1, KEY_SECONDS_MOST // DAY),
    default=KEY_SECONDS // DAY,
    show_default=True,
    help="Days until it expires.",
)
def key(email: str, scopes: tuple[str, ...], name: str, days: int) -> None:
    """Print a new key of an account, alone on standard output.

    Without --scope, it has all scopes but admin.
    """
    shown = _valid("The name", Line(NAME_LONGEST), name)
    issued = issue_key(_id_of_enabled(email), None, shown, scopes or USUAL_SCOPES, days * DAY)
    click.echo(issued.token)


def store_account(email: str, password_hash: str, name: str | None, role: Role) -> None:
    """Store an account. Raises `CommandFailed` if the address is taken."""

    try:
        transaction(lambda session: create_account(session, email, password_hash, name, role), area=area_of_new(role))
    except Conflict:
        raise CommandFailed(f"There is an account of {email} already.") from None


def hash_allowed_password(password: str, email: str, noun: str) -> str:
    """Return the hash of a password. Raises `CommandFailed` if it is not allowed."""
    fault = password_fault(password, email)
    if fault is not None:
        raise CommandFailed(_about(noun, fault))
    return hash_password(password)


def valid_email(email: str, noun: str) -> str:
    """Return an e-mail address as it is stored. Raises `CommandFailed` if it is none."""
    return _valid(noun, Email(), email)


def _valid(noun: str, type_: FieldType, value: str) -> str:
    try:
        return str(type_.rule.validate(value))
    except SchemaError as error:
        raise CommandFailed(_about(noun, detail_in(error))) from None


def _about(noun: str, detail: str) -> str:
    return f"{noun} is not valid. {detail}"


def _read_password(*, from_stdin: bool) -> str:
    if from_stdin:
        try:
            return sys.stdin.buffer.readline().decode().rstrip("\r\n")
        except UnicodeDecodeError:
            raise CommandFailed("The password on standard input is not UTF-8; encode it as UTF-8.") from None
    return str(click.prompt("Password", hide_input=True, confirmation_prompt="Repeat the password"))


def _change(email: str, change: Callable[[Account], None]) -> str:
    """Change an account, in every process of a running service too. Raises `CommandFailed`.

    Return the account for messages, with its time of creation, because sign-ups do not verify the address: an account
    that is newer than expected may belong to another person.
    """
    require_tables()

    def work(session: Session) -> str:
        account = _found(session, email)
        change(account)
        return f"{account.email} (account {account.id}, created {account.created_at:%Y-%m-%d %H:%M} UTC)"

    with last_administrator_stays():
        return transaction(work, area=Area.ACCOUNTS)


def _id_of_enabled(email: str) -> int:
    """Return the id of an account. Raises `CommandFailed` if there is none, or if it is disabled."""
    require_tables()
    account = transaction(lambda session: _found(session, email), area=None)
    if account.disabled:
        raise CommandFailed(f"{email} is disabled. Run `{command_line(f'account enable {email}')}` first.")
    return account.id


def _found(session: Session, email: str) -> Account:
    account = find_account(session, valid_email(email, "The e-mail address"))
    if account is None:
        raise CommandFailed(f"There is no account of {email}. `{command_line('account list')}` shows all.")
    return account


def _print_table(accounts: Sequence[Account]) -> None:
    table = Table(box=None, pad_edge=False)
    for heading in ("ID", "E-MAIL", "NAME", "ROLE", "STATE", "CREATED"):
        table.add_column(heading, overflow="fold")
    for each in accounts:
        cells = (str(each.id), each.email, each.name or "", each.role, "disabled" if each.disabled else "")
        table.add_row(*(Text(escaped(cell)) for cell in (*cells, f"{each.created_at:%Y-%m-%d}")))
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = WIDTH
    console.print(table)
