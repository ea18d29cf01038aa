"""The way of a write: body → validation → one transaction → the same read of what was written.

Faults are judged in the order of the contract: the body's form before the record's existence, then the
precondition, then the schema, then conflicts with what is stored.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from flask import Response
from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from extensions.database import transaction

from . import bodies, query, responses, statements, survivors, validation
from .addresses import parameters
from .preconditions import etag, require_precondition
from .problems import MEDIA_TYPE, ContentTooLarge, Fault, NotFound, ValidationFailed
from .resource import Draft, Resource
from .vocabulary import Faults, Json

MOST_AT_ONCE = 1000


def create(resource: Resource) -> Response:
    """The answer to a POST of one record, or of 1 to 1,000 of them, all or nothing."""
    begin()
    body = bodies.read()
    if not isinstance(body, list):
        record_id, text = transaction(lambda session: _create(session, resource, [body], batch=False)[0])
        return responses.written(text, HTTPStatus.CREATED, [("Location", f"/{resource.name}/{record_id}")])
    if len(body) > MOST_AT_ONCE:
        raise ContentTooLarge(f"A batch may have {MOST_AT_ONCE:,} records; this one has {len(body):,}.")
    if not body:
        detail = "A batch needs at least one record."
        raise ValidationFailed(detail, [Fault("body", "", "too_few", detail)])
    stored = transaction(lambda session: _create(session, resource, body, batch=True), long=True)
    text = '{"data":[' + ",".join(text for _, text in stored) + "]}"
    return responses.written(text, HTTPStatus.CREATED, tagged=False)


def replace(resource: Resource, record_id: int) -> Response:
    """The answer to a PUT of a record that exists."""
    begin()
    body = bodies.read()

    def work(session: Session) -> str:
        resource.lock_first(session, record_id, body)
        record, _ = locked_by_id(session, resource, record_id)
        faults = Faults()
        values = validation.replaced(resource, body, record.id, faults)
        return save_and_read(session, resource, Draft(record, values), faults)

    return responses.written(transaction(work), HTTPStatus.OK)


def patch(resource: Resource, record_id: int) -> Response:
    """The answer to a PATCH (JSON Merge Patch, RFC 7396)."""
    begin()
    body = bodies.read()

    def work(session: Session) -> str:
        resource.lock_first(session, record_id, body)
        record, current = locked_by_id(session, resource, record_id)
        faults = Faults()
        values = validation.patched(resource, body, json.loads(current), faults)
        return save_and_read(session, resource, Draft(record, values), faults)

    return responses.written(transaction(work), HTTPStatus.OK)


def destroy(resource: Resource, record_id: int) -> Response:
    """The answer to a DELETE."""
    query.parse_only(parameters())
    return destroy_by(resource, record_id, Session.delete)


def destroy_by(
    resource: Resource,
    record_id: int,
    delete: Callable[[Session, Any], None],
    lock: Callable[[Session], None] = lambda session: None,
) -> Response:
    """The answer to a DELETE whose parameters were read already. `delete` takes the session and the locked record;
    `lock` takes the locks that must be held before that of the record.
    """
    responses.require_acceptable(bodies.JSON, MEDIA_TYPE)  # the answer is empty, or a problem

    def work(session: Session) -> None:
        lock(session)
        record, _ = locked_by_id(session, resource, record_id, whole=True)
        delete(session, record)

    transaction(work)
    return responses.written(None, HTTPStatus.NO_CONTENT)


def locked_by_id(session: Session, resource: Resource, record_id: int, *, whole: bool = False) -> tuple[Any, str]:
    """The record of an id, as `locked` gives it; raises `Conflict` where it was merged into another one."""
    try:
        return locked(session, resource, resource.table.c.id == record_id, f"{resource.noun} {record_id}", whole=whole)
    except NotFound:
        survivors.refuse_old(session, resource, record_id)
        raise


def locked(
    session: Session, resource: Resource, which: ColumnElement[bool], named: str, *, whole: bool = False
) -> tuple[Any, str]:
    """The record of a condition, locked until the end of the transaction, and the text of its representation.

    Others may refer to it meanwhile, unless it is locked as a `whole`, to be deleted.
    Raises `NotFound`, or `PreconditionFailed` if the request's preconditions do not hold for it. The text is read
    after the lock is held, by a statement of its own: the one that waits for a lock would see the contributors as
    they were before.
    """
    record: Any = session.scalars(
        select(resource.model).where(which).with_for_update(key_share=not whole)
    ).one_or_none()
    if record is None:
        raise NotFound(f"There is no {named}.")
    text = representation(session, resource, record.id)
    require_precondition(etag(text.encode()))
    return record, text


def representation(session: Session, resource: Resource, record_id: int) -> str:
    """The JSON text of a record as this transaction sees it."""
    statement = statements.one(resource, tuple(resource.fields))
    return str(statement.run_within(session.connection(), {"id": record_id}).scalar_one())


def begin() -> None:
    """Judge what comes before the body: no parameter is taken, and JSON must be acceptable."""
    query.parse_only(parameters())
    responses.require_acceptable()


def _create(session: Session, resource: Resource, documents: list[Json], *, batch: bool) -> list[tuple[int, str]]:
    drafts = add(session, resource, documents, [f"/{place}" if batch else "" for place in range(len(documents))])
    if not batch:
        return [(draft.record.id, representation(session, resource, draft.record.id)) for draft in drafts]
    ids = [draft.record.id for draft in drafts]
    rows = statements.several(resource).run_within(session.connection(), {"ids": ids})
    texts = {row.id: row.document for row in rows}
    return [(draft.record.id, texts[draft.record.id]) for draft in drafts]


def add(session: Session, resource: Resource, documents: list[Json], pointers: list[str]) -> list[Draft]:
    """Store new records, each from the JSON object at its pointer in the body.

    Raises `ValidationFailed` or `Conflict`.
    """
    faults = Faults()
    drafts = [
        Draft(resource.model(), validation.created(resource, document, pointer, faults), pointer)
        for document, pointer in zip(documents, pointers, strict=True)
    ]
    save(session, resource, drafts, faults)
    return drafts


def save(session: Session, resource: Resource, drafts: list[Draft], faults: Faults) -> None:
    """Store drafts, unless there are faults: those found in the body so far, or in what it refers to."""
    resource.refer(session, drafts, faults)
    validation.raise_faults(faults)
    resource.save(session, drafts)
    session.flush()


def save_and_read(session: Session, resource: Resource, draft: Draft, faults: Faults) -> str:
    """Store a draft as `save` does; the text of its representation afterwards."""
    save(session, resource, [draft], faults)
    return representation(session, resource, draft.record.id)
