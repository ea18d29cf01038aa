"""Creates accounts: for sign-ups, administrators, the command line, and the first administrator."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from app.core.fields import Choice, Faults, Field, Line
from app.core.records.validate import validate_members
from app.http.access.rights import ROLES, Role
from app.http.problems import Conflict, Fault
from app.values.json_value import Json
from extensions.cache import Area

from .credentials.passwords import password_fault
from .fields import Email, Password, email_key
from .models import NAME_LONGEST, Account

EMAIL = Field(Email(), "The e-mail address", "ann@example.com", required=True, name="email")
PASSWORD = Field(
    Password(),
    "The password, neither a common one nor the address",
    "four words or more",
    required=True,
    name="password",
)
NAME = Field(Line(NAME_LONGEST), "The name to show for the account", "Ann", name="name")
ROLE = Field(Choice(*ROLES), "What the account may do, `reader` by default", "editor", name="role")
SIGN_UP = {field.name: field for field in (EMAIL, PASSWORD, NAME)}


def validate_sign_up(body: Json, faults: Faults, *further: Field) -> dict[str, Any]:
    """Return the values of a body with e-mail address, password and name, and `further` fields."""
    values = validate_members({**SIGN_UP, **{field.name: field for field in further}}, body, faults)
    if not faults:
        fault = password_fault(values["password"], values["email"])
        if fault is not None:
            faults.add("/password", fault.code, fault)
    return values


def create_account(session: Session, email: str, password_hash: str, name: str | None, role: Role) -> int:
    """Store a new account and return its id. Raises `Conflict` if the e-mail address is taken.

    A concurrent transaction with the same address waits. For an administrator, commit with `area_of_new`.
    """
    values = {
        "email": email,
        "email_key": email_key(email),
        "password_hash": password_hash,
        "name": name,
        "role": role.word,
    }
    # A violated index would be an error in the log of Postgres.
    statement = insert(Account).values(values).on_conflict_do_nothing(index_elements=["email_key"])
    account_id = session.scalar(statement.returning(Account.id))
    if account_id is None:
        raise taken()
    return account_id


def area_of_new(role: Role) -> Area | None:
    """Return the area that a new account changes. The first administrator ends the writes of anonymous clients."""
    return Area.ACCOUNTS if role == Role.ADMIN else None


def find_account(session: Session, email: str) -> Account | None:
    """Return the account of an e-mail address in any case."""
    return session.scalars(select(Account).where(Account.email_key == email_key(email))).one_or_none()


def taken() -> Conflict:
    """Return the problem of an e-mail address that has an account."""
    detail = (
        "There is an account with this e-mail address already. Sign in with POST /tokens, or ask for a new password "
        "with POST /password-resets."
    )
    return Conflict.from_fault(Fault("body", "/email", "taken", detail))
