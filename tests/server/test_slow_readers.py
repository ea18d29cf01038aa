"""Clients that take their answers slowly, or not at all, hold nobody up, and do not fill the memory."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

import psutil
import pytest

from tests.conftest import until

from .applications import LARGE, WIDE
from .conftest import THREADS, Serve, Served, Wire, get, post, small_buffer

ASKED = {"at hand": get("/large/wide"), "by a thread": get("/wide"), "by gunicorn's parser": post("/wide", b"")}


@pytest.fixture(scope="module")
def served(serve: Serve) -> Iterator[Served]:
    served = serve("versatile", keep_alive="60")
    yield served
    served.stop()


@pytest.fixture(scope="module")
def quick(serve: Serve) -> Iterator[Served]:
    """One that gives slow clients little time."""
    served = serve("versatile", limits="connection.GRACE_SECONDS = 2; connection.BYTES_PER_SECOND = 1_000_000")
    yield served
    served.stop()


def broken_off(wire: Wire) -> bool:
    """Whether an answer ends before its end."""
    try:
        wire.answer()
    except (EOFError, ConnectionResetError):
        return True
    return False


@pytest.mark.parametrize("way", ASKED)
def test_more_slow_readers_than_threads_hold_nobody_up(way: str, served: Served) -> None:
    slow = [small_buffer(served, ASKED[way]) for _ in range(3 * THREADS)]
    for wire in slow:
        wire.begins()
    for path in ("/hit", "/other") * 10:
        assert served.get(path).startswith(path.encode())
    assert served.connect(post("/body", b"abc")).answer().body == b"/body 3"
    assert slow[0].answer().body == WIDE
    assert slow[-1].answer().body == WIDE
    for wire in slow:
        wire.close()


@pytest.mark.parametrize("way", ASKED)
def test_what_was_sent_behind_a_slow_answer_is_answered_after_it_however_late(way: str, served: Served) -> None:
    slow = small_buffer(served, ASKED[way] + get("/hit") + get("/other") + b"GET /hit/ha")
    slow.begins()
    half = served.connect(b"GET /hit/ha")
    assert half.answer().status == 408  # so much time has passed, and the other is none the worse for it
    assert slow.answer().body == WIDE
    assert slow.answer().body == b"/hit"
    assert slow.answer().body == b"/other 0"
    slow.send(b"lf HTTP/1.1\r\nHost: x\r\n\r\n")
    assert slow.answer().body == b"/hit/half"


@pytest.mark.parametrize("way", [*ASKED, "as a stream"])
def test_a_client_that_does_not_keep_pace_is_let_go(way: str, quick: Served) -> None:
    (worker,) = quick.workers()
    process = psutil.Process(worker)
    asked = ASKED.get(way, get("/endless"))
    slow = [small_buffer(quick, asked) for _ in range(THREADS)]
    for wire in slow:
        wire.begins()
    until(lambda: len(process.net_connections("tcp")) == 1)  # where it listens
    assert [broken_off(wire) for wire in slow] == [True] * THREADS
    assert quick.get("/other") == b"/other 0"


def test_a_client_that_keeps_pace_may_take_longer_than_the_grace(quick: Served) -> None:
    started = time.monotonic()
    wire = small_buffer(quick, get("/large"))
    received = bytearray()
    while len(received) < len(LARGE):
        # 5 MB a second, where 1 is asked for.
        while len(received) > 5_000_000 * (time.monotonic() - started):
            time.sleep(0.01)
        received += wire.sock.recv(65_536) or pytest.fail(f"ended after {len(received)} bytes")
    assert received.endswith(LARGE[-1000:])
    assert time.monotonic() - started > 3


def test_of_too_many_slow_readers_those_go_that_are_furthest_behind(serve: Serve) -> None:
    # All take the same, which is nothing at this pace: the first are furthest behind.
    served = serve("versatile", limits="worker.KEPT_BYTES = 50_000_000; connection.BYTES_PER_SECOND = 10**10")
    slow = []
    for _ in range(6):
        slow.append(small_buffer(served, get("/large")))
        slow[-1].begins()
    with contextlib.closing(slow[-1]):
        assert [broken_off(wire) for wire in slow] == [True] * 3 + [False] * 3
    assert served.get("/other") == b"/other 0"
    served.stop()
