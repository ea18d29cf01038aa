"""The limiter: at most so many requests of one client within a window that begins with its first request.

Requests are counted on this machine and, if there is a Redis, also for all machines. The machine's own count makes the
limit hold for its workers also while Redis is slow, does not reply, or loses its data.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import redis
from limits import RateLimitItem, parse

from .file_storage import FileStorage
from .redis_storage import RedisStorage
from .window import Window, Windows

PAUSE = 1.0  # seconds for which Redis is not queried after a failure

Result = TypeVar("Result")

log = logging.getLogger("catalog.rate_limits")


@dataclass(frozen=True)
class Usage:
    """How much of its limit a client has used, after a request."""

    is_allowed: bool
    cost: int  # of the request
    limit: int
    remaining: int
    seconds: int  # until the window ends, rounded up
    window: int  # seconds


class RateLimiter:
    """Counts the requests of each client on this machine, and in a storage that all machines share."""

    def __init__(self, item: RateLimitItem, machine: Windows, shared: Windows | None = None) -> None:
        """`machine` never fails. `shared` may; its failures are logged."""
        self._item, self._machine, self._shared = item, machine, shared
        self._silent_until = 0.0

    @classmethod
    def create(cls, rate: str, instance: Path, redis_url: str | None) -> RateLimiter:
        """Return the limiter for a rate such as ``600/minute``."""
        return cls(parse(rate), open_storage(instance), RedisStorage(redis_url) if redis_url else None)

    def hit(self, key: str, cost: int, refund: int = 0) -> Usage:
        """Count a request of a client. A request over the limit costs nothing.

        `cost` is at most the whole limit, so that every request can be sent at some time. `refund`: the cost already
        charged for this request, given back if it is now refused.
        """
        limit, window = self._item.amount, self._item.get_expiry()
        name = self._item.key_for(key)
        cost = max(0, min(cost, limit - refund))
        taken = self._take(name, limit, window, cost)
        used = taken.used
        if refund and not taken.is_allowed:
            used = max(0, used - refund)
            self._machine.give_back(name, refund)
            self._query_shared(lambda shared: shared.give_back(name, refund))
        return Usage(taken.is_allowed, cost, limit, limit - used, max(1, math.ceil(taken.seconds)), window)

    def _take(self, name: str, limit: int, window: int, cost: int) -> Window:
        taken = self._machine.take(name, limit, window, cost)
        if not taken.is_allowed:
            return taken
        taken_of_all = self._query_shared(lambda shared: shared.take(name, limit, window, cost))
        if taken_of_all is None:
            return taken
        if not taken_of_all.is_allowed:
            self._machine.give_back(name, cost)
        return taken_of_all

    def _query_shared(self, command: Callable[[Windows], Result]) -> Result | None:
        """Return the reply of the shared storage, None without one.

        After a failure, it is not queried for `PAUSE` seconds.
        """
        if self._shared is None or time.monotonic() < self._silent_until:
            return None
        try:
            return command(self._shared)
        except (redis.RedisError, OSError) as error:
            self._silent_until = time.monotonic() + PAUSE
            log.warning("Redis does not reply; this machine limits requests by itself: %s", error)
            return None


def open_storage(instance: Path) -> FileStorage:
    """Return the counters of this machine.

    Logs a warning and returns counters of this process alone if their file is not writable.
    """
    try:
        instance.mkdir(parents=True, exist_ok=True)
        return FileStorage(instance / "rate_limits")
    except OSError as error:
        log.warning("Each worker limits requests by itself, because %s is not writable: %s", instance, error)
        return FileStorage(None)
