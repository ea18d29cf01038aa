"""The view of an upload reads the body while it arrives."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from app.http.bridge import UPLOAD_THREADS
from tests.support.clients.wire import Wire
from tests.support.servers.gunicorn import Server
from tests.support.waiting import until

from .conftest import Checkpoints, Serve

MEGABYTE = bytes(range(256)) * 4096
MOST_GROWTH = 16 * 1024 * 1024  # bytes of a worker's memory, whatever the size of the upload


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("checkpoints")


@pytest.fixture(scope="module")
def served(serve: Serve, folder: Path) -> Iterator[Server]:
    """A server that gives slow clients little time."""
    limits = (
        "from extensions.server import arriving_body\narriving_body.GRACE_SECONDS = arriving_body.STALL_SECONDS = 1\n"
    )
    served = serve(checkpoints=folder, limits=limits)
    yield served
    served.stop()


@pytest.fixture
def checkpoints(folder: Path) -> Checkpoints:
    return Checkpoints(folder)


def announced(path: str, length: int, *headers: str) -> bytes:
    lines = [f"POST {path} HTTP/1.1", "Host: x", f"Content-Length: {length}", *headers, "", ""]
    return "\r\n".join(lines).encode()


def begin(server: Server, path: str, length: int, *headers: str) -> Wire:
    return server.connect(announced(path, length, *headers), seconds=30)


def test_an_upload_arrives_whole(served: Server) -> None:
    wire = begin(served, "/upload/whole", 8 * len(MEGABYTE))
    for _ in range(8):
        wire.send(MEGABYTE)
    assert wire.response().body == b"%d" % (8 * len(MEGABYTE))


def test_a_chunked_upload_arrives_whole(served: Server) -> None:
    wire = served.connect(b"POST /upload/chunked HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _ in range(3):
        wire.send(b"100000\r\n" + MEGABYTE + b"\r\n")
    wire.send(b"0\r\n\r\n")
    assert wire.response().body == b"%d" % (3 * len(MEGABYTE))


def test_an_empty_upload_reaches_the_view(served: Server) -> None:
    assert served.request("POST", "/upload/empty").body == b"0"


def test_a_connection_serves_requests_after_an_upload(served: Server) -> None:
    wire = begin(served, "/upload/first", 5)
    wire.send(b"12345GET /hit/next HTTP/1.1\r\nHost: x\r\n\r\n")
    assert wire.response().body == b"5"
    assert wire.response().body == b"/hit/next"


def test_an_upload_takes_little_memory(served: Server) -> None:
    worker = psutil.Process(min(served.workers()))
    before = worker.memory_info().rss
    wire = begin(served, "/upload/large", 96 * len(MEGABYTE))
    most = 0
    for _ in range(96):
        wire.send(MEGABYTE)
        most = max(most, worker.memory_info().rss)
    assert wire.response().body == b"%d" % (96 * len(MEGABYTE))
    assert most - before < MOST_GROWTH


def test_a_view_slows_its_client_down(served: Server, checkpoints: Checkpoints) -> None:
    wire = begin(served, "/upload/held", 64 * len(MEGABYTE))
    checkpoints.wait_for("held")
    wire.sock.settimeout(1)
    with pytest.raises(TimeoutError):
        wire.send(64 * MEGABYTE)
    assert served.get("/").status == 200
    wire.close()
    checkpoints.release("held")
    until((checkpoints.folder / "held.ConnectionResetError").exists)


def test_a_refused_client_sends_no_body(served: Server) -> None:
    wire = begin(served, "/upload/refused", 1000, "Expect: 100-continue")
    assert wire.response().status == 413


def test_an_accepted_client_is_told_to_continue(served: Server) -> None:
    wire = begin(served, "/upload/expected", 5, "Expect: 100-continue")
    assert wire.response().status == 100
    wire.send(b"12345")
    assert wire.response().body == b"5"


def test_a_refusal_reaches_a_client_that_still_sends(served: Server) -> None:
    wire = begin(served, "/upload/refused", 4 * len(MEGABYTE))
    wire.send(MEGABYTE)
    assert wire.response().body == b"refused"


def test_a_slow_client_gets_a_response(served: Server) -> None:
    wire = begin(served, "/upload/slow", 1000)
    wire.send(b"half")
    response = wire.response()
    assert (response.status, response.body) == (400, b"TimeoutError")


def test_a_view_learns_of_a_lost_client(served: Server, checkpoints: Checkpoints) -> None:
    begin(served, "/upload/lost", 1000).close()
    until((checkpoints.folder / "lost.ConnectionResetError").exists)


def test_uploads_delay_no_other_requests(served: Server) -> None:
    wires = [begin(served, f"/upload/many{number}", 100) for number in range(UPLOAD_THREADS)]
    started = time.monotonic()
    assert served.get("/").status == 200
    assert time.monotonic() - started < 1
    for wire in wires:
        wire.close()
