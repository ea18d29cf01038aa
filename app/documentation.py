"""What a route says of itself, for OpenAPI; its summary is the first line of its docstring."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from .resource import Resource

View = TypeVar("View", bound=Callable[..., Any])


@dataclass(frozen=True)
class Operation:
    """One route: what it takes and gives.

    A route of a `resource` says its `action`, and the rest follows; `by` and `parent` tell how its path differs
    (``by="isbn"``; a list that belongs to a record of `parent`). Another route says what it `gives`: the name of a
    schema in ``openapi``. `parameters` are OpenAPI parameter objects of its own.
    """

    resource: Resource | None = None
    action: str = ""  # index, show, create, replace, patch, destroy; "" for what is no resource's
    by: str = "id"
    parent: Resource | None = None
    gives: str = ""
    tag: str = ""
    problems: tuple[int, ...] = ()
    parameters: tuple[dict[str, Any], ...] = ()
    media_type: str = "application/json"
    cached: bool = False  # clients may keep the answer, and ask with its ETag


def describe(resource: Resource | None = None, action: str = "", **further: Any) -> Callable[[View], View]:
    """Attach an `Operation` to a view."""

    def attach(view: View) -> View:
        view.operation = Operation(resource, action, **further)  # type: ignore[attr-defined]
        return view

    return attach
