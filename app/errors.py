"""One place where everything that goes wrong becomes a problem (RFC 9457)."""

from __future__ import annotations

import logging

from flask import Flask, Response, request
from sqlalchemy.exc import DBAPIError
from werkzeug.exceptions import HTTPException

from extensions.database import DatabaseUnavailable

from . import responses
from .addresses import target
from .config import CORS_METHODS
from .front import REQUEST_ID
from .problems import (
    BadRequest,
    InternalError,
    MethodNotAllowed,
    NotFound,
    Problem,
    Unavailable,
    ValidationFailed,
)
from .values.text import showable

log = logging.getLogger("catalog.errors")


def init_app(app: Flask) -> None:
    """Register the handlers."""
    app.register_error_handler(Problem, render)
    app.register_error_handler(HTTPException, _of_werkzeug)
    app.register_error_handler(DatabaseUnavailable, lambda error: render(Unavailable()))
    app.register_error_handler(DBAPIError, _of_database)
    app.register_error_handler(Exception, _unforeseen)


def render(problem: Problem) -> Response:
    """The answer that a problem is."""
    status, headers, body = problem.answer(target(request.environ), request.environ.get(REQUEST_ID, ""))
    return Response(body, status, headers)


def _of_werkzeug(error: HTTPException) -> Response:
    """What Flask raises by itself: no such route, no such method, a request that it cannot read."""
    if error.code == 404 and request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
        # A preflight passes wherever it goes, so that the page that asks gets to read the problem of an address that
        # is none (Flask answers an OPTIONS to all others by itself).
        return responses.allowing(CORS_METHODS)
    if error.code == 404:
        return render(NotFound(f"There is nothing at {showable(target(request.environ), 200)}."))
    if error.code == 405:
        allowed = ", ".join(sorted(getattr(error, "valid_methods", None) or ()))
        return render(
            MethodNotAllowed(f"{request.method} is not allowed here; allowed: {allowed}.", headers=[("Allow", allowed)])
        )
    if error.code is not None and error.code < 500:
        return render(BadRequest(error.description or "The request cannot be understood."))
    return _unforeseen(error)


def _of_database(error: DBAPIError) -> Response:
    """A rule of the database that the validation before it did not know, or something unforeseen."""
    code = getattr(error.orig, "pgcode", None) or ""
    if code.startswith(("22", "23")):
        log.warning("the database refused a value (SQLSTATE %s)", code)
        return render(ValidationFailed("The database refused a value of the body; nothing was changed."))
    return _unforeseen(error)


def _unforeseen(error: Exception) -> Response:
    log.error("%s %s failed, id=%s", request.method, request.path, request.environ.get(REQUEST_ID), exc_info=error)
    return render(InternalError("Something went wrong here. Nothing of the request was stored."))
