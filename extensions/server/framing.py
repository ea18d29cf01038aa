"""Where a request ends among the bytes that have come."""

from __future__ import annotations

import enum
import re

HEAD_BYTES = 64 * 1024  # past this, what has come is handed over, and gunicorn refuses it
BODY_BYTES = 256 * 1024  # a longer body is read by a thread, from its beginning: the application may refuse it
LONGEST_NUMBER = 18  # digits

CONTENT_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*([^\r]*)", re.IGNORECASE)
EXPECT = re.compile(rb"\r\nexpect:", re.IGNORECASE)  # the client waits for "100 Continue"
CHUNKED = re.compile(rb"\r\ntransfer-encoding:", re.IGNORECASE)
CHUNK_SIZE = re.compile(rb"[0-9a-f]*($|[ \t;\r])", re.IGNORECASE)
CHUNK = re.compile(rb"([0-9a-f]{1,16})[ \t]*(?:;[^\r]*)?\r\n", re.IGNORECASE)


class Extent(enum.Enum):
    """How much of a request is there."""

    MORE = "its rest is waited for"
    WHOLE = "to its end: who answers it waits for nothing"
    LONG = "its rest is not waited for: who answers it has to"


def extent(received: bytes | bytearray) -> Extent:
    """How much there is of the request that the bytes `received` begin with. What breaks the rules is there, or long:
    gunicorn's parser refuses it.
    """
    end = received.find(b"\r\n\r\n")
    if end < 0:
        return Extent.MORE if len(received) <= HEAD_BYTES else Extent.LONG
    head, start = bytes(received[: end + 2]), end + 4
    length = len(received) - start
    if EXPECT.search(head):
        return Extent.LONG
    if CHUNKED.search(head):
        # The last chunk is empty. (The chunks are not parsed before it may be there, and once only: that would cost
        # more with each byte of a client that sends one by one.)
        if received.find(b"\r\n0", start - 2) >= 0 and received.endswith(b"\r\n\r\n"):
            return Extent.WHOLE if _last_chunk_is_there(received, start) else Extent.LONG
        return Extent.MORE if length <= BODY_BYTES and CHUNK_SIZE.match(received, start) else Extent.LONG
    announced = CONTENT_LENGTH.search(head)
    if not announced:
        return Extent.WHOLE
    digits = announced[1].strip(b" \t")
    if not digits.isdigit() or len(digits) > LONGEST_NUMBER:
        return Extent.LONG
    if int(digits) <= length:
        return Extent.WHOLE
    return Extent.MORE if int(digits) <= BODY_BYTES else Extent.LONG


def _last_chunk_is_there(received: bytes | bytearray, place: int) -> bool:
    """Whether the chunks that begin at `place`, and their trailer, are there to their end (RFC 9112, section 7.1)."""
    while chunk := CHUNK.match(received, place):
        size = int(chunk[1], 16)
        if not size:
            return received.find(b"\r\n\r\n", chunk.end() - 2) >= 0
        place = chunk.end() + size + 2
    return False
