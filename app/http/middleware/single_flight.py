"""Single flight: concurrent cache misses for one key share one query and response."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

from extensions.database.engine import BUDGET_SECONDS
from extensions.telemetry.timing import add_waiting

Result = TypeVar("Result")

# A caller joins a call of at most this age. An older one may be stuck, and the caller's own may end sooner.
YOUNG_SECONDS = BUDGET_SECONDS / 2


class Flight(Generic[Result]):
    """One running call. `result` is set when it has `landed`, unless it failed."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        self.landed = threading.Event()
        self.result: Result | None = None


class SingleFlight(Generic[Result]):
    """The running calls, by key."""

    def __init__(self, waiting: int, young: float = YOUNG_SECONDS, patience: float = BUDGET_SECONDS) -> None:
        """At most `waiting` callers wait at a time, because each of them blocks a thread.

        A caller joins a call that began at most `young` seconds ago, and waits `patience` seconds for it: as long as a
        call of its own may take.
        """
        self._most_waiting = waiting
        self.young, self.patience = young, patience
        self.waiting = 0
        self.under_way: dict[Hashable, Flight[Result]] = {}
        self._lock = threading.Lock()

    def run(self, key: Hashable, work: Callable[[], Result]) -> tuple[Result, bool]:
        """Return the result of `work`, and whether another caller ran it for the key.

        Raises `TimeoutError` if the other caller's work takes too long.
        """
        with self._lock:
            flight = self.under_way.get(key)
            if flight and time.monotonic() - flight.began > self.young:
                flight = None  # later callers join the new call
            joins = flight is not None and self.waiting < self._most_waiting
            if flight is None:
                own = self.under_way[key] = Flight()
            self.waiting += joins
        if flight is None:
            try:
                own.result = work()
                return own.result, False
            finally:
                with self._lock:
                    if self.under_way.get(key) is own:
                        del self.under_way[key]
                own.landed.set()
        if joins:
            began = time.perf_counter()
            has_landed = flight.landed.wait(self.patience)
            add_waiting(began)
            with self._lock:
                self.waiting -= 1
            if not has_landed:
                raise TimeoutError
            if flight.result is not None:
                return flight.result, True
        return work(), False
