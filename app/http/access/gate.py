"""Checks credentials, origin and rights before each view.

A request for a URL or method that does not exist gets its 404 or 405 first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from flask import Flask, current_app, request
from flask.globals import request_ctx
from werkzeug.exceptions import HTTPException
from werkzeug.routing import RequestRedirect

from app.http.problems import Forbidden, Unauthenticated
from app.http.wsgi import Environ

from .address import is_for_metrics_port, is_on_this_machine
from .identity import CREDENTIALS, IDENTITIES, Identities, Identity, identity_of
from .origin import refuse_cross_origin_write, refuse_cross_site_cookie
from .rights import Right, Role, right_of

METRICS_PORT = "METRICS_PORT"  # the setting


def init_app(app: Flask, allowed_origins: Sequence[str]) -> None:
    """Check each request that matches a route. `allowed_origins` may write without a token."""

    @app.before_request
    def check() -> None:
        if request.routing_exception is not None:
            return
        right = right_of(current_app.view_functions[request.endpoint or ""])
        if right.is_health or (right.is_local and _is_trusted_by_address(request.environ)):
            return
        if "Access-Control-Request-Method" in request.headers and request.method == "OPTIONS":
            preflighted = _preflight_right()
            if preflighted is None or not preflighted.is_entry:
                refuse_cross_origin_write(request.environ, allowed_origins)
            return
        identities: Identities = current_app.extensions[IDENTITIES]
        identity = identity_of(request.environ, identities)
        if request.method == "OPTIONS":
            return
        if identity.is_from_cookie:
            refuse_cross_site_cookie(request.environ)
        elif identity.account_id is None and not right.is_entry:
            refuse_cross_origin_write(request.environ, allowed_origins)
        _require(identity, right, identities)


def current_identity() -> Identity:
    """Return the identity of the current request, which has passed the gate."""
    return identity_of(request.environ, current_app.extensions[IDENTITIES])


def require_declared_rights(app: Flask) -> None:
    """Raise `LookupError` if a route declares no right."""
    for rule in app.url_map.iter_rules():
        right_of(app.view_functions[rule.endpoint])


def _is_trusted_by_address(environ: Environ) -> bool:
    """Whether a request without credentials comes to METRICS_PORT, or from this machine. Needs no database."""
    if any(name in environ for name in CREDENTIALS):
        return False
    return is_for_metrics_port(environ, current_app.config[METRICS_PORT]) or is_on_this_machine(environ)


def _preflight_right() -> Right | None:
    """Return the right that the request of a preflight needs, None if there is no such route."""
    method = request.headers.get("Access-Control-Request-Method", "")
    adapter = request_ctx.url_adapter
    assert adapter is not None
    try:
        endpoint, _ = adapter.match(method=method)
    except (HTTPException, RequestRedirect):
        return None
    return right_of(current_app.view_functions[endpoint])


def _require(identity: Identity, right: Right, identities: Identities) -> None:
    """Raise `Unauthenticated` or `Forbidden` if the identity lacks a right."""
    if identity.has(right):
        return
    if identity.account_id is None:
        if replace(identity, role=Role.EDITOR).has(right) and identities.may_anyone_write():
            return
        account = f"an account with the role {right.role.word}" if right.role > Role.READER else "an account"
        raise Unauthenticated(
            f"This request requires {account}. "
            "Sign in with POST /tokens, and send the token as Authorization: Bearer TOKEN."
        )
    if identity.role < right.role:
        raise Forbidden(
            f"This request requires the role {right.role.word}, and the account has the role {identity.role.word}. "
            "An administrator can change that."
        )
    if right.needs_session and not identity.is_session:
        raise Forbidden(
            "This request requires a session, not a key. Sign in with POST /tokens, and send the token that it returns."
        )
    challenge = f'Bearer realm="catalog", error="insufficient_scope", scope="{right.scope}"'  # RFC 6750, section 3.1
    raise Forbidden(
        f"This request requires a token with the scope {right.scope}. "
        "Create another key with POST /tokens, or use a session.",
        headers=[("WWW-Authenticate", challenge)],
    )
