"""An input file or standard input, opened and decompressed by its content."""

from __future__ import annotations

import contextlib
import io
import sys
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

from app.transfer.errors import ReadAborted, Unreadable

from .compression import MAX_MAGIC, DecompressedStream, decompress, detect_compression
from .sample import SAMPLE_BYTES


@dataclass
class InputFile:
    """An open file. `position` and `size` count its bytes on disk, before decompression."""

    name: str
    stream: io.BufferedReader[Any]  # decompressed bytes
    head: bytes  # the first decompressed bytes, which are still in the stream
    compression: str | None
    size: int | None  # None for a pipe
    _counted: _CountedStream = field(repr=False)
    _decompressed: DecompressedStream = field(repr=False)
    _closing: contextlib.ExitStack = field(repr=False)

    @property
    def position(self) -> int:
        """The number of bytes read so far; those of a zip directory count twice."""
        return self._counted.count if self.size is None else min(self._counted.count, self.size)

    @property
    def damage(self) -> str | None:
        """Why the file cannot be read to its end; None if no damage is known yet."""
        return str(self._decompressed.error) if self._decompressed.error else None

    def close(self) -> None:
        """Close the file and its temporary files; standard input stays open."""
        self._closing.close()

    def __enter__(self) -> InputFile:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def open_input(path: str, max_bytes: int | None = None) -> InputFile:
    """Open a file, or standard input for ``-``. Raises `Unreadable`.

    Reading stops with `ReadAborted` after `max_bytes` decompressed bytes.
    """
    stack = contextlib.ExitStack()
    try:
        return _open(path, max_bytes, stack)
    except BaseException:
        stack.close()
        raise


def _open(path: str, max_bytes: int | None, stack: contextlib.ExitStack) -> InputFile:
    raw, size = _open_raw(path, stack)
    counted = _CountedStream(raw)
    plain = io.BufferedReader(counted, SAMPLE_BYTES)
    beginning = _peek(plain)
    if not beginning:
        raise Unreadable("The file is empty.")
    compression = detect_compression(beginning)
    decompressed = DecompressedStream(decompress(compression, plain, counted, stack), max_bytes)
    stream = io.BufferedReader(decompressed, SAMPLE_BYTES)
    head = _peek(stream)
    if not head:
        raise Unreadable("The compressed file is empty." if compression else "The file is empty.")
    if compression and detect_compression(head):
        raise Unreadable("The file is compressed twice. Unpack it once.")
    name = "standard input" if path == "-" else path
    return InputFile(name, stream, head, compression, size, counted, decompressed, stack)


def _open_raw(path: str, stack: contextlib.ExitStack) -> tuple[BinaryIO, int | None]:
    """Return the raw stream of a file and its size, which is None for pipes and devices."""
    if path == "-":
        return sys.stdin.buffer, None
    file = Path(path)
    if file.is_dir():
        raise Unreadable("This is a directory. Name a file in it.")
    try:
        stream = stack.enter_context(file.open("rb", buffering=0))
    except OSError as error:
        raise Unreadable(f"The file cannot be opened: {error.strerror}.") from None
    return stream, file.stat().st_size if file.is_file() else None


def _peek(stream: io.BufferedReader[Any]) -> bytes:
    try:
        return stream.peek(SAMPLE_BYTES)[:SAMPLE_BYTES]
    except ReadAborted as error:
        raise Unreadable(str(error)) from None


class _CountedStream(io.RawIOBase):
    """A raw stream that counts the bytes read from it."""

    def __init__(self, raw: BinaryIO) -> None:
        self._raw = raw
        self.count = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return self._raw.seekable()

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._raw.seek(offset, whence)

    def tell(self) -> int:
        return self._raw.tell()

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        try:
            chunk = self._raw.read(len(buffer)) or b""
            # A pipe may deliver its first bytes one by one, but detecting the compression needs all of them.
            while self.count + len(chunk) < MAX_MAGIC <= len(buffer) and (more := self._raw.read(MAX_MAGIC)):
                chunk += more
        except IsADirectoryError:  # standard input
            raise Unreadable("This is a directory. Name a file in it.") from None
        except OSError as error:
            raise ReadAborted(f"Reading failed after {self.count:,} bytes: {error.strerror}.") from None
        buffer[: len(chunk)] = chunk
        self.count += len(chunk)
        return len(chunk)
