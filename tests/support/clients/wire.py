"""A client that sends raw bytes, and reads responses one by one."""

from __future__ import annotations

import contextlib
import io
import socket
import struct
from collections.abc import Iterator
from typing import BinaryIO

from .http import Response

AT_ONCE = struct.pack("ii", 1, 0)  # SO_LINGER: closing discards what is unsent and resets the connection
SMALL_BUFFER = 4096  # bytes that the system receives for a client that does not read


class Wire:
    """A connection over which bytes are sent as they are."""

    def __init__(self, port: int, sent: bytes = b"", *, seconds: float = 10, small_buffer: bool = False) -> None:
        """Connect and send.

        With a `small_buffer`, the server soon notices that the client does not read.
        """
        self.sock = socket.socket()
        if small_buffer:
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL_BUFFER)
        self.sock.settimeout(seconds)
        self.sock.connect(("127.0.0.1", port))
        self.reader = self.sock.makefile("rb")
        self.send(sent)

    def __enter__(self) -> Wire:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def send_no_more(self) -> None:
        """Close the direction in which the client sends."""
        self.sock.shutdown(socket.SHUT_WR)

    def response(self, *, to_head: bool = False) -> Response:
        """Read the next response; raises ``EOFError`` if the connection ends before it does."""
        return read_response(self.reader, to_head=to_head)

    def wait_for_response(self) -> None:
        """Wait until a response with status 200 begins, and read nothing of it."""
        assert self.sock.recv(12, socket.MSG_PEEK) == b"HTTP/1.1 200"

    def rest(self) -> bytes:
        """Read everything up to the end of the connection, even if that is a reset."""
        received = bytearray()
        with contextlib.suppress(ConnectionError):
            while chunk := self.reader.read1(65536):
                received += chunk
        return bytes(received)

    def is_closed(self) -> bool:
        """Wait for the server; true if it closes the connection and sends nothing before."""
        try:
            return self.reader.read(1) == b""
        except ConnectionResetError:
            return True

    def close(self) -> None:
        self.reader.close()
        self.sock.close()

    def reset(self) -> None:
        """Close the connection at once, whatever is unread, so that the server sees a reset."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
        self.close()


def read_response(reader: BinaryIO, *, to_head: bool = False) -> Response:
    """Read one response with its body, by chunks, length or end of connection.

    Raises ``EOFError`` if the connection ends before that.
    """
    line = reader.readline()
    if not line.endswith(b"\r\n"):
        raise EOFError(line)
    headers: dict[str, str] = {}
    while (header := reader.readline()) != b"\r\n":
        if not header:
            raise EOFError(headers)
        name, _, value = header.decode("latin-1").partition(":")
        assert name.lower() not in headers, f"the header {name} occurs twice"
        headers[name.lower()] = value.strip()
    status = int(line.split()[1])
    if to_head or status in (100, 204, 304):
        body = b""
    elif headers.get("transfer-encoding") == "chunked":
        body = b"".join(_chunks(reader))
    elif "content-length" in headers:
        body = _exactly(reader, int(headers["content-length"]))
    else:
        body = reader.read()
    return Response(status, headers, body)


def read_responses(received: bytes) -> list[Response]:
    """Split the bytes of a whole connection into responses."""
    reader, responses = io.BytesIO(received), []
    while reader.tell() < len(received):
        responses.append(read_response(reader))
    return responses


def _chunks(reader: BinaryIO) -> Iterator[bytes]:
    while size := int(reader.readline(), 16):
        yield _exactly(reader, size)
        assert reader.readline() == b"\r\n"
    assert reader.readline() == b"\r\n"


def _exactly(reader: BinaryIO, size: int) -> bytes:
    data = reader.read(size)
    if len(data) < size:
        raise EOFError(f"{len(data)} of {size} bytes")
    return data
