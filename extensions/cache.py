"""The response cache: short-lived, and never behind an acknowledged write.

Flask-Caching holds the backend: the memory of each process, or Redis when `REDIS_URL` is set, with the memory of each
process before it. Each value bears the *generation* in which it was made, and is good only while that is the present
one. Every committed write moves the generation on before it is acknowledged; a reader takes it *before* it asks the
database, so that what it stores can only be newer than what it says.

The generation of one machine's processes is a number in a mapped file. Where Redis joins several machines it is
a random token there: a counter that was evicted and began again would bring old values back.
Where either cannot be read or moved on, the cache is passed by.
"""

from __future__ import annotations

import contextlib
import logging
import re
import secrets
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import redis
from flask import Flask
from flask_caching import Cache

from .generation import Generation
from .memory import MemoryCache

PREFIX, TOKEN = "catalog:", "generation"
QUESTION = b"*2\r\n$3\r\nGET\r\n$%d\r\n%s\r\n" % (len(PREFIX + TOKEN), (PREFIX + TOKEN).encode())  # as Redis reads it
REDIS_TIMEOUT = 0.04  # seconds that a request waits for Redis
INSISTENCE = (0.0, 0.1, 0.3, 0.6)  # seconds that a write waits before it asks Redis again
PAUSE = 1.0  # seconds for which Redis is left alone after it failed

cache = Cache()
log = logging.getLogger("catalog.cache")


class PlainBytes:
    """A serializer for values that are bytes already, so that nothing is ever unpickled from Redis."""

    def dumps(self, value: bytes, *_: Any) -> bytes:
        return value

    def loads(self, value: bytes | None) -> bytes | None:
        return value


class ResponseCache:
    """Looks answers up and keeps them. What `lookup` says of the generation goes with `store`."""

    def __init__(self, app: Flask, instance: Path, redis_url: str | None, seconds: int) -> None:
        """`instance`: the folder that the machine's processes share. `seconds`: how long a value lasts; 0: none."""
        self.seconds = seconds
        self.shared = bool(redis_url)
        self._silent_until = 0.0
        self._behind = False  # a new token is owed before the next use
        self._in_vain = False  # a write insisted, and Redis has not answered since
        self._gone = False  # nothing listens where Redis should
        self._run = b""
        self._line: Any = None  # a connection to Redis, for the token alone
        self._asking = threading.Lock()
        self._moment: tuple[object, bytes | None] = (None, None)  # the last one asked about, its generation
        config: dict[str, Any] = {"CACHE_TYPE": "extensions.memory.MemoryCache", "CACHE_DEFAULT_TIMEOUT": seconds}
        if redis_url:
            config |= {
                "CACHE_TYPE": "RedisCache",
                "CACHE_REDIS_URL": redis_url,
                "CACHE_KEY_PREFIX": PREFIX,
                "CACHE_OPTIONS": {
                    "redis_connect_func": self._connected,
                    "socket_timeout": REDIS_TIMEOUT,
                    "socket_connect_timeout": REDIS_TIMEOUT,
                    "retry": None,
                },
            }
        cache.init_app(app, config)
        self.backend = app.extensions["cache"][cache]
        self._near: MemoryCache = self.backend
        if redis_url:
            self.backend.serializer = PlainBytes()
            self._near = MemoryCache(seconds)
        self.generation: Generation | None = None
        try:
            instance.mkdir(parents=True, exist_ok=True)
            self.generation = Generation(instance / "generation")
        except OSError as error:
            log.warning("no response cache: %s is not writable (%s)", instance, error)

    @property
    def enabled(self) -> bool:
        """Whether there is anything to look an answer up in."""
        return self.seconds > 0 and (self.shared or self.generation is not None)

    def at_hand(self, key: str, moment: object) -> bytes | None:
        """The value of `key` in the memory of this process, if it is good at `moment`, at which all had begun who name
        it: the generation is asked for once for all of them.
        """
        stamped = self._near.get(key)
        if stamped is None:
            return None
        if not self.shared:
            return self._fresh(stamped, self._number())[0]
        asked = self._moment  # read once: threads ask, too
        if asked[0] != moment:
            asked = self._moment = (moment, self._ask(self._token))
        token = asked[1]
        return self._fresh(stamped, token)[0] if token and not self._behind else None

    def lookup(self, key: str) -> tuple[bytes | None, bytes | None]:
        """The value kept under `key`, and the present generation; None for either where there is none."""
        if not self.shared:
            return self._fresh(self._near.get(key), self._number())
        token, stamped = self._ask(lambda: self.backend.get_many(TOKEN, key)) or (None, None)
        if token is None or self._behind:
            token = self._renewed()
        if not token:
            return None, None
        value, token = self._fresh(stamped, token)
        if value and stamped:
            self._near.set(key, stamped)
        return value, token

    def store(self, key: str, generation: bytes, value: bytes) -> bool:
        """Keep `value` under `key`; whether it is kept."""
        stamped = b"%s\n%s" % (generation, value)
        near = self._near.set(key, stamped)
        return bool(self._ask(lambda: self.backend.set(key, stamped))) if self.shared else near

    def advance(self) -> None:
        """Make every value kept so far worthless. Called after each commit, before it is acknowledged."""
        if self.generation:
            self.generation.advance()
        if self.shared and not self._passed_on():
            log.error("Redis does not take the new generation; other machines may answer from it for %ss", self.seconds)

    def _number(self) -> bytes:
        """The generation of this machine."""
        assert self.generation is not None
        return b"%d" % self.generation.read()

    def _fresh(self, stamped: bytes | None, generation: bytes) -> tuple[bytes | None, bytes]:
        if stamped:
            made, _, value = stamped.partition(b"\n")
            if made == generation:
                return value, generation
        return None, generation

    def _token(self) -> bytes | None:
        """The token, asked for over a connection of its own: the client's way to one costs more than the question."""
        if not self._asking.acquire(blocking=False):  # another thread asks
            return self.backend.get(TOKEN)
        try:
            if self._line is not None:
                # Redis may have closed it while nobody asked: its `timeout` does, and a restart.
                with contextlib.suppress(redis.ConnectionError):
                    return self._asked_over_the_line()
                self._hang_up()
            self._line = self.backend._read_client.connection_pool.make_connection()
            self._line.connect()
            return self._asked_over_the_line()
        except (redis.RedisError, OSError):
            self._hang_up()  # what it still answers belongs to a question that was given up
            raise
        finally:
            self._asking.release()

    def _asked_over_the_line(self) -> bytes | None:
        self._line.send_packed_command([QUESTION], check_health=False)
        answer: bytes | None = self._line.read_response()
        return answer

    def _hang_up(self) -> None:
        if self._line is not None:
            self._line.disconnect()
            self._line = None

    def _renewed(self) -> bytes | None:
        """A new token in Redis, or None where Redis cannot be reached; then it is owed, and set before the next use."""
        token = secrets.token_hex(12).encode()
        self._behind = not self._ask(lambda: self.backend.set(TOKEN, token, timeout=0))
        return None if self._behind else token

    def _connected(self, connection: Any) -> None:
        """Look, at each new connection, whether this is still the Redis of before: one that was restarted from a
        snapshot brings an old token back, and the values that bear it.
        """
        connection.on_connect()
        connection.send_command("INFO", "server")
        run = re.search(rb"run_id:(\w+)", connection.read_response())
        if run and run[1] != self._run:
            self._run, self._behind = run[1], True

    def _passed_on(self) -> bool:
        """Whether no other process answers from before a write: a write insists on a new token, although Redis failed a
        moment ago. One that insisted in vain speaks for those after it, which try once.
        """
        for wait in INSISTENCE[:1] if self._in_vain else INSISTENCE:
            time.sleep(wait)
            self._silent_until = 0.0
            if self._renewed():
                return True
            if self._gone:  # and with it what it held: when one runs there again, it is another (see `_connected`)
                return True
        self._in_vain = True
        return False

    def _ask(self, question: Callable[[], Any]) -> Any:
        """What Redis answers, or None; after a failure it is left alone for a moment."""
        if time.monotonic() < self._silent_until:
            return None
        try:
            answer = question()
            self._in_vain = self._gone = False
            return answer
        except (redis.RedisError, OSError) as error:
            self._gone = isinstance(error.__context__, ConnectionRefusedError)
            self._silent_until = time.monotonic() + PAUSE
            log.warning("Redis does not answer; the cache is passed by: %s", error)
            return None
