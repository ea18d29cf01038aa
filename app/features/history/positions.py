"""Gives positions to changes, and selects changes by their positions."""

from __future__ import annotations

from extensions.database import Statement, fetch

NUMBER = Statement("SELECT number_changes()")  # returns the last position


def last_position() -> int:
    """Give positions to all committed changes, and return the last one.

    Every change that was committed before the call has a position up to it. Raises `DatabaseUnavailable`.
    """
    [(last,)] = fetch(NUMBER, {})
    return int(last)


def revisions_within(low: str, high: str) -> str:
    """Return the SQL condition of the revisions with positions above `low` and up to `high`, which are SQL.

    The first of them may begin before this range, and the last may end after it.
    """
    first = f"SELECT max(position) FROM revisions WHERE position <= {low} + 1"
    return f"position <= {high} AND position >= coalesce(({first}), 0)"


def changes_within(low: str, high: str, revision: str = "r") -> str:
    """Return the SQL condition of the changes with positions above `low` and up to `high`, of a `revision` in SQL."""
    return f"ordinal > {low} - {revision}.position AND ordinal <= {high} - {revision}.position"
