"""The plan of a read: one statement with its values.

A read is plan → run → page.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from app.core.fields import BIGINT_MAX
from app.core.query.query import Query
from app.core.resource import Resource
from extensions.database import Share, Statement, fetch

from .counts import selected_rows
from .search_strategy import choose_strategy
from .shape import selection_of, shape_of, values_of
from .statements import list_page, record_by_id, whole_list


class ReadPlan(NamedTuple):
    """A statement and the values to run it with."""

    statement: Statement
    values: dict[str, Any]
    quoted: Mapping[str, str] = {}  # statements that are passed as text, for an estimate of their rows
    share: Share = Share.QUICK

    def run(self) -> list[tuple[Any, ...]]:
        """Return the rows. Raises ``DatabaseUnavailable``."""
        return fetch(self.statement, self.values, self.quoted, self.share)


class Parent(NamedTuple):
    """The record that a list belongs to."""

    resource: Resource
    id: int


def plan_record(resource: Resource, fields: tuple[str, ...], record_id: int) -> ReadPlan:
    """Return the plan for one record: a row of its JSON text, or none."""
    return ReadPlan(record_by_id(resource, fields), {"id": record_id, **resource.owner_values()})


def plan_page(
    resource: Resource, query: Query, parent: Parent | None = None, record_bytes: int | None = None
) -> ReadPlan:
    """Return the plan for a page, with the rows of `statements.list_page`.

    The text of a record of more than `record_bytes` is not read. Planning a search may run statements.
    """
    strategy = choose_strategy(resource, query) if query.is_ranked else None
    shape = shape_of(resource, query, strategy)
    most = BIGINT_MAX if record_bytes is None else record_bytes
    values = {**values_of(query), **resource.owner_values(), "most": most}
    if parent:
        values["parent"] = parent.id
    statement = list_page(resource, shape, parent.resource.table if parent else None)
    share = share_of(query)
    if query.total != "estimated":
        return ReadPlan(statement, values, share=share)
    counted = selected_rows(resource, shape.selection)
    return ReadPlan(statement, values | counted.constants, {"counted": counted.sql}, share)


def share_of(query: Query) -> Share:
    """Return the share of the database's slots for a page.

    A search, an exact total, and any filter but equality may look at many rows, whatever the page has.
    """
    is_equal = all(condition.operator in ("eq", "in", "has") for condition in query.conditions)
    return Share.QUICK if is_equal and query.search is None and query.total != "exact" else Share.SLOW_READS


def plan_list(resource: Resource, query: Query) -> ReadPlan:
    """Return the plan for all rows of a list: one column of JSON text."""
    values = {**values_of(query), **resource.owner_values()}
    return ReadPlan(whole_list(resource, shape_of(resource, query)), values)


def plan_count(resource: Resource, query: Query) -> ReadPlan:
    """Return the plan for the number of rows of a list."""
    rows = selected_rows(resource, selection_of(resource, query))
    values = {**values_of(query), **resource.owner_values()}
    return ReadPlan(Statement(f"SELECT count(*) FROM ({rows.sql}) AS selected", rows.constants), values)
