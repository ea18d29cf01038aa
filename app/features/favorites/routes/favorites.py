"""``/favorites``: the favorites of an account."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response
from sqlalchemy.orm import Session

from app.core.openapi import describe
from app.core.openapi.operations import DeleteRecord, PatchRecord, ReadRecord
from app.core.query.pairs import request_pairs
from app.core.query.parse import parse_options
from app.core.records import read, write
from app.features.favorites.openapi import CreateFavorites, ListFavorites, personal
from app.features.favorites.ranking.ranks import Orders
from app.features.favorites.resource import FAVORITES
from app.http.access.rights import FAVORITES as FAVORITES_RIGHT
from app.http.access.rights import requires

from .lists import list_favorites

favorites = Blueprint("favorites", __name__, url_prefix="/favorites")


@favorites.get("")
@describe(personal(ListFavorites(FAVORITES)), link="favorites")
@requires(FAVORITES_RIGHT)
def index() -> Response:
    """List your favorites, by rank."""
    return list_favorites()


@favorites.post("")
@describe(personal(CreateFavorites(FAVORITES)))
@requires(FAVORITES_RIGHT)
def create() -> Response:
    """Add a favorite, or up to 1,000 at once.

    With a `ranking`, the favorites from there on move down; without one, it becomes the last of its category.
    """
    return write.create(FAVORITES)


@favorites.get("/<id:favorite_id>")
@describe(personal(ReadRecord(FAVORITES)))
@requires(FAVORITES_RIGHT)
def show(favorite_id: int) -> Response:
    """Read one favorite."""
    return read.show(FAVORITES, favorite_id)


@favorites.patch("/<id:favorite_id>")
@describe(personal(PatchRecord(FAVORITES)))
@requires(FAVORITES_RIGHT)
def patch(favorite_id: int) -> Response:
    """Change some fields of a favorite, or move it.

    `ranking` moves it within its category. `category_id` moves it to another category, to its end unless `ranking` is
    sent too.
    """
    return write.patch(FAVORITES, favorite_id)


@favorites.delete("/<id:favorite_id>")
@describe(personal(DeleteRecord(FAVORITES)))
@requires(FAVORITES_RIGHT)
def destroy(favorite_id: int) -> Response:
    """Delete a favorite; those below it move up."""
    parse_options(request_pairs())

    def delete(session: Session, favorite: Any) -> None:
        orders = Orders(session)
        orders.remove(favorite.category_id, favorite.id)
        session.delete(favorite)
        session.flush()
        orders.store()

    return write.destroy_by(
        FAVORITES, favorite_id, delete, lambda session: FAVORITES.lock_before(session, favorite_id, None)
    )
