"""A book by its ISBN: any of its ISBNs reads it, the one of its field `isbn` writes it."""

from __future__ import annotations

from functools import lru_cache
from http import HTTPStatus

from flask import Response
from schema import SchemaError
from sqlalchemy import Text, bindparam, cast, func, select
from sqlalchemy.orm import Session

from app import bodies, reading, responses, statements, validation, writing
from app.preconditions import require_precondition
from app.problems import Conflict, Fault, InvalidIsbn, NotFound
from app.resource import Draft
from app.values import isbn as isbns
from app.values.flaw import flaw_in
from app.vocabulary import Faults
from extensions.database import transaction
from extensions.statement import Statement

from .models import Book
from .schemas import BOOKS, has_among_identifiers


def show(isbn: str) -> Response:
    """The answer to a GET: the book whose `isbn` it is, else the first that bears it among its identifiers."""
    digits = _digits(isbn)
    return reading.first(BOOKS, _statement, {"isbn": digits}, f"There is no book with the ISBN {digits}.")


def put(isbn: str) -> Response:
    """The answer to a PUT: the book of that `isbn` is replaced, or created where there is none."""
    digits = _digits(isbn)
    writing.begin()
    body = bodies.read()

    def work(session: Session) -> tuple[Book, str, bool]:
        try:
            book, _ = writing.locked(session, BOOKS, Book.isbn == digits, f"book with the ISBN {digits}")
        except NotFound:
            book = Book()
            require_precondition(None)
        new = book.id is None
        faults = Faults()
        values = validation.replaced(BOOKS, body, book.id, faults)
        if values.get("isbn") not in (None, digits):
            faults.add("/isbn", "mismatch", f"The path says {digits}; leave isbn out, or send the same.")
        text = writing.save_and_read(session, BOOKS, Draft(book, values | {"isbn": digits}), faults)
        return book, text, new

    try:
        book, text, new = transaction(work)
    except Conflict:  # somebody created the book in between: now there is one to replace
        book, text, new = transaction(work)
    if new:
        return responses.written(text, HTTPStatus.CREATED, [("Location", f"/books/{book.id}")])
    return responses.written(text, HTTPStatus.OK)


@lru_cache(maxsize=256)
def _statement(fields: tuple[str, ...]) -> Statement:
    digits = cast(bindparam("isbn"), Text)
    table = BOOKS.table
    its_own = select(table.c.id).where(table.c.isbn == digits).scalar_subquery()
    first = select(func.min(table.c.id)).where(has_among_identifiers(table, digits)).scalar_subquery()
    return statements.record(BOOKS, fields, table.c.id == func.coalesce(its_own, first))


def _digits(isbn: str) -> str:
    """The ISBN-13 of a path; raises `InvalidIsbn`."""
    try:
        return isbns.normalize(isbn)
    except SchemaError as error:
        flaw = flaw_in(error)
        raise InvalidIsbn(flaw, [Fault("path", "isbn", flaw.code, flaw)]) from None
