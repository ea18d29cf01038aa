"""``/books``, and the routes of an author that concern books."""

from __future__ import annotations

from flask import Blueprint, Response

from app.authors.resource import AUTHORS
from app.core.openapi import describe
from app.core.openapi.operations import (
    CreateRecords,
    DeleteRecord,
    ListRecords,
    PatchRecord,
    ReadRecord,
    ReplaceRecord,
)
from app.core.records import read, write
from app.http.access.rights import READ, WRITE, requires

from .isbn import ISBN_PARAMETER, put_book, show_book
from .of_author import BOOKS_PARAMETER, delete_author, list_books
from .resource import BOOKS

books = Blueprint("books", __name__)


@books.get("/books")
@describe(ListRecords(BOOKS), link="books")
@requires(READ)
def index() -> Response:
    """List books."""
    return read.index(BOOKS)


@books.post("/books")
@describe(CreateRecords(BOOKS))
@requires(WRITE)
def create() -> Response:
    """Add a book, or up to 1,000 at once."""
    return write.create(BOOKS)


@books.get("/books/<id:book_id>")
@describe(ReadRecord(BOOKS))
@requires(READ)
def show(book_id: int) -> Response:
    """Read one book."""
    return read.show(BOOKS, book_id)


@books.put("/books/<id:book_id>")
@describe(ReplaceRecord(BOOKS))
@requires(WRITE)
def replace(book_id: int) -> Response:
    """Replace a book; omitted fields become null or empty."""
    return write.replace(BOOKS, book_id)


@books.patch("/books/<id:book_id>")
@describe(PatchRecord(BOOKS))
@requires(WRITE)
def patch(book_id: int) -> Response:
    """Change some fields of a book."""
    return write.patch(BOOKS, book_id)


@books.delete("/books/<id:book_id>")
@describe(DeleteRecord(BOOKS))
@requires(WRITE)
def destroy(book_id: int) -> Response:
    """Delete a book; its authors stay."""
    return write.destroy(BOOKS, book_id)


@books.get("/books/isbn/<isbn>")
@describe(ReadRecord(BOOKS, by=ISBN_PARAMETER), link="book_by_isbn")
@requires(READ)
def show_by_isbn(isbn: str) -> Response:
    """Read the book of an ISBN."""
    return show_book(isbn)


@books.put("/books/isbn/<isbn>")
@describe(ReplaceRecord(BOOKS, by=ISBN_PARAMETER))
@requires(WRITE)
def put_by_isbn(isbn: str) -> Response:
    """Create or replace the book of an ISBN."""
    return put_book(isbn)


@books.get("/authors/<id:author_id>/books")
@describe(ListRecords(BOOKS, parent=AUTHORS), link="books_of_an_author")
@requires(READ)
def index_of_author(author_id: int) -> Response:
    """List the books of an author."""
    return list_books(author_id)


@books.delete("/authors/<id:author_id>")
@describe(DeleteRecord(AUTHORS, BOOKS_PARAMETER))
@requires(WRITE)
def destroy_author(author_id: int) -> Response:
    """Delete an author, and the books that have no other contributor."""
    return delete_author(author_id)
