"""The way to everything: `/`, and what each problem means."""

from __future__ import annotations

from flask import Blueprint, Response

from .documentation import describe
from .problems import CODES, NotFound, Problem, every_problem
from .responses import require_acceptable, uncached
from .version import NAME, VERSION

home = Blueprint("home", __name__)

LINKS = {
    "books": "/books",
    "authors": "/authors",
    "book_by_isbn": "/books/isbn/{isbn}",
    "books_of_an_author": "/authors/{id}/books",
    "suggestions": "/suggest?q={q}",
    "duplicate_books": "/books/duplicates",
    "duplicate_authors": "/authors/duplicates",
    "docs": "/docs",
    "openapi": "/openapi.json",
    "problems": "/problems",
    "health_live": "/health/live",
    "health_ready": "/health/ready",
}


@home.get("/")
@describe(gives="Home", tag="service")
def index() -> Response:
    """Find the way to everything."""
    require_acceptable()
    return uncached({"name": NAME, "version": VERSION, "links": LINKS})


@home.get("/problems")
@describe(gives="Problems", tag="service")
def problems() -> Response:
    """List the problems that an answer can be, and the codes of their errors."""
    require_acceptable()
    return uncached({"data": [_explained(kind) for kind in every_problem()], "codes": CODES})


@home.get("/problems/<slug>")
@describe(gives="ProblemKind", tag="service", problems=(404,))
def problem(slug: str) -> Response:
    """Read what a problem means and what to do."""
    require_acceptable()
    for kind in every_problem():
        if kind.slug == slug:
            return uncached(_explained(kind))
    raise NotFound("There is no such problem; /problems lists them all.")


def _explained(kind: type[Problem]) -> dict[str, object]:
    return {"type": f"/problems/{kind.slug}", "title": kind.title, "status": kind.status, "help": kind.help}
