"""Parses what a client sends slice by slice, so that a client that pipelines requests does not delay the others.

uvicorn parses everything it received at once, and resumes reading after each response. Here a slice follows when the
requests in the slices before it have their responses, and the client is read from when everything has been parsed.
"""

from __future__ import annotations

import re
from typing import Any

from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT, FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

# Bytes that are parsed at once: a few dozen pipelined requests, in some milliseconds. A body is parsed faster.
SLICE_BYTES, BODY_SLICE_BYTES = 1024, 8 * 1024
WRITABLE = "writable"  # the member of a request's ``state`` that waits until the client has received earlier responses

_beyond_ascii = re.compile(rb"[\x80-\xff]")


class Flow(FlowControl):
    """The flow control of a connection, which resumes reading only when everything received has been parsed."""

    def __init__(self, transport: Any) -> None:
        super().__init__(transport)
        self.unparsed = bytearray()

    def resume_reading(self) -> None:
        if not self.unparsed:
            super().resume_reading()


class SlicedProtocol(HttpToolsProtocol):
    """An HTTP connection that is parsed slice by slice."""

    flow: Flow

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.in_head = False
        self._in_line = False  # a part of a request line was parsed, and its end has not arrived
        self._has_ended = False  # the client has closed its direction, but not everything it sent is parsed
        self._is_scheduled = False

    def parse(self, data: bytes) -> None:
        """Parse a slice."""
        super().data_received(self._with_encoded_line(data))

    def all_received(self) -> bool | None:
        """Return what ``eof_received`` of asyncio does. The client sends no more, and everything is parsed."""
        return super().eof_received()

    # Callbacks of asyncio

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self.flow = Flow(transport)
        self.app_state = {**self.app_state, WRITABLE: self.flow.drain}

    def data_received(self, data: bytes) -> None:
        if len(data) <= SLICE_BYTES and not self._must_wait():
            self.parse(data)
        else:
            self.flow.unparsed += data
            self._parse_slices()

    def eof_received(self) -> bool | None:  # type: ignore[override]  # as in asyncio.Protocol
        if self.flow.unparsed:
            self._has_ended = True
            return True
        return self.all_received()

    def resume_writing(self) -> None:
        super().resume_writing()
        self._parse_soon()

    # Callbacks of httptools

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.in_head = True

    def on_headers_complete(self) -> None:
        super().on_headers_complete()
        self.in_head = False

    # Called by uvicorn

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if not self.pipeline:
            self._parse_soon()

    # Slices

    @property
    def in_body(self) -> bool:
        """Whether a body is arriving."""
        return not self.in_head and self.cycle is not None and bool(self.cycle.more_body)

    def _must_wait(self) -> bool:
        """Whether parsed requests, or responses that the client has not received yet, come first."""
        return bool(self.flow.unparsed or self.pipeline or self.flow.write_paused)

    def _parse_slices(self) -> None:
        """Parse what was received, up to the slice in which a further request begins."""
        self._is_scheduled = False
        unparsed, flow = self.flow.unparsed, self.flow
        while unparsed and not (self.pipeline or flow.write_paused or self.transport.is_closing()):
            size = BODY_SLICE_BYTES if self.in_body else SLICE_BYTES
            data = bytes(unparsed[:size])
            del unparsed[:size]
            self.parse(data)
        if self.transport.is_closing():
            unparsed.clear()
        elif unparsed:
            flow.pause_reading()
        elif self._has_ended:
            self._has_ended = False
            if not self.all_received():
                self.transport.close()
        elif not self.pipeline and (self.cycle is None or len(self.cycle.body) <= HIGH_WATER_LIMIT):
            flow.resume_reading()

    def _parse_soon(self) -> None:
        """Continue in the next turn of the loop, after the other connections."""
        if self.flow.unparsed and not self._is_scheduled:
            self._is_scheduled = True
            self.loop.call_soon(self._parse_slices)

    def _with_encoded_line(self, data: bytes) -> bytes:
        """Return data with the letters of the request line at its beginning, or of the rest of one, encoded.

        Users type them, curl sends them unencoded, and httptools rejects them (as RFC 3986 does).
        """
        if not self._in_line and (self.in_head or self.in_body):
            return data
        line, end, rest = data.partition(b"\n")
        self._in_line = not end
        return data if line.isascii() else _beyond_ascii.sub(lambda byte: b"%%%02X" % ord(byte[0]), line) + end + rest
