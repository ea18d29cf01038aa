"""``/books``, and what concerns an author's books: their list, and what becomes of them when the author is deleted."""

from __future__ import annotations

from flask import Blueprint, Response

from app import duplicates as find_duplicates
from app import merging, reading, writing
from app.authors.schemas import AUTHORS
from app.documentation import describe

from . import by_isbn, orphans
from .author_duplicates import AUTHOR_DUPLICATES
from .duplicates import BOOK_DUPLICATES
from .merge import AUTHOR_MERGING, BOOK_MERGING
from .schemas import BOOKS

books = Blueprint("books", __name__)


@books.get("/books")
@describe(BOOKS, "index")
def index() -> Response:
    """List books."""
    return reading.index(BOOKS)


@books.post("/books")
@describe(BOOKS, "create")
def create() -> Response:
    """Add a book, or up to 1,000 at once."""
    return writing.create(BOOKS)


@books.get("/books/<id:book_id>")
@describe(BOOKS, "show")
def show(book_id: int) -> Response:
    """Read one book."""
    return reading.show(BOOKS, book_id)


@books.put("/books/<id:book_id>")
@describe(BOOKS, "replace")
def replace(book_id: int) -> Response:
    """Replace a book; what is left out becomes unknown or empty."""
    return writing.replace(BOOKS, book_id)


@books.patch("/books/<id:book_id>")
@describe(BOOKS, "patch")
def patch(book_id: int) -> Response:
    """Change some fields of a book."""
    return writing.patch(BOOKS, book_id)


@books.delete("/books/<id:book_id>")
@describe(BOOKS, "destroy")
def destroy(book_id: int) -> Response:
    """Delete a book; its authors stay."""
    return writing.destroy(BOOKS, book_id)


@books.get("/books/isbn/<isbn>")
@describe(BOOKS, "show", by="isbn")
def show_by_isbn(isbn: str) -> Response:
    """Read the book of an ISBN."""
    return by_isbn.show(isbn)


@books.put("/books/isbn/<isbn>")
@describe(BOOKS, "replace", by="isbn")
def put_by_isbn(isbn: str) -> Response:
    """Create or replace the book of an ISBN."""
    return by_isbn.put(isbn)


@books.get("/authors/<id:author_id>/books")
@describe(BOOKS, "index", parent=AUTHORS)
def index_of_author(author_id: int) -> Response:
    """List the books of an author."""
    return reading.index_of(BOOKS, AUTHORS, author_id, "author_id")


@books.get("/books/duplicates")
@describe(BOOKS, "duplicates")
def duplicates() -> Response:
    """List books that may be one and the same, the likeliest first.

    A page may have fewer groups than `limit`, or none, while `links.next` leads on.
    """
    return find_duplicates.index(BOOK_DUPLICATES)


@books.get("/authors/duplicates")
@describe(AUTHORS, "duplicates")
def duplicate_authors() -> Response:
    """List authors who may be one and the same, the likeliest first.

    A page may have fewer groups than `limit`, or none, while `links.next` leads on.
    """
    return find_duplicates.index(AUTHOR_DUPLICATES)


@books.post("/books/<id:book_id>/merge")
@describe(BOOKS, "merge", parameters=(merging.PARAMETER,))
def merge(book_id: int) -> Response:
    """Merge books that are one and the same into this one.

    It takes what they know and it does not. Their ids lead to it from then on.
    """
    return merging.merge(BOOK_MERGING, book_id)


@books.post("/books/<id:book_id>/unmerge")
@describe(BOOKS, "unmerge", parameters=(merging.PARAMETER,))
def unmerge(book_id: int) -> Response:
    """Undo the latest merges into a book.

    All is as it was, until a later change makes that impossible.
    """
    return merging.unmerge(BOOK_MERGING, book_id)


@books.post("/authors/<id:author_id>/merge")
@describe(AUTHORS, "merge", parameters=(merging.PARAMETER,))
def merge_author(author_id: int) -> Response:
    """Merge authors who are one and the same into this one.

    This one takes over what they contributed to, their names as alternate names, and what else is known of them. Their
    ids lead to this one from then on.
    """
    return merging.merge(AUTHOR_MERGING, author_id)


@books.post("/authors/<id:author_id>/unmerge")
@describe(AUTHORS, "unmerge", parameters=(merging.PARAMETER,))
def unmerge_author(author_id: int) -> Response:
    """Undo the latest merges into an author.

    All is as it was, until a later change makes that impossible.
    """
    return merging.unmerge(AUTHOR_MERGING, author_id)


@books.delete("/authors/<id:author_id>")
@describe(AUTHORS, "destroy", parameters=(orphans.PARAMETER,))
def destroy_author(author_id: int) -> Response:
    """Delete an author, and the books that would be left without any contributor."""
    return orphans.destroy_author(author_id)
