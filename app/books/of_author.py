"""The books of an author: their list, and their deletion with the author."""

from __future__ import annotations

from typing import Any

from flask import Response
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from app.authors.models import Author
from app.authors.resource import AUTHORS
from app.core.query.pairs import request_pairs
from app.core.query.parse import parse_options
from app.core.records import read, write
from app.http.problems import Fault, InvalidQuery
from extensions.database import Retry

from .models import Book, Contribution
from .resource import BOOKS

BOOKS_PARAMETER = {
    "name": "books",
    "in": "query",
    "description": "`keep` does not delete the books that would be left without a contributor",
    "schema": {"type": "string", "enum": ["keep"], "examples": ["keep"]},
}


def list_books(author_id: int) -> Response:
    """Return the response to a GET of an author's books."""
    return read.index_of(BOOKS, AUTHORS, author_id, "author_id")


def delete_author(author_id: int) -> Response:
    """Return the response to a DELETE of an author.

    Their books without other contributors are deleted too, unless the client keeps them.
    """
    choice = parse_options(request_pairs(), ("books",)).get("books")
    if choice not in (None, "keep"):
        detail = "books can only have the value keep. Leave it out to delete the books without other contributors, too."
        raise InvalidQuery.from_fault(Fault("query", "books", "not_allowed", detail))

    locked: set[int] = set()

    def lock(session: Session) -> None:
        locked.clear()
        locked.update(_lock_books(session, author_id))

    def delete_with_books(session: Session, author: Any) -> None:
        added = sorted(_books_of(session, author_id) - locked)  # before the author was locked
        # A writer that holds one of them may wait for the author.
        if len(_lock_free_books(session, added)) < len(added):
            raise Retry
        locked.update(added)
        _delete(session, author, locked, keep=choice == "keep")

    return write.destroy_by(AUTHORS, author_id, delete_with_books, lock)


def _books_of(session: Session, author_id: int) -> set[int]:
    return set(session.scalars(select(Contribution.book_id).where(Contribution.author_id == author_id)))


def _lock_books(session: Session, author_id: int) -> list[int]:
    """Lock the books of an author, and return their ids.

    A write to a book locks the book, then its authors; the same order here prevents deadlocks.
    """
    of_author = select(Contribution.book_id).where(Contribution.author_id == author_id)
    return list(session.scalars(select(Book.id).where(Book.id.in_(of_author)).order_by(Book.id).with_for_update()))


def _lock_free_books(session: Session, book_ids: list[int]) -> list[int]:
    """Lock those of some books that no other transaction holds, and return their ids."""
    free = select(Book.id).where(Book.id.in_(book_ids)).order_by(Book.id).with_for_update(skip_locked=True)
    return list(session.scalars(free)) if book_ids else []


def _delete(session: Session, author: Author, books: set[int], *, keep: bool) -> None:
    # The author is locked, so it gets no more contributions; its books are, so that they lose no other contributor.
    if not keep:
        others = select(Contribution.book_id).where(
            Contribution.book_id.in_(books), Contribution.author_id != author.id
        )
        session.execute(delete(Book).where(Book.id.in_(books), Book.id.not_in(others)))
    session.delete(author)
    session.flush()
    session.execute(update(Book).where(Book.id.in_(books)).values(updated_at=func.clock_timestamp()))
