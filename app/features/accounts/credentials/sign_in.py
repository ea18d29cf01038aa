"""Verifies e-mail addresses and passwords, and limits failures.

Failures are counted in the database, so that the limits hold for all processes and machines, and after a restart. They
are checked before the password is hashed, because a hash is costly, and again afterwards, under locks, because others
may have failed meanwhile. No connection is held in between.
"""

from __future__ import annotations

import hashlib
import math
from typing import NamedTuple

from sqlalchemy import text as sql
from sqlalchemy.orm import Session

from app.http.problems import InvalidCredentials, TooManyRequests
from extensions.database import Statement, fetch, transaction

from .passwords import hash_password, needs_rehash, verify

FAILURES_OF_EMAIL, FAILURES_OF_CLIENT = 10, 30
MINUTES = 5  # for which a failure counts


def _wait(condition: str, most: int) -> str:
    """Return SQL for the seconds until another attempt is allowed, NULL if it is allowed now."""
    return f"""(
        SELECT extract(epoch FROM failed_at - now()) + {MINUTES * 60} FROM failed_sign_ins
        WHERE {condition} AND failed_at > now() - interval '{MINUTES} minutes'
        ORDER BY failed_at DESC OFFSET {most - 1} LIMIT 1)"""


# NULL as the client matches no row.
_WAIT = (
    f"SELECT greatest({_wait('email_digest = %(digest)s', FAILURES_OF_EMAIL)}, "
    f"{_wait('client = %(client)s', FAILURES_OF_CLIENT)})::float8"
)
WAIT = Statement(_WAIT)
_FIND = "SELECT id, password_hash FROM accounts WHERE NOT disabled AND "
BY_EMAIL = Statement(f"{_FIND} email_key = %(email_key)s")
BY_ID = Statement(f"{_FIND} id = %(account_id)s")
EMAIL_KEY = Statement("SELECT email_key FROM accounts WHERE id = %(account_id)s")
# Always the lock of the e-mail first, so that no two transactions wait for each other.
_LOCK = sql("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))")
_ADD = sql("INSERT INTO failed_sign_ins (email_digest, client, account_id) VALUES (:digest, :client, :account_id)")
_SAME_PASSWORD = sql("SELECT set_config('catalog.is_rehashing', 'on', true)")  # so that history shows no new password
_REHASH = sql("UPDATE accounts SET password_hash = :new WHERE id = :account_id AND password_hash = :old RETURNING id")


class Verified(NamedTuple):
    """An account whose password was right, and the hash that it was verified against."""

    account_id: int
    password_hash: str


class _Failure(NamedTuple):
    """A failed attempt, as it is stored."""

    digest: bytes
    client: str  # the network address; "" counts for the digest only
    account_id: int | None  # that has the address


class _Counter(NamedTuple):
    """The keys under which failures are counted."""

    digest: bytes
    client: str | None  # None: only the digest counts

    def wait(self) -> float | None:
        """Return the seconds until there may be another attempt, None if there may be one now."""
        seconds: float | None = fetch(WAIT, self._asdict())[0][0]
        return seconds

    def lock_and_wait(self, session: Session) -> float | None:
        """Lock the counters until the transaction ends, then return `wait()`."""
        session.execute(_LOCK, {"name": f"catalog.sign_in {self.digest.hex()}"})
        if self.client is not None:
            session.execute(_LOCK, {"name": f"catalog.sign_in {self.client}"})
        seconds: float | None = session.connection().exec_driver_sql(_WAIT, self._asdict()).scalar_one()
        return seconds


def sign_in(email_key: str, password: str, client: str) -> Verified:
    """Verify a password. `email_key` is the folded address, `client` the network address of the request.

    Raises `InvalidCredentials`, with one sentence for a wrong password, an unknown address and a disabled account,
    which all take the same time, and `TooManyRequests`.
    """
    counter = _Counter(_digest(email_key), client)
    _refuse(counter.wait())
    rows = fetch(BY_EMAIL, {"email_key": email_key})
    verified = _verify(rows, password)
    _count(counter, [] if verified else [_Failure(counter.digest, client, rows[0][0] if rows else None)])
    if verified is None:
        raise _wrong()
    return _rehashed(verified, password)


def confirm_password(account_id: int, password: str, client: str) -> Verified | None:
    """Verify the password of an account that is signed in, None if it is wrong.

    A failure counts as a failed sign-in. But only failures of this kind make it raise `TooManyRequests`: with failed
    sign-ins, anyone could keep the owner from changing the password.
    """
    counter = _Counter(_digest(f"account {account_id}"), None)
    _refuse(counter.wait())
    verified = _verify(fetch(BY_ID, {"account_id": account_id}), password)
    failures = []
    if verified is None:
        keys = fetch(EMAIL_KEY, {"account_id": account_id})
        failures = [
            _Failure(counter.digest, "", account_id),
            *(_Failure(_digest(row[0]), client, account_id) for row in keys),
        ]
    _count(counter, failures)
    return verified


def _verify(rows: list[tuple[int, str]], password: str) -> Verified | None:
    account_id, stored = rows[0] if rows else (0, None)
    is_right = verify(password, stored)
    return Verified(account_id, stored) if is_right and stored is not None else None


def _count(counter: _Counter, failures: list[_Failure]) -> None:
    """Store failures. Raises `TooManyRequests` if the attempt came too late."""
    _refuse(counter.wait())  # without locks, for which the attempts of a burst would wait one after the other

    def work(session: Session) -> float | None:
        seconds = counter.lock_and_wait(session)
        if seconds is None and failures:
            session.execute(_ADD, [failure._asdict() for failure in failures])
        return seconds

    _refuse(transaction(work, area=None))


def _refuse(seconds: float | None) -> None:
    if seconds is not None:
        whole, minutes = max(1, math.ceil(seconds)), max(1, math.ceil(seconds / 60))
        raise TooManyRequests(
            f"Too many attempts failed, so even the right password is refused now. Try again in {minutes} "
            f"minute{'s' if minutes > 1 else ''}.",
            whole,
            [
                ("RateLimit-Policy", f'"sign-in";q={FAILURES_OF_EMAIL};w={MINUTES * 60}'),
                ("RateLimit", f'"sign-in";r=0;t={whole}'),
            ],
        )


def _rehashed(verified: Verified, password: str) -> Verified:
    """Replace a hash with old parameters, now that the password is known."""
    if not needs_rehash(verified.password_hash):
        return verified
    values = {"account_id": verified.account_id, "old": verified.password_hash, "new": hash_password(password)}

    def work(session: Session) -> int | None:
        session.execute(_SAME_PASSWORD)
        return session.scalar(_REHASH, values)

    if transaction(work, area=None) is not None:
        return Verified(verified.account_id, str(values["new"]))
    # Another sign-in has replaced the hash, or the password has changed.
    changed = _verify(fetch(BY_ID, {"account_id": verified.account_id}), password)
    if changed is None:
        raise _wrong()
    return changed


def _wrong() -> InvalidCredentials:
    return InvalidCredentials(
        "The e-mail or the password is wrong, or the account is disabled. Correct them and try again.", is_token=False
    )


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()
