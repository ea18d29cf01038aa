"""Streaming decompression of gzip, bzip2, zip and Zstandard, with a limit on expansion."""

from __future__ import annotations

import bz2
import contextlib
import gzip
import io
import tempfile
import zipfile
import zlib
from dataclasses import dataclass
from typing import Any, Protocol, cast

import zstandard

from app.transfer.errors import ReadAborted, Unreadable

from .sample import SAMPLE_BYTES

MAX_EXPANSION = 500  # decompressed bytes per compressed byte
EXPANSION_CHECKED_FROM = 1 << 26  # decompressed bytes; below that, expansion is not limited
ZSTD_WINDOW = 1 << 27  # bytes, for files of `zstd --long=27`
ZSTD_CHUNK = 1 << 10  # compressed bytes fed at once: 1 KiB expands to 32 MiB at most
ZIP_ENCRYPTED = 1  # a flag of a file in a zip archive

_MAGIC = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"PK\x03\x04": "zip",
    b"PK\x05\x06": "zip",
    b"\x28\xb5\x2f\xfd": "zstd",
}
MAX_MAGIC = max(map(len, _MAGIC))  # bytes


class _Readable(Protocol):
    """A stream of decompressed bytes."""

    def read1(self, size: int, /) -> bytes: ...


class _Counter(Protocol):
    """A stream of compressed bytes that counts them."""

    count: int

    def seekable(self) -> bool: ...


@dataclass(frozen=True)
class Decompressor:
    """A stream of decompressed bytes, and the count of the compressed ones."""

    stream: _Readable
    counter: _Counter | None = None  # None if the file is not compressed
    member: zipfile.ZipInfo | None = None  # of a zip archive, whose compressed size is known

    @property
    def compressed_bytes(self) -> int | None:
        """The compressed bytes read so far, or of the zip member; None if the file is not compressed."""
        if self.member:
            return self.member.compress_size
        return self.counter.count if self.counter else None


def detect_compression(head: bytes) -> str | None:
    """Return the name of the compression by the first bytes of a file, or None."""
    return next((name for magic, name in _MAGIC.items() if head.startswith(magic)), None)


def decompress(
    compression: str | None, packed: io.BufferedReader[Any], counter: _Counter, stack: contextlib.ExitStack
) -> Decompressor:
    """Return a decompressor for a stream; `stack` closes its resources. Raises `Unreadable`."""
    match compression:
        case "gzip":
            return Decompressor(gzip.GzipFile(fileobj=packed), counter)
        case "bzip2":
            return Decompressor(bz2.BZ2File(packed), counter)
        case "zstd":
            return Decompressor(_ZstdStream(packed), counter)
        case "zip":
            return _open_zip(packed, counter, stack)
    return Decompressor(packed)


def _open_zip(packed: io.BufferedReader[Any], counter: _Counter, stack: contextlib.ExitStack) -> Decompressor:
    """Open the only file of a zip archive.

    The directory of the archive is at its end, so a pipe is first written to a temporary file.
    """
    archive_file: io.BufferedIOBase = packed
    if not counter.seekable():
        spooled = stack.enter_context(tempfile.TemporaryFile())  # noqa: SIM115 - it stays open with the input
        while chunk := packed.read1(SAMPLE_BYTES):
            spooled.write(chunk)
        archive_file = cast("io.BufferedIOBase", spooled)
    try:
        archive = zipfile.ZipFile(archive_file)
        member = _only_member(archive)
        return Decompressor(cast("_Readable", archive.open(member)), counter, member)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise Unreadable(f"The archive cannot be read: {error}.") from None


def _only_member(archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    members = [
        member
        for member in archive.infolist()
        if not member.is_dir() and not member.filename.startswith("__MACOSX/") and "/." not in f"/{member.filename}"
    ]
    names = [member.filename for member in members]
    if "[Content_Types].xml" in names:
        raise Unreadable("The file is an Office document, such as an Excel workbook. Save the spreadsheet as CSV.")
    if "mimetype" in names:
        raise Unreadable("The file is an OpenDocument file or an e-book. Save a spreadsheet as CSV.")
    if len(members) != 1:
        some = ", ".join(names[:5]) + (", …" if len(names) > 5 else "")
        raise Unreadable(f"The archive has {len(names)} files ({some}). Unpack it and import one of them.")
    if members[0].flag_bits & ZIP_ENCRYPTED:
        raise Unreadable("The archive is encrypted. Unpack it first.")
    return members[0]


class _ZstdStream:
    """A stream of Zstandard frames that raises ``EOFError`` for a truncated frame.

    The reader of the library would end silently.
    """

    def __init__(self, packed: io.BufferedReader[Any]) -> None:
        self._packed = packed
        self._rest = b""  # compressed bytes after the end of a frame
        self._frame: zstandard.ZstdDecompressionObj | None = None

    def read1(self, size: int, /) -> bytes:
        while chunk := self._rest or self._packed.read(ZSTD_CHUNK):
            frame = self._frame or zstandard.ZstdDecompressor(max_window_size=ZSTD_WINDOW).decompressobj()
            decompressed = frame.decompress(chunk)
            self._frame, self._rest = (None, frame.unused_data) if frame.eof else (frame, b"")
            if decompressed:
                return decompressed
        if self._frame is not None:
            raise EOFError("a frame is cut off")
        return b""


class DecompressedStream(io.RawIOBase):
    """A raw stream of decompressed bytes that fills whole buffers.

    It returns all bytes before damaged data and then raises `ReadAborted`, which `error` has as soon as it is known.
    """

    def __init__(self, decompressor: Decompressor, max_bytes: int | None = None) -> None:
        self._decompressor, self._max_bytes = decompressor, max_bytes
        self._count = 0
        self._left = b""
        self.error: ReadAborted | None = None

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        filled = 0
        while filled < len(buffer) and not self.error:
            chunk = self._left or self._next(len(buffer) - filled)
            if not chunk:
                break
            taken = chunk[: len(buffer) - filled]
            self._left = chunk[len(taken) :]
            buffer[filled : filled + len(taken)] = taken
            filled += len(taken)
        if not filled and self.error:
            raise self.error
        return filled

    def _next(self, size: int) -> bytes:
        try:
            chunk = self._decompressor.stream.read1(size)
        except ReadAborted as error:
            self.error = error
            return b""
        except (EOFError, zlib.error, OSError, ValueError, zstandard.ZstdError, zipfile.BadZipFile) as error:
            self.error = ReadAborted(
                f"The compressed file is damaged or cut off ({error}) after {self._count:,} decompressed bytes. "
                "The records before that are imported. Get the file again and repeat the import."
            )
            return b""
        self._count += len(chunk)
        if self._max_bytes is not None and self._count > self._max_bytes:
            self.error = ReadAborted(
                f"The file has more than {self._max_bytes:,} bytes after decompression. The records before that are "
                "imported. Split the file, and import its parts."
            )
            return b""
        if self._count > EXPANSION_CHECKED_FROM:
            compressed = self._decompressor.compressed_bytes
            if compressed is not None and self._count > MAX_EXPANSION * compressed:
                self.error = ReadAborted(
                    f"The file expands more than {MAX_EXPANSION}-fold, like a zip bomb. "
                    "If you trust it, unpack it first."
                )
                return b""
        return chunk
