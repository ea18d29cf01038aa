"""The header `Server-Timing` (W3C Server Timing), which browsers show beside a request."""

from __future__ import annotations

LEAST_WAITING = 0.0005  # seconds; less is the time that it takes to get a free connection


def hit_timing(seconds: float) -> str:
    """Return the value for a response from the cache."""
    return f'total;dur={seconds * 1000:.2f}, db;dur=0;desc="0 statements", cache;desc=hit'


def server_timing(seconds: float, database_seconds: float, statements: int, waiting: float, cache: str) -> str:
    """Return the value for a response that took `seconds`, `waiting` for threads and connections included.

    `cache` is the result of the response cache, "" if it was not used.
    """
    plural = "" if statements == 1 else "s"
    value = f"total;dur={seconds * 1000:.2f}"
    value += f', db;dur={database_seconds * 1000:.2f};desc="{statements} statement{plural}"'
    if waiting >= LEAST_WAITING:
        value += f", wait;dur={waiting * 1000:.2f}"
    return f"{value}, cache;desc={cache}" if cache else value
