"""The applications that the tests serve.

The path of a request selects what the versatile application does.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import threading
import time
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path
from typing import Any

from app.http.bridge import Bridge
from app.http.middleware.raw_response import RawResponse
from app.http.responses import LiveStream, Run, Stream

Environ = dict[str, Any]

FOLDER = Path(os.environ.get("CHECKPOINTS", "."))  # of files that the application and the test create
LARGE = random.Random(1).randbytes(16_000_000)  # more than the buffers of two sockets
WIDE = LARGE[:8_000_000]  # also more
BODY_BYTES = 30_000_000
THREADS = 4


def sized(status: str, body: bytes, **headers: str) -> RawResponse:
    pairs = [(name.replace("_", "-"), value) for name, value in headers.items()]
    return RawResponse(status, [*pairs, ("Content-Length", str(len(body)))], body)


def checkpoint(name: str) -> None:
    """Signal that this point was reached, and wait until the test releases it."""
    (FOLDER / f"{name}.reached").touch()
    deadline = time.monotonic() + 20
    while not (FOLDER / f"{name}.released").exists():
        if time.monotonic() > deadline:
            raise TimeoutError(name)
        time.sleep(0.002)


def endless() -> Iterator[bytes]:
    while True:
        yield LARGE


async def ticks(run: Run, *, is_brief: bool) -> AsyncGenerator[bytes]:
    """Yield the name of the thread that made a piece, again and again."""
    while True:
        yield (await run(lambda: threading.current_thread().name)).encode() + b"\n"
        if is_brief:
            return
        await asyncio.sleep(0.05)


async def flood(run: Run, *, is_brief: bool) -> AsyncGenerator[bytes]:
    """Yield large pieces, with a checkpoint after the number of those that were taken."""
    for number in range(1000):
        (FOLDER / "flood.pieces").write_text(str(number))
        yield WIDE[:1_000_000]


async def failing(run: Run, *, is_brief: bool) -> AsyncGenerator[bytes]:
    yield b"one "
    raise RuntimeError("an error in the middle")


LIVE = {"live": ticks, "flood": flood, "fails": failing}


def pieces(parts: list[bytes | None]) -> Iterator[bytes]:
    """Yield the parts; raise an error for None."""
    for part in parts:
        if part is None:
            raise RuntimeError("an error in the middle")
        yield part


class Versatile:
    """Returns some responses from memory, and others from a thread."""

    def streams_body(self, environ: Environ) -> bool:
        return str(environ["PATH_INFO"]).startswith("/upload/")

    async def recall(self, environ: Environ) -> RawResponse | None:
        path = environ["PATH_INFO"]
        kind, _, name = path[1:].partition("/")
        if environ["REQUEST_METHOD"] not in ("GET", "HEAD"):
            return None
        if kind == "large":
            return sized("200 OK", WIDE if name == "wide" else LARGE, X_From="loop")
        if kind == "hit":
            response = sized("200 OK", path.encode(), X_From="loop")
            if environ["REQUEST_METHOD"] == "HEAD":
                response.body = b""
            return response
        return None

    def respond(self, environ: Environ) -> RawResponse:
        path = environ["PATH_INFO"]
        kind, _, name = path[1:].partition("/")
        if kind == "mirror":
            values = {name: value for name, value in environ.items() if isinstance(value, str | bool | int)}
            return sized("200 OK", json.dumps(values).encode(), Content_Type="application/json")
        if kind == "upload":
            return self.upload(name, environ["wsgi.input"])
        if kind == "unread":
            return sized("200 OK", path.encode())
        if kind == "error":
            raise RuntimeError("an error before the response")
        if kind == "header":
            return sized("200 OK", b"body", X_Evil="a\r\nSet-Cookie: b")
        if kind in ("stream", "breaks", "falls", "endless"):
            parts: dict[str, list[bytes | None]] = {
                "stream": [b"one ", b"", b"two ", b"x" * 300_000],
                "breaks": [b"one ", None],
                "falls": [None],
            }
            parts_sent = endless() if kind == "endless" else pieces(parts[kind])
            return RawResponse("200 OK", [("Content-Type", "text/plain")], Stream(parts_sent, self.closed(name)))
        if kind in LIVE:
            headers = [("Content-Type", "text/plain"), ("X-Threads", str(threading.active_count()))]
            return RawResponse("200 OK", headers, LiveStream(LIVE[kind], self.closed(name)))
        if kind == "wide":
            return sized("200 OK", WIDE)
        if kind == "wait":
            checkpoint(name)
        if kind == "short":
            time.sleep(int(name) / 10_000)
        try:
            length = len(environ["wsgi.input"].read())
        except TimeoutError:
            return sized("400 Bad Request", b"late")
        if length > BODY_BYTES:
            return sized("413 Content Too Large", b"too large")
        return sized("200 OK", f"{path} {length}".encode("latin-1"), X_From="thread", X_Pid=str(os.getpid()))

    def upload(self, name: str, body: Any) -> RawResponse:
        """Read the body of an upload piece by piece; note its end and its errors in files."""
        if name == "refused":
            return sized("413 Content Too Large", b"refused")
        if name.startswith("held"):
            checkpoint(name)
        length = 0
        try:
            while piece := body.read(65536):
                length += len(piece)
        except OSError as error:
            (FOLDER / f"{name}.{type(error).__name__}").touch()
            return sized("400 Bad Request", type(error).__name__.encode())
        return sized("200 OK", str(length).encode(), X_From=threading.current_thread().name)

    def closed(self, name: str) -> Any:
        return lambda: (FOLDER / f"{name or 'stream'}.closed").touch()


versatile = Bridge(Versatile(), THREADS, BODY_BYTES)
