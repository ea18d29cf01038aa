"""The order of a category's favorites: dense ranks from 1, changed under the lock of the category.

Every write of a favorite first locks its book, then its categories in the order of their ids, then the favorite, so
that writers wait for each other and never deadlock. Ranks follow from a list of ids: one statement stores all that
changed, which the deferrable unique constraint allows.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from sqlalchemy import BigInteger, Update, bindparam, cast, column, func, select, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from app.books.models import Book
from app.books.resource import BOOKS
from app.core.records.redirects import survivors_of
from app.features.favorites.models import Category, Favorite
from app.http.access.gate import current_identity
from extensions.database import Retry

MOVES_MOST = 100  # of a favorite by other writes, while one waits for its category


class Orders:
    """The orders of locked categories, as one transaction changes them: the ids of their favorites, by rank."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._stored: dict[int, tuple[int, ...]] = {}
        self._orders: dict[int, list[int]] = {}

    def of_category(self, category_id: int) -> list[int]:
        """Return the order of a category."""
        if category_id not in self._orders:
            ranked = select(Favorite.id).where(Favorite.category_id == category_id).order_by(Favorite.ranking)
            self._stored[category_id] = tuple(self._session.scalars(ranked))
            self._orders[category_id] = list(self._stored[category_id])
        return self._orders[category_id]

    def remove(self, category_id: int, favorite_id: int) -> None:
        """Remove a favorite; those below it move up."""
        self.of_category(category_id).remove(favorite_id)

    def insert(self, category_id: int, favorite_id: int, ranking: int | None) -> None:
        """Insert a favorite at a rank, None for the end; those from there on move down."""
        order = self.of_category(category_id)
        order.insert(len(order) if ranking is None else ranking - 1, favorite_id)

    def replace(self, category_id: int, ids: list[int]) -> None:
        """Replace an order by another one of the same favorites."""
        self.of_category(category_id)[:] = ids

    def store(self) -> None:
        """Store the ranks that have changed.

        The category changes with the order of its favorites, so that an ETag of it can protect the order.
        """
        for category_id, order in self._orders.items():
            if tuple(order) == self._stored[category_id]:
                continue
            changed = update(Category).where(Category.id == category_id).values(updated_at=func.clock_timestamp())
            for statement, values in ((STORE_RANKS, {"ids": order}), (changed, {})):
                self._session.execute(statement, values, execution_options={"synchronize_session": False})


def own_account() -> int:
    """Return the id of the account of the current request, which the gate has required."""
    account_id = current_identity().account_id
    assert account_id is not None
    return account_id


def lock_books(session: Session, ids: Collection[int]) -> dict[int, tuple[int, str]]:
    """Lock books against deletion and merging; return id and title by requested id, of a merged one the survivor's."""
    found = _lock_books(session, ids)
    survivors = survivors_of(session, BOOKS, set(ids) - found.keys())
    found |= _lock_books(session, set(survivors.values()) - found.keys())
    return {book_id: found[target] for book_id in ids if (target := survivors.get(book_id, book_id)) in found}


def _lock_books(session: Session, ids: Collection[int]) -> dict[int, tuple[int, str]]:
    if not ids:
        return {}
    books = select(Book.id, Book.title).where(Book.id.in_(ids)).order_by(Book.id)
    rows = session.execute(books.with_for_update(read=True, key_share=True))
    return {book_id: (book_id, title) for book_id, title in rows}


def lock_categories(session: Session, account_id: int, ids: Iterable[int]) -> dict[int, Category]:
    """Lock categories of an account in the order of their ids, and return those that exist by id."""
    own = select(Category).where(Category.account_id == account_id, Category.id.in_(set(ids)))
    locked = own.order_by(Category.id).with_for_update(key_share=True).execution_options(populate_existing=True)
    return {category.id: category for category in session.scalars(locked)}


def lock_places(
    session: Session, account_id: int, favorite_id: int, books: Collection[int], categories: Collection[int]
) -> None:
    """Lock the book and the category of a favorite of an account, if there is one, and further ones.

    Its book is locked too, because Postgres checks the reference once more when one transaction writes a row twice.
    Raises `Retry` if other writes move the favorite all the time.
    """
    for _ in range(MOVES_MOST):
        present = _place_of(session, account_id, favorite_id)
        if present is None:
            return
        category_id, book_id = present
        # A savepoint, because its end releases the locks: in another category, the order of the ids may be another.
        attempt = session.begin_nested()
        lock_books(session, {*books, *([] if book_id is None else [book_id])})
        lock_categories(session, account_id, [category_id, *categories])
        if _place_of(session, account_id, favorite_id) == present:
            attempt.commit()
            return
        attempt.rollback()
    raise Retry


def _place_of(session: Session, account_id: int, favorite_id: int) -> tuple[int, int | None] | None:
    """Return the ids of a favorite's category and book."""
    own = (Favorite.id == favorite_id, Favorite.account_id == account_id)
    row = session.execute(select(Favorite.category_id, Favorite.book_id).where(*own)).one_or_none()
    return None if row is None else (row[0], row[1])


def _store_ranks() -> Update:
    """Return the statement that stores the ranks of favorites, whose ids ``:ids`` are in order."""
    listed = func.unnest(cast(bindparam("ids"), ARRAY(BigInteger))).table_valued(
        column("id", BigInteger), with_ordinality="ranking"
    )
    new = listed.render_derived(name="new")
    changed = update(Favorite).where(Favorite.id == new.c.id, Favorite.ranking != new.c.ranking)
    # Ranks follow other favorites, so they do not count as a change of the record.
    return changed.values(ranking=new.c.ranking, updated_at=Favorite.updated_at)


STORE_RANKS = _store_ranks()
