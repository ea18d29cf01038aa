"""What a request may do: roles, scopes, and the right that each route requires."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

View = TypeVar("View", bound=Callable[..., Any])


class Role(enum.IntEnum):
    """What an account may do; a higher role includes the lower ones."""

    NONE = 0  # public routes only, such as signing in
    READER = 1
    EDITOR = 2
    ADMIN = 3

    @property
    def word(self) -> str:
        """The role in JSON, in settings and on the command line."""
        return self.name.lower()


ROLES = tuple(role.word for role in Role if role)  # of accounts
SCOPES = {
    "catalog:read": "Read books and authors",
    "catalog:write": "Write books and authors",
    "favorites": "Read and write the account's own favorites",
    "imports": "Import files",
    "admin": "Manage accounts, read the audit",
}


@dataclass(frozen=True)
class Right:
    """The right that a route requires, and the cacheability of its response."""

    role: Role = Role.NONE
    scope: str | None = None  # that a key must have
    needs_account: bool = False
    needs_session: bool = False  # keys are refused, because a leaked key must not make itself more powerful
    is_personal: bool = False  # the response is for one account, so no cache may keep it
    is_live: bool = False  # the response is of this moment, so no cache may keep it
    is_local: bool = False  # programs on this machine need no account, nor do clients of a port of its own
    is_entry: bool = False  # signing in or up: no write of the catalog, so pages of every origin may send it
    is_health: bool = False  # credentials are ignored
    refuses_keys: bool = False  # responses are never stored for retries: they hold a secret or are the same for all

    @property
    def is_open(self) -> bool:
        """Whether a request without credentials always has it."""
        return self.role == Role.NONE and not self.needs_account


HEALTH = Right(is_health=True)
OPEN = Right()  # documentation
ENTRY = Right(is_entry=True, is_personal=True)
SIGN_IN = replace(ENTRY, refuses_keys=True)  # also asking for a reset
ONE_TIME_LINK = Right(is_personal=True)  # the token in the path is the credential
READ = Right(Role.READER, "catalog:read")
READ_LIVE = replace(READ, is_live=True)  # what happens in the catalog
WRITE = Right(Role.EDITOR, "catalog:write")
ACCOUNT = Right(Role.READER, needs_account=True, is_personal=True)  # the client's own account
SESSION = replace(ACCOUNT, needs_session=True)
IMPORTS = Right(Role.EDITOR, "imports", is_personal=True)  # the client's own imports
FAVORITES = replace(ACCOUNT, scope="favorites")
ADMIN = Right(Role.ADMIN, "admin", needs_account=True, is_personal=True)
METRICS = replace(ADMIN, is_local=True)


def requires(right: Right) -> Callable[[View], View]:
    """Declare the right that a view requires."""

    def attach(view: View) -> View:
        view.right = right  # type: ignore[attr-defined]
        return view

    return attach


def right_of(view: Callable[..., Any]) -> Right:
    """Return the right that a view requires. Raises `LookupError` if it declares none."""
    right = getattr(view, "right", None)
    if not isinstance(right, Right):
        raise LookupError(f"{view} declares no right; add @requires(...) to it.")
    return right


def refuses_keys(view: Callable[..., Any]) -> bool:
    """Whether a view takes no Idempotency-Key."""
    return isinstance(right := getattr(view, "right", None), Right) and right.refuses_keys
