"""The event loop reads the generation token from Redis without blocking."""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from extensions.cache.token import TokenReader
from tests.support.servers.redis import Redis

KEY, OTHER = "catalog:generation", "catalog:accounts"
TIMEOUT = 0.04


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redis]:
    server = Redis(tmp_path_factory.mktemp("redis"))
    yield server
    server.signal(signal.SIGCONT)
    server.kill()


@pytest.fixture
def infos() -> list[bytes]:
    return []


@pytest.fixture
def reader(server: Redis, infos: list[bytes]) -> TokenReader:
    return TokenReader(server.url, [KEY, OTHER], 5, infos.append)


def test_a_reader_gets_the_token_and_the_run_id(server: Redis, reader: TokenReader, infos: list[bytes]) -> None:
    server.command(f"SET {KEY} first")
    server.command(f"SET {OTHER} second")
    assert asyncio.run(reader.read()) == [b"first", b"second"]
    assert [b"run_id:" in info for info in infos] == [True]


def test_no_token_is_none(server: Redis, reader: TokenReader) -> None:
    server.command("FLUSHALL")
    assert asyncio.run(reader.read()) == [None, None]


def test_concurrent_readers_share_few_commands(server: Redis, reader: TokenReader) -> None:
    server.command(f"SET {KEY} shared")

    async def read() -> list[bytes | None]:
        await reader.read()
        server.command("CONFIG RESETSTAT")
        return [tokens[0] for tokens in await asyncio.gather(*(reader.read() for _ in range(200)))]

    assert set(asyncio.run(read())) == {b"shared"}
    assert int(server.command("INFO commandstats").partition(b"cmdstat_mget:calls=")[2].partition(b",")[0]) <= 2


def test_no_reader_gets_a_token_from_before_its_start(server: Redis, reader: TokenReader) -> None:
    """Readers start after an acknowledged write, often during the command of others."""

    async def race() -> list[tuple[int, int]]:
        wrong, written = [], 0

        async def read_often() -> None:
            for _ in range(300):
                least = written
                token = int((await reader.read())[0] or -1)
                if token < least:
                    wrong.append((token, least))
                await asyncio.sleep(0)

        async def write() -> None:
            nonlocal written
            for number in range(1, 300):
                await asyncio.to_thread(server.command, f"SET {KEY} {number}")
                written = number

        server.command(f"SET {KEY} 0")
        await asyncio.gather(write(), *(read_often() for _ in range(20)))
        return wrong

    assert asyncio.run(race()) == []


def test_a_closed_connection_is_reopened(server: Redis, reader: TokenReader, infos: list[bytes]) -> None:
    async def read_twice() -> list[bytes | None]:
        first = (await reader.read())[0]
        await asyncio.to_thread(server.command, "CLIENT KILL TYPE normal SKIPME yes")
        return [first, (await reader.read())[0]]

    server.command(f"SET {KEY} lasting")
    assert asyncio.run(read_twice()) == [b"lasting", b"lasting"]
    assert len(infos) == 2


def test_a_stopped_redis_is_an_immediate_error(tmp_path: Path) -> None:
    reader = TokenReader("redis://127.0.0.1:1/0", [KEY], TIMEOUT, lambda info: None)
    with pytest.raises(redis.ConnectionError):
        asyncio.run(reader.read())


def test_a_frozen_redis_raises_without_blocking_the_loop(server: Redis) -> None:
    """One of several attempts must meet the limit, because other processes may delay the loop."""

    async def longest_delay() -> float:
        """Read while Redis is frozen; return how long the loop was blocked, in seconds."""
        reader = TokenReader(server.url, [KEY], TIMEOUT, lambda info: None)
        while await asyncio.gather(reader.read(), return_exceptions=True) != [[b"token"]]:
            await asyncio.sleep(0.01)
        server.signal(signal.SIGSTOP)
        longest = 0.0
        try:
            reads = [asyncio.create_task(reader.read()) for _ in range(50)]
            while not all(read.done() for read in reads):
                started = time.perf_counter()
                await asyncio.sleep(0.001)
                longest = max(longest, time.perf_counter() - started - 0.001)
            assert {type(read.exception()) for read in reads} == {redis.TimeoutError}
        finally:
            server.signal(signal.SIGCONT)
        return longest

    server.command(f"SET {KEY} token")
    delays = [asyncio.run(longest_delay()) for _ in range(20)]
    print(f"the loop was blocked for at most {min(delays) * 1000:.1f} to {max(delays) * 1000:.1f} ms")
    assert min(delays) < 0.005
