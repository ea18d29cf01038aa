"""The response cache of one machine, in the memory of each process."""

from __future__ import annotations

import logging
from pathlib import Path

from flask import Flask
from flask_caching import Cache

from .generation import Area, Generation
from .memory import MemoryCache

log = logging.getLogger("catalog.cache")


class LocalCache:
    """A `ResponseCache` in process memory, disabled if the generation's file is not writable."""

    def __init__(self, app: Flask, instance: Path, seconds: int) -> None:
        self.seconds = seconds
        cache = Cache()
        cache.init_app(app, {"CACHE_TYPE": "extensions.cache.memory.MemoryCache", "CACHE_DEFAULT_TIMEOUT": seconds})
        self._memory: MemoryCache = app.extensions["cache"][cache]
        self._generation = open_generation(instance)

    @property
    def enabled(self) -> bool:
        return self.seconds > 0 and self._generation is not None

    def peek(self, key: str) -> bytes | None:
        return self._memory.get(key)

    async def generations(self) -> tuple[bytes, bytes]:
        return self._current(Area.CATALOG), self._current(Area.ACCOUNTS)

    def generation(self, area: Area) -> bytes | None:
        return None if self._generation is None else self._current(area)

    def lookup(self, key: str) -> tuple[bytes | None, bytes | None]:
        generation = self._current(Area.CATALOG)
        stored = self._memory.get(key)
        return (unstamp(stored, generation) if stored else None), generation

    def store(self, key: str, generation: bytes, value: bytes) -> bool:
        return self._memory.set(key, stamp(value, generation))

    def advance(self, area: Area = Area.CATALOG) -> None:
        if self._generation:
            self._generation.advance(area)

    def _current(self, area: Area) -> bytes:
        assert self._generation is not None
        return b"%d" % self._generation.read(area)


def open_generation(instance: Path) -> Generation | None:
    """Return the generation of this machine.

    Logs a warning and returns None if its file is not writable.
    """
    try:
        instance.mkdir(parents=True, exist_ok=True)
        return Generation(instance / "generation")
    except OSError as error:
        log.warning("The response cache is disabled, because %s is not writable: %s", instance, error)
        return None


def stamp(value: bytes, generation: bytes) -> bytes:
    """Return the value with its generation, as it is stored."""
    return b"%b\n%b" % (generation, value)


def unstamp(stored: bytes, generation: bytes) -> bytes | None:
    """Return the value if it was made in `generation`, else None."""
    stamped, _, value = stored.partition(b"\n")
    return value if stamped == generation else None
