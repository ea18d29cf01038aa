"""Merging of authors, which moves their contributions to books."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from app.authors.resource import AUTHORS
from app.books.resource import BOOKS
from app.core.records.redirects import survivors_of
from app.http.problems import Conflict
from app.values.json_value import Json

from .contributor_lists import (
    books_of_authors,
    change_author,
    is_same_list,
    lock_books,
    mark_prolific,
    read_contributors,
    read_updated_at,
    replaced,
    reset_updated_at,
    set_updated_at,
)
from .merging import MergedRow, Merging, united


class AuthorMerging(Merging):
    """Merges authors: names become alternate names, and contributions move."""

    resource = AUTHORS
    shows_moved = False

    def unite(self, survivor: MergedRow, old: MergedRow) -> MergedRow:
        names = [name for name in (old["name"], *old["alternate_names"]) if name != survivor["name"]]
        return united(AUTHORS, survivor, {**old, "alternate_names": names})

    def lock(self, session: Session, survivor_id: int, old_ids: Sequence[int], moved: Sequence[Json]) -> set[int]:
        """Lock the books that move, those to restore, and those of the survivor, or its mark if they are many.

        Every write locks marks, books and authors in this order, so that two never deadlock.
        """
        authors = old_ids if mark_prolific(session, survivor_id) else [survivor_id, *old_ids]
        books = {int(book_id) for books in moved for book_id in books}.union(books_of_authors(session, authors))
        lock_books(session, sorted(books))
        return books

    def lock_rest(self, session: Session, old_ids: Sequence[int], locked: set[int]) -> bool:
        """Lock the books that the old authors got before they were locked themselves.

        A writer that holds one of them may wait for the author, so it is not waited for.
        """
        added = set(books_of_authors(session, old_ids)) - locked
        return not added or lock_books(session, added, free_only=True) == added

    def move(self, session: Session, old_id: int, survivor_id: int, merged_at: str) -> Json:
        before = read_contributors(session, books_of_authors(session, [old_id]))
        updated_at = read_updated_at(session, before)
        after = {book_id: replaced(contributors, old_id, survivor_id) for book_id, contributors in before.items()}
        change_author(session, before, after, old_id, survivor_id)
        set_updated_at(session, before, merged_at)
        return {
            str(book_id): {"updated_at": updated_at[book_id], "contributors": contributors}
            for book_id, contributors in before.items()
        }

    def restore(self, session: Session, old_id: int, survivor_id: int, merged_at: str, moved: Json) -> None:
        """Move the contributions back, except those to books that were deleted since."""
        before = {int(book_id): book for book_id, book in moved.items()}
        for book_id, into in survivors_of(session, BOOKS, before).items():
            raise Conflict(
                f"The merge of author {old_id} cannot be undone: book {book_id} has since been merged into book "
                f"{into}. Undo that merge first."
            )
        existing = read_updated_at(session, before)
        current_lists = read_contributors(session, existing)
        for book_id, current in current_lists.items():
            if not is_same_list(current, replaced(before[book_id]["contributors"], old_id, survivor_id)):
                raise Conflict(
                    f"The merge of author {old_id} cannot be undone: the contributors of book {book_id} have changed "
                    "since. Restore them first."
                )
        lists = {book_id: before[book_id]["contributors"] for book_id in existing}
        change_author(session, current_lists, lists, survivor_id, old_id)
        reset_updated_at(session, {book_id: before[book_id]["updated_at"] for book_id in existing}, merged_at)


AUTHOR_MERGING = AuthorMerging()
