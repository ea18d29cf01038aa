"""One-time links: to reset a password, and to set up the first administrator.

A used link is kept, expired, for an hour after its creation, because the mails to an account are counted by its links.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import text as sql
from sqlalchemy.orm import Session

from app.http.problems import NotFound
from extensions.database import Statement, fetch, transaction

from .secret import Kind, Secret, digest_of, is_well_formed, new_secret

RESET_MINUTES = 30
SETUP_HOURS = 24
MAILS_PER_HOUR = 5  # to one account
CLEARED = 10  # old links that are deleted when one is made

_FIND = sql("SELECT id, email FROM accounts WHERE email_key = :email_key AND NOT disabled")
_LOCK_ADDRESS = sql("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")
_COUNT = sql(
    "SELECT count(*) FROM one_time_links WHERE account_id = :account_id AND created_at > now() - interval '1 hour'"
)
_ADD = sql(
    """
    INSERT INTO one_time_links (digest, purpose, account_id, expires_at)
    VALUES (:digest, :purpose, :account_id, now() + make_interval(mins => :minutes))
    RETURNING to_json(expires_at) #>> '{}'
    """
)
_CLEAR = sql(
    f"""
    DELETE FROM one_time_links WHERE digest IN (
        SELECT digest FROM one_time_links WHERE expires_at <= now() AND created_at <= now() - interval '1 hour'
        ORDER BY expires_at LIMIT {CLEARED} FOR UPDATE SKIP LOCKED)
    """
)
_OWNER = Statement(
    """
    SELECT accounts.id, email FROM one_time_links JOIN accounts ON accounts.id = account_id
    WHERE digest = %(digest)s AND purpose = 'reset' AND expires_at > now() AND NOT disabled
    """
)
# The account is locked before its links, as every change of tokens and links does; another order could deadlock.
_LOCK_OWNER = sql(
    """
    SELECT id FROM accounts WHERE NOT disabled AND id = (
        SELECT account_id FROM one_time_links WHERE digest = :digest AND purpose = 'reset') FOR NO KEY UPDATE
    """
)
# `now()` is the start of a transaction. One that waited for the lock may have started before the link was used, so a
# used link expires when it was made.
_USE_RESET = sql(
    "UPDATE one_time_links SET expires_at = created_at WHERE digest = :digest AND expires_at > now() "
    "RETURNING account_id"
)
_EXPIRE_RESETS = sql(
    "UPDATE one_time_links SET expires_at = created_at WHERE account_id = :account_id AND expires_at > now()"
)
# The lock of the trigger `keep_an_administrator`. Of two links at once, the later one finds an administrator.
_LOCK_ADMINISTRATORS = sql("SELECT pg_advisory_xact_lock(hashtextextended('catalog.administrators', 0))")
_USE_SETUP = sql(
    """
    DELETE FROM one_time_links WHERE digest = :digest AND purpose = 'setup' AND expires_at > now()
        AND NOT EXISTS (SELECT FROM accounts WHERE role = 'admin' AND NOT disabled)
    RETURNING digest
    """
)
_IS_SETUP = Statement(
    "SELECT FROM one_time_links WHERE digest = %(digest)s AND purpose = 'setup' AND expires_at > now()"
)
_FORGET_SETUPS = sql("DELETE FROM one_time_links WHERE purpose = 'setup'")


class Owner(NamedTuple):
    """The account that a link is for."""

    account_id: int
    email: str


class Link(NamedTuple):
    """The secret of a new link, and when it expires (RFC 3339)."""

    secret: Secret
    expires_at: str


def create_reset(account_id: int) -> Link:
    """Store a link that resets the password of an account.

    Earlier links stay valid, so that asking for another one makes none invalid.
    """
    secret = new_secret(Kind.RESET)
    return transaction(lambda session: _add(session, secret, "reset", account_id, RESET_MINUTES), area=None)


def request_reset(email_key: str) -> tuple[Secret, Owner | None]:
    """Store a link for the account of a folded address, and return it with the account to send it to.

    Without such an account, or if it got `MAILS_PER_HOUR` in the last hour, a link of no account is stored, so that it
    takes as long.
    """
    secret = new_secret(Kind.RESET)

    def work(session: Session) -> Owner | None:
        row = session.execute(_FIND, {"email_key": email_key}).first()
        may_mail = _has_mails_left(session, email_key, row.id if row else 0)
        owner = Owner(row.id, row.email) if row and may_mail else None
        _add(session, secret, "reset", owner and owner.account_id, RESET_MINUTES)
        return owner

    return secret, transaction(work, area=None)


def take_mail(session: Session, email_key: str, account_id: int) -> bool:
    """Count a mail to an account, and return whether it may be sent: `MAILS_PER_HOUR`, those with links included."""
    may_mail = _has_mails_left(session, email_key, account_id)
    _add(session, new_secret(Kind.RESET), "reset", account_id if may_mail else None, minutes=0)
    return may_mail


def owner_of(token: str) -> Owner:
    """Return the account that a link resets the password of. Raises `NotFound` if the link is not valid."""
    if not is_well_formed(token, (Kind.RESET,)):
        raise _missing()
    rows = fetch(_OWNER, {"digest": digest_of(token)})
    if not rows:
        raise _missing()
    return Owner(*rows[0])


def use_reset(session: Session, token: str) -> int:
    """Use a link, lock its account until the transaction ends, and return the id of the account.

    Raises `NotFound` if the link is not valid.
    """
    digest = {"digest": digest_of(token)}
    if session.execute(_LOCK_OWNER, digest).first() is None:
        raise _missing()
    account_id = session.scalar(_USE_RESET, digest)
    if account_id is None:
        raise _missing()
    return int(account_id)


def expire_resets(session: Session, account_id: int) -> None:
    """Make all links invalid that reset the password of an account."""
    session.execute(_EXPIRE_RESETS, {"account_id": account_id})


def create_setup() -> Link:
    """Store a link that creates the first administrator. Earlier ones become invalid."""
    secret = new_secret(Kind.SETUP)

    def work(session: Session) -> Link:
        session.execute(_FORGET_SETUPS)
        return _add(session, secret, "setup", None, SETUP_HOURS * 60)

    return transaction(work, area=None)


def is_setup(token: str) -> bool:
    """Whether a token is that of a link that creates the first administrator."""
    return is_well_formed(token, (Kind.SETUP,)) and bool(fetch(_IS_SETUP, {"digest": digest_of(token)}))


def use_setup(session: Session, token: str) -> bool:
    """Use a link, and return whether it was valid: once, and only while there is no administrator.

    No other transaction can use one until this one ends.
    """
    session.execute(_LOCK_ADMINISTRATORS)
    return session.execute(_USE_SETUP, {"digest": digest_of(token)}).first() is not None


def _has_mails_left(session: Session, email_key: str, account_id: int) -> bool:
    session.execute(_LOCK_ADDRESS, {"name": f"catalog.reset {email_key}"})
    return session.execute(_COUNT, {"account_id": account_id}).scalar_one() < MAILS_PER_HOUR


def _add(session: Session, secret: Secret, purpose: str, account_id: int | None, minutes: int) -> Link:
    values: dict[str, Any] = {"digest": secret.digest, "purpose": purpose, "account_id": account_id}
    expires_at = session.execute(_ADD, {**values, "minutes": minutes}).scalar_one()
    session.execute(_CLEAR)
    return Link(secret, str(expires_at))


def _missing() -> NotFound:
    return NotFound(
        f"This link is wrong, used, or older than {RESET_MINUTES} minutes. Ask for another with POST /password-resets."
    )
