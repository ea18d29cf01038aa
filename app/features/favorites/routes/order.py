"""The whole order of a category, replaced at once."""

from __future__ import annotations

from http import HTTPStatus

from flask import Response, request
from sqlalchemy.orm import Session

from app.core.fields import Faults
from app.core.query.parse import parse_query
from app.core.records import read, write
from app.core.records.validate import raise_faults, validate_members
from app.features.favorites.categories import CATEGORIES
from app.features.favorites.models import Category
from app.features.favorites.ranking.order_body import ORDER
from app.features.favorites.ranking.ranks import Orders, lock_categories, own_account
from app.features.favorites.resource import FAVORITES
from app.http.body import read_json
from app.http.headers.conditional import etag, matches, require_precondition
from app.http.responses import write_response
from extensions.database import transaction

from .lists import in_category, missing_category, scope_of

LISTED = 10  # ids that an error names


def replace_order(category_id: int) -> Response:
    """Return the response to a PUT of a category's order: the first page of its favorites."""
    write.begin()
    body = read_json()
    faults_of_body = Faults()
    ids = validate_members(ORDER, body, faults_of_body).get("favorites")
    query = in_category(parse_query(FAVORITES, scope_of(category_id), []), category_id)

    def work(session: Session) -> tuple[bytes, list[tuple[str, str]]]:
        category = lock_categories(session, own_account(), [category_id]).get(category_id)
        if category is None:
            raise missing_category(category_id)
        page, headers = read.page_within(session.connection(), FAVORITES, query)
        _require_precondition(session, category, page)
        orders, faults = Orders(session), Faults(faults_of_body)
        order = orders.of_category(category_id)
        if ids is not None and not faults:
            _validate_ids(ids, order, faults)
        raise_faults(faults)
        if ids == order:
            return page, headers
        orders.replace(category_id, ids or [])
        orders.store()
        return read.page_within(session.connection(), FAVORITES, query)

    page, headers = transaction(work, area=None)
    return write_response(page.decode(), HTTPStatus.OK, headers)


def _require_precondition(session: Session, category: Category, page: bytes) -> None:
    """Raise `PreconditionFailed` unless If-Match has the ETag of the page or of the category."""
    tags = [etag(page), etag(write.representation(session, CATEGORIES, category.id).encode())]
    if_match = request.headers.get("If-Match", "")
    require_precondition(next((tag for tag in tags if matches(if_match, tag)), tags[0]))


def _validate_ids(ids: list[int], order: list[int], faults: Faults) -> None:
    """Add a fault for each id that is not in the category, and for those that are left out."""
    present, listed = set(order), set(ids)
    for index, favorite_id in enumerate(ids):
        if favorite_id not in present:
            detail = f"There is no favorite {favorite_id} in this category. Remove the id."
            faults.add(f"/favorites/{index}", "not_found", detail)
    missing = [favorite_id for favorite_id in order if favorite_id not in listed]
    if missing:
        shown = ", ".join(map(str, missing[:LISTED])) + (" and others" if len(missing) > LISTED else "")
        detail = f"favorites must list all {len(order):,} favorites of the category; add {shown}."
        faults.add("/favorites", "too_few", detail)
