"""Clients that read slowly, or not at all, delay no others and use little memory."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

import psutil
import pytest

from tests.support.clients.wire import Wire
from tests.support.servers.gunicorn import Server
from tests.support.waiting import until

from .applications import LARGE, THREADS, WIDE
from .conftest import Serve, get, post

REQUESTS = {"from the loop": get("/large/wide"), "from a thread": get("/wide"), "of a POST": post("/wide", b"")}


@pytest.fixture(scope="module")
def served(serve: Serve) -> Iterator[Server]:
    served = serve(keep_alive="60")
    yield served
    served.stop()


@pytest.fixture(scope="module")
def quick(serve: Serve) -> Iterator[Server]:
    """A server that gives slow clients little time."""
    served = serve(
        "versatile", limits="connection_limits.GRACE_SECONDS = 2; connection_limits.BYTES_PER_SECOND = 1_000_000"
    )
    yield served
    served.stop()


def is_incomplete(wire: Wire) -> bool:
    """Whether a response is incomplete."""
    try:
        wire.response()
    except (EOFError, ConnectionResetError):
        return True
    return False


@pytest.mark.parametrize("form", REQUESTS)
def test_more_slow_readers_than_threads_delay_no_others(form: str, served: Server) -> None:
    slow = [served.connect(REQUESTS[form], small_buffer=True) for _ in range(3 * THREADS)]
    for wire in slow:
        wire.wait_for_response()
    for path in ("/hit", "/other") * 10:
        assert served.get(path).body.startswith(path.encode())
    assert served.connect(post("/body", b"abc")).response().body == b"/body 3"
    assert slow[0].response().body == WIDE
    assert slow[-1].response().body == WIDE
    for wire in slow:
        wire.close()


@pytest.mark.parametrize("form", REQUESTS)
def test_requests_behind_a_slow_response_get_responses_after_it(form: str, served: Server) -> None:
    slow = served.connect(REQUESTS[form] + get("/hit") + get("/other") + b"GET /hit/ha", small_buffer=True)
    slow.wait_for_response()
    half = served.connect(b"GET /hit/ha")
    assert half.response().status == 400  # the other client is not affected by the delay
    assert slow.response().body == WIDE
    assert slow.response().body == b"/hit"
    assert slow.response().body == b"/other 0"
    slow.send(b"lf HTTP/1.1\r\nHost: x\r\n\r\n")
    assert slow.response().body == b"/hit/half"


@pytest.mark.parametrize("form", [*REQUESTS, "as a stream"])
def test_a_client_below_the_required_rate_is_disconnected(form: str, quick: Server) -> None:
    (worker,) = quick.workers()
    process = psutil.Process(worker)
    sent = REQUESTS.get(form, get("/endless"))
    slow = [quick.connect(sent, small_buffer=True) for _ in range(THREADS)]
    for wire in slow:
        wire.wait_for_response()
    until(lambda: len(process.net_connections("tcp")) == 1)  # the listening socket
    assert [is_incomplete(wire) for wire in slow] == [True] * THREADS
    assert quick.get("/other").body == b"/other 0"


def test_a_client_at_the_required_rate_may_exceed_the_grace(quick: Server) -> None:
    started = time.monotonic()
    wire = quick.connect(get("/large"), small_buffer=True)
    received = bytearray()
    while len(received) < len(LARGE):
        # 5 MB a second, five times the required rate.
        while len(received) > 5_000_000 * (time.monotonic() - started):
            time.sleep(0.01)
        received += wire.sock.recv(65_536) or pytest.fail(f"ended after {len(received)} bytes")
    assert received.endswith(LARGE[-1000:])
    assert time.monotonic() - started > 3


def test_too_much_unsent_disconnects_the_clients_furthest_behind(serve: Serve) -> None:
    # All receive the same, which is nothing at this rate, so the first clients are the slowest.
    served = serve(
        "versatile", limits="connection_limits.UNSENT_BYTES = 50_000_000; connection_limits.BYTES_PER_SECOND = 10**10"
    )
    slow = []
    for _ in range(6):
        slow.append(served.connect(get("/large"), small_buffer=True))
        slow[-1].wait_for_response()
    with contextlib.closing(slow[-1]):
        assert [is_incomplete(wire) for wire in slow] == [True] * 3 + [False] * 3
    assert served.get("/other").body == b"/other 0"
    served.stop()
