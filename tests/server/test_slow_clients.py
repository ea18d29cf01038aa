"""Clients that send slowly, or nothing, or more than is read, hold nobody up and are answered as they should be."""

from __future__ import annotations

import http.client
import time
from collections.abc import Iterator

import pytest

from extensions.server.framing import BODY_BYTES, is_whole

from .conftest import THREADS, Serve, Served


@pytest.fixture(scope="module")
def served(serve: Serve) -> Iterator[Served]:
    served = serve("counting")
    yield served
    served.connect()  # an idle client does not hold up the end
    assert served.stop() < 3


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
    assert time.monotonic() - started < 6


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
    ("received", "whole"),
    [
        (b"", False),
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", True),
        (b"GET / HTTP/1.1\r\nHost: x\r\n", False),
        (b"x" * 70_000, True),
        (b"POST / HTTP/1.1\r\ncontent-length: 3\r\n\r\nab", False),
        (b"POST / HTTP/1.1\r\ncontent-length: 3\r\n\r\nabc", True),
        (b"POST / HTTP/1.1\r\nContent-Length: three\r\n\r\n", True),
        (b"POST / HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n", True),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", False),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", False),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", True),
        (b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", True),
    ],
)
def test_a_whole_request_is_recognised(received: bytes, whole: bool) -> None:
    assert is_whole(received) is whole
