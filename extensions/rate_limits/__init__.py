"""Rate limits: how many requests each client may send within a window of time."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .limiter import RateLimiter

OFF = "off"


def create_rate_limiter(rate: str | None, instance: Path, redis_url: str | None) -> RateLimiter | None:
    """Return the limiter for a rate such as ``600/minute``, None for ``off``.

    `instance` is a folder shared by the processes of one machine. Redis, if any, is shared by all machines.
    """
    if rate is None or rate == OFF:
        return None
    from .limiter import RateLimiter  # the library takes a tenth of a second to load

    return RateLimiter.create(rate, instance, redis_url)
