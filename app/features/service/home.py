"""The home page with links to everything, and the descriptions of the problems."""

from __future__ import annotations

from flask import Blueprint, Response, current_app

from app.core.openapi import describe, links_of
from app.core.openapi.about import NAME, VERSION
from app.core.openapi.operations import ReadDocument
from app.core.openapi.schemas import STRING, object_schema
from app.http.access.rights import OPEN, READ, requires
from app.http.headers.negotiation import require_acceptable
from app.http.problems import CODES, NotFound, Problem, every_problem
from app.http.responses import uncached_response
from app.http.urls import link

from . import SERVICE


def description_of(problem: type[Problem]) -> dict[str, object]:
    """Return the entry of a problem type in ``/problems``."""
    return {
        "type": link(f"/problems/{problem.slug}"),
        "title": problem.title,
        "status": problem.status,
        "help": problem.help,
    }


TEXTS = {"type": "object", "additionalProperties": STRING}
HOME = {"Home": object_schema({"name": STRING, "version": STRING, "links": TEXTS})}
HOME_EXAMPLE = {"name": NAME, "version": VERSION, "links": {"books": "/books", "authors": "/authors"}}
PROBLEM_KIND = object_schema({"type": STRING, "title": STRING, "status": {"type": "integer"}, "help": STRING})
PROBLEM_EXAMPLE = description_of(every_problem()[0])
PROBLEMS = {"Problems": object_schema({"data": {"type": "array", "items": PROBLEM_KIND}, "codes": TEXTS})}
PROBLEMS_EXAMPLE = {"data": [PROBLEM_EXAMPLE], "codes": {"required": CODES["required"]}}
SLUG_PARAMETER = {
    "name": "slug",
    "in": "path",
    "required": True,
    "description": "The last part of a problem's `type`",
    "schema": STRING,
    "example": "validation-failed",
}

home = Blueprint("home", __name__)


@home.get("/")
@describe(ReadDocument(SERVICE, HOME, HOME_EXAMPLE))
@requires(READ)
def index() -> Response:
    """List the links to everything."""
    require_acceptable()
    links = {name: link(url) for name, url in links_of(current_app).items()}
    return uncached_response({"name": NAME, "version": VERSION, "links": links})


@home.get("/problems")
@describe(ReadDocument(SERVICE, PROBLEMS, PROBLEMS_EXAMPLE), link="problems")
@requires(OPEN)
def problems() -> Response:
    """List all types of problems, and the codes of their errors."""
    require_acceptable()
    return uncached_response({"data": [description_of(problem) for problem in every_problem()], "codes": CODES})


@home.get("/problems/<slug>")
@describe(ReadDocument(SERVICE, {"ProblemKind": PROBLEM_KIND}, PROBLEM_EXAMPLE, SLUG_PARAMETER, problems=(404,)))
@requires(OPEN)
def problem(slug: str) -> Response:
    """Read what a type of problem means, and what to do about it."""
    require_acceptable()
    for kind in every_problem():
        if kind.slug == slug:
            return uncached_response(description_of(kind))
    raise NotFound(f"There is no problem type with this name. {link('/problems')} lists them all.")
