"""What the tests of the worker share: a gunicorn that serves a small application with it, and clients made of bytes."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from tests.conftest import ROOT, free_port, until

THREADS = 4


class Served:
    """A gunicorn with this worker, on a port of its own. `log`: what it wrote."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, log: Path) -> None:
        self.process, self.port, self.log = process, port, log

    def connect(self, sent: bytes = b"", seconds: float = 10) -> Wire:
        """A connection over which something is sent at once."""
        wire = Wire(socket.create_connection(("127.0.0.1", self.port), timeout=seconds))
        wire.send(sent)
        return wire

    def get(self, path: str = "/") -> bytes:
        """The body of what a GET over a new connection is answered."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        with contextlib.closing(connection):
            connection.request("GET", path)
            return connection.getresponse().read()

    def workers(self) -> set[int]:
        """The process ids of the workers."""
        return {child.pid for child in psutil.Process(self.process.pid).children()}

    def stop(self) -> float:
        """End it as a service manager does; the seconds that it took."""
        started = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)
        return time.monotonic() - started


class Answer:
    """One answer as it came: status, headers (small letters), body."""

    def __init__(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.status, self.headers, self.body = status, headers, body

    def __repr__(self) -> str:
        return f"<{self.status} {self.headers} {self.body[:100]!r}>"


class Wire:
    """A connection, from which answers are read one after the other."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.reader = sock.makefile("rb")

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def answer(self, *, to_head: bool = False) -> Answer:
        """The next answer; raises ``EOFError`` where the connection ends before it does."""
        line = self.reader.readline()
        if not line.endswith(b"\r\n"):
            raise EOFError(line)
        headers: dict[str, str] = {}
        while (header := self.reader.readline()) != b"\r\n":
            if not header:
                raise EOFError(headers)
            name, _, value = header.decode("latin-1").partition(":")
            assert name.lower() not in headers, f"{name} stands there twice"
            headers[name.lower()] = value.strip()
        status = int(line.split()[1])
        if to_head or status in (204, 304):
            return Answer(status, headers, b"")
        if headers.get("transfer-encoding") == "chunked":
            return Answer(status, headers, b"".join(self._chunks()))
        if "content-length" not in headers:
            return Answer(status, headers, self.reader.read())
        return Answer(status, headers, self._exactly(int(headers["content-length"])))

    def begins(self) -> None:
        """Wait until an answer begins, and read nothing of it."""
        assert self.sock.recv(12, socket.MSG_PEEK) == b"HTTP/1.1 200"

    def rest(self) -> bytes:
        """Everything up to the end of the connection."""
        return self.reader.read()

    def ended(self) -> bool:
        """Whether the server has closed the connection and sent nothing before that."""
        try:
            return self.reader.read(1) == b""
        except ConnectionResetError:
            return True

    def close(self) -> None:
        self.reader.close()
        self.sock.close()

    def _chunks(self) -> Iterator[bytes]:
        while size := int(self.reader.readline(), 16):
            yield self._exactly(size)
            assert self.reader.readline() == b"\r\n"
        assert self.reader.readline() == b"\r\n"

    def _exactly(self, size: int) -> bytes:
        found = self.reader.read(size)
        if len(found) < size:
            raise EOFError(f"{len(found)} of {size} bytes")
        return found


def get(path: str, method: str = "GET", last: bool = False) -> bytes:
    closing = "Connection: close\r\n" if last else ""
    return f"{method} {path} HTTP/1.1\r\nHost: x\r\n{closing}\r\n".encode()


def post(path: str, body: bytes) -> bytes:
    return b"POST %b HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%b" % (path.encode(), len(body), body)


def small_buffer(served: Served, sent: bytes) -> Wire:
    """A connection of a client that takes little at once."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.settimeout(20)
    sock.connect(("127.0.0.1", served.port))
    wire = Wire(sock)
    wire.send(sent)
    return wire


class Meeting:
    """Where the application waits for the test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def there(self, name: str) -> None:
        until((self.folder / f"{name}.here").exists)

    def go(self, name: str) -> None:
        (self.folder / f"{name}.go").touch()


Serve = Callable[..., Served]


@pytest.fixture(scope="session")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    """Serve one of the applications with this worker; `limits` are lines of Python that set some of its constants,
    further arguments are gunicorn's, such as ``workers="2"``.
    """
    running: list[Served] = []

    def start(application: str, meeting: Path | None = None, limits: str = "", **options: str) -> Served:
        folder = tmp_path_factory.mktemp("served")
        port, log, config = free_port(), folder / "log", folder / "config.py"
        config.write_text(
            "from extensions.server import connection, worker\n"
            f"worker.REQUEST_SECONDS = 2\nconnection.GRACE_SECONDS = 60\n{limits}\n"
        )
        command = [sys.executable, "-m", "gunicorn", "--config", str(config), "--bind", f"127.0.0.1:{port}"]
        command += ["--worker-class", "extensions.server.worker.PatientWorker", "--no-control-socket"]
        options = {"threads": str(THREADS), **options}
        command += [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]
        variables = {**os.environ, "MEETING": str(meeting or folder)}
        with log.open("wb") as output:
            process = subprocess.Popen(
                [*command, f"tests.server.applications:{application}"],
                cwd=ROOT,
                env=variables,
                stdout=output,
                stderr=output,
            )
        served = Served(process, port, log)
        running.append(served)
        until(lambda: served.process.poll() is not None or served.get())  # it listens before there is a worker
        assert served.process.poll() is None, log.read_text()
        return served

    yield start
    for served in running:
        if served.process.poll() is None:
            served.process.terminate()
    for served in running:
        try:
            served.process.wait(20)
        except subprocess.TimeoutExpired:
            for process in (*psutil.Process(served.process.pid).children(), served.process):
                process.kill()
            served.process.wait(10)
            pytest.fail(f"it does not end; its log: {served.log.read_text()[-3000:]}")
