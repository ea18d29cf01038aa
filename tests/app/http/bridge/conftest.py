"""Fixtures of the tests of the bridge: a gunicorn with a small application."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.servers.gunicorn import Server, start_gunicorn
from tests.support.servers.processes import free_port
from tests.support.waiting import until


def get(path: str, method: str = "GET", last: bool = False) -> bytes:
    closing = "Connection: close\r\n" if last else ""
    return f"{method} {path} HTTP/1.1\r\nHost: x\r\n{closing}\r\n".encode()


def post(path: str, body: bytes) -> bytes:
    return b"POST %b HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%b" % (path.encode(), len(body), body)


class Checkpoints:
    """Points at which the application waits for the test."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def wait_for(self, name: str) -> None:
        until((self.folder / f"{name}.reached").exists)

    def release(self, name: str) -> None:
        (self.folder / f"{name}.released").touch()


Serve = Callable[..., Server]


@pytest.fixture(scope="session")
def serve(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serve]:
    """Serve the application of the tests.

    `limits` are lines of Python that set some of the limits; further arguments are gunicorn's, such as ``workers="2"``.
    """
    servers: list[Server] = []

    def start(checkpoints: Path | None = None, limits: str = "", **options: str) -> Server:
        folder, port = tmp_path_factory.mktemp("bridge"), free_port()
        config = folder / "config.py"
        config.write_text(
            "from app.http import bridge\nfrom extensions.server import connection_limits\n"
            "connection_limits.HEAD_SECONDS = 2\nconnection_limits.GRACE_SECONDS = bridge.GRACE_SECONDS = 60\n"
            f"{limits}\n"
        )
        arguments = ["--config", str(config), "--bind", f"127.0.0.1:{port}", "--no-control-socket"]
        arguments += ["--worker-class", "extensions.server.uvicorn_worker.Worker"]
        arguments += [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]
        arguments.append("tests.app.http.bridge.applications:versatile")
        server = start_gunicorn(arguments, {"CHECKPOINTS": str(checkpoints or folder)}, port, folder)
        servers.append(server)
        until(lambda: not server.is_running or server.get("/").status == 200)  # it listens before there is a worker
        assert server.is_running, server.log.read_text()
        return server

    yield start
    for server in servers:
        server.terminate()
    for server in servers:
        if server.wait(20) is None:
            server.kill()
            pytest.fail(f"a server does not stop; its log ends with: {server.log.read_text()[-3000:]}")
