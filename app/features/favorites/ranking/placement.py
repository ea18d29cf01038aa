"""Where a favorite goes: its book, its category and its rank there, and whether it fits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select, tuple_
from sqlalchemy.orm import Session

from app.books.models import Book
from app.core.fields import Faults
from app.core.resource import Draft
from app.features.favorites.attributes.definitions import attributes_of, validate_values
from app.features.favorites.models import FAVORITES_MOST, Category, Favorite
from app.http.problems import Conflict, Fault
from app.http.urls import link

from .ranks import Orders, own_account

Books = dict[int, tuple[int, str]]  # id and title by requested id


@dataclass
class Placement:
    """The result of `place`."""

    orders: Orders
    category_id: int
    former_category_id: int | None  # None: of a new favorite
    size: int  # favorites of the category before this one
    ranking: int | None  # None: the end of a category that is new to it, else the present rank

    @property
    def enters(self) -> bool:
        """Whether the favorite is new in the category."""
        return self.category_id != self.former_category_id

    def move(self, favorite_id: int) -> None:
        """Change the orders of the categories."""
        if not self.enters and self.ranking is None:
            return
        if self.former_category_id is not None:
            self.orders.remove(self.former_category_id, favorite_id)
        self.orders.insert(self.category_id, favorite_id, self.ranking)


class Places:
    """The places of the drafts of one request, one after the other."""

    def __init__(
        self, session: Session, books: Books, categories: dict[int, Category], orders: Orders, faults: Faults
    ) -> None:
        """`categories` are the locked ones by id, `books` the locked ones."""
        self._session, self._books, self._categories = session, books, categories
        self._orders, self._faults = orders, faults
        self._entered: dict[int, int] = {}  # drafts before this one, by category

    def place(self, draft: Draft) -> Placement | None:
        """Complete and validate the values of a draft; return its place, None if its category is unknown."""
        self._validate_book_and_title(draft)
        category_id = draft.values.get("category_id", draft.record.category_id)
        if category_id is None:  # invalid
            return None
        category = self._categories.get(category_id)
        if category is None:
            detail = f"There is no category {category_id}. Correct the id, or list yours with GET /categories."
            self._faults.add(f"{draft.pointer}/category_id", "not_found", detail)
            return None
        former = draft.record.category_id
        if "attributes" in draft.values or category_id != former:
            self._validate_attributes(draft, category)
        if former is not None:
            self._orders.of_category(former)  # read before the favorite is moved
        size = len(self._orders.of_category(category_id)) + self._entered.get(category_id, 0)
        placement = Placement(self._orders, category_id, former, size, draft.values.get("ranking"))
        self._validate_rank(draft, placement)
        if placement.enters:
            self._entered[category_id] = self._entered.get(category_id, 0) + 1
        return placement

    def _validate_book_and_title(self, draft: Draft) -> None:
        values, book_id = draft.values, draft.values.get("book_id")
        title: str | None = None
        if book_id is not None and book_id not in self._books:
            detail = f"There is no book {book_id}. Correct the id, or send a title instead."
            self._faults.add(f"{draft.pointer}/book_id", "not_found", detail)
        elif book_id is not None:
            values["book_id"], title = self._books[book_id]
        elif "book_id" not in values and draft.record.book_id is not None:
            title = self._session.scalar(select(Book.title).where(Book.id == draft.record.book_id))
        if "title" in values and values["title"] is None:
            values["title"] = title
            if title is None and book_id is None and not self._has_fault(draft, "title", "book_id"):
                detail = "title is required for a favorite without a book; send a title or a book_id."
                self._faults.add(f"{draft.pointer}/title", "required", detail)

    def _validate_attributes(self, draft: Draft, category: Category) -> None:
        if self._has_fault(draft, "attributes"):
            return
        is_sent, pointer = "attributes" in draft.values, f"{draft.pointer}/attributes"
        values = draft.values.get("attributes", draft.record.attributes) or {}
        faults = self._faults if is_sent or draft.record.id is None else Faults()
        draft.values["attributes"] = validate_values(attributes_of(category.attributes), values, pointer, faults)
        for fault in faults if faults is not self._faults else ():
            further = "" if fault.code == "required" else " In `attributes`, null removes what the favorite has of it."
            self._faults.add(fault.name, fault.code, f"{fault.detail}{further}")

    def _validate_rank(self, draft: Draft, placement: Placement) -> None:
        ranking, is_new = placement.ranking, placement.former_category_id is None
        most = placement.size + placement.enters
        pointer = f"{draft.pointer}/ranking"
        if ranking is None and not is_new and "ranking" in draft.values and not self._has_fault(draft, "ranking"):
            self._faults.add(pointer, "required", "A favorite always has a ranking; send one, or leave it out.")
        elif ranking is not None and ranking > most:
            detail = f"ranking must be between 1 and {most:,} in this category."
            self._faults.add(pointer, "out_of_range", detail)

    def _has_fault(self, draft: Draft, *names: str) -> bool:
        pointers = {f"{draft.pointer}/{name}" for name in names}
        return any(fault.name in pointers for fault in self._faults)


def set_values(draft: Draft, placement: Placement) -> None:
    """Set the values of a draft on its record. In another category it is the last one at first."""
    record, values = draft.record, draft.values
    for name in ("title", "description", "book_id", "attributes"):
        if name in values:
            setattr(record, name, values[name])
    if placement.enters:
        record.account_id, record.category_id, record.ranking = own_account(), placement.category_id, placement.size + 1
    elif placement.ranking not in (None, record.ranking):
        record.updated_at = func.clock_timestamp()


def refuse_full_categories(drafts: list[Draft]) -> None:
    """Raise `Conflict` if a category would have more than `FAVORITES_MOST` favorites."""
    for draft in drafts:
        placement: Placement = draft.references
        if placement.enters and placement.size >= FAVORITES_MOST:
            raise Conflict(
                f"The category {placement.category_id} has {FAVORITES_MOST:,} favorites, which is the most. "
                "Delete one, or use another category."
            )


def refuse_same_books(session: Session, drafts: list[Draft]) -> None:
    """Raise `Conflict` if a category would have a book twice."""
    wanted: dict[tuple[int, int], Draft] = {}
    for draft in drafts:
        book_id: int | None = draft.values.get("book_id", draft.record.book_id)
        if book_id is None:
            continue
        key = (draft.references.category_id, book_id)
        if key in wanted:
            other = wanted[key].pointer.removeprefix("/")
            detail = f"The favorite at index {other} of this batch is the same book in the same category."
            raise Conflict.from_fault(Fault("body", f"{draft.pointer}/book_id", "taken", detail))
        wanted[key] = draft
    if not wanted:
        return
    own = [draft.record.id for draft in drafts if draft.record.id is not None]
    held: Any = tuple_(Favorite.category_id, Favorite.book_id)
    taken = select(Favorite.id, Favorite.category_id, Favorite.book_id).where(
        held.in_(list(wanted)), Favorite.id.not_in(own)
    )
    for favorite_id, category_id, book_id in session.execute(taken.order_by(Favorite.id).limit(1)):
        assert book_id is not None
        url = link(f"/favorites/{favorite_id}")
        detail = (
            f"The book {book_id} is in category {category_id} already, as favorite {favorite_id}: {url}. Change that "
            "favorite, or choose another category."
        )
        pointer = f"{wanted[category_id, book_id].pointer}/book_id"
        raise Conflict.from_fault(Fault("body", pointer, "taken", detail), [("Link", f'<{url}>; rel="related"')])
