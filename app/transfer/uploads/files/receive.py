"""Receives an uploaded file: from the connection to the disk, piece by piece, with its size and digest."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import logging
import os
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from flask import request
from werkzeug.exceptions import ClientDisconnected
from werkzeug.http import parse_options_header

from app.http.problems import BadRequest, ContentTooLarge, Fault, Unavailable, ValidationFailed
from app.transfer.import_job.folder import UPLOAD, create_folder, display_name, folder_path, remove_folder

from .multipart import FILE, FilePart

PIECE_BYTES = 64 * 1024
FRAMING_BYTES = 64 * 1024  # of a multipart body beside its file
MOST_UPLOADS = 4  # that a worker receives at once, because each takes a thread for as long as its client sends
BUSY_SECONDS, DISK_SECONDS = 5, 60  # after which a client may try again
MULTIPART = "multipart/form-data"
NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

log = logging.getLogger("catalog.imports")
_slots = threading.BoundedSemaphore(MOST_UPLOADS)


@dataclass(frozen=True)
class Received:
    """A file that was received completely."""

    folder: str  # the name of its folder
    name: str | None  # for display
    size: int  # bytes
    digest: bytes  # SHA-256
    pointer: str  # JSON Pointer to the file in the body


def refuse_large(most: int) -> None:
    """Raise `ContentTooLarge` if the Content-Length of the request exceeds `most` bytes."""
    allowed = most + (FRAMING_BYTES if request.mimetype == MULTIPART else 0)
    if (request.content_length or 0) > allowed:
        raise _too_large(most)


def receive(most: int) -> Received:
    """Write the file in the body of the current request to a new folder.

    Raises `ContentTooLarge` if it has more than `most` bytes, `Unavailable` if the disk is full or too many uploads
    arrive, `ValidationFailed`, and `BadRequest` if the client stops sending. Then nothing is kept.
    """
    with _slot():
        with _translated_disk_errors():
            folder = create_folder()
        try:
            return _write(folder, most)
        except BaseException:
            remove_folder(folder)
            raise


@contextlib.contextmanager
def _slot() -> Iterator[None]:
    if not _slots.acquire(blocking=False):
        detail = "The service is receiving as many files as it can; nothing was kept. Send the file again soon."
        raise Unavailable(detail, BUSY_SECONDS)
    try:
        yield
    finally:
        _slots.release()


def _write(folder: str, most: int) -> Received:
    part, name, pointer = _source()
    digest, size = hashlib.sha256(), 0
    with _translated_disk_errors(), (folder_path(folder) / UPLOAD).open("wb") as file:
        for piece in part:
            size += len(piece)
            if size > most:
                raise _too_large(most)
            digest.update(piece)
            file.write(piece)
        _flush(file)
    if isinstance(part, FilePart):
        name = part.name
    return Received(folder, display_name(name), size, digest.digest(), pointer)


def _flush(file: BinaryIO) -> None:
    """Write the file to the disk, because its import continues after a crash of the machine."""
    file.flush()
    os.fsync(file.fileno())


def _source() -> tuple[Iterable[bytes], str | None, str]:
    """Return the bytes of the file, its name, and its pointer in the body."""
    _, parameters = parse_options_header(request.headers.get("Content-Type", ""))
    if request.mimetype != MULTIPART:
        _, disposition = parse_options_header(request.headers.get("Content-Disposition", ""))
        return _pieces(), disposition.get("filename"), ""
    boundary = parameters.get("boundary")
    if not boundary:
        detail = "The header Content-Type names no boundary. Let the client library set it, or send the file itself."
        raise ValidationFailed.from_fault(Fault("header", "Content-Type", "required", detail))
    return FilePart(_pieces(), boundary), None, f"/{FILE}"


def _pieces() -> Iterator[bytes]:
    """Yield the body of the current request. Raises `BadRequest` if it does not arrive completely."""
    while piece := _read(_stream()):
        yield piece


def _stream() -> Any:
    environ = request.environ
    if environ.get("wsgi.input_terminated"):  # the server ends the body; Werkzeug would limit it like any other
        return environ["wsgi.input"]
    request.max_content_length = request.content_length
    return request.stream


def _read(stream: Any) -> bytes:
    try:
        return bytes(stream.read(PIECE_BYTES))
    except (ClientDisconnected, OSError):
        detail = "The file was cut off or arrived too slowly; nothing was kept. Send it again."
        raise BadRequest(detail) from None


@contextlib.contextmanager
def _translated_disk_errors() -> Iterator[None]:
    """Raise `Unavailable` if the disk is full or fails."""
    try:
        yield
    except OSError as error:
        log.error("An uploaded file cannot be stored: %s", error)
        why = "The disk of the service is full" if error.errno in NO_ROOM else "The service cannot store the file"
        detail = f"{why}; nothing was kept. Ask its administrator to check the disk, and send the file again."
        raise Unavailable(detail, DISK_SECONDS) from None


def _too_large(most: int) -> ContentTooLarge:
    return ContentTooLarge(
        f"The file has more than {most:,} bytes; nothing was kept. Compress or split it, or import it on the server "
        "with `catalog import`."
    )
