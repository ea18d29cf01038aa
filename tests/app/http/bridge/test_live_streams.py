"""Live streams hold no thread, and end with their client or their server."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from app.http.middleware.raw_response import RawResponse, with_length
from app.http.responses import LiveStream
from tests.support.clients.wire import Wire
from tests.support.servers.gunicorn import Server
from tests.support.waiting import until

from .applications import THREADS, ticks
from .conftest import Serve, get

PIECE = 1_000_000  # bytes of a piece of a flood


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("live")


@pytest.fixture(scope="module")
def served(serve: Serve, folder: Path) -> Iterator[Server]:
    served = serve(folder)
    workers = served.workers()
    yield served
    assert served.workers() == workers
    served.stop()


def follow(served: Server, path: str = "/live") -> Wire:
    """Open a live stream, and read its head."""
    wire = served.connect(get(path))
    while wire.reader.readline() != b"\r\n":
        pass
    return wire


def chunk(wire: Wire) -> bytes:
    """Read a chunk; empty at the end of the stream."""
    size = int(wire.reader.readline(), 16)
    data = wire.reader.read(size)
    assert wire.reader.readline() == b"\r\n"
    return data


def test_many_live_streams_need_no_threads(served: Server) -> None:
    wires = [follow(served) for _ in range(10 * THREADS)]
    for wire in wires:
        assert chunk(wire).startswith(b"request-")
        assert chunk(wire).startswith(b"request-")
    [worker] = served.workers()
    threads = psutil.Process(worker).num_threads()
    assert threads < 10 * THREADS
    assert served.get("/short/10").status == 200
    for wire in wires:
        wire.close()


@pytest.mark.parametrize("end", ["close", "reset", "send_no_more"])
def test_a_client_that_goes_ends_its_stream(served: Server, folder: Path, end: str) -> None:
    wire = follow(served, f"/live/{end}")
    chunk(wire)
    getattr(wire, end)()
    until((folder / f"{end}.closed").exists)


def test_a_stream_waits_for_a_slow_client(served: Server, folder: Path) -> None:
    wire = served.connect(get("/flood/slow"), small_buffer=True)
    wire.wait_for_response()
    until((folder / "flood.pieces").exists)
    time.sleep(0.5)
    assert int((folder / "flood.pieces").read_text()) * PIECE < 20 * PIECE
    wire.close()
    until((folder / "slow.closed").exists)


def test_an_error_in_a_live_stream_is_seen_by_the_client(served: Server, folder: Path) -> None:
    wire = follow(served, "/fails/error")
    assert wire.rest() == b"4\r\none \r\n"
    assert (folder / "error.closed").exists()


def test_a_request_behind_a_live_stream_waits(served: Server) -> None:
    wire = served.connect(get("/live") + get("/hit"))
    wire.wait_for_response()
    while wire.reader.readline() != b"\r\n":
        pass
    assert [chunk(wire)[:8] for _ in range(5)] == [b"request-"] * 5
    wire.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_server_that_stops_ends_its_streams(serve: Serve, number: signal.Signals) -> None:
    stopping = serve()
    wires = [follow(stopping) for _ in range(20)]
    [worker] = stopping.workers()
    started = time.monotonic()
    psutil.Process(worker).send_signal(number)
    for wire in wires:
        while chunk(wire):
            pass
        assert wire.is_closed()
    assert time.monotonic() - started < 5
    stopping.stop()


def test_a_replaced_worker_ends_its_streams(serve: Serve) -> None:
    served = serve()
    wire = follow(served)
    workers = served.workers()
    psutil.Process(served.process.pid).send_signal(signal.SIGHUP)
    while chunk(wire):
        pass
    until(lambda: served.workers() and not served.workers() & workers)
    served.stop()


def test_a_live_stream_can_be_iterated() -> None:
    stream = LiveStream(ticks, lambda: None)
    pieces = iter(stream)
    assert [next(pieces), next(pieces)] == [b"MainThread\n"] * 2


def test_a_live_stream_is_brief_where_its_length_is_needed() -> None:
    closed: list[bool] = []
    response = with_length(RawResponse("200 OK", [], LiveStream(ticks, lambda: closed.append(True))), {})
    assert (response.header("Content-Length"), closed) == ("11", [True])
    assert not isinstance(response.body, bytes | LiveStream)
    assert list(response.body) == [b"MainThread\n"]
