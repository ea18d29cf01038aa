"""The resource `categories`: their names, and changes of the attributes that favorites have values of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from sqlalchemy import ColumnElement, FromClause, func, select, update
from sqlalchemy.orm import Session

from app.core.columns.expressions import fold
from app.core.fields import Field, WholeNumber
from app.core.resource import Draft, Resource
from app.features.accounts.models import Account
from app.http.problems import Conflict, Fault, InvalidCredentials
from app.http.urls import link

from .attributes.definitions import ENUM, Attribute, attributes_of
from .models import CATEGORIES_MOST, FAVORITES_MOST, Category, Favorite
from .ranking.ranks import own_account


def _favorites_count(categories: FromClause) -> ColumnElement[Any]:
    counted = select(func.count()).select_from(Favorite).where(Favorite.category_id == categories.c.id)
    return counted.correlate(categories).scalar_subquery()


COUNT_FIELD = Field(
    WholeNumber(0, FAVORITES_MOST),
    "How many favorites are in it",
    12,
    read_only=True,
    nullable=False,
    name="favorites_count",
    expression=_favorites_count,
)


class Categories(Resource):
    """The categories of the account that sends a request."""

    name = "categories"
    noun = "category"
    model = Category
    area = None
    owner = "account_id"
    patch_example: ClassVar[dict[str, Any]] = {"name": "Novels and stories"}
    further_fields = ((COUNT_FIELD, "attributes"),)

    def __init__(self, *, drops_values: bool = False) -> None:
        """`drops_values`: a change of attributes also deletes the values of favorites that it makes invalid."""
        self._drops_values = drops_values

    def lock_before(self, session: Session, record_id: int, body: Any) -> None:
        """Lock the account before its category, in the order in which an account is deleted."""
        _lock_account(session)

    def save(self, session: Session, drafts: list[Draft]) -> None:
        """Store categories. Raises `Conflict`."""
        new = [draft for draft in drafts if draft.record.id is None]
        if new:
            _lock_account(session)
            _refuse_many(session, len(new))
        _refuse_taken_names(session, drafts)
        for draft in drafts:
            if draft in new:
                draft.record.account_id = own_account()
            elif "attributes" in draft.values:
                change_attributes(session, draft.record, draft.values["attributes"], drops_values=self._drops_values)
        super().save(session, drafts)


CATEGORIES = Categories()
CATEGORIES_DROPPING_VALUES = Categories(drops_values=True)


def _lock_account(session: Session) -> None:
    """Lock the account, so that its categories are counted and named by one transaction after the other."""
    account = select(Account.id).where(Account.id == own_account()).with_for_update(key_share=True)
    if session.scalar(account) is None:
        raise InvalidCredentials("The account of this token was deleted.")


def _refuse_many(session: Session, added: int) -> None:
    count = session.scalar(select(func.count()).select_from(Category).where(Category.account_id == own_account())) or 0
    if count + added > CATEGORIES_MOST:
        raise Conflict(
            f"An account may have {CATEGORIES_MOST} categories, and has {count} now. Delete one, or use another one."
        )


def _refuse_taken_names(session: Session, drafts: list[Draft]) -> None:
    """Raise `Conflict` if two categories of the account would have one name, whatever its case and accents."""
    named = [draft for draft in drafts if draft.values.get("name") is not None]
    if not named:
        return
    folded = session.execute(select(*(fold(draft.values["name"]) for draft in named))).one()
    first: dict[str, Draft] = {}
    for key, draft in zip(folded, named, strict=True):
        pointer = f"{draft.pointer}/name"
        if key in first:
            other = first[key].pointer.removeprefix("/")
            detail = f"The category at index {other} of this batch has this name too. Choose another name."
            raise Conflict.from_fault(Fault("body", pointer, "taken", detail))
        first[key] = draft
    keys = fold(Category.name)
    own = [draft.record.id for draft in drafts if draft.record.id is not None]
    taken = select(Category.id, keys).where(
        Category.account_id == own_account(),
        func.md5(keys).in_([func.md5(key) for key in first]),
        Category.id.not_in(own),
    )
    for category_id, key in session.execute(taken.order_by(Category.id).limit(1)):
        url = link(f"/categories/{category_id}")
        detail = f"The category {category_id} has this name: {url}. Change that category, or choose another name."
        fault = Fault("body", f"{first[key].pointer}/name", "taken", detail)
        raise Conflict.from_fault(fault, [("Link", f'<{url}>; rel="related"')])


def change_attributes(
    session: Session, category: Category, stored: list[dict[str, Any]], *, drops_values: bool
) -> None:
    """Make the favorites of a locked category fit new definitions of its attributes.

    Raises `Conflict` if values would be lost, unless it `drops_values`, and if a favorite would lack a required value.
    """
    old, new = attributes_of(category.attributes), attributes_of(stored)
    lost = {key: condition for key in old if (condition := _lost_values(old[key], new.get(key))) is not None}
    counts = {key: count for key, condition in lost.items() if (count := _count(session, category, condition))}
    if counts and not drops_values:
        total, listed = sum(counts.values()), ", ".join(f"{key} ({count:,})" for key, count in counts.items())
        raise Conflict(
            f"The change would lose {total:,} {'value' if total == 1 else 'values'} of favorites: {listed}. Send "
            "?values=drop to delete them, or keep these attributes as they are."
        )
    for key in counts:
        session.execute(
            update(Favorite)
            .where(Favorite.category_id == category.id, lost[key])
            .values(attributes=Favorite.attributes.op("-")(key), updated_at=func.clock_timestamp()),
            execution_options={"synchronize_session": False},
        )
    _refuse_missing(session, category, old, new, counts)


def _lost_values(old: Attribute, new: Attribute | None) -> ColumnElement[bool] | None:
    """Return the condition of favorites with a value that the new definition does not allow, None if it allows all."""
    has_value: ColumnElement[bool] = Favorite.attributes.has_key(old.key)
    if new is None or new.type != old.type:
        return has_value
    removed = [value for value in old.values if value not in new.values]
    if old.type == ENUM and removed:
        return has_value & Favorite.attributes[old.key].astext.in_(removed)
    return None


def _refuse_missing(
    session: Session,
    category: Category,
    old: Mapping[str, Attribute],
    new: Mapping[str, Attribute],
    counts: Mapping[str, int],
) -> None:
    """Raise `Conflict` if a favorite has no value of an attribute that becomes required, or has lost it."""
    for key, attribute in new.items():
        was_required = key in old and old[key].required
        if not attribute.required or (was_required and key not in counts):
            continue
        missing = _count(session, category, ~Favorite.attributes.has_key(key))
        if missing:
            raise Conflict(
                f"{missing:,} {'favorite has' if missing == 1 else 'favorites have'} no value of {key}, so it cannot "
                "be required. Give them one first, or make the attribute optional."
            )


def _count(session: Session, category: Category, condition: ColumnElement[bool]) -> int:
    counted = select(func.count()).select_from(Favorite).where(Favorite.category_id == category.id, condition)
    return session.scalar(counted) or 0
