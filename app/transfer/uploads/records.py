"""The rows of imports: found, cancelled and deleted by clients that may see them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from app.http.access.gate import current_identity
from app.http.access.rights import ADMIN
from app.http.problems import Conflict, NotFound
from app.transfer.import_job import IMPORT
from extensions.database import Statement, fetch, transaction
from extensions.jobs import cancel

from .representation import COLUMNS, ImportRow

KIND = IMPORT.name
# An import belongs to its account, or to all clients without an account.
VISIBLE = "kind = %(kind)s AND (%(all)s OR account_id IS NOT DISTINCT FROM %(account_id)s)"
IS_REMOVED = "payload ? 'removed'"

FIND = Statement(f"SELECT {COLUMNS} FROM jobs WHERE id = %(id)s AND {VISIBLE}")
_LOCK = Statement(f"{FIND.sql} FOR UPDATE")
_REMOVE = text("UPDATE jobs SET payload = payload || '{\"removed\": true}' WHERE id = :id")


def viewer() -> dict[str, Any]:
    """Return the values of `VISIBLE` for the current client."""
    identity = current_identity()
    return {"kind": KIND, "all": identity.has(ADMIN), "account_id": identity.account_id}


def find(import_id: int) -> ImportRow:
    """Return an import. Raises `NotFound` if the client may not see it, or if it was deleted."""
    return _present(import_id, fetch(FIND, {"id": import_id, **viewer()}))


def find_with_deleted(import_id: int) -> ImportRow:
    """Return an import, also if it was deleted. Raises `NotFound`."""
    return _row(import_id, fetch(FIND, {"id": import_id, **viewer()}))


def find_within(session: Session, import_id: int) -> ImportRow:
    """Return an import of any account, in a transaction."""
    values = {"id": import_id, "kind": KIND, "all": True, "account_id": None}
    return _row(import_id, FIND.run_within(session.connection(), values).all())


def request_cancellation(import_id: int) -> ImportRow:
    """Cancel an import that is queued, or request it of one that runs. Raises `NotFound`, and `Conflict` at its end."""
    values = {"id": import_id, **viewer()}

    def work(session: Session) -> ImportRow:
        row = _present(import_id, _LOCK.run_within(session.connection(), values).all())
        if cancel(session, import_id) is None:
            raise Conflict(f"The import has already ended: {row.state}. There is nothing left to cancel.")
        return find_within(session, import_id)

    return transaction(work, area=None)


def delete(import_id: int) -> ImportRow:
    """Mark an import as deleted. Raises `NotFound`, and `Conflict` if it is queued or running."""
    values = {"id": import_id, **viewer()}

    def work(session: Session) -> ImportRow:
        row = _present(import_id, _LOCK.run_within(session.connection(), values).all())
        if row.is_active:
            raise Conflict(f"The import is {row.state}. Cancel it first, with POST {row.path}/cancel.")
        session.execute(_REMOVE, {"id": import_id})
        return row

    return transaction(work, area=None)


def _present(import_id: int, rows: Any) -> ImportRow:
    row = _row(import_id, rows)
    if row.payload.get("removed"):
        raise _missing(import_id)
    return row


def _row(import_id: int, rows: Any) -> ImportRow:
    if not rows:
        raise _missing(import_id)
    return ImportRow(*rows[0])


def _missing(import_id: int) -> NotFound:
    return NotFound(f"There is no import {import_id} of yours. GET /imports lists your imports.")
