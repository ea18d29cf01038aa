"""Describes a view for OpenAPI and for the home page.

Its summary is the first line of its docstring.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple, TypeVar

from flask import Flask
from werkzeug.routing import Rule

from app.http.access.rights import Right, right_of
from app.http.urls import path_of

Schema = dict[str, Any]
Components = dict[str, dict[str, Schema]]  # "schemas" and "parameters" by name
View = TypeVar("View", bound=Callable[..., Any])

LINKS = "catalog.links"
METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


class Tag(NamedTuple):
    """A group of operations."""

    name: str
    description: str


class Operation:
    """The parameters, body and responses of an operation; a subclass for each kind.

    What every operation has by its right is added to it: its security, and the responses 401, 403, 429 and 503.
    """

    tag: Tag
    problems: frozenset[int] = frozenset({406, 414})  # the statuses of its error responses

    def parameters(self) -> list[Schema]:
        """Return the parameters, except ids in the path, such as ``book_id``, which the route declares."""
        return []

    def request_body(self, method: str) -> Schema | None:
        """Return the body, if there is one."""
        return None

    def responses(self) -> dict[str, Schema]:
        """Return the responses by status, except `problems`."""
        raise NotImplementedError

    def description(self) -> str:
        """Return Markdown to add to that of the docstring."""
        return ""

    def components(self) -> Components:
        """Return the schemas and parameters that the operation refers to."""
        return {}


class Described(NamedTuple):
    """The attribute that `describe` sets on a view."""

    operation: Operation
    id: str
    link: str


class Route(NamedTuple):
    """A described view with one of its paths and methods."""

    rule: Rule
    method: str
    operation: Operation
    docstring: str
    operation_id: str
    link: str
    right: Right

    @property
    def takes_key(self) -> bool:
        """Whether an Idempotency-Key is allowed."""
        return self.method == "POST" and not self.right.refuses_keys

    @property
    def takes_note(self) -> bool:
        """Whether the request can change something, and so may have an X-Change-Note."""
        return self.method != "GET"

    @property
    def path(self) -> str:
        """The path as an OpenAPI template, such as ``/books/{book_id}``."""
        return path_of(self.rule.rule)


def describe(operation: Operation, *, id: str = "", link: str = "") -> Callable[[View], View]:
    """Describe a view.

    `id` is the operationId, by default the endpoint. `link` is the name in the links of ``/``.
    """

    def attach(view: View) -> View:
        view.openapi = Described(operation, id, link)  # type: ignore[attr-defined]
        return view

    return attach


def described_routes(app: Flask) -> Iterator[Route]:
    """Yield the routes of all described views, in the order of their registration."""
    for rule in app.url_map.iter_rules():
        view = app.view_functions[rule.endpoint]
        described: Described | None = getattr(view, "openapi", None)
        if described:
            operation_id = described.id or rule.endpoint.replace(".", "_")
            for method in METHODS:
                if method in (rule.methods or ()):
                    docstring, right = view.__doc__ or "", right_of(view)
                    yield Route(rule, method, described.operation, docstring, operation_id, described.link, right)


def links_of(app: Flask) -> dict[str, str]:
    """Return the linked views by name, as URL templates such as ``/authors/{id}/books``."""
    if LINKS not in app.extensions:
        app.extensions[LINKS] = {route.link: _template(route) for route in described_routes(app) if route.link}
    return dict(app.extensions[LINKS])


def _template(route: Route) -> str:
    path = re.sub(r"\{\w+_(id)\}", r"{\1}", route.path)
    required = [
        each["name"] for each in route.operation.parameters() if each.get("in") == "query" and "required" in each
    ]
    return path + ("?" + "&".join(f"{name}={{{name}}}" for name in required) if required else "")
