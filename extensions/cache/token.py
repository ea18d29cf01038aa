"""Reads the generation tokens from Redis without blocking the event loop."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from typing import Any

import redis.asyncio


class TokenReader:
    """Reads a few keys over one connection. Concurrent readers share a reply.

    A reader must not get tokens that were read before its own request arrived, because a write may have been
    acknowledged in between. So it never shares the command already sent, only the next one.
    """

    def __init__(self, url: str, keys: Sequence[str], timeout: float, on_info: Callable[[bytes], None]) -> None:
        """`timeout`: seconds for each reply. `on_info` gets the reply to ``INFO server`` of each connection."""
        self._url, self._keys, self._timeout, self._on_info = url, keys, timeout, on_info
        self._connection: Any = None
        self._next: asyncio.Future[list[bytes | None]] | None = None
        self._reading: asyncio.Task[None] | None = None

    async def read(self) -> list[bytes | None]:
        """Return the tokens, None for a missing one. Raises ``redis.RedisError`` or ``OSError``."""
        if self._next is None:
            self._next = asyncio.get_running_loop().create_future()
            if self._reading is None:
                self._reading = asyncio.create_task(self._read_for_all())
        return await asyncio.shield(self._next)

    async def _read_for_all(self) -> None:
        """Send the command repeatedly while readers wait."""
        while (readers := self._next) is not None:
            self._next = None
            try:
                tokens = await self._read()
            except (redis.RedisError, OSError) as error:
                readers.set_exception(error)
                readers.exception()  # mark it as retrieved, in case all readers were cancelled
            else:
                readers.set_result(tokens)
        self._reading = None

    async def _read(self) -> list[bytes | None]:
        try:
            async with asyncio.timeout(self._timeout):
                if self._connection is not None:
                    # Redis may have closed an idle connection: its `timeout` does, and a restart.
                    with contextlib.suppress(redis.ConnectionError):
                        return await self._get()
                    await self._disconnect()
                await self._connect()
                return await self._get()
        except BaseException as error:
            await self._disconnect()  # a late reply would be read as that of the next command
            if isinstance(error, TimeoutError):
                raise redis.TimeoutError("Timeout reading the generation") from None
            raise

    async def _connect(self) -> None:
        # Without timeouts and retries, because `_token` has one timeout for everything.
        pool = redis.asyncio.ConnectionPool.from_url(
            self._url, retry=None, socket_timeout=None, socket_connect_timeout=None
        )
        self._connection = pool.make_connection()
        await self._connection.connect()
        await self._connection.send_command("INFO", "server")
        self._on_info(await self._connection.read_response())

    async def _get(self) -> list[bytes | None]:
        await self._connection.send_command("MGET", *self._keys, check_health=False)
        tokens: list[bytes | None] = await self._connection.read_response()
        return tokens

    async def _disconnect(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.disconnect(nowait=True)
