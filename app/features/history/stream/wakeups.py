"""Wakes coroutines of event loops from a thread."""

from __future__ import annotations

import asyncio
import contextlib
import threading

AT_ONCE = 20  # coroutines that a loop wakes in one iteration, so that a request waits for a few only


class Wakeups:
    """Counts wake-ups, so that none between a check and a wait is lost."""

    def __init__(self) -> None:
        self.count = 0
        self._waiting: dict[asyncio.AbstractEventLoop, set[asyncio.Future[None]]] = {}
        self._lock = threading.Lock()

    def wake(self) -> None:
        """Wake all waiting coroutines, from any thread."""
        with self._lock:
            self.count += 1
            waiting, self._waiting = self._waiting, {}
        for loop, futures in waiting.items():
            with contextlib.suppress(RuntimeError):  # the loop is closed
                loop.call_soon_threadsafe(_resolve, loop, list(futures))

    async def wait(self, seen: int, seconds: float) -> None:
        """Wait until the count of wake-ups exceeds `seen`, for at most `seconds`."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        with self._lock:
            if self.count != seen:
                return
            self._waiting.setdefault(loop, set()).add(future)
        timer = loop.call_later(seconds, _resolve, loop, [future])
        try:
            await future
        finally:
            timer.cancel()
            with self._lock:
                futures = self._waiting.get(loop, set())
                futures.discard(future)
                if not futures:
                    self._waiting.pop(loop, None)


def _resolve(loop: asyncio.AbstractEventLoop, futures: list[asyncio.Future[None]]) -> None:
    for future in futures[:AT_ONCE]:
        if not future.done():
            future.set_result(None)
    if len(futures) > AT_ONCE:
        loop.call_soon(_resolve, loop, futures[AT_ONCE:])
