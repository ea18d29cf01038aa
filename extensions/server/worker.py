"""A gunicorn worker that gives a thread to a request when the request is there, and only if it takes one.

gunicorn's own `gthread` reads from its clients in the threads that do the work, without a limit of time: as many silent
or half-sent requests as there are threads, and nobody else is served. Here the main loop collects what arrives and a
request waits in memory until it is whole; one that is not whole in time is answered 408. What the application has at
hand (a hit of its cache) the main loop answers itself; the rest goes to a thread, which sends the answer. A connection
that ends with input unread is emptied by the main loop too, so that the client gets to read the answer (a 413, for
instance) before the reset that unread input brings.

An application has answers at hand if its `wsgi_app` has a method ``at_hand(environ, start_response)``, which is asked
first: it returns a list like any WSGI application, or None where it would have to wait. ``server.moment`` in the
environment is a number that all requests share that had arrived at one moment.

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
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

from gunicorn import http, util
from gunicorn.http import message, wsgi
from gunicorn.http.errors import NoMoreData
from gunicorn.workers.base import Worker

from . import plain
from .connection import Connection
from .framing import HEAD_BYTES, is_whole

REQUEST_SECONDS = 10  # from the first byte of a request, or from the start of its connection, to its last
STAY_SECONDS = 0.01  # that a thread waits for the next request of a connection
LINGER_SECONDS = 2  # for a client to stop sending and read the answer
FIRST_REQUEST_SECONDS = 1  # for a client that was taken just before the end
DRAIN_SECONDS = 0.05  # for the rest of a body that was not read to turn out to be here already
ROUND_SECONDS = 1.0  # between two looks at the clock, the parent and the connections whose time is over
RECEIVED_AT_ONCE = 256 * 1024  # bytes
ENDED_BY_CLIENT = (errno.EPIPE, errno.ECONNRESET, errno.ENOTCONN, errno.EAGAIN)

# gunicorn answers a longer request line in HTML, and lets nobody raise its limit; the application has an answer of its
# own for a URL that is too long.
message.MAX_REQUEST_LINE = HEAD_BYTES

Job = tuple[Callable[..., bool], Connection, tuple[Any, ...]]


class PatientWorker(Worker):
    """A main loop that owns the connections, and threads that own a connection for one request."""

    @classmethod
    def check_config(cls, cfg: Any, log: Any) -> None:
        if cfg.is_ssl:
            raise RuntimeError("This worker speaks no TLS; a proxy before it does.")

    def init_process(self) -> None:
        self.poller = selectors.DefaultSelector()
        self.connections: set[Connection] = set()
        self.jobs: queue.SimpleQueue[Job] = queue.SimpleQueue()
        self.arrived: list[tuple[Connection, bool]] = []  # in this turn: more of a request, or (true) its end
        self.handed_over: list[Job] = []  # in this turn
        self.left: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()  # by threads, for the main loop
        self.stays = threading.BoundedSemaphore(max(1, self.cfg.threads // 3))
        self.accepting = self.replaced = False
        self.no_room_until = 0.0
        self.moment = 0
        super().init_process()

    def run(self) -> None:
        """Serve until the end."""
        self.at_hand = getattr(getattr(self.wsgi, "wsgi_app", None), "at_hand", lambda *_: None)
        self.base = {**wsgi.base_environ(self.cfg), "wsgi.multithread": True, "SERVER_PROTOCOL": "HTTP/1.1"}
        self.base["SCRIPT_NAME"] = ""
        self.poller.register(self.PIPE[0], selectors.EVENT_READ, self._wake)  # signals write there, too
        for number in range(self.cfg.threads):
            threading.Thread(target=self._work, name=f"request-{number}", daemon=True).start()
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

    def _finish(self, deadline: float) -> None:
        """Let requests under way come to their end."""
        self.alive = False
        self._accept_if(False)
        for listener in self.sockets:
            # Whoever waits to be taken is, unless by the worker after this one; who comes later is refused at once.
            while not self.replaced and self._accept(listener):
                pass
            listener.close()
        for conn in self.connections:
            if not conn.answered:  # its first request may be on its way
                conn.ends = min(conn.ends, time.monotonic() + FIRST_REQUEST_SECONDS)
        while time.monotonic() < deadline:
            self.notify()
            for conn in list(self.connections):
                if conn.answered and not (conn.busy or conn.received or conn.lingering):
                    self._drop(conn)
            self._end_late()
            if not self.connections:
                break
            self._turn(0.1)

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
        for job in self.handed_over:
            self.jobs.put(job)
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

    # Connections: all of this runs in the main loop.

    def _accept_if(self, room: bool) -> None:
        if room == self.accepting:
            return
        self.accepting = room
        for listener in self.sockets:
            if room:
                listener.setblocking(False)
                self.poller.register(listener, selectors.EVENT_READ, partial(self._accept, listener))
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
        client.setblocking(True)  # for threads; the main loop says each time that it does not wait
        conn = Connection(client, address, listener.getsockname())
        conn.base = {**self.base, **_addresses(conn)}
        conn.schemes = self._schemes(address)
        conn.ends = time.monotonic() + REQUEST_SECONDS
        self.connections.add(conn)
        self.poller.register(client, selectors.EVENT_READ, partial(self._readable, conn))
        self._readable(conn)
        return True

    def _readable(self, conn: Connection) -> None:
        if conn not in self.connections:  # dropped by what else happened in the same turn
            return
        if conn.busy:  # the next request, or the end; for later
            self._park(conn)
            return
        if conn.lingering:
            if conn.receive(RECEIVED_AT_ONCE) == b"":
                self._drop(conn)
            return
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
        """Answer the requests that are there, or hand the first one to a thread."""
        while conn.received and not conn.busy and (ended or is_whole(conn.received)):
            request = plain.read(conn.received, conn.base, conn.schemes)
            if request is None:
                self._hand_over(conn, self._serve)
                return
            del conn.received[: request.length]
            request.environ["server.moment"] = self.moment
            if not self._answered_at_hand(conn, request):
                self._hand_over(conn, self._serve_plain, request)
            elif (request.last or not self.alive) and not conn.busy:
                self._linger(conn)
                return

    def _answered_at_hand(self, conn: Connection, request: plain.Plain) -> bool:
        """Whether the application had the answer at hand, and it is sent (or a thread has the rest to send)."""
        answer = self._at_hand(request)
        if answer is None:
            return False
        conn.answered = True
        conn.ends = time.monotonic() + self.cfg.keepalive
        try:
            rest = conn.send(answer)
        except OSError:
            self._drop(conn)
            return True
        if rest:
            self._hand_over(conn, self._send_rest, rest, request.last)
        return True

    def _at_hand(self, request: plain.Plain) -> bytes | None:
        """The answer that the application has at hand (asked also by threads)."""
        started: list[Any] = []
        try:
            chunks = self.at_hand(request.environ, lambda *status_and_headers: started.extend(status_and_headers))
            if chunks is None:
                return None
            self._count()
            return self._whole_answer(request, started, chunks)
        except Exception:
            self.log.exception("What was at hand could not be sent; the application is asked.")
            return None

    def _hand_over(self, conn: Connection, work: Callable[..., bool], *arguments: Any) -> None:
        conn.busy, conn.had_at_hand = True, False
        self.handed_over.append((work, conn, arguments))

    def _park(self, conn: Connection) -> None:
        self.poller.unregister(conn.sock)
        conn.parked = True
        if not conn.busy:  # the thread ended meanwhile, and may have seen that nothing is parked
            self._resume(conn)

    def _resume(self, conn: Connection) -> None:
        """Listen again to a connection on which something arrived while it was busy."""
        if conn.parked and conn in self.connections:
            conn.parked = False
            self.poller.register(conn.sock, selectors.EVENT_READ, partial(self._readable, conn))

    def _linger(self, conn: Connection) -> None:
        """Say that nothing more comes, and throw away what the client still sends until it ends, too."""
        self._resume(conn)
        try:
            conn.sock.shutdown(socket.SHUT_WR)
        except OSError:
            self._drop(conn)
            return
        conn.busy, conn.lingering = False, True
        conn.ends = time.monotonic() + LINGER_SECONDS

    def _end_late(self) -> None:
        """End the connections whose time is over."""
        now = time.monotonic()
        for conn in [conn for conn in self.connections if not conn.busy and conn.ends <= now]:
            if conn.received and not conn.lingering:
                with contextlib.suppress(OSError):
                    util.write_error(conn.sock, 408, "Request Timeout", "The request did not arrive in time.")
            self._drop(conn)

    def _drop(self, conn: Connection) -> None:
        with contextlib.suppress(KeyError, ValueError, OSError):
            self.poller.unregister(conn.sock)
        self.connections.discard(conn)
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

    # Requests: all of this runs in a thread, which has the connection to itself.

    def _work(self) -> None:
        while True:
            work, conn, arguments = self.jobs.get()
            goes_on = self._done(work, conn, *arguments)
            while goes_on and self._next_is_here(conn):
                goes_on = self._done(self._serve_next, conn)
            self._give_back(conn, goes_on)

    def _done(self, work: Callable[..., bool], conn: Connection, *arguments: Any) -> bool:
        """Do a piece of work; True if the connection goes on."""
        conn.answered = True
        try:
            return work(conn, *arguments) and self.alive
        except (NoMoreData, StopIteration):
            self.log.debug("A client ended in the middle of a request.")
        except OSError as error:
            if error.errno not in ENDED_BY_CLIENT:
                self.log.exception("Socket error processing request.")
        except Exception as error:
            self.handle_error(None, conn.sock, conn.client, error)
        return False

    def _next_is_here(self, conn: Connection) -> bool:
        """Whether the next request of a connection comes at once. Waiting a moment for it here is cheaper than to have
        the main loop hand it over again; but what is at hand the main loop answers cheapest.
        """
        if not conn.received and not conn.had_at_hand and self.stays.acquire(blocking=False):
            try:
                if conn.wait(STAY_SECONDS):
                    conn.received += conn.receive(RECEIVED_AT_ONCE) or b""  # the end will be there for the main loop
            finally:
                self.stays.release()
        return bool(conn.received) and is_whole(conn.received)

    def _give_back(self, conn: Connection, goes_on: bool) -> None:
        """Leave a connection to the main loop."""
        if not goes_on:
            self._leave(partial(self._linger, conn))
        elif conn.received:
            conn.ends = time.monotonic() + REQUEST_SECONDS
            self._leave(partial(self._take_back, conn))
        else:
            conn.ends = time.monotonic() + self.cfg.keepalive
            conn.busy = False
            if conn.parked:
                self._leave(partial(self._resume, conn))

    def _take_back(self, conn: Connection) -> None:
        """Go on with what a thread left unread (called in the main loop)."""
        conn.busy = False
        self._resume(conn)
        self.arrived.append((conn, False))

    def _serve_next(self, conn: Connection) -> bool:
        """Answer the request that was received; True if the connection goes on."""
        request = plain.read(conn.received, conn.base, conn.schemes)
        if request is None:
            return self._serve(conn)
        del conn.received[: request.length]
        request.environ["server.moment"] = object()
        answer = self._at_hand(request)
        if answer is None:
            return self._serve_plain(conn, request)
        conn.had_at_hand = True
        return self._send_rest(conn, answer, request.last)

    def _serve_plain(self, conn: Connection, request: plain.Plain) -> bool:
        """Answer a plain request; True if the connection goes on."""
        started: list[Any] = []

        def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> None:
            started[:] = [status, headers]

        self._count()
        chunks = self.wsgi(request.environ, start_response)
        if isinstance(chunks, list):
            conn.sock.sendall(self._whole_answer(request, started, chunks))
            return not request.last
        return self._write(wsgi.Response(request, conn.sock, self.cfg), chunks, started)

    def _whole_answer(self, request: plain.Plain, started: list[Any], chunks: list[bytes]) -> bytes:
        last = request.last or not self.alive
        return plain.answer(started[0], started[1], b"".join(chunks), to_head=request.method == "HEAD", last=last)

    def _send_rest(self, conn: Connection, data: bytes, last: bool) -> bool:
        conn.sock.sendall(data)
        return not last

    def _serve(self, conn: Connection) -> bool:
        """Answer any request; True if the connection goes on."""
        parser = http.get_parser(self.cfg, conn.sock, conn.client)
        parser.unreader.unread(bytes(conn.received))
        conn.received.clear()
        request = next(parser)
        self._count()
        response, environ = wsgi.create(request, conn.sock, conn.client, conn.server, self.cfg)
        environ["wsgi.multithread"] = True
        if not self._write(response, self.wsgi(environ, response.start_response)):
            return False
        whole = parser.finish_body(deadline=time.monotonic() + DRAIN_SECONDS)
        conn.received += parser.unreader.take_buffered()
        return bool(whole)

    def _write(self, response: Any, chunks: Iterable[bytes], started: Sequence[Any] = ()) -> bool:
        """Send an answer piece by piece; True if the connection goes on. `started`: the status and headers, where the
        response has not been told; they may come with the first piece.
        """
        if not self.alive:
            response.force_close()
        try:
            for chunk in chunks:
                if response.status is None:
                    response.start_response(*started)
                response.write(chunk)
            if response.status is None:
                response.start_response(*started)
            response.close()
        except Exception as error:
            if not response.headers_sent or isinstance(error, OSError):
                raise
            self.log.exception("Error in the middle of an answer")
            return False
        finally:
            close = getattr(chunks, "close", None)
            if close:
                close()
        return not response.should_close()

    def _count(self) -> None:
        self.nr += 1
        if self.nr >= self.max_requests and self.alive:
            self.log.info("This worker has served its number of requests and is replaced.")
            self.alive, self.replaced = False, True


def _addresses(conn: Connection) -> dict[str, str]:
    """What a WSGI environment says of both ends of a connection."""
    client = conn.client if isinstance(conn.client, tuple) else (conn.client or "", 0)
    server = conn.server if isinstance(conn.server, tuple) else (conn.server or "", 0)
    return {
        "REMOTE_ADDR": str(client[0]),
        "REMOTE_PORT": str(client[1]),
        "SERVER_NAME": str(server[0]),
        "SERVER_PORT": str(server[1]),
    }
