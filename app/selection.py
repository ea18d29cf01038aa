"""The rows that meet the conditions of a shape, in SQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Literal

from sqlalchemy import ColumnElement, bindparam

from . import conditions
from .fields import Asked, Filter
from .query import SEARCH
from .resource import Resource
from .shapes import Shape

LOWER, UPPER = ("gt", "gte"), ("lt", "lte")

Part = Literal["all", "question", "filters"]  # of the conditions of a query


def question(resource: Resource, shape: Shape) -> Asked:
    """What is searched for."""
    return next(asked for filter_, asked in _asked(resource, shape) if filter_.name == SEARCH)


def where(resource: Resource, shape: Shape, part: Part = "all") -> list[ColumnElement[bool]]:
    """The conditions of a shape, or a part of them; filters that share a `build` are handed to it together."""
    walked = {key.name: key.descending for key in shape.sort}
    lower, upper = ({one.name for one in shape.conditions if one.operator in side} for side in (LOWER, UPPER))
    searched: list[ColumnElement[bool]] = []
    found: list[ColumnElement[bool]] = []
    together: dict[Callable[..., Any], dict[str, list[Asked]]] = {}
    for filter_, asked in _asked(resource, shape):
        if filter_.name == SEARCH:
            searched.append(resource.searched.matches(resource.table, asked))
        elif filter_.build:
            together.setdefault(filter_.build, {}).setdefault(filter_.name, []).append(asked)
        else:
            name = filter_.name
            between = name in lower & upper
            found.append(conditions.of_column(filter_, resource.table, asked, walked=walked.get(name), between=between))
    found += [build(resource.table, asked) for build, asked in together.items()]
    if shape.approach.spares_filters:
        found = [conditions.certainly(condition) for condition in found]
    return [*(searched if part != "filters" else ()), *(found if part != "question" else ())]


def _asked(resource: Resource, shape: Shape) -> Iterator[tuple[Filter, Asked]]:
    """The filters of a shape, each with its condition, whose values are the parameters ``v0``, ``v1`` and so on."""
    place = 0
    for name, operator, count, form in shape.conditions:
        filter_ = resource.filters[name]
        values: list[Any] = [count] if operator == "null" else []
        while operator != "null" and len(values) < count:
            parts: tuple[Any, ...] = tuple(bindparam(f"v{place + part}") for part in range(filter_.kind.width))
            values.append(parts[0] if len(parts) == 1 else parts)
            place += len(parts)
        yield filter_, Asked(operator, values, form)
