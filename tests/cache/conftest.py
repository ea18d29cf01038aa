"""What the tests of the cache share: a client that keeps its connection, and a Redis that may be stopped and killed."""

from __future__ import annotations

import http.client
import json
import signal
import socket
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.conftest import free_port, program, until


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def cache(self) -> str:
        """What the cache did: ``hit``, ``fwd=…``; empty where it does not say."""
        parts = [part.strip() for part in self.headers.get("cache-status", "").split(";")]
        return parts[1] if len(parts) > 1 else ""


class Client:
    """A client with one connection; `reconnect` may get it to another worker."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)

    def reconnect(self) -> None:
        self.connection.close()

    def ask(self, method: str, path: str, document: Any = None, **headers: str) -> Answer:
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        body = None if document is None else json.dumps(document).encode()
        if body is not None:
            sent["Content-Type"] = "application/json"
        try:
            self.connection.request(method, path, body, sent)
            response = self.connection.getresponse()
        except (http.client.RemoteDisconnected, ConnectionError):  # a kept connection may end between two requests
            self.connection.close()
            self.connection.request(method, path, body, sent)
            response = self.connection.getresponse()
        found = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, found, response.read())

    def get(self, path: str, **headers: str) -> Answer:
        return self.ask("GET", path, **headers)


class Redis:
    """A redis-server on a port of its own."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.command = [
            program("redis-server"),
            "--port",
            str(self.port),
            "--bind",
            "127.0.0.1",
            "--dir",
            str(folder),
            "--save",
            "",
        ]
        self.process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(self.command, stdout=subprocess.DEVNULL)
        until(lambda: self.say("PING") == b"+PONG\r\n")

    def kill(self) -> None:
        assert self.process
        self.process.kill()
        self.process.wait(10)

    def signal(self, number: signal.Signals) -> None:
        assert self.process
        self.process.send_signal(number)

    def say(self, command: str) -> bytes:
        """The answer to a command, as it comes over the wire (RESP)."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=2) as connection:
            connection.sendall(command.encode() + b"\r\nQUIT\r\n")
            received = b""
            while chunk := connection.recv(1 << 20):
                received += chunk
        return received.removesuffix(b"+OK\r\n")

    def all_keys(self) -> list[str]:
        return [line.decode() for line in self.say("KEYS *").split(b"\r\n")[1:] if line and line[:1] != b"$"]

    def values(self) -> dict[str, bytes]:
        """What lies there now; a key that expires between the list and its own question is left out."""
        answers = {key: self.say(f'GET "{key}"') for key in self.all_keys()}
        return {
            key: answer.partition(b"\r\n")[2].removesuffix(b"\r\n")
            for key, answer in answers.items()
            if answer != b"$-1\r\n"
        }
