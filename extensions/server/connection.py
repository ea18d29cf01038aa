"""A client's connection."""

from __future__ import annotations

import contextlib
import errno
import select
import socket
import struct
import time
from collections import deque
from collections.abc import Mapping
from typing import Any

# The pace that is asked of a client, whether it sends a long body or takes an answer. It is asked on the whole: who
# takes a byte now and then makes progress, too, and would keep a thread, or memory, for hours.
GRACE_SECONDS = 10.0
BYTES_PER_SECOND = 32 * 1024  # after that

RESET = struct.pack("ii", 1, 0)  # closed with these, a socket is gone at once, with what it had still to send


class Connection:
    """A connection, with what arrived on it and nobody has read, and what is to be sent and nobody has taken.

    Nobody waits for its client but those who say so. `base`: what the environments of its requests have in common.
    `schemes`: see `plain.read`. `ends`: when it is over unless something happens (of the monotonic clock). `answered`:
    it had a request before. `busy`: a thread has it. `last`: it ends when everything is sent. `lingering`: all is sent,
    and the client may still read. `broken`: an answer ended too early, and nothing but a reset tells its client so.
    `watched`: what the main loop waits for on it (`selectors`' events, or 0).
    """

    __slots__ = (
        "answered",
        "base",
        "broken",
        "busy",
        "client",
        "ends",
        "last",
        "lingering",
        "outgoing",
        "received",
        "schemes",
        "server",
        "sock",
        "watched",
    )

    def __init__(self, sock: socket.socket, client: Any, server: Any) -> None:
        sock.setblocking(False)
        self.sock, self.client, self.server = sock, client, server
        self.received = bytearray()
        self.outgoing: deque[memoryview] = deque()
        self.ends = 0.0
        self.watched = 0
        self.answered = self.broken = self.busy = self.last = self.lingering = False
        self.base: dict[str, Any] = {}
        self.schemes: Mapping[str, str] = {}

    def addresses(self) -> dict[str, str]:
        """What a WSGI environment says of both ends."""
        client = self.client if isinstance(self.client, tuple) else (self.client or "", 0)
        server = self.server if isinstance(self.server, tuple) else (self.server or "", 0)
        return {
            "REMOTE_ADDR": str(client[0]),
            "REMOTE_PORT": str(client[1]),
            "SERVER_NAME": str(server[0]),
            "SERVER_PORT": str(server[1]),
        }

    def receive(self, most: int) -> bytes | None:
        """What has arrived: None for nothing, no bytes for the end."""
        try:
            return self.sock.recv(most)
        except (BlockingIOError, InterruptedError):
            return None
        except OSError:
            return b""

    def arrives(self, seconds: float) -> bool:
        """Wait `seconds` for something to arrive; whether it did."""
        return self._happens(select.POLLIN, seconds)

    def send(self, data: bytes) -> None:
        """Send what the kernel takes at once, and keep the rest, with a time at which it is over.

        Raises ``OSError`` if the client is gone.
        """
        taken = 0
        if not self.outgoing:
            taken = self._taken(data)
            if taken == len(data):
                return
            self.ends = time.monotonic() + GRACE_SECONDS + taken / BYTES_PER_SECOND
        self.outgoing.append(memoryview(data)[taken:])

    def send_on(self) -> None:
        """Send more of what was kept, as `send` does."""
        while self.outgoing:
            taken = self._taken(self.outgoing[0])
            self.ends += taken / BYTES_PER_SECOND
            if taken < len(self.outgoing[0]):
                self.outgoing[0] = self.outgoing[0][taken:]
                return
            self.outgoing.popleft()

    def send_all(self) -> None:
        """Wait until everything is sent. Raises ``OSError`` if the client is gone, or does not keep pace."""
        while self.outgoing:
            if not self._happens(select.POLLOUT, self.ends - time.monotonic()):
                raise TimeoutError(errno.ETIMEDOUT, "the client does not take the answer")
            self.send_on()

    @property
    def kept(self) -> int:
        """How many bytes of memory hold what is still to be sent."""
        return sum(memoryview(view.obj).nbytes for view in self.outgoing)

    def close(self) -> None:
        """End it. Where an answer is not sent to its end, the kernel keeps nothing of it either."""
        with contextlib.suppress(OSError):
            if self.outgoing or self.broken:
                self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            self.sock.close()
        self.outgoing.clear()

    def _taken(self, data: bytes | memoryview) -> int:
        """How many bytes the kernel takes at once."""
        try:
            return self.sock.send(data)
        except (BlockingIOError, InterruptedError):
            return 0

    def _happens(self, event: int, seconds: float) -> bool:
        poll = select.poll()
        poll.register(self.sock, event)
        return bool(poll.poll(max(0.0, seconds) * 1000))

    # What gunicorn asks of a socket to which it writes.

    sendall = send

    def gettimeout(self) -> float:
        return 0.0


class Source:
    """What a thread reads of a connection: what was received, and then what comes.

    gunicorn's parser takes it for a socket, and copies all that it was given with each chunk of a body: it is given
    little at once.
    """

    def __init__(self, conn: Connection) -> None:
        self.conn = conn
        self.ends = time.monotonic() + GRACE_SECONDS

    def recv(self, most: int) -> bytes:
        """Some bytes, none at the end. Raises ``TimeoutError`` for a client that does not keep pace."""
        if received := self.conn.received:
            data = bytes(received[:most])
            del received[:most]
            return data
        while (arrived := self.conn.receive(most)) is None:
            if not self.conn.arrives(self.ends - time.monotonic()):
                raise TimeoutError(errno.ETIMEDOUT, "the client does not send its request")
        self.ends += len(arrived) / BYTES_PER_SECOND
        return arrived

    def give_back(self, unread: bytes) -> None:
        """Take back what was read too much: it belongs to the next request."""
        self.conn.received[:0] = unread

    def end_within(self, seconds: float) -> None:
        """Wait no longer than that from now on."""
        self.ends = min(self.ends, time.monotonic() + seconds)
