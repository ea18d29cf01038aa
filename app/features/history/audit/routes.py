"""``/audit``."""

from __future__ import annotations

from flask import Blueprint, Response

from app.core.openapi import describe
from app.http.access.rights import ADMIN, requires

from .openapi import ListAudit
from .page import list_changes

audit = Blueprint("audit", __name__)


@audit.get("/audit")
@describe(ListAudit(), id="audit_index", link="audit")
@requires(ADMIN)
def index() -> Response:
    """List all recorded changes, newest first: of books, authors, accounts and tokens, and failed sign-ins.

    A page may have fewer changes than `limit`, or none, without being the last: follow `links.next` until it is null.
    """
    return list_changes()
