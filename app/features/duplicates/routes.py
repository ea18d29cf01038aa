"""``/books/duplicates`` and ``/authors/duplicates``."""

from __future__ import annotations

from flask import Blueprint, Response

from app.authors.resource import AUTHORS
from app.books.resource import BOOKS
from app.core.openapi import describe
from app.http.access.rights import READ, requires

from .authors import AUTHOR_DUPLICATES
from .books import BOOK_DUPLICATES
from .openapi import ListDuplicates
from .page import list_duplicates

duplicates = Blueprint("duplicates", __name__)


@duplicates.get("/books/duplicates")
@describe(ListDuplicates(BOOKS), id="books_duplicates", link="duplicate_books")
@requires(READ)
def duplicate_books() -> Response:
    """List probable duplicates among books, the likeliest first.

    A page may have fewer groups than `limit`, or none, without being the last: follow `links.next` until it is null.
    """
    return list_duplicates(BOOK_DUPLICATES)


@duplicates.get("/authors/duplicates")
@describe(ListDuplicates(AUTHORS), id="books_duplicate_authors", link="duplicate_authors")
@requires(READ)
def duplicate_authors() -> Response:
    """List probable duplicates among authors, the likeliest first.

    A page may have fewer groups than `limit`, or none, without being the last: follow `links.next` until it is null.
    """
    return list_duplicates(AUTHOR_DUPLICATES)
