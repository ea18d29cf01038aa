"""The timing of the current request: how long it waited, and how long its statements took.

The database and its limiter add to it. A context variable holds it, so a thread without a request, such as that of an
import, only finds that there is none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextvars import ContextVar, Token
from time import perf_counter
from typing import Any, TypeAlias

# Called with a slow statement, its seconds and the request's values. Must not raise.
OnSlow: TypeAlias = Callable[[str, float, Mapping[str, Any]], None]
# A part of the request: its name, its begin and end (values of ``perf_counter``), and the text of the statement, if any
Part: TypeAlias = tuple[str, float, float, str]

WAITING, DATABASE = "waiting", "database"
MOST_PARTS = 100  # of a trace, because a stream can send thousands of statements


class Timing:
    """What the current request has spent so far, in seconds."""

    __slots__ = ("_on_slow", "_slow", "database", "first", "last", "parts", "request", "statements", "waiting")

    def __init__(
        self,
        request: Mapping[str, Any],
        slow: float = float("inf"),
        on_slow: OnSlow | None = None,
        *,
        is_traced: bool = False,
    ) -> None:
        """`on_slow` is called after a statement of at least `slow` seconds, with `request`.

        If `is_traced`, the single parts are kept, too.
        """
        self.request, self._slow, self._on_slow = request, slow, on_slow
        self.database = 0.0  # in Postgres, and on the way to it
        self.statements = 0
        self.waiting = 0.0  # for a thread, for the limiter, for a connection, for an identical request
        self.first = self.last = 0.0  # when the first statement began, and the last one ended; 0.0 without any
        self.parts: list[Part] | None = [] if is_traced else None

    def waited(self, began: float) -> None:
        """Add the time from `began` until now as waiting."""
        now = perf_counter()
        self.waiting += now - began
        self._keep(WAITING, began, now, "")

    def used_database(self, began: float, statement: str = "", statements: int = 1) -> None:
        """Add a statement that was sent at `began`, and whose result has arrived now."""
        now = perf_counter()
        seconds = now - began
        self.database += seconds
        self.statements += statements
        self.first, self.last = self.first or began, now
        self._keep(DATABASE, began, now, statement)
        if seconds >= self._slow and self._on_slow is not None:
            self._on_slow(statement, seconds, self.request)

    def _keep(self, name: str, began: float, ended: float, statement: str) -> None:
        if self.parts is not None and len(self.parts) < MOST_PARTS:
            self.parts.append((name, began, ended, statement))


_current: ContextVar[Timing | None] = ContextVar("timing of the request", default=None)


def current_timing() -> Timing | None:
    """Return the timing of the request that this thread serves, if any."""
    return _current.get()


def begin(timing: Timing) -> Token[Timing | None]:
    """Make a timing the current one of this thread. Returns what `end` needs."""
    return _current.set(timing)


def end(token: Token[Timing | None]) -> None:
    """Restore the timing that was current before `begin`."""
    _current.reset(token)


def add_waiting(began: float) -> None:
    """Add the time from `began` until now to the waiting of the current request, if any."""
    timing = _current.get()
    if timing is not None:
        timing.waited(began)
