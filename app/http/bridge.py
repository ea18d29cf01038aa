"""An ASGI application that runs the blocking WSGI middleware in threads.

The event loop itself sends cache hits. It receives any other request completely, including the body, before a thread
handles it, so a slow client never blocks a thread. The loop also sends the responses. Each piece of a stream is
generated in a thread while the previous piece is sent; the loop itself waits for the pieces of a live stream.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, Protocol
from urllib.parse import unquote_to_bytes

from app.http.middleware.raw_response import RawResponse
from app.http.responses import LiveStream, Stream
from app.http.wsgi import ARRIVED, Environ
from extensions.server.connection_limits import BYTES_PER_SECOND, ENDING, GRACE_SECONDS, check_connections
from extensions.server.sliced_parsing import WRITABLE
from extensions.server.threads import Threads

Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

BODY_IN_MEMORY = 256 * 1024  # bytes; a longer body goes to a temporary file
LINGER_SECONDS = 2.0  # for a client to read the response if its body was not read, before the connection is closed


class Application(Protocol):
    """The interface of the application: `app.http.middleware.front.Front`."""

    def respond(self, environ: Environ) -> RawResponse: ...

    async def recall(self, environ: Environ) -> RawResponse | None: ...


class LateBody(io.RawIOBase):
    """The body of a client that sends too slowly. Reading it raises ``TimeoutError``."""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        raise TimeoutError("The body did not arrive in time.")


@dataclass
class Body:
    """The body of a request, as far as it was received."""

    file: Any
    is_unread: bool = False  # the client is still sending
    is_late: bool = False  # the client sends too slowly
    is_lost: bool = False  # the client has disconnected


class Bridge:
    """Serves `application` over ASGI, with `threads` threads and bodies of up to `body_bytes`."""

    def __init__(
        self, application: Application, threads: int, body_bytes: int, at_end: Callable[[], None] = lambda: None
    ) -> None:
        """`at_end` is called after the last request: a signal ends the process then, without ``atexit``."""
        self._application, self._size, self._body_bytes = application, threads, body_bytes
        self._at_end = at_end
        self._threads: Threads

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
            return
        if writable := scope.get("state", {}).get(WRITABLE):
            await writable()  # no response is made before the client has received the previous one
        environ = environ_of(scope)
        has_body = "CONTENT_LENGTH" in environ or "HTTP_TRANSFER_ENCODING" in environ
        if not has_body:
            response = await self._application.recall(environ)
            if response is not None:
                await _send(send, response.status, response.headers, response.body)
                return
        body = await self._body(environ, receive) if has_body else Body(io.BytesIO())
        if body.is_lost:
            return
        environ["wsgi.input"] = body.file
        environ[ARRIVED] = time.perf_counter()
        response = await self._threads.run(lambda: self._application.respond(environ))
        if isinstance(response.body, LiveStream):
            await self._follow(scope, receive, send, response, response.body)
        elif isinstance(response.body, Stream):
            await self._stream(receive, send, response)
        elif body.is_unread:
            closing = [("Connection", "close")] if body.is_late else []
            await _send(send, response.status, [*response.headers, *closing], response.body, more=True)
            await _discard(receive)
            await send({"type": "http.response.body"})
        else:
            await _send(send, response.status, response.headers, response.body)

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        """Start and stop a worker (the ASGI lifespan protocol)."""
        await receive()
        self._threads = Threads(self._size)
        checks = asyncio.create_task(check_connections())
        await send({"type": "lifespan.startup.complete"})
        await receive()
        checks.cancel()
        await self._threads.run(self._at_end)
        await send({"type": "lifespan.shutdown.complete"})

    async def _body(self, environ: Environ, receive: Receive) -> Body:
        """Receive the body of a request, up to the limit.

        The application rejects a larger body.
        """
        if int(environ.get("CONTENT_LENGTH") or 0) > self._body_bytes:
            return Body(io.BytesIO(), is_unread=True)
        deadline = asyncio.get_running_loop().time() + GRACE_SECONDS
        file = tempfile.SpooledTemporaryFile(BODY_IN_MEMORY)  # noqa: SIM115 - closed with the request
        size, more = 0, True
        while more and size <= self._body_bytes:
            try:
                async with asyncio.timeout_at(deadline + size / BYTES_PER_SECOND):
                    message = await receive()
            except TimeoutError:
                return Body(LateBody(), is_unread=True, is_late=True)
            if message["type"] == "http.disconnect":
                return Body(file, is_lost=True)
            piece, more = message["body"], message["more_body"]
            size += len(piece)
            if size > BODY_IN_MEMORY:
                await self._threads.run(partial(file.write, piece))  # writing to disk would block the loop
            else:
                file.write(piece)
        file.seek(0)
        return Body(file, is_unread=more)

    async def _stream(self, receive: Receive, send: Send, response: RawResponse) -> None:
        """Send a stream piece by piece, until it ends or the client disconnects."""
        stream = response.body
        assert isinstance(stream, Stream)
        pieces = iter(stream)
        disconnection = asyncio.create_task(_disconnected(receive))
        try:
            await _start(send, response.status, response.headers)
            piece = await self._threads.run(lambda: next(pieces, None))
            while piece is not None and not disconnection.done():
                following = self._threads.run(lambda: next(pieces, None))
                try:
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
                finally:
                    piece = await following
            if piece is None:
                await send({"type": "http.response.body"})
        finally:
            disconnection.cancel()
            await self._threads.run(stream.close)

    async def _follow(
        self, scope: Scope, receive: Receive, send: Send, response: RawResponse, stream: LiveStream
    ) -> None:
        """Send a live stream until it ends, the client disconnects or closes its direction, or the server stops."""
        await _start(send, response.status, response.headers)
        sending = asyncio.create_task(self._send_pieces(send, stream))
        disconnection = asyncio.create_task(_disconnected(receive))
        tasks = [sending, disconnection]
        ending: asyncio.Event | None = scope.get("state", {}).get(ENDING)
        if ending is not None:
            tasks.append(asyncio.create_task(ending.wait()))  # type: ignore[arg-type]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if sending.done():
                sending.result()  # raises the error that ended it
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)  # a piece is sent whole or not at all
            await self._threads.run(stream.close)
        await send({"type": "http.response.body"})

    async def _send_pieces(self, send: Send, stream: LiveStream) -> None:
        async with contextlib.aclosing(stream.pieces(self._threads.run)) as pieces:
            async for piece in pieces:
                await send({"type": "http.response.body", "body": piece, "more_body": True})
                stream.size += len(piece)


def environ_of(scope: Scope) -> Environ:
    """Return the WSGI environ (PEP 3333) of an ASGI request."""
    path, query = scope["raw_path"], scope["query_string"].decode("latin-1")
    raw = path.decode("latin-1")
    server, client = scope["server"] or ("", 0), scope["client"] or ("", 0)
    return {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1") if "%" in raw else raw,
        "QUERY_STRING": query,
        "RAW_URI": f"{raw}?{query}" if query else raw,
        "SERVER_NAME": server[0],
        "SERVER_PORT": str(server[1]),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "REMOTE_ADDR": client[0],
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        "wsgi.input_terminated": True,
        **_headers(tuple(scope["headers"])),
    }


@lru_cache(maxsize=256)
def _headers(headers: tuple[tuple[bytes, bytes], ...]) -> dict[str, str]:
    """Return headers as variables of an environ. Cached, because clients repeat their headers."""
    variables: dict[str, str] = {}
    for raw_name, raw_value in headers:
        if b"_" in raw_name:  # the same variable as the header with a hyphen, which a proxy may set
            continue
        name, value = raw_name.decode("latin-1").upper().replace("-", "_"), raw_value.decode("latin-1")
        if name not in ("CONTENT_TYPE", "CONTENT_LENGTH"):
            name = f"HTTP_{name}"
        variables[name] = f"{variables[name]},{value}" if name in variables else value
    return variables


async def _start(send: Send, status: str, headers: list[tuple[str, str]]) -> None:
    encoded = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
    await send({"type": "http.response.start", "status": int(status[:3]), "headers": encoded})


async def _send(send: Send, status: str, headers: list[tuple[str, str]], body: Any, more: bool = False) -> None:
    await _start(send, status, headers)
    await send({"type": "http.response.body", "body": body, "more_body": more})


async def _discard(receive: Receive) -> None:
    """Discard the rest of a body for a short time.

    Closing a connection with unread input would reset it, and the client would lose the response.
    """
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(LINGER_SECONDS):
            while (message := await receive())["type"] == "http.request" and message["more_body"]:
                pass


async def _disconnected(receive: Receive) -> None:
    """Return when the client has disconnected."""
    while (await receive())["type"] != "http.disconnect":
        pass
