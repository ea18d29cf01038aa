"""The applications that the tests of the worker serve. What the last one does is in the path."""

from __future__ import annotations

import json
import os
import random
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

Environ = dict[str, Any]
StartResponse = Callable[..., Any]

FOLDER = Path(os.environ.get("MEETING", "."))  # where an application and a test meet
LARGE = random.Random(1).randbytes(16_000_000)  # more than the buffers of two sockets
WIDE = LARGE[:8_000_000]  # this, too


def counting(environ: Environ, start_response: StartResponse) -> list[bytes]:
    """Says how long the body was, which it does not read under `/unread`."""
    path, body = environ["PATH_INFO"], b""
    if path != "/unread":
        body = environ["wsgi.input"].read()
    answer = b"%s %d" % (path.encode(), len(body))
    start_response("200 OK", [("Content-Length", str(len(answer)))])
    return [answer]


def mirror(environ: Environ, start_response: StartResponse) -> list[bytes]:
    """Says what was in its environment."""
    start_response("200 OK", [("Content-Type", "application/json")])
    said = {name: value for name, value in environ.items() if isinstance(value, (str, bool, int))}
    return [json.dumps(said).encode()]


def meet(name: str) -> None:
    """Say that it has come to this, and wait for the test to say `go`."""
    (FOLDER / f"{name}.here").touch()
    ends = time.monotonic() + 20
    while not (FOLDER / f"{name}.go").exists():
        if time.monotonic() > ends:
            raise TimeoutError(name)
        time.sleep(0.002)


class Chunks:
    """An iterable that is closed at its end; None among the `parts` is an error."""

    def __init__(self, name: str, parts: list[bytes | None]) -> None:
        self.name, self.parts = name, iter(parts)

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        part = next(self.parts)
        if part is None:
            raise RuntimeError("an error in the middle")
        return part

    def close(self) -> None:
        (FOLDER / f"{self.name}.closed").touch()


def endless(start_response: StartResponse) -> Iterator[bytes]:
    start_response("200 OK", [])
    while True:
        yield LARGE


def generated(environ: Environ, start_response: StartResponse) -> Iterator[bytes]:
    start_response("200 OK", [("X-From", "thread")])
    yield b"one "
    yield b""
    yield b"two"


class Versatile:
    """An application that has some answers at hand."""

    def at_hand(self, environ: Environ, start_response: StartResponse) -> list[bytes] | None:
        path = environ["PATH_INFO"]
        kind, _, name = path[1:].partition("/")
        body = None
        if kind == "hit":
            body = path.encode()
        elif kind == "large":
            body = WIDE if name == "wide" else LARGE
        elif kind in ("moment", "hold"):
            body = b"%d" % environ["server.moment"]
            if kind == "hold":
                meet(name)
        elif kind == "raises":
            if name:
                start_response("200 OK", [("X-From", "hand\r\nX-Evil: 1" if name == "header" else "hand")])
            if name == "header":
                return [b"hand"]
            raise RuntimeError("nothing is at hand")
        if body is None:
            return None
        start_response("200 OK", [("X-From", "hand")])
        return [body]

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        kind, _, name = path[1:].partition("/")
        if kind == "generated":
            return generated(environ, start_response)
        if kind == "endless":
            return endless(start_response)
        if kind == "error":
            raise RuntimeError("an error before anything")
        if kind == "header":
            start_response("200 OK", [("X-Evil", "a\r\nSet-Cookie: b")])
            return [b"body"]
        if kind in ("stream", "breaks", "falls"):
            parts = {"stream": [b"one ", b"", b"two ", b"x" * 300_000], "breaks": [b"one ", None], "falls": [None]}[
                kind
            ]
            start_response("200 OK", [("Content-Type", "text/plain")])
            return Chunks(name, parts)
        if kind == "exact":
            start_response("200 OK", [("Content-Length", "7")])
            return Chunks(name, [b"one ", b"two"])
        if kind == "wide":
            start_response("200 OK", [("Content-Length", str(len(WIDE)))])
            return [WIDE]
        if kind == "wait":
            meet(name)
        if kind == "short":
            time.sleep(int(name) / 10_000)
        length = len(environ["wsgi.input"].read())
        start_response("200 OK", [("X-From", "thread"), ("X-Pid", str(os.getpid()))])
        return [f"{path} {length}".encode()]


class Wrapped:
    """As Flask has it: the WSGI application is a member."""

    def __init__(self) -> None:
        self.wsgi_app = Versatile()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        return self.wsgi_app(environ, start_response)


versatile = Wrapped()
