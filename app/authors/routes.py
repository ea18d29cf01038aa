"""``/authors``. What concerns an author's books stands with the books."""

from __future__ import annotations

from flask import Blueprint, Response

from app import reading, writing
from app.documentation import describe

from .schemas import AUTHORS

authors = Blueprint("authors", __name__, url_prefix="/authors")


@authors.get("")
@describe(AUTHORS, "index")
def index() -> Response:
    """List authors."""
    return reading.index(AUTHORS)


@authors.post("")
@describe(AUTHORS, "create")
def create() -> Response:
    """Add an author, or up to 1,000 at once."""
    return writing.create(AUTHORS)


@authors.get("/<id:author_id>")
@describe(AUTHORS, "show")
def show(author_id: int) -> Response:
    """Read one author."""
    return reading.show(AUTHORS, author_id)


@authors.put("/<id:author_id>")
@describe(AUTHORS, "replace")
def replace(author_id: int) -> Response:
    """Replace an author; what is left out becomes unknown."""
    return writing.replace(AUTHORS, author_id)


@authors.patch("/<id:author_id>")
@describe(AUTHORS, "patch")
def patch(author_id: int) -> Response:
    """Change some fields of an author."""
    return writing.patch(AUTHORS, author_id)
