"""Restores a version of a record, or undoes one of its changes: a new change by the rules of every write.

Each request is one transaction. Faults are checked in the same order as in other writes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import Response
from sqlalchemy import text
from sqlalchemy.orm import Session

from app.core.records import write
from app.core.records.redirects import survivors_of
from app.core.records.validate import raise_faults
from app.core.resource import Resource
from app.features.history.positions import last_position
from app.http.headers.conditional import require_precondition
from app.http.problems import Conflict, Fault, NotFound, ValidationFailed
from app.http.urls import link
from extensions.database import Retry, Statement, fetch

from .past import (
    OF_RECORD,
    Past,
    PastChange,
    Run,
    State,
    find_previous,
    no_such_change,
    read_past,
    require_existence,
)
from .request import RestoreRequest, read_request
from .store import Target, store
from .undo import undo

_CLAIM = text("SELECT pg_advisory_xact_lock(hashtextextended(:name, :id))")
_IS_CREATION = Statement(f"SELECT FROM {OF_RECORD} AND r.position + c.ordinal = %(position)s AND c.op = 'created'")


def restore(resource: Resource, record_id: int) -> Response:
    """Return the response to a POST of a version to restore, or of a change to undo.

    It has the representation after that. If a creation was undone, it is the last one, without an ETag.
    """
    request = read_request()
    last_position()
    deletes = request.is_undo and _is_creation(resource, record_id, request)

    def work(session: Session) -> str:
        def run(statement: Statement, values: Mapping[str, Any]) -> Sequence[Any]:
            return statement.run_within(session.connection(), values).all()

        every_field = dict.fromkeys(resource.fields)  # any of them may change
        resource.lock_before(session, record_id, every_field)
        record, document = _lock(session, run, resource, record_id, whole=deletes)
        raise_faults(request.faults)
        assert request.position is not None
        past = read_past(run, resource, record_id, request.position)
        target = Target(session, run, past, record, document)
        change = _require_change(past, request)
        return undo(target, change) if request.is_undo else _restore_version(target, change)

    response = write.write_record(work, is_dry_run=request.is_dry_run, area=resource.area)
    if deletes:
        response.headers.pop("ETag", None)
    return response


def _is_creation(resource: Resource, record_id: int, request: RestoreRequest) -> bool:
    values = {"id": record_id, "resource": resource.name, "position": request.position}
    return request.position is not None and bool(fetch(_IS_CREATION, values))


def _lock(
    session: Session, run: Run, resource: Resource, record_id: int, *, whole: bool
) -> tuple[Any | None, str | None]:
    """Lock the record; return it and the text of its representation, None if it was deleted.

    Raises `NotFound` if it never existed, `Conflict` if it is merged, and `PreconditionFailed`.
    """
    noun = resource.noun
    try:
        condition = resource.table.c.id == record_id
        return write.lock_record(session, resource, condition, f"{noun} {record_id}", whole=whole)
    except NotFound:
        survivor = survivors_of(session, resource, [record_id]).get(record_id)
        if survivor:
            url = link(f"/{resource.name}/{survivor}/unmerge")
            raise Conflict(
                f"The {noun} {record_id} is merged into {noun} {survivor}. To restore it, undo the merge with a POST "
                f'of {{"from": [{record_id}]}} to {url}.',
                headers=[("Link", f'<{url}>; rel="related"')],
            ) from None
        require_existence(run, resource, record_id)
        require_precondition(None)
        _claim(session, resource, record_id)
        return None, None


def _claim(session: Session, resource: Resource, record_id: int) -> None:
    """Lock the id of a record that does not exist, so that simultaneous restorations take turns."""
    session.execute(_CLAIM, {"name": f"restore {resource.name}", "id": record_id})
    if session.get(resource.model, record_id) is not None:
        raise Retry


def _require_change(past: Past, request: RestoreRequest) -> PastChange:
    """Return the change that the request names. Raises `PositionExpired` and `ValidationFailed`."""
    change = past.find()
    if change is None:
        past.require_kept()
        detail = no_such_change(past.resource, past.record_id, past.position)
        raise ValidationFailed.from_fault(Fault("body", f"/{request.member}", "not_found", detail))
    return change


def _restore_version(target: Target, change: PastChange) -> str:
    """Store the whole state after a change, and return the representation."""
    past = target.past
    state: State | None = past.state()
    if state is None:
        noun = past.resource.noun
        previous = find_previous(target.run, past.resource, past.record_id, past.position)
        last = f" Send the version before it, {previous}." if previous else ""
        detail = f"The change {past.position} {change.op} {noun} {past.record_id}, so it has no such version.{last}"
        raise ValidationFailed.from_fault(Fault("body", "/version", "not_found", detail))
    names = [name for name, field in past.resource.fields.items() if not field.read_only]
    return store(target, {name: state[name] for name in names}, state["created_at"])
