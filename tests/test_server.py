"""The worker of gunicorn that does not let slow clients hold its threads."""

from __future__ import annotations

import contextlib
import http.client
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from extensions.server.framing import BODY_BYTES, is_whole
from tests.conftest import ROOT

THREADS = 4
PROGRAM = """
from extensions.server import worker
worker.REQUEST_SECONDS = 2

def app(environ, start_response):
    path, body = environ["PATH_INFO"], b""
    if path != "/unread":
        body = environ["wsgi.input"].read()
    answer = b"%s %d" % (path.encode(), len(body))
    start_response("200 OK", [("Content-Length", str(len(answer)))])
    return [answer]
"""


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    folder = tmp_path_factory.mktemp("patient")
    (folder / "served.py").write_text(PROGRAM)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        number = listener.getsockname()[1]
    command = [sys.executable, "-m", "gunicorn", "--config", "/dev/null", "--bind", f"127.0.0.1:{number}"]
    command += ["--worker-class", "extensions.server.worker.PatientWorker", "--threads", str(THREADS)]
    command += ["--no-control-socket", "--pythonpath", f"{folder},{ROOT}", "served:app"]
    with subprocess.Popen(command, cwd=folder) as server:
        while True:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", number)):
                break
            time.sleep(0.05)
        yield number
        started = time.monotonic()
        with socket.create_connection(("127.0.0.1", number)):  # an idle client does not hold up the end
            server.terminate()
            server.wait(10)
        assert time.monotonic() - started < 3


def connected(port: int, sent: bytes) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=10)
    connection.sendall(sent)
    return connection


def read_all(connection: socket.socket) -> bytes:
    parts = []
    while part := connection.recv(65536):
        parts.append(part)
    return b"".join(parts)


def get(port: int, path: str = "/") -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", path)
    return connection.getresponse().read()


SLOW = {
    "nothing": b"",
    "half a line": b"GET / HT",
    "half the headers": b"GET / HTTP/1.1\r\nHost: x\r\n",
    "half a body": b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf",
    "half a chunk": b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nha",
}


@pytest.mark.parametrize("sent", SLOW.values(), ids=SLOW)
def test_slow_clients_hold_nobody_up_and_are_ended(port: int, sent: bytes) -> None:
    slow = [connected(port, sent) for _ in range(3 * THREADS)]
    started = time.monotonic()
    assert get(port) == b"/ 0"
    assert time.monotonic() - started < 1
    answers = {read_all(connection).split(b"\r\n")[0] for connection in slow}
    assert answers == {b"HTTP/1.1 408 Request Timeout" if sent else b""}
    assert time.monotonic() - started < 6


def test_a_request_may_come_in_pieces(port: int) -> None:
    connection = connected(port, b"")
    for piece in (
        b"POST /a HT",
        b"TP/1.1\r\nHost: x\r\nContent-Le",
        b"ngth: 10\r\nConnection: close\r\n\r\n12345",
        b"67890",
    ):
        connection.sendall(piece)
        time.sleep(0.05)
    assert read_all(connection).endswith(b"/a 10")


def test_chunks_and_their_trailers_are_read(port: int) -> None:
    head = b"POST /c HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
    for end in (b"0\r\n\r\n", b"0\r\nA: b\r\n\r\n"):
        assert read_all(connected(port, head + b"3\r\nabc\r\n" + end)).endswith(b"/c 3")


def test_requests_sent_at_once_are_answered_in_order(port: int) -> None:
    one = b"POST /1 HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"
    last = b"GET /2 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    answer = read_all(connected(port, one * 3 + last))
    assert answer.count(b"/1 3") == 3
    assert answer.endswith(b"/2 0")


def test_a_large_body_is_read_by_the_thread(port: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    for size in (BODY_BYTES, 20 * BODY_BYTES):
        connection.request("POST", "/", b"x" * size)
        assert connection.getresponse().read() == f"/ {size}".encode()


def test_an_answer_that_did_not_read_the_body_arrives_all_the_same(port: int) -> None:
    head = b"POST /unread HTTP/1.1\r\nHost: x\r\nContent-Length: 20000000\r\n\r\n"
    assert read_all(connected(port, head + b"x" * 20_000_000)).endswith(b"/unread 0")
    started = time.monotonic()
    assert read_all(connected(port, head)).endswith(b"/unread 0")
    assert time.monotonic() - started < 1


def test_a_small_body_that_was_not_read_leaves_the_connection_usable(port: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    for _ in range(2):
        connection.request("POST", "/unread", b"x" * 1000)
        assert connection.getresponse().read() == b"/unread 0"


def test_a_client_that_waits_to_be_told_to_go_on_is_told(port: int) -> None:
    head = b"POST /e HTTP/1.1\r\nHost: x\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n"
    connection = connected(port, head)
    assert connection.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
    connection.sendall(b"abc")
    assert read_all(connection).endswith(b"/e 3")


def test_clients_that_do_not_hang_up_hold_nobody_up(port: int) -> None:
    clients = [connected(port, b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n") for _ in range(10)]
    time.sleep(0.2)
    started = time.monotonic()
    assert get(port) == b"/ 0"
    assert time.monotonic() - started < 1
    for client in clients:
        client.close()


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
