"""The first bytes of a file, for detecting its format and encoding."""

from __future__ import annotations

import codecs
import io
from dataclasses import dataclass
from functools import cached_property

from app.transfer.errors import Unreadable

SAMPLE_BYTES = 1 << 18  # 256 KiB

_BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


@dataclass(frozen=True)
class Sample:
    """The first bytes of a file (at most `SAMPLE_BYTES`), and their text."""

    head: bytes
    requested_encoding: str | None = None

    @cached_property
    def encoding(self) -> str:
        """The requested or detected encoding. Raises `Unreadable` if the requested one does not fit."""
        if self.requested_encoding:
            return _requested_encoding(self.head, self.requested_encoding)
        return _bom_encoding(self.head) or _detect_encoding(self.head)

    @cached_property
    def text(self) -> str:
        """The decoded text, without a character that is cut off at the end."""
        return _decode(self.head, self.encoding)

    @cached_property
    def start(self) -> str:
        """The text without leading white space and byte order mark."""
        return self.text.lstrip("\ufeff \t\r\n")


def encoding_named(requested: str) -> str:
    """Return the normalized name of an encoding. Raises `Unreadable` if there is none of this name."""
    try:
        name = codecs.lookup(requested).name
        io.TextIOWrapper(io.BytesIO(), name)  # raises for codecs of bytes, such as base64
    except (LookupError, ValueError):  # `ValueError`: a NUL or a character beyond ASCII
        raise Unreadable(f"Unknown encoding {requested!r}. Try utf-8, cp1252, latin-1 or utf-16.") from None
    return name


def _requested_encoding(head: bytes, requested: str) -> str:
    name = encoding_named(requested)
    bom = _bom_encoding(head)
    if bom and name in ("utf-8", "utf-16"):
        return bom
    try:
        _decode(head, name)
    except UnicodeError as error:
        raise Unreadable(f"The encoding is not {requested}: {error}. Omit --encoding to detect it.") from None
    return name


def _bom_encoding(head: bytes) -> str | None:
    return next((encoding for mark, encoding in _BOMS if head.startswith(mark)), None)


def _detect_encoding(head: bytes) -> str:
    """Detect UTF-16 by its NULs, UTF-8 if valid, otherwise Windows-1252 or Latin-1."""
    beginning = head[:2000]
    if len(beginning) >= 4 and beginning[1::2].count(0) > len(beginning) * 0.4:
        return "utf-16-le"
    if len(beginning) >= 4 and beginning[::2].count(0) > len(beginning) * 0.4:
        return "utf-16-be"
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        decoder.decode(head, final=len(head) < SAMPLE_BYTES)
    except UnicodeDecodeError:
        try:
            head.decode("cp1252")
        except UnicodeDecodeError:
            return "latin-1"
        return "cp1252"
    return "utf-8"


def _decode(head: bytes, encoding: str) -> str:
    return codecs.getincrementaldecoder(encoding)("replace").decode(head)
