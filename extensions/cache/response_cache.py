"""The response cache: short-lived, and never older than an acknowledged write.

Every value is stored with the *generation* in which it was made and is valid only in that generation. Each committed
write starts a new generation before the write is acknowledged. A reader reads the generation *before* it queries the
database, so a stored value can only be newer than its generation.

Accounts have a generation of their own, by which a process knows whether what it remembers of a token still holds.

Flask-Caching stores the values: in the memory of each process (`LocalCache`), or also in Redis (`RedisCache`).
"""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from flask import Flask

from .generation import Area
from .local import LocalCache
from .redis import RedisCache


class ResponseCache(Protocol):
    """Stores responses as bytes, by key."""

    seconds: int  # how long a value is kept

    @property
    def enabled(self) -> bool:
        """Whether values are stored at all."""

    def peek(self, key: str) -> bytes | None:
        """Return what this process's memory holds of `key`, of any generation (`unstamp`)."""

    async def generations(self) -> tuple[bytes, bytes | None] | None:
        """Return the generations of catalog and accounts, or None if they are unknown. Never blocks the event loop."""

    def generation(self, area: Area) -> bytes | None:
        """Return the generation of an area if this machine knows it. Never waits."""

    def lookup(self, key: str) -> tuple[bytes | None, bytes | None]:
        """Return the valid value of `key`, if any, and the current generation, if available."""

    def store(self, key: str, generation: bytes, value: bytes) -> bool:
        """Store a value made in `generation`, which `lookup` returned. Return whether it was stored."""

    def advance(self, area: Area = Area.CATALOG) -> None:
        """Invalidate all that was made in an area. Called after each commit, before it is acknowledged."""


def create_cache(app: Flask, instance: Path, redis_url: str | None, seconds: int) -> ResponseCache:
    """Return the cache of an application.

    `instance` is a folder shared by the processes of one machine. Values are valid for `seconds`; 0 disables the cache.
    """
    if redis_url:
        return RedisCache(app, instance, redis_url, seconds)
    return LocalCache(app, instance, seconds)
