"""Real servers: gunicorn on a port of this machine, with a log of its own.

A server is forked from a process that has already loaded the application's modules. Loading them again in each
master and worker would take most of the time of these tests.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests import ROOT
from tests.support.clients import http
from tests.support.clients.http import Response
from tests.support.clients.wire import Wire
from tests.support.waiting import until

from .processes import free_port

_fork_server = multiprocessing.get_context("forkserver")
_fork_server.set_forkserver_preload(["tests.support.servers.preload"])


class Server:
    """A gunicorn that runs. `default_headers` go with each request of `request` and `get`."""

    def __init__(self, process: ForkServerProcess, port: int, log: Path) -> None:
        self.process, self.port, self.log = process, port, log
        self.address = f"http://127.0.0.1:{port}"
        self.default_headers: dict[str, str] = {}

    def request(self, method: str, path: str, document: Any = None, **headers: str) -> Response:
        """Send one request over a new connection; the status is 0 without a response."""
        return http.request(self.port, method, path, document, **{**self.default_headers, **headers})

    def get(self, path: str, **headers: str) -> Response:
        return self.request("GET", path, **headers)

    def connect(self, sent: bytes = b"", *, seconds: float = 10, small_buffer: bool = False) -> Wire:
        """Open a connection of bytes, and send some."""
        return Wire(self.port, sent, seconds=seconds, small_buffer=small_buffer)

    @property
    def is_running(self) -> bool:
        return self.process.is_alive()

    def workers(self) -> set[int]:
        """The process ids of the workers."""
        return {child.pid for child in psutil.Process(self.process.pid).children()}

    def terminate(self) -> None:
        """Send SIGTERM to the server, and do not wait."""
        self.process.terminate()

    def wait(self, seconds: float = 30) -> int | None:
        """Wait for the server to stop; return its exit status, or None."""
        self.process.join(seconds)
        return self.process.exitcode

    def stop(self) -> float:
        """Stop the server as a service manager does; return the seconds that it took."""
        started = time.monotonic()
        self.terminate()
        assert self.wait() is not None, self.log.read_text()
        return time.monotonic() - started

    def kill(self) -> None:
        """Kill the server and its workers, if they still run."""
        with contextlib.suppress(psutil.NoSuchProcess):
            master = psutil.Process(self.process.pid)
            for process in (*master.children(recursive=True), master):
                process.kill()
        self.wait(10)


def start_gunicorn(arguments: Sequence[str], environment: Mapping[str, str], port: int, folder: Path) -> Server:
    """Start gunicorn with these arguments, and do not wait until it serves.

    The folder gets its log.
    """
    log = folder / "log"
    process = _fork_server.Process(target=_run, args=(arguments, {**os.environ, **environment}, log))
    process.start()
    return Server(process, port, log)


def _run(arguments: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
    """Be gunicorn, as if it were started from the command line."""
    os.setsid()  # Ctrl-C in the terminal is for the tests
    os.chdir(ROOT)
    os.environ.clear()
    os.environ.update(environment)
    with log.open("wb") as output:
        for stream in (sys.stdout, sys.stderr):
            os.dup2(output.fileno(), stream.fileno())
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD):
        signal.signal(number, signal.SIG_DFL)
    from gunicorn.app.wsgiapp import run

    sys.argv = ["gunicorn", *arguments]
    run()


@pytest.fixture(scope="module")
def start_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Server]]:
    """Start the catalog on a database, as `make run` does.

    Further settings are environment variables. The servers stop with the last test of the module, because each has
    tens of connections to the Postgres that all tests share.
    """
    servers: list[Server] = []

    def start(url: str, **settings: str) -> Server:
        folder, port = tmp_path_factory.mktemp("server"), free_port()
        environment = {
            "DATABASE_URL": url,
            "PORT": str(port),
            "INSTANCE_PATH": str(folder),
            "REDIS_URL": "",
            "TRUSTED_HOSTS": "*",
            "WEB_CONCURRENCY": "2",
            "CONNECTIONS": "8",
            "LOG_LEVEL": "INFO",
            "JOBS": "off",
            "SERVER_TIMING": "off",  # it differs between equal responses
            **settings,
        }
        server = start_gunicorn(["--config", "gunicorn.conf.py"], environment, port, folder)
        servers.append(server)
        until(lambda: not server.is_running or server.get("/health/live").status == 200)
        assert server.is_running, server.log.read_text()
        return server

    yield start
    for server in servers:
        server.terminate()
    for server in servers:
        if server.wait() is None:
            server.kill()
            pytest.fail(f"a server does not stop; its log ends with: {server.log.read_text()[-3000:]}")
