"""A gunicorn worker that gives a thread to a request when the request is there, not before.

gunicorn's own `gthread` reads from its clients in the threads that do the work, without a limit of time: as many silent
or half-sent requests as there are threads, and nobody else is served. Here the main loop collects what arrives and a
request waits in memory until it is whole; one that is not whole in time is answered 408. A connection that ends with
input unread is emptied by the main loop too, so that the client gets to read the answer (a 413, for instance) before
the reset that unread input brings.
"""

from __future__ import annotations

import contextlib
import os
import re
import selectors
import socket
import time
from collections import deque
from functools import partial
from typing import Any

from gunicorn import util
from gunicorn.http import message
from gunicorn.workers.gthread import TConn, ThreadWorker

REQUEST_SECONDS = 10  # from the first byte of a request, or from the start of its connection, to its last
LINGER_SECONDS = 2  # for a client to stop sending and read the answer
HEAD_BYTES = 64 * 1024  # past this, what has come is handed over, and gunicorn refuses it
BODY_BYTES = 256 * 1024  # a longer body is read by the thread, from its beginning: the application may refuse it

# gunicorn answers a longer request line in HTML, and lets nobody raise its limit; the application has an answer of its
# own for a URL that is too long.
message.MAX_REQUEST_LINE = HEAD_BYTES

CONTENT_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d{1,18})[ \t]*(?=\r\n)", re.IGNORECASE)
READ_BY_THREAD = re.compile(rb"\r\nexpect:", re.IGNORECASE)  # the client waits for "100 Continue"
CHUNKED = re.compile(rb"\r\ntransfer-encoding:", re.IGNORECASE)
CHUNK_SIZE = re.compile(rb"[0-9a-f]*($|[ \t;\r])", re.IGNORECASE)


def is_whole(received: bytes | bytearray) -> bool:
    """True if a request is there to its end, or if it cannot or need not be waited for."""
    end = received.find(b"\r\n\r\n")
    if end < 0:
        return len(received) > HEAD_BYTES
    head, start = bytes(received[: end + 2]), end + 4
    length = len(received) - start
    if READ_BY_THREAD.search(head):
        return True
    if CHUNKED.search(head):
        # The last chunk is empty. (Not parsed: that would cost more with each byte of a client that sends one by one.)
        ended = received.find(b"\r\n0\r\n", end + 2) >= 0 and received.endswith(b"\r\n\r\n")
        return ended or length > BODY_BYTES or not CHUNK_SIZE.match(received, start)
    announced = CONTENT_LENGTH.search(head)
    return not announced or not length < int(announced[1]) <= BODY_BYTES


class Connection(TConn):
    """A connection with what arrived on it and no thread has read."""

    def __init__(self, worker: PatientWorker, *arguments: Any) -> None:
        super().__init__(*arguments)
        self.worker = worker
        self.received = bytearray()
        self.data_ready = True  # a thread that gets the connection need not wait

    def close(self, graceful: bool = False) -> None:
        """Close it; gracefully: after the client had a moment to read the answer."""
        if graceful and self.worker.alive:
            self.worker.linger(self)
        else:
            super().close(graceful)


class PatientWorker(ThreadWorker):
    """`gthread` whose threads never wait for the beginning of a request."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.lingering: deque[Connection] = deque()

    def accept(self, listener: socket.socket) -> None:
        """Take a new connection."""
        with contextlib.suppress(BlockingIOError, ConnectionAbortedError):
            client, address = listener.accept()
            self.nr_conns += 1
            self._receive(Connection(self, self.cfg, client, address, listener.getsockname()))

    def on_client_socket_readable(self, conn: Connection, client: socket.socket) -> None:
        """Another request begins on a connection that was kept alive."""
        self.poller.unregister(client)
        self.keepalived_conns.remove(conn)
        self._receive(conn)

    def on_pending_socket_readable(self, conn: Connection, client: socket.socket) -> None:
        """More of a request is there."""
        self._receive(conn, waiting=True)

    def _receive(self, conn: Connection, waiting: bool = False) -> None:
        try:
            data = conn.sock.recv(256 * 1024)
        except BlockingIOError:
            data = None
        except OSError:
            data = b""
        conn.received += data or b""
        if data == b"" or is_whole(conn.received):
            if waiting:
                self.poller.unregister(conn.sock)
                self.pending_conns.remove(conn)
            if conn.received:
                self.enqueue_req(conn)
            else:
                self.nr_conns -= 1
                conn.close()
        elif not waiting:
            conn.timeout = time.monotonic() + REQUEST_SECONDS
            self.pending_conns.append(conn)
            handler = partial(self.on_pending_socket_readable, conn)
            self.poller.register(conn.sock, selectors.EVENT_READ, handler)

    def handle(self, conn: Connection) -> Any:
        """Serve a request, in a thread."""
        conn.sock.setblocking(True)
        conn.init()
        unreader = conn.parser.unreader
        unreader.buf.seek(0, os.SEEK_END)
        unreader.buf.write(conn.received)
        conn.received.clear()
        keep = super().handle(conn)
        if keep:
            conn.received += unreader.take_buffered()  # of the next request, sent before this was answered
        return keep

    def _keepalive_after(self, conn: Connection, keepalive: bool) -> bool:
        """A body that was not read ends the connection, unless the rest of it is here already."""
        return keepalive and bool(conn.parser.finish_body(deadline=time.monotonic() + 0.05))

    def finish_request(self, conn: Connection, fs: Any) -> None:
        """Keep the connection or end it."""
        super().finish_request(conn, fs)
        if conn.received and self.keepalived_conns and self.keepalived_conns[-1] is conn:
            self.on_client_socket_readable(conn, conn.sock)

    def linger(self, conn: Connection) -> None:
        """Say that nothing more comes, and throw away what the client still sends until it ends, too."""
        try:
            conn.sock.setblocking(False)
            conn.sock.shutdown(socket.SHUT_WR)
            self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._discard, conn))
        except (OSError, ValueError, KeyError):
            conn.close()
            return
        conn.timeout = time.monotonic() + LINGER_SECONDS
        self.lingering.append(conn)

    def _discard(self, conn: Connection, client: socket.socket) -> None:
        with contextlib.suppress(BlockingIOError):
            try:
                ended = not client.recv(256 * 1024)
            except ConnectionError:
                ended = True
            if ended:
                self.lingering.remove(conn)
                self._drop(conn)

    def murder_pending(self) -> None:
        """End the connections whose time is over."""
        now = time.monotonic()
        while self.pending_conns and self.pending_conns[0].timeout <= now:
            conn = self.pending_conns.popleft()
            self.nr_conns -= 1
            if conn.received:
                with contextlib.suppress(OSError):
                    util.write_error(conn.sock, 408, "Request Timeout", "The request did not arrive in time.")
            self._drop(conn)
        while self.lingering and self.lingering[0].timeout <= now:
            self._drop(self.lingering.popleft())

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """Wait for events; when the worker is to stop, for those of requests only."""
        if not self.alive:
            for waiting in (self.keepalived_conns, self.pending_conns):
                for conn in [conn for conn in waiting if not conn.received]:
                    waiting.remove(conn)
                    self.nr_conns -= 1
                    self._drop(conn)
            if not self.nr_conns:
                return
        super().wait_for_and_dispatch_events(min(timeout, 1.0))

    def _drop(self, conn: Connection) -> None:
        with contextlib.suppress(KeyError, ValueError, OSError):
            self.poller.unregister(conn.sock)
        conn.close()
