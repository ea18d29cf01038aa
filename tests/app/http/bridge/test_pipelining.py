"""A client that pipelines thousands of hits leaves the loop to others between a few of them.

The server runs in this process, where a callback counts what it did in each turn of the loop: however slow the machine
is, the counts are the same.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from uvicorn import Config
from uvicorn.server import ServerState

from app.http.bridge import Bridge
from app.http.middleware.raw_response import RawResponse
from extensions.server.connection_limits import LimitedProtocol
from extensions.server.sliced_parsing import SLICE_BYTES
from tests.support.clients.wire import Wire

from .conftest import get

REQUESTS = 20_000
MOST_IN_A_TURN = SLICE_BYTES // len(get("/hit/1")) + 2  # a slice, and what is left of the one before


class Turns:
    """What the server did in each turn of its loop."""

    def __init__(self) -> None:
        self.parsed: list[int] = []
        self.handled: list[int] = []
        self.now = [0, 0]

    def tick(self, loop: asyncio.AbstractEventLoop) -> None:
        self.parsed.append(self.now[0])
        self.handled.append(self.now[1])
        self.now = [0, 0]
        loop.call_soon(self.tick, loop)


class Hits:
    """Has every response in memory."""

    def __init__(self, turns: Turns, body: Callable[[str], bytes]) -> None:
        self._turns, self._body = turns, body

    def streams_body(self, environ: dict[str, Any]) -> bool:
        return False

    async def recall(self, environ: dict[str, Any]) -> RawResponse:
        self._turns.now[1] += 1
        body = self._body(environ["PATH_INFO"])
        return RawResponse("200 OK", [("Content-Length", str(len(body)))], body)

    def respond(self, environ: dict[str, Any]) -> RawResponse:
        raise AssertionError("every request is a hit")


def serve_while(
    talk: Callable[[int], Any], body: Callable[[str], bytes] = lambda path: path.encode("latin-1")
) -> tuple[Turns, Any]:
    """Serve hits in a loop of this process while `talk` is a client, in a thread; its argument is the port."""
    turns = Turns()

    class Counted(LimitedProtocol):
        def on_message_begin(self) -> None:
            turns.now[0] += 1
            super().on_message_begin()

    async def serve() -> Any:
        config = Config(Bridge(Hits(turns, body), 1, 1000), http=Counted, lifespan="off", log_config=None)
        config.load()
        state, loop = ServerState(), asyncio.get_running_loop()
        server = await loop.create_server(lambda: Counted(config, state, {}), "127.0.0.1", 0)
        turns.tick(loop)
        async with server:
            return await loop.run_in_executor(pool, talk, server.sockets[0].getsockname()[1])

    with ThreadPoolExecutor(2) as pool:
        return turns, asyncio.run(serve())


def flood(port: int) -> list[bytes]:
    """Pipeline all requests at once; return the bodies of the responses."""
    wire = Wire(port, seconds=60)
    with ThreadPoolExecutor(1) as pool:
        sending = pool.submit(wire.send, b"".join(get(f"/hit/{number}") for number in range(REQUESTS)))
        bodies = [wire.response().body for _ in range(REQUESTS)]
        sending.result()
    wire.close()
    return bodies


def test_a_turn_of_the_loop_handles_few_pipelined_hits() -> None:
    turns, bodies = serve_while(flood)
    assert bodies == [f"/hit/{number}".encode() for number in range(REQUESTS)]
    assert max(turns.parsed) <= MOST_IN_A_TURN
    assert max(turns.handled) <= 2


def test_a_client_that_reads_nothing_has_few_responses_made() -> None:
    def talk(port: int) -> int:
        wire = Wire(port, small_buffer=True)
        wire.sock.setblocking(False)
        try:
            for number in range(REQUESTS):
                wire.sock.send(get(f"/hit/{number}"))
        except BlockingIOError:  # the server reads no more
            pass
        wire.sock.settimeout(10)
        other = Wire(port, get("/other"))
        assert other.response().body == b"x" * 50_000
        wire.reset()
        return 0

    turns, _ = serve_while(talk, lambda path: b"x" * 50_000)
    assert sum(turns.parsed) < REQUESTS / 10
    # The buffers of two sockets, and what is above the limit of one of them.
    assert sum(turns.handled) * 50_000 < 10 * 1024 * 1024


@pytest.mark.parametrize("size", [1, 999, 1024, 5000, 70_000])
def test_requests_and_bodies_across_slices_arrive_whole(size: int) -> None:
    path = "/hit/" + "é" * 700  # a request line longer than a slice, and with letters

    def talk(port: int) -> list[bytes]:
        sent = f"GET {path} HTTP/1.1\r\nHost: x\r\nX-Long: {'y' * 3000}\r\n\r\n".encode()
        sent += get("/hit/1") * 50
        wire = Wire(port, sent[:-size] if size < len(sent) else b"")
        wire.send(sent[-size:] if size < len(sent) else sent)
        wire.sock.shutdown(socket.SHUT_WR)
        bodies = [wire.response().body for _ in range(51)]
        assert wire.is_closed()
        return bodies

    _, bodies = serve_while(talk)
    assert bodies == [path.encode(), *[b"/hit/1"] * 50]


@pytest.mark.parametrize("cut", ["GET /", "GET /hit/", "GET /hit/é", "GET /hit/éé H"])
def test_a_request_line_with_letters_arrives_in_pieces(cut: str) -> None:
    request = "GET /hit/éé HTTP/1.1\r\nHost: x\r\n\r\n".encode()
    piece = cut.encode()

    def talk(port: int) -> bytes:
        wire = Wire(port, piece)
        assert Wire(port, get("/hit/1")).response().body == b"/hit/1"  # so the server has parsed the piece before
        wire.send(request.removeprefix(piece))
        return bytes(wire.response().body)

    _, body = serve_while(talk)
    assert body == "/hit/éé".encode()
