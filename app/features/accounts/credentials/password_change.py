"""Stores new passwords. Each one ends sessions and makes links invalid, but keys stay valid."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import text as sql
from sqlalchemy.orm import Session

from app.http.problems import NotFound
from extensions.cache import Area
from extensions.database import Statement, fetch, transaction

from .one_time_links import expire_resets, use_reset
from .sign_in import Verified
from .tokens import end_sessions

_FIND = Statement("SELECT email, disabled FROM accounts WHERE id = %(account_id)s")
_REPLACE = sql(
    """
    UPDATE accounts SET password_hash = :new WHERE id = :account_id AND password_hash = :old AND NOT disabled
    RETURNING id
    """
)
_SET = sql("UPDATE accounts SET password_hash = :new WHERE id = :account_id")


class FoundAccount(NamedTuple):
    """What is known of an account before its password changes."""

    email: str
    is_disabled: bool


def email_and_state(account_id: int) -> FoundAccount:
    """Return an account. Raises `NotFound`."""
    rows = fetch(_FIND, {"account_id": account_id})
    if not rows:
        raise NotFound(f"There is no account {account_id}; check the URL.")
    return FoundAccount(*rows[0])


def change_password(verified: Verified, new_hash: str, session_id: int | None) -> bool:
    """Store the hash of a new password, and end all sessions but one.

    Returns False if the password that was verified is no longer that of the account.
    """

    def work(session: Session) -> bool:
        values = {"account_id": verified.account_id, "old": verified.password_hash, "new": new_hash}
        if session.scalar(_REPLACE, values) is None:
            return False
        end_sessions(session, verified.account_id, except_id=session_id)
        expire_resets(session, verified.account_id)
        return True

    return transaction(work, area=Area.ACCOUNTS, if_any=True)


def reset_password(token: str, new_hash: str) -> None:
    """Store the hash of a new password by a one-time link, and end all sessions.

    Raises `NotFound` if the link is no longer valid.
    """

    def work(session: Session) -> None:
        account_id = use_reset(session, token)
        session.execute(_SET, {"account_id": account_id, "new": new_hash})
        end_sessions(session, account_id)
        expire_resets(session, account_id)

    transaction(work, area=Area.ACCOUNTS)
