"""The identity of a request: an account with a token, or a client without an account."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from app.http.problems import Problem
from app.http.wsgi import Environ
from extensions.database import DatabaseUnavailable

from .rights import Right, Role

IDENTITIES = "catalog.identities"  # key in the application's extensions
GENERATION = "catalog.accounts"  # key of the environ: the generation of the accounts when the request arrived
CREDENTIALS = ("HTTP_AUTHORIZATION", "HTTP_COOKIE")  # keys of the environ
IDENTITY = "catalog.identity"  # key of the environ: an `Identity`, or the error that identifying raised


@dataclass(frozen=True)
class Identity:
    """An account with the rights of one token, or an anonymous client."""

    role: Role
    account_id: int | None = None
    token_id: int | None = None
    scopes: frozenset[str] | None = None  # of a key; None: all
    is_from_cookie: bool = False

    @property
    def has_account(self) -> bool:
        """Whether the client is not anonymous."""
        return self.account_id is not None

    @property
    def is_session(self) -> bool:
        """Whether the token is of a sign-in, and not a key."""
        return self.has_account and self.scopes is None

    def has(self, right: Right) -> bool:
        """Whether the identity has a right."""
        return (
            self.role >= right.role
            and (right.scope is None or self.scopes is None or right.scope in self.scopes)
            and (self.has_account or not right.needs_account)
            and (self.is_session or not right.needs_session)
        )


class Identities(Protocol):
    """Identifies requests by their credentials."""

    def recall(self, environ: Environ, generation: bytes | None) -> Identity | None:
        """Return the identity of a request if it needs no query.

        `generation`: the accounts' current generation, None if unknown. Never blocks the event loop.
        """

    def identify(self, environ: Environ, *, anew: bool = False) -> Identity:
        """Return the identity of a request; with `anew`, from the database, not as it is remembered.

        Raises `InvalidCredentials` if a token is invalid, expired or revoked, and ``DatabaseUnavailable``.
        """

    def role_of(self, account_id: int) -> Role:
        """Return the role that an account has now; `Role.NONE` if it is deleted or disabled.

        Raises ``DatabaseUnavailable``.
        """

    def may_anyone_write(self) -> bool:
        """Whether clients without an account may write now. Raises ``DatabaseUnavailable``."""


def identity_of(environ: Environ, identities: Identities) -> Identity:
    """Return the identity of a request, which is determined once. Raises what `Identities.identify` raises."""
    known = environ.get(IDENTITY)
    if known is None:
        try:
            known = identities.identify(environ)
        except (Problem, DatabaseUnavailable) as reason:
            known = reason
        environ[IDENTITY] = known
    if not isinstance(known, Identity):
        raise known
    return known


def account_of(identities: Identities, environ: Environ) -> int | None:
    """Return the id of a request's account; None without one, with a wrong token, and during an outage."""
    try:
        return identity_of(environ, identities).account_id
    except (Problem, DatabaseUnavailable):
        return None


def is_still_allowed(environ: Environ, identities: Identities, right: Right) -> bool:
    """Whether the credentials of a request still have a right, for a response that lasts longer than a check.

    During an outage of the database that is unknown, and the response may last.
    """
    sent = {name: environ[name] for name in CREDENTIALS if name in environ}
    try:
        return identities.identify(sent, anew=True).has(right)
    except Problem:
        return False
    except DatabaseUnavailable:
        return True


def known_account(environ: Environ) -> int | None:
    """Return the id of the account if the request has been identified."""
    known = environ.get(IDENTITY)
    return known.account_id if isinstance(known, Identity) else None
