"""A cache backend in process memory, with a limit on its size in bytes."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from datetime import timedelta
from typing import Any

from flask import Flask
from flask_caching.backends.base import BaseCache

MOST_BYTES = 24 * 1024 * 1024


class MemoryCache(BaseCache):
    """Evicts the least recently used values.

    A value larger than an eighth of the limit is not stored.
    """

    def __init__(self, default_timeout: int = 300, most_bytes: int = MOST_BYTES) -> None:
        super().__init__(default_timeout)
        self.most_bytes = most_bytes
        self.bytes = 0
        self._entries: OrderedDict[str, tuple[float, bytes]] = OrderedDict()
        self._lock = threading.Lock()

    @classmethod
    def factory(cls, app: Flask, config: dict[str, Any], args: list[Any], kwargs: dict[str, Any]) -> MemoryCache:
        return cls(kwargs["default_timeout"])

    def get(self, key: str) -> bytes | None:
        with self._lock:
            entry = self._entries.get(key)
            if entry is None:
                return None
            if entry[0] < time.monotonic():
                self._drop(key)
                return None
            self._entries.move_to_end(key)
            return entry[1]

    def set(self, key: str, value: bytes, timeout: int | timedelta | None = None) -> bool:
        size = self._size(key, value)
        seconds = self.default_timeout if timeout is None else self._to_seconds(timeout)
        with self._lock:
            self._drop(key)
            if size > self.most_bytes // 8:
                return False
            self._entries[key] = (time.monotonic() + seconds, value)
            self.bytes += size
            while self.bytes > self.most_bytes:
                self._drop(next(iter(self._entries)))
        return True

    def delete(self, key: str) -> bool:
        with self._lock:
            return self._drop(key)

    def clear(self) -> bool:
        with self._lock:
            self._entries.clear()
            self.bytes = 0
        return True

    def _drop(self, key: str) -> bool:
        entry = self._entries.pop(key, None)
        if entry:
            self.bytes -= self._size(key, entry[1])
        return entry is not None

    @staticmethod
    def _size(key: str, value: bytes) -> int:
        return len(key) + len(value) + 300  # the approximate overhead of an entry in Python
