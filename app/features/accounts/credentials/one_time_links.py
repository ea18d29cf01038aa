"""One-time links: to reset a password, and to set up the first administrator."""

from __future__ import annotations

from typing import Any, NamedTuple

from sqlalchemy import text as sql
from sqlalchemy.orm import Session

from app.http.problems import NotFound
from extensions.database import Statement, fetch, transaction

from .secret import Kind, Secret, digest_of, is_well_formed, new_secret

RESET_MINUTES = 30
SETUP_HOURS = 24

_ADD = sql(
    """
    INSERT INTO one_time_links (digest, purpose, account_id, expires_at)
    VALUES (:digest, :purpose, :account_id, now() + make_interval(mins => :minutes))
    RETURNING to_json(expires_at) #>> '{}'
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


def _add(session: Session, secret: Secret, purpose: str, account_id: int | None, minutes: int) -> Link:
    values: dict[str, Any] = {"digest": secret.digest, "purpose": purpose, "account_id": account_id}
    expires_at = session.execute(_ADD, {**values, "minutes": minutes}).scalar_one()
    return Link(secret, str(expires_at))


def _missing() -> NotFound:
    return NotFound(
        f"This link is wrong, used, or older than {RESET_MINUTES} minutes. Ask for another with POST /password-resets."
    )
