"""Creates an import: the query is checked, the file received and detected, and its job stored."""

from __future__ import annotations

import hashlib
import json
from http import HTTPStatus
from typing import Any

from flask import Response, current_app, request
from sqlalchemy.orm import Session

from app.core.query.pairs import request_pairs
from app.core.records.idempotency import once
from app.http.access.gate import current_identity
from app.http.headers.idempotency_key import IDEMPOTENCY_KEY, parse_key
from app.http.headers.negotiation import require_acceptable
from app.http.headers.prefer import PREFER, PREFERENCE_APPLIED, preferred_wait
from app.http.problems import Conflict, Fault, ValidationFailed
from app.http.responses import write_response
from app.http.urls import link
from app.http.wsgi import REQUEST_ID
from app.transfer.errors import Unreadable
from app.transfer.import_job.folder import UPLOAD, folder_path, remove_folder
from app.transfer.import_job.wording import for_http
from app.transfer.imports.files.detected import Detected
from app.transfer.imports.formats.registry import FORMAT_LABELS
from app.transfer.imports.pipeline import open_pipeline
from extensions.database import DatabaseUnavailable, Statement, fetch, transaction
from extensions.jobs import enqueue, send_hint

from .files.receive import Received, receive, refuse_large
from .options import UploadOptions, parse_options
from .records import KIND, find, find_within
from .representation import headers, representation
from .waiting import LONGEST_WAIT, wait_for_end

_HAS_JOB = Statement("SELECT 1 FROM jobs WHERE kind = %(kind)s AND payload ->> 'folder' = %(folder)s")


def create() -> Response:
    """Return the response to an upload. Unless it created an import, nothing of the file is kept."""
    options = parse_options(request_pairs())
    key = request.headers.get(IDEMPOTENCY_KEY)
    if key is not None:
        parse_key(key)
    require_acceptable()
    most: int = current_app.config["IMPORT_MAX_BYTES"]
    refuse_large(most)
    received = receive(most)
    created: list[int] = []
    try:
        response = _store(received, options, has_key=key is not None, created=created)
    except DatabaseUnavailable:
        if not _may_have_job(received.folder):
            remove_folder(received.folder)
        raise
    except BaseException:
        remove_folder(received.folder)
        raise
    if created:
        send_hint(created[0], at_once=True)
    else:  # the stored response to an earlier request
        remove_folder(received.folder)
    return _after_waiting(response)


def _store(received: Received, options: UploadOptions, *, has_key: bool, created: list[int]) -> Response:
    """Return the response with a new import, whose id is then in `created`; or the stored one of an earlier request."""
    payload = {
        "folder": received.folder,
        "name": received.name,
        "size": received.size,
        "options": options.as_json(),
        **_detect(received, options),
    }

    def view() -> Response:
        created.clear()  # the transaction may be repeated
        return transaction(work, area=None)

    def work(session: Session) -> Response:
        account_id = current_identity().account_id
        enqueued = enqueue(
            session,
            KIND,
            payload,
            key=_key(received, options, account_id),
            account_id=account_id,
            request_id=request.environ.get(REQUEST_ID),
        )
        if not enqueued.is_new:
            raise _is_under_way(enqueued.id)
        row = find_within(session, enqueued.id)
        created[:] = [row.id]
        text = json.dumps(representation(row), ensure_ascii=False)
        location = ("Location", link(row.path))
        return write_response(text, HTTPStatus.ACCEPTED, [location, *headers(row)], tagged=False)

    if not has_key:
        return view()
    name = (received.name or "").encode("utf-8", "surrogatepass")
    return once(view, received.digest + name)


def _detect(received: Received, options: UploadOptions) -> dict[str, Any]:
    """Return what the file was taken for. Raises `ValidationFailed` if its format is unknown or does not fit."""
    try:
        with open_pipeline(str(folder_path(received.folder) / UPLOAD), options.read) as pipeline:
            detected = pipeline.detected
    except Unreadable as error:
        raise ValidationFailed.from_fault(Fault("body", received.pointer, "invalid", for_http(str(error)))) from None
    return {"format": _format(detected), "rejects_format": detected.format}


def _format(detected: Detected) -> str:
    """Return the format as a value of the parameter `format`: a known layout of a table, or the format itself."""
    layout = detected.columns.layout.name if detected.columns else ""
    return layout if layout in FORMAT_LABELS else detected.format


def _key(received: Received, options: UploadOptions, account_id: int | None) -> str:
    """Return the key of equal imports: the same bytes, options and account."""
    text = json.dumps([received.digest.hex(), options.as_json(), account_id], sort_keys=True)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _is_under_way(import_id: int) -> Conflict:
    address = link(f"/imports/{import_id}")
    detail = f"The same file with the same options is already being imported at {address}. Follow that import."
    return Conflict(detail, headers=[("Link", f'<{address}>; rel="related"')])


def _may_have_job(folder: str) -> bool:
    """Whether a job of a folder exists, or may exist because the database does not respond.

    A folder without a job is removed later.
    """
    try:
        return bool(fetch(_HAS_JOB, {"kind": KIND, "folder": folder}))
    except DatabaseUnavailable:
        return True


def _after_waiting(response: Response) -> Response:
    """Return the response after the time that the client prefers to wait: 200 if the import has ended by then."""
    seconds = preferred_wait(request.headers.get(PREFER, ""), LONGEST_WAIT)
    if not seconds:
        return response
    import_id = int(json.loads(response.get_data())["id"])
    if not wait_for_end(import_id, seconds):
        return response
    row = find(import_id)
    response.set_data(json.dumps(representation(row), ensure_ascii=False) + "\n")
    response.headers[PREFERENCE_APPLIED] = f"wait={seconds}"
    if not row.is_active:
        response.status_code = HTTPStatus.OK
        del response.headers["Retry-After"]
    return response
