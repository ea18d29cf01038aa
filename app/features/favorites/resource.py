"""The resource `favorites`: validated by the attributes of their categories, stored and ranked."""

from __future__ import annotations

from functools import cached_property
from typing import Any, ClassVar

from sqlalchemy import ColumnElement, FromClause, func, literal_column, select
from sqlalchemy.orm import Session, aliased

from app.books.models import Book
from app.core.fields import BIGINT_MAX, Faults, Field, Filter, Id
from app.core.resource import Draft, Resource
from app.values.json_value import Json

from .attributes.definitions import Attribute, Reference
from .attributes.filters import attribute_filter, book_condition
from .models import Category, Favorite
from .ranking.placement import Placement, Places, refuse_full_categories, refuse_same_books, set_values
from .ranking.ranks import Orders, lock_books, lock_categories, lock_places, own_account


def _category_json(favorites: FromClause) -> ColumnElement[Any]:
    own = aliased(Favorite)
    rows = select(Category.id, Category.name).join(own, own.category_id == Category.id)
    return _row_json(rows.where(own.id == favorites.c.id).correlate(favorites).subquery("category"))


def _book_json(favorites: FromClause) -> ColumnElement[Any]:
    own = aliased(Favorite)
    rows = select(Book.id, Book.title).join(own, own.book_id == Book.id)
    return _row_json(rows.where(own.id == favorites.c.id).correlate(favorites).subquery("book"))


def _row_json(rows: FromClause) -> ColumnElement[Any]:
    return select(func.row_to_json(literal_column(rows.name))).select_from(rows).scalar_subquery()  # type: ignore[attr-defined]


CATEGORY_FIELD = Field(
    Reference("name"),
    "The category that it is in",
    {"id": 1, "name": "Novels"},
    read_only=True,
    nullable=False,
    name="category",
    expression=_category_json,
)
BOOK_FIELD = Field(
    Reference("title"),
    "The book of the catalog; null without one, or once the book is deleted",
    {"id": 1, "title": "The Dispossessed"},
    read_only=True,
    name="book",
    expression=_book_json,
)
CATEGORY_ID = Field(
    Id(), "The id of one of the account's categories", 1, required=True, nullable=False, name="category_id"
)
BOOK_ID = Field(Id(), "The id of a book of the catalog", 1, name="book_id")


class Favorites(Resource):
    """The favorites of the account that sends a request.

    An instance for a list also has the filters by `attributes`, as the account's categories define them.
    """

    name = "favorites"
    noun = "favorite"
    model = Favorite
    area = None
    owner = "account_id"
    default_sort = "ranking"
    patch_example: ClassVar[dict[str, Any]] = {"ranking": 1, "attributes": {"mood": "dark"}}
    further_fields = ((CATEGORY_FIELD, "id"), (BOOK_FIELD, "description"))
    further_inputs = (CATEGORY_ID, BOOK_ID)
    further_filters = (
        Filter("category_id", Id(), Id.operators, "The id of the category", 1),
        Filter(
            "book_id",
            Id(),
            (*Id.operators, "null"),
            "The id of the book, or of a book that was merged into it",
            1,
            book_condition,
        ),
    )

    def __init__(self, attributes: tuple[Attribute, ...] = ()) -> None:
        self.attributes = attributes

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Favorites) and other.attributes == self.attributes

    def __hash__(self) -> int:
        return hash(self.attributes)

    @cached_property
    def filters(self) -> dict[str, Filter]:
        """The filters of a list by name, those by attributes last."""
        return {**super().filters, **{each.name: each for each in map(attribute_filter, self.attributes)}}

    def lock_before(self, session: Session, record_id: int, body: Any) -> None:
        """Lock the new book, and the present and the new category. Raises `Retry`."""
        sent = body if isinstance(body, dict) else {}
        books, categories = _ids_in(sent.get("book_id")), _ids_in(sent.get("category_id"))
        lock_places(session, own_account(), record_id, books, categories)

    def resolve_references(self, session: Session, drafts: list[Draft], faults: Faults) -> None:
        """Look up and lock books and categories, and validate titles, ranks and attributes."""
        books = lock_books(session, {draft.values["book_id"] for draft in drafts if draft.values.get("book_id")})
        ids = {draft.values.get("category_id") or draft.record.category_id for draft in drafts} - {None}
        categories = lock_categories(session, own_account(), ids)
        places = Places(session, books, categories, Orders(session), faults)
        for draft in drafts:
            draft.references = places.place(draft)

    def save(self, session: Session, drafts: list[Draft]) -> None:
        """Store favorites and the ranks that follow. Raises `Conflict`."""
        refuse_full_categories(drafts)
        refuse_same_books(session, drafts)
        for draft in drafts:
            placement: Placement = draft.references
            set_values(draft, placement)
            session.add(draft.record)
        session.flush()
        for draft in drafts:
            draft.references.move(draft.record.id)
        if drafts:
            drafts[0].references.orders.store()


FAVORITES = Favorites()


def _ids_in(value: Json) -> list[int]:
    """Return a value of a body that is not validated yet, if it is an id."""
    return [value] if type(value) is int and 1 <= value <= BIGINT_MAX else []
