"""``/categories``: the categories of an account, their favorites and the order of these."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.core.openapi import describe
from app.core.openapi.operations import DeleteRecord, ListRecords, ReadRecord
from app.core.query.pairs import request_pairs
from app.core.query.parse import parse_options
from app.core.records import read, write
from app.features.favorites.categories import CATEGORIES, CATEGORIES_DROPPING_VALUES, Categories
from app.features.favorites.models import Favorite
from app.features.favorites.openapi import (
    DELETE_PARAMETER,
    CreateCategories,
    ListFavorites,
    PatchCategory,
    ReplaceCategory,
    ReplaceOrder,
    personal,
)
from app.features.favorites.resource import FAVORITES as FAVORITES_RESOURCE
from app.http.access.rights import FAVORITES, requires
from app.http.problems import Conflict, Fault, InvalidQuery

from .lists import list_of_category
from .order import replace_order

VALUES, DROP = "values", "drop"  # a parameter, and the only value that it takes
OF_CATEGORY, DELETE = "favorites", "delete"

categories = Blueprint("categories", __name__, url_prefix="/categories")


@categories.get("")
@describe(personal(ListRecords(CATEGORIES)), link="categories")
@requires(FAVORITES)
def index() -> Response:
    """List your categories."""
    return read.index(CATEGORIES)


@categories.post("")
@describe(personal(CreateCategories(CATEGORIES)))
@requires(FAVORITES)
def create() -> Response:
    """Add a category, or several at once."""
    return write.create(CATEGORIES)


@categories.get("/<id:category_id>")
@describe(personal(ReadRecord(CATEGORIES)))
@requires(FAVORITES)
def show(category_id: int) -> Response:
    """Read one category."""
    return read.show(CATEGORIES, category_id)


@categories.put("/<id:category_id>")
@describe(personal(ReplaceCategory(CATEGORIES)))
@requires(FAVORITES)
def replace(category_id: int) -> Response:
    """Replace a category; omitted fields become null or empty.

    If favorites would lose values, because an attribute or a value of an enum is removed or a type is changed, the
    response is a 409 with the number of these values.
    """
    return write.replace(_resource(), category_id, (VALUES,))


@categories.patch("/<id:category_id>")
@describe(personal(PatchCategory(CATEGORIES)))
@requires(FAVORITES)
def patch(category_id: int) -> Response:
    """Change some fields of a category.

    If favorites would lose values, because an attribute or a value of an enum is removed or a type is changed, the
    response is a 409 with the number of these values.
    """
    return write.patch(_resource(), category_id, (VALUES,))


@categories.delete("/<id:category_id>")
@describe(personal(DeleteRecord(CATEGORIES, DELETE_PARAMETER)))
@requires(FAVORITES)
def destroy(category_id: int) -> Response:
    """Delete a category; with its favorites only if the request has `?favorites=delete`."""
    deletes = _chosen(OF_CATEGORY, DELETE, "to keep a category that has favorites")

    def delete(session: Session, category: Any) -> None:
        own = select(func.count()).select_from(Favorite).where(Favorite.category_id == category.id)
        count = session.scalar(own)
        if count and not deletes:
            raise Conflict(
                f"The category has {count:,} {'favorite' if count == 1 else 'favorites'}. Move or delete "
                f"{'it' if count == 1 else 'them'} first, or send ?{OF_CATEGORY}={DELETE} to delete all."
            )
        session.delete(category)

    return write.destroy_by(CATEGORIES, category_id, delete)


@categories.get("/<id:category_id>/favorites")
@describe(personal(ListFavorites(FAVORITES_RESOURCE, parent=CATEGORIES)), link="favorites_of_a_category")
@requires(FAVORITES)
def index_favorites(category_id: int) -> Response:
    """List the favorites in a category."""
    return list_of_category(category_id)


@categories.put("/<id:category_id>/order")
@describe(personal(ReplaceOrder()))
@requires(FAVORITES)
def order(category_id: int) -> Response:
    """Set the order of a category's favorites.

    The body lists the id of each favorite in the category once.
    """
    return replace_order(category_id)


def _resource() -> Categories:
    """Return the resource that drops values if the request says so. Raises `InvalidQuery`."""
    return CATEGORIES_DROPPING_VALUES if _chosen(VALUES, DROP, "to keep the values of favorites") else CATEGORIES


def _chosen(name: str, word: str, otherwise: str) -> bool:
    """Whether a parameter is sent, which only takes one word. Raises `InvalidQuery`."""
    choice = parse_options(request_pairs(), (name,)).get(name)
    if choice not in (None, word):
        detail = f"{name} can only have the value {word}. Leave it out {otherwise}."
        raise InvalidQuery.from_fault(Fault("query", name, "not_allowed", detail))
    return choice is not None
