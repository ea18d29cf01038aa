"""``/authors``. The routes that concern an author's books are in ``books``."""

from __future__ import annotations

from flask import Blueprint, Response

from app.core.openapi import describe
from app.core.openapi.operations import CreateRecords, ListRecords, PatchRecord, ReadRecord, ReplaceRecord
from app.core.records import read, write
from app.http.access.rights import READ, WRITE, requires

from .resource import AUTHORS

authors = Blueprint("authors", __name__, url_prefix="/authors")


@authors.get("")
@describe(ListRecords(AUTHORS), link="authors")
@requires(READ)
def index() -> Response:
    """List authors."""
    return read.index(AUTHORS)


@authors.post("")
@describe(CreateRecords(AUTHORS))
@requires(WRITE)
def create() -> Response:
    """Add an author, or up to 1,000 at once."""
    return write.create(AUTHORS)


@authors.get("/<id:author_id>")
@describe(ReadRecord(AUTHORS))
@requires(READ)
def show(author_id: int) -> Response:
    """Read one author."""
    return read.show(AUTHORS, author_id)


@authors.put("/<id:author_id>")
@describe(ReplaceRecord(AUTHORS))
@requires(WRITE)
def replace(author_id: int) -> Response:
    """Replace an author; omitted fields become null or empty."""
    return write.replace(AUTHORS, author_id)


@authors.patch("/<id:author_id>")
@describe(PatchRecord(AUTHORS))
@requires(WRITE)
def patch(author_id: int) -> Response:
    """Change some fields of an author."""
    return write.patch(AUTHORS, author_id)
