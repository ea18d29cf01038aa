"""Concurrent requests for one thing: the first asks for it, and the others wait for what it gets."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Answer = TypeVar("Answer")


class Flight(Generic[Answer]):
    """One asking; `answer` is there once it has `landed`, unless it failed."""

    def __init__(self) -> None:
        self.landed = threading.Event()
        self.answer: Answer | None = None


class Flights(Generic[Answer]):
    """The askings under way, by key. No more than `passengers` wait at once: each of them holds a thread."""

    def __init__(self, passengers: int) -> None:
        self._seats = threading.BoundedSemaphore(passengers)
        self._under_way: dict[Hashable, Flight[Answer]] = {}
        self._lock = threading.Lock()

    def board(self, key: Hashable, ask: Callable[[], Answer]) -> tuple[Answer, bool]:
        """What `ask` returns, and whether it was asked by somebody else, who began with the same key before."""
        with self._lock:
            flight = self._under_way.get(key)
            if flight is None:
                mine = self._under_way[key] = Flight()
        if flight is None:
            try:
                mine.answer = ask()
                return mine.answer, False
            finally:
                with self._lock:
                    del self._under_way[key]
                mine.landed.set()
        if self._seats.acquire(blocking=False):
            try:
                flight.landed.wait()
            finally:
                self._seats.release()
            if flight.answer is not None:
                return flight.answer, True
        return ask(), False
