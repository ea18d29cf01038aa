"""A cursor that adds its statements to the timing of the current request."""

from __future__ import annotations

from time import perf_counter
from typing import Any

from extensions.origins import MarkedCursor
from extensions.telemetry.timing import current_timing


class TimedCursor(MarkedCursor):
    """A cursor of the pool's connections. The text of a statement is that before its values are filled in."""

    def execute(self, query: Any, vars: Any = None) -> None:
        """Execute a statement, whose whole result arrives with it."""
        timing = current_timing()
        if timing is None:
            super().execute(query, vars)
            return
        began = perf_counter()
        try:
            super().execute(query, vars)
        finally:
            timing.used_database(began, str(query))

    def executemany(self, query: Any, vars_list: Any) -> None:
        """Execute a statement for each of several rows, which count as one."""
        timing = current_timing()
        if timing is None:
            super().executemany(query, vars_list)
            return
        began = perf_counter()
        try:
            super().executemany(query, vars_list)
        finally:
            timing.used_database(began, str(query))
