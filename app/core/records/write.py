"""Write requests: body → validation → one transaction, which reads the stored record → response.

Faults are checked in the order of the contract: the syntax of the body, the existence of the record, the precondition,
the schema, conflicts with the stored data.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import Any

from flask import Response
from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from app.core.fields import Faults
from app.core.query.pairs import request_pairs
from app.core.query.parse import parse_options
from app.core.resource import Draft, Resource
from app.core.sql.statements import record_by_id, records_by_ids
from app.http.body import JSON, read_json
from app.http.headers.conditional import etag, require_precondition
from app.http.headers.negotiation import require_acceptable
from app.http.middleware.rate_limit import charge_more
from app.http.problems import MEDIA_TYPE, MOST_ERRORS, ContentTooLarge, Fault, NotFound, ValidationFailed
from app.http.responses import write_response
from app.http.urls import link
from app.values.json_value import Json
from extensions.cache import Area
from extensions.database import transaction

from .redirects import refuse_merged
from .validate import merge_objects, raise_faults, validate_new, validate_patch, validate_replacement

BATCH_MOST = 1000  # records
# Records of a batch that cost as much as one request. A record takes an eighth of the CPU time that a POST of its own
# takes (1.8 ms against 14 ms with that of Postgres), which counts as 5. Rounded up, so that a batch of 1,000 leaves
# some of the 600 requests of a minute.
RECORDS_PER_REQUEST = 2


class _DryRun(Exception):
    """Rolls back the transaction of a dry run, and carries the text of the response."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text


def write_record(
    work: Callable[[Session], str], *, is_dry_run: bool, long: bool = False, area: Area | None = Area.CATALOG
) -> Response:
    """Run work in a transaction, and return the response with the representation that it returns.

    A dry run is rolled back, and its response has no ETag. `long` and `area` are those of `transaction`.
    """

    def work_unless_dry(session: Session) -> str:
        text = work(session)
        if is_dry_run:
            raise _DryRun(text)
        return text

    try:
        return write_response(transaction(work_unless_dry, long=long, area=area), HTTPStatus.OK)
    except _DryRun as dry_run:
        return write_response(dry_run.text, HTTPStatus.OK, tagged=False)


def create(resource: Resource) -> Response:
    """Return the response to a POST of one record, or of a batch."""
    begin()
    body = read_json()
    if not isinstance(body, list):
        record_id, text = _create_one(resource, body)
        return write_response(text, HTTPStatus.CREATED, [("Location", link(f"/{resource.name}/{record_id}"))])
    if len(body) > BATCH_MOST:
        raise ContentTooLarge(f"The batch has {len(body):,} records; send at most {BATCH_MOST:,}.")
    if not body:
        raise ValidationFailed.from_fault(Fault("body", "", "too_few", "The batch is empty; send at least one record."))
    resource.refuse_large_batch(body)
    charge_more(len(body) // RECORDS_PER_REQUEST)
    texts = _create_batch(resource, body)
    return write_response('{"data":[' + ",".join(texts) + "]}", HTTPStatus.CREATED, tagged=False)


def replace(resource: Resource, record_id: int, parameters: Sequence[str] = ()) -> Response:
    """Return the response to a PUT of a record that exists; `parameters` are allowed in the query."""
    begin(parameters)
    body = read_json()

    faults_of_body = Faults()
    values = validate_replacement(resource, body, record_id, faults_of_body)

    def work(session: Session) -> str:
        resource.lock_before(session, record_id, body)
        record, _ = lock_by_id(session, resource, record_id)
        faults = Faults(faults_of_body)
        return save_and_read(session, resource, Draft(record, dict(values)), faults)

    return write_response(transaction(work, area=resource.area), HTTPStatus.OK)


def patch(resource: Resource, record_id: int, parameters: Sequence[str] = ()) -> Response:
    """Return the response to a PATCH (JSON Merge Patch, RFC 7396); `parameters` are allowed in the query."""
    begin(parameters)
    body = read_json()

    faults_of_body = Faults()
    values = validate_patch(resource, body, record_id, faults_of_body)

    def work(session: Session) -> str:
        resource.lock_before(session, record_id, body)
        record, current = lock_by_id(session, resource, record_id)
        faults = Faults(faults_of_body)
        merged = merge_objects(resource, body, json.loads(current), faults)
        return save_and_read(session, resource, Draft(record, values | merged), faults)

    return write_response(transaction(work, area=resource.area), HTTPStatus.OK)


def destroy(resource: Resource, record_id: int) -> Response:
    """Return the response to a DELETE."""
    parse_options(request_pairs())
    return destroy_by(resource, record_id, Session.delete)


def destroy_by(
    resource: Resource,
    record_id: int,
    delete: Callable[[Session, Any], None],
    lock: Callable[[Session], None] = lambda session: None,
) -> Response:
    """Return the response to a DELETE whose parameters have been read.

    `delete` deletes the locked record. `lock` takes locks that must precede the lock of the record.
    """
    require_acceptable(JSON, MEDIA_TYPE)  # the response is empty, or a problem

    def work(session: Session) -> None:
        lock(session)
        record, _ = lock_by_id(session, resource, record_id, whole=True)
        delete(session, record)

    transaction(work, area=resource.area)
    return write_response(None, HTTPStatus.NO_CONTENT)


def lock_by_id(session: Session, resource: Resource, record_id: int, *, whole: bool = False) -> tuple[Any, str]:
    """Lock the record of an id, as `lock_record` does.

    Raises `Conflict` if it was merged into another one.
    """
    try:
        condition = resource.table.c.id == record_id
        return lock_record(session, resource, condition, f"{resource.noun} {record_id}", whole=whole)
    except NotFound:
        refuse_merged(session, resource, record_id)
        raise


def lock_record(
    session: Session, resource: Resource, condition: ColumnElement[bool], named: str, *, whole: bool = False
) -> tuple[Any, str]:
    """Lock a record; return it and the text of its representation.

    The lock lasts until the transaction ends. Other transactions can still refer to the record, unless it is locked
    as a `whole`, for deletion. Raises `NotFound`, and `PreconditionFailed` if the request's preconditions do not hold.

    The text is read by a second statement, because the statement that waits for the lock would return the contributors
    from before the wait.
    """
    record: Any = session.scalars(
        select(resource.model).where(condition, *resource.owner_conditions).with_for_update(key_share=not whole),
        resource.owner_values(),
    ).one_or_none()
    if record is None:
        raise NotFound(f"There is no {named}; check the URL.")
    text = representation(session, resource, record.id)
    require_precondition(etag(text.encode()))
    return record, text


def representation(session: Session, resource: Resource, record_id: int) -> str:
    """Return the JSON text of a record, as it is in this transaction."""
    statement = record_by_id(resource, tuple(resource.fields))
    values = {"id": record_id, **resource.owner_values()}
    return str(statement.run_within(session.connection(), values).scalar_one())


def begin(parameters: Sequence[str] = ()) -> None:
    """Check the request up to its body: no other parameters than these, and JSON is acceptable."""
    parse_options(request_pairs(), parameters)
    require_acceptable()


def save(session: Session, resource: Resource, drafts: list[Draft], faults: Faults) -> None:
    """Store drafts. Raises `ValidationFailed` and `Conflict`.

    `faults` are those of the body; faults of references are added.
    """
    if len(faults) <= MOST_ERRORS:  # the response shows no more
        resource.resolve_references(session, drafts, faults)
    raise_faults(faults)
    resource.save(session, drafts)
    session.flush()


def save_and_read(session: Session, resource: Resource, draft: Draft, faults: Faults) -> str:
    """Store a draft as `save` does, and return the text of its representation."""
    save(session, resource, [draft], faults)
    return representation(session, resource, draft.record.id)


def _create_one(resource: Resource, document: Json) -> tuple[int, str]:
    faults_of_body = Faults()
    values = validate_new(resource, document, "", faults_of_body)
    _refuse_many(faults_of_body)

    def work(session: Session) -> tuple[int, str]:
        draft = Draft(resource.model(), dict(values))
        text = save_and_read(session, resource, draft, Faults(faults_of_body))
        return draft.record.id, text

    return transaction(work, area=resource.area)


def _create_batch(resource: Resource, documents: list[Json]) -> list[str]:
    faults_of_body = Faults()
    values = []
    for index, document in enumerate(documents):
        values.append(validate_new(resource, document, f"/{index}", faults_of_body))
        if faults_of_body.is_full:
            break
    _refuse_many(faults_of_body)

    def work(session: Session) -> list[str]:
        drafts = [Draft(resource.model(), dict(each), f"/{index}") for index, each in enumerate(values)]
        save(session, resource, drafts, Faults(faults_of_body))
        ids = [draft.record.id for draft in drafts]
        rows = records_by_ids(resource).run_within(session.connection(), {"ids": ids})
        texts = {row.id: row.document for row in rows}
        return [texts[record_id] for record_id in ids]

    return transaction(work, long=True, area=resource.area)


def _refuse_many(faults: Faults) -> None:
    """Raise the faults of new records without a transaction, if those of references would not be shown any more."""
    if len(faults) > MOST_ERRORS:
        raise_faults(faults)
