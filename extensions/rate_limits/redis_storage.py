"""The library's storage in Redis, with atomic scripts for a window."""

from __future__ import annotations

from typing import Any

import limits.storage

from .window import Window

PREFIX = "catalog:limits"
TIMEOUT = 0.04  # seconds that a request waits for Redis

# The library's own script counts refused requests too, and begins a new window when a counter returns to 0.
TAKE = """
local limit, milliseconds, cost = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local used = tonumber(redis.call("GET", KEYS[1]) or "0")
local left = redis.call("PTTL", KEYS[1])
if used + cost > limit then
    return {0, used, left}
end
used = redis.call("INCRBY", KEYS[1], cost)
if left < 0 then
    redis.call("PEXPIRE", KEYS[1], milliseconds)
    left = milliseconds
end
return {1, used, left}
"""
GIVE_BACK = """
local used = tonumber(redis.call("GET", KEYS[1]) or "0")
local cost = math.min(tonumber(ARGV[1]), used)
if cost > 0 then
    redis.call("DECRBY", KEYS[1], cost)
end
"""


class RedisStorage(limits.storage.RedisStorage):
    """Counters in Redis, for all machines. Methods raise ``redis.RedisError`` and ``OSError``."""

    def __init__(self, url: str) -> None:
        options: dict[str, Any] = {"socket_timeout": TIMEOUT, "socket_connect_timeout": TIMEOUT, "retry": None}
        super().__init__(url, key_prefix=PREFIX, **options)
        self._take = self.get_connection().register_script(TAKE.encode())
        self._give_back = self.get_connection().register_script(GIVE_BACK.encode())

    def take(self, key: str, limit: int, seconds: int, cost: int) -> Window:
        """Implement `Windows`."""
        reply: Any = self._take([self.prefixed_key(key)], [limit, seconds * 1000, cost])
        is_allowed, used, milliseconds = reply
        return Window(bool(is_allowed), used, max(0, milliseconds) / 1000)

    def give_back(self, key: str, cost: int) -> None:
        """Implement `Windows`."""
        self._give_back([self.prefixed_key(key)], [cost])
