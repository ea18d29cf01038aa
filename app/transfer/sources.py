"""Where bytes come from: a file or standard input, opened by its content, unpacked as a stream, within limits."""

from __future__ import annotations

import bz2
import gzip
import io
import sys
import tempfile
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Protocol, TypeAlias, cast

import zstandard

SAMPLE = 1 << 18  # bytes from the beginning by which a file is judged
READABLE = "Formats that can be read: CSV, TSV, JSON, Open Library dumps, MARC, MARCXML."
MOST_EXPANSION = 500  # times that a compressed file may grow, once it is larger than:
HARMLESS = 1 << 26
ZSTD_WINDOW = 1 << 27  # what `zstd --long=27` needs, in bytes
ENCRYPTED = 1  # a flag of a file in a zip archive
ZSTD_PIECE = 1 << 10  # fed at once: one KiB becomes 32 MiB at most

_PACKED = {
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"PK\x03\x04": "zip",
    b"PK\x05\x06": "zip",
    b"\x28\xb5\x2f\xfd": "zstd",
}
LONGEST_MAGIC = max(map(len, _PACKED))
# What is no catalog, by how it begins, and what to do about it.
_FOREIGN = {
    b"\x89PNG": "a picture (PNG)",
    b"\xff\xd8\xff": "a picture (JPEG)",
    b"GIF8": "a picture (GIF)",
    b"RIFF": "a picture or a sound (RIFF)",
    b"%PDF": "a PDF",
    b"\xd0\xcf\x11\xe0": "an old Office document; save the spreadsheet as CSV",
    b"SQLite format 3": "a SQLite database; export its tables as CSV",
    b"\x7fELF": "a program",
    b"7z\xbc\xaf": "a 7z archive; unpack it first",
    b"\xfd7zXZ": "compressed with xz; unpack it first",
    b"Rar!": "a RAR archive; unpack it first",
    b"PAR1": "a Parquet file; convert it to CSV",
}


class Unreadable(Exception):
    """The file cannot be used; the sentence says why, and what to do. Nothing of it was read."""


class BreaksOff(Exception):
    """The file cannot be read further; the sentence says why and where. What came before stands."""


Stream: TypeAlias = "io.BufferedReader[Any]"


class _Packed(Protocol):
    def read1(self, size: int, /) -> bytes: ...


@dataclass
class Source:
    """An open file: `stream` are its bytes, unpacked; `head` the first of them, which are still in the stream.

    `position` and `size` count bytes of the file as it lies there; the size of a pipe is not known.
    """

    name: str
    stream: Stream
    head: bytes
    packing: str | None
    size: int | None
    _counted: _Counted = field(repr=False)
    _unpacked: _Unpacked = field(repr=False)
    _closing: list[Callable[[], object]] = field(repr=False)

    @property
    def position(self) -> int:
        """How many bytes of the file have been read. Those of a zip archive's list of contents are read twice."""
        return self._counted.count if self.size is None else min(self._counted.count, self.size)

    @property
    def damage(self) -> str | None:
        """Why it cannot be read to its end, if that came to light."""
        return str(self._unpacked.error) if self._unpacked.error else None

    def close(self) -> None:
        """Close everything that was opened for it; standard input stays open."""
        while self._closing:
            self._closing.pop()()

    def __enter__(self) -> Source:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def open_source(path: str) -> Source:
    """Open a file, or standard input for ``-``. Raises `Unreadable`."""
    closing: list[Callable[[], object]] = []
    try:
        raw, size = _raw(path, closing)
        counted = _Counted(raw)
        plain = io.BufferedReader(counted, SAMPLE)
        beginning = _peek(plain, None)
        packing = next((name for magic, name in _PACKED.items() if beginning.startswith(magic)), None)
        unpacked = _Unpacked(*_unpack(packing, plain, counted, closing))
        stream = io.BufferedReader(unpacked, SAMPLE)
        head = _peek(stream, packing)
        source = Source(
            "standard input" if path == "-" else path, stream, head, packing, size, counted, unpacked, closing
        )
        _refuse_foreign(head)
        if packing and any(head.startswith(magic) for magic in _PACKED):
            raise Unreadable("It is compressed twice; unpack it once.")
    except BaseException:
        for close in reversed(closing):
            close()
        raise
    return source


def _raw(path: str, closing: list[Callable[[], object]]) -> tuple[BinaryIO, int | None]:
    if path == "-":
        return sys.stdin.buffer, None
    file = Path(path)
    if file.is_dir():
        raise Unreadable("It is a directory; name a file in it.")
    try:
        stream = file.open("rb", buffering=0)
    except OSError as error:
        raise Unreadable(f"It cannot be opened: {error.strerror}.") from None
    closing.append(stream.close)
    return stream, file.stat().st_size if file.is_file() else None


def _peek(stream: Stream, packing: str | None) -> bytes:
    try:
        head = stream.peek(SAMPLE)
    except BreaksOff as error:
        raise Unreadable(str(error)) from None
    if not head:
        raise Unreadable("It is empty." if packing is None else "What is packed in it is empty.")
    return head[:SAMPLE]


def _refuse_foreign(head: bytes) -> None:
    if head[257:262] == b"ustar":
        raise Unreadable("It is a tar archive; unpack it and name a file in it.")
    for magic, noun in _FOREIGN.items():
        if head.startswith(magic):
            raise Unreadable(f"It is {noun}. {READABLE}")


# ---- unpacking


def _unpack(
    packing: str | None, plain: Stream, counted: _Counted, closing: list[Callable[[], object]]
) -> tuple[_Packed, Callable[[], int] | None]:
    """What to read unpacked bytes from, and how many packed bytes those were made of (None: they are not packed)."""
    if packing == "gzip":
        return gzip.GzipFile(fileobj=plain), lambda: counted.count
    if packing == "bzip2":
        return bz2.BZ2File(plain), lambda: counted.count
    if packing == "zstd":
        return _Zstd(plain), lambda: counted.count
    if packing == "zip":
        return _only_member(plain, counted, closing)
    return plain, None


def _only_member(
    plain: Stream, counted: _Counted, closing: list[Callable[[], object]]
) -> tuple[_Packed, Callable[[], int]]:
    """The one file of a zip archive. Its list of contents is at its end: a pipe is written to a file first."""
    archive_file: io.BufferedIOBase = plain
    if not counted.seekable():
        spooled = tempfile.TemporaryFile()  # noqa: SIM115 - it is closed with the source
        closing.append(spooled.close)
        while chunk := plain.read1(SAMPLE):
            spooled.write(chunk)
        archive_file = spooled
    try:
        archive = zipfile.ZipFile(archive_file)
        members = [
            member
            for member in archive.infolist()
            if not member.is_dir() and not member.filename.startswith("__MACOSX/") and "/." not in f"/{member.filename}"
        ]
        names = [member.filename for member in members]
        if "[Content_Types].xml" in names:
            raise Unreadable("It is an Office document, such as an Excel workbook; save the spreadsheet as CSV.")
        if "mimetype" in names:
            raise Unreadable("It is an OpenDocument or an e-book; save a spreadsheet as CSV.")
        if len(members) != 1:
            some = ", ".join(names[:5]) + (", …" if len(names) > 5 else "")
            raise Unreadable(f"The archive holds {len(names)} files ({some}); unpack it and name one of them.")
        if members[0].flag_bits & ENCRYPTED:
            raise Unreadable("The archive is encrypted; unpack it first.")
        member = archive.open(members[0])
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise Unreadable(f"The archive cannot be read: {error}.") from None
    return cast("_Packed", member), lambda: members[0].compress_size


class _Zstd:
    """A stream of Zstandard frames, which notices where one is cut off (the library's own reader does not)."""

    def __init__(self, packed: Stream) -> None:
        self._packed = packed
        self._rest = b""  # packed bytes behind the end of a frame
        self._frame: zstandard.ZstdDecompressionObj | None = None

    def read1(self, size: int, /) -> bytes:
        while piece := self._rest or self._packed.read(ZSTD_PIECE):
            frame = self._frame or zstandard.ZstdDecompressor(max_window_size=ZSTD_WINDOW).decompressobj()
            unpacked = frame.decompress(piece)
            self._frame, self._rest = (None, frame.unused_data) if frame.eof else (frame, b"")
            if unpacked:
                return unpacked
        if self._frame is not None:
            raise EOFError("a frame is cut off")
        return b""


class _Counted(io.RawIOBase):
    """A raw stream that counts the bytes taken from it."""

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
            # A pipe may bring the beginning, by which a file is judged, letter by letter.
            while self.count + len(chunk) < LONGEST_MAGIC <= len(buffer) and (more := self._raw.read(LONGEST_MAGIC)):
                chunk += more
        except IsADirectoryError:  # standard input
            raise Unreadable("It is a directory; name a file in it.") from None
        except OSError as error:
            raise BreaksOff(f"It cannot be read further than {self.count:,} bytes: {error.strerror}.") from None
        buffer[: len(chunk)] = chunk
        self.count += len(chunk)
        return len(chunk)


class _Unpacked(io.RawIOBase):
    """Unpacked bytes, in full buffers, up to where the packed ones are damaged: there it raises `BreaksOff`.

    `packed` says how many packed bytes were read; without it there is nothing to unpack.
    """

    def __init__(self, stream: _Packed, packed: Callable[[], int] | None) -> None:
        self._stream, self._packed = stream, packed
        self._count = 0
        self._left = b""
        self.error: BreaksOff | None = None

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
            chunk = self._stream.read1(size)
        except BreaksOff as error:
            self.error = error
            return b""
        except (EOFError, zlib.error, OSError, ValueError, zstandard.ZstdError, zipfile.BadZipFile) as error:
            self.error = BreaksOff(
                f"The compressed file is damaged or cut off ({error}), after {self._count:,} unpacked bytes. "
                "Get it again; what was read up to there stands."
            )
            return b""
        self._count += len(chunk)
        if self._packed and self._count > HARMLESS and self._count > MOST_EXPANSION * self._packed():
            self.error = BreaksOff(
                f"It grows more than {MOST_EXPANSION}-fold when it is unpacked, as nothing does but a zip bomb. "
                "If it is none, unpack it first."
            )
            return b""
        return chunk
