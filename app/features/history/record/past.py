"""The past of a record: its changes from a position on, and its state after one of them.

A state is the representation as a dictionary. It starts from the present one, or from the values that a
deletion has stored, and undoes the later changes one by one. Lists of contributors have no names.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, NamedTuple

from app.core.resource import Resource
from app.core.sql.statements import record_by_id
from app.features.history.change import IS_CHANGE
from app.http.problems import NotFound, PositionExpired
from app.http.urls import link
from app.values.json_value import Json
from extensions.database import Statement

# The changes `c` of a record, with their revisions `r`.
OF_RECORD = """
    changes AS c JOIN revisions AS r ON r.id = c.revision_id
    WHERE c.record_id = %(id)s AND c.resource = %(resource)s::change_resource
"""
State = dict[str, Json]
Run = Callable[[Statement, Mapping[str, Any]], Sequence[Any]]  # runs a statement, and returns its rows


class PastChange(NamedTuple):
    """A change of the record. One that was committed after `last_position` ran has no position."""

    position: int | None
    first_position: int | None  # of its revision
    op: str
    before: State
    after: State
    revision_id: int
    is_change: bool  # false if its own transaction reverted it, so that only `updated_at` changed

    @property
    def is_deletion(self) -> bool:
        return self.op in ("deleted", "merged")

    def undone(self, state: State | None) -> State | None:
        """Return the state before this change, given the state after it; None if there was no record."""
        if self.op in ("created", "unmerged"):
            return None
        return self.before if self.is_deletion else {**(state or {}), **self.before}


class Past(NamedTuple):
    """The present state of a record, and its changes from a position on."""

    resource: Resource
    record_id: int
    position: int
    present: State | None  # None if there is no record
    pruned: int  # the last position that is not kept
    changes: list[PastChange]  # newest first

    def find(self) -> PastChange | None:
        """Return the change at the position, None if there is none of this record."""
        last = self.changes[-1] if self.changes else None
        return last if last and last.position == self.position and last.is_change else None

    @property
    def later(self) -> list[PastChange]:
        """The changes after the position, newest first."""
        return [change for change in self.changes if change.position != self.position]

    def state(self) -> State | None:
        """Return the state after the change at the position, None if there was no record."""
        state = self.present
        for change in self.later:
            state = change.undone(state)
        return state if state is None else with_every_field(self.resource, state)

    def require_kept(self) -> None:
        """Raise `PositionExpired` if the position is no longer kept."""
        if self.position <= self.pruned:
            raise PositionExpired(
                f"Changes up to position {self.pruned} are no longer kept. "
                f"{_changes_link(self.resource, self.record_id)} lists those that are."
            )


def read_past(run: Run, resource: Resource, record_id: int, position: int) -> Past:
    """Return the past of a record from a position on, all of one snapshot."""
    values = {"id": record_id, "resource": resource.name, "position": position}
    rows = run(_past_statement(resource), values)
    text, pruned = rows[0][:2]
    present = None if text is None else json.loads(text)
    changes = [
        PastChange(at, first, op, before or {}, after or {}, revision_id, is_change)
        for _, _, at, first, op, before, after, revision_id, is_change, _ in rows
        if op is not None
    ]
    return Past(resource, record_id, position, present, pruned, changes)


def find_previous(run: Run, resource: Resource, record_id: int, position: int) -> int | None:
    """Return the position of the record's change before a position, None if none is kept."""
    values = {"id": record_id, "resource": resource.name, "position": position}
    rows = run(_PREVIOUS, values)
    return rows[0][0] if rows else None


def require_existence(run: Run, resource: Resource, record_id: int) -> None:
    """Raise `NotFound` unless the record exists, or has changes."""
    if not run(_existence_statement(resource), {"id": record_id}):
        raise NotFound(f"There is no {resource.noun} {record_id}, and no change of one; check the URL.")


def no_such_change(resource: Resource, record_id: int, position: int) -> str:
    """Return the detail for a position that is not a change of a record."""
    return (
        f"Position {position} is not a change of {resource.noun} {record_id}. "
        f"{_changes_link(resource, record_id)} lists its changes."
    )


def with_every_field(resource: Resource, state: State) -> State:
    """Return a state with exactly the fields of the resource, in their order.

    A field that the service did not have at that time is unknown or empty.
    """
    return {name: state.get(name, field.type.empty) for name, field in resource.fields.items()}


def _changes_link(resource: Resource, record_id: int) -> str:
    return link(f"/{resource.name}/{record_id}/changes")


@cache
def _past_statement(resource: Resource) -> Statement:
    record = record_by_id(resource, tuple(resource.fields))
    # The text of the record is in the first row only.
    return Statement(
        f"""
        SELECT CASE WHEN row_number() OVER newest = 1 THEN ({record.sql}) END, pruned_position, past.*
        FROM change_feed LEFT JOIN (
            SELECT r.position + c.ordinal AS position, r.position AS first_position, c.op::text, c.before, c.after,
                c.revision_id, {IS_CHANGE}, c.place
            FROM {OF_RECORD} AND (r.position IS NULL OR r.position + c.ordinal >= %(position)s)
        ) AS past ON true
        WINDOW newest AS (ORDER BY past.position DESC NULLS FIRST, past.place DESC)
        ORDER BY past.position DESC NULLS FIRST, past.place DESC
        """,
        record.constants,
    )


_PREVIOUS = Statement(f"""
    SELECT r.position + c.ordinal FROM {OF_RECORD} AND r.position + c.ordinal < %(position)s AND {IS_CHANGE}
    ORDER BY 1 DESC LIMIT 1
""")


@cache
def _existence_statement(resource: Resource) -> Statement:
    merges = resource.merges
    merged = f" UNION ALL SELECT FROM {merges.name} WHERE old_id = %(id)s" if merges is not None else ""
    return Statement(
        f"SELECT FROM {resource.table.name} WHERE id = %(id)s{merged} UNION ALL "
        f"SELECT FROM changes WHERE record_id = %(id)s AND resource = '{resource.name}' LIMIT 1"
    )
