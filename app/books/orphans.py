"""What becomes of books when an author is deleted."""

from __future__ import annotations

from typing import Any

from flask import Response
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from app import query, writing
from app.addresses import parameters
from app.authors.models import Author
from app.authors.schemas import AUTHORS
from app.problems import Fault, InvalidQuery

from .models import Book, Contribution

PARAMETER = {
    "name": "books",
    "in": "query",
    "description": "`keep` keeps the books that would be left without any contributor",
    "schema": {"type": "string", "enum": ["keep"], "examples": ["keep"]},
}


def destroy_author(author_id: int) -> Response:
    """The answer to a DELETE of an author; their books without another contributor go with them, unless kept."""
    choice = query.parse_only(parameters(), ("books",)).get("books")
    if choice not in (None, "keep"):
        detail = "books takes keep; leave it out to delete the books that no one else contributed to."
        raise InvalidQuery(detail, [Fault("query", "books", "not_allowed", detail)])

    def lock(session: Session) -> None:
        _lock_books(session, author_id)

    def delete_with_books(session: Session, author: Any) -> None:
        _delete(session, author, keep=choice == "keep")

    return writing.destroy_by(AUTHORS, author_id, delete_with_books, lock)


def _lock_books(session: Session, author_id: int) -> list[int]:
    """Lock the books of an author, and return their ids.

    A write to a book locks the book and then its authors; in the same order the two never wait for each other.
    """
    of_author = select(Contribution.book_id).where(Contribution.author_id == author_id)
    return list(session.scalars(select(Book.id).where(Book.id.in_(of_author)).order_by(Book.id).with_for_update()))


def _delete(session: Session, author: Author, *, keep: bool) -> None:
    # The author is locked, so nobody can add to their contributions, and so are the books, with those that came
    # before the lock; nobody can take another contributor away while they are judged.
    books = _lock_books(session, author.id)
    if not keep:
        others = select(Contribution.book_id).where(
            Contribution.book_id.in_(books), Contribution.author_id != author.id
        )
        session.execute(delete(Book).where(Book.id.in_(books), Book.id.not_in(others)))
    session.execute(update(Book).where(Book.id.in_(books)).values(updated_at=func.clock_timestamp()))
    session.delete(author)
