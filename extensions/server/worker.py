"""A gunicorn worker that gives a thread to a request when the request is there, and only if it takes one.

gunicorn's own `gthread` reads from its clients, and writes to them, in the threads that do the work, without a limit of
time: as many silent, half-sent or unread ones as there are threads, and nobody else is served. Here the main loop has
the connections. It collects what arrives, and a request waits in memory until it is whole; one that is not whole in
time is answered 408. What the application has at hand (a hit of its cache) the main loop answers itself; the rest goes
to the threads of the `Crew`. What a client does not take of an answer at once waits in memory, too, and the main loop
sends it on, for as long as the client keeps pace. A connection that ends with input unread is emptied, so that the
client gets to read the answer (a 413, for instance) before the reset that unread input brings.

HTTP/1 without TLS: the rest is a proxy's task.
"""

from __future__ import annotations

import contextlib
import errno
import ipaddress
import os
import queue
import selectors
import socket
import time
from collections.abc import Callable
from functools import partial
from selectors import EVENT_READ, EVENT_WRITE
from typing import Any

from gunicorn import util
from gunicorn.http import message, wsgi
from gunicorn.workers.base import Worker

from . import plain
from .connection import Connection
from .crew import RECEIVED_AT_ONCE, Crew, Jobs
from .framing import HEAD_BYTES, Extent, extent
from .responder import Responder

REQUEST_SECONDS = 10  # from the first byte of a request, or from the start of its connection, to its last
LINGER_SECONDS = 2  # for a client to stop sending and read the answer
FIRST_REQUEST_SECONDS = 1  # for a client that was taken just before the end
ROUND_SECONDS = 1.0  # between two looks at the clock, the parent and the connections whose time is over
KEPT_BYTES = 128 * 1024 * 1024  # of answers that clients have yet to take, all together

# gunicorn answers a longer request line in HTML, and lets nobody raise its limit; the application has an answer of its
# own for a URL that is too long.
message.MAX_REQUEST_LINE = HEAD_BYTES


class PatientWorker(Worker):
    """A main loop that owns the connections, and threads that own a connection for one request."""

    alive: bool

    @classmethod
    def check_config(cls, cfg: Any, log: Any) -> None:
        if cfg.is_ssl:
            raise RuntimeError("This worker speaks no TLS; a proxy before it does.")

    def init_process(self) -> None:
        self.poller = selectors.DefaultSelector()
        self.connections: set[Connection] = set()
        self.sending: set[Connection] = set()  # those whose clients have yet to take what is kept for them
        self.arrived: list[tuple[Connection, bool]] = []  # in this turn: more of a request, or (true) its end
        self.handed_over: list[tuple[Jobs, Connection, plain.Plain | None]] = []  # in this turn
        self.left: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()  # by threads, for the main loop
        self.accepting = self.replaced = False
        self.no_room_until = 0.0
        self.moment = 0
        super().init_process()

    # The life of a worker.

    def run(self) -> None:
        """Serve until the end."""
        self.base = {**wsgi.base_environ(self.cfg), "wsgi.multithread": True, "SERVER_PROTOCOL": "HTTP/1.1"}
        self.base["SCRIPT_NAME"] = ""
        self.poller.register(self.PIPE[0], EVENT_READ, self._wake)  # signals write there, too
        self.responder = Responder(self)
        self.crew = Crew(self, self.responder, self.cfg.threads, self._given_back)
        next_round = 0.0
        while self.alive:
            if time.monotonic() >= next_round:
                self.notify()
                if self.ppid != os.getppid():
                    self.log.info("Parent changed, shutting down: %s", self)
                    break
                self._end_late()
                next_round = time.monotonic() + ROUND_SECONDS
            room = len(self.connections) < self.cfg.worker_connections
            self._accept_if(room and time.monotonic() >= self.no_room_until)
            self._turn(ROUND_SECONDS)
        self._finish(time.monotonic() + self.cfg.graceful_timeout)

    def count(self) -> None:
        """Count a request (called by threads, too). The one that reaches a worker's number is its last."""
        self.nr += 1
        if self.nr >= self.max_requests and self.alive:
            self.log.info("This worker has served its number of requests and is replaced.")
            self.alive, self.replaced = False, True

    def _finish(self, deadline: float) -> None:
        """Let requests and answers under way come to their end."""
        self.alive = False
        self._accept_if(False)
        for listener in self.sockets:
            # Whoever waits to be taken is, unless by the worker after this one; who comes later is refused at once.
            while not self.replaced and self._accept(listener):
                pass
            listener.close()
        for conn in self.connections:
            if not (conn.answered or conn.busy):  # its first request may be on its way
                conn.ends = min(conn.ends, time.monotonic() + FIRST_REQUEST_SECONDS)
        while time.monotonic() < deadline:
            self.notify()
            for conn in list(self.connections):
                if conn.answered and not (conn.busy or conn.outgoing or conn.received or conn.lingering):
                    self._drop(conn)
            self._end_late()
            if not self.connections:
                break
            self._turn(0.1)

    # The main loop.

    def _turn(self, seconds: float) -> None:
        """Wait for what happens, and see to it."""
        for key, _ in self.poller.select(seconds):
            key.data()
        # What is answered now had arrived before this moment; what arrives from now on belongs to a later one.
        self.moment += 1
        for conn, ended in self.arrived:
            self._proceed(conn, ended)
        self.arrived.clear()
        # Only now: a thread that wakes up at once would wait for this one to let go of the interpreter.
        for jobs, conn, request in self.handed_over:
            jobs.put((conn, request))
        self.handed_over.clear()

    def _wake(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.read(self.PIPE[0], 4096)
        with contextlib.suppress(queue.Empty):
            while True:
                self.left.get_nowait()()

    def _leave(self, what: Callable[[], None]) -> None:
        """Leave something to do to the main loop (called by threads)."""
        self.left.put(what)
        with contextlib.suppress(BlockingIOError):  # full of wake-ups
            os.write(self.PIPE[1], b"\0")

    def _given_back(self, conn: Connection, goes_on: bool) -> None:
        """Take a connection back (called by threads)."""
        if conn.outgoing or conn.received or not goes_on:
            self._leave(partial(self._go_on, conn, goes_on))
            return
        conn.ends = time.monotonic() + self.cfg.keepalive
        conn.busy = False
        if not conn.watched:
            self._leave(partial(self._watch, conn, EVENT_READ))

    # Connections: all of the following runs in the main loop.

    def _accept_if(self, room: bool) -> None:
        if room == self.accepting:
            return
        self.accepting = room
        for listener in self.sockets:
            if room:
                listener.setblocking(False)
                self.poller.register(listener, EVENT_READ, partial(self._accept, listener))
            else:
                self.poller.unregister(listener)

    def _accept(self, listener: Any) -> bool:
        """Take a new connection; True if there was one."""
        try:
            client, address = listener.accept()
        except OSError as error:
            if error.errno in (errno.EMFILE, errno.ENFILE):  # no descriptor is free: none is taken for a moment
                self.log.error("No new connection: %s", error.strerror)
                self.no_room_until = time.monotonic() + ROUND_SECONDS
            elif error.errno not in (errno.EAGAIN, errno.ECONNABORTED):
                raise
            return False
        conn = Connection(client, address, listener.getsockname())
        conn.base = {**self.base, **conn.addresses()}
        conn.schemes = self._schemes(address)
        conn.ends = time.monotonic() + REQUEST_SECONDS
        self.connections.add(conn)
        self._watch(conn, EVENT_READ)
        self._read(conn)
        return True

    def _watch(self, conn: Connection, events: int) -> None:
        """Be told of these events of a connection, or (0) of none."""
        if conn not in self.connections or events == conn.watched:
            return
        if not events:
            self.poller.unregister(conn.sock)
        elif conn.watched:
            self.poller.modify(conn.sock, events, partial(self._ready, conn))
        else:
            self.poller.register(conn.sock, events, partial(self._ready, conn))
        conn.watched = events

    def _ready(self, conn: Connection) -> None:
        """See to what happened on a connection."""
        if conn not in self.connections:  # dropped by what else happened in the same turn
            return
        if conn.busy:  # the next request, or the end; for later
            self._park(conn)
        elif conn.outgoing:
            self._send_on(conn)
        elif conn.lingering:
            if conn.receive(RECEIVED_AT_ONCE) == b"":
                self._drop(conn)
        else:
            self._read(conn)

    def _park(self, conn: Connection) -> None:
        """Listen no more to a connection that a thread has, until it is given back."""
        self._watch(conn, 0)
        if not conn.busy:  # it was meanwhile, by a thread that may have found it watched
            self._watch(conn, EVENT_READ)

    def _read(self, conn: Connection) -> None:
        data = conn.receive(RECEIVED_AT_ONCE)
        if data is None:
            return
        if not data and not conn.received:
            self._drop(conn)
            return
        if not conn.received:
            conn.ends = time.monotonic() + REQUEST_SECONDS
        conn.received += data
        self.arrived.append((conn, not data))

    def _proceed(self, conn: Connection, ended: bool) -> None:
        """Answer the requests that are there, or hand the first one to a thread. `ended`: nothing follows."""
        while conn.received and not (conn.busy or conn.outgoing or conn.lingering):
            request = self.responder.read(conn, self.moment)
            if request is None:
                there = extent(conn.received)
                if there is not Extent.MORE or ended:
                    self._hand_over(self.crew.long_jobs if there is Extent.LONG else self.crew.jobs, conn, None)
                return
            answer = self.responder.at_hand(request)
            if answer is None:
                self._hand_over(self.crew.jobs, conn, request)
                return
            conn.answered = True
            try:
                conn.send(answer)
            except OSError:
                self._drop(conn)
                return
            if conn.outgoing or request.last or not self.alive:
                self._go_on(conn, not request.last)
            else:
                conn.ends = time.monotonic() + self.cfg.keepalive

    def _hand_over(self, jobs: Jobs, conn: Connection, request: plain.Plain | None) -> None:
        conn.busy = True
        self.handed_over.append((jobs, conn, request))

    def _go_on(self, conn: Connection, goes_on: bool) -> None:
        """Go on with a connection after an answer: with the rest of it, its next request, or its end."""
        conn.busy, conn.last = False, not goes_on
        if conn.broken:
            self._drop(conn)
        elif conn.outgoing:
            self.sending.add(conn)
            self._watch(conn, EVENT_WRITE)
            self._bound_what_is_kept()
        elif conn.last or not self.alive:
            self._linger(conn)
        else:
            self._watch(conn, EVENT_READ)
            conn.ends = time.monotonic() + (REQUEST_SECONDS if conn.received else self.cfg.keepalive)
            if conn.received:
                self.arrived.append((conn, False))

    def _send_on(self, conn: Connection) -> None:
        """Send more of an answer to a client that has taken some of it."""
        try:
            conn.send_on()
        except OSError:
            self._drop(conn)
            return
        if not conn.outgoing:
            self.sending.discard(conn)
            self._go_on(conn, not conn.last)

    def _bound_what_is_kept(self) -> None:
        """Drop the connections that are furthest behind the pace while more is kept for all of them than may be."""
        kept = {conn: conn.kept for conn in self.sending}
        while sum(kept.values()) > KEPT_BYTES and len(kept) > 1:
            slowest = min(kept, key=lambda conn: conn.ends)
            del kept[slowest]
            self._drop(slowest)

    def _linger(self, conn: Connection) -> None:
        """Say that nothing more comes, and throw away what the client still sends until it ends, too."""
        self._watch(conn, EVENT_READ)
        try:
            conn.sock.shutdown(socket.SHUT_WR)
        except OSError:
            self._drop(conn)
            return
        conn.lingering = True
        conn.ends = time.monotonic() + LINGER_SECONDS

    def _end_late(self) -> None:
        """End the connections whose time is over."""
        now = time.monotonic()
        for conn in [conn for conn in self.connections if not conn.busy and conn.ends <= now]:
            if conn.received and not (conn.outgoing or conn.lingering):
                with contextlib.suppress(OSError):
                    util.write_error(conn, 408, "Request Timeout", "The request did not arrive in time.")
            self._drop(conn)

    def _drop(self, conn: Connection) -> None:
        with contextlib.suppress(KeyError, ValueError, OSError):
            self.poller.unregister(conn.sock)
        self.connections.discard(conn)
        self.sending.discard(conn)
        conn.received.clear()
        conn.close()

    def _schemes(self, client: Any) -> dict[str, str]:
        """The headers by which a client that is a trusted proxy says that it was asked over https."""
        networks = self.cfg.forwarded_allow_networks()
        trusted = (
            not isinstance(client, tuple)
            or "*" in self.cfg.forwarded_allow_ips
            or any(ipaddress.ip_address(client[0]) in network for network in networks)
        )
        names = self.cfg.secure_scheme_headers if trusted else {}
        return {f"HTTP_{name.replace('-', '_')}": value for name, value in names.items()}
