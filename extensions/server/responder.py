"""From a request to its answer: what the application is asked, and how its answer goes onto the wire.

An application has answers at hand if its `wsgi_app` has a method ``at_hand(environ, start_response)``, which is asked
first: it returns a list like any WSGI application, or None where it would have to wait. ``server.moment`` in the
environment is a number that all requests share that had arrived at one moment.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from gunicorn import http
from gunicorn.http import wsgi
from gunicorn.workers.base import Worker

from . import plain
from .connection import Connection, Source

DRAIN_SECONDS = 0.05  # for the rest of a body that was not read to turn out to be here already


class Responder:
    """Asks the application of a `worker`, which counts the requests, and which is alive or ending."""

    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self._ask_for_what_is_at_hand = getattr(getattr(worker.wsgi, "wsgi_app", None), "at_hand", lambda *_: None)

    def read(self, conn: Connection, moment: object) -> plain.Plain | None:
        """Take the plain request that was received over a connection; None where there is none."""
        request = plain.read(conn.received, conn.base, conn.schemes)
        if request is not None:
            del conn.received[: request.length]
            request.environ["server.moment"] = moment
        return request

    def at_hand(self, request: plain.Plain) -> bytes | None:
        """The answer that the application has at hand. Called by the main loop, too: it waits for nobody."""
        started: list[Any] = []
        try:
            chunks = self._ask_for_what_is_at_hand(request.environ, lambda *said: started.extend(said))
            if chunks is None:
                return None
            self.worker.count()
            return self._whole_answer(request, started, chunks)
        except Exception:
            # Whatever it was, it must not end the main loop, and with it all connections. Nothing is sent yet, so that
            # the request can still be answered as any other; if that fails, too, it is a 500.
            self.worker.log.exception("What was at hand could not be sent; the application is asked.")
            return None

    def answer(self, conn: Connection, request: plain.Plain | None, at_hand: bytes | None = None) -> bool:
        """Answer a plain request, with what was `at_hand` if anything was, or (None) the one that `conn` has received;
        True if the connection goes on.

        What the client does not take at once is kept in `conn`. Raises what the application raises before it has begun
        to answer, and ``OSError`` where the client is gone or does not keep pace.
        """
        if request is None:
            return self._parsed(conn)
        if at_hand is None:
            return self._plain(conn, request)
        conn.send(at_hand)
        return not request.last

    def _plain(self, conn: Connection, request: plain.Plain) -> bool:
        started: list[Any] = []

        def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> None:
            started[:] = [status, headers]

        self.worker.count()
        chunks = self.worker.wsgi(request.environ, start_response)
        if isinstance(chunks, list):
            conn.send(self._whole_answer(request, started, chunks))
            return not request.last
        return self._write(conn, wsgi.Response(request, conn, self.worker.cfg), chunks, started)

    def _whole_answer(self, request: plain.Plain, started: list[Any], chunks: list[bytes]) -> bytes:
        last = request.last or not self.worker.alive
        return plain.answer(started[0], started[1], b"".join(chunks), to_head=request.method == "HEAD", last=last)

    def _parsed(self, conn: Connection) -> bool:
        """Answer any request, as gunicorn's parser reads it."""
        source = Source(conn)
        parser = http.get_parser(self.worker.cfg, source, conn.client)
        request = next(parser)
        self.worker.count()
        response, environ = wsgi.create(request, conn, conn.client, conn.server, self.worker.cfg)
        environ["wsgi.multithread"] = True
        if not self._write(conn, response, self.worker.wsgi(environ, response.start_response)):
            return False
        source.end_within(DRAIN_SECONDS)
        whole = parser.finish_body(deadline=source.ends)
        source.give_back(parser.unreader.take_buffered())
        return bool(whole)

    def _write(self, conn: Connection, response: Any, chunks: Iterable[bytes], started: Sequence[Any] = ()) -> bool:
        """Send an answer piece by piece; True if the connection goes on. `started`: the status and headers, where the
        response has not been told; they may come with the first piece.

        Pieces that are there already are kept for the main loop to send. Of those that are still to be made (nobody
        knows how many) each is taken by the client before the next.
        """
        if not self.worker.alive:
            response.force_close()
        try:
            for chunk in chunks:
                if response.status is None:
                    response.start_response(*started)
                response.write(chunk)
                if not isinstance(chunks, list):
                    conn.send_all()
            if response.status is None:
                response.start_response(*started)
            response.close()
        except Exception as error:
            if not response.headers_sent or isinstance(error, OSError):
                raise
            self.worker.log.exception("Error in the middle of an answer")
            conn.broken = not response.chunked and response.response_length is None
            return False
        finally:
            close = getattr(chunks, "close", None)
            if close:
                close()
        return not response.should_close()
