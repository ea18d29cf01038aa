"""Lists of contributors that change when books or authors are merged, and back."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import ARRAY, BigInteger, DateTime, any_, bindparam, cast, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import Session

from app import insertion

from .models import Book, Contribution

Contributor = list[Any]  # the author's id, role, position and credited name
Contributors = list[Contributor]

_contributions = Contribution.__table__
_columns = ("author_id", "role", "position", "credited_as")


def joined(mine: Contributors, others: Contributors) -> Contributors:
    """The contributors of two books that are one: those of the second that are not of the first come behind."""
    return _without_doubles([*mine, *others])


def given_over(contributors: Contributors, old_id: int, survivor_id: int) -> Contributors:
    """A book's contributors, with one author in the place of another one."""
    own = {role: credited_as for author_id, role, _, credited_as in contributors if author_id == survivor_id}
    return _without_doubles(
        [
            [survivor_id, role, position, own.get(role) or credited_as]
            if author_id in (old_id, survivor_id)
            else [author_id, role, position, credited_as]
            for author_id, role, position, credited_as in contributors
        ]
    )


def _without_doubles(contributors: Contributors) -> Contributors:
    """The same author in the same role stands once, in the first place; positions are counted from 0."""
    found: dict[tuple[int, str], str | None] = {}
    for author_id, role, _, credited_as in contributors:
        found[author_id, role] = found.get((author_id, role)) or credited_as
    return [[author, role, place, name] for place, ((author, role), name) in enumerate(found.items())]


def same(some: Contributors, others: Contributors) -> bool:
    """Whether two lists say the same. Their order counts, not their positions: one who was deleted leaves a gap."""
    return [[one, role, name] for one, role, _, name in some] == [[one, role, name] for one, role, _, name in others]


def contributors_of(session: Session, books: Collection[int]) -> dict[int, Contributors]:
    """The contributors of each book, in their order."""
    each = func.json_build_array(*(_contributions.c[name] for name in _columns))
    in_order = func.json_agg(aggregate_order_by(each, _contributions.c.position, _contributions.c.author_id))
    of_books = _contributions.c.book_id == any_(_array(books))
    rows = select(_contributions.c.book_id, in_order).where(of_books).group_by(_contributions.c.book_id)
    found: dict[int, Contributors] = {row[0]: row[1] for row in session.execute(rows)}
    return {book_id: found.get(book_id, []) for book_id in books}


def store(session: Session, contributors: Mapping[int, Contributors]) -> None:
    """Let books have exactly these contributors."""
    session.execute(delete(_contributions).where(_contributions.c.book_id == any_(_array(contributors))))
    rows = [
        {"book_id": book_id, **dict(zip(_columns, contributor, strict=True))}
        for book_id, several in contributors.items()
        for contributor in several
    ]
    insertion.insert(session, _contributions, rows)


def books_of(session: Session, authors: Collection[int]) -> list[int]:
    """The ids of the books that authors contributed to."""
    of_authors = select(_contributions.c.book_id).where(_contributions.c.author_id == any_(_array(authors)))
    return list(session.scalars(of_authors.distinct()))


def lock_books(session: Session, books: Collection[int]) -> None:
    """Lock books in one order, so that two writers never wait for each other."""
    wanted = select(Book.id).where(Book.id == any_(_array(books))).order_by(Book.id)
    session.execute(wanted.with_for_update(key_share=True))


def times_of(session: Session, books: Collection[int]) -> dict[int, str]:
    """When each of the books that are still there last changed, as JSON has it."""
    rows = select(Book.id, func.to_json(Book.updated_at)).where(Book.id == any_(_array(books)))
    return {row[0]: row[1] for row in session.execute(rows)}


def changed_at(session: Session, books: Collection[int], moment: str) -> None:
    """Let a moment be that of the last change of books."""
    session.execute(update(Book).where(Book.id == any_(_array(books))).values(updated_at=moment))


def changed_back(session: Session, times: Mapping[int, str], moment: str) -> None:
    """Give books their times back, but for those that changed after `moment`, which change once more."""
    session.execute(_changed_back, {"rows": json.dumps(list(times.items())), "moment": moment})


_changed_back = text("""
    UPDATE books
    SET updated_at =
        CASE WHEN updated_at = :moment THEN CAST(before.item ->> 1 AS timestamptz) ELSE clock_timestamp() END
    FROM json_array_elements(CAST(:rows AS json)) AS before(item)
    WHERE id = CAST(before.item ->> 0 AS bigint)
""").bindparams(bindparam("moment", type_=DateTime(timezone=True)))


def _array(ids: Collection[int]) -> Any:
    return cast(list(ids), ARRAY(BigInteger))
