"""Reads a book by any of its ISBNs, and writes a book by its `isbn`."""

from __future__ import annotations

from functools import lru_cache
from http import HTTPStatus

from flask import Response
from schema import SchemaError
from sqlalchemy import Text, bindparam, cast, func, select
from sqlalchemy.orm import Session

from app.core.fields import Faults
from app.core.records.read import show_planned
from app.core.records.validate import require_same_id, validate_replacement
from app.core.records.write import begin, lock_record, save_and_read
from app.core.resource import Draft
from app.core.sql.plan import ReadPlan
from app.core.sql.statements import record_where
from app.http.body import read_json
from app.http.headers.conditional import require_precondition
from app.http.problems import Conflict, Fault, InvalidIsbn, NotFound
from app.http.responses import write_response
from app.http.urls import link
from app.values import isbn
from app.values.error_detail import detail_in
from extensions.database import Statement, transaction

from .models import Book
from .resource import BOOKS, has_among_identifiers

ISBN_PARAMETER = {
    "name": "isbn",
    "in": "path",
    "required": True,
    "description": "An ISBN of 10 or 13 digits; hyphens and spaces do not matter",
    "schema": {"type": "string", "pattern": isbn.PATTERN},
    "example": "9780441478125",
}


def show_book(text: str) -> Response:
    """Return the response to a GET of the book of an ISBN.

    A book with this `isbn` comes before one with it among its identifiers; of the latter, the lowest id is returned.
    """
    digits = _digits(text)
    missing = f"There is no book with the ISBN {digits}."
    return show_planned(BOOKS, lambda fields: ReadPlan(_statement(fields), {"isbn": digits}), missing)


def put_book(text: str) -> Response:
    """Return the response to a PUT, which replaces or creates the book."""
    digits = _digits(text)
    begin()
    body = read_json()
    faults_of_body = Faults()
    values = validate_replacement(BOOKS, body, None, faults_of_body)
    if values.get("isbn") not in (None, digits):
        detail = f"isbn must be the ISBN in the path, {digits}. Send that, or leave isbn out."
        faults_of_body.add("/isbn", "mismatch", detail)

    def work(session: Session) -> tuple[Book, str, bool]:
        try:
            book, _ = lock_record(session, BOOKS, Book.isbn == digits, f"book with the ISBN {digits}")
        except NotFound:
            book = Book()
            require_precondition(None)
        is_new = book.id is None
        faults = Faults(faults_of_body)
        require_same_id(body, book.id, faults)
        text = save_and_read(session, BOOKS, Draft(book, values | {"isbn": digits}), faults)
        return book, text, is_new

    try:
        book, text, is_new = transaction(work)
    except Conflict:  # another request created the book meanwhile: now it can be replaced
        book, text, is_new = transaction(work)
    if is_new:
        return write_response(text, HTTPStatus.CREATED, [("Location", link(f"/books/{book.id}"))])
    return write_response(text, HTTPStatus.OK)


@lru_cache(maxsize=256)
def _statement(fields: tuple[str, ...]) -> Statement:
    digits = cast(bindparam("isbn"), Text)
    table = BOOKS.table
    own = select(table.c.id).where(table.c.isbn == digits).scalar_subquery()
    first = select(func.min(table.c.id)).where(has_among_identifiers(table, digits)).scalar_subquery()
    return record_where(BOOKS, fields, table.c.id == func.coalesce(own, first))


def _digits(text: str) -> str:
    """Return the ISBN-13 of a path. Raises `InvalidIsbn`."""
    try:
        return isbn.normalize(text)
    except SchemaError as error:
        detail = detail_in(error)
        raise InvalidIsbn.from_fault(Fault("path", "isbn", detail.code, detail)) from None
