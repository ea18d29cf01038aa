"""Error handlers: every exception that a view raises becomes a problem (RFC 9457)."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from flask import Flask, Response, request
from sqlalchemy.exc import DBAPIError
from werkzeug.exceptions import HTTPException

from app.http.problems.base import Problem
from app.http.problems.kinds import BadRequest, InternalError, MethodNotAllowed, NotFound, Unavailable, ValidationFailed
from app.http.responses import options_response
from app.http.urls import target
from app.http.wsgi import REQUEST_ID
from app.values.text import showable
from extensions.database import DatabaseUnavailable, Locked, Overloaded, TooSlow

log = logging.getLogger("catalog.errors")


def init_app(app: Flask, preflight_methods: Iterable[str]) -> None:
    """Register the handlers. `preflight_methods` are allowed for preflights of URLs that do not exist."""

    def handle_werkzeug(error: HTTPException) -> Response:
        """Handle the exceptions that Flask raises: no route, no such method, an invalid request."""
        if error.code == 404 and request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
            # Every preflight succeeds, so that a page can read the 404 of its actual request. (For URLs that exist,
            # Flask itself handles OPTIONS.)
            return options_response(preflight_methods)
        return _handle_http(error)

    app.register_error_handler(Problem, render)
    app.register_error_handler(HTTPException, handle_werkzeug)
    app.register_error_handler(DatabaseUnavailable, _handle_unavailable)
    app.register_error_handler(DBAPIError, _handle_database)
    app.register_error_handler(Exception, _handle_unforeseen)


def render(problem: Problem) -> Response:
    """Return the response of a problem."""
    status, headers, body = problem.render(request.environ)
    return Response(body, status, headers)


def _handle_http(error: HTTPException) -> Response:
    if error.code == 404:
        return render(NotFound(f"There is nothing at {showable(target(request.environ), 200)}; check the URL."))
    if error.code == 405:
        allowed = ", ".join(sorted(getattr(error, "valid_methods", None) or ()))
        return render(
            MethodNotAllowed(f"{request.method} is not allowed here; use {allowed}.", headers=[("Allow", allowed)])
        )
    if error.code is not None and error.code < 500:
        return render(BadRequest("The request could not be parsed; check its URL, headers and body."))
    return _handle_unforeseen(error)


def _handle_unavailable(error: DatabaseUnavailable) -> Response:
    for kind, detail in _UNAVAILABLE:
        if isinstance(error, kind):
            return render(Unavailable(detail))
    return render(Unavailable())


_UNAVAILABLE = (
    (Locked, "Another write holds what this one changes, such as a record or a name; try again soon."),
    (TooSlow, "The database took too long for this request. Narrow it by a further filter, or try again soon."),
    (Overloaded, "Too many requests of this kind wait for the database; try again soon."),
)


def _handle_database(error: DBAPIError) -> Response:
    """Handle a violated constraint of the database, or an unforeseen error."""
    code = getattr(error.orig, "pgcode", None) or ""
    if code.startswith(("22", "23")):
        log.warning("The database rejected a value (SQLSTATE %s)", code)
        return render(ValidationFailed("The database rejected a value of the body; nothing was changed. Correct it."))
    return _handle_unforeseen(error)


def _handle_unforeseen(error: Exception) -> Response:
    log.error(
        "%s %s failed, id=%s", request.method, target(request.environ), request.environ.get(REQUEST_ID), exc_info=error
    )
    detail = "The service failed; nothing was stored. Try again, and report the request_id if it fails again."
    return render(InternalError(detail))
