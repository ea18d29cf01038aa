"""Whatever becomes of a connection, an answer or a worker: the others go on."""

from __future__ import annotations

import random
import re
import socket
import struct
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from tests.conftest import until

from .applications import LARGE
from .conftest import THREADS, Meeting, Serve, Served, get, post

STREAMED = b"one two " + b"x" * 300_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("meeting")


@pytest.fixture(scope="module")
def served(serve: Serve, folder: Path) -> Iterator[Served]:
    served = serve("versatile", folder, keep_alive="1")
    workers = served.workers()
    yield served
    assert served.workers() == workers
    served.stop()


# Answers that are no list.


@pytest.mark.parametrize("way", ["plain", "parsed"])
def test_an_answer_without_a_length_is_sent_in_chunks(way: str, served: Served, folder: Path) -> None:
    sent = get(f"/stream/{way}") if way == "plain" else post(f"/stream/{way}", b"")
    wire = served.connect(sent + get("/hit"))
    answer = wire.answer()
    assert (answer.status, answer.headers["transfer-encoding"], answer.body) == (200, "chunked", STREAMED)
    assert wire.answer().body == b"/hit"
    assert (folder / f"{way}.closed").exists()


def test_an_answer_with_a_length_is_sent_as_it_is(served: Served) -> None:
    wire = served.connect(get("/exact/a") + get("/exact/b", "HEAD") + get("/exact/c"))
    assert wire.answer().body == b"one two"
    assert wire.answer(to_head=True).headers["content-length"] == "7"
    answer = wire.answer()
    assert (answer.body, answer.headers.get("transfer-encoding")) == (b"one two", None)


def test_head_of_an_answer_without_a_length_has_no_body(served: Served) -> None:
    wire = served.connect(get("/stream/head", "HEAD") + get("/hit"))
    assert wire.answer(to_head=True).status == 200
    assert wire.answer().body == b"/hit"


@pytest.mark.parametrize("sent", [get("/generated"), post("/generated", b"")])
def test_an_application_may_be_a_generator(sent: bytes, served: Served) -> None:
    answer = served.connect(sent).answer()
    assert (answer.status, answer.headers.get("x-from"), answer.body) == (200, "thread", b"one two")


def test_an_error_in_the_middle_of_an_answer_is_seen_by_the_client(served: Served, folder: Path) -> None:
    for sent in (get("/breaks/middle"), post("/breaks/middle", b"")):
        received = served.connect(sent + get("/hit")).rest()
        assert received.endswith(b"\r\n4\r\none \r\n")  # without the empty chunk that would say: this is all
        (folder / "middle.closed").unlink()


def test_an_error_before_an_answer_is_500_and_the_worker_lives(served: Served, folder: Path) -> None:
    for path in ("/error", "/falls/first", "/header"):
        for sent in (get(path), post(path, b"")):
            received = served.connect(sent).rest()
            blamed = path == "/header" and sent.startswith(b"POST")  # gunicorn takes it for a header of the client
            assert received.startswith(b"HTTP/1.1 400 " if blamed else b"HTTP/1.1 500 "), path
            assert b"RuntimeError" not in received
            assert b"\nSet-Cookie" not in received
    assert (folder / "first.closed").exists()
    assert served.get("/hit") == b"/hit"


# Connections.


def test_an_idle_connection_ends_after_a_while_and_not_before(served: Served) -> None:
    wires = {path: served.connect() for path in ("/hit", "/other", "/exact/a", "/stream/a")}
    for path, wire in wires.items():
        for _ in range(3):
            started = time.monotonic()
            wire.send(get(path))
            assert wire.answer().status == 200
    for wire in wires.values():
        assert wire.ended()
        assert 0.9 < time.monotonic() - started < 5


def test_a_connection_over_the_limit_waits_for_its_turn(serve: Serve) -> None:
    served = serve("versatile", worker_connections="4", keep_alive="60")
    for _ in range(3):
        wires = [served.connect(get("/hit")) for _ in range(4)]
        assert {wire.answer().body for wire in wires} == {b"/hit"}
        late = served.connect(get("/hit"), seconds=0.3)
        with pytest.raises(TimeoutError):
            late.sock.recv(1)
        late.sock.settimeout(10)
        wires.pop().close()
        assert late.sock.recv(8) == b"HTTP/1.1"
        for wire in [*wires, late]:
            wire.close()
    assert served.stop() < 5


def reset(sock: socket.socket) -> None:
    """End a connection at once, with a reset."""
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
    "work for the parser": post("/short/20", b"abc"),
    "work, and more": get("/short/20") + get("/hit") + post("/short/20", b"abc") + get("/sh"),
    "a stream": get("/stream/vanished"),
    "the last": get("/hit", last=True),
    "the last work": get("/short/10", last=True) + get("/hit"),
    "an error": get("/error"),
    "garbage": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
}


def test_clients_that_vanish_at_any_moment_leave_nothing_behind(served: Served) -> None:
    (worker,) = served.workers()
    process = psutil.Process(worker)
    until(lambda: process.num_fds() and len(process.net_connections("tcp")) == 1)  # where it listens
    descriptors, threads, before = process.num_fds(), process.num_threads(), len(served.log.read_bytes())

    def vanish(seed: int) -> None:
        chance = random.Random(seed)
        sent = SENT[chance.choice(list(SENT))]
        sock = socket.create_connection(("127.0.0.1", served.port), timeout=10)
        try:
            sock.sendall(sent[: chance.randrange(len(sent) + 1)] if chance.random() < 0.2 else sent)
            if chance.random() < 0.5:
                sock.settimeout(chance.random() / 100)
                sock.recv(chance.choice((1, 1000, 100_000)))
        except OSError:  # it has not answered so soon, or was quicker to end
            pass
        finally:
            (reset if chance.random() < 0.6 else socket.socket.close)(sock)

    with ThreadPoolExecutor(8) as pool:
        for _ in pool.map(vanish, range(800)):
            pass
    for path in ("/hit", "/other"):
        assert served.get(path).startswith(path.encode())
    assert served.workers() == {worker}
    until(lambda: len(process.net_connections("tcp")) == 1)
    assert (process.num_fds(), process.num_threads()) == (descriptors, threads)
    said = served.log.read_bytes()[before:].decode()
    errors = re.findall(r"^\w+(?:\.\w+)*(?:Error|Exception|Interrupt)\b.*", said, re.MULTILINE)
    assert set(errors) <= {"RuntimeError: an error before anything"}
    wires = [served.connect(get("/short/200")) for _ in range(THREADS)]  # all threads are still there
    assert {wire.answer().status for wire in wires} == {200}


# Workers.


@pytest.mark.parametrize("path", ["/hit", "/other"])
def test_a_worker_that_has_served_its_number_is_replaced_and_no_answer_is_lost(path: str, serve: Serve) -> None:
    served = serve("versatile", max_requests="20")
    for _ in range(3):
        before = served.workers()
        wire = served.connect()
        said = []
        while not said or said[-1] == "keep-alive":
            wire.send(get(path))
            said.append(wire.answer().headers["connection"])
        assert len(said) <= 20
        assert wire.ended()
        until(lambda before=before: served.workers() - before)

    def ask(_: int) -> bytes:
        return served.get(path)

    with ThreadPoolExecutor(4) as pool:
        assert {answer.split()[0] for answer in pool.map(ask, range(150))} == {path.encode()}
    assert served.get("/hit") == b"/hit"  # the last one is there, and takes signals


def test_what_is_under_way_is_finished_before_the_end(serve: Serve, tmp_path: Path) -> None:
    served, meeting = serve("versatile", tmp_path), Meeting(tmp_path)
    idle, working, parsed = served.connect(get("/hit")), served.connect(), served.connect()
    assert idle.answer().body == b"/hit"
    working.send(get("/wait/plain") + get("/hit/next"))
    parsed.send(post("/wait/parsed", b"abc"))
    large = served.connect(get("/large"))
    large.begins()
    half = served.connect(b"GET /hit/half HTTP/1.1\r\nHo")
    meeting.there("plain")
    meeting.there("parsed")
    served.process.terminate()
    assert idle.ended()  # whoever waits for nothing is let go
    half.send(b"st: x\r\n\r\n")
    assert half.answer().body == b"/hit/half"
    assert half.ended()
    until(lambda: refused(served.port))
    assert served.process.poll() is None
    meeting.go("plain")
    meeting.go("parsed")
    answers = [working.answer(), parsed.answer(), large.answer()]
    assert [answer.body for answer in answers[:2]] == [b"/wait/plain 0", b"/wait/parsed 3"]
    assert answers[2].body == LARGE
    assert [answer.headers["connection"] for answer in answers[:2]] == ["close", "close"]
    for wire in (working, parsed, large):
        wire.close()
    assert served.process.wait(10) == 0


def refused(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=5).close()
    except ConnectionRefusedError:
        return True
    return False
