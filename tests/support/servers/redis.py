"""A Redis server that tests may stop, kill and freeze."""

from __future__ import annotations

import contextlib
import signal
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.waiting import until

from .processes import free_port, require_program


class Redis:
    """A redis-server on its own port, which by default stores nothing on disk."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        program = require_program("redis-server")
        options = {"port": str(self.port), "bind": "127.0.0.1", "dir": str(folder), "save": ""}
        self.arguments = [program, *(part for name, value in options.items() for part in (f"--{name}", value))]
        self.process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(self.arguments, stdout=subprocess.DEVNULL)
        until(lambda: self.command("PING") == b"+PONG\r\n")

    def kill(self) -> None:
        assert self.process
        self.process.kill()
        self.process.wait(10)

    def signal(self, number: signal.Signals) -> None:
        assert self.process
        self.process.send_signal(number)

    @contextlib.contextmanager
    def killed(self) -> Iterator[None]:
        """Redis is not there within the block, and comes back empty."""
        self.kill()
        try:
            yield
        finally:
            self.start()

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        """Redis takes connections within the block, and does nothing."""
        self.signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self.signal(signal.SIGCONT)

    def command(self, text: str) -> bytes:
        """Run a command and return the reply as it comes over the connection (RESP)."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=2) as connection:
            connection.sendall(text.encode() + b"\r\nQUIT\r\n")
            received = b""
            while chunk := connection.recv(1 << 20):
                received += chunk
        return received.removesuffix(b"+OK\r\n")

    def stored_keys(self) -> list[str]:
        return [line.decode() for line in self.command("KEYS *").split(b"\r\n")[1:] if line and line[:1] != b"$"]

    def values(self) -> dict[str, bytes]:
        """Every key with its value; a key that expires in between is left out."""
        replies = {key: self.command(f'GET "{key}"') for key in self.stored_keys()}
        return {
            key: reply.partition(b"\r\n")[2].removesuffix(b"\r\n")
            for key, reply in replies.items()
            if reply != b"$-1\r\n"
        }


@pytest.fixture(scope="module")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redis]:
    """A Redis for the tests of one module."""
    server = Redis(tmp_path_factory.mktemp("redis"))
    yield server
    server.signal(signal.SIGCONT)
    server.kill()
