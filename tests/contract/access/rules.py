"""The contract about access as data: the kind of each route, and the clients that each kind admits.

Nothing here is read from the code, so that a route with a wrong right fails.
"""

from __future__ import annotations

LET_IN = 0  # any status but 401 and 403

HEALTH, DOCUMENTATION, ENTRY, READ, WRITE, IMPORTS, ACCOUNT, FAVORITES, SESSION, ADMIN, ADMIN_SESSION = KINDS = (
    "health",  # credentials are ignored
    "documentation",  # public
    "entry",  # public: signing in and up, and one-time links
    "read",  # of the catalog
    "write",  # of the catalog
    "imports",  # the client's own imports
    "account",  # the client's own account
    "favorites",  # the client's own favorites
    "session",  # what a key must not do with its own account
    "admin",
    "admin session",  # what a key of an administrator must not do
)

ROUTES = {
    "GET /": READ,
    "GET /books": READ,
    "POST /books": WRITE,
    "GET /books/{id}": READ,
    "PUT /books/{id}": WRITE,
    "PATCH /books/{id}": WRITE,
    "DELETE /books/{id}": WRITE,
    "GET /books/isbn/{isbn}": READ,
    "PUT /books/isbn/{isbn}": WRITE,
    "GET /books/duplicates": READ,
    "GET /books/facets": READ,
    "POST /books/{id}/merge": WRITE,
    "POST /books/{id}/unmerge": WRITE,
    "GET /books/{id}/changes": READ,
    "GET /books/{id}/versions/{position}": READ,
    "POST /books/{id}/restore": WRITE,
    "GET /authors": READ,
    "POST /authors": WRITE,
    "GET /authors/{id}": READ,
    "PUT /authors/{id}": WRITE,
    "PATCH /authors/{id}": WRITE,
    "DELETE /authors/{id}": WRITE,
    "GET /authors/{id}/books": READ,
    "GET /authors/duplicates": READ,
    "POST /authors/{id}/merge": WRITE,
    "POST /authors/{id}/unmerge": WRITE,
    "GET /authors/{id}/changes": READ,
    "GET /authors/{id}/versions/{position}": READ,
    "POST /authors/{id}/restore": WRITE,
    "GET /changes": READ,
    "GET /suggest": READ,
    "GET /imports": IMPORTS,
    "POST /imports": IMPORTS,
    "GET /imports/{id}": IMPORTS,
    "GET /imports/{id}/rejects": IMPORTS,
    "POST /imports/{id}/cancel": IMPORTS,
    "DELETE /imports/{id}": IMPORTS,
    "GET /categories": FAVORITES,
    "POST /categories": FAVORITES,
    "GET /categories/{id}": FAVORITES,
    "PUT /categories/{id}": FAVORITES,
    "PATCH /categories/{id}": FAVORITES,
    "DELETE /categories/{id}": FAVORITES,
    "GET /categories/{id}/favorites": FAVORITES,
    "PUT /categories/{id}/order": FAVORITES,
    "GET /favorites": FAVORITES,
    "POST /favorites": FAVORITES,
    "GET /favorites/{id}": FAVORITES,
    "PATCH /favorites/{id}": FAVORITES,
    "DELETE /favorites/{id}": FAVORITES,
    "POST /tokens": ENTRY,
    "GET /tokens": ACCOUNT,
    "DELETE /tokens": SESSION,
    "DELETE /tokens/current": ACCOUNT,
    "DELETE /tokens/{id}": SESSION,
    "POST /password-resets": ENTRY,
    "PUT /password-resets/{token}": ENTRY,
    "PUT /setup/{token}": ENTRY,
    "GET /me": ACCOUNT,
    "PATCH /me": SESSION,
    "DELETE /me": SESSION,
    "PUT /me/password": SESSION,
    "POST /accounts": ENTRY,
    "GET /accounts": ADMIN,
    "GET /accounts/{id}": ADMIN,
    "POST /accounts/{id}/password-resets": ADMIN_SESSION,
    "PATCH /accounts/{id}": ADMIN,
    "DELETE /accounts/{id}": ADMIN,
    "GET /audit": ADMIN,
    "GET /metrics": ADMIN,  # also for programs on the service's own machine, from which none of these callers sends
    "GET /ops/statements": ADMIN,
    "POST /ops/profile": ADMIN,
    "GET /docs": DOCUMENTATION,
    "GET /docs/assets/{name}": DOCUMENTATION,
    "GET /docs/page/{name}": DOCUMENTATION,
    "GET /openapi.json": DOCUMENTATION,
    "GET /problems": DOCUMENTATION,
    "GET /problems/{slug}": DOCUMENTATION,
    "GET /health/live": HEALTH,
    "GET /health/ready": HEALTH,
}

NONE, READER, EDITOR, AUTO, AUTO_WITHOUT_ADMIN = SETTINGS = ("none", "reader", "editor", "auto", "auto without admin")

# What clients without an account get, by the setting ANONYMOUS.
_OPEN = {HEALTH: LET_IN, DOCUMENTATION: LET_IN, ENTRY: LET_IN}
_CLOSED = {ACCOUNT: 401, FAVORITES: 401, SESSION: 401, ADMIN: 401, ADMIN_SESSION: 401}
_READS = {**_OPEN, READ: LET_IN, WRITE: 401, IMPORTS: 401, **_CLOSED}
_WRITES = {**_OPEN, READ: LET_IN, WRITE: LET_IN, IMPORTS: LET_IN, **_CLOSED}
ANONYMOUS = {
    NONE: {**_OPEN, READ: 401, WRITE: 401, IMPORTS: 401, **_CLOSED},
    READER: _READS,
    EDITOR: _WRITES,
    AUTO: _READS,
    AUTO_WITHOUT_ADMIN: _WRITES,
}

# What clients with a token get, under every setting: never more than their role.
_INVALID = {**dict.fromkeys(KINDS, 401), HEALTH: LET_IN}
_READER = {**dict.fromkeys(KINDS, LET_IN), WRITE: 403, IMPORTS: 403, ADMIN: 403, ADMIN_SESSION: 403}
_EDITOR = {**dict.fromkeys(KINDS, LET_IN), ADMIN: 403, ADMIN_SESSION: 403}
_ADMIN = dict.fromkeys(KINDS, LET_IN)
CALLERS = {
    "wrong token": _INVALID,
    "expired token": _INVALID,
    "revoked token": _INVALID,
    "disabled account": _INVALID,
    "reader": _READER,
    "editor": _EDITOR,
    "admin": _ADMIN,
    "key without the scope": {
        **_ADMIN,
        READ: 403,
        WRITE: 403,
        IMPORTS: 403,
        FAVORITES: 403,
        SESSION: 403,
        ADMIN: 403,
        ADMIN_SESSION: 403,
    },
    "key with all scopes": {**_ADMIN, SESSION: 403, ADMIN_SESSION: 403},
    "session cookie": _EDITOR,
}
OF_ADMIN = ("admin", "key without the scope", "key with all scopes")  # callers that need an administrator


def expected(route: str, caller: str, setting: str) -> int:
    """Return the status of a route for a caller: 401, 403, or `LET_IN`."""
    table = ANONYMOUS[setting] if caller == "anonymous" else CALLERS[caller]
    return table[ROUTES[route]]


def cases() -> list[tuple[str, str]]:
    """Return all settings with the callers that can exist under them."""
    return [
        (setting, caller)
        for setting in SETTINGS
        for caller in ("anonymous", *CALLERS)
        if setting != AUTO_WITHOUT_ADMIN or caller not in OF_ADMIN
    ]
