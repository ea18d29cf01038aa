"""The cause of a write, which history records: account, kind of client, request and note."""

from __future__ import annotations

import json

from flask import Flask, has_request_context, request

from app.http.headers.change_note import CHANGE_NOTE, parse_note
from app.http.wsgi import REQUEST_ID

from .gate import current_identity
from .identity import IDENTITY, Identity

NOTE = "catalog.change_note"  # key of the environ


def init_app(app: Flask) -> None:
    """Validate the note of each request that has passed the gate. Requests that only read ignore it."""

    @app.before_request
    def read_note() -> None:
        sent = request.headers.get(CHANGE_NOTE)
        if sent is not None and request.routing_exception is None and request.method not in ("GET", "HEAD", "OPTIONS"):
            request.environ[NOTE] = parse_note(sent)


def current_cause() -> str:
    """Return the cause of a transaction that begins now, as the JSON of the setting ``catalog.cause``.

    Without a request it is the command line.
    """
    if not has_request_context():
        return '{"via":"cli"}'
    environ = request.environ
    identity = current_identity() if IDENTITY in environ else None
    is_from_page = isinstance(identity, Identity) and identity.is_from_cookie
    cause = {
        "via": "page" if is_from_page else "api",
        "account_id": identity.account_id if identity else None,
        "request_id": environ.get(REQUEST_ID),
        "note": environ.get(NOTE),
    }
    return json.dumps(cause)
