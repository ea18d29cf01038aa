"""Gives positions to changes."""

from __future__ import annotations

from extensions.database import Statement, fetch

NUMBER = Statement("SELECT number_changes()")  # returns the last position


def last_position() -> int:
    """Give positions to all committed changes, and return the last one.

    Every change that was committed before the call has a position up to it. Raises `DatabaseUnavailable`.
    """
    [(last,)] = fetch(NUMBER, {})
    return int(last)
