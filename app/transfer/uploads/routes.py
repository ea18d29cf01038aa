"""``/imports``."""

from __future__ import annotations

import json
from http import HTTPStatus

from flask import Blueprint, Response

from app.core.openapi import describe
from app.core.query import parse
from app.core.query.pairs import request_pairs
from app.http.access.rights import IMPORTS, requires
from app.http.body import streams_body
from app.http.headers.negotiation import require_acceptable
from app.http.responses import write_response
from app.transfer.import_job.folder import remove_folder

from . import records
from .create import create
from .files.rejects import rejects_response
from .openapi import CancelImport, CreateImport, DeleteImport, ListImports, ReadImport, ReadRejects
from .page import parse_page, read_page
from .representation import ImportRow, headers, representation

imports = Blueprint("imports", __name__)


@imports.get("/imports")
@describe(ListImports(), link="imports")
@requires(IMPORTS)
def index() -> Response:
    """List your imports, newest first.

    Administrators get the imports of all accounts.
    """
    query = parse_page(request_pairs())
    require_acceptable()
    body, links = read_page(query)
    return write_response(body.decode(), HTTPStatus.OK, links, tagged=False)


@imports.post("/imports")
@describe(CreateImport())
@requires(IMPORTS)
@streams_body
def upload() -> Response:
    """Import a file of books or authors.

    The file is the body, of any type, or the part `file` of a multipart body. Its format is detected, and the import
    begins in the background: `Location` is where to follow it.
    """
    return create()


@imports.get("/imports/<id:import_id>")
@describe(ReadImport())
@requires(IMPORTS)
def show(import_id: int) -> Response:
    """Read the state, the progress and the counts of an import."""
    parse.parse_options(request_pairs())
    require_acceptable()
    return _response(records.find(import_id), HTTPStatus.OK)


@imports.get("/imports/<id:import_id>/rejects")
@describe(ReadRejects())
@requires(IMPORTS)
def rejects(import_id: int) -> Response:
    """Download the rejected records of an import that has ended, in the format of its file.

    Correct them, and import them.
    """
    parse.parse_options(request_pairs())
    return rejects_response(records.find_with_deleted(import_id))


@imports.post("/imports/<id:import_id>/cancel")
@describe(CancelImport())
@requires(IMPORTS)
def cancel(import_id: int) -> Response:
    """Cancel an import.

    One that is running ends after its present batch. The records stored until then stay, and are counted.
    """
    parse.parse_options(request_pairs())
    require_acceptable()
    return _response(records.request_cancellation(import_id), HTTPStatus.ACCEPTED)


@imports.delete("/imports/<id:import_id>")
@describe(DeleteImport())
@requires(IMPORTS)
def destroy(import_id: int) -> Response:
    """Delete an import that has ended: its file, its rejects, and its entry in the list.

    The imported records stay.
    """
    parse.parse_options(request_pairs())
    require_acceptable()
    remove_folder(records.delete(import_id).payload["folder"])
    return write_response(None, HTTPStatus.NO_CONTENT)


def _response(row: ImportRow, status: HTTPStatus) -> Response:
    text = json.dumps(representation(row), ensure_ascii=False)
    return write_response(text, status, headers(row), tagged=False)
