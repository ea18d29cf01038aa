"""The response cache of several machines, in Redis and the memory of each process.

Generations are random tokens in Redis, because an evicted counter would restart and make old values valid again. If
Redis does not reply in time, reads bypass the cache.
"""

from __future__ import annotations

import logging
import re
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import redis
from flask import Flask
from flask_caching import Cache

from .generation import Area
from .local import open_generation, stamp, unstamp
from .memory import MemoryCache
from .token import TokenReader

PREFIX = "catalog:"
TOKENS = {Area.CATALOG: "generation", Area.ACCOUNTS: "accounts"}  # keys of the generations
TIMEOUT = 0.04  # seconds that a request waits for Redis
RETRY_DELAYS = (0.0, 0.1, 0.3, 0.6)  # seconds before each attempt of a write to store a new token
PAUSE = 1.0  # seconds for which Redis is not queried after a failure

log = logging.getLogger("catalog.cache")


class PlainBytes:
    """A serializer that keeps bytes, so that nothing from Redis is ever unpickled."""

    def dumps(self, value: bytes, *_: Any) -> bytes:
        return value

    def loads(self, value: bytes | None) -> bytes | None:
        return value


class RedisCache:
    """A `ResponseCache` in Redis. Also advances the machine's generation, for processes without Redis."""

    def __init__(self, app: Flask, instance: Path, url: str, seconds: int) -> None:
        self.seconds = seconds
        self._silent_until = 0.0
        self._due: set[Area] = set()  # areas of which a new token must be stored before the next use
        self._retries_failed = False  # a write failed after all `RETRY_DELAYS`, and Redis has not replied since
        self._refused = False  # Redis refused the last connection, so it is not running
        self._run_id = b""
        cache = Cache()
        cache.init_app(
            app,
            {
                "CACHE_TYPE": "RedisCache",
                "CACHE_DEFAULT_TIMEOUT": seconds,
                "CACHE_REDIS_URL": url,
                "CACHE_KEY_PREFIX": PREFIX,
                "CACHE_OPTIONS": {
                    "redis_connect_func": self._on_connect,
                    "socket_timeout": TIMEOUT,
                    "socket_connect_timeout": TIMEOUT,
                    "retry": None,
                },
            },
        )
        self._redis = app.extensions["cache"][cache]
        self._redis.serializer = PlainBytes()
        self._memory = MemoryCache(seconds)
        self._machine_generation = open_generation(instance)
        self._tokens = TokenReader(url, [PREFIX + name for name in TOKENS.values()], TIMEOUT, self._notice_run_id)

    @property
    def enabled(self) -> bool:
        return self.seconds > 0

    def peek(self, key: str) -> bytes | None:
        return self._memory.get(key)

    async def generations(self) -> tuple[bytes, bytes | None] | None:
        if self._is_silent():
            return None
        try:
            catalog, accounts = await self._tokens.read()
        except (redis.RedisError, OSError) as error:
            self._fail(error)
            return None
        if not catalog or Area.CATALOG in self._due:
            return None
        return catalog, None if Area.ACCOUNTS in self._due else accounts

    def generation(self, area: Area) -> bytes | None:
        # Redis is not asked before a write: a command that it does not reply to would end the connection, so the
        # write could not send its new token to a frozen Redis.
        return None

    def lookup(self, key: str) -> tuple[bytes | None, bytes | None]:
        reply = self._query(lambda: self._redis.get_many(*TOKENS.values(), key)) or (None, None, None)
        token, accounts, stored = reply
        if token is None or Area.CATALOG in self._due:
            token = self._store_new_token(Area.CATALOG)
        if token and (accounts is None or Area.ACCOUNTS in self._due):
            self._store_new_token(Area.ACCOUNTS)
        if not token:
            return None, None
        value = unstamp(stored, token) if stored else None
        if stored and value:
            self._memory.set(key, stored)
        return value, token

    def store(self, key: str, generation: bytes, value: bytes) -> bool:
        stored = stamp(value, generation)
        self._memory.set(key, stored)
        return bool(self._query(lambda: self._redis.set(key, stored)))

    def advance(self, area: Area = Area.CATALOG) -> None:
        if self._machine_generation:
            self._machine_generation.advance(area)
        if not self._replace_token(area):
            log.error(
                "Redis did not store the new generation (%s); other machines may go by the old one for %s s",
                TOKENS[area],
                self.seconds,
            )

    def _replace_token(self, area: Area) -> bool:
        """Store a new token, with retries.

        Return whether all older values are invalid for every process. After a write has failed all retries, later
        writes try once, so that an outage delays only a few.
        """
        for delay in RETRY_DELAYS[:1] if self._retries_failed else RETRY_DELAYS:
            time.sleep(delay)
            self._silent_until = 0.0
            if self._store_new_token(area):
                return True
            if self._refused:  # a restarted Redis has another run id, which invalidates its values
                return True
        self._retries_failed = True
        return False

    def _store_new_token(self, area: Area) -> bytes | None:
        """Store a new token in Redis and return it, None if Redis fails.

        After a failure, a new token must be stored before the next use.
        """
        token = secrets.token_hex(12).encode()
        if self._query(lambda: self._redis.set(TOKENS[area], token, timeout=0)):
            self._due.discard(area)
            return token
        self._due.add(area)
        return None

    def _on_connect(self, connection: Any) -> None:
        """Check the run id on each new connection.

        A Redis that is restarted from a snapshot restores an old token and the values of its generation.
        """
        connection.on_connect()
        connection.send_command("INFO", "server")
        self._notice_run_id(connection.read_response())

    def _notice_run_id(self, info: bytes) -> None:
        """Require new tokens if the run id in ``INFO server`` has changed."""
        match = re.search(rb"run_id:(\w+)", info)
        if match and match[1] != self._run_id:
            self._run_id = match[1]
            self._due.update(Area)

    def _is_silent(self) -> bool:
        return time.monotonic() < self._silent_until

    def _query(self, command: Callable[[], Any]) -> Any:
        """Return the reply of Redis, or None.

        After a failure, Redis is not queried for `PAUSE` seconds.
        """
        if self._is_silent():
            return None
        try:
            reply = command()
        except (redis.RedisError, OSError) as error:
            self._fail(error)
            return None
        self._retries_failed = self._refused = False
        return reply

    def _fail(self, error: Exception) -> None:
        self._refused = isinstance(error.__context__, ConnectionRefusedError)
        self._silent_until = time.monotonic() + PAUSE
        log.warning("Redis does not reply; reads bypass the cache: %s", error)
