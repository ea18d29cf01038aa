"""Clients that send slowly, or nothing, or more than is read, hold nobody up and are answered as they should be."""

from __future__ import annotations

import http.client
import time
from collections.abc import Iterator

import pytest

from extensions.server.framing import BODY_BYTES, Extent, extent

from .applications import LARGE
from .conftest import THREADS, Serve, Served, Wire


@pytest.fixture(scope="module")
def served(serve: Serve) -> Iterator[Served]:
    served = serve("counting")
    yield served
    served.connect()  # an idle client does not hold up the end
    assert served.stop() < 10


@pytest.fixture(scope="module")
def quick(serve: Serve) -> Iterator[Served]:
    """One that gives slow clients little time."""
    served = serve("counting", limits="connection.GRACE_SECONDS = 2")
    yield served
    served.stop()


def chunked(body: bytes) -> bytes:
    return b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + body


def announced(length: bytes, body: bytes = b"") -> bytes:
    return b"POST / HTTP/1.1\r\nHost: x\r\ncontent-length: " + length + b"\r\n\r\n" + body


SLOW = {
    "nothing": b"",
    "half a line": b"GET / HT",
    "half the headers": b"GET / HTTP/1.1\r\nHost: x\r\n",
    "half a body": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf",
    "half a chunk": b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nha",
}


def test_slow_clients_hold_nobody_up_and_are_ended(served: Served) -> None:
    slow = {case: [served.connect(sent) for _ in range(3 * THREADS)] for case, sent in SLOW.items()}
    started = time.monotonic()
    assert served.get() == b"/ 0"
    assert time.monotonic() - started < 1
    for case, wires in slow.items():
        answers = {wire.rest().split(b"\r\n")[0] for wire in wires}
        assert answers == {b"HTTP/1.1 408 Request Timeout" if SLOW[case] else b""}, case
    assert time.monotonic() - started < 15


def test_the_end_of_a_half_request_is_an_answer_or_the_end(served: Served) -> None:
    for case, sent in SLOW.items():
        wire = served.connect(sent)
        wire.sock.shutdown(1)
        assert wire.rest()[:12] in (b"", b"HTTP/1.1 400", b"HTTP/1.1 200"), case
        wire.close()
    assert served.get() == b"/ 0"


def test_a_request_may_come_in_pieces(served: Served) -> None:
    wire = served.connect()
    whole = b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n1234567890GET /b HTTP/1.1\r\nHost: x\r\n\r\n"
    for byte in whole:
        wire.send(bytes([byte]))
    assert wire.answer().body == b"/a 10"
    assert wire.answer().body == b"/b 0"


def test_chunks_and_their_trailers_are_read(served: Served) -> None:
    head = b"POST /c HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    for end in (b"0\r\n\r\n", b"0\r\nA: b\r\n\r\n"):
        assert served.connect(head + b"3\r\nabc\r\n" + end).rest().endswith(b"/c 3")


def test_requests_sent_at_once_are_answered_in_order(served: Served) -> None:
    one = b"POST /1 HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"
    two = b"GET /2 HTTP/1.1\r\nHost: x\r\n\r\n"
    wire = served.connect((one + two + two) * 20)
    assert [wire.answer().body for _ in range(60)] == [b"/1 3", b"/2 0", b"/2 0"] * 20


def test_a_large_body_is_read_by_the_thread(served: Served) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=10)
    for size in (BODY_BYTES, 20 * BODY_BYTES):
        connection.request("POST", "/", b"x" * size)
        assert connection.getresponse().read() == f"/ {size}".encode()


LONG = {
    "a long body": announced(b"%d" % (2 * BODY_BYTES), b"x"),
    "a long body of which much is there": announced(b"%d" % (2 * BODY_BYTES), b"x" * 100_000),
    "a client that waits to be told to go on": announced(b"300").replace(b"\r\n", b"\r\nExpect: 100-continue\r\n", 1),
    "many chunks": chunked(b"3\r\nabc\r\n" * 50_000),
    "what looks like the last chunk": chunked(b"ffff\r\n0\r\n\r\n"),
    "a chunk of an impossible length": chunked(b"zz"),
    "a head without an end": b"GET / HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 11_000,
    "a line without an end": b"GET /" + b"x" * 65_540,
}


def drip(wires: list[Wire]) -> None:
    """Send something now and then, until the server ends all of the connections."""
    left = set(wires)
    while left:
        for wire in list(left):
            try:
                wire.send(b"x")
            except OSError:
                left.discard(wire)
        time.sleep(0.05)


def test_more_long_requests_that_drip_than_threads_hold_up_only_one_another(served: Served) -> None:
    slow = [served.connect(LONG[case]) for case in LONG for _ in range(THREADS)]
    for path in ("/a", "/b") * 10:
        assert served.get(path) == f"{path} 0".encode()
    assert served.connect(b"POST /c HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc").answer().body == b"/c 3"
    for wire in slow:
        wire.close()
    assert served.connect(announced(b"%d" % len(LARGE), LARGE)).answer().body == b"/ %d" % len(LARGE)


@pytest.mark.parametrize("case", LONG)
def test_a_long_request_that_drips_is_ended(case: str, quick: Served) -> None:
    wires = [quick.connect(LONG[case]) for _ in range(2)]
    started = time.monotonic()
    drip(wires)
    assert time.monotonic() - started < 30  # and not for as long as it goes on
    for wire in wires:
        assert b" 200 " not in wire.rest()[25:]


def test_an_answer_that_did_not_read_the_body_arrives_all_the_same(served: Served) -> None:
    head = b"POST /unread HTTP/1.1\r\nHost: x\r\nContent-Length: 20000000\r\n\r\n"
    assert served.connect(head + b"x" * 20_000_000).rest().endswith(b"/unread 0")
    started = time.monotonic()
    assert served.connect(head).rest().endswith(b"/unread 0")
    assert time.monotonic() - started < 1


def test_a_small_body_that_was_not_read_leaves_the_connection_usable(served: Served) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=10)
    for _ in range(2):
        connection.request("POST", "/unread", b"x" * 1000)
        assert connection.getresponse().read() == b"/unread 0"


def test_a_client_that_waits_to_be_told_to_go_on_is_told(served: Served) -> None:
    head = b"POST /e HTTP/1.1\r\nHost: x\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n"
    wire = served.connect(head)
    assert wire.sock.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
    wire.send(b"abc")
    assert wire.rest().endswith(b"/e 3")


def test_clients_that_do_not_hang_up_hold_nobody_up(served: Served) -> None:
    wires = [served.connect(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n") for _ in range(10)]
    assert {wire.rest().split(b"\r\n")[0] for wire in wires} == {b"HTTP/1.1 200 OK"}  # and their end stays open
    started = time.monotonic()
    assert served.get() == b"/ 0"
    assert time.monotonic() - started < 1


@pytest.mark.parametrize(
    ("received", "expected"),
    [
        (b"", Extent.MORE),
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", Extent.WHOLE),
        (b"GET / HTTP/1.1\r\nHost: x\r\n", Extent.MORE),
        (b"x" * 70_000, Extent.LONG),
        (announced(b"3", b"ab"), Extent.MORE),
        (announced(b"3", b"abc"), Extent.WHOLE),
        (announced(b"3", b"abcd"), Extent.WHOLE),
        (announced(b"three"), Extent.LONG),
        (announced(b""), Extent.LONG),
        (announced(b"%d" % BODY_BYTES, b"a"), Extent.MORE),
        (announced(b"%d" % (BODY_BYTES + 1), b"a"), Extent.LONG),
        (announced(b"%d" % (BODY_BYTES + 1), b"a" * BODY_BYTES), Extent.LONG),
        (announced(b"9" * 8000, b"abc"), Extent.LONG),
        (chunked(b""), Extent.MORE),
        (chunked(b"3\r\nabc\r\n"), Extent.MORE),
        (chunked(b"zz\r\n"), Extent.LONG),
        (chunked(b"0\r\n\r\n"), Extent.WHOLE),
        (chunked(b"0\r\nA: b\r\n\r\n"), Extent.WHOLE),
        (chunked(b"3;a=b\r\nabc\r\n0\r\n\r\n"), Extent.WHOLE),
        (chunked(b"3\r\nabc\r\n0\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n"), Extent.WHOLE),
        (chunked(b"ff\r\nabc\r\n0\r\n\r\n"), Extent.LONG),  # it looks like the end, and is part of a chunk
        (chunked(b"3\r\nabc\r\n" * 40_000), Extent.LONG),
        (b"POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n", Extent.LONG),
    ],
)
def test_what_there_is_of_a_request_is_recognised(received: bytes, expected: Extent) -> None:
    assert extent(received) is expected
