"""Identifies requests by their tokens.

Each process remembers what it found, with the *generation* of the accounts in which it read it: a revoked token, a
changed role and a disabled account start a new generation before the change is acknowledged, so every process looks
again.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any, NamedTuple

from app.http.access.credentials import Credentials, credentials_of, forgotten_cookie
from app.http.access.identity import GENERATION, Identity
from app.http.access.rights import Role
from app.http.problems import InvalidCredentials
from app.http.wsgi import Environ
from extensions.cache import Area, ResponseCache
from extensions.database import Statement, fetch

from .secret import Kind, digest_of, is_well_formed

MOST = 10_000  # tokens that a process remembers
SECONDS = 10.0  # for which it remembers a token; also bounds the time for which a machine without Redis lags behind
USED_SECONDS = 60  # precision of `last_used_at`

# In autocommit, so the time of use is stored apart from the request's own transaction, and moves no generation.
FIND = Statement(
    f"""
    WITH used AS (
        UPDATE tokens SET last_used_at = now()
        WHERE digest = %(digest)s AND expires_at > now()
            AND (last_used_at IS NULL OR last_used_at < now() - interval '{USED_SECONDS} seconds')
    )
    SELECT accounts.role, accounts.id, tokens.id, tokens.scopes,
        extract(epoch FROM tokens.expires_at - now())::float8
    FROM tokens JOIN accounts ON accounts.id = tokens.account_id
    WHERE digest = %(digest)s AND expires_at > now() AND NOT accounts.disabled
    """
)
FIND_ROLE = Statement("SELECT role FROM accounts WHERE id = %(id)s AND NOT disabled")
HAS_ADMIN = Statement("SELECT EXISTS (SELECT FROM accounts WHERE role = 'admin' AND NOT disabled)")


class Remembered(NamedTuple):
    """An identity, as it was in a generation."""

    generation: bytes
    until: float  # by `time.monotonic`
    identity: Identity


class TokenIdentities:
    """The `Identities` of an application.

    `anonymous` is the setting ANONYMOUS. `context` enters the application, because the response cache identifies
    requests before Flask does.
    """

    def __init__(
        self, cache: ResponseCache, anonymous: str, context: Callable[[], AbstractContextManager[Any]]
    ) -> None:
        self._cache, self._anonymous, self._context = cache, anonymous, context
        # Whether an anonymous client may write is looked up when it writes.
        role = Role.READER if anonymous == "auto" else Role[anonymous.upper()]
        self._anonymous_identity = Identity(role)
        self._remembered: OrderedDict[bytes, Remembered] = OrderedDict()
        self._without_admin = (b"", 0.0)  # a generation without an administrator, and until when this counts

    def recall(self, environ: Environ, generation: bytes | None) -> Identity | None:
        try:
            credentials = credentials_of(environ)
        except InvalidCredentials:
            return None
        if credentials is None:
            return self._anonymous_identity
        return None if generation is None else self._known(credentials, digest_of(credentials.token), generation)

    def identify(self, environ: Environ, *, anew: bool = False) -> Identity:
        credentials = credentials_of(environ)
        if credentials is None:
            return self._anonymous_identity
        if not is_well_formed(credentials.token, (Kind.SESSION, Kind.KEY)):
            raise _invalid(credentials, "This is not a token of this service. Copy the whole token.")
        digest = digest_of(credentials.token)
        # Read before the query, so that it can only be older.
        generation = environ.get(GENERATION) or self._cache.generation(Area.ACCOUNTS)
        known = self._known(credentials, digest, generation) if generation and not anew else None
        return known or self._find(credentials, digest, generation)

    def role_of(self, account_id: int) -> Role:
        rows = fetch(FIND_ROLE, {"id": account_id})
        return Role[rows[0][0].upper()] if rows else Role.NONE

    def may_anyone_write(self) -> bool:
        if self._anonymous != "auto":
            return self._anonymous_identity.role >= Role.EDITOR
        generation, now = self._cache.generation(Area.ACCOUNTS), time.monotonic()
        if generation == self._without_admin[0] and now < self._without_admin[1]:
            return True
        has_admin = bool(fetch(HAS_ADMIN, {})[0][0])
        self._without_admin = (b"", 0.0) if has_admin or generation is None else (generation, now + SECONDS)
        return not has_admin

    def _known(self, credentials: Credentials, digest: bytes, generation: bytes) -> Identity | None:
        known = self._remembered.get(digest)
        if known is None or known.generation != generation or known.until < time.monotonic():
            return None
        return replace(known.identity, is_from_cookie=True) if credentials.is_from_cookie else known.identity

    def _find(self, credentials: Credentials, digest: bytes, generation: bytes | None) -> Identity:
        began = time.monotonic()
        with self._context():
            rows = fetch(FIND, {"digest": digest})
        if not rows:
            raise _invalid(
                credentials,
                "This token is wrong, expired or revoked. Sign in again with POST /tokens, or create another key.",
            )
        role, account_id, token_id, scopes, valid_seconds = rows[0]
        identity = Identity(Role[role.upper()], account_id, token_id, None if scopes is None else frozenset(scopes))
        if generation is not None:
            until = began + min(SECONDS, valid_seconds)
            self._remembered[digest] = Remembered(generation, until, identity)
            while len(self._remembered) > MOST:
                self._remembered.popitem(last=False)
        return replace(identity, is_from_cookie=credentials.is_from_cookie)


def _invalid(credentials: Credentials, detail: str) -> InvalidCredentials:
    """Return the problem of a wrong token; a browser also forgets a wrong cookie, and the next request works."""
    if not credentials.is_from_cookie:
        return InvalidCredentials(detail)
    detail = "The session of this browser has ended, and its cookie is removed. Send the request again, or sign in."
    return InvalidCredentials(detail, [forgotten_cookie()])
