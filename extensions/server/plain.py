"""Plain requests, which are nearly all: a GET or HEAD over HTTP/1.1, without a body, in plain ASCII.

They are read by one regular expression, and the header lines that a client sends again and again only once. What is
not plain to its last byte is left to gunicorn's parser, which knows the rest of RFC 9112 and refuses what is wrong.
"""

from __future__ import annotations

import io
import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, ClassVar

from gunicorn.util import http_date, unquote_to_wsgi_str

LONGEST = 8000  # bytes of a head; gunicorn's limits begin beyond that
MOST_LINES = 100

# The target is in origin form (RFC 9112, section 3.2.1), has no fragment and does not begin like a host.
HEAD = re.compile(rb"(GET|HEAD) (/(?!/)[!\"$-~]*) HTTP/1\.1\r\n((?:[A-Za-z0-9-]+:[\t -~]*\r\n)+)\r\n")
# What frames a body or changes the protocol is not plain.
NOT_PLAIN = frozenset(
    {
        "HTTP_CONTENT_LENGTH",
        "HTTP_CONTENT_TYPE",
        "HTTP_EXPECT",
        "HTTP_HTTP2_SETTINGS",
        "HTTP_TE",
        "HTTP_TRAILER",
        "HTTP_TRANSFER_ENCODING",
        "HTTP_UPGRADE",
    }
)
WITHOUT_BODY = ("204", "304")

Environ = dict[str, Any]


@dataclass(slots=True)
class Plain:
    """A plain request: its WSGI environment, its length in bytes, whether it is the last one of its connection."""

    environ: Environ
    length: int
    last: bool
    version: ClassVar[tuple[int, int]] = (1, 1)

    @property
    def method(self) -> str:
        return str(self.environ["REQUEST_METHOD"])

    def should_close(self) -> bool:
        """What gunicorn's response asks of a request whose answer it streams."""
        return self.last


def read(received: bytes | bytearray, base: Environ, schemes: Mapping[str, str]) -> Plain | None:
    """The plain request that the bytes `received` begin with; None where it is not plain.

    `base`: what the environments of all requests of the connection have in common. `schemes`: the header lines by
    which this client, a proxy, may say that it was asked over https.
    """
    match = HEAD.match(received)
    if match is None or match.end() > LONGEST:
        return None
    sent = _headers(match[3], tuple(schemes.items()))
    if sent is None:
        return None
    target = match[2].decode("ascii")
    path, _, query = target.partition("?")
    environ = {
        **base,
        **sent,
        "REQUEST_METHOD": match[1].decode("ascii"),
        "RAW_URI": target,
        "PATH_INFO": unquote_to_wsgi_str(path) if "%" in path else path,
        "QUERY_STRING": query,
        "wsgi.input": io.BytesIO(),
    }
    return Plain(environ, match.end(), sent.get("HTTP_CONNECTION", "").lower() == "close")


@lru_cache(maxsize=256)
def _headers(lines: bytes, schemes: tuple[tuple[str, str], ...]) -> Environ | None:
    """What header lines add to an environment; None where one of them is not plain."""
    found: Environ = {}
    for line in lines.decode("ascii").split("\r\n")[:-1]:
        name, _, value = line.partition(":")
        name = "HTTP_" + name.upper().replace("-", "_")
        if name in found or name in NOT_PLAIN or len(found) == MOST_LINES:
            return None
        found[name] = value.strip(" \t")
    if "HTTP_HOST" not in found or found.get("HTTP_CONNECTION", "close").lower() not in ("close", "keep-alive"):
        return None
    said = {found[name] == https for name, https in schemes if name in found}
    if len(said) > 1:
        return None
    return {"wsgi.url_scheme": "https" if said == {True} else "http", **found}


def answer(status: str, headers: Iterable[tuple[str, str]], body: bytes, *, to_head: bool, last: bool) -> bytes:
    """An answer as it goes over the wire, with its length. `to_head`: without its body; `last`: the connection ends.

    Raises ``ValueError`` for a header that does not stay in its line.
    """
    lines = [
        f"HTTP/1.1 {status}",
        "Server: gunicorn",
        f"Date: {_date(int(time.time()))}",
        "Connection: close" if last else "Connection: keep-alive",
        *(f"{name}: {value}" for name, value in headers),
    ]
    # An application that leaves out the body of an answer to HEAD does not say by that how long it would be.
    known = bool(body) or not to_head
    if known and status[:3] not in WITHOUT_BODY and not any(name.lower() == "content-length" for name, _ in headers):
        lines.append(f"Content-Length: {len(body)}")
    head = "\r\n".join(lines)
    if head.count("\n") >= len(lines) or head.count("\r") >= len(lines):
        raise ValueError("a header of the answer holds a line break")
    return head.encode("latin-1") + b"\r\n\r\n" + (b"" if to_head else body)


@lru_cache(maxsize=1)
def _date(second: int) -> str:
    return str(http_date(second))
