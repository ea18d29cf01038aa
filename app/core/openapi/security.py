"""Security of operations: the schemes, what each operation requires, and the error responses of the access check."""

from __future__ import annotations

from app.http.access.credentials import COOKIE
from app.http.access.identity import Identity
from app.http.access.origin import SAFE_METHODS
from app.http.access.rights import SCOPES, Right, Role

from .describe import Schema

TOKEN, SESSION = "token", "session"

Requirement = dict[str, list[str]]  # scheme to scopes; an operation needs one of its requirements

ROLES = {
    "reader": "reads books and authors, and manages its own account and tokens",
    "editor": "also writes, merges and restores books and authors",
    "admin": "also manages accounts and reads the audit",
}
WITHOUT_ACCOUNT = {  # by the setting ANONYMOUS
    "none": "A client without an account can read the documentation, sign in and sign up, and nothing else.",
    "reader": "A client without an account may read the catalog.",
    "editor": "A client without an account may read and write the catalog.",
    "auto": "A client without an account may read the catalog, and may write while there is no administrator.",
}
# The highest role of such a client. The document does not change with the accounts: a write that may need no token is
# listed as such, and has a response 401.
_HIGHEST = {"none": Role.NONE, "reader": Role.READER, "editor": Role.EDITOR, "auto": Role.EDITOR}


def security_schemes() -> dict[str, Schema]:
    """Return the schemes by name: a token in the header, or in the cookie of the service's own pages."""
    scopes = "\n".join(f"- `{name}`: {text}" for name, text in SCOPES.items())
    return {
        TOKEN: {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "opaque",
            "description": "A token of `POST /tokens`: a session, which may do what the role of its account allows, or "
            f"a key, which may do so within its scopes:\n\n{scopes}",
        },
        SESSION: {
            "type": "apiKey",
            "in": "cookie",
            "name": COOKIE,
            "description": "The session of the service's own pages. Browsers send this cookie themselves, and a write "
            "with it must come from a page of the service. Programs send a token instead.",
        },
    }


def security_of(right: Right, anonymous: str) -> list[Requirement]:
    """Return the alternative requirements of an operation, `{}` for none. `anonymous` is the setting ANONYMOUS."""
    if right.is_entry:
        return [{}, {TOKEN: []}, {SESSION: []}]
    if right.is_open:
        return []
    scopes = [] if right.scope is None else [right.scope]
    requirements: list[Requirement] = [{TOKEN: scopes}, {SESSION: []}]
    return [*requirements, {}] if Identity(_HIGHEST[anonymous]).has(right) else requirements


def access_statuses(right: Right, method: str) -> frozenset[int]:
    """Return the statuses of errors of the access check and of limits, which come before the view."""
    if right.is_health:
        return frozenset()
    is_refusable = right.role > Role.READER or right.scope or right.needs_session or method not in SAFE_METHODS
    return frozenset({401, 429, 503} | ({403} if is_refusable else set()))


def access_sentence(right: Right) -> str:
    """Return what an operation requires, in words, "" if nothing."""
    if right.is_open:
        return ""
    if right.needs_session:
        return "Requires an account, and a session instead of a key."
    holder = f"the role `{right.role.word}`" if right.role > Role.READER or not right.needs_account else "an account"
    return f"Requires {holder}" + (f"; a key also needs the scope `{right.scope}`." if right.scope else ".")


def access_description(anonymous: str) -> str:
    """Return the section about access, as Markdown. `anonymous` is the setting ANONYMOUS."""
    roles = "\n".join(f"- `{name}`: {text}" for name, text in ROLES.items())
    return (
        "## Access\n\n`POST /tokens` returns a token for an e-mail address and a password. Send it as "
        f"`Authorization: Bearer TOKEN`. {WITHOUT_ACCOUNT[anonymous]}\n\nAn account has a role:\n\n{roles}\n\n"
        "Where requests are limited, responses that no cache may share have `RateLimit` and `RateLimit-Policy`."
    )
