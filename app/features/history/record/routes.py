"""``…/changes``, ``…/versions/…`` and ``…/restore`` of books and authors."""

from __future__ import annotations

from flask import Blueprint, Response

from app.authors.resource import AUTHORS
from app.books.resource import BOOKS
from app.core.openapi import describe
from app.http.access.rights import READ, WRITE, requires

from .openapi import ListChangesOfRecord, ReadVersion, RestoreRecord
from .page import list_changes
from .restore import restore
from .versions import show_version

record_history = Blueprint("record_history", __name__)


@record_history.get("/books/<id:book_id>/changes")
@describe(ListChangesOfRecord(BOOKS), id="books_changes")
@requires(READ)
def list_book_changes(book_id: int) -> Response:
    """List the changes of a book, newest first.

    Also of a book that was deleted or merged: a merged id has its own changes, without a redirect.
    """
    return list_changes(BOOKS, book_id)


@record_history.get("/books/<id:book_id>/versions/<id:position>")
@describe(ReadVersion(BOOKS), id="books_version")
@requires(READ)
def show_book_version(book_id: int, position: int) -> Response:
    """Read a book as it was after one of its changes.

    Contributors have the names that they had then.
    """
    return show_version(BOOKS, book_id, position)


@record_history.post("/books/<id:book_id>/restore")
@describe(RestoreRecord(BOOKS), id="books_restore")
@requires(WRITE)
def restore_book(book_id: int) -> Response:
    """Restore a version of a book, or undo one of its changes.

    A deleted book comes back under its id. If a creation is undone, the book is deleted, and the response has its last
    representation without an ETag.
    """
    return restore(BOOKS, book_id)


@record_history.get("/authors/<id:author_id>/changes")
@describe(ListChangesOfRecord(AUTHORS), id="authors_changes")
@requires(READ)
def list_author_changes(author_id: int) -> Response:
    """List the changes of an author, newest first.

    Also of an author that was deleted or merged: a merged id has its own changes, without a redirect.
    """
    return list_changes(AUTHORS, author_id)


@record_history.get("/authors/<id:author_id>/versions/<id:position>")
@describe(ReadVersion(AUTHORS), id="authors_version")
@requires(READ)
def show_author_version(author_id: int, position: int) -> Response:
    """Read an author as it was after one of its changes."""
    return show_version(AUTHORS, author_id, position)


@record_history.post("/authors/<id:author_id>/restore")
@describe(RestoreRecord(AUTHORS), id="authors_restore")
@requires(WRITE)
def restore_author(author_id: int) -> Response:
    """Restore a version of an author, or undo one of its changes.

    A deleted author comes back under its id, without the books that were deleted with it: these are records of their
    own, whose changes have the same `request_id`. If a creation is undone, the author is deleted, and the response has
    its last representation without an ETag.
    """
    return restore(AUTHORS, author_id)
