"""A failed connection, response or worker does not affect the others."""

from __future__ import annotations

import http.client
import os
import random
import re
import signal
import socket
import struct
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from tests.support.servers.gunicorn import Server
from tests.support.waiting import until

from .applications import LARGE, THREADS
from .conftest import Checkpoints, Serve, get, post

STREAMED = b"one two " + b"x" * 300_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("checkpoints")


@pytest.fixture(scope="module")
def served(serve: Serve, folder: Path) -> Iterator[Server]:
    served = serve(folder, keep_alive="1")
    workers = served.workers()
    yield served
    assert served.workers() == workers
    served.stop()


# Streams


def test_a_stream_is_sent_in_chunks(served: Server, folder: Path) -> None:
    wire = served.connect(get("/stream/chunks") + get("/hit"))
    response = wire.response()
    assert (response.status, response.headers["transfer-encoding"], response.body) == (200, "chunked", STREAMED)
    assert wire.response().body == b"/hit"
    assert (folder / "chunks.closed").exists()


def test_a_client_that_sends_no_more_gets_its_response(served: Server) -> None:
    for sent in (get("/short/300"), get("/hit"), get("/stream/half"), post("/short/300", b"abc")):
        wire = served.connect(sent)
        wire.send_no_more()
        assert wire.response().status == 200
        assert wire.is_closed()


def test_a_request_that_ends_early_is_400(served: Server) -> None:
    for sent in (get("/hit")[:20], post("/other", b"abc")[:-1]):
        wire = served.connect(sent)
        wire.send_no_more()
        assert wire.response().status == 400
        assert wire.is_closed()


def test_letters_in_a_url_need_no_percent_encoding(served: Server) -> None:
    assert served.connect("GET /é?ü HTTP/1.1\r\nHost: x\r\n\r\n".encode()).response().body == "/é 0".encode()


def test_an_error_in_a_stream_is_seen_by_the_client(served: Server, folder: Path) -> None:
    received = served.connect(get("/breaks/middle") + get("/hit")).rest()
    assert received.endswith(b"\r\n4\r\none \r\n")  # without the empty chunk that ends the body
    until((folder / "middle.closed").exists)


def test_a_stream_ends_with_its_client(served: Server, folder: Path) -> None:
    wire = served.connect(get("/endless/gone"))
    wire.wait_for_response()
    wire.reset()
    until((folder / "gone.closed").exists)


def test_a_worker_survives_an_error_before_a_response(served: Server) -> None:
    for sent in (get("/error"), post("/error", b"")):
        received = served.connect(sent).rest()
        assert received.startswith(b"HTTP/1.1 500 ")
        assert b"RuntimeError" not in received
    assert served.get("/hit").body == b"/hit"


def test_a_header_with_a_line_break_is_never_sent(served: Server) -> None:
    assert served.connect(get("/header")).rest() == b""
    assert served.get("/hit").body == b"/hit"


def test_http_1_0_gets_one_response_and_the_end(served: Server) -> None:
    for path in ("/hit", "/other"):
        wire = served.connect(f"GET {path} HTTP/1.0\r\n\r\n".encode())
        assert wire.response().body.split()[0] == path.encode()
        assert wire.is_closed()


# Connections


def test_an_idle_connection_ends_after_keepalive_and_not_before(served: Server) -> None:
    wires = {path: served.connect() for path in ("/hit", "/other", "/stream/a")}
    for path, wire in wires.items():
        for _ in range(3):
            started = time.monotonic()
            wire.send(get(path))
            assert wire.response().status == 200
    for wire in wires.values():
        assert wire.is_closed()
        assert 0.9 < time.monotonic() - started < 5


def test_a_connection_over_the_limit_replaces_the_longest_idle(serve: Serve) -> None:
    served = serve(limits="connection_limits.MOST_CONNECTIONS = 4", keep_alive="60")
    wires = []
    for _ in range(4):
        wires.append(served.connect(get("/hit")))
        assert wires[-1].response().body == b"/hit"
        time.sleep(0.02)  # the clock of the loop has milliseconds
    late = served.connect(get("/hit"))
    assert late.response().body == b"/hit"
    assert wires[0].is_closed()
    for wire in wires[1:]:
        wire.send(get("/hit"))
        assert wire.response().body == b"/hit"
    assert served.stop() < 5


def reset(sock: socket.socket) -> None:
    """Close a connection with a reset."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


SENT = {
    "nothing": b"",
    "half a line": b"GE",
    "half a head": b"GET /hit HTTP/1.1\r\nHost",
    "half a body": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf",
    "half a large body": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n" + b"x" * 300_000,
    "half a chunk": b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nha",
    "a client that waits": b"POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n",
    "a hit": get("/hit"),
    "many hits": get("/hit") * 300,
    "a large hit": get("/large"),
    "large hits": get("/large") * 3,
    "work": get("/short/20"),
    "work with a body": post("/short/20", b"abc"),
    "work, and more": get("/short/20") + get("/hit") + post("/short/20", b"abc") + get("/sh"),
    "a stream": get("/stream/vanished"),
    "the last": get("/hit", last=True),
    "the last work": get("/short/10", last=True) + get("/hit"),
    "an error": get("/error"),
    "garbage": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
}


def test_disconnected_clients_leave_no_resources_behind(served: Server) -> None:
    (worker,) = served.workers()
    process = psutil.Process(worker)
    until(lambda: process.num_fds() and len(process.net_connections("tcp")) == 1)  # the listening socket
    descriptors, threads, before = process.num_fds(), process.num_threads(), len(served.log.read_bytes())

    def disconnect(seed: int) -> None:
        chance = random.Random(seed)
        sent = SENT[chance.choice(list(SENT))]
        sock = socket.create_connection(("127.0.0.1", served.port), timeout=10)
        try:
            sock.sendall(sent[: chance.randrange(len(sent) + 1)] if chance.random() < 0.2 else sent)
            if chance.random() < 0.5:
                sock.settimeout(chance.random() / 100)
                sock.recv(chance.choice((1, 1000, 100_000)))
        except OSError:  # it has not responded yet, or has already stopped
            pass
        finally:
            (reset if chance.random() < 0.6 else socket.socket.close)(sock)

    with ThreadPoolExecutor(8) as pool:
        for _ in pool.map(disconnect, range(800)):
            pass
    for path in ("/hit", "/other"):
        assert served.get(path).body.startswith(path.encode())
    assert served.workers() == {worker}
    until(lambda: len(process.net_connections("tcp")) == 1)
    until(lambda: (process.num_fds(), process.num_threads()) == (descriptors, threads))
    logged = served.log.read_bytes()[before:].decode()
    errors = re.findall(r"^\w+(?:\.\w+)*(?:Error|Exception|Interrupt)\b.*", logged, re.MULTILINE)
    assert set(errors) <= {"RuntimeError: an error before the response"}
    wires = [served.connect(get("/short/200")) for _ in range(THREADS)]  # all threads are still there
    assert {wire.response().status for wire in wires} == {200}


# Workers


def test_running_requests_finish_before_the_server_stops(serve: Serve, tmp_path: Path) -> None:
    served, checkpoints = serve(tmp_path), Checkpoints(tmp_path)
    idle, working, with_body = served.connect(get("/hit")), served.connect(), served.connect()
    assert idle.response().body == b"/hit"
    working.send(get("/wait/working"))
    with_body.send(post("/wait/body", b"abc"))
    large = served.connect(get("/large"))
    large.wait_for_response()
    half = served.connect(b"GET /hit/half HTTP/1.1\r\nHo")
    checkpoints.wait_for("working")
    checkpoints.wait_for("body")
    served.terminate()
    half.send(b"st: x\r\n\r\n")
    assert half.response().body == b"/hit/half"
    assert half.is_closed()
    assert idle.is_closed()
    until(lambda: refused(served.port))
    assert served.is_running
    checkpoints.release("working")
    checkpoints.release("body")
    responses = [working.response(), with_body.response(), large.response()]
    assert [response.body for response in responses[:2]] == [b"/wait/working 0", b"/wait/body 3"]
    assert responses[2].body == LARGE
    assert [response.headers["connection"] for response in responses[:2]] == ["close", "close"]
    for wire in (working, with_body, large):
        wire.close()
    assert served.wait(10) == 0


def refused(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except ConnectionRefusedError:
        return True
    return False


def test_no_request_fails_while_workers_are_replaced(serve: Serve) -> None:
    served = serve(workers="2")
    over = threading.Event()

    def send_requests(path: str) -> int:
        """Send requests over persistent connections; reopen one that the server closes."""
        connection = http.client.HTTPConnection("127.0.0.1", served.port, timeout=20)
        number = 0
        while not over.is_set():
            connection.request(*(("POST", path, b"abc") if number % 3 == 0 and path != "/hit" else ("GET", path)))
            response = connection.getresponse()
            assert response.status == 200
            assert response.read().startswith(path.encode())
            number += 1
        return number

    seen: set[int] = set()
    with ThreadPoolExecutor(6) as pool:
        clients = [pool.submit(send_requests, path) for path in ("/hit", "/other", "/short/100") for _ in range(2)]
        try:
            for _ in range(10):
                before = served.workers()
                seen |= before
                os.kill(served.process.pid, signal.SIGHUP)
                until(lambda before=before: len(served.workers()) == 2 and not served.workers() & before, 60)
        finally:
            over.set()
        counts = [client.result(30) for client in clients]
    assert len(seen | served.workers()) == 22
    assert min(counts) > 1
