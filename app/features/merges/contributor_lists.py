"""Reads, joins and stores lists of contributors, for merges of books or authors and their undoing."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import ARRAY, BigInteger, DateTime, any_, bindparam, case, cast, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import Session

from app.books.models import Book, Contribution
from app.books.stale_search import STALE_BOOKS
from app.core.records.insert import insert_rows

ContributorList = list[list[Any]]  # of each contributor: id of the author, role, position, credited name

FEW_BOOKS = 200  # whose search data is refreshed at once
BOOKS_AT_ONCE = 10_000  # whose lists one statement changes well within its time

_contributions = Contribution.__table__
_columns = ("author_id", "role", "position", "credited_as")


def joined(mine: ContributorList, others: ContributorList) -> ContributorList:
    """Return the contributors of two merged books, those of the first one first."""
    return _without_duplicates([*mine, *others])


def replaced(contributors: ContributorList, old_id: int, survivor_id: int) -> ContributorList:
    """Return the contributors with one author replaced by another."""
    own = {role: credited_as for author_id, role, _, credited_as in contributors if author_id == survivor_id}
    return _without_duplicates(
        [
            [survivor_id, role, position, own.get(role) or credited_as]
            if author_id in (old_id, survivor_id)
            else [author_id, role, position, credited_as]
            for author_id, role, position, credited_as in contributors
        ]
    )


def _without_duplicates(contributors: ContributorList) -> ContributorList:
    """Return the contributors without duplicates, with positions counted from 0.

    An author may have several roles.
    """
    credits: dict[tuple[int, str], str | None] = {}
    for author_id, role, _, credited_as in contributors:
        credits[author_id, role] = credits.get((author_id, role)) or credited_as
    return [[author, role, index, name] for index, ((author, role), name) in enumerate(credits.items())]


def is_same_list(contributors: ContributorList, others: ContributorList) -> bool:
    """Return whether two lists have the same contributors in the same order.

    Positions may differ, because a contributor that was deleted leaves a gap.
    """
    return [[author, role, name] for author, role, _, name in contributors] == [
        [author, role, name] for author, role, _, name in others
    ]


def read_contributors(session: Session, books: Collection[int]) -> dict[int, ContributorList]:
    """Return the contributors of each book, in their order."""
    each = func.json_build_array(*(_contributions.c[name] for name in _columns))
    in_order = func.json_agg(aggregate_order_by(each, _contributions.c.position, _contributions.c.author_id))
    of_books = _contributions.c.book_id == any_(_array(books))
    rows = select(_contributions.c.book_id, in_order).where(of_books).group_by(_contributions.c.book_id)
    lists: dict[int, ContributorList] = {row[0]: row[1] for row in session.execute(rows)}
    return {book_id: lists.get(book_id, []) for book_id in books}


def change_author(
    session: Session,
    before: Mapping[int, ContributorList],
    after: Mapping[int, ContributorList],
    old_id: int,
    new_id: int,
) -> None:
    """Replace lists of contributors that differ in one author; the search data of the books stays as it is.

    Nearly always the new author has the place of the old one, and one statement changes all of these books.
    """
    session.execute(_leave_search_data)
    simple = [
        book_id
        for book_id, contributors in before.items()
        if all(author_id != new_id for author_id, *_ in contributors)
        and after[book_id] == [[new_id if each[0] == old_id else each[0], *each[1:]] for each in contributors]
    ]
    for start in range(0, len(simple), BOOKS_AT_ONCE):
        part = _array(simple[start : start + BOOKS_AT_ONCE])
        of_old = (_contributions.c.author_id == old_id, _contributions.c.book_id == any_(part))
        session.execute(update(_contributions).where(*of_old).values(author_id=new_id))
    rest = after.keys() - set(simple)
    if rest:
        store_contributors(session, {book_id: after[book_id] for book_id in sorted(rest)})
    session.execute(_follow_search_data)


_leave_search_data = text("SELECT set_config('catalog.contributors_given', 'on', true)")
_follow_search_data = text("SELECT set_config('catalog.contributors_given', 'off', true)")


def store_contributors(session: Session, contributors: Mapping[int, ContributorList]) -> None:
    """Replace the contributors of books."""
    session.execute(delete(_contributions).where(_contributions.c.book_id == any_(_array(contributors))))
    rows = [
        {"book_id": book_id, **dict(zip(_columns, contributor, strict=True))}
        for book_id, several in contributors.items()
        for contributor in several
    ]
    insert_rows(session, _contributions, rows)


def books_of_authors(session: Session, authors: Collection[int]) -> list[int]:
    """Return the ids of the books that authors contributed to."""
    of_authors = select(_contributions.c.book_id).where(_contributions.c.author_id == any_(_array(authors)))
    return list(session.scalars(of_authors.distinct()))


def mark_prolific(session: Session, author_id: int) -> bool:
    """Mark the books of an author as stale if they are many; return whether they are."""
    is_prolific = bool(session.scalar(select(func.is_prolific(author_id))))
    if is_prolific:
        session.execute(select(func.mark_stale(author_id)))
    return is_prolific


def lock_books(session: Session, books: Collection[int], *, free_only: bool = False) -> set[int]:
    """Lock books in one order, so that two writers never deadlock; return their ids.

    With `free_only`, books that another transaction holds are left out, and not waited for.
    """
    wanted = select(Book.id).where(Book.id == any_(_array(books))).order_by(Book.id)
    return set(session.scalars(wanted.with_for_update(key_share=True, skip_locked=free_only)))


def read_updated_at(session: Session, books: Collection[int]) -> dict[int, str]:
    """Return the `updated_at` of each book that exists, as JSON; a stale book has its future one."""
    rows = select(Book.id, func.to_json(_due)).outerjoin(STALE_BOOKS, STALE_BOOKS.c.book_id == Book.id)
    return {row[0]: row[1] for row in session.execute(rows.where(Book.id == any_(_array(books))))}


_due = case((STALE_BOOKS.c.expected == Book.updated_at, STALE_BOOKS.c.updated_at), else_=Book.updated_at)


def set_updated_at(session: Session, books: Collection[int], updated_at: str) -> None:
    """Set the `updated_at` of books, and refresh their search data: later, if they are many."""
    session.execute(_set_updated_at, {"books": list(books), "updated_at": updated_at})
    _refresh_few(session, books)


def reset_updated_at(session: Session, updated_at: Mapping[int, str], merged_at: str) -> None:
    """Set books back to their `updated_at` of before a merge, as `set_updated_at` does.

    Books that were changed since get the current time.
    """
    session.execute(_reset_updated_at, {"rows": json.dumps(list(updated_at.items())), "merged_at": merged_at})
    _refresh_few(session, updated_at)


def _refresh_few(session: Session, books: Collection[int]) -> None:
    if len(books) <= FEW_BOOKS:
        session.execute(select(func.refresh_books(_array(books))))


_mark_stale = """
    ON CONFLICT (book_id) DO UPDATE SET expected = excluded.expected, updated_at = excluded.updated_at
"""
_set_updated_at = text(f"""
    INSERT INTO stale_books (book_id, expected, updated_at)
    SELECT id, updated_at, :updated_at FROM books WHERE id = ANY (CAST(:books AS bigint[])) ORDER BY id
    {_mark_stale}
""").bindparams(bindparam("updated_at", type_=DateTime(timezone=True)))
_reset_updated_at = text(f"""
    INSERT INTO stale_books (book_id, expected, updated_at)
    SELECT
        id,
        books.updated_at,
        CASE WHEN :merged_at = CASE WHEN expected = books.updated_at THEN stale.updated_at ELSE books.updated_at END
            THEN CAST(before.item ->> 1 AS timestamptz) ELSE clock_timestamp() END
    FROM json_array_elements(CAST(:rows AS json)) AS before(item)
    JOIN books ON books.id = CAST(before.item ->> 0 AS bigint)
    LEFT JOIN stale_books AS stale ON stale.book_id = books.id
    ORDER BY id
    {_mark_stale}
""").bindparams(bindparam("merged_at", type_=DateTime(timezone=True)))


def _array(ids: Collection[int]) -> Any:
    return cast(list(ids), ARRAY(BigInteger))
