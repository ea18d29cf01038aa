"""A client of server-sent events."""

from __future__ import annotations

import contextlib
import http.client
import json
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from tests.support.servers.gunicorn import Server

ACCEPT = {"Accept": "text/event-stream"}


class Block(NamedTuple):
    """What stands between two empty lines."""

    id: int | None
    event: str | None
    data: Any
    comment: str | None


def parsed(lines: Iterable[bytes]) -> Iterator[Block]:
    """Yield the blocks of a stream."""
    fields: dict[str, str] = {}
    for line in lines:
        assert line.endswith(b"\n"), line
        if line == b"\n":
            data = json.loads(fields["data"]) if "data" in fields else None
            yield Block(int(fields["id"]) if "id" in fields else None, fields.get("event"), data, fields.get(""))
            fields = {}
        else:
            name, _, value = line.decode().rstrip("\n").partition(":")
            assert name not in fields, f"two lines of {name}"
            fields[name] = value.removeprefix(" ")


def lines_of(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the lines of a body that arrives in pieces."""
    rest = b""
    for piece in pieces:
        *lines, rest = (rest + piece).split(b"\n")
        yield from (line + b"\n" for line in lines)
    assert rest == b"", "the stream ends inside of a line"


class EventStream:
    """A follower of a real server."""

    def __init__(self, server: Server, query: str = "", last: int | None = None, **headers: str) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=20)
        sent = {**ACCEPT, **headers} | ({} if last is None else {"Last-Event-ID": str(last)})
        self.connection.request("GET", f"/changes{query}", headers=sent)
        self.response = self.connection.getresponse()
        self.blocks = parsed(iter(self.response.readline, b""))

    def __enter__(self) -> EventStream:
        assert self.response.status == 200, self.response.read()
        next(self.blocks)
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def events(self) -> Iterator[Block]:
        """Yield the events, and no comments, until the stream ends."""
        return (block for block in self.blocks if block.event)

    def take(self, number: int) -> list[Block]:
        """Wait for some events."""
        found = self.events()
        return [next(found) for _ in range(number)]

    def until(self, position: int) -> list[Block]:
        """Wait for the events up to one with this position."""
        taken = []
        for event in self.events():
            taken.append(event)
            if event.id is not None and event.id >= position:
                break
        return taken

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self.response.close()
            self.connection.close()
