"""A cursor: the place in a list from which a page goes on, as an opaque word for the URL.

It holds the list's path, the filters, sort, fields and limit of the first request, the sort keys of the row at
the page's edge, and the direction, so that a link needs nothing else. A checksum tells a damaged one.
"""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from dataclasses import dataclass
from typing import Any

from .problems import InvalidCursor

# A cursor never unpacks to more than what can have been packed into it from one URL.
LONGEST = 64 * 1024
SHORT = 100  # bytes
PLAIN, PACKED = b"0", b"1"

_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


@dataclass(frozen=True)
class Cursor:
    """`keys` are the sort keys of the row at the edge. The page holds the rows behind it, or before it where
    `backwards`; with the row itself where `inclusive`. `corrected` is what was searched for instead of what was asked.
    """

    scope: str
    pairs: tuple[tuple[str, str], ...]
    keys: tuple[Any, ...]
    backwards: bool = False
    inclusive: bool = False
    corrected: str = ""

    def encode(self) -> str:
        """The cursor as a word of A-Z, a-z, 0-9, ``-`` and ``_``."""
        pairs = [item for pair in self.pairs for item in pair]
        flags = self.backwards + 2 * self.inclusive
        corrected = [self.corrected] if self.corrected else []
        packed = _pack(_json([self.scope, pairs, self.keys, flags, *corrected]).encode())
        return base64.urlsafe_b64encode(_checksum(packed) + packed).rstrip(b"=").decode()

    @classmethod
    def decode(cls, word: str) -> Cursor:
        """The cursor that `encode` made the word of; raises `InvalidCursor`."""
        try:
            raw = base64.b64decode(word + "=" * (-len(word) % 4), altchars=b"-_", validate=True)
            checksum, packed = raw[:4], raw[4:]
            if checksum != _checksum(packed) or base64.urlsafe_b64encode(raw).rstrip(b"=").decode() != word:
                raise ValueError  # the second, because base64 leaves a few bits of the last letter unused
            scope, pairs, keys, flags, *rest = json.loads(_unpack(packed))
            corrected = rest[0] if rest else ""
            if not isinstance(pairs, list) or not isinstance(keys, list):
                raise ValueError
            paired = tuple(zip(pairs[::2], pairs[1::2], strict=True))
            if not all(isinstance(item, str) for item in [scope, corrected, *pairs]) or flags not in (0, 1, 2, 3):
                raise ValueError
            return cls(scope, paired, tuple(keys), bool(flags & 1), bool(flags & 2), corrected)
        except (ValueError, TypeError, binascii.Error, zlib.error, RecursionError):
            raise InvalidCursor.damaged() from None


def _pack(content: bytes) -> bytes:
    """Content for a URL: as it is where it is short, else compressed."""
    if len(content) <= SHORT:
        return PLAIN + content
    packer = zlib.compressobj(wbits=-9, memLevel=1)  # takes a few KiB of memory; the usual one takes 256
    return PACKED + packer.compress(content) + packer.flush()


def _unpack(packed: bytes) -> bytes:
    if packed[:1] == PLAIN:
        return packed[1:]
    if packed[:1] != PACKED:
        raise ValueError
    return zlib.decompressobj(wbits=-9).decompress(packed[1:], LONGEST)


def _checksum(packed: bytes) -> bytes:
    return zlib.crc32(packed).to_bytes(4)
