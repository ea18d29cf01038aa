"""``…/merge`` and ``…/unmerge`` of books and authors."""

from __future__ import annotations

from flask import Blueprint, Response

from app.authors.resource import AUTHORS
from app.books.resource import BOOKS
from app.core.openapi import describe
from app.http.access.rights import WRITE, requires

from .authors import AUTHOR_MERGING
from .books import BOOK_MERGING
from .merge import merge, unmerge
from .openapi import MergeRecords, UnmergeRecords

merges = Blueprint("merges", __name__)


@merges.post("/books/<id:book_id>/merge")
@describe(MergeRecords(BOOKS), id="books_merge")
@requires(WRITE)
def merge_books(book_id: int) -> Response:
    """Merge duplicates of this book into it.

    It gets the values that it lacks and the contributors of the others. From then on their ids redirect to it (308).
    """
    return merge(BOOK_MERGING, book_id)


@merges.post("/books/<id:book_id>/unmerge")
@describe(UnmergeRecords(BOOKS), id="books_unmerge")
@requires(WRITE)
def unmerge_books(book_id: int) -> Response:
    """Undo the latest merges into a book.

    The merged books are restored. If a later change prevents that, the response is a 409 that names the change.
    """
    return unmerge(BOOK_MERGING, book_id)


@merges.post("/authors/<id:author_id>/merge")
@describe(MergeRecords(AUTHORS), id="books_merge_author")
@requires(WRITE)
def merge_authors(author_id: int) -> Response:
    """Merge duplicates of this author into it.

    This author gets their contributions, their names as alternate names, and the values that it lacks. From then on
    their ids redirect to this author (308).
    """
    return merge(AUTHOR_MERGING, author_id)


@merges.post("/authors/<id:author_id>/unmerge")
@describe(UnmergeRecords(AUTHORS), id="books_unmerge_author")
@requires(WRITE)
def unmerge_authors(author_id: int) -> Response:
    """Undo the latest merges into an author.

    The merged authors are restored. If a later change prevents that, the response is a 409 that names the change.
    """
    return unmerge(AUTHOR_MERGING, author_id)
