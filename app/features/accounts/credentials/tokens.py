"""Tokens: sessions and keys, issued, listed and revoked.

The account's row is locked while a token is issued or sessions end. A session issued during a change of the password
is either ended by the change, or refused because the verified password is out of date.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import text as sql
from sqlalchemy.orm import Session

from app.http.access.credentials import SESSION_SECONDS
from app.http.problems import Conflict, InvalidCredentials, NotFound
from extensions.cache import Area
from extensions.database import Statement, committed, fetch, transaction

from .secret import Kind, new_secret

DAY = 24 * 3600  # seconds
KEY_SECONDS, KEY_SECONDS_MOST = 90 * DAY, 365 * DAY
SESSIONS_MOST, KEYS_MOST = 100, 200  # of an account

# An account and a token as clients see them.
ACCOUNT_JSON = """json_build_object('id', accounts.id, 'email', email, 'name', accounts.name, 'role', role,
    'disabled', disabled, 'created_at', accounts.created_at, 'updated_at', updated_at)"""
TOKEN_MEMBERS = """'id', id, 'kind', kind, 'name', name, 'hint', hint, 'scopes', scopes, 'created_at', created_at,
    'expires_at', expires_at, 'last_used_at', last_used_at"""

_LOCK = sql("SELECT password_hash FROM accounts WHERE id = :account_id AND NOT disabled FOR NO KEY UPDATE")
_ADD_SESSION = sql(
    f"""
    WITH added AS (
        INSERT INTO tokens (account_id, kind, digest, hint, expires_at)
        VALUES (:account_id, 'session', :digest, :hint, now() + interval '{SESSION_SECONDS} seconds')
        RETURNING id, account_id, kind, expires_at
    )
    SELECT json_build_object('id', added.id, 'token', CAST(:token AS text), 'kind', kind, 'expires_at', expires_at,
        'account', {ACCOUNT_JSON})::text
    FROM added JOIN accounts ON accounts.id = added.account_id
    """
)
_DROP_OLDEST_SESSIONS = sql(
    f"""
    DELETE FROM tokens WHERE id IN (
        SELECT id FROM tokens WHERE account_id = :account_id AND kind = 'session'
        ORDER BY id DESC OFFSET {SESSIONS_MOST})
    RETURNING id
    """
)
_COUNT_KEYS = sql("SELECT count(*) FROM tokens WHERE account_id = :account_id AND kind = 'key' AND expires_at > now()")
_HAS_SESSION = sql("SELECT EXISTS (SELECT FROM tokens WHERE id = :session_id AND account_id = :account_id)")
_ADD_KEY = sql(
    f"""
    WITH added AS (
        INSERT INTO tokens (account_id, kind, digest, hint, name, scopes, expires_at)
        VALUES (:account_id, 'key', :digest, :hint, :name, :scopes, now() + make_interval(secs => :seconds))
        RETURNING *
    )
    SELECT json_build_object('token', CAST(:token AS text), {TOKEN_MEMBERS}, 'current', false)::text FROM added
    """
)
_LIST = Statement(
    f"""
    SELECT coalesce(
        json_agg(json_build_object({TOKEN_MEMBERS}, 'current', id = %(current_id)s) ORDER BY id), '[]')::text
    FROM tokens WHERE account_id = %(account_id)s AND expires_at > now()
    """
)
_REVOKE = sql("DELETE FROM tokens WHERE id = :token_id AND account_id = :account_id RETURNING id")
_REVOKE_ALL = sql("DELETE FROM tokens WHERE account_id = :account_id")
_END_SESSIONS = sql(
    "DELETE FROM tokens WHERE account_id = :account_id AND kind = 'session' AND id IS DISTINCT FROM :except_id"
)


class Issued(NamedTuple):
    """A new token, and its representation with the text of the token."""

    token: str
    json: str


def issue_session(account_id: int, password_hash: str) -> Issued:
    """Store a session of an account whose password was verified against a hash.

    An account keeps its newest `SESSIONS_MOST` sessions. Raises `InvalidCredentials` if the account has another hash by
    now, or is disabled.
    """
    secret = new_secret(Kind.SESSION)

    def work(session: Session) -> tuple[str, int]:
        if session.scalar(_LOCK, {"account_id": account_id}) != password_hash:
            raise InvalidCredentials("The account has changed meanwhile; sign in again.", is_token=False)
        values = {"account_id": account_id, "digest": secret.digest, "hint": secret.hint, "token": secret.text}
        document = str(session.scalar(_ADD_SESSION, values))
        return document, len(session.execute(_DROP_OLDEST_SESSIONS, {"account_id": account_id}).all())

    document, dropped = transaction(work, area=None)
    if dropped:
        committed(Area.ACCOUNTS)
    return Issued(secret.text, document)


def issue_key(account_id: int, session_id: int | None, name: str, scopes: Sequence[str], seconds: int) -> Issued:
    """Store a key of an account, for one of its sessions or, without one, for the command line.

    It expires after `seconds`. Raises `Conflict` if the account has `KEYS_MOST` keys, and `InvalidCredentials` if the
    session has ended meanwhile.
    """
    secret = new_secret(Kind.KEY)

    def work(session: Session) -> str:
        owner = {"account_id": account_id}
        is_enabled = session.scalar(_LOCK, owner) is not None
        has_session = session_id is None or session.scalar(_HAS_SESSION, {**owner, "session_id": session_id})
        if not is_enabled or not has_session:
            raise InvalidCredentials("This session has ended. Sign in again with POST /tokens.")
        if session.execute(_COUNT_KEYS, owner).scalar_one() >= KEYS_MOST:
            raise Conflict(
                f"The account has {KEYS_MOST} keys, which is the most. Find one that is no longer used with GET "
                "/tokens, and revoke it with DELETE /tokens/{id}."
            )
        values = {"name": name, "scopes": list(scopes), "seconds": seconds, "token": secret.text}
        return str(session.scalar(_ADD_KEY, {**owner, **values, "digest": secret.digest, "hint": secret.hint}))

    return Issued(secret.text, transaction(work, area=None))


def list_tokens(account_id: int, current_id: int | None) -> str:
    """Return the live tokens of an account as a JSON array, oldest first. `current_id` is that of the request."""
    return str(fetch(_LIST, {"account_id": account_id, "current_id": current_id})[0][0])


def revoke(account_id: int, token_id: int) -> None:
    """Revoke a token of an account. Raises `NotFound` if the account has none of this id."""

    def work(session: Session) -> bool:
        return session.scalar(_REVOKE, {"account_id": account_id, "token_id": token_id}) is not None

    if not transaction(work, area=Area.ACCOUNTS, if_any=True):
        raise NotFound(f"You have no token {token_id}; GET /tokens lists those that you have.")


def revoke_all(account_id: int) -> None:
    """Revoke all tokens of an account, sessions and keys."""

    def work(session: Session) -> None:
        session.execute(_LOCK, {"account_id": account_id})  # a key that is being issued is revoked, too
        session.execute(_REVOKE_ALL, {"account_id": account_id})

    transaction(work, area=Area.ACCOUNTS)


def end_sessions(session: Session, account_id: int, except_id: int | None = None) -> None:
    """End the sessions of an account, except for one.

    Within a transaction that changes `Area.ACCOUNTS`, and that has locked the account.
    """
    session.execute(_END_SESSIONS, {"account_id": account_id, "except_id": except_id})
