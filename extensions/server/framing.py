"""Where a request ends among the bytes that have come."""

from __future__ import annotations

import re

HEAD_BYTES = 64 * 1024  # past this, what has come is handed over, and gunicorn refuses it
BODY_BYTES = 256 * 1024  # a longer body is read by the thread, from its beginning: the application may refuse it

CONTENT_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d{1,18})[ \t]*(?=\r\n)", re.IGNORECASE)
READ_BY_THREAD = re.compile(rb"\r\nexpect:", re.IGNORECASE)  # the client waits for "100 Continue"
CHUNKED = re.compile(rb"\r\ntransfer-encoding:", re.IGNORECASE)
CHUNK_SIZE = re.compile(rb"[0-9a-f]*($|[ \t;\r])", re.IGNORECASE)


def is_whole(received: bytes | bytearray) -> bool:
    """True if a request is there to its end, or if it cannot or need not be waited for."""
    end = received.find(b"\r\n\r\n")
    if end < 0:
        return len(received) > HEAD_BYTES
    head, start = bytes(received[: end + 2]), end + 4
    length = len(received) - start
    if READ_BY_THREAD.search(head):
        return True
    if CHUNKED.search(head):
        # The last chunk is empty. (Not parsed: that would cost more with each byte of a client that sends one by one.)
        ended = received.find(b"\r\n0\r\n", end + 2) >= 0 and received.endswith(b"\r\n\r\n")
        return ended or length > BODY_BYTES or not CHUNK_SIZE.match(received, start)
    announced = CONTENT_LENGTH.search(head)
    return not announced or not length < int(announced[1]) <= BODY_BYTES
