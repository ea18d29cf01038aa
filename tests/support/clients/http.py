"""The HTTP clients of the tests of real servers."""

from __future__ import annotations

import contextlib
import http.client
import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

SECONDS = 20  # that a client waits for a server


@dataclass(frozen=True)
class Response:
    """A response as it was received.

    The names of its headers are in lower case.
    """

    status: int  # 0: no response came, and `body` holds the error
    headers: Mapping[str, str]
    body: bytes
    request: str = ""  # method and path
    seconds: float = 0.0  # from the beginning of the request to the end of the response

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def cache(self) -> str:
        """What the response cache did: ``hit`` or ``fwd=…``; empty without the header Cache-Status."""
        parts = [part.strip() for part in self.headers.get("cache-status", "").split(";")]
        return parts[1] if len(parts) > 1 else ""

    def __repr__(self) -> str:
        return f"<{self.request} → {self.status} after {self.seconds:.2f} s: {self.body[:60]!r}>"


def request(port: int, method: str, path: str, document: Any = None, **headers: str) -> Response:
    """Send one request over a new connection, and return the response.

    The status is 0 if there is no response. A `document` is sent as JSON, and bytes as they are. In the names of
    `headers`, an underscore is a hyphen.
    """
    started = time.monotonic()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)
    with contextlib.closing(connection):
        try:
            return _exchange(connection, method, path, document, headers)
        except (OSError, http.client.HTTPException) as error:
            return Response(0, {}, repr(error).encode(), f"{method} {path}", time.monotonic() - started)


class Client:
    """A client with one connection, which it keeps alive.

    Each thread needs one of its own.
    """

    def __init__(self, port: int) -> None:
        self.port = port
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=SECONDS)

    def request(self, method: str, path: str, document: Any = None, **headers: str) -> Response:
        """Send a request, and retry once if the server had closed the idle connection."""
        try:
            return _exchange(self.connection, method, path, document, headers)
        except (http.client.RemoteDisconnected, ConnectionError):
            self.connection.close()
            return _exchange(self.connection, method, path, document, headers)

    def get(self, path: str, **headers: str) -> Response:
        return self.request("GET", path, **headers)

    def reconnect(self) -> None:
        """Close the connection; the next request opens another one, perhaps to another worker."""
        self.connection.close()


def _exchange(
    connection: http.client.HTTPConnection, method: str, path: str, document: Any, headers: Mapping[str, str]
) -> Response:
    started = time.monotonic()
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    body = document if isinstance(document, bytes) or document is None else json.dumps(document).encode()
    if body is not None:
        sent.setdefault("Content-Type", "application/json")
    connection.request(method, path, body, sent)
    response = connection.getresponse()
    received = {name.lower(): value for name, value in response.getheaders()}
    return Response(response.status, received, response.read(), f"{method} {path}", time.monotonic() - started)
