"""A client's connection."""

from __future__ import annotations

import contextlib
import select
import socket
from collections.abc import Mapping
from typing import Any

NOW = socket.MSG_DONTWAIT


class Connection:
    """A connection, with what arrived on it and nobody has read.

    `base`: what the environments of its requests have in common. `schemes`: see `plain.read`. `ends`: when it is over
    unless something happens (of the monotonic clock). `answered`: it had a request before. `busy`: a thread has it.
    `parked`: it is not listened to, because something arrived while it was busy. `had_at_hand`: the thread that has it
    was last asked for what the application had at hand. `lingering`: all is said, and the client may still read.
    """

    __slots__ = (
        "answered",
        "base",
        "busy",
        "client",
        "ends",
        "had_at_hand",
        "lingering",
        "parked",
        "received",
        "schemes",
        "server",
        "sock",
    )

    def __init__(self, sock: socket.socket, client: Any, server: Any) -> None:
        self.sock, self.client, self.server = sock, client, server
        self.received = bytearray()
        self.ends = 0.0
        self.answered = self.busy = self.parked = self.had_at_hand = self.lingering = False
        self.base: dict[str, Any] = {}
        self.schemes: Mapping[str, str] = {}

    def wait(self, seconds: float) -> bool:
        """Whether something arrives within `seconds`."""
        arrival = select.poll()
        arrival.register(self.sock, select.POLLIN)
        return bool(arrival.poll(seconds * 1000))

    def receive(self, most: int) -> bytes | None:
        """What has arrived, without waiting: None for nothing, no bytes for the end."""
        try:
            return self.sock.recv(most, NOW)
        except (BlockingIOError, InterruptedError):
            return None
        except OSError:
            return b""

    def send(self, data: bytes) -> bytes:
        """Send what can be sent without waiting, and return the rest. Raises ``OSError`` if the client is gone."""
        try:
            return data[self.sock.send(data, NOW) :]
        except (BlockingIOError, InterruptedError):
            return data

    def close(self) -> None:
        """End it."""
        with contextlib.suppress(OSError):
            self.sock.close()
