"""Clients that send slowly or too much delay no others and get their response."""

from __future__ import annotations

import http.client
import time
from collections.abc import Iterator

import pytest

from app.http.bridge import BODY_IN_MEMORY
from tests.support.clients.wire import Wire
from tests.support.servers.gunicorn import Server

from .applications import BODY_BYTES, LARGE, THREADS
from .conftest import Serve


@pytest.fixture(scope="module")
def served(serve: Serve) -> Iterator[Server]:
    served = serve()
    yield served
    served.connect()  # an idle client does not delay the stop
    assert served.stop() < 10


@pytest.fixture(scope="module")
def quick(serve: Serve) -> Iterator[Server]:
    """A server that gives slow clients little time."""
    served = serve(limits="connection_limits.GRACE_SECONDS = bridge.GRACE_SECONDS = 2")
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


def test_slow_clients_delay_no_others_and_are_disconnected(quick: Server) -> None:
    slow = {case: [quick.connect(sent) for _ in range(10 * THREADS)] for case, sent in SLOW.items()}
    started = time.monotonic()
    assert quick.get("/").body == b"/ 0"
    assert time.monotonic() - started < 1
    for case, wires in slow.items():
        lines = {wire.rest().split(b"\r\n")[0] for wire in wires}
        assert lines == {b"HTTP/1.1 400 Bad Request" if SLOW[case] else b""}, case
    assert time.monotonic() - started < 15


def test_an_incomplete_request_gets_a_400_or_is_closed(served: Server) -> None:
    for case, sent in SLOW.items():
        wire = served.connect(sent)
        wire.send_no_more()
        assert wire.rest()[:12] in (b"", b"HTTP/1.1 400", b"HTTP/1.1 200"), case
        wire.close()
    assert served.get("/").body == b"/ 0"


def test_a_request_may_arrive_in_pieces(served: Server) -> None:
    wire = served.connect()
    whole = b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n1234567890GET /b HTTP/1.1\r\nHost: x\r\n\r\n"
    for byte in whole:
        wire.send(bytes([byte]))
    assert wire.response().body == b"/a 10"
    assert wire.response().body == b"/b 0"


def test_the_server_reads_chunks_and_trailers(served: Server) -> None:
    head = b"POST /c HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    for end in (b"0\r\n\r\n", b"0\r\nA: b\r\n\r\n"):
        assert served.connect(head + b"3\r\nabc\r\n" + end).rest().endswith(b"/c 3")


def test_pipelined_requests_get_responses_in_order(served: Server) -> None:
    first = b"POST /1 HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"
    second = b"GET /2 HTTP/1.1\r\nHost: x\r\n\r\n"
    wire = served.connect((first + second + second) * 20)
    assert [wire.response().body for _ in range(60)] == [b"/1 3", b"/2 0", b"/2 0"] * 20


@pytest.mark.parametrize("size", [BODY_IN_MEMORY, BODY_IN_MEMORY + 1, 20 * BODY_IN_MEMORY, BODY_BYTES])
def test_a_body_of_any_size_arrives_whole(size: int, served: Server) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=10)
    for body in (b"x" * size, iter([b"x" * size])):  # with its length, and in chunks
        connection.request("POST", "/", body, encode_chunked=not isinstance(body, bytes))
        assert connection.getresponse().read() == f"/ {size}".encode()


@pytest.mark.parametrize("form", ["announced", "in chunks"])
def test_a_client_reads_the_refusal_while_it_still_sends(form: str, served: Server) -> None:
    size = BODY_BYTES + 20_000_000
    sent = announced(b"%d" % size) if form == "announced" else chunked(b"%x\r\n" % size)
    for closing in (b"", b"Connection: close\r\n"):
        wire = served.connect(sent.replace(b"Host: x\r\n", b"Host: x\r\n" + closing))
        wire.send(b"x" * size)
        if form == "announced":  # the application gets the request immediately, with an empty body
            assert wire.response().body == b"/ 0"
        else:
            assert wire.response().status == 413


LONG = {
    "a long body": announced(b"%d" % (2 * BODY_IN_MEMORY), b"x"),
    "a long body, mostly sent": announced(b"%d" % (2 * BODY_IN_MEMORY), b"x" * 100_000),
    "a client that waits for 100 Continue": announced(b"300").replace(b"\r\n", b"\r\nExpect: 100-continue\r\n", 1),
    "many chunks": chunked(b"3\r\nabc\r\n" * 50_000),
    "data like the last chunk": chunked(b"ffff\r\n0\r\n\r\n"),
    "a chunk of an impossible length": chunked(b"zz"),
    "a head without an end": b"GET / HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 60_000,
    "a line without an end": b"GET /" + b"x" * 400_000,
}


def drip(wires: list[Wire]) -> None:
    """Send a byte now and then, until the server closes all connections."""
    left = set(wires)
    while left:
        for wire in list(left):
            try:
                wire.send(b"x")
            except OSError:
                left.discard(wire)
        time.sleep(0.05)


def test_dripping_requests_hold_no_thread(served: Server) -> None:
    slow = [served.connect(LONG[case]) for case in LONG if "without" not in case for _ in range(THREADS)]
    for path in ("/a", "/b") * 10:
        assert served.get(path).body == f"{path} 0".encode()
    assert served.connect(b"POST /c HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc").response().body == b"/c 3"
    for wire in slow:
        wire.close()
    assert served.connect(announced(b"%d" % len(LARGE), LARGE)).response().body == b"/ %d" % len(LARGE)


@pytest.fixture(scope="module")
def aborted(quick: Server) -> dict[str, list[Wire]]:
    """Two connections for each long request, all of which dripped until the server closed them."""
    wires: dict[str, list[Wire]] = {case: [] for case in LONG}
    for case, sent in LONG.items():
        for _ in range(2):
            wires[case].append(quick.connect())
            with_pieces(wires[case][-1], sent)
    started = time.monotonic()
    drip([wire for each in wires.values() for wire in each])
    assert time.monotonic() - started < 30  # and not until the clients have sent everything
    return wires


@pytest.mark.parametrize("case", LONG)
def test_a_dripping_request_is_aborted(case: str, aborted: dict[str, list[Wire]]) -> None:
    for wire in aborted[case]:
        assert b" 200 " not in wire.rest()[25:]


def with_pieces(wire: Wire, sent: bytes) -> None:
    """Send in pieces, as a network does; the server may end the connection meanwhile."""
    try:
        for start in range(0, len(sent), 16_384):
            wire.send(sent[start : start + 16_384])
            time.sleep(0.001)
    except OSError:
        return


def test_a_response_arrives_although_the_body_was_not_read(served: Server) -> None:
    size = BODY_BYTES + 1
    head = b"POST /unread HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % size
    wire = served.connect(head + b"x" * size)
    assert wire.response().body == b"/unread"
    started = time.monotonic()
    assert served.connect(head).response().body == b"/unread"
    assert time.monotonic() - started < 1


def test_an_unread_body_leaves_the_connection_usable(served: Server) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=10)
    for size in (1000, BODY_BYTES + 1, 1000):
        connection.request("POST", "/unread", b"x" * size)
        assert connection.getresponse().read() == b"/unread"


def test_a_client_that_expects_it_gets_100_continue(served: Server) -> None:
    head = b"POST /e HTTP/1.1\r\nHost: x\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n"
    wire = served.connect(head)
    assert wire.sock.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
    wire.send(b"abc")
    assert wire.rest().endswith(b"/e 3")


def test_a_refused_upload_gets_no_100_continue(served: Server) -> None:
    head = b"POST /e HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n" % (BODY_BYTES + 1)
    assert served.connect(head).response().status == 200  # from the application, which got no body


def test_clients_that_stay_connected_delay_no_others(served: Server) -> None:
    wires = [served.connect(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n") for _ in range(10)]
    assert {wire.rest().split(b"\r\n")[0] for wire in wires} == {b"HTTP/1.1 200 OK"}  # the clients stay connected
    started = time.monotonic()
    assert served.get("/").body == b"/ 0"
    assert time.monotonic() - started < 1


MALFORMED = {
    "a chunk of no length": chunked(b"zz\r\nabc\r\n0\r\n\r\n"),
    "an invalid length": announced(b"three", b"abc"),
    "two lengths": announced(b"3\r\nContent-Length: 4", b"abcd"),
    "a length and chunks": chunked(b"0\r\n\r\n").replace(b"Host: x", b"Host: x\r\nContent-Length: 3"),
    "no HTTP": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
    "a header without a colon": b"GET / HTTP/1.1\r\nHost: x\r\nnonsense\r\n\r\n",
    "a space before the colon": b"GET / HTTP/1.1\r\nHost : x\r\n\r\n",
    "a folded header": b"GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n",
}


@pytest.mark.parametrize("case", MALFORMED)
def test_a_malformed_request_is_400_and_ends_the_connection(case: str, served: Server) -> None:
    received = served.connect(MALFORMED[case] + b"GET /hit HTTP/1.1\r\nHost: x\r\n\r\n").rest()
    assert received.startswith(b"HTTP/1.1 400 ")
    assert b"/hit" not in received
