"""A cursor: the position between two pages, as an opaque word in a URL.

It contains the list's path, the filters, sort, fields and limit of the first request, the sort keys of the row at the
edge of the page, and the direction, so that a link needs no other parameter. A checksum detects damaged cursors.
"""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from dataclasses import dataclass
from typing import Any

from app.http.problems import InvalidCursor
from app.values.json_value import compact

LONGEST = 64 * 1024  # bytes of a decompressed cursor; the service makes no longer one
SHORT = 100  # bytes up to which compression saves nothing
PLAIN, COMPRESSED = b"0", b"1"


@dataclass(frozen=True)
class Cursor:
    """The edge of a page of a list."""

    scope: str  # the path of the list
    pairs: tuple[tuple[str, str], ...]  # the parameters of the first request
    keys: tuple[Any, ...]  # the sort keys of the row at the edge
    backwards: bool = False  # whether the page ends before that row, instead of beginning after it
    inclusive: bool = False  # whether the page includes that row
    corrected: str = ""  # the corrected spelling of `q`, if the list was found by it

    def encode(self) -> str:
        """Return the cursor as a word of A-Z, a-z, 0-9, ``-`` and ``_``."""
        pairs = [item for pair in self.pairs for item in pair]
        flags = self.backwards + 2 * self.inclusive
        corrected = [self.corrected] if self.corrected else []
        packed = _pack(compact([self.scope, pairs, self.keys, flags, *corrected]).encode())
        return base64.urlsafe_b64encode(_checksum(packed) + packed).rstrip(b"=").decode()

    @classmethod
    def decode(cls, word: str) -> Cursor:
        """Return the cursor that `encode` turned into this word. Raises `InvalidCursor`."""
        try:
            raw = base64.b64decode(word + "=" * (-len(word) % 4), altchars=b"-_", validate=True)
            checksum, packed = raw[:4], raw[4:]
            # The word is compared too, because base64 ignores some bits of the last character.
            if checksum != _checksum(packed) or base64.urlsafe_b64encode(raw).rstrip(b"=").decode() != word:
                raise ValueError
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
    if len(content) <= SHORT:
        return PLAIN + content
    compressor = zlib.compressobj(wbits=-9, memLevel=1)  # with a few KiB of memory instead of 256
    return COMPRESSED + compressor.compress(content) + compressor.flush()


def _unpack(packed: bytes) -> bytes:
    if packed[:1] == PLAIN:
        return packed[1:]
    if packed[:1] != COMPRESSED:
        raise ValueError
    return zlib.decompressobj(wbits=-9).decompress(packed[1:], LONGEST)


def _checksum(packed: bytes) -> bytes:
    return zlib.crc32(packed).to_bytes(4)
